"""A site with combination locks, and ways to drive them: `register`, `plan`, `begin`, `hold`, and `whole_change` for all of it.

Whoever wants years of it calls `whole_change` for each lock that is due; nothing here looks at how the controller does it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sites import STATION_TOML, TestSite, digest, give_right, make_site, people, tap

from controller.record import asks as ask
from controller.record.asks.combination import (
    AddKnower,
    BeginChange,
    FinishChange,
    PlanChange,
    RegisterCombination,
)
from controller.record.envelope import Record

STATION = "desk"
APART_S = 5.0
"""Between two badges: one that is held too long is not two."""


def combination_site(folder: Path, text: str = STATION_TOML, **changes: Any) -> TestSite:
    """`people`, and persons 5 to 7 with rights to the lab; operator 5 is person 1, 6 is person 2, both custodians and managers'
    men; operator 7 is person 5."""
    site = people(make_site(folder, text=text, **changes))
    for person in (5, 6, 7):
        assert site.asks(ask.RegisterPerson()) is None
        site.console("enrol.card", person=person, credential=digest(f"card:{person}"), assurance=2, label=f"{person}")
        give_right(site, person, "lab")
    for person in (1, 2, 5):
        site.console("operator.add", name="管理者", roles=["custodian"], scope=["*"], person=person)
    return site


def operator_of(site: TestSite, person: int) -> int:
    """An operator who is this person and keeps locks; made where there is none."""
    row = site.ledger.connection.execute(
        "select operator from operator where person = ? and state = 'active' and roles like '%custodian%'", (person,)
    ).fetchone()
    if row is None:
        site.console("operator.add", name="管理者", roles=["custodian"], scope=["*"], person=person)
        return operator_of(site, person)
    number: int = row[0]
    return number


def one(site: TestSite, query: str, *arguments: Any) -> Any:
    """The only column of the only row, or None."""
    row = site.ledger.connection.execute(query, arguments).fetchone()
    return None if row is None else row[0]


def register(
    site: TestSite, place: str = "lab", custodian: int = 1, *, changed_on: str | None = None, **fields: Any
) -> int:
    """A lock with six digits, registered by operator 2."""
    number = site.facts.next("combination")
    body = RegisterCombination(place, "dial", 6, custodian, STATION, changed_on=changed_on, **fields)
    assert site.asks(body, 2, private={"name": f"金庫 {number}番"}) is None
    return number


def open_change(site: TestSite, lock: int) -> int | None:
    """The lock's change that is not done."""
    found: int | None = one(
        site, "select combination_change from combination_change where combination = ? and state <> 'done'", lock
    )
    return found


def state(site: TestSite, change: int) -> tuple[str, str]:
    """How the change stands, and its last step."""
    row = site.ledger.connection.execute(
        "select state, step from combination_change where combination_change = ?", (change,)
    ).fetchone()
    return row[0], row[1]


def reasons(site: TestSite, change: int | None) -> list[str]:
    """What asked for the change."""
    rows = site.ledger.connection.execute(
        "select reason from combination_reason where combination_change = ? order by seq, reason", (change,)
    )
    return [reason for (reason,) in rows]


def knowers(site: TestSite, lock: int, states: Iterable[str] = ("knows",)) -> set[int]:
    """Who is in the ledger of the lock's number, in one of these states."""
    rows = site.ledger.connection.execute("select person, state from knower where combination = ?", (lock,))
    return {person for person, state in rows if state in states}


def hold(site: TestSite, person: int, card: str = "") -> list[Record]:
    """A badge held to the station, a moment after whatever was before."""
    site.step(APART_S)
    return site.turn(tap(STATION, card or f"card:{person}"))


@dataclass
class Cast:
    """Who changes the number of a lock, and its change."""

    lock: int
    change: int
    custodian: int = 1
    witness: int = 2
    knowers: tuple[int, ...] = ()

    @property
    def badges(self) -> list[int]:
        """Whose badges come, in this order, from the beginning to before the end."""
        both = [self.custodian, self.witness]
        return [*both, self.custodian, self.custodian, self.witness, *both, *self.knowers]


def cast(site: TestSite, lock: int, custodian: int = 1, witness: int = 2, knowers: tuple[int, ...] = ()) -> Cast:
    """For the change of this lock that is open."""
    change = open_change(site, lock)
    assert change is not None
    return Cast(lock, change, custodian, witness, knowers)


def plan(site: TestSite, who: Cast) -> str | None:
    """The custodian plans it."""
    return site.asks(PlanChange(who.change, who.witness, who.knowers), operator_of(site, who.custodian))


def begin(site: TestSite, who: Cast) -> str | None:
    """The custodian calls both to the station."""
    return site.asks(BeginChange(who.change), operator_of(site, who.custodian))


def finish(site: TestSite, who: Cast, seal: str = "") -> str | None:
    """The custodian lists the envelopes, and ends it."""
    void = one(site, "select seal from combination where combination = ?", who.lock)
    return site.asks(FinishChange(who.change, void, seal), operator_of(site, who.custodian))


def whole_change(
    site: TestSite,
    lock: int,
    custodian: int = 1,
    witness: int = 2,
    knowers: tuple[int, ...] = (),
    seal: str = "",
    after: Callable[[TestSite, str], TestSite] = lambda site, step: site,
) -> Cast:
    """The open change of the lock, from the plan to the end. `after` is told each step that was recorded, and gives the site
    with which it goes on: the same, or one that was started again."""
    who = cast(site, lock, custodian, witness, knowers)
    assert plan(site, who) is None
    site = after(site, "planned")
    assert begin(site, who) is None
    for person in who.badges:
        for record in hold(site, person):
            site = after(site, record.kind)
    assert finish(site, who, seal) is None
    after(site, "finished")
    return who


def restart(site: TestSite) -> TestSite:
    """The power goes without a word, and comes again."""
    dashboard = site.dashboard
    site.close()
    again = make_site(site.folder, text=site_text(site), clock=site.clock, boot=f"boot-{site.ledger.size}")
    again.dashboard = dashboard
    return again


def site_text(site: TestSite) -> str:
    """Its settings as they were written."""
    return (site.folder / "site.toml").read_text("utf-8")


def tell(site: TestSite, lock: int, person: int, told_by: int = 1) -> str | None:
    """One more is told the number."""
    return site.asks(AddKnower(lock, person, told_by), operator_of(site, 1))
