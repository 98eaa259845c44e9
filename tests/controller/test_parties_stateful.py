"""Any sequence of taps, moves, revocations and restarts at a vault for two and a lab with visitors (C7.7, C8.9).

The oracle reads the records one by one and keeps its own account of who was let in, who moved, and who could be certain.
"""

import atexit
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from party_site import GUEST, TEXT, THIRD, VISITOR, A, B, C, staffed
from sites import TestSite, exit_button, fast_folder, fold_of, leaf, make_site, stored_tables, tap

from controller.inbox import Input
from controller.record import asks as ask
from controller.record.envelope import Record
from controller.record.keys import KeyPair

AIRLOCK = TEXT.replace('inner = "lab"\n', 'inner = "lab"\ninterlock = ["vault-door"]\n', 1).replace(
    'inner = "vault"\n', 'inner = "vault"\ninterlock = ["lab-door"]\n', 1
)
DOORS = ("lab-door", "vault-door")
INNER = {"front": "lobby", "lab-door": "lab", "vault-door": "vault"}
SIDES = {"front": ("lobby", ""), "lab-door": ("lab", "lobby"), "vault-door": ("vault", "lab")}
VISITORS = frozenset({VISITOR, GUEST, THIRD})
ESCORTED_AT_MOST = {"lab": 2, "vault": 4}

doors = st.sampled_from(DOORS)
persons = st.sampled_from([A, B, C, VISITOR, GUEST, THIRD])


@cache
def prepared() -> tuple[Path, KeyPair]:
    """A site at rest with its people, made once; and the dashboard that it trusts."""
    folder = fast_folder()
    atexit.register(shutil.rmtree, folder)
    site = staffed(make_site(folder, text=AIRLOCK))
    site.close()
    return folder, site.dashboard


class House(RuleBasedStateMachine):
    """Two doors that are interlocked, three right holders of whom one may escort, three visitors."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = fast_folder()
        self.seen = 0
        self.log: list[Record] = []
        self.at: dict[int, tuple[str, bool]] = {}
        """Where each was last seen, and whether that is still certain."""
        self.escort: dict[int, int] = {}
        self.revoked: set[int] = set()
        self.status = dict.fromkeys(INNER, "unknown")
        self.turns = 0
        self.pending_vault: list[tuple[int, int]] = []
        """Who was let in where only with another, by which record: whom with is seen once the door has closed."""
        self.pending_visitors: list[tuple[int, int]] = []
        self.site: TestSite

    @initialize()
    def open(self) -> None:
        template, dashboard = prepared()
        shutil.copytree(template, self.folder, dirs_exist_ok=True)
        self.site = make_site(self.folder, text=AIRLOCK)
        self.site.dashboard = dashboard
        self.read()
        self.take(*(leaf(door, False) for door in INNER))

    def teardown(self) -> None:
        if hasattr(self, "site"):
            assert self.site.actuator.unrecorded == []
            stored = stored_tables(self.site.ledger.connection)
            assert stored == {table: rows for table, rows in fold_of(self.site.records()).items() if rows}
            self.site.close()
        shutil.rmtree(self.folder)

    # What happens ---------------------------------------------------------------------------------------------------------

    @rule(door=doors, side=st.sampled_from(["in", "in", "in", "out"]), who=st.lists(persons, min_size=1, max_size=4))
    def taps(self, door: str, side: str, who: list[int]) -> None:
        self.take(*(tap(f"{door}/{side}", f"card:{person}") for person in who))

    @rule(door=doors, side=st.sampled_from(["in", "in", "out"]), who=st.lists(persons, min_size=1, max_size=4))
    def walk(self, door: str, side: str, who: list[int]) -> None:
        """They tap, and whoever was let through walks through."""
        self.take(*(tap(f"{door}/{side}", f"card:{person}") for person in who))
        if self.status[door] == "released":
            self.take(leaf(door, True))
            self.take(leaf(door, False))

    @rule(door=doors, is_open=st.booleans())
    def leaf(self, door: str, is_open: bool) -> None:
        self.take(leaf(door, is_open))

    @rule()
    def button(self) -> None:
        self.take(exit_button("vault-door"))

    @rule(who=st.sampled_from([A, B, C]))
    def revoke(self, who: int) -> None:
        if who not in self.revoked and len(self.revoked) < 1:
            assert self.site.asks(ask.RetireBadge(who, "lost"), 2) is None
            self.read()
            self.revoked.add(who)

    @rule(seconds=st.sampled_from([1.0, 4.0, 9.0, 15.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.site.step(seconds)
        self.take()

    @rule()
    def restart(self) -> None:
        dashboard, clock = self.site.dashboard, self.site.clock
        self.site.close()
        self.turns += 1
        self.site = make_site(self.folder, text=AIRLOCK, clock=clock, boot=f"boot-{self.turns + 1}")
        self.site.dashboard = dashboard
        self.status = dict.fromkeys(INNER, "unknown")
        self.read()
        self.take(*(leaf(door, False) for door in INNER))

    # What is recorded -----------------------------------------------------------------------------------------------------

    def take(self, *inputs: Input) -> None:
        self.site.turn(*inputs)
        self.read()

    def read(self) -> None:
        records = self.site.records(self.seen + 1)
        self.log += records
        group: list[Record] = []
        for record in records:
            self.seen = record.seq
            if record.kind == "entry.granted" and record.body.side == "in":
                group.append(record)
            self.follow(record, group)
            if record.kind not in ("entry.granted", "escort.begun", "party.entered"):
                group = []

    def follow(self, record: Record, group: list[Record]) -> None:
        body = record.body
        match record.kind:
            case "escort.begun":
                self.escort[body.person] = body.escort
            case "entry.granted" if body.side == "in":
                self.judge(body, group)
            case "presence.moved":
                self.at[body.person] = (body.zone, body.certain)
            case "presence.doubted":
                self.doubt(body.zone)
            case "zone.violated":
                self.judge_violation(body)
        if (status := getattr(body, "status", None)) is not None and getattr(body, "portal", None) in self.status:
            if record.kind != "interlock.broken":
                self.judge_interlock(record, status)
                self.status[body.portal] = status

    def doubt(self, zone: str) -> None:
        for person, (at, _) in list(self.at.items()):
            if zone in (at, "*"):
                self.at[person] = (at, False)

    def inside(self, zone: str) -> set[int]:
        """Who is certainly in the zone, as a right holder."""
        return {person for person, (at, certain) in self.at.items() if at == zone and certain} - VISITORS

    # What must hold -------------------------------------------------------------------------------------------------------

    def judge(self, body: Any, group: list[Record]) -> None:
        """Nobody is let in alone where two are asked for, nor a visitor without an escort who is let in there with them."""
        assert body.person not in self.revoked, "a revoked badge opens nothing"
        if body.zone == "vault" and len(self.inside("vault") - {body.person}) < 2:
            self.pending_vault.append((body.person, self.seen))
        if body.person in VISITORS:
            assert self.escort.get(body.person) == A, "a visitor is let in as somebody's"
            there = {one for one in VISITORS if self.at.get(one) == (body.zone, True) and self.escort.get(one) == A}
            beside = there | ({other.body.person for other in group} & VISITORS)
            assert len(beside - {body.person}) < ESCORTED_AT_MOST[body.zone], "an escort has only two hands"
            self.pending_visitors.append((body.person, self.seen))

    def judge_interlock(self, record: Record, status: str) -> None:
        """Of two interlocked doors both are never unlocked by us, but for somebody who leaves."""
        door = record.body.portal
        if status != "released" or door not in DOORS:
            return
        other = DOORS[1 - DOORS.index(door)]
        leaves = record.kind == "exit.requested" or (record.kind == "entry.granted" and record.body.side == "out")
        assert leaves or self.status[other] == "secure", (record.kind, self.status)

    def judge_violation(self, body: Any) -> None:
        """An alarm names somebody who is certainly inside, without whom the rule asks for."""
        assert self.at[body.person] == (body.zone, True)
        if body.code == "escort":
            assert self.at.get(self.escort[body.person]) != (body.zone, True)
        else:
            assert self.inside("vault") == {body.person}

    @invariant()
    def together(self) -> None:
        """Whoever was let in with others was let in with them while the door had not closed behind the first of them."""
        if not hasattr(self, "site"):
            return
        for person, seq in self.pending_vault:
            companions = self.let_in_with("vault-door", person, seq) - VISITORS
            assert companions, f"{person} was let into the vault alone by record {seq}"
        for person, seq in self.pending_visitors:
            door = "vault-door" if self.zone_of(seq) == "vault" else "lab-door"
            assert A in self.let_in_with(door, person, seq), f"{person} was let in without the escort by record {seq}"
        self.pending_vault, self.pending_visitors = [], []

    def zone_of(self, seq: int) -> str:
        return str(self.log[seq - 1].body.zone)

    def let_in_with(self, door: str, person: int, seq: int) -> set[int]:
        """Everybody else who was let in by the same opening of the door as that record."""
        records = [r for r in self.log if getattr(r.body, "portal", "") == door]
        before = [r for r in records if r.seq < seq]
        closed = [r.seq for r in before if r.kind in ("door.closed", "entry.abandoned", "door.observed", "door.forced")]
        started = [r.seq for r in self.log if r.kind == "controller.started" and r.seq < seq]
        since = max([0, *closed, *started])
        after = [
            r.seq for r in records if r.seq > seq and r.kind in ("door.closed", "entry.abandoned", "door.observed")
        ]
        until = min([self.site.ledger.size + 1, *after])
        return {
            r.body.person
            for r in records
            if since < r.seq < until and r.kind == "entry.granted" and r.body.side == "in"
        } - {person}


TestHouse = House.TestCase
TestHouse.__doc__ = """No sequence of taps lets anybody in alone where two are asked for, a visitor without their escort, or
through one of two interlocked doors while the other is not secure; an alarm is about somebody who is certainly left behind."""
TestHouse.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
