"""What of keys comes by itself: a loan nobody fetched is void, a reservation ends, keys are counted (C8.2, C7.4).

The keys of each place are counted once a calendar month, and whenever its manager is another. All of it by a clock that is
trusted. When the next of it is due is kept, and asked for anew behind every record that may have changed it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import msgspec

from controller.facility import Facility
from controller.facts import Facts
from controller.record.kinds.keeper import KeeperAppointed
from controller.record.kinds.key import KeyChanged, KeyLockChanged, KeyRegistered, KeyRetired
from controller.record.kinds.key_audit import KEEPER, MONTHLY, KeyAuditBegun, KeyAuditEnded
from controller.record.kinds.key_loan import ASKED, KeyAsked, KeyReserved
from controller.rules import key_audit, key_by_hand, key_reservation
from controller.rules.clock import trusted
from controller.rules.outcome import Outcome
from controller.storage.use import Keyed, Presented, Stuck
from controller.storage_facts import keepers, key_audits, keys
from controller.storage_facts.places import Places
from controller.timekeeper import Now

MOST = 20
"""Reservations that end in one turn."""
_CHANGING = (
    KeyAsked, KeyAuditBegun, KeyAuditEnded, KeyChanged, KeyLockChanged, KeyRegistered, KeyReserved, KeyRetired,
)  # fmt: skip
"""What can make something due earlier."""


class KeyRounds:
    """One site's; belongs to the loop's thread."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts
        self._next: datetime | None = None
        self._known = False

    def due(self, now: Now) -> Iterator[Outcome]:
        """Everything of it whose time has come."""
        if not trusted(now.clock) or (self._known and (self._next is None or now.judged < self._next)):
            return
        self._known = False
        for loan in keys.loans(self._facts.connection, ASKED):
            if loan.asked_at is not None and loan.asked_at + key_by_hand.LAPSES <= now.judged:
                yield key_by_hand.lapse(loan)
        if over := keys.unused(self._facts.connection, now.judged, MOST):
            yield key_reservation.over(over)
        for place in key_audits.places(self._facts.connection):
            if (at := self._counted_next(place, now.judged)) is not None and at <= now.judged:
                number, by_two = self._facts.next("key_audit"), self._facility.keys.audit_by_two
                until = self._end_of_month(now.judged)
                yield Outcome((key_audit.opened(number, place, MONTHLY, by_two, until),))

    def wait_s(self, now: Now) -> float | None:
        """Seconds until `due` has something; None: nothing waits, or nobody knows the time."""
        if not trusted(now.clock):
            return None
        if not self._known:
            self._next, self._known = self._soonest(now.judged), True
        return None if self._next is None else (self._next - now.judged).total_seconds()

    def _soonest(self, now: datetime) -> datetime | None:
        connection = self._facts.connection
        found = [
            loan.asked_at + key_by_hand.LAPSES
            for loan in keys.loans(connection, ASKED)
            if loan.asked_at is not None
        ]
        if (unused := keys.next_unused(connection)) is not None:
            found.append(unused)
        places = key_audits.places(connection)
        found += [at for place in places if (at := self._counted_next(place, now)) is not None]
        return min(found, default=None)

    def _counted_next(self, place: str, now: datetime) -> datetime | None:
        """When the keys of the place are to be counted next: in the month behind the one in which they last were, or in which
        the first of them was registered; None while that is being done."""
        if key_audits.running(self._facts.connection, place):
            return None
        last = key_audits.last_begun(self._facts.connection, place)
        return self._month_behind(now if last is None else last)

    def _month_behind(self, at: datetime) -> datetime:
        """The first moment of the next month on the site's wall."""
        local = at.astimezone(self._facility.timezone).date()
        first = (local.replace(day=1) + timedelta(days=31)).replace(day=1)
        return datetime.combine(first, time(0), self._facility.timezone).astimezone(UTC)

    def _end_of_month(self, now: datetime) -> datetime:
        """The end of the month, and a week at least."""
        return max(self._month_behind(now), now + key_audit.TIME)

    # Stations ---------------------------------------------------------------------------------------------------------------

    def presented(self, tap: Presented, now: Now) -> Outcome | None:
        """Badges are nothing to it."""

    def stuck(self, tap: Stuck, now: Now) -> Outcome | None:
        """Nor are things."""

    def keyed(self, keyed: Keyed, now: Now) -> Outcome | None:
        """Nor is what is typed."""

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        """Where another manager answers for a place, its keys are counted: what is taken over is what there is."""
        if any(isinstance(body, _CHANGING) for body in records):
            self._known = False
        begun: list[KeyAuditBegun] = []
        for body in records:
            if isinstance(body, KeeperAppointed) and body.manager != body.manager_before:
                begun += self._taken_over(body.place, {one.place for one in begun}, len(begun), now)
        return tuple(begun)

    def _taken_over(self, place: str, beginning: set[str], before: int, now: Now) -> Iterator[KeyAuditBegun]:
        """A round for each place with keys whose manager this is: its own, and those in it without one of their own."""
        connection = self._facts.connection
        number, by_two = self._facts.next("key_audit") + before, self._facility.keys.audit_by_two
        within = {place, *Places(connection).within(place)}
        for home in key_audits.places(connection):
            kept = home == place or (home in within and keepers.own(connection, home) == (None, None))
            if kept and home not in beginning and not key_audits.running(connection, home):
                yield key_audit.opened(number, home, KEEPER, by_two, now.judged + key_audit.TIME)
                number += 1

    def reload(self) -> None:
        """Asks anew when the next is due."""
        self._known = False

    def lose(self) -> None:
        """What was begun was not recorded: it is asked for anew."""
        self._known = False
