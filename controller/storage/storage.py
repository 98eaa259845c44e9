"""Stations at work: whose badge was held there or which thing, and which use it is for.

Nothing opens here. A tap is identified as at a door, by the same checks; then the uses are asked in order, and the first that
answers has it. What waits at a station waits in a use's memory and is harmless to lose; what was confirmed is a record.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec

from controller.facility import Facility, StationAt
from controller.facts import Facts
from controller.inbox import SlotSeen
from controller.record.kinds.station import StationRefused
from controller.record.refusals import Code
from controller.rules import station as rule
from controller.rules.access import BadgeFact, Tap
from controller.rules.effects import PlaySignal
from controller.rules.outcome import Outcome, Refusal
from controller.storage.container_use import ContainerUse
from controller.storage.repeats import Repeats
from controller.storage.tethers import Tethers
from controller.storage.use import Keyed, Notices, Presented, StationUse, Stuck, TakesSlots, TakesUnknown, Unknown
from controller.storage.uses import uses_of
from controller.storage_facts import stickers
from controller.timekeeper import Now

ROUNDS = 16
"""So many times something follows from what followed; more is a circle, and a bug."""

_Asking = Callable[[StationUse], Outcome | None]


class Storage:
    """One site's; belongs to the loop's thread."""

    def __init__(self, facility: Facility, facts: Facts, uses: Sequence[StationUse] | None = None) -> None:
        self._facility = facility
        self._facts = facts
        self.uses = tuple(uses_of(facility, facts) if uses is None else uses)
        self.tethers = Tethers(facility, facts)
        self.containers = ContainerUse(facility, facts)
        self._repeats = Repeats()

    def tapped(self, id: str, tap: Tap, known: BadgeFact | None, now: Now) -> Outcome:
        """A badge or a sticker at a station. A badge is a badge first, whatever it is stuck to."""
        station = self._facility.stations[id]
        thing = stickers.thing_of(self._facts.connection, tap.credential) if known is None and tap.credential else None
        if thing is not None:
            stuck = Stuck(id, station.zone, thing)
            return self._answered(station, lambda use: use.stuck(stuck, now), now, tap, thing=thing)
        found = rule.identify(tap, known, station.zone, station.least_assurance, now.judged)
        if isinstance(found, Refusal):
            taken = self._unknown(station, tap, now) if known is None and tap.credential else None
            return taken or self._refused(station, found, now, tap, known)
        presented = Presented(id, station.zone, found.person, found.badge, tap.assurance)
        return self._answered(station, lambda use: use.presented(presented, now), now, tap, known, notice=presented)

    def keyed(self, id: str, digits: str, now: Now) -> Outcome:
        """Something was typed at a station. When nobody waits for it, it is not recorded: it may have been a PIN by mistake."""
        asked = Keyed(id, digits)
        said = self._first(lambda use: use.keyed(asked, now), None, now)
        return Outcome((), (rule.play(id, rule.REFUSED),)) if said is None else self._shown(id, said, now)

    def slot(self, item: SlotSeen, now: Now) -> Outcome:
        """A slot of a key cabinet says something."""
        return next((use.seen(item, now) for use in self.uses if isinstance(use, TakesSlots)), Outcome())

    def refuse(self, id: str, now: Now) -> Outcome:
        """What a tap comes to that stopped the controller before: nothing of it is looked at."""
        return self._refused(self._facility.stations[id], Refusal(Code.INTERNAL, "input"), now)

    def _unknown(self, station: StationAt, tap: Tap, now: Now) -> Outcome | None:
        """A card that is nobody's badge and no sticker yet, where a use waits for one; None where none does."""
        seen = Unknown(station.id, station.zone, tap.credential, tap.label)
        for use in self.uses:
            if isinstance(use, TakesUnknown) and (said := use.unknown(seen, now)) is not None:
                return self._shown(station.id, said, now)
        return None

    def _answered(
        self, station: StationAt, asking: _Asking, now: Now, tap: Tap, known: BadgeFact | None = None, thing: str = "",
        notice: Presented | None = None,
    ) -> Outcome:  # fmt: skip
        said = self._first(asking, notice, now)
        if said is None:
            return self._refused(station, Refusal(Code.NOTHING_WAITS, "station"), now, tap, known, thing)
        return self._shown(station.id, said, now)

    def _first(self, asking: _Asking, notice: Presented | None, now: Now) -> Outcome | None:
        """The first answer of a use; the others are not asked, but told who stands there where that matters to them."""
        for n, use in enumerate(self.uses):
            if (said := asking(use)) is not None:
                for other in self.uses[n + 1 :]:
                    if notice is not None and isinstance(other, Notices):
                        other.noticed(notice, now)
                return said
        return None

    def _refused(
        self,
        station: StationAt,
        refusal: Refusal,
        now: Now,
        tap: Tap = rule.NOBODY,
        known: BadgeFact | None = None,
        thing: str = "",
    ) -> Outcome:
        return self._shown(station.id, rule.refused(station.id, station.zone, refusal, tap, known, thing), now)

    def _shown(self, station: str, said: Outcome, now: Now) -> Outcome:
        """The outcome with its signal, unless a use plays its own; a refusal that is the same again is counted only."""
        refused = [body for body in said.records if isinstance(body, StationRefused)]
        counted = [body for body in refused if not self._repeats.take(body, now.seconds)]
        records = tuple(body for body in said.records if body not in counted)
        if any(isinstance(effect, PlaySignal) and effect.reader == station for effect in said.effects):
            return replace(said, records=records)
        taken = rule.GRANTED if said.records else rule.WAITING
        signal = rule.play(station, rule.REFUSED if refused else taken)
        return replace(said, records=records, effects=(*said.effects, signal))

    # What follows, and what is due ------------------------------------------------------------------------------------------

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        """What follows from these records, and from what follows, until nothing does. Raises RuntimeError in a circle."""
        followed: list[msgspec.Struct] = []
        fresh = records
        for _ in range(ROUNDS):
            if not fresh:
                return tuple(followed)
            own = tuple(self.containers.followed(fresh))
            fresh = (*own, *(body for use in self.uses for body in use.followed(fresh, now)))
            followed += fresh
        raise RuntimeError(f"what follows does not end: {type(fresh[0]).__name__ if fresh else ''}")

    def due(self, now: Now) -> Iterator[Outcome]:
        """Everything whose time has come."""
        if counts := self._repeats.due(now.seconds):
            yield Outcome(counts)
        yield from self.tethers.due(now)
        for use in self.uses:
            yield from use.due(now)

    def wait_s(self, now: Now) -> float | None:
        """Seconds until `due` has something; None: nothing waits."""
        own = (self._repeats.wait_s(now.seconds), self.tethers.wait_s(now))
        waits = [*own, *(use.wait_s(now) for use in self.uses)]
        return min((wait for wait in waits if wait is not None), default=None)

    def reload(self) -> None:
        """Reads again what is kept from the tables."""
        self.tethers.reload()
        for use in self.uses:
            use.reload()

    def lose(self) -> None:
        """A turn could not be recorded: nobody waits at a station because of it."""
        self._repeats.lose()
        for use in self.uses:
            use.lose()
