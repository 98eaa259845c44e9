"""Slots of key cabinets that are open, for a loan or by an operator's word: until when, and what their end means (C8.2).

Times are monotonic and in memory alone: after a restart every slot is secure, and a loan whose slot was open is found in the
tables and ends, or goes on, by what its sensor says.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from controller.facility import Facility
from controller.facts import Facts
from controller.inbox import SlotSeen
from controller.record.kinds import cabinet, key_loan
from controller.record.kinds.cabinet import CabinetSlotLetGo
from controller.record.kinds.key_loan import HAND, KeyCancelled, KeyLent, KeyReleased, KeyReturned
from controller.record.kinds.site import PartFailed, PartRecovered
from controller.rules import cabinet as rule
from controller.rules import cabinet_session
from controller.rules.effects import ReleaseSlot, SecureSlot
from controller.rules.key_loan import cancel
from controller.rules.outcome import Outcome
from controller.storage.slots import Slots
from controller.storage_facts import cabinets as found
from controller.storage_facts import keys
from controller.timekeeper import Now

SETTLE_S = 1.0
"""After a slot is secured because no hand was seen there, so long its sensor may still tell of one."""
MOST_IN_VAIN, STUCK = 2, "stuck"
"""So often in a row nobody took the key that was open for them: the sensor sticks, or the key is long gone."""


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


class OpenSlots:
    """All of the site's."""

    def __init__(self, facility: Facility, facts: Facts, slots: Slots) -> None:
        self._facts = facts
        self._cabinets = facility.cabinets
        self._slots = slots
        self._takes: dict[int, _Take] = {}
        """By loan, the slot that is open for it."""
        self._let_go: dict[tuple[str, int], float] = {}
        """By slot, until when it is open by an operator's word."""
        self._in_vain: dict[tuple[str, int], int] = {}
        """How often in a row nobody took the key of a slot that was open for them."""

    def waits(self, loan: int) -> bool:
        """Whether a slot is open for this loan."""
        return loan in self._takes

    def seen(self, item: SlotSeen, returned_by: int | None, now: Now) -> Outcome:
        """A slot says something. That a key hangs where it may be taken is nothing new."""
        at = item.cabinet, item.slot
        for loan, take in list(self._takes.items()):
            if (take.cabinet, take.slot) != at:
                continue
            if item.present:
                return self._slots.stays(item)
            if take.cause == HAND:
                del self._takes[loan]
        said = self._slots.seen(item, returned_by, now.judged, at in self._let_go)
        return said if item.present else self._moves_again(*at).followed_by(said)

    def _moves_again(self, cabinet: str, slot: int) -> Outcome:
        """A sensor that says that a slot is empty does not stick."""
        self._in_vain.pop((cabinet, slot), None)
        part = self._cabinets[cabinet].slots[slot].present
        return Outcome((PartRecovered(part),) if self._facts.failed_parts().get(part) == STUCK else ())

    # What time brings -----------------------------------------------------------------------------------------------------

    def note(self, body: msgspec.Struct, now: Now) -> None:
        """A record that opens a slot, or ends why it was open."""
        match body:
            case CabinetSlotLetGo(cabinet=id, slot=slot) if id in self._cabinets:
                self._let_go[id, slot] = now.seconds + self._cabinets[id].take_s
            case KeyReleased(loan=loan, key=key):
                self._open(loan, key, now, key_loan.NOT_TAKEN)
            case KeyLent(loan=loan, key=key, how="hand"):
                self._open(loan, key, now, HAND)
            case KeyLent(loan=loan):
                self._takes.pop(loan, None)
            case KeyCancelled(loan=loan) | KeyReturned(loan=loan):  # by somebody's word; by its time it is gone from here
                if (take := self._takes.pop(loan, None)) is not None:
                    self._let_go[take.cabinet, take.slot] = now.seconds

    def _open(self, loan: int, number: int, now: Now, cause: str) -> None:
        key = keys.key(self._facts.connection, number)
        if key is None or key.cabinet not in self._cabinets or key.slot not in self._cabinets[key.cabinet].slots:
            return
        wait_s = SETTLE_S if cause == key_loan.RESTARTED else self._cabinets[key.cabinet].take_s
        if cause != HAND or self._slots.level(key.cabinet, key.slot):
            self._takes[loan] = _Take(key.cabinet, key.slot, now.seconds + wait_s, cause, opened=cause != HAND)

    def left_behind(self, now: Now) -> None:
        """Loans whose slot was open in a run before this one."""
        for loan in found.released(self._facts.connection):
            if loan.loan not in self._takes:
                self._open(loan.loan, loan.key, now, key_loan.RESTARTED)

    def due(self, now: Now) -> Iterator[Outcome]:
        """Everything whose time is over."""
        for loan, take in list(self._takes.items()):
            if not take.opened:
                take.opened = True
                yield Outcome((), (ReleaseSlot(take.cabinet, take.slot),))
            if take.until_s <= now.seconds:
                yield self._untaken(loan, take, now)
        for place, until_s in list(self._let_go.items()):
            if until_s <= now.seconds:
                del self._let_go[place]
                yield self.shut(*place)

    def shut(self, cabinet: str, slot: int) -> Outcome:
        """A slot that was open without a loan is secured; what the ledger has there and nobody hung anywhere is gone."""
        shut = Outcome((), (SecureSlot(cabinet, slot), self._slots.idle(cabinet)))
        if self._slots.level(cabinet, slot) is not False:
            return shut
        return shut.followed_by(self._slots.missing(self._cabinets[cabinet], slot))

    def _untaken(self, loan: int, take: _Take, now: Now) -> Outcome:
        """Nobody's hand was seen: the slot is secured, and a moment later, if it is certain, the loan is over."""
        secure = SecureSlot(take.cabinet, take.slot)
        if not take.secured:
            take.secured, take.until_s = True, now.seconds + SETTLE_S
            return Outcome((), (secure,))
        bunch = keys.of_loan(self._facts.connection, loan)
        level = self._slots.level(take.cabinet, take.slot)
        if level is None and bunch:
            take.until_s = now.seconds + SETTLE_S  # a sensor that is not to be believed: neither lent nor over
            return Outcome()
        del self._takes[loan]
        known = keys.loan(self._facts.connection, loan)
        if known is None or not bunch or not level:
            return Outcome((), (secure,))  # somebody has ended it meanwhile, by their word
        over = rule.stayed(bunch) if take.cause == HAND else cancel(known, bunch, take.cause)
        session = self._slots.counter(take.cabinet, now.judged).session()
        ends = cabinet_session.sign_out(session, cabinet.NOT_TAKEN) if session.loan == loan else ()
        shown = (secure, self._slots.idle(take.cabinet), session.play(cabinet_session.NO))
        return Outcome((*over.records, *ends, *self._counted(take)), shown)

    def _counted(self, take: _Take) -> tuple[msgspec.Struct, ...]:
        if take.cause == key_loan.RESTARTED:
            return ()
        at = take.cabinet, take.slot
        self._in_vain[at] = self._in_vain.get(at, 0) + 1
        part = self._cabinets[take.cabinet].slots[take.slot].present
        return (PartFailed(part, STUCK),) if self._in_vain[at] == MOST_IN_VAIN else ()

    def ends(self, now: Now) -> Iterable[float]:
        """When something of this is over."""
        yield from self._let_go.values()
        yield from (take.until_s if take.opened else now.seconds for take in self._takes.values())

    def lose(self) -> None:
        """Nothing is known of open slots any more: they are secured, and found in the tables again."""
        self._takes.clear()
        self._let_go.clear()
