"""What is owed by a day: how a noun says that somebody has to be chased for something, and that it is settled.

A noun's `rows()` adds `owed(…)` where something with a date begins (a loan, a take-out, a combination's year) and `settled(…)`
where it ends. Whatever is owed again under the same number begins anew: a loan that is handed over, a date that is put off.
From there one tick (`controller.storage.due`) does all the chasing. Pure, and in the published language: both sides fold it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from controller.record.canonical import moment, timestamp
from controller.record.tables.shape import Delete, Upsert

AHEAD, SOON, TODAY, OVERDUE, ESCALATED = "ahead", "soon", "today", "overdue", "escalated"

STAGES = (AHEAD, SOON, TODAY, OVERDUE, ESCALATED)
"""In order. Nothing goes back to an earlier one, but by a clock that turned out to have run ahead."""

LATE = frozenset({OVERDUE, ESCALATED})
"""The stages in which it is an alarm."""


@dataclass(frozen=True, slots=True)
class Leads:
    """How one sort of thing is chased. None: without that stage."""

    ahead: timedelta | None = None
    """So long before it is due, the first word."""
    soon: timedelta | None = None
    today: bool = False
    """Whether it is told at the beginning of its last day."""
    escalate_h: int = 8
    """So many business hours after it was due it goes to those who answer for the place, and then on each business day."""

    @property
    def first(self) -> timedelta:
        """How long before it is due it is first looked at; none of it for what is only told when it is late."""
        known = [lead for lead in (self.ahead, self.soon) if lead is not None]
        return max(known, default=timedelta())


_DAY = timedelta(days=1)

SORTS: Mapping[str, Leads] = {
    "loan": Leads(soon=timedelta(minutes=30), escalate_h=2),
    "reservation": Leads(soon=timedelta(minutes=30), escalate_h=8),
    "key_audit": Leads(ahead=7 * _DAY, today=True),
    "lock_change": Leads(ahead=7 * _DAY, soon=_DAY, today=True, escalate_h=4),
    "combination": Leads(ahead=30 * _DAY, soon=7 * _DAY, today=True),
    "change": Leads(ahead=3 * _DAY, soon=_DAY, today=True, escalate_h=4),
    "custody": Leads(soon=_DAY, today=True),
    "transport": Leads(escalate_h=2),
    "receipt": Leads(escalate_h=8),
    "carrier": Leads(ahead=30 * _DAY, soon=7 * _DAY, today=True),
    "tether_round": Leads(ahead=7 * _DAY, today=True),
    "asset": Leads(ahead=30 * _DAY, soon=7 * _DAY, today=True),
    "keeper": Leads(),
}
"""The sorts of things that fall due (C8.2, C8.3, C8.4, C4.1, C8.6, C8.13, C1.1, C3.1), each with when it is told."""


def duty(sort: str, number: int) -> str:
    """The key of a due thing in the table `due`."""
    return f"{sort}:{number}"


def owed(sort: str, number: int, due_at: str, place: str = "", person: int | None = None) -> Upsert:
    """From now on this is due at `due_at` (a record's timestamp: the moment at which it is over).

    `place` is the zone or container it is about, whose keeper answers for it; `person` whoever has to do it, None for the
    keeper. Raises ValueError for a `due_at` of another form and KeyError for a sort without leads: both are bugs of a kind.
    """
    lead = SORTS[sort].first
    first = max(moment(due_at), _BEGINNING + lead) - lead
    return Upsert(
        "due",
        {
            "due": duty(sort, number),
            "sort": sort,
            "number": number,
            "due_at": due_at,
            "place": place,
            "person": person,
            "stage": "",
            "next_at": timestamp(first),
            "reached_at": None,
            "told": 0,
            "seq": 0,
        },
    )


def settled(sort: str, number: int) -> Delete:
    """This is due no more: done, or called off."""
    return Delete("due", {"due": duty(sort, number)})


_BEGINNING = moment("0001-03-01T00:00:00.000000Z")
"""No calendar is asked for what lies before: a date that somebody mistyped into the year 1 is overdue all the same."""
