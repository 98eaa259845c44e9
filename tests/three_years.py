"""Three years of the storage half of a site, driven day by day from a seed: people come and go, things move, keys are late.

The driver asks as people would, by signed requests and badges at the station, and reads the tables only to know whom to ask.
What it leaves is a history, for `three_years_books` to judge.
"""

import random
from datetime import datetime
from pathlib import Path
from typing import Any

from combination_site import APART_S, STATION, Cast, begin, combination_site, finish, operator_of, plan, state
from sites import STATION_TOML, TestSite, digest, give_right, tap

from controller.record import asks as ask
from controller.record.asks import combination as locks
from controller.record.asks import container, keeper, key

CONTAINERS, KEYS, PEOPLE, DAYS = 60, 200, 120, 3 * 365
CORE = 8
"""Persons up to here never leave: operators and the first custodians are among them."""
_DAY_S = 86_400.0
_LONG, _SHORT = 365, 150
_RENEWED = 330
"""Days after which those of the first hour get new rights; the others' lapse now and then before somebody thinks of them."""
_RELEASER = 6
"""The operator who hands keys out: person 2."""


class Years:
    """A site and the days that go by in it. `ticks` are the moments at which the controller looked at what is due."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.site: TestSite = combination_site(folder, STATION_TOML)
        self.random = random.Random(seed)
        self.ticks: list[str] = []
        self.people: set[int] = {1, 2, 5, 6, 7}
        self.suspended: set[int] = set()
        self.loans: dict[int, int] = {}
        """By key, the day on which its borrower means to bring it back."""
        self.refused: dict[str, int] = {}
        for number in range(CONTAINERS):
            self._container(number)
        while len(self.people) < PEOPLE:
            self._join()
        for number in range(KEYS):
            due = {"due_time": "17:30"} if number % 3 else {"due_minutes": 3 * 24 * 60}
            self._ask(key.RegisterKey(label=f"K{number:03}", home="lobby", opens="lab", **due), _RELEASER)
        for number in range(CONTAINERS):
            body = locks.RegisterCombination(f"safe-{number}", "dial", 6, 1 + number % 2, STATION)
            self._ask(body, 2, private={"name": "金庫"})

    def go(self, days: int) -> None:
        """So many days go by."""
        for day in range(days):
            self.site.step(_DAY_S - self.site.clock.now().timestamp() % _DAY_S)
            self._tick()
            self._bring_keys(day)
            if day % _RENEWED == _RENEWED - 1:
                self._renew()
            for chance, act in (
                (0.06, self._join), (0.06, self._leave), (0.03, self._move), (0.03, self._appoint), (0.03, self._suspend),
                (0.1, self._reinstate), (0.04, self._report), (0.04, self._share), (0.5, self._lend), (0.02, self._lose),
            ):  # fmt: skip
                if self.random.random() < chance:
                    act(day) if act == self._lend else act()  # type: ignore[call-arg]
            if day % 2:
                self._change()

    def _tick(self) -> None:
        """Until nothing more is due now."""
        self.site.committed.clear()  # else every answer is looked for among those of years
        self.site.reached.clear()
        before = -1
        while before != self.site.ledger.size:
            before = self.site.ledger.size
            self.site.step(31)
            self.site.turn()
        self.ticks.append(self.site.clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z"))

    def _ask(self, body: Any, operator: int = 1, **private: Any) -> bool:
        code = self.site.asks(body, operator, **private)
        if code is not None:
            self.refused[code] = self.refused.get(code, 0) + 1
        return code is None

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.site.ledger.connection.execute(query, values).fetchall()

    # People -----------------------------------------------------------------------------------------------------------------

    def _join(self) -> None:
        number = self.site.facts.next("person")
        self._ask(ask.RegisterPerson())
        card = digest(f"card:{number}")
        self.site.console("enrol.card", person=number, credential=card, assurance=2, label=f"{number}")
        days = _LONG if self.random.random() < 0.7 else _SHORT
        give_right(self.site, number, "lab", days=days)
        for place in self.random.sample(range(CONTAINERS), 2):
            give_right(self.site, number, f"safe-{place}", days=days)
        self.people.add(number)

    def _somebody(self) -> int | None:
        here = sorted(person for person in self.people - self.suspended if person > CORE)
        return self.random.choice(here) if here else None

    def _leave(self) -> None:
        if (person := self._somebody()) is not None and self._ask(ask.LeavePerson(person)):
            self.people.discard(person)

    def _suspend(self) -> None:
        if (person := self._somebody()) is not None and self._ask(ask.SuspendPerson(person)):
            self.suspended.add(person)

    def _reinstate(self) -> None:
        for person in sorted(self.suspended):
            self._ask(ask.ReinstatePerson(person), 2)
        self.suspended.clear()

    # Places -----------------------------------------------------------------------------------------------------------------

    def _container(self, number: int) -> None:
        body = container.RegisterContainer(f"safe-{number}", "safe", "lab" if number % 2 else "vault", "combination")
        self._ask(body, 1, private={"name": f"金庫 {number}"})
        self._entitle(number)

    def _entitle(self, number: int) -> None:
        for person in (1, 2, 5):
            give_right(self.site, person, f"safe-{number}", days=_LONG)

    def _renew(self) -> None:
        for number in range(CONTAINERS):
            self._entitle(number)
        for person in sorted(self.people - self.suspended):
            if person <= CORE or self.random.random() < 0.8:
                give_right(self.site, person, "lab", days=_LONG)

    def _move(self) -> None:
        place = f"safe-{self.random.randrange(CONTAINERS)}"
        ((zone,),) = self._rows("select zone from container where container = ?", place)
        self._ask(container.MoveContainer(place, "vault" if zone == "lab" else "lab"))

    def _appoint(self) -> None:
        number = self.site.facts.next("appointment")
        here = sorted(self.people - self.suspended)
        manager, deputy = self.random.sample(here, 2)
        if self._ask(keeper.ProposeKeeper(f"safe-{self.random.randrange(CONTAINERS)}", manager, deputy), 1):
            self._ask(keeper.ApproveKeeper(number), 2)

    # Keys -------------------------------------------------------------------------------------------------------------------

    def _lend(self, day: int) -> None:
        number, person = self.random.randint(1, KEYS), self._somebody()
        if person is not None and number not in self.loans and self._ask(key.LendKey(number, person), _RELEASER):
            self.loans[number] = day + self.random.choice((0, 0, 1, 1, 2, 9))

    def _bring_keys(self, day: int) -> None:
        for number in [number for number, until in self.loans.items() if until < day]:
            self._ask(key.ReturnKey(number), _RELEASER)
            del self.loans[number]

    def _lose(self) -> None:
        if not self.loans:
            return
        number = self.random.choice(sorted(self.loans))
        if self._ask(key.ReportKeyLost(number), _RELEASER):
            del self.loans[number]
            if self.random.random() < 0.7:
                self._ask(key.ChangeLock(number, "シリンダー"), _RELEASER)

    # Combinations -----------------------------------------------------------------------------------------------------------

    def _report(self) -> None:
        lock, reason = (
            self.random.randint(1, CONTAINERS),
            self.random.choice(("leak", "found_open", "repair", "lockout")),
        )
        self._ask(locks.ReportCombination(lock, reason), 3)

    def _share(self) -> None:
        lock = self.random.randint(1, CONTAINERS)
        entitled = self._rows("select person from access_right where zone = ? and state = 'active'", f"safe-{lock - 1}")
        told = self.random.choice(entitled)[0]
        self._ask(locks.AddKnower(lock, told, 1), operator_of(self.site, 1))

    def _change(self) -> None:
        """Whoever keeps a lock changes its number when it is due soon; now and then nobody thinks of it for weeks."""
        horizon = (self.site.clock.now().timestamp() + 4 * _DAY_S, self.random.random() < 0.85)
        for change, lock, due_at in self._rows(
            "select combination_change, combination, due_at from combination_change where state <> 'done'"
        ):
            if _stamp(due_at) < horizon[0] and horizon[1] and lock % 11:
                self._made(change, lock)
            elif lock % 11 == 0 and _stamp(due_at) < self.site.clock.now().timestamp() - 20 * _DAY_S:
                self._made(change, lock)

    def _made(self, change: int, lock: int) -> None:
        ((custodian,),) = self._rows("select custodian from combination where combination = ?", lock)
        witness = 5 if self.random.random() < 0.5 else 3 - custodian
        who = Cast(lock, change, custodian, witness, tuple({1, 2, 5} - {custodian, witness}))
        if plan(self.site, who) is not None or begin(self.site, who) is not None:
            return
        stranger = self.random.random() < 0.1
        for n, person in enumerate(who.badges):
            self.site.step(APART_S)
            self.site.turn(tap(STATION, f"card:{6 if stranger and n == 3 else person}"))
        if state(self.site, change)[1] == "dead":
            finish(self.site, who)
        else:
            self._ask(locks.BreakOffChange(change), operator_of(self.site, custodian))


def _stamp(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
