"""What asks for a change of a lock's number (C8.3, C8.4): which records may, and what is asked for by how things stand.

`FOLLOWS` says after which kinds of records it is looked at what a lock needs; `needs` says, of the facts of one lock, what it
needs, whatever brought that about. So a right that lapses by its date, and a record of a kind that nobody thought of, are seen
by the next look, and the table is only what makes it the same turn.

The superset of METI's seed, 5 CFR 1312.25, 32 CFR 117.15 and NIST PE-3g: see the table of sources in the README.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.kinds.change import Reason
from controller.record.kinds.combination import RETIRING, URGENT
from controller.record.schedule import WallClock

FOLLOWS: dict[str, tuple[str, ...]] = {
    "combination.registered": ("installation",),
    "combination.appointed": ("manager",),
    "combination.relocated": ("relocation",),
    "combination.retired": ("retirement",),
    "combination.reported": ("leak", "found_open", "repair", "lockout"),
    "container.moved": ("relocation",),
    "keeper.appointed": ("manager",),
    "keeper.ended": ("manager",),
    "container.retired": ("knower_removed",),
    "knower.added": ("knower_added",),
    "knower.removed": ("knower_removed",),
    "person.left": ("knower_removed",),
    "person.suspended": ("knower_removed", "manager"),
    "person.reinstated": ("manager",),
    "person.erased": ("knower_removed",),
    "person.changed": ("knower_removed",),
    "right.revoked": ("knower_removed",),
    "right.suspended": ("knower_removed",),
    "right.kept": ("knower_removed",),
    "membership.ended": ("knower_removed",),
    "group.closed": ("knower_removed",),
    "site.configured": ("relocation", "manager"),
    "combination.changed": ("age",),
    "combination.change_planned": ("knower_removed",),
    "clock.trusted": ("age", "knower_removed"),
}
"""By kind of record, the triggers that may follow from it. Age follows from none: its day comes."""

AHEAD = timedelta(days=30)
"""So long before a number is too old, its change is opened."""

_NEW_NUMBER_STANDS = frozenset({"age"})
"""After which a number that was set in a change that is not over yet is still good."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The site's settings: days from the change to the next, and from a trigger to the change."""

    max_age_days: int = 365
    change_days: int = 7
    leak_days: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """What a lock's number was last accounted with, and how things stand now."""

    state: str
    installed: bool
    """Whether it still has its factory's number."""
    manager: int | None
    manager_now: int | None
    stands: str
    stands_now: str
    """Where it stands; empty when nobody knows."""
    removed: tuple[int, ...]
    """The people who know the number and shall not."""
    due_at: datetime | None


def needs(standing: Standing, known: Collection[Reason], opened: bool, now: datetime | None) -> tuple[Reason, ...]:
    """What asks for a change and is not among the reasons that are known of the open one. `opened`: there is one.

    `now` None: the clock is not trusted, and nothing is said of what only a day brings about.
    """
    found: list[Reason] = []
    if standing.installed and not opened:
        found.append(Reason("installation"))
    if standing.stands_now and standing.stands_now != standing.stands:
        found.append(Reason("relocation"))
    if None not in (standing.manager, standing.manager_now) and standing.manager != standing.manager_now:
        found.append(Reason("manager"))
    found += [one for one in (Reason("knower_removed", person) for person in standing.removed) if one not in known]
    if standing.state == RETIRING and Reason("retirement") not in known:
        found.append(Reason("retirement"))
    ages = now is not None and standing.due_at is not None and now >= standing.due_at - AHEAD
    if ages and not opened and not found:
        found.append(Reason("age"))
    return tuple(found)


def due_at(reasons: Sequence[Reason], terms: Terms, wall: WallClock, of_age: datetime | None) -> datetime:
    """When a change for these reasons is due: the end of a day; never after the number is too old."""
    days = (terms.leak_days if one.reason in URGENT else terms.change_days for one in reasons if one.reason != "age")
    ends: list[datetime] = [wall.end_of(wall.today + timedelta(days=least)) for least in days]
    return min([*ends, *([] if of_age is None else [of_age])])


def too_old_at(terms_days: int, wall: WallClock) -> datetime:
    """The end of the last day on which a number that is set today is not older than so many days."""
    return wall.end_of(wall.today + timedelta(days=terms_days - 1))


def undoes(reason: Reason, holders: Collection[int]) -> bool:
    """Whether by this a number that was set in a change, and that these people know, counts no more."""
    if reason.reason == "knower_removed":
        return reason.person in holders
    return reason.reason not in _NEW_NUMBER_STANDS
