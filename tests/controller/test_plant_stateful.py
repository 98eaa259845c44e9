"""A plant of twelve zones, twenty-four portals and thirty-six people, and any sequence of what happens there.

C7.1–C7.4, C8.7–C8.9.

The oracle reads the committed records one by one and keeps books of its own: who may still come, which rights hold, where the
doors saw people. It asks of each record that lets somebody in, or lets a door stand open, whether the books allow it.
"""

import atexit
import shutil
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sites import TestSite, digest, exit_button, fast_folder, fold_of, give_right, leaf, make_site, stored_tables, tap

from controller.inbox import Input
from controller.record import asks as ask
from controller.record.canonical import moment, timestamp
from controller.record.envelope import Record
from controller.record.keys import KeyPair

PEOPLE = range(1, 37)
ZONES = [f"z{n}" for n in range(12)]
PARENT = {f"z{n}": f"z{(n - 1) // 3}" if n else "" for n in range(12)}
"""A tree: the yard, three halls in it, and rooms in the halls."""
TWO_PERSON, HARD, OFFICE = "z7", "z8", {"z1", "z2"}
PORTALS = [(f"p{n}{side}", f"z{n}") for n in range(12) for side in "ab"]
INNER = dict(PORTALS)
TOKYO = ZoneInfo("Asia/Tokyo")

HEAD = """
[site]
id = "works"
name = { ja = "工場", en = "Plant" }
[clock]
trust = "host"
[calendar]
national = "JP"
[simulation]
building = "building.sock"
[[schedule]]
id = "office"
name = { ja = "業務時間", en = "Office hours" }
hours = { weekdays = "08:00-19:00" }
"""


def text() -> str:
    """The plant's `site.toml`: one hall stands open in office hours, one room is for two, one has hard anti-passback."""
    parts = [HEAD]
    for zone in ZONES:
        parts.append(f'[[zone]]\nid = "{zone}"\nname = {{ ja = "{zone}", en = "{zone}" }}\n')
        parts += [f'inside = "{PARENT[zone]}"\n'] if PARENT[zone] else []
        parts += ["two_person = true\n"] if zone == TWO_PERSON else []
        parts += ['anti_passback = "hard"\n'] if zone == HARD else []
    for n, (portal, zone) in enumerate(PORTALS):
        parts.append(f'[[portal]]\nid = "{portal}"\nname = {{ ja = "{portal}", en = "{portal}" }}\ninner = "{zone}"\n')
        parts += [f'outer = "{PARENT[zone]}"\n'] if PARENT[zone] else []
        parts += ['unlock = "office"\n'] if zone in OFFICE and portal.endswith("a") else []
        parts.append(f'lock = "simulated:{3 * n}"\ncontact = "simulated:{3 * n + 1}"\n')
        parts.append(f'exit_button = "simulated:{3 * n + 2}"\n' if portal.endswith("b") and zone != HARD else "")
        for m, side in enumerate(("in", "out")):
            parts.append(f'[[portal.reader]]\nside = "{side}"\ndevice = "nfc+udp://127.0.0.1:{40000 + 2 * n + m}"\n')
    return "".join(parts)


TEXT = text()


@cache
def prepared() -> tuple[Path, KeyPair, datetime]:
    """The plant at rest with its people, made once: everybody may into the yard and two halls, a third into each room."""
    folder = fast_folder()
    atexit.register(shutil.rmtree, folder)
    site = make_site(folder, text=TEXT)
    site.console("trust", key=site.dashboard.public.text())
    for roles in (["administrator", "manager"], ["manager", "guard"]):
        site.console("operator.add", name="操作者", roles=roles, scope=["*"])
    for person in PEOPLE:
        assert site.asks(ask.RegisterPerson()) is None
        site.console("enrol.card", person=person, credential=digest(f"card:{person}"), assurance=2, label=f"{person}")
        for n, zone in enumerate(ZONES):
            if zone in zones_of(person):
                give_right(site, person, zone, "office" if (person + n) % 5 == 0 else "always", days=2 + person % 40)
    now = site.clock.now()
    site.close()
    return folder, site.dashboard, now


def zones_of(person: int) -> list[str]:
    """Where the person has a right at first."""
    return [zone for n, zone in enumerate(ZONES) if n < 3 or n % 3 == person % 3]


@st.composite
def groups(draw: st.DrawFn) -> tuple[str, list[int]]:
    """A zone, mostly one of the two that ask for more, and one to three people who may enter it at first."""
    zone = draw(st.sampled_from([*ZONES, TWO_PERSON, TWO_PERSON, HARD, HARD]))
    who = draw(st.lists(st.sampled_from([p for p in PEOPLE if zone in zones_of(p)][:4]), min_size=1, max_size=3))
    return zone, who


people = st.integers(1, len(PEOPLE)) | st.integers(1, 12)
portals = st.sampled_from([portal for portal, _ in PORTALS])


with_button = portals.filter(lambda portal: portal.endswith("b") and INNER[portal] != HARD)
disturbances = st.one_of(
    st.tuples(st.just("leaf"), portals, st.booleans()),
    st.tuples(st.just("button"), with_button),
    st.tuples(st.just("person_changes"), st.integers(1, 12), st.sampled_from(["lost", "suspended", "left", "reinstated"])),
    st.tuples(st.just("right_ends"), st.integers(1, 72), st.booleans()),
    st.tuples(st.just("lockdown"), st.sampled_from([*ZONES, "*"]), st.sampled_from([True, False, False])),
    st.tuples(st.just("restart"), st.sampled_from([True, True, False])),
)


class Books:
    """What the records say, kept by hand."""

    def __init__(self) -> None:
        self.badges: dict[int, str] = {}
        self.persons: dict[int, str] = {}
        self.rights: dict[int, Any] = {}
        self.approved: dict[int, str] = {}
        self.lockdowns: set[str] = set()
        self.at: dict[int, str] = {}
        self.let_in: dict[str, list[tuple[int, int, str]]] = {portal: [] for portal in INNER}
        """By portal: record, person and zone of those who were let pass since the leaf was last seen to close."""

    def read(self, record: Record) -> None:
        """Enters one record."""
        body = record.body
        match record.kind:
            case "badge.enrolled":
                self.badges[body.badge] = "active"
            case "badge.retired":
                self.badges[body.badge] = body.state
            case "person.registered" | "person.suspended" | "person.reinstated":
                self.persons[body.person] = body.state
            case "person.left":
                self.persons[body.person] = "left"
            case "right.requested":
                self.rights[body.access_right] = body
            case "right.approved" | "right.revoked" | "right.declined":
                self.approved[body.access_right] = body.state
            case "lockdown.begun":
                self.lockdowns.add(body.zone)
            case "lockdown.ended":
                self.lockdowns.discard(body.zone)
            case "presence.moved" | "presence.corrected":
                self.at[body.person] = body.zone
            case "door.closed" | "door.observed" | "entry.abandoned":
                self.let_in[body.portal] = []
            case "controller.started":
                self.let_in = {portal: [] for portal in INNER}

    def may_enter(self, record: Record) -> bool:
        """Whether the books let this person into that zone at that time (C7.1, C7.3, C7.4)."""
        body, at = record.body, moment(record.at)
        right = self.rights.get(body.access_right)
        if right is None or self.approved.get(body.access_right) != "active":
            return False
        holds = (right.person, right.zone) == (body.person, body.zone) and moment(right.from_at) <= at < moment(right.until_at)
        alive = (self.badges.get(body.badge), self.persons.get(body.person)) == ("active", "active")
        closed = self.lockdowns & {"*", body.zone}
        return holds and alive and not closed and (right.schedule == "always" or in_office_hours(at))


def in_office_hours(at: datetime) -> bool:
    """Whether it is 08:00 to 19:00 on a working day; of the days played here only the Monday before is a holiday."""
    local = at.astimezone(TOKYO)
    return local.weekday() < 5 and 8 <= local.hour < 19 and (local.month, local.day) != (11, 23)


class Plant(RuleBasedStateMachine):
    """What happens there, and the books."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = fast_folder()
        self.books = Books()
        self.seen = 0
        self.boots = 1
        self.site: TestSite

    @initialize()
    def open(self) -> None:
        template, dashboard, now = prepared()
        shutil.copytree(template, self.folder, dirs_exist_ok=True)
        self.site = make_site(self.folder, text=TEXT)
        self.site.clock.step(now - self.site.clock.now() + timedelta(seconds=1))
        self.site.dashboard = dashboard
        self.take(*(leaf(portal, False) for portal in INNER))

    def teardown(self) -> None:
        if hasattr(self, "site"):
            assert self.site.actuator.unrecorded == []
            stored = stored_tables(self.site.ledger.connection)
            assert stored == {table: rows for table, rows in fold_of(self.site.records()).items() if rows}
            self.site.close()
        shutil.rmtree(self.folder)

    # What happens ---------------------------------------------------------------------------------------------------------

    @rule(group=groups(), door=st.sampled_from("ab"))
    def walk_in(self, group: tuple[str, list[int]], door: str) -> None:
        self.walks(group, door, "in")

    @rule(portal=portals, side=st.sampled_from(["in", "in", "out"]), who=st.lists(people, min_size=1, max_size=3))
    def taps(self, portal: str, side: str, who: list[int]) -> None:
        self.take(*(tap(f"{portal}/{side}", f"card:{person}") for person in who))

    @rule(group=groups(), door=st.sampled_from("ab"), side=st.sampled_from(["in", "in", "in", "out"]))
    def walk(self, group: tuple[str, list[int]], door: str, side: str) -> None:
        self.walks(group, door, side)

    def walks(self, group: tuple[str, list[int]], door: str, side: str) -> None:
        """They tap at one of the zone's doors, and the leaf opens and closes if it was let go."""
        zone, who = group
        portal = f"p{zone[1:]}{door}"
        before = len(self.site.actuator.releases())
        self.take(*(tap(f"{portal}/{side}", f"card:{person}") for person in who))
        if portal in self.site.actuator.releases()[before:]:
            self.take(leaf(portal, True))
            self.take(leaf(portal, False))

    @rule(what=disturbances)
    def disturb(self, what: tuple[Any, ...]) -> None:
        """Something that is no walk; one rule, so that people walk most of the time."""
        name, *arguments = what
        getattr(self, name)(*arguments)

    def leaf(self, portal: str, is_open: bool) -> None:
        self.take(leaf(portal, is_open))

    def button(self, portal: str) -> None:
        self.take(exit_button(portal))

    @rule(seconds=st.sampled_from([1.0, 6.0, 30.0, 600.0, 4 * 3600.0, 9 * 3600.0, 26 * 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.site.step(seconds)
        self.take()

    def person_changes(self, person: int, how: str) -> None:
        bodies = {
            "lost": ask.RetireBadge(person, "lost"),
            "suspended": ask.SuspendPerson(person),
            "reinstated": ask.ReinstatePerson(person),
            "left": ask.LeavePerson(person),
        }
        self.site.asks(bodies[how], 2)
        self.read()
        self.take(*(tap(f"p{n}a/in", f"card:{person}") for n in range(3)))  # and they try at once

    def right_ends(self, number: int, again: bool) -> None:
        """A right is revoked; perhaps its holder gets another."""
        revoked = self.site.asks(ask.RevokeRight(number)) is None
        self.read()
        right = self.books.rights.get(number)
        if revoked and again and right is not None:
            until = timestamp(self.site.clock.now() + timedelta(days=1))
            body = ask.RequestRight(right.person, right.zone, "office", timestamp(self.site.clock.now()), until)
            if self.site.asks(body, 1) is None:
                self.read()
                self.site.asks(ask.ApproveRight(max(self.books.rights)), 2)
        self.read()

    def lockdown(self, zone: str, begin: bool) -> None:
        self.site.asks(ask.BeginLockdown(zone) if begin else ask.EndLockdown(zone), 2)
        self.read()

    def restart(self, closed: bool) -> None:
        dashboard, clock = self.site.dashboard, self.site.clock
        self.site.close()
        self.boots += 1
        self.site = make_site(self.folder, text=TEXT, clock=clock, boot=f"boot-{self.boots}")
        self.site.dashboard = dashboard
        self.read()
        self.take(*(leaf(portal, not closed) for portal in INNER))

    # What must hold ---------------------------------------------------------------------------------------------------------

    def take(self, *inputs: Input) -> None:
        self.site.turn(*inputs)
        self.read()

    def read(self) -> None:
        """Judges each new record by the books as they were before it, then enters it."""
        records = self.site.records(self.seen + 1)
        for record in records:
            self.judge(record)
            self.books.read(record)
            self.seen = record.seq
        for record in records:
            if record.kind == "entry.granted" and record.body.zone == TWO_PERSON and record.body.side == "in":
                self.judge_company(record)

    def judge(self, record: Record) -> None:
        body = record.body
        match record.kind:
            case "entry.granted" if body.side == "in":
                assert self.books.may_enter(record), record
                self.books.let_in[body.portal].append((record.seq, body.person, body.zone))
            case "entry.granted" | "exit.requested" if body.person is not None:
                beyond = PARENT[INNER[body.portal]]
                self.books.let_in[body.portal].append((record.seq, body.person, beyond))
            case "portal.unlocked" if body.cause == "schedule":
                assert in_office_hours(moment(record.at)) and INNER[body.portal] in OFFICE, record
                assert not self.books.lockdowns & {"*", INNER[body.portal], PARENT[INNER[body.portal]]}
            case "presence.moved" if body.certain:
                let_in = [(person, zone) for _, person, zone in self.books.let_in[body.portal]]
                assert (body.person, body.zone) in let_in, record

    def judge_company(self, record: Record) -> None:
        """With whoever was let into the room for two, another was, or two were inside already (C8.9)."""
        others = {person for seq, person, zone in self.company(record) if zone == TWO_PERSON} - {record.body.person}
        inside = {person for person, zone in self.books.at.items() if zone == TWO_PERSON} - {record.body.person}
        assert others or len(inside) >= 2, record

    def company(self, record: Record) -> list[tuple[int, int, str]]:
        """Everybody who was let pass at that portal with this record, by the records of the same turn and those before it."""
        let_in = [
            (one.seq, one.body.person, one.body.zone)
            for one in self.site.records(max(1, record.seq - 12))
            if one.kind == "entry.granted" and one.body.portal == record.body.portal and one.body.side == "in"
        ]
        return [*let_in, *self.books.let_in[record.body.portal]]


TestPlant = Plant.TestCase
TestPlant.__doc__ = """No sequence of events at a plant lets in anybody whom the books do not allow, lets a door stand open out
of its hours, lets anybody be alone in the room for two, or moves anybody whom no door let pass."""
TestPlant.settings = settings(
    max_examples=40, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
