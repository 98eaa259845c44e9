"""Any sequence of inputs, clock steps, failing commits and restarts, and what must hold after each turn.

The oracle stands here, apart from the rules: it reads committed records one by one, folds them by hand, and asks of each
record that opens a door or carries out a request whether that was allowed by what stood before it.
"""

import shutil
import sqlite3
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sites import (
    SITE_TOML,
    Folded,
    TestSite,
    exit_button,
    fast_folder,
    fold_into,
    leaf,
    make_site,
    people,
    stored_tables,
    tap,
)

from controller.inbox import Input, PartAnswering, PartFailing, PinTyped, RequestReceived
from controller.ledger.verify import verify_file
from controller.record import asks as ask
from controller.record import requests
from controller.record.asks.group import (
    ApproveMembership,
    CloseGroup,
    CreateGroup,
    EndMembership,
    RequestMembership,
)
from controller.record.asks.importing import ImportPeople, ImportRow
from controller.record.asks.person import ChangePerson, LeavePerson
from controller.record.asks.presence import ConfirmEntry, CorrectPresence, DeclineEntry, NoteEntry
from controller.record.asks.review import KeepRight, OpenReview
from controller.record.canonical import canonical, timestamp
from controller.record.envelope import Record
from controller.record.keys import KeyPair
from controller.rules.effects import AskPin, ReleaseLock
from controller.rules.pin_wait import Typed

READERS = ("front/in", "lab-door/in", "lab-door/out", "vault-door/in")
PORTALS = ("front", "lab-door", "vault-door")
ZONE_OF = {"front": "lobby", "lab-door": "lab", "vault-door": "vault"}
OUTER = {"front": "", "lab-door": "lobby", "vault-door": "lab"}
LEAST = {"lobby": 0, "lab": 2, "vault": 2}
MAY = {
    "person.register": {"administrator", "manager"},
    "person.change": {"administrator", "manager"},
    "person.leave": {"administrator", "manager"},
    "people.import": {"administrator", "manager"},
    "person.suspend": {"administrator", "manager", "guard"},
    "person.reinstate": {"manager"},
    "badge.enrol": {"administrator"},
    "badge.retire": {"administrator", "manager", "guard"},
    "pin.enrol": {"administrator"},
    "pin.clear": {"administrator", "manager", "guard"},
    "pin.unlock": {"manager"},
    "review.open": {"manager", "custodian"},
    "review.keep": {"manager", "custodian"},
    "right.request": {"administrator", "manager"},
    "right.approve": {"manager"},
    "right.decline": {"manager"},
    "right.revoke": {"administrator", "manager"},
    "group.create": {"administrator", "manager"},
    "group.rename": {"administrator", "manager"},
    "group.close": {"administrator", "manager"},
    "membership.request": {"administrator", "manager"},
    "membership.approve": {"manager"},
    "membership.decline": {"manager"},
    "membership.end": {"administrator", "manager"},
    "pledge.sign": {"administrator", "manager"},
    "pledge.withdraw": {"administrator", "manager"},
    "training.complete": {"administrator", "manager"},
    "training.withdraw": {"administrator", "manager"},
    "presence.correct": {"manager", "guard"},
    "presence.forgive": {"manager", "guard"},
    "entry.note": {"manager", "guard", "custodian"},
    "entry.confirm": {"manager", "guard"},
    "entry.decline": {"manager", "guard"},
    "portal.release": {"manager", "guard"},
    "portal.override": {"manager"},
    "portal.resume": {"manager", "guard"},
    "lockdown.begin": {"manager", "guard"},
    "lockdown.end": {"manager"},
    "evacuation.begin": {"administrator", "manager", "custodian", "guard"},
    "evacuation.end": {"manager"},
    "special_day.set": {"manager"},
    "special_day.approve": {"manager"},
    "special_day.decline": {"manager"},
    "special_day.clear": {"manager"},
    "container.register": {"manager", "custodian"},
    "container.move": {"manager", "custodian"},
    "container.retire": {"manager"},
    "keeper.propose": {"administrator", "manager"},
    "keeper.approve": {"manager"},
    "keeper.decline": {"manager"},
    "asset.register": {"manager", "custodian"},
    "asset.change": {"manager", "custodian"},
    "asset.withdraw": {"manager"},
    "assets.import": {"manager", "custodian"},
    "label.print": {"manager", "custodian"},
    "carrier.register": {"administrator", "manager", "custodian"},
    "carrier.assess": {"manager", "custodian"},
    "carrier.approve": {"manager"},
    "carrier.decline": {"manager", "custodian"},
    "carrier.pledge": {"manager", "custodian"},
    "carrier.withdraw": {"administrator", "manager", "custodian"},
    "transport.request": {"manager", "custodian", "employee"},
    "transport.approve": {"manager", "custodian"},
    "transport.decline": {"manager", "custodian", "employee"},
    "transport.pack": {"manager", "custodian", "guard"},
    "transport.confirm": {"manager", "custodian", "guard", "employee"},
    "transport.link": {"manager", "custodian", "guard"},
    "transport.confirm_by_link": {"manager", "custodian", "guard"},
    "transport.arrive": {"manager", "custodian", "guard", "employee"},
    "transport.receive": {"manager", "custodian"},
    "transport.cancel": {"manager", "custodian", "employee"},
    "transport.report_lost": {"manager", "custodian", "guard", "employee"},
    "key.register": {"manager", "custodian"},
    "key.choose": {"manager", "custodian", "guard"},
    "cabinet.sign_out": {"manager", "custodian", "guard"},
    "cabinet.open_slot": {"manager", "custodian"},
    "key.change": {"manager", "custodian"},
    "key.retire": {"manager", "custodian"},
    "key.seal": {"manager", "custodian"},
    "key.unseal": {"manager", "custodian"},
    "key.limit": {"manager"},
    "key.lend": {"manager", "custodian", "guard"},
    "key.authorise": {"manager", "custodian", "guard"},
    "key.hand_out": {"manager", "custodian", "guard"},
    "key.call_off": {"manager", "custodian", "guard"},
    "key.return": {"manager", "custodian", "guard"},
    "key.hand_over": {"manager", "custodian", "guard"},
    "key.report_lost": {"administrator", "manager", "custodian", "guard", "auditor", "employee"},
    "key.replace": {"manager", "custodian"},
    "key.change_lock": {"manager", "custodian"},
    "key.reserve": {"manager", "custodian", "guard", "employee"},
    "key.cancel_reservation": {"manager", "custodian", "guard", "employee"},
    "key_audit.begin": {"manager", "custodian"},
    "key_audit.count": {"manager", "custodian", "guard"},
    "key_audit.end": {"manager", "custodian"},
    "tether.register": {"administrator", "manager", "custodian"},
    "tether.retire": {"manager", "custodian"},
    "tether.begin_round": {"manager", "custodian", "guard"},
    "tether.check": {"manager", "custodian", "guard"},
    "tether.end_round": {"manager", "custodian", "guard"},
    "combination.register": {"manager"},
    "combination.appoint": {"manager"},
    "combination.relocate": {"manager", "custodian"},
    "combination.retire": {"manager", "custodian"},
    "combination.report": {"manager", "custodian", "guard", "employee"},
    "knower.add": {"manager", "custodian"},
    "knower.remove": {"manager", "custodian"},
    "combination.plan": {"manager", "custodian"},
    "combination.begin": {"manager", "custodian"},
    "combination.draw": {"manager", "custodian"},
    "combination.break_off": {"manager", "custodian"},
    "combination.finish": {"manager", "custodian"},
    "thing.register": {"manager", "custodian"},
    "thing.retire": {"manager", "custodian"},
    "sticker.attach": {"manager", "custodian"},
    "sticker.detach": {"manager", "custodian"},
    "custody.request": {"manager", "custodian", "employee"},
    "custody.approve": {"manager", "custodian", "employee"},
    "custody.decline": {"manager", "custodian", "employee"},
    "custody.begin": {"manager", "custodian", "guard", "employee"},
    "custody.ask_extension": {"manager", "custodian", "employee"},
    "custody.extend": {"manager", "custodian", "employee"},
    "custody.end": {"manager", "custodian", "guard", "employee"},
    "custody.confirm": {"manager", "custodian", "employee"},
    "custody.hand_out": {"manager", "custodian", "employee"},
    "custody.collect": {"manager", "custodian", "employee"},
    "custody.dispose": {"manager", "custodian", "employee"},
    "custody.witness": {"manager", "custodian", "employee"},
}
SHA = "ab" * 32
REQUIRED = ("pledge:nda", "training:induction")
"""By the vault. A signature ends with the day after it, a course with its own week."""
CONDITIONS = f"""
[[pledge]]
id = "nda"
name = {{ ja = "誓約書", en = "Pledge" }}
version = "2026-04"
sha256 = "{SHA}"
valid_days = 1

[[course]]
id = "induction"
name = {{ ja = "導入教育", en = "Induction" }}
valid_days = 7
"""
TEXT = (
    SITE_TOML.replace('inner = "lab"\n', 'inner = "lab"\nunlock = "office"\nevacuation = "release"\n')
    .replace('id = "vault"\n', f'id = "vault"\nrequires = {list(REQUIRED)}\n', 1)
    .replace("'", '"')
    .replace('inner = "lobby"\n', 'inner = "lobby"\npin = "always"\n')
    .replace('54321"\n', '54321"\nkeypad = "simulated:40"\n')
    + CONDITIONS
)

SPECIAL = {"-": (0, 0), "08:00-10:00": (8, 10), "06:00-22:00": (6, 22), "08:00-19:00": (8, 19), "00:00-24:00": (0, 24)}
"""Hours of a special day as they are asked for, and as they are; recorded they are written in one way."""
SPECIAL["00:00-00:00"] = SPECIAL["00:00-24:00"]

cards = st.sampled_from([f"card:{n}" for n in range(1, 8)])
problems = st.sampled_from([None, None, None, None, "proof", "card", "personalisation"])
numbers = st.integers(0, 9)


class Sites(RuleBasedStateMachine):
    """A site whose inputs wait in `batch` until a turn takes them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = fast_folder()
        self.batch: list[Input] = []
        self.sent: list[bytes] = []
        self.stranger = KeyPair.generate()
        self.seen = 0
        self.folded: Folded = {}
        self.request_ids: Counter[str] = Counter()
        self.moved: set[tuple[int, int]] = set()
        self.site: TestSite
        self.boots = 1

    @initialize(width=st.integers(1, 6))
    def open(self, width: int) -> None:
        self.width = width
        self.site = people(make_site(self.folder, text=TEXT))
        self.site.console("operator.add", name="見直し", roles=["custodian"], scope=["*"])
        self.dashboard = self.site.dashboard
        for person in (1, 2):
            self.site.console("pin.set", person=person, form=1, own="01" * 48, duress="02" * 48)
        self.site.turn(*(leaf(portal, False) for portal in PORTALS))

    def teardown(self) -> None:
        if hasattr(self, "site"):
            live = stored_tables(self.site.ledger.connection)
            self.site.ledger.rebuild()
            assert stored_tables(self.site.ledger.connection) == live, "a rebuild gives the same tables"
            self.site.loop.stop()
            report = verify_file(self.site.path, key=self.site.vkey)
            assert report.ok and report.covered == self.site.ledger.size
            self.site.close()
        shutil.rmtree(self.folder)

    # What comes in -------------------------------------------------------------------------------------------------------

    @rule(reader=st.sampled_from(READERS), card=cards, assurance=st.sampled_from([2, 2, 2, 0, 1, 3]), problem=problems)
    def tap(self, reader: str, card: str, assurance: int, problem: str | None) -> None:
        self.put(tap(reader, card, assurance, problem))

    @rule(
        card=st.integers(1, 3),
        what=st.sampled_from([Typed.RIGHT, Typed.RIGHT, Typed.WRONG, Typed.DURESS]),
        old=st.sampled_from([False, False, False, True]),
        at_once=st.booleans(),
    )
    def typed(self, card: int, what: Typed, old: bool, at_once: bool) -> None:
        """A tap at the front, and what was typed for it, or for an earlier question."""
        batch, self.batch = self.batch, []
        self.take([*batch, tap("front/in", f"card:{card}")])
        asked = [e.ticket for e in self.site.actuator.performed if isinstance(e, AskPin)]
        if asked:
            self.put(PinTyped("front/in", asked[0 if old else -1], what))
        if at_once:
            self.turn()

    @rule(portal=st.sampled_from(PORTALS), is_open=st.booleans())
    def leaf(self, portal: str, is_open: bool) -> None:
        self.put(leaf(portal, is_open))

    @rule(portal=st.sampled_from(PORTALS), pressed=st.booleans())
    def exit_button(self, portal: str, pressed: bool) -> None:
        self.put(exit_button(portal, pressed))

    @rule(part=st.sampled_from(["gpio:4", "nfc:1"]), fails=st.booleans())
    def part(self, part: str, fails: bool) -> None:
        self.put(PartFailing(part, "silent") if fails else PartAnswering(part))

    @rule(
        data=st.data(),
        operator=st.integers(0, 5),
        fault=st.sampled_from(["", "", "", "", "key", "sig", "body", "late", "early", "private"]),
    )
    def request(self, data: st.DataObject, operator: int, fault: str) -> None:
        """A request of any kind, by anybody; some of them forged, changed, late, early or without their text."""
        now = self.site.clock.now()
        body = data.draw(bodies(now))
        changes: dict[str, Any] = {}
        if fault == "late":
            changes = {"expires_at": now - timedelta(seconds=1)}
        if fault == "early":
            changes = {"issued_at": now + timedelta(hours=1)}
        if fault == "private":
            changes = {"private": {"else": "x"}}
        key = self.stranger if fault == "key" else self.dashboard
        made = self.site.request(body, operator, key=key, **changes)
        if fault in ("sig", "body"):
            envelope = requests.read_envelope(made)
            change = {"sig": "00" * 64} if fault == "sig" else {"operator": operator + 1}
            made = canonical(msgspec.structs.replace(envelope, **change))
        self.sent.append(made)
        self.put(RequestReceived(made))

    @rule(person=st.integers(1, 3), reader=st.sampled_from(READERS), tapped=st.lists(cards, max_size=3))
    def enrol(self, person: int, reader: str, tapped: list[str]) -> None:
        """An enrolment that succeeds, and cards at its reader that come in one turn."""
        batch, self.batch = self.batch, []
        self.take([*batch, RequestReceived(self.site.request(ask.EnrolBadge(person, reader), 1))])
        self.put(*(tap(reader, card) for card in tapped))

    @rule(
        person=st.integers(1, 3), asker=st.integers(1, 2), approver=st.integers(1, 2), reader=st.sampled_from(READERS)
    )
    def right(self, person: int, asker: int, approver: int, reader: str) -> None:
        """A right asked for, approved by the same or another, and a tap that needs it, in one turn."""
        now, number = self.site.clock.now(), self.site.facts.next("access_right")
        zone = ZONE_OF[reader.partition("/")[0]]
        asked = ask.RequestRight(person, zone, "always", timestamp(now), timestamp(now + timedelta(days=1)))
        made = [self.site.request(asked, asker), self.site.request(ask.ApproveRight(number), approver)]
        self.sent += made
        self.put(*map(RequestReceived, made), tap(reader, f"card:{person}"))

    @rule(
        person=st.integers(1, 3),
        asker=st.integers(1, 2),
        day=st.sampled_from([0, 0, 0, -1, -2, -9]),
        lacks=st.integers(0, 2),
    )
    def conditions(self, person: int, asker: int, day: int, lacks: int) -> None:
        """A right to the vault, with or without what the vault requires, and a tap that needs both, in one turn."""
        now = self.site.clock.now()
        on = (now + timedelta(hours=9, days=day)).date().isoformat()
        number = self.site.facts.next("access_right")
        asked = ask.RequestRight(person, "vault", "always", timestamp(now), timestamp(now + timedelta(days=3)))
        bodies: list[tuple[msgspec.Struct, int]] = [(asked, 1), (ask.ApproveRight(number), 2)]
        if lacks != 1:
            bodies.append((ask.SignPledge((person,), "nda", "2026-04", SHA, on, "joining"), asker))
        if lacks != 2:
            bodies.append((ask.CompleteTraining((person, 1 + person % 3), "induction", on), asker))
        made = [self.site.request(body, by) for body, by in bodies]
        self.sent += made
        self.put(*map(RequestReceived, made), tap("vault-door/in", f"card:{person}"))

    @rule(
        person=st.integers(1, 3), asker=st.integers(1, 2), approver=st.integers(1, 2), reader=st.sampled_from(READERS),
        ends=st.sampled_from([None, None, EndMembership, CloseGroup]),
    )  # fmt: skip
    def group(self, person: int, asker: int, approver: int, reader: str, ends: type[msgspec.Struct] | None) -> None:
        """A group with a right that somebody joins, approved by the same or another, perhaps ended; and taps, in one turn."""
        now, zone, facts = self.site.clock.now(), ZONE_OF[reader.partition("/")[0]], self.site.facts
        team, right, member = (facts.next(noun) for noun in ("team", "access_right", "membership"))
        span = timestamp(now), timestamp(now + timedelta(days=1))
        asked: list[tuple[msgspec.Struct, int]] = [
            (CreateGroup(), 1),
            (RequestMembership(team, person), asker),
            (ask.RequestRight(None, zone, "always", *span, team), asker),
            (ApproveMembership(member), approver),
            (ask.ApproveRight(right), approver),
        ]
        made = [RequestReceived(self.site.request(body, operator)) for body, operator in asked]
        number = {EndMembership: member, CloseGroup: team}
        last = [] if ends is None else [RequestReceived(self.site.request(ends(number[ends]), 1))]
        self.sent += [request.data for request in (*made, *last)]
        self.put(*made, tap(reader, f"card:{person}"), *last, tap(reader, f"card:{person}"))

    @rule(rows=st.lists(st.sampled_from([None, 1, 2, 9]), min_size=1, max_size=3), zone=st.sampled_from(["lab", "attic"]))
    def bring_in(self, rows: list[int | None], zone: str) -> None:
        """People and rights by one request, which may name nobody, or no place that there is."""
        now = self.site.clock.now()
        span = timestamp(now), timestamp(now + timedelta(days=1))
        body = ImportPeople(tuple(ImportRow(person, None, zone, "always", *span) for person in rows))
        text = {f"{name}.{n}": "人" for n in range(len(rows)) for name in ("name", "purpose")}
        made = self.site.request(body, 1, private=text)
        self.sent.append(made)
        self.put(RequestReceived(made))

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        if self.sent:
            self.put(RequestReceived(data.draw(st.sampled_from(self.sent))))

    @rule(data=st.binary(max_size=40))
    def garbage(self, data: bytes) -> None:
        self.put(RequestReceived(data))

    # What happens --------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.2, 2.0, 5.0, 8.0, 21.0, 61.0, 3600.0, 40_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.site.step(seconds)

    @rule()
    def turn(self) -> None:
        batch, self.batch = self.batch, []
        self.take(batch)

    @rule(
        again=st.booleans(),
        statement=st.sampled_from(["begin", "commit", "commit", "insert into record", "insert into private"]),
    )
    def failing_turn(self, again: bool, statement: str) -> None:
        """A turn whose ledger cannot be written; its inputs are lost, or come again."""
        site = self.site
        size, releases, portals, told = (
            site.ledger.size,
            len(site.actuator.releases()),
            dict(site.loop.portals),
            len(site.committed),
        )
        site.connection.breaks = lambda text: text.startswith(statement)
        try:
            self.take(self.batch)
        except sqlite3.OperationalError:
            if len(site.committed) == told:  # else it was the checkpoint behind the turn that failed
                assert (site.ledger.size, site.loop.portals) == (size, portals)
                assert len(site.actuator.releases()) == releases
        finally:
            site.connection.breaks = lambda text: False
        self.batch = self.batch if again else []

    @rule()
    def restart(self) -> None:
        """The controller is gone without a word, and starts again."""
        self.site.close()
        self.boots += 1
        self.site = make_site(self.folder, text=TEXT, clock=self.site.clock, boot=f"boot-{self.boots}")
        self.site.dashboard = self.dashboard
        assert not self.site.actuator.releases(), "a start releases nothing"
        assert set(self.site.actuator.secured()) == set(PORTALS)

    def put(self, *inputs: Input) -> None:
        """Inputs that come in; a turn takes them once so many wait as this run likes."""
        self.batch += inputs
        if len(self.batch) >= self.width:
            self.turn()

    def take(self, batch: list[Input]) -> None:
        before = len(self.site.actuator.performed)
        records = self.site.turn(*batch)
        allowed = {r.body.portal for r in records if r.kind in ("entry.granted", "exit.requested", "portal.released")}
        typed = any(isinstance(item, PinTyped) and item.typed is not Typed.WRONG for item in batch)
        assert typed or not any(r.kind == "entry.granted" and r.body.portal == "front" for r in records)
        released = {e.portal for e in self.site.actuator.performed[before:] if isinstance(e, ReleaseLock)}
        standing = {
            r["portal"]
            for r in stored_tables(self.site.ledger.connection).get("portal_state", {}).values()
            if stands(r)
        }
        assert released <= allowed | standing, (
            "a lock released without a record of this turn, and not standing unlocked"
        )

    # What must hold ------------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_opened_unrecorded(self) -> None:
        if hasattr(self, "site"):
            assert self.site.actuator.unrecorded == []

    @invariant()
    def records_follow_and_were_allowed(self) -> None:
        if not hasattr(self, "site"):
            return
        for record in self.site.records(self.seen + 1):
            assert record.seq == self.seen + 1, "no gaps"
            self.judge(record)
            fold_into(self.folded, record)
            self.seen = record.seq
        assert self.site.ledger.size == self.seen

    @invariant()
    def tables_are_the_fold(self) -> None:
        if hasattr(self, "site"):
            assert stored_tables(self.site.ledger.connection) == {
                table: rows for table, rows in self.folded.items() if rows
            }

    def judge(self, record: Record) -> None:
        body = record.body
        match record.kind:
            case "entry.granted" if body.side == "in":
                self.judge_entry(body, record.at)
            case "badge.enrolled" if self.seen > 70:
                self.judge_enrolment(body, record.at)
            case "portal.unlocked":
                self.judge_unlocking(body, record.at)
            case "portal.released":
                assert self.operator(body.operator)["state"] == "active"
            case "special_day.set":
                usual = (8, 19) if datetime.fromisoformat(body.day).weekday() < 5 else None
                begin, end = SPECIAL[body.hours]
                allowed = [usual, self.office_hours(body.day)]
                fits = any(span is not None and span[0] <= begin and end <= span[1] for span in allowed)
                assert begin == end or fits, "what opens more takes two people"
            case "special_day.approved":
                asked = self.folded["special_day"][body.special_day,]
                assert asked["state"] == "requested" and asked["requested_by"] != body.decided_by
                assert (asked["day"], asked["hours"]) == (body.day, body.hours)
            case "presence.moved":
                self.judge_move(body)
            case "right.approved" | "membership.approved":
                self.judge_approval(body)
            case "right.kept":
                kept = self.folded["access_right"][body.access_right,]
                assert kept["state"] in ("active", "suspended")
                assert body.decided_by not in (kept["requested_by"], kept["decided_by"]), "a third person's word (C7.4)"
                assert body.until_at <= kept["until_at"] and body.schedule in (kept["schedule"], "office")
            case "request.accepted" | "request.refused":
                self.request_ids[body.request] += 1
                assert self.request_ids[body.request] == 1, "a request is concluded once"
                if record.kind == "request.accepted":
                    assert set(self.operator(body.operator)["roles"].split()) & MAY[body.request_kind]
                    assert body.dashboard == self.dashboard.public.id

    def judge_move(self, body: Any) -> None:
        """Whoever moved was let pass there, and moves once by it: the leaf opened just now, or nothing had to (C8.9)."""
        sides = (ZONE_OF[body.portal], OUTER[body.portal])
        assert {body.zone, body.from_zone} == set(sides)
        if not body.certain:
            return
        records = self.site.records(1)
        if body.release == 0:
            state = self.folded["portal_state"][body.portal,]
            assert state["leaf"] == "open" or stands(state), "a tap moves at once only where nothing has to be opened"
            return
        let = records[body.release - 1].body
        assert let.portal == body.portal and let.person == body.person, "by the record that let them pass"
        assert (body.person, body.release) not in self.moved, "one passage, one move"
        self.moved.add((body.person, body.release))
        opened = [r.kind for r in records[body.release : self.seen] if getattr(r.body, "portal", "") == body.portal]
        assert {"door.opened", "portal.unlocked"} & set(opened), "nobody moves while the leaf is shut"

    @invariant()
    def nobody_is_where_no_record_put_them(self) -> None:
        """The table has each person where the newest record about their place says, and nobody else (C8.9)."""
        if not hasattr(self, "site"):
            return
        rows = stored_tables(self.site.ledger.connection).get("presence", {})
        for (person,), row in rows.items():
            said = self.site.records(row["seq"])[0]
            assert said.kind in ("presence.moved", "presence.corrected", "entry.confirmed")
            assert (said.body.person, said.body.zone) == (person, row["zone"])

    def judge_approval(self, body: Any) -> None:
        """What was approved had been asked for by another, and a group that somebody joins is not closed (C7.3)."""
        if hasattr(body, "membership"):
            asked = self.folded["membership"][body.membership,]
            assert self.folded["team"][asked["team"],]["state"] == "active"
        else:
            asked = self.folded["access_right"][body.access_right,]
        assert asked["state"] == "requested" and asked["requested_by"] != body.decided_by

    def operator(self, number: int) -> dict[str, Any]:
        return self.folded["operator"][number,]

    def judge_entry(self, body: Any, at: str) -> None:
        """Whoever was let in had, by the records before, an active badge, was active, and had a right in force."""
        badge = self.folded["badge"][body.badge,]
        person = self.folded["person"][body.person,]
        right = self.folded["access_right"][body.access_right,]
        assert (badge["state"], person["state"], right["state"]) == ("active", "active", "active")
        assert person["leaves_at"] is None or at < person["leaves_at"], "nobody comes after their last day"
        assert badge["person"] == body.person
        assert body.person == right["person"] or self.is_member(body.person, right["team"]), "neither own nor a group's"
        assert right["zone"] == body.zone == ZONE_OF[body.portal]
        assert not {("*",), (body.zone,)} & self.folded.get("lockdown", {}).keys(), "nobody enters what is locked down"
        assert not {("*",), (body.zone,)} & self.folded.get("evacuation", {}).keys(), "nobody enters in an evacuation"
        assert right["from_at"] <= at < right["until_at"]
        for found in self.folded.get("review", {}).values():
            late = found["due_at"] <= at and right["judged_seq"] < found["seq"]
            assert not late or not {"*", body.zone} & set(found["zones"].split()), "not reviewed in time (C7.4)"
        assert body.assurance >= LEAST[body.zone]
        if body.portal == "front":
            pin = self.folded["pin"][body.person,]
            assert (pin["state"], pin["pin"]) == ("set", body.pin), "by the PIN that they have now"
            assert pin["locked_until"] is None or pin["locked_until"] <= at, "nobody who is locked out"
        if body.zone == "vault":
            for required in REQUIRED:
                assert self.fulfilled(body.person, required, at), f"nobody enters without {required}"
        if right["schedule"] == "office":
            assert self.in_office_hours(at)

    def office_hours(self, day: str) -> tuple[int, int] | None:
        """From when to when the office is open on this day: by its own special day, by one for all, or as the settings say."""
        standing = [row for row in self.folded.get("special_day", {}).values() if (row["state"], row["day"]) == ("set", day)]
        for schedule in ("office", "*"):
            for row in standing:
                if row["schedule"] == schedule:
                    return SPECIAL[row["hours"]]
        return (8, 19) if datetime.fromisoformat(day).weekday() < 5 else None

    def in_office_hours(self, at: str) -> bool:
        tokyo = datetime.fromisoformat(at) + timedelta(hours=9)
        span = self.office_hours(tokyo.date().isoformat())
        return span is not None and span[0] <= tokyo.hour < span[1]

    def is_member(self, person: int, team: int | None) -> bool:
        """Whether this person was let into this group, and it still is one (C7.3)."""
        return team is not None and self.folded["team"][team,]["state"] == "active" and any(
            (row["person"], row["team"], row["state"]) == (person, team, "active")
            for row in self.folded["membership"].values()
        )

    def fulfilled(self, person: int, condition: str, at: str) -> bool:
        """Whether this person's signature or course was recorded, not withdrawn, and its days are not over (C5.1, C7.6)."""
        days, today = (1 if condition == "pledge:nda" else 7), (datetime.fromisoformat(at) + timedelta(hours=9)).date()
        return any(
            today <= datetime.fromisoformat(row["on_day"]).date() + timedelta(days=days)
            for row in self.folded.get("fulfilment", {}).values()
            if (row["person"], row["condition"], row["state"]) == (person, condition, "recorded")
        )

    def judge_unlocking(self, body: Any, at: str) -> None:
        """What stands unlocked is marked and evacuated; or it is not locked down, and an order says so, or its hours do and
        somebody has come in (C8.8)."""
        zones = {("*",), (ZONE_OF[body.portal],), (OUTER[body.portal],)}
        evacuated = bool(zones & self.folded.get("evacuation", {}).keys())
        assert (body.cause == "evacuation") == (evacuated and body.portal == "lab-door"), "life goes first (C8.9)"
        if body.cause == "evacuation":
            return
        assert not zones & self.folded.get("lockdown", {}).keys()
        override = self.folded.get("portal_override", {}).get((body.portal,))
        if body.cause == "override":
            assert override is not None and override["posture"] == "open" and at < override["until_at"]
            return
        assert body.cause == "schedule" and body.portal == "lab-door"
        assert override is None or override["until_at"] <= at
        assert self.in_office_hours(at)
        assert at < self.folded["zone_opening"]["lab",]["until_at"]

    def judge_enrolment(self, body: Any, at: str) -> None:
        """A card became a badge only at a reader that waited, for that person, once, and only if it was none before."""
        waiting = self.folded["enrolment"][body.reader,]
        assert (waiting["state"], waiting["person"]) == ("open", body.person)
        assert at < waiting["until_at"]
        assert body.credential not in {row["credential"] for row in self.folded["badge"].values()}


def stands(row: dict[str, Any]) -> bool:
    """Whether a portal's row says that it stands unlocked."""
    return row["status"] in ("standing", "standing_open")


def bodies(now: datetime) -> st.SearchStrategy[msgspec.Struct]:
    """Any request, about people, badges and rights that may be there."""
    spans = st.sampled_from([(0, 1), (-1, 1), (1, 2), (0, 0), (-2, -1), (0, 5000)])
    return st.one_of(
        st.just(ask.RegisterPerson()),
        st.builds(ask.SuspendPerson, numbers),
        st.builds(ChangePerson, numbers, st.sampled_from([None, "", "2026-11-24", "2026-11-26", "2020-02-30"])),
        st.builds(LeavePerson, numbers, st.sampled_from(["", "2026-11-24", "2026-11-25", "soon"])),
        st.builds(ask.ReinstatePerson, numbers),
        st.builds(ask.EnrolBadge, st.integers(1, 3), st.sampled_from([*READERS, "attic/in"])),
        st.builds(ask.RetireBadge, numbers, st.sampled_from(["lost", "retired", "active"])),
        st.builds(
            lambda person, zone, schedule, span: ask.RequestRight(
                person,
                zone,
                schedule,
                timestamp(now + timedelta(days=span[0])),
                timestamp(now + timedelta(days=span[1])),
            ),
            st.integers(1, 4),
            st.sampled_from(["lobby", "lab", "vault", "attic"]),
            st.sampled_from(["always", "office", "nightly"]),
            spans,
        ),
        st.builds(ask.EnrolPin, st.integers(1, 3), st.sampled_from(["front/in", "lab-door/in"])),
        st.builds(ask.ClearPin, st.integers(1, 3)),
        st.builds(ask.UnlockPin, st.integers(1, 3)),
        st.builds(ask.ApproveRight, st.integers(1, 14)),
        st.builds(ask.DeclineRight, st.integers(1, 14)),
        st.builds(ask.RevokeRight, st.integers(1, 14)),
        st.builds(ask.WithdrawPledge, numbers),
        st.builds(ask.WithdrawTraining, numbers),
        st.builds(
            lambda people, day: ask.CompleteTraining(
                tuple(people), "induction", (now + timedelta(hours=9, days=day)).date().isoformat()
            ),
            st.lists(st.integers(1, 5), max_size=3),
            st.integers(-9, 1),
        ),
        st.builds(
            lambda person, version, occasion: ask.SignPledge(
                (person,), "nda", version, SHA, now.date().isoformat(), occasion
            ),
            st.integers(1, 5),
            st.sampled_from(["2026-04", "2025-04"]),
            st.sampled_from(["joining", "moving"]),
        ),
        st.builds(
            OpenReview,
            st.sampled_from([("*",), ("lab",), ("lobby", "vault"), ("attic",)]),
            st.sampled_from(["2026-11-25", "2026-11-26", "2027-11-01", "2020-01-01"]),
        ),
        st.builds(KeepRight, st.integers(1, 14), st.sampled_from([None, None, "office", "always"])),
        st.builds(ask.ReleasePortal, st.sampled_from([*PORTALS, "attic"])),
        st.builds(
            lambda portal, posture, hours: ask.OverridePortal(portal, posture, timestamp(now + timedelta(hours=hours))),
            st.sampled_from([*PORTALS, "attic"]),
            st.sampled_from(["open", "open", "locked", "ajar"]),
            st.sampled_from([-1, 1, 5, 25, 1000]),
        ),
        st.builds(ask.ResumePortal, st.sampled_from([*PORTALS, "attic"])),
        st.builds(CorrectPresence, st.integers(0, 5), st.sampled_from(["", "lobby", "lab", "attic"])),
        st.builds(NoteEntry, st.integers(0, 5), st.sampled_from([*PORTALS, "attic"]), st.sampled_from(["in", "out"]),
                  st.sampled_from([timestamp(now), timestamp(now - timedelta(hours=1)), "soon"])),
        st.builds(ConfirmEntry, st.integers(1, 4)),
        st.builds(DeclineEntry, st.integers(1, 4)),
        st.builds(ask.BeginLockdown, st.sampled_from(["lobby", "lab", "vault", "*", "attic"])),
        st.builds(ask.EndLockdown, st.sampled_from(["lobby", "lab", "vault", "*"])),
        st.builds(ask.BeginEvacuation, st.sampled_from(["lobby", "lab", "vault", "*", "attic"])),
        st.builds(ask.EndEvacuation, st.sampled_from(["lobby", "lab", "vault", "*"])),
        st.builds(
            lambda days, schedule, hours: ask.SetSpecialDay(
                (now + timedelta(hours=9, days=days)).date().isoformat(), schedule, hours
            ),
            st.sampled_from([0, 0, 0, 1, -1, 500]),
            st.sampled_from(["office", "*", "always", "nightly"]),
            st.sampled_from([*SPECIAL, "late"]),
        ),
        st.builds(ask.ApproveSpecialDay, st.integers(1, 4)),
        st.builds(ask.DeclineSpecialDay, st.integers(1, 4)),
        st.builds(ask.ClearSpecialDay, st.integers(1, 4)),
    )


TestSites = Sites.TestCase
TestSites.__doc__ = """No sequence of inputs releases a lock without a committed record that allows it; nobody suspended,
unapproved or out of hours comes in; requests are done once; the tables are always the fold (C7.1, C7.3, C7.4, C8.9)."""
TestSites.settings = settings(
    max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
