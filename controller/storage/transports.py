"""Handovers of transports at a station (C8.6): the carrier's badge, and within two minutes that of the other side.

A badge that is held there for something else must confirm nothing unawares. So the carrier begins, and behind that only the
badge of who packed it counts, or of who recorded that it came. Anybody else of that side, and who confirms alone because the
other has done so elsewhere, types a 0 and the order's number first. What waits here waits in memory, at most one handover a
station; after a power cut it is begun again, and the tables say where.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from controller.facts import Facts
from controller.record.kinds.station import StationRefused
from controller.record.kinds.transport import BADGE, CARRIER, DISPATCH, RECIPIENT, SENDER
from controller.record.refusals import Code
from controller.rules import station as signals
from controller.rules.handover import STAGES, TOGETHER_S, Confirmer, confirm
from controller.rules.outcome import Outcome, Refusal
from controller.rules.transport import Confirmed, Order
from controller.storage.use import Keyed, Presented, Stuck
from controller.storage_facts import transports
from controller.timekeeper import Now

TYPED_S = 30.0
"""So long a number that was typed waits for a badge."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A handover that waits at a station: typed, or begun by its carrier's badge."""

    transport: int
    until_s: float
    carrier: int | None
    typed: bool = False


class Transports:
    """The use. It belongs to the loop's thread."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._waiting: dict[str, _Waiting] = {}

    def presented(self, tap: Presented, now: Now) -> Outcome | None:
        """The carrier's badge begins, another's completes."""
        waits = self._waits(tap.station, now)
        if waits is None:
            return self._begin(tap, now)
        order = transports.one(self._facts.connection, waits.transport)
        if order is None or order.state not in STAGES or not self._is_here(order, tap.zone):
            self._waiting.pop(tap.station, None)
            return self._begin(tap, now)
        if tap.person == order.person:
            return self._carrier(tap, order, waits, now)
        awaited = waits.typed or tap.person == _handling(order)
        return self._other(tap, order, waits, now) if awaited else None

    def stuck(self, tap: Stuck, now: Now) -> Outcome | None:
        """A thing says nothing about who hands it over."""
        return None

    def keyed(self, keyed: Keyed, now: Now) -> Outcome | None:
        """A 0 and the number of an order that waits for a handover here: the next badge is about that one.

        The 0 tells it from the number of a key's slot, which somebody else may have typed.
        """
        digits = keyed.digits
        if not digits.isascii() or not digits.isdigit() or len(digits) > 9 or not digits.startswith("0"):
            return None
        order = transports.one(self._facts.connection, int(digits))
        zone = transports.zone_of(self._facts.connection, keyed.station)
        if order is None or order.state not in STAGES or not self._is_here(order, zone):
            return None
        self._waiting[keyed.station] = _Waiting(order.transport, now.seconds + TYPED_S, None, typed=True)
        return Outcome()

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        """Nothing follows."""
        return ()

    def due(self, now: Now) -> Iterator[Outcome]:
        """What is owed by a day is chased with everything else that is; here nothing is."""
        yield from ()

    def wait_s(self, now: Now) -> float | None:
        """Nothing happens when a handover has waited too long: it does not wait any more."""
        return None

    def reload(self) -> None:
        """Nothing is kept from the tables."""

    def lose(self) -> None:
        """Nobody waits any more."""
        self._waiting.clear()

    def _waits(self, station: str, now: Now) -> _Waiting | None:
        found = self._waiting.get(station)
        if found is not None and found.until_s <= now.seconds:
            del self._waiting[station]
            return None
        return found

    def _begin(self, tap: Presented, now: Now) -> Outcome | None:
        """The badge of a carrier for whom something waits here; nobody else's says anything."""
        here = [
            order for order in transports.waiting(self._facts.connection, tap.person)
            if self._is_here(order, tap.zone) and (STAGES[order.state], _side(order)) not in order.confirmed
        ]  # fmt: skip
        if not here:
            return None
        if len(here) > 1:
            return _refused(tap, Refusal(Code.SUBJECT, "transport"), 0)
        return self._wait(tap, here[0], now)

    def _is_here(self, order: Order, zone: str) -> bool:
        return transports.takes_place_in(self._facts.connection, order, zone)

    def _wait(self, tap: Presented, order: Order, now: Now, typed: bool = False) -> Outcome:
        self._waiting[tap.station] = _Waiting(order.transport, now.seconds + TOGETHER_S, tap.person, typed)
        return Outcome(effects=(signals.play(tap.station, "second_person"),))

    def _carrier(self, tap: Presented, order: Order, waits: _Waiting, now: Now) -> Outcome:
        """The carrier's badge: where the number was typed and the other side has confirmed, that is all there is to it."""
        alone = waits.carrier is None and (STAGES[order.state], _side(order)) in order.confirmed
        if not alone:
            return self._wait(tap, order, now, waits.typed)
        return self._done(tap, order, confirm(order, CARRIER, order.contents_sha256, *self._who(tap, order, now)))

    def _other(self, tap: Presented, order: Order, waits: _Waiting, now: Now) -> Outcome:
        """The other side's badge: behind the carrier's it concludes the handover, behind the number it is that side's word."""
        stage, first = STAGES[order.state], Outcome()
        if waits.carrier is not None and (stage, CARRIER) not in order.confirmed:
            carrier = replace(tap, person=waits.carrier)
            said = confirm(order, CARRIER, order.contents_sha256, *self._who(carrier, order, now))
            if isinstance(said, Refusal):
                return self._done(tap, order, said)
            first = said
            order = replace(order, confirmed={**order.confirmed, (stage, CARRIER): Confirmed(waits.carrier)})
        second = confirm(order, _side(order), order.contents_sha256, *self._who(tap, order, now))
        return self._done(tap, order, second if isinstance(second, Refusal) else first.followed_by(second))

    def _who(self, tap: Presented, order: Order, now: Now) -> tuple[Confirmer, Refusal | None]:
        connection = self._facts.connection
        place = order.from_place if STAGES[order.state] == DISPATCH else order.to_place
        standing = transports.standing(connection, tap.person, place, now.judged)
        against = transports.carrying(connection, order.person, order.carrier, order.from_place, now.judged)
        return Confirmer(BADGE, standing, station=tap.station), against

    def _done(self, tap: Presented, order: Order, said: Outcome | Refusal) -> Outcome:
        """What was confirmed waits no more; after a refusal the right badge may still come."""
        if isinstance(said, Refusal):
            return _refused(tap, said, order.transport)
        self._waiting.pop(tap.station, None)
        return said


def _side(order: Order) -> str:
    """Who stands on the other side of the carrier."""
    return SENDER if STAGES[order.state] == DISPATCH else RECIPIENT


def _handling(order: Order) -> int | None:
    """Who has had it in hand last: who packed it, or who recorded that it came."""
    return order.packer if STAGES[order.state] == DISPATCH else order.arriver


def _refused(tap: Presented, refusal: Refusal, transport: int) -> Outcome:
    thing = f"transport:{transport}" if transport else ""
    record = StationRefused(
        tap.station, tap.zone, refusal.code, refusal.place, "", "", tap.person, tap.badge, thing, tap.assurance, 1
    )
    return Outcome((record,))
