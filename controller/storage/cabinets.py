"""Key cabinets at work: who stands there, and whose time is over (C8.2). What their slots say is in `slots`.

What a session or a released slot waits for is in the tables; here are only the ends of their times, by the monotonic clock.
After a restart, or a turn that could not be recorded, nothing is known of those: sessions end, and a loan whose slot was open
goes on or ends as soon as its sensor says whether the key hangs there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from controller import choosing
from controller.choosing import Counter
from controller.facility import Facility
from controller.facts import Facts
from controller.inbox import SlotSeen
from controller.record.kinds import key_loan
from controller.record.kinds.cabinet import (
    AUTHORISER,
    ENDED,
    KEY,
    LENT,
    NOT_TAKEN,
    PURPOSE,
    PUT_RIGHT,
    RESTARTED,
    TAKE,
    TIME,
    CabinetKeyChosen,
    CabinetSignedIn,
    CabinetSignedOut,
    CabinetSlotLetGo,
    CabinetSlotOpened,
)
from controller.record.kinds.key_loan import HAND, KeyCancelled, KeyLent, KeyReleased
from controller.record.kinds.site import PartFailed, PartRecovered
from controller.record.refusals import Code
from controller.rules import cabinet as slot_rule
from controller.rules import cabinet_session as rule
from controller.rules.cabinet_session import Session
from controller.rules.effects import ReleaseSlot, SecureSlot
from controller.rules.key_loan import cancel
from controller.rules.outcome import Outcome, Refusal
from controller.storage.slots import Slots
from controller.storage.use import Keyed, Presented, Stuck
from controller.storage_facts import cabinets as found
from controller.storage_facts import keys
from controller.timekeeper import Now

SETTLE_S = 1.0
"""After a slot is secured because no hand was seen there, so long its sensor may still tell of one."""
MOST_IN_VAIN, STUCK = 2, "stuck"
HELD_S = 15.0
"""So long after somebody held their badge there a key that is hung in is theirs to have brought."""


@dataclass(slots=True)
class _Take:
    """A slot that is open for a loan: until when, and why that ends it; whether it was secured again since."""

    cabinet: str
    slot: int
    until_s: float
    cause: str
    secured: bool = False
    opened: bool = True
    """Whether the slot was released by the record itself; else it is by us, as soon as that is durable."""


class Cabinets:
    """The key cabinets of one site. A `StationUse`, the last of them: it takes every badge at its stations."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facts = facts
        self._cabinets = facility.cabinets
        self._at = {cabinet.station: cabinet for cabinet in facility.cabinets.values()}
        self.slots = Slots(facility, facts)
        self._until: dict[str, float] = {}
        """By cabinet, when its session is over."""
        self._takes: dict[int, _Take] = {}
        """By loan, the slot that is open for it."""
        self._held: dict[str, tuple[int, float]] = {}
        """By cabinet, whose badge was held there last, and when."""
        self._looked = False
        """The tables have been looked through for what nothing here knows of."""
        self._let_go: dict[tuple[str, int], float] = {}
        """By slot, until when it is open by an operator's word."""
        self._in_vain: dict[tuple[str, int], int] = {}
        """How often in a row nobody took the key of a slot that was open for them."""

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
        for loan, take in list(self._takes.items()):
            if (take.cabinet, take.slot) == (item.cabinet, item.slot):
                if item.present:
                    return self.slots.stays(item)
                if take.cause == HAND:
                    del self._takes[loan]
        person, at_s = self._held.get(item.cabinet, (None, 0.0))
        by = person if person is not None and now.seconds - at_s <= HELD_S else None
        said = self.slots.seen(item, by, now.judged, (item.cabinet, item.slot) in self._let_go)
        return said if item.present else self._moves_again(item).followed_by(said)

    def _moves_again(self, item: SlotSeen) -> Outcome:
        """A sensor that says that a slot is empty does not stick."""
        self._in_vain.pop((item.cabinet, item.slot), None)
        part = self._cabinets[item.cabinet].slots[item.slot].present
        return Outcome((PartRecovered(part),) if self._facts.failed_parts().get(part) == STUCK else ())

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
                case CabinetSlotLetGo(cabinet=cabinet, slot=slot) if cabinet in self._cabinets:
                    self._let_go[cabinet, slot] = now.seconds + self._cabinets[cabinet].take_s
                case KeyReleased(loan=loan, key=key):
                    self._open(loan, key, now, key_loan.NOT_TAKEN)
                case KeyLent(loan=loan, key=key, how="hand"):
                    self._open(loan, key, now, HAND)
                case KeyLent(loan=loan) | KeyCancelled(loan=loan):
                    self._takes.pop(loan, None)
        return ()

    def _open(self, loan: int, number: int, now: Now, cause: str) -> None:
        key = keys.key(self._facts.connection, number)
        if key is None or key.cabinet not in self._cabinets or key.slot not in self._cabinets[key.cabinet].slots:
            return
        wait_s = SETTLE_S if cause == key_loan.RESTARTED else self._cabinets[key.cabinet].take_s
        take = _Take(key.cabinet, key.slot, now.seconds + wait_s, cause, opened=cause != HAND)
        if cause != HAND or self.slots.level(key.cabinet, key.slot):
            self._takes[loan] = take

    def due(self, now: Now) -> Iterator[Outcome]:
        """Sessions and open slots whose time is over; and, once, those that were left by a run before this one."""
        if not self._looked:
            self._looked = True
            yield from self._left_behind(now)
        for loan, take in list(self._takes.items()):
            if not take.opened:
                take.opened = True
                yield Outcome((), (ReleaseSlot(take.cabinet, take.slot),))
            if take.until_s <= now.seconds:
                yield self._untaken(loan, take, now)
        for cabinet, until_s in list(self._until.items()):
            if until_s <= now.seconds:
                yield self._over(cabinet, now)
        for place, until_s in list(self._let_go.items()):
            if until_s <= now.seconds:
                del self._let_go[place]
                yield self._shut(*place)

    def _shut(self, cabinet: str, slot: int) -> Outcome:
        """A slot without a loan is secured again; what the ledger has there and nobody hung anywhere is gone."""
        shut = Outcome((), (SecureSlot(cabinet, slot), self.slots.idle(cabinet)))
        gone = self.slots.level(cabinet, slot) is False
        return shut.followed_by(self.slots.missing(self._cabinets[cabinet], slot)) if gone else shut

    def _left_behind(self, now: Now) -> Iterator[Outcome]:
        for cabinet in self._cabinets:
            if found.wrong(self._facts.connection, cabinet):
                yield Outcome((), (self.slots.idle(cabinet),))
        for cabinet in found.open_sessions(self._facts.connection):
            if cabinet not in self._until and cabinet in self._cabinets:
                session = self.slots.counter(cabinet, now.judged).session()
                yield Outcome(rule.sign_out(session, RESTARTED), (self.slots.idle(cabinet),))
                if session.step == PUT_RIGHT and self.slots.level(cabinet, session.slot) is False:
                    yield self.slots.missing(self._cabinets[cabinet], session.slot)
        for loan in found.released(self._facts.connection):
            if loan.loan not in self._takes:
                self._open(loan.loan, loan.key, now, key_loan.RESTARTED)

    def _untaken(self, loan: int, take: _Take, now: Now) -> Outcome:
        """Nobody's hand was seen: the slot is secured, and a moment later, if it is certain, the loan is over."""
        secure = SecureSlot(take.cabinet, take.slot)
        if not take.secured:
            take.secured, take.until_s = True, now.seconds + SETTLE_S
            return Outcome((), (secure,))
        level = self.slots.level(take.cabinet, take.slot)
        if level is None:
            take.until_s = now.seconds + SETTLE_S  # a sensor that is not to be believed: neither lent nor over
            return Outcome()
        del self._takes[loan]
        known = keys.loan(self._facts.connection, loan)
        slot = self.slots.slot(self._cabinets[take.cabinet], take.slot)
        if known is None or not level:
            return Outcome()
        session = self.slots.counter(take.cabinet, now.judged).session()
        ends = rule.sign_out(session, NOT_TAKEN) if session.loan == loan else ()
        bunch = keys.of_loan(self._facts.connection, loan)
        over = slot_rule.stayed(bunch) if take.cause == HAND else cancel(known, bunch, take.cause)
        records = (*over.records, *ends, *self._counted(take))
        return Outcome(records, (secure, self.slots.idle(take.cabinet), slot.play("denied")))

    def _counted(self, take: _Take) -> tuple[msgspec.Struct, ...]:
        """Twice in a row nobody took what was open for them: the sensor sticks, or the key is long gone."""
        if take.cause == key_loan.RESTARTED:
            return ()
        at = take.cabinet, take.slot
        self._in_vain[at] = self._in_vain.get(at, 0) + 1
        part = self._cabinets[take.cabinet].slots[take.slot].present
        return (PartFailed(part, STUCK),) if self._in_vain[at] == MOST_IN_VAIN else ()

    def _over(self, cabinet: str, now: Now) -> Outcome:
        session = self.slots.counter(cabinet, now.judged).session()
        if session.step == TAKE:
            self._until[cabinet] = now.seconds + SETTLE_S  # its loan says when
            return Outcome()
        del self._until[cabinet]
        ended = Outcome(rule.sign_out(session, TIME), (self.slots.idle(cabinet),))
        return ended if session.step != PUT_RIGHT else ended.followed_by(self._shut(cabinet, session.slot))

    def wait_s(self, now: Now) -> float | None:
        """Seconds until `due` has something."""
        if not self._cabinets:
            return None
        if not self._looked:
            return 0.0
        takes = (take.until_s if take.opened else now.seconds for take in self._takes.values())
        ends = [*self._until.values(), *self._let_go.values(), *takes]
        return max(0.0, min(ends) - now.seconds) if ends else None

    def reload(self) -> None:
        """The tables may have changed under what is kept here."""

    def lose(self) -> None:
        """A turn could not be recorded, or the process began: whatever waits is found in the tables again."""
        self._until.clear()
        self._takes.clear()
        self._let_go.clear()
        self._looked = False
