"""Key cabinets at work: who stands there, and whose time is over (C8.2). What their slots say is in `slots`.

What a session or a released slot waits for is in the tables; here are only the ends of their times, by the monotonic clock.
After a restart, or a turn that could not be recorded, nothing is known of those: sessions end, and a loan whose slot was open
goes on or ends as soon as its sensor says whether the key hangs there.
"""

from collections.abc import Iterator

import msgspec

from controller import choosing
from controller.choosing import Counter
from controller.facility import Facility
from controller.facts import Facts
from controller.inbox import SlotSeen
from controller.record.kinds.cabinet import (
    AUTHORISER,
    ENDED,
    KEY,
    LENT,
    PURPOSE,
    PUT_RIGHT,
    RESTARTED,
    TAKE,
    TIME,
    CabinetKeyChosen,
    CabinetSignedIn,
    CabinetSignedOut,
    CabinetSlotOpened,
)
from controller.record.refusals import Code
from controller.rules import cabinet_session as rule
from controller.rules.cabinet_session import Session
from controller.rules.outcome import Outcome, Refusal
from controller.storage.open_slots import SETTLE_S, OpenSlots
from controller.storage.slots import Slots
from controller.storage.use import Keyed, Presented, Stuck
from controller.storage_facts import cabinets as found
from controller.storage_facts import keys
from controller.timekeeper import Now

HELD_S = 15.0
"""So long after somebody held their badge there a key that is hung in is theirs to have brought."""


class Cabinets:
    """The key cabinets of one site. A `StationUse`, the last of them: it takes every badge at its stations."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facts = facts
        self._cabinets = facility.cabinets
        self._at = {cabinet.station: cabinet for cabinet in facility.cabinets.values()}
        self.slots = Slots(facility, facts)
        self._open = OpenSlots(facility, facts, self.slots)
        self._until: dict[str, float] = {}
        """By cabinet, when its session is over."""
        self._held: dict[str, tuple[int, float]] = {}
        """By cabinet, whose badge was held there last, and when."""
        self._looked = False
        """The tables have been looked through for what nothing here knows of."""

    # A badge, digits, a slot ----------------------------------------------------------------------------------------------

    def presented(self, tap: Presented, now: Now) -> Outcome | None:
        """A badge at a cabinet's station: somebody who wants a key, or agrees that another gets it."""
        at = self._at.get(tap.station)
        if at is None:
            return None
        self._held[at.id] = tap.person, now.seconds
        counter = self.slots.counter(at.id, now.judged)
        session = counter.session()
        before: tuple[msgspec.Struct, ...] = ()
        if session.open and self._until.get(at.id, 0.0) <= now.seconds and session.step in (KEY, PURPOSE):
            before, session = rule.sign_out(session, TIME), Session(at.id, at.zone, at.station)
        said = self._met(counter, session, tap)
        return said if not before else Outcome(before).followed_by(said)

    def _met(self, counter: Counter, session: Session, tap: Presented) -> Outcome:
        until = counter.until(counter.at.session_s)
        if not session.open or (session.person == tap.person and session.step in (KEY, PURPOSE)):
            return rule.sign_in(session, tap.person, tap.badge, until)
        if session.step == AUTHORISER:
            said = choosing.authorise(counter, session, tap.person)
            return said if isinstance(said, Outcome) else rule.refused(session, tap.person, said, session.key)
        if session.person == tap.person:
            return Outcome((), (session.play(rule.WAITING),))
        return rule.refused(session, tap.person, Refusal(Code.BUSY, "cabinet.session"))

    def stuck(self, tap: Stuck, now: Now) -> Outcome | None:
        """Stickers are nothing to a cabinet: what hangs in a slot is known by its fob."""
        return None

    def keyed(self, keyed: Keyed, now: Now) -> Outcome | None:
        """The number of a slot, or of a purpose; 0: never mind."""
        at = self._at.get(keyed.station)
        if at is None or not keyed.digits.isascii() or not keyed.digits.isdigit():
            return None
        counter = self.slots.counter(at.id, now.judged)
        session = counter.session()
        if not session.open or session.person is None:
            return None
        said = self._typed(counter, session, int(keyed.digits))
        return said if isinstance(said, Outcome) else rule.refused(session, session.person, said, session.key or None)

    def _typed(self, counter: Counter, session: Session, number: int) -> Outcome | Refusal:
        if number == 0 and session.step in (KEY, PURPOSE, AUTHORISER):
            ended = (*rule.withdrawn(session), *rule.sign_out(session, ENDED))
            return Outcome(ended, (self.slots.idle(counter.at.id),))
        if session.step == PURPOSE:
            return choosing.choose_purpose(counter, session, number)
        if session.step != KEY:
            return Refusal(Code.BUSY, "cabinet.session")
        belong = keys.in_slot(self._facts.connection, counter.at.id, number)
        if not belong:
            return Refusal(Code.SUBJECT, "body.key")
        return choosing.choose(counter, session, belong[0].leader, None)

    def seen(self, item: SlotSeen, now: Now) -> Outcome:
        """A slot says that a key came or went."""
        person, at_s = self._held.get(item.cabinet, (None, 0.0))
        by = person if person is not None and now.seconds - at_s <= HELD_S else None
        return self._open.seen(item, by, now)

    # What time brings -----------------------------------------------------------------------------------------------------

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        """Notes until when a session and an open slot wait, whoever decided them; nothing follows from that."""
        for body in records:
            match body:
                case CabinetSignedIn(cabinet=cabinet) if cabinet in self._cabinets:
                    self._until[cabinet] = now.seconds + self._cabinets[cabinet].session_s
                case CabinetKeyChosen(cabinet=cabinet, step=step) if cabinet in self._cabinets:
                    at = self._cabinets[cabinet]
                    self._until[cabinet] = now.seconds + (at.take_s if step == TAKE else at.session_s)
                case CabinetSlotOpened(cabinet=cabinet) if cabinet in self._cabinets:
                    at = self._cabinets[cabinet]
                    self._until[cabinet] = now.seconds + at.take_s + at.session_s
                case CabinetSignedOut(cabinet=cabinet, cause=cause):
                    self._until.pop(cabinet, None)
                    if cause == LENT:  # their badge was for that
                        self._held.pop(cabinet, None)
                case _:
                    self._open.note(body, now)
        return ()

    def due(self, now: Now) -> Iterator[Outcome]:
        """Sessions and open slots whose time is over; and, once, those that were left by a run before this one."""
        if not self._looked:
            self._looked = True
            yield from self._left_behind(now)
        yield from self._open.due(now)
        for cabinet, until_s in list(self._until.items()):
            if until_s <= now.seconds:
                yield self._over(cabinet, now)

    def _left_behind(self, now: Now) -> Iterator[Outcome]:
        for cabinet in self._cabinets:
            if found.wrong(self._facts.connection, cabinet):
                yield Outcome((), (self.slots.idle(cabinet),))
        for cabinet in found.open_sessions(self._facts.connection):
            if cabinet not in self._until and cabinet in self._cabinets:
                yield self._ended(cabinet, now, RESTARTED)
        self._open.left_behind(now)

    def _over(self, cabinet: str, now: Now) -> Outcome:
        session = self.slots.counter(cabinet, now.judged).session()
        if session.step == TAKE and self._open.waits(session.loan):
            self._until[cabinet] = now.seconds + SETTLE_S  # its loan says when
            return Outcome()
        del self._until[cabinet]
        return self._ended(cabinet, now, TIME)

    def _ended(self, cabinet: str, now: Now, cause: str) -> Outcome:
        """The end of a session that nobody ended; a slot that is open by it is secured."""
        session = self.slots.counter(cabinet, now.judged).session()
        ended = Outcome(rule.sign_out(session, cause), (self.slots.idle(cabinet),))
        return ended if session.step != PUT_RIGHT else ended.followed_by(self._open.shut(cabinet, session.slot))

    def wait_s(self, now: Now) -> float | None:
        """Seconds until `due` has something."""
        if not self._cabinets:
            return None
        if not self._looked:
            return 0.0
        ends = [*self._until.values(), *self._open.ends(now)]
        return max(0.0, min(ends) - now.seconds) if ends else None

    def reload(self) -> None:
        """The tables may have changed under what is kept here."""

    def lose(self) -> None:
        """A turn could not be recorded, or the process began: whatever waits is found in the tables again."""
        self._until.clear()
        self._open.lose()
        self._looked = False
