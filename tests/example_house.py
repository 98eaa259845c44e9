"""A dashboard that follows one site, filled through its own intake: for tests of pages. No broker, no thread, a set clock.

The site is the peer of `site_peer`; its company has four zones, six portals, eight people, an operator of each role.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec
import sqlalchemy as sa
from argon2 import PasswordHasher
from databases import url_in
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from site_peer import SitePeer

from controller.record.canonical import timestamp
from controller.record.explained import Explained, Unanswered
from controller.record.keys import KeyPair
from controller.record.kinds import (
    asset,
    badge,
    calendar,
    condition,
    container,
    custody,
    disposal,
    door,
    entry,
    evacuation,
    group,
    handout,
    keeper,
    membership,
    noted,
    party,
    person,
    posture,
    presence,
    request,
    right,
    site,
    start,
    thing,
    trust,
)
from controller.record.private import PrivateRow
from dashboard import database as db
from dashboard.config import Config
from dashboard.intake.intake import Intake, Message
from dashboard.outbox import Outbox
from dashboard.questions import Questions
from dashboard.runtime import Changes, Runtime
from dashboard.tls.certificate import Served
from dashboard.web import create_app, password

PASSWORD = "a long barrier at Hakone"  # noqa: S105 - of the example
ACCOUNTS = {
    "admin": (1, ("administrator",)),
    "manager": (2, ("manager",)),
    "suzuki": (3, ("manager", "custodian")),
    "guard": (4, ("guard",)),
    "auditor": (5, ("auditor",)),
}
PEOPLE = (
    ("山田 花子", "ヤマダ ハナコ", "設計部", "係長"),
    ("佐藤 一郎", "サトウ イチロウ", "設計部", ""),
    ("鈴木 次郎", "スズキ ジロウ", "開発部", "部長"),
    ("髙橋 﨑子", "タカハシ サキコ", "品質保証部", "主任"),
    ("Nguyễn Văn An", "グエン ヴァン アン", "製造部", ""),
    ("<script>alert(1)</script>", "", '=HYPERLINK("http://x")', "@sum"),
    ("渡辺 五郎", "ワタナベ ゴロウ", "製造部", "班長"),
    ("小林 明", "コバヤシ アキラ", "総務部", ""),
)
SHA = "ab" * 32
PORTALS = (
    ("front", "正面入口", "Front door", "office", ""),
    ("lab", "試作室", "Prototype lab", "lab", "office"),
    ("store", "図面保管庫", "Drawing store", "store", "office"),
    ("server", "サーバー室", "Server room", "server", "office"),
    ("dock", "搬入口", "Loading dock", "office", ""),
    ("back", "通用口", "Side door", "office", ""),
)


class _Compiled(BytecodeCache):
    """Templates that another test's application has compiled: that is half of the time of a test of one page."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (kept := self._kept.get(bucket.key + bucket.checksum)) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


_TEMPLATES = _Compiled()


password.cost(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
"""The least: hundreds of tests sign in, and none of them is about what a password costs."""


@cache
def _password_hash() -> str:
    return password.hashed(PASSWORD)


@dataclass
class House:
    """One dashboard and its site."""

    data: Path
    keys: KeyPair = field(default_factory=KeyPair.generate)
    peer: SitePeer = field(default_factory=SitePeer)
    time: datetime = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    config: Config = field(default_factory=lambda: Config(Path()))
    database: str = ""

    def __post_init__(self) -> None:
        sites = {self.peer.name: self.peer.keys.public}
        self.engine = db.open_engine(self.database or url_in(self.data))
        outbox = Outbox(self.engine, self.keys, sites, self.now)
        config = replace(self.config, data=self.data, sites=sites)
        questions = Questions(self.engine, self.keys, self.now)
        cookies = b"a key for cookies, thirty-two by"
        self.runtime = Runtime(config, self.engine, outbox, questions, self.keys, cookies, Changes())
        self.intake = Intake(self.engine, self.keys, sites, self.now)

    def now(self) -> datetime:
        """The dashboard's clock."""
        return self.time

    def app(self, served: Served | None = None) -> Flask:
        """Its web application, served with this certificate."""
        app = create_app(self.runtime, now_is=self.now, served=served)
        app.jinja_env.bytecode_cache = _TEMPLATES
        return app

    # the site speaks

    def hear(self) -> None:
        """The site says that it is online, and its checkpoint."""
        self._take([self.peer.online(), self.peer.checkpoint()])

    def write(self, *bodies: msgspec.Struct, by: str = "controller") -> list[int]:
        """The site writes records and publishes them; their seqs."""
        seqs = [self.peer.write(body, by=by) for body in bodies]
        self._take([self.peer.record(seq) for seq in seqs])
        return seqs

    def reply(self, id: str, code: str | None = None, place: str = "") -> None:
        """The site answers a request; accepted means: done by its newest record."""
        self._take([self.peer.reply(self.keys.public, id, code, place)])

    def answer(self, id: str, found: Explained | Unanswered) -> None:
        """The site answers a question."""
        self._take([self.peer.answered(self.keys.public, id, found)])

    def private(self, id: str, **text: str) -> PrivateRow:
        """The site publishes a private row."""
        self._take([self.peer.private(self.keys.public, id, text)])
        return PrivateRow(id, 1, text, "00" * 16)

    def state(self, portal: str, status: str, lock: str, leaf: str, seq: int, cause: str = "") -> None:
        """The site publishes how a portal stands."""
        row: dict[str, str | int | None] = {"portal": portal, "status": status, "lock": lock, "leaf": leaf}
        row |= {"cause": cause, "cause_seq": None, "release_seq": None, "at": timestamp(self.time), "seq": seq}
        self._take([self.peer.state("portal_state", portal, row, seq)])

    def _take(self, said: list) -> None:  # type: ignore[type-arg]
        self.intake.take([Message(one.topic, one.payload) for one in said])
        self.runtime.changed.announce()

    # what is there

    def settle(self, alone: bool = False) -> "House":
        """The site begins: its zones, portals, operators and people, with accounts for the operators. `alone`: by the first
        operator, marked; nothing is approved then."""
        self.hear()
        opened = site.LedgerOpened(self.peer.name, 1, "")
        self.write(opened, site.ControllerStarted("0.1.0", "boot-1"), self.configured())
        for name, (number, roles) in ACCOUNTS.items():
            text = self.private(f"operator-{number}", name=f"{name}さん").ref()
            self.write(trust.OperatorRegistered(number, roles, ("*",), None, text, "active"), by="console")
            self.account(name, number)
            if alone and number == 1:
                self.write(start.StartSingle(1, 1, "single"), by="console")
        for number, text in enumerate(PEOPLE, 1):
            named = {
                key: value for key, value in zip(("name", "kana", "department", "title"), text, strict=True) if value
            }
            ref = self.private(f"person-{number}", **named).ref()
            self.write(person.PersonRegistered(number, ref, "active"), by="operator:1")
            self.write(badge.BadgeEnrolled(number, number, "", f"c{number:063}", 2, f"…{number:04}", "active", False))
            self.ask_right(number, number, "office", by=1 if alone else 2)
        if not alone:
            self.write(*(right.RightApproved(number, 3, "active") for number in range(1, 6)))
        self.write(*(door.DoorObserved(portal[0], "secure") for portal in PORTALS))
        return self

    def configured(self, *conditions: site.ConditionSet, **requires: tuple[str, ...]) -> site.SiteConfigured:
        """What the site's settings say; `requires` by zone."""
        zones = (("office", "事務所", "Office"), ("lab", "試作室", "Prototype lab"))
        zones += (("store", "図面保管庫", "Drawing store"), ("server", "サーバー室", "Server room"))
        return site.SiteConfigured(
            self.peer.name,
            "箱根精機 本社工場",
            "Hakone Precision, main plant",
            "Asia/Tokyo",
            zones=tuple(site.ZoneSet(id, ja, en, 2, requires.get(id, ())) for id, ja, en in zones),
            portals=tuple(
                site.PortalSet(id, ja, en, inner, outer, (site.ReaderSet(f"{id}-in", "in"),))
                for id, ja, en, inner, outer in PORTALS
            ),
            schedules=(
                site.ScheduleSet("office", "業務時間", "Office hours", "mon-fri 09:00-18:00; sat-sun -; holiday -"),
                site.ScheduleSet("always", "常時", "Always", "mon-sun 00:00-00:00"),
            ),
            removed=(),
            conditions=conditions,
        )

    def required(self) -> "House":
        """The office requires a pledge and two courses: person 1 has them all, 2 a course that ends in five days, 3 one that
        has ended and an old text, 4 and 5 nothing; 3 was refused for it, and so was 1 once. Operator 3 is person 3."""
        occasions = ("joining", "role_change", "leaving")
        self.write(
            self.configured(
                site.ConditionSet("pledge:nda", "秘密保持誓約書", "Secrecy pledge", "2026-04", SHA, 0, occasions),
                site.ConditionSet("training:induction", "導入教育", "Induction", "", "", 365, ()),
                site.ConditionSet("training:yearly", "年次教育", "Yearly training", "", "", 365, ()),
                office=("pledge:nda", "training:induction"),
                lab=("training:yearly",),
            )
        )
        text = self.private("operator-3", name="suzukiさん").ref()
        self.write(trust.OperatorRegistered(3, ("manager", "custodian"), ("*",), 3, text, "active"), by="console")
        note = self.private("note-1", note="原本は総務部の金庫").ref()
        texts = (("2026-04", SHA, note), ("2026-04", SHA, None), ("2025-04", "cd" * 32, None))
        for who, (version, sha, about) in enumerate(texts, 1):
            signed = ("2026-04-01", "joining", None, 2, about, "recorded")
            self.write(condition.PledgeSigned(who, who, "nda", version, sha, *signed), by="operator:2")
        for who, day in enumerate(("2027-04-01", "2026-11-27", "2026-11-20"), 1):
            done = ("2025-11-26", f"{day}T15:00:00.000000Z", 2, None, "recorded")
            self.write(condition.TrainingCompleted(3 + who, who, "induction", *done), by="operator:2")
        for who, code, place in ((3, "pledge", "pledge.nda.version"), (1, "training", "training.yearly")):
            refused = entry.EntryRefused("front", "in", "office", code, f"c{who:063}", f"…{who:04}", who, who, 2, place)
            self.write(refused, by="controller")
        self.hear()
        return self

    def ask_right(self, number: int, who: int, zone: str, by: int = 2) -> None:
        """Operator `by` asks for a right."""
        purpose = self.private(f"purpose-{number}", purpose="次期モデルの試作と評価").ref()
        until = "2027-03-31T15:00:00.000000Z"
        asked = right.RightRequested(number, who, zone, "office", self.peer.now(), until, purpose, by, "requested")
        self.write(asked, by=f"operator:{by}")

    def a_day(self) -> "House":
        """Something of everything happens."""
        for who, portal in ((1, "front"), (2, "front"), (3, "dock"), (1, "lab"), (5, "front")):
            seq = self.write(entry.EntryGranted(portal, "in", "office", who, who, who, 2, "released", 5))[0]
            self.write(door.DoorOpened(portal, seq, "entry", "open"), door.DoorClosed(portal, "secure"))
        for who, code, portal in ((4, "schedule", "lab"), (6, "right", "server"), (7, "approval", "store")):
            refused = entry.EntryRefused(portal, "in", portal, code, f"c{who:063}", f"…{who:04}", who, who, 2)
            self.write(refused, by=f"person:{who}")
        self.write(entry.EntryRefused("lab", "in", "lab", "proof", "", "", None, None, 0))
        reason = self.private("reason-1", reason="荷物の受取りのため").ref()
        seq = self.write(door.PortalReleased("dock", 4, reason, "released", 5), by="operator:4")[0]
        self.write(door.DoorOpened("dock", seq, "operator", "open"), door.DoorHeld("dock", "held", 20))
        self.write(door.DoorForced("back", "forced"), site.PartFailed("reader:server-in", "no answer"))
        seq = self.write(entry.EntryGranted("front", "in", "office", 3, 3, 3, 2, "released", 5), by="person:3")[0]
        self.write(request.RequestRefused("0" * 26, "right.approve", "d", 2, "second_person", "right.requested_by"))
        self.time = datetime(2026, 11, 22, 0, 0, tzinfo=UTC) + timedelta(minutes=self.peer.minutes + 2)
        self.hear()
        return self

    def groups(self) -> "House":
        """Group 1 may enter the lab and asks for the store; person 2 is in it, person 8 waits to join; group 2 is closed."""
        for number, name in ((1, "試作班"), (2, "旧量産班")):
            ref = self.private(f"team-{number}", name=name).ref()
            self.write(group.GroupCreated(number, ref, 2, "active"), by="operator:2")
        for number, zone, decided in ((101, "lab", True), (102, "store", False)):
            purpose = self.private(f"purpose-{number}", purpose="班の業務のため").ref()
            until = "2027-03-31T15:00:00.000000Z"
            asked = right.RightRequested(
                number, None, zone, "office", self.peer.now(), until, purpose, 2, "requested", 1, "own"
            )
            self.write(asked, by="operator:2")
            self.write(*([right.RightApproved(number, 3, "active")] if decided else []))
        for number, who, decided in ((1, 2, True), (2, 8, False)):
            purpose = self.private(f"membership-{number}", purpose="配属のため").ref()
            self.write(membership.MembershipRequested(number, 1, who, purpose, 2, "requested"), by="operator:2")
            self.write(*([membership.MembershipApproved(number, 3, "active")] if decided else []))
        self.write(group.GroupClosed(2, 2, "closed"), by="operator:2")
        return self

    def catalogue(self) -> "House":
        """A safe in the drawing store, two assets; the store has keepers, the safe lost its deputy, the lab waits for some."""
        called, plain = self.private("container-safe-a", name="金庫A").ref(), self.private("asset-2", title="=cmd()").ref()
        text = self.private(
            "asset-1", title="製品設計図", business="技術", note="現役製品の設計図", users="開発部", department="開発部",
            medium="書類", owner="甲社",
        ).ref()  # fmt: skip
        self.write(
            container.ContainerRegistered("safe-a", "safe", "store", "combination", called, 2, "in_use"),
            asset.AssetRegistered(
                1, "top_secret", "concerned", "safe-a", ("least_assurance:aes", "two_person"), ("lab",), ("personal",),
                "2026-11-01", "2026-11-01T15:00:00.000000Z", "2016-07-01", text, 2, "held",
            ),
            asset.AssetRegistered(2, "internal", "", "store", (), (), (), None, None, "2026-11-20", plain, 2, "held"),
            keeper.KeeperProposed(1, "store", 1, 3, 2, "requested"),
            keeper.KeeperAppointed(1, "store", 1, 3, 3, "active"),
            keeper.KeeperProposed(2, "safe-a", 3, 2, 2, "requested"),
            keeper.KeeperAppointed(2, "safe-a", 3, 2, 3, "active"),
            keeper.KeeperEnded("safe-a:deputy:2", "safe-a", 2, 2, "ended"),
            keeper.KeeperProposed(3, "lab", 1, 3, 2, "requested"),
        )  # fmt: skip
        return self

    def presence(self) -> "House":
        """1 and 2 are in the office, where somebody left by the button since; 3 is in the lab; an entry of 4 is noted."""
        moves = ((1, "", "office", "front"), (2, "", "office", "front"), (3, "office", "lab", "lab"))
        self.write(*(presence.PresenceMoved(who, was, zone, portal, 9, True) for who, was, zone, portal in moves))
        self.write(presence.PresenceDoubted("office", "front", "button", False))
        reason = self.private("reason-9", reason="停電中の受付簿 12 ページ").ref()
        entered = noted.EntryNoted(1, 4, "front", "in", "office", self.peer.now(), 2, reason, "noted")
        self.write(entered, by="operator:2")
        self.hear()
        return self

    def orders(self) -> "House":
        """A door stands open for a delivery, and a zone is locked down."""
        delivery = self.private("reason-2", reason="搬入のため").ref()
        leak = self.private("reason-3", reason="水漏れの点検").ref()
        until = "2026-11-22T09:00:00.000000Z"
        self.write(posture.PortalOverridden("dock", "open", until, 3, delivery), by="operator:3")
        self.write(posture.PortalUnlocked("front", "schedule", until, "standing"))
        self.write(posture.LockdownBegun("server", 4, leak), by="operator:4")
        return self

    def together(self, until: str) -> "House":
        """The server room is for two, the lab's door is interlocked with the store's; somebody waits, two were left behind."""
        told = self.configured()
        zones = tuple(msgspec.structs.replace(zone, two_person=zone.zone == "server") for zone in told.zones)
        locks = {"lab": ("store",), "store": ("lab",)}
        portals = tuple(
            msgspec.structs.replace(portal, interlock=locks.get(portal.portal, ())) for portal in told.portals
        )
        self.write(msgspec.structs.replace(told, zones=zones, portals=portals))
        self.write(party.EntryAwaited("server", "in", "server", "second_person", 1, 1, 2, 1, until))
        self.write(party.EscortBegun("lab", "lab", 5, 3), party.ZoneViolated("lab", 5, "escort", 3))
        self.write(party.ZoneViolated("server", 2, "second_person", None))
        return self

    def calendar(self) -> "House":
        """The front door and the dock stand open in office hours; half-days, a Saturday that waits, a day a manager closed."""
        half = calendar.DaySet("2026-11-27", "*", "09:00-12:00", "半日操業", "Half-day")
        night = calendar.DaySet("2026-12-01", "office", "09:00-18:00 22:00-02:00", "棚卸し", "Stocktaking")
        unlocking = (("front", "office", True, True), ("dock", "office", False, True), ("lab", "", False, False))
        self.write(
            calendar.CalendarConfigured(
                "JP", ("2026-12-30",), (half, night), tuple(calendar.UnlockingSet(*one) for one in unlocking), (), ()
            )
        )
        trip, sale = self.private("reason-4", reason="社員旅行"), self.private("reason-5", reason="工場直売会")
        self.write(calendar.SpecialDaySet(1, "2026-12-04", "*", "-", trip.ref(), 2, "set"), by="operator:2")
        asked = calendar.SpecialDayRequested(2, "2026-11-28", "office", "10:00-15:00", sale.ref(), 2, "requested")
        self.write(asked, by="operator:2")
        return self

    def evacuate(self) -> "House":
        """The guard has begun an evacuation of the whole site, and one of the lab was begun at the console."""
        smoke = self.private("reason-6", reason="煙感知器が作動").ref()
        self.write(evacuation.EvacuationBegun("*", "operator", 4, smoke), by="operator:4")
        self.write(evacuation.EvacuationBegun("lab", "console", None, None), by="console")
        return self

    def employee(self, person: int, number: int = 9) -> "House":
        """Operator `number` is that person and asks for themselves alone; they sign in as `employee`."""
        text = self.private(f"operator-{number}", name=PEOPLE[person - 1][0]).ref()
        said = trust.OperatorRegistered(number, ("employee",), ("*",), person, text, "active")
        self.write(said, by="console")
        self.account("employee", number)
        return self

    def custody(self) -> "House":
        """A USB stick and a folder, and lines: 1 is overdue, 2 waits, 3 is back, 4 has copies out, 5 is destroyed, as one says.
        Operator 3 is person 3 and answers for the lab; operator 9 is person 1, see `employee`."""
        text = self.private("operator-3", name="suzukiさん").ref()
        self.write(trust.OperatorRegistered(3, ("manager", "custodian"), ("*",), 3, text, "active"), by="console")
        for number, code, medium in ((1, "USB-001", "usb"), (2, "書-002", "paper")):
            label = self.private(f"thing-{number}", label="測定結果").ref()
            self.write(thing.ThingRegistered(number, code, medium, None, "lab", ("off_site",), label, 3, "active"))
        due = "2026-11-21T15:00:00.000000Z"
        later = "2026-12-21T15:00:00.000000Z"
        lines = (
            (1, 1, "take_off", "off_site", 1, 0, due), (2, 1, "take_off", "off_site", 1, 0, later),
            (3, 2, "use", "lab", 3, 0, later), (4, 2, "provide", "off_site", 1, 3, later),
            (5, 1, "dispose", "lab", 1, 0, later),
        )  # fmt: skip
        for number, what, act, place, who, copies, due_at in lines:
            where = {"where": "顧客先"} if place == "off_site" else {}
            told = self.private(f"custody-{number}", purpose="顧客との打合せ", **where)
            medium = "usb" if what == 1 else "paper"
            state = "approved" if act == "use" else "requested"
            self.write(custody.CustodyRequested(
                number, what, None, act, medium, place, "lab", who, copies, due_at, due_at, told.ref(), 9, state
            ))  # fmt: skip
            if number in (1, 4, 5):
                self.write(custody.CustodyApproved(number, who, 3, due_at, "approved"))
            if number in (1, 3, 4):
                self.write(custody.CustodyBegun(number, what, who, act, "lab", "lab", "", 9, due_at, "open"))
        self.write(custody.CustodyEnded(3, 2, 3, 1, "returned", "", 9, None, None, "ended"))
        self.write(handout.CustodyHandedOut(4, 1, 2, None, 1, 9, "out"))
        self.write(disposal.CustodyDestroyed(5, 1, 1, "crushed", "lab", later, 9, "unwitnessed"))
        self.hear()
        return self

    def account(self, name: str, operator: int, *, password_hash: str | None = None) -> int:
        """An account that is that operator; its id."""
        row = {"name": name, "password_hash": password_hash or _password_hash(), "created_at": timestamp(self.time)}
        with db.write(self.engine) as connection:
            id = connection.execute(sa.insert(db.account).values(row)).inserted_primary_key[0]
            row = {"account": id, "ledger_site": self.peer.name, "operator": operator}
            connection.execute(sa.insert(db.account_operator).values(row))
        return int(id)
