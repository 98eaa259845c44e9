"""What stations are for in the custody ledger: a badge, then a thing (C9.1).

Whoever holds a badge to a station, and a thing within seconds, takes the thing out if they may, or has brought it back; anybody
may do that. A thing alone has been brought back by nobody who said so, or is seen where it is; where neither its place nor its
line has it, that is an alarm. Who has destroyed something types its number behind their badge, and the next badge is that of
the one who watched: nobody who only stands in the queue confirms it unawares. A station that waits for a sticker makes the next
unknown tag one.

In memory is only who stands there, for seconds, and what has just been taken: a thing that still lies there is not brought
back. To lose it is to hold the badge there again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from controller.facility import Facility
from controller.facts import Facts
from controller.record.kinds.custody import UNWITNESSED
from controller.record.kinds.person import PersonLeft
from controller.record.kinds.sticker import CustodyAstray, StickerAttached, StickerAwaited
from controller.record.refusals import Code
from controller.rules import custody, disposal, sticker
from controller.rules import station as rule
from controller.rules.clock import trusted
from controller.rules.outcome import Outcome, Refusal
from controller.rules.sticker import Learning
from controller.storage.use import Keyed, Presented, Stuck, Unknown
from controller.storage_facts import custody as facts
from controller.storage_facts import stickers
from controller.timekeeper import Now

BADGE_S = 15.0
"""So long somebody stands at a station after their badge, for the thing that belongs to it."""
SAME_S = 10.0
"""So long a thing that was just taken or brought back there may lie on the reader still."""
SECOND = "second_person"
"""What is played while the badge of another person is awaited."""
THING, ASSET = "thing", "asset"
"""What the ledger's lines are of; a key's sticker is the keys' affair."""
MOST = 20
"""Lines that lapse in one turn."""


@dataclass(frozen=True, slots=True)
class _There:
    person: int
    badge: int
    at_s: float


class Custody:
    """One site's; belongs to the loop's thread."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts
        self._there: dict[str, _There] = {}
        self._just: dict[tuple[str, str], float] = {}
        self._watching: dict[str, tuple[int, float]] = {}
        """By station, the line for whose witness it waits, and since when."""
        self._learning: dict[str, Learning] = {}
        self.reload()

    # At a station ---------------------------------------------------------------------------------------------------------

    def noticed(self, tap: Presented, now: Now) -> None:
        """Somebody stands there now, whoever is asked what for."""
        if tap.station not in self._learning:
            self._there[tap.station] = _There(tap.person, tap.badge, now.seconds)

    def presented(self, tap: Presented, now: Now) -> Outcome | None:
        """A badge that is no sticker; that of who watched a destruction; or one with which a thing will come."""
        learning = self._learning.get(tap.station)
        if learning is not None and sticker.waits(learning, now.judged):
            return self._learned(sticker.learn(learning, "badge", "", is_badge=True, names=None))
        if (ended := self._watched(tap, now)) is not None:
            return ended
        self._there[tap.station] = _There(tap.person, tap.badge, now.seconds)
        return Outcome() if stickers.any_attached(self._facts.connection) else None

    def _before(self, station: str, now: Now) -> _There | None:
        there = self._there.get(station)
        return there if there is not None and 0 <= now.seconds - there.at_s <= BADGE_S else None

    def _watched(self, tap: Presented, now: Now) -> Outcome | None:
        """The badge of somebody else than who destroyed it, at the station that waits for that."""
        number, since = self._watching.pop(tap.station, (0, 0.0))
        line = facts.line(self._facts.connection, number) if 0 <= now.seconds - since <= BADGE_S and number else None
        if line is None:
            return None
        self._there.pop(tap.station, None)
        said = disposal.witness(line, tap.person, station=tap.station)
        if isinstance(said, Outcome):
            return said
        refused = rule.refused(tap.station, tap.zone, said)
        people = (msgspec.structs.replace(body, person=tap.person, badge=tap.badge) for body in refused.records)
        return Outcome(tuple(people), refused.effects)

    def stuck(self, tap: Stuck, now: Now) -> Outcome | None:
        """A thing: taken, brought back, seen, or astray."""
        learning = self._learning.get(tap.station)
        if learning is not None and sticker.waits(learning, now.judged):
            return self._learned(sticker.learn(learning, "sticker", "", is_badge=False, names=tap.thing))
        named = stickers.named(tap.thing)
        if named is None or named[0] not in (THING, ASSET):
            return None
        there = self._before(tap.station, now)
        just = self._just.get((tap.station, tap.thing))
        if there is None and just is not None and 0 <= now.seconds - just <= SAME_S:
            self._just[tap.station, tap.thing] = now.seconds
            return Outcome()
        self._there.pop(tap.station, None)
        said = sticker.held(self._held(tap, named, there, now), now.judged)
        if isinstance(said, Refusal):
            return self._refused(tap, said, there)
        self._just = {key: at for key, at in self._just.items() if 0 <= now.seconds - at <= SAME_S}
        self._just[tap.station, tap.thing] = now.seconds
        alarm = any(isinstance(body, CustodyAstray) for body in said.records)
        return Outcome(said.records, (rule.play(tap.station, rule.REFUSED),)) if alarm else said

    def _held(self, tap: Stuck, named: tuple[str, int], there: _There | None, now: Now) -> sticker.Held:
        """What is known of the thing, and of who holds it."""
        connection = self._facts.connection
        sort, number = named
        thing, asset = (number, None) if sort == THING else (None, number)
        out = facts.out(connection, thing, asset)
        kept = stickers.kept(connection, tap.thing)
        person = None if there is None else there.person
        approved = None if person is None else facts.approved(connection, thing, asset, person, now.judged)
        return sticker.Held(
            tap.thing,
            tap.station,
            tap.zone,
            frozenset() if kept is None else facts.rooms(connection, kept.place),
            person,
            out,
            gone=kept is None,
            goal=frozenset() if out is None else facts.rooms(connection, out.place),
            approved=approved,
            carrier=None if approved is None else facts.carrier(connection, approved.person, approved.kept.place, now.judged),
        )

    def _refused(self, tap: Stuck, refusal: Refusal, there: _There | None) -> Outcome:
        """The refusal, with whose badge it was and what they wanted."""
        said = rule.refused(tap.station, tap.zone, refusal, thing=tap.thing)
        person, badge = (None, None) if there is None else (there.person, there.badge)
        return Outcome(
            tuple(msgspec.structs.replace(body, person=person, badge=badge) for body in said.records), said.effects
        )

    def keyed(self, keyed: Keyed, now: Now) -> Outcome | None:
        """The number of what whoever stands there has destroyed: the next badge is that of who watched."""
        there, digits = self._before(keyed.station, now), keyed.digits
        numbered = digits.isascii() and digits.isdigit() and len(digits) < 10
        line = facts.line(self._facts.connection, int(digits)) if there and numbered else None
        if line is None or there is None or line.state != UNWITNESSED or line.person != there.person:
            return None
        self._watching[keyed.station] = (line.custody, now.seconds)
        return Outcome((), (rule.play(keyed.station, SECOND),))

    def unknown(self, tap: Unknown, now: Now) -> Outcome | None:
        """A tag that nobody knows: the sticker that the station waits for."""
        learning = self._learning.get(tap.station)
        if learning is None or not sticker.waits(learning, now.judged):
            return None
        return self._learned(sticker.learn(learning, tap.credential, tap.label, is_badge=False, names=None))

    def _learned(self, said: sticker.Learned) -> Outcome:
        self._learning.pop(said.station, None)
        signal = rule.GRANTED if isinstance(said, StickerAttached) else rule.REFUSED
        return Outcome((said,), (rule.play(said.station, signal),))

    # What follows, and what is due ----------------------------------------------------------------------------------------

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        """Who has left begins nothing any more; and a station that is to learn a sticker begins to wait."""
        lapsed: list[msgspec.Struct] = []
        for body in records:
            if isinstance(body, PersonLeft):
                waiting = facts.waiting_of(self._facts.connection, body.person)
                lapsed += [custody.lapse(line, Code.ACTIVE_PERSON) for line in waiting]
            elif isinstance(body, StickerAwaited):
                self._there.pop(body.station, None)
        return tuple(lapsed)

    def due(self, now: Now) -> Iterator[Outcome]:
        """Stations that waited in vain, and lines that nobody began in time: those by a clock that is trusted alone."""
        for learning in list(self._learning.values()):
            if not sticker.waits(learning, now.judged):
                yield self._learned(sticker.lapse(learning))
        if trusted(now.clock) and (late := facts.stale(self._facts.connection, now.judged, MOST)):
            yield Outcome(tuple(custody.lapse(line, Code.VALIDITY) for line in late))

    def wait_s(self, now: Now) -> float | None:
        """Seconds until one of those; None: nothing waits."""
        waits = [(learning.until_at - now.judged).total_seconds() for learning in self._learning.values()]
        stale = facts.next_stale(self._facts.connection) if trusted(now.clock) else None
        if stale is not None:
            waits.append((stale - now.judged).total_seconds())
        return max(0.0, min(waits)) if waits else None

    def reload(self) -> None:
        """Reads again which stations wait for a sticker."""
        self._learning = stickers.waiting(self._facts.connection)

    def lose(self) -> None:
        """A turn could not be recorded: nobody stands anywhere because of it."""
        self._there.clear()
        self._just.clear()
        self._watching.clear()
