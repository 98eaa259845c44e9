"""Ninety days of the example, made by running the rules under a stepped clock: taps, doors, requests. No row is inserted.

The same loop decides as in a running controller; only the parts and the clock are others. Chance comes from a fixed
seed, so that every demo has the same days behind it.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from ulid import ULID

from controller.actuator import NoParts
from controller.clock import SteppedClock
from controller.demo import cabinet, combinations, custody, groups, hand_keys, tethers
from controller.demo.cabinet import Counter, Errand
from controller.demo.catalogue import assets_entered, keeper_waiting, places_furnished
from controller.demo.company import EMPLOYEES, NUMBER, OPERATORS, PINS, STRANGER_IDM, DemoOperator, Employee, idm
from controller.demo.training import recorded, recorded_of
from controller.demo.transports import DONE_BEFORE, LATE_BEFORE, Carrying
from controller.desk import LONGEST_S
from controller.inbox import ConsoleAsked, ContactSeen, CredentialPresented, Input, RequestReceived
from controller.loop import Loop
from controller.pin_hashes import PinHashes
from controller.record.asks import (
    ApproveRight,
    EnrolBadge,
    RegisterPerson,
    ReleasePortal,
    RequestRight,
    RetireBadge,
    SetSpecialDay,
)
from controller.record.asks.person import LeavePerson
from controller.record.asks.review import KeepRight, OpenReview
from controller.record.canonical import canonical, timestamp
from controller.record.keys import KeyPair
from controller.record.private import Text
from controller.record.requests import make_request, name_of  # fmt: skip
from controller.record.topics import Reply
from controller.site import Site
from controller.turn import Committed
from hardware.protocols import Assurance, CardRead

_OPERATOR = {operator.login: n for n, operator in enumerate(OPERATORS, 1)}
_PURPOSE = {"office": "日常業務", "rnd": "製品開発", "proto": "試作品の製作・評価", "archive": "図面の閲覧"}
_PURPOSE |= {"samples": "サンプルの出し入れ"}


@dataclass(frozen=True, slots=True)
class Visit:
    """One tap to come: when, who, through which portal and side."""

    at: datetime
    login: str
    portal: str
    side: str = "in"


class History:
    """The example's past, appended to an empty ledger."""

    def __init__(self, site: Site, dashboard: KeyPair, start: datetime) -> None:
        self._site = site
        self._dashboard = dashboard
        self.clock = SteppedClock(start)
        self._chance = random.Random(20261122)  # noqa: S311 - an example's days, not a secret
        self._replies: list[Reply] = []
        boot = f"{self._chance.getrandbits(64):016x}"
        self._loop: Loop = site.loop(self.clock, NoParts(), boot, self._told, _pass)

    def _told(self, done: Committed) -> None:
        self._replies += [reply for _, reply in done.replies]

    def make(self, until: datetime, progress: Callable[[float], None]) -> None:
        """Everything from the first start to `until`; `progress` hears how much of it is done, from 0 to 1."""
        self._loop.start()
        self._levels()
        self._people(until)
        begin = self.clock.now()
        zone = self._site.facility.timezone
        for body, text in recorded(begin.astimezone(zone).date(), until.astimezone(zone).date()):
            self._ask("sato", body, text)
        day = begin.astimezone(zone).date() + timedelta(days=1)
        has_locks = has_keys = has_things = False
        while (morning := datetime(day.year, day.month, day.day, tzinfo=zone)) < until:
            if not has_keys and morning >= until - timedelta(days=30):
                cabinet.furnished(self._counter)
                has_keys = True
            errands = self._errands(morning, until) if has_keys else ()
            for visit in sorted((*self._day(morning), *errands), key=lambda one: one.at):
                if visit.at < until - timedelta(minutes=6):
                    self._visit(visit)
            self._happenings(day, until.astimezone(zone).date() + timedelta(days=1))
            if not has_things and morning >= until - timedelta(days=12):
                custody.begun(self._custody)
                has_things = True
            if not has_locks and morning >= until - timedelta(days=2):
                combinations.made(self._hands, day)
                hand_keys.kept(self._ask, self._key_called)
                tethers.looked_at(self._ask)
                has_locks = True
            progress(min(1.0, (morning - begin) / (until - begin)))
            day += timedelta(days=1)
        self._special_day(until)
        self.clock.step_to(until - timedelta(seconds=320))
        custody.lately(self._custody)
        self._combination_half_changed()
        self._escorted()
        self._lost_badge()
        self._pins()
        self._review_under_way(until)
        tethers.under_way(self._ask)
        self._waiting_requests()
        hand_keys.waiting(self._ask, self._key_called, self.clock.now(), self._site.facility.timezone)
        self._loop.stop()

    def _levels(self) -> None:
        """The first look at what is screwed on: every leaf is shut, every wire whole."""
        for portal in self._site.facility.portals:
            self._loop.turn([ContactSeen(portal, "leaf", False)])
        for tether in self._site.facility.tethers:
            self._loop.turn([ContactSeen(tether, "tether", True)])

    # People, badges, rights: by signed requests of the dashboard, as in life ----------------------------------------------

    def _people(self, until: datetime) -> None:
        self._console("trust", {"key": self._dashboard.public.text()})
        for operator in OPERATORS[:2]:  # two people begin, before the site knows anybody by number
            self._operator(operator, None)
        for person in EMPLOYEES:
            text = {"name": person.name, "kana": person.kana, "title": person.title, "department": person.department}
            self._ask("sato", RegisterPerson(), text)
        for operator in OPERATORS[2:]:
            self._operator(operator, NUMBER[operator.login])
        for n in range(1, len(EMPLOYEES) + 1):
            self._ask("sato", EnrolBadge(n, "main/in"))
            self._tap("main/in", idm(n))
        for n, person in enumerate(EMPLOYEES, 1):
            for zone, schedule in person.rights:
                self._right(n, zone, schedule)
        for login in ("yamada", "watanabe"):
            self._right(NUMBER[login], "samples", "always")
        row = self._site.ledger.connection.execute("select max(access_right) + 1 from access_right").fetchone()
        for login, body, text in groups.formed(self.clock.now(), row[0]):
            self._ask(login, body, text)
        tethers.listed(self._ask)

        self._places(until.astimezone(self._site.facility.timezone).date())

    def _places(self, today: date) -> None:
        """What stands where, who answers for it, and what is kept there."""
        for login, body, text in (*places_furnished(), *assets_entered(today)):
            self._ask(login, body, text)

    def _operator(self, operator: DemoOperator, person: int | None) -> None:
        name = EMPLOYEES[NUMBER[operator.login] - 1].name
        arguments = {"name": name, "roles": list(operator.roles), "scope": list(operator.scope), "person": person}
        self._console("operator.add", arguments)

    def _right(self, person: int, zone: str, schedule: str, approve: bool = True, manner: str = "own") -> None:
        now = self.clock.now()
        until = timestamp(now + timedelta(days=365))
        body = RequestRight(person, zone, schedule, timestamp(now), until, manner=manner)
        self._ask("sato", body, {"purpose": _PURPOSE[zone]})
        if approve:
            row = self._site.ledger.connection.execute("select max(access_right) from access_right").fetchone()
            self._ask("suzuki" if person != 2 else "takahashi", ApproveRight(row[0]))

    def _review_under_way(self, until: datetime) -> None:
        """Half of a review of the archive's rights is done; and somebody's last day is known."""
        today = until.astimezone(self._site.facility.timezone).date()
        self._ask("suzuki", OpenReview(("archive",), f"{today + timedelta(days=10)}"))
        given = self._site.ledger.connection.execute(
            "select access_right, decided_by, person from access_right where zone = 'archive' and state = 'active'"
        ).fetchall()
        reviewer = _OPERATOR["takahashi"]
        others = [right for right, by, person in given if by != reviewer and person != NUMBER["takahashi"]]
        for right in others[: len(others) // 2]:
            self._ask("takahashi", KeepRight(right))
        self._ask("sato", LeavePerson(len(EMPLOYEES), f"{today + timedelta(days=20)}"))

    def _escorted(self) -> None:
        """A junior who may come along only, and who has just gone into the R&D room with an escort."""
        guest, escort = NUMBER["nguyen"], NUMBER["watanabe"]
        self._right(guest, "rnd", "always", manner="escorted")
        self._right(escort, "rnd", "always", manner="escort")
        for body, text in recorded_of(guest, self.clock.now().astimezone(self._site.facility.timezone).date()):
            self._ask("sato", body, text)
        for person in (guest, escort):
            self._tap("rnd/in", idm(person))
        self._leaf("rnd", True, 1.2)
        self._leaf("rnd", False, 3)
        self._samples()

    def _samples(self) -> None:
        """One has the sample cupboard open, and another has to wait until it is shut."""
        self._tap("samples/in", idm(NUMBER["yamada"]))
        self._leaf("samples", True, 1.5)
        self._tap("samples/in", idm(NUMBER["watanabe"]))
        self._leaf("samples", False, 6)

    def _waiting_requests(self) -> None:
        """Something to decide: somebody is to join a group, and two rights that nobody has approved yet."""
        self._ask(*groups.waiting())
        self._ask(*keeper_waiting())
        self._right(10, "proto", "day", approve=False)
        self._right(33, "archive", "day", approve=False)
        today = self.clock.now().date()
        self._carrying(today, today)

    def _happenings(self, day: date, last: date) -> None:
        """What happens on some days only."""
        if day.day == 15:
            self._incidents()
        self._carrying(day, last)

    def _carrying(self, day: date, last: date) -> None:
        """What was carried on this day of the last weeks, `last` being the one behind them."""
        left, now = (last - day).days, self.clock.now()
        carrying = Carrying(self._site.ledger.connection, self._ask)
        if left in (DONE_BEFORE, LATE_BEFORE, 0):
            carrying.companies(now, left)
        if left == DONE_BEFORE:
            carrying.done(now)
        if left == LATE_BEFORE:
            carrying.under_way(now)
        if left == 0:
            carrying.waiting(now)

    def _special_day(self, until: datetime) -> None:
        """Hours on a Sunday to come, which open more than the settings and wait for a second person."""
        today = until.astimezone(self._site.facility.timezone).date()
        sunday = today + timedelta(days=13 - today.weekday())
        self._ask("suzuki", SetSpecialDay(sunday.isoformat(), "day", "09:00-15:00"), {"reason": "製造設備の移設"})

    @property
    def _hands(self) -> combinations.Hands:
        return combinations.Hands(self._ask, self._at_the_desk)

    @property
    def _custody(self) -> custody.Hands:
        return custody.Hands(self._ask, self._show, self.clock.now)

    def _show(self, reader: str, card: CardRead) -> None:
        self._pass_time(12.0)
        self._loop.turn([CredentialPresented(reader, card)])

    def _at_the_desk(self, number: bytes) -> None:
        self._pass_time(4.0)
        self._tap(combinations.STATION, number)

    def _combination_half_changed(self) -> None:
        """Two people stand at a lock just now, whose number is set and not yet witnessed."""
        rows = self._site.ledger.connection.execute(
            "select combination, combination_change from combination_change where state <> 'done'"
        )
        combinations.half_done(self._hands, dict(rows.fetchall()))

    def _key_called(self, label: str) -> int:
        """The number of the key with this label."""
        row = self._site.ledger.connection.execute("select lock_key from lock_key where label = ?", (label,)).fetchone()
        return int(row[0])

    def _incidents(self) -> None:
        """What happens once a month: a delivery let in by hand, and the dock's leaf pushed open."""
        self._ask("tanaka", ReleasePortal("dock"), {"reason": "納品業者の搬入（立会い：清水）"})
        self._leaf("dock", True, 2)
        self._leaf("dock", False, 15)
        self._pass_time(3600)
        self._leaf("dock", True, 1)
        self._leaf("dock", False, 4)

    def _pins(self) -> None:
        """Some have typed a PIN at the console, for the dock."""
        hashes = PinHashes(self._site.pepper)
        for login, (own, duress) in PINS.items():
            hashed = hashes.make(bytearray(own.encode()), bytearray(duress.encode()))
            asked = {"person": NUMBER[login], "form": hashed.form, "own": hashed.own.hex(), "duress": hashed.duress.hex()}
            self._console("pin.set", asked)

    def _lost_badge(self) -> None:
        """A badge reported lost; its owner waits for a new one."""
        row = self._site.ledger.connection.execute("select badge from badge where person = ?", (NUMBER["fujita"],))
        self._ask("tanaka", RetireBadge(row.fetchone()[0], "lost"))

    def _ask(self, login: str, body: msgspec.Struct, text: Text | None = None) -> None:
        self.clock.step(timedelta(seconds=self._chance.uniform(2, 9)))
        now = self.clock.now()
        expires = now + timedelta(seconds=10) if name_of(body) in LONGEST_S else None
        request = make_request(
            self._dashboard, self._site.facility.id, self._site.key.public, id=str(ULID.from_datetime(now)), body=body,
            private={k: v for k, v in (text or {}).items() if v}, operator=_OPERATOR[login], issued_at=now,
            expires_at=expires,
        )  # fmt: skip
        self._loop.turn([RequestReceived(canonical(request))])
        if self._replies[-1].request != request.id or self._replies[-1].code is not None:
            raise RuntimeError(
                f"the example's own request was refused: {self._replies[-1].code} {self._replies[-1].place}"
            )

    def _console(self, command: str, arguments: dict[str, Any]) -> None:
        answers: list[dict[str, Any]] = []
        self._loop.turn([ConsoleAsked(command, arguments, answers.append)])
        if answers[0]["code"] is not None:
            raise RuntimeError(f"the example's own command was refused: {answers[0]}")

    # Days -----------------------------------------------------------------------------------------------------------------

    def _day(self, morning: datetime) -> Iterator[Visit]:
        working = self._works(morning)
        for person in EMPLOYEES:
            night = ("office", "night") in person.rights or person.department == "警備"
            present = self._chance.random() < (0.7 if night else 0.93 if working else 0.03)
            if present:
                yield from self._night(person, morning) if night else self._shift(person, morning)
        if self._chance.random() < 0.25:
            yield Visit(
                morning + timedelta(hours=self._chance.uniform(9, 22)),
                "stranger",
                self._chance.choice(("main", "staff")),
            )

    def _shift(self, person: Employee, morning: datetime) -> Iterator[Visit]:
        arrive = morning + timedelta(minutes=self._chance.gauss(510, 14))
        leave = morning + timedelta(minutes=self._chance.gauss(1075, 45))
        yield Visit(arrive, person.login, self._chance.choice(("main", "staff", "staff")))
        zones = [zone for zone, _ in person.rights if zone != "office"]
        for _ in range(self._chance.randint(0, 2) if zones else 0):
            inside = arrive + (leave - arrive) * self._chance.random()
            zone = self._chance.choice(zones)
            yield Visit(inside, person.login, zone)
            yield Visit(inside + timedelta(minutes=self._chance.uniform(10, 90)), person.login, zone, "out")
        if self._chance.random() < 0.02:
            yield Visit(arrive + timedelta(hours=1), person.login, self._chance.choice(("archive", "proto", "rnd")))
        if self._chance.random() < 0.6:
            yield Visit(morning + timedelta(minutes=self._chance.gauss(727, 5)), person.login, "main", "out")
            yield Visit(morning + timedelta(minutes=self._chance.gauss(775, 8)), person.login, "main")
        yield Visit(max(leave, arrive), person.login, "staff", "out")

    def _night(self, person: Employee, morning: datetime) -> Iterator[Visit]:
        yield Visit(morning + timedelta(minutes=self._chance.gauss(1275, 6)), person.login, "staff")
        yield Visit(morning + timedelta(minutes=self._chance.gauss(1870, 6)), person.login, "staff", "out")
        if person.department == "警備":
            for hour in (22.5, 25, 28):
                for portal in ("rnd", "proto"):
                    at = morning + timedelta(hours=hour, minutes=self._chance.uniform(0, 15))
                    yield Visit(at, person.login, portal)
                    yield Visit(at + timedelta(minutes=4), person.login, portal, "out")

    def _errands(self, morning: datetime, until: datetime) -> Iterator[Errand]:
        """Who comes to the key cabinet on a working day; on the last one before today somebody keeps a key."""
        if not self._works(morning):
            return
        later = (morning + timedelta(days=n) for n in range(1, 14))
        last = not any(self._works(day) and day + timedelta(days=1) < until for day in later)
        yield from cabinet.errands(morning, self._chance, last and morning + timedelta(days=1) < until)

    def _works(self, morning: datetime) -> bool:
        holiday = self._site.facility.schedules["day"].calendar.is_holiday(morning.date())
        return morning.weekday() < 5 and not holiday

    @property
    def _counter(self) -> Counter:
        """The key cabinet, as the example uses it."""

        def is_open(slot: int) -> bool:
            query = "select 1 from lock_key where cabinet = ? and slot = ? and state = 'released'"
            return self._site.ledger.connection.execute(query, (cabinet.CABINET, slot)).fetchone() is not None

        return Counter(self._ask, self._tap, self._feed, is_open)

    def _feed(self, item: Input) -> None:
        self._pass_time(2.0)
        self._loop.turn([item])

    def _visit(self, visit: Visit | Errand) -> None:
        self.clock.step_to(visit.at)
        if isinstance(visit, Errand):
            cabinet.done(self._counter, visit)
            return
        number = NUMBER.get(visit.login, 0)
        self._tap(f"{visit.portal}/{visit.side}", idm(number) if number else STRANGER_IDM)
        if self._loop.portals[visit.portal].status != "released":
            return
        if self._chance.random() < 0.01:
            self._pass_time(6)  # nobody came
            return
        self._leaf(visit.portal, True, 1.2)
        held = self._chance.random() < 0.004
        self._leaf(visit.portal, False, 35 if held else self._chance.uniform(1.5, 4))

    def _leaf(self, portal: str, opened: bool, after_s: float) -> None:
        self._pass_time(after_s)
        self._loop.turn([ContactSeen(portal, "leaf", opened)])

    def _pass_time(self, seconds: float) -> None:
        """Steps in the pace of the deadlines that come meanwhile."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while True:
            due = self.clock.now() + timedelta(seconds=self._loop.wait_s(), milliseconds=1)
            if due >= end:
                break
            self.clock.step_to(due)
            self._loop.turn([])
        self.clock.step_to(end)

    def _tap(self, reader: str, number: bytes) -> None:
        self._pass_time(1.0)
        card = CardRead(f"felica-lite-s:{number.hex()}", Assurance.MUTUAL, f"{number[6]:02X}:{number[7]:02X}")
        self._loop.turn([CredentialPresented(reader, card)])


def _pass(_step: str) -> None:
    """Nothing is killed here."""
