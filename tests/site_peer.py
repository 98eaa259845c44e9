"""A site without doors: writes records, signs what a controller signs, and answers resends. Built on the published language.

For tests of whoever listens to a site. It decides nothing; what stands in its records is the test's affair.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from controller.record.asks import QueryResend
from controller.record.canonical import timestamp
from controller.record.envelope import Record, encode, kind_of
from controller.record.explained import Answered, Explained, Unanswered
from controller.record.keys import KeyPair, PublicKeys
from controller.record.kinds import badge, door, entry, person, right, site, trust
from controller.record.kinds.start import mark_after
from controller.record.note import Checkpoint, origin
from controller.record.private import PrivateRow, Text
from controller.record.requests import read_body, read_envelope, signature_holds
from controller.record.sealed import seal
from controller.record.signed import sign_message
from controller.record.topics import Online, Reply, Resent, SealedPrivate, State, Topics
from controller.record.tree import leaf_hash, root_of

BEGAN = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a site, as it is published."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass
class SitePeer:
    """One site. `records[0]` is the record with seq 1."""

    name: str = "factory"
    epoch: int = 1
    boot: str = "boot-1"
    link: int = 1
    keys: KeyPair = field(default_factory=KeyPair.generate)
    records: list[bytes] = field(default_factory=list)
    minutes: int = 0
    mark: str = ""

    @property
    def topics(self) -> Topics:
        return Topics(self.name)

    def now(self) -> str:
        """A time that moves on with each call."""
        self.minutes += 1
        return timestamp(BEGAN + timedelta(minutes=self.minutes))

    # the ledger

    def write(self, body: msgspec.Struct, by: str = "controller") -> int:
        """Appends a record; its seq."""
        kind, version = kind_of(body)
        seq = len(self.records) + 1
        self.mark = mark_after(self.mark, body)
        record = Record(seq, self.now(), self.boot, "synced", kind, version, by, body, self.mark)
        self.records.append(encode(record))
        return seq

    def record(self, seq: int) -> Said:
        return Said(self.topics.record, self.records[seq - 1])

    def checkpoint(self, size: int | None = None, root: bytes | None = None) -> Said:
        """The signed checkpoint over the first `size` records."""
        size = len(self.records) if size is None else size
        root = root_of(map(leaf_hash, self.records[:size])) if root is None else root
        note = Checkpoint(origin(self.name, self.epoch), size, root).sign(self.keys)
        return Said(self.topics.checkpoint, note.encode(), True)

    def reopened(self, kept: int, reason: str = "lost") -> "SitePeer":
        """The same site in its next epoch: the first `kept` records, then the opening that names the newest checkpoint."""
        next_one = SitePeer(self.name, self.epoch + 1, "boot-2", 1, self.keys, self.records[:kept], self.minutes)
        note = self.checkpoint().payload.decode()
        next_one.write(site.LedgerReopened(self.name, self.epoch + 1, note, reason))
        return next_one

    # beside it

    def signed(self, topic: str, payload: msgspec.Struct, retain: bool = True) -> Said:
        return Said(topic, sign_message(self.keys, topic, payload), retain)

    def online(self, up: bool = True) -> Said:
        return self.signed(self.topics.online, Online(up, self.boot, self.epoch, self.link, self.now()))

    def state(self, noun: str, id: str, row: dict[str, str | int | None], seq: int) -> Said:
        said = State(noun, id, self.now(), seq, self.epoch, row)
        return self.signed(self.topics.state(noun, id), said)

    def private(self, to: PublicKeys, id: str, text: Text, version: int = 1) -> Said:
        """A private row, sealed to a dashboard."""
        topic = self.topics.private(to.id, id)
        row = PrivateRow(id, version, text, "00" * 16)
        box = seal(to.sealing, topic.encode(), msgspec.json.encode(row)).hex()
        return self.signed(topic, SealedPrivate(id, version, box))

    def reply(self, to: PublicKeys, request: str, code: str | None = None, place: str = "") -> Said:
        size = len(self.records)
        said = Reply(request, code, place, size or None, size or None, self.now())
        return self.signed(self.topics.reply(to.id), said, retain=False)

    def resent(self, to: PublicKeys, first: int, last: int) -> Said:
        records = tuple(data.decode() for data in self.records[first - 1 : last])
        return self.signed(self.topics.resent(to.id), Resent(self.epoch, first, records), retain=False)

    def answered(self, to: PublicKeys, question: str, found: Explained | Unanswered) -> Said:
        """What the door says, or why that is not said."""
        code, said = (None, found) if isinstance(found, Explained) else (found, None)
        return self.signed(self.topics.answered(to.id), Answered(question, code, said), retain=False)

    def answer(self, request: bytes, of: PublicKeys) -> Iterator[Said]:
        """What a controller says to a resend request of this dashboard; nothing to any other request."""
        envelope = read_envelope(request)
        assert signature_holds(envelope, of) and envelope.site == self.name
        body = read_body(envelope)
        if isinstance(body, QueryResend) and body.epoch == self.epoch:
            assert body.last - body.first < 200
            yield self.resent(of, body.first, body.last)

    # a small company

    def company(self) -> "SitePeer":
        """Two zones, two portals, four people with badges and rights, two operators."""
        self.write(site.LedgerOpened(self.name, self.epoch, ""))
        self.write(site.ControllerStarted("0.1.0", self.boot))
        self.write(
            site.SiteConfigured(
                self.name,
                "本社工場",
                "Main plant",
                "Asia/Tokyo",
                zones=(site.ZoneSet("lab", "試作室", "Prototype lab", 2), site.ZoneSet("store", "保管庫", "Store", 2)),
                portals=(
                    site.PortalSet("front", "正面入口", "Front door", "lab", "", (site.ReaderSet("front-in", "in"),)),
                    site.PortalSet("vault", "保管庫の扉", "Store door", "store", "lab", (site.ReaderSet("v", "in"),)),
                ),
                schedules=(site.ScheduleSet("office", "業務時間", "Office hours", "Mon-Fri 09:00-18:00"),),
                removed=(),
            )
        )
        for number, roles in ((1, ("administrator", "manager")), (2, ("manager", "guard"))):
            ref = PrivateRow(f"operator-{number}", 1, {"name": f"操作者{number}"}, "00" * 16).ref()
            self.write(trust.OperatorRegistered(number, roles, ("*",), None, ref, "active"), by="console")
        for number in range(1, 5):
            ref = PrivateRow(f"person-{number}", 1, {"name": f"山田 {number}"}, "00" * 16).ref()
            self.write(person.PersonRegistered(number, ref, "active"), by="operator:1")
            enrolled = badge.BadgeEnrolled(number, number, "", f"c{number:063}", 2, f"…{number:04}", "active", False)
            self.write(enrolled, by="operator:1")
            purpose = PrivateRow(f"right-{number}", 1, {"purpose": "試作"}, "00" * 16).ref()
            asked = right.RightRequested(
                number, number, "lab", "office", self.now(), "2027-03-31T14:59:59.000000Z", purpose, 1, "requested"
            )
            self.write(asked, by="operator:1")
        for number in range(1, 4):
            self.write(right.RightApproved(number, 2, "active"), by="operator:2")
        return self

    def visits(self, count: int) -> "SitePeer":
        """So many visits, three records each; every fifth is a refusal, every seventh door is held open."""
        for n in range(count):
            who, portal = n % 4 + 1, ("front", "vault")[n % 2]
            if n % 5 == 4:
                refused = entry.EntryRefused(portal, "in", "lab", "right", f"c{who:063}", f"…{who:04}", who, who, 2)
                self.write(refused, by=f"person:{who}")
                continue
            seq = self.write(
                entry.EntryGranted(portal, "in", "lab", who, who, who, 2, "released", 5), by=f"person:{who}"
            )
            self.write(door.DoorOpened(portal, seq, "entry", "open"))
            if n % 7 == 6:
                self.write(door.DoorHeld(portal, "held", 30))
            self.write(door.DoorClosed(portal, "secure"))
        return self

    def say_all(self, to: PublicKeys) -> list[Said]:
        """Everything a controller publishes after it connected, the records last."""
        said = [self.online(), self.checkpoint()]
        row: dict[str, str | int | None] = {"portal": "front", "status": "secure", "lock": "secure", "leaf": "closed"}
        said.append(self.state("portal_state", "front", row, len(self.records)))
        said += [self.private(to, f"person-{number}", {"name": f"山田 {number}"}) for number in range(1, 5)]
        return said + [self.record(seq) for seq in range(1, len(self.records) + 1)]
