"""An electronic key cabinet: what it means that a slot is empty or filled, by what the ledger says of its keys (C8.2).

Every level is judged against the tables and by nothing that is remembered, so that the same level told twice changes nothing,
and what happened while nobody watched is found at the next start. A return is never refused; a key that is gone without a loan
is an alarm at once; in doubt which key hangs there, nobody's loan is over by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.record.kinds.cabinet import CabinetSlotLetGo, CabinetStrayFound, CabinetStrayGone
from controller.record.kinds.key import IN_PLACE, LENT, LOST, MISPLACED, MISSING, RELEASED
from controller.record.kinds.key_loan import CABINET, KeyReturned
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.effects import PlaySignal, ReleaseSlot, SecureSlot
from controller.rules.key import Key, astray, gone
from controller.rules.key_loan import Borrower, Bunch, Loan, Terms, give_back, lent
from controller.rules.outcome import Outcome, Refusal

TAKE, TAKEN, WRONG, ALARM, IDLE = "key_take", "granted", "key_wrong", "forced", "idle_locked"
"""What the station plays: take it out; it is taken, or back; it hangs in a wrong slot; it is gone without a loan; nothing."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot, and what the ledger says of it."""

    cabinet: str
    number: int
    zone: str
    station: str
    own: Bunch = ()
    """The keys that belong there, wherever they are."""
    guests: Bunch = ()
    """Keys that belong elsewhere, and hang there by the last word of the ledger."""
    stray: bool = False
    """Something hangs there that nobody knows."""
    identified: bool = False
    """A socket there tells the key's fob."""

    @property
    def held(self) -> Bunch:
        """What hangs there by the last word of the ledger."""
        return (*self.guests, *(key for key in self.own if key.state in (IN_PLACE, RELEASED)))

    def secure(self) -> SecureSlot:
        """Hold what hangs there."""
        return SecureSlot(self.cabinet, self.number)

    def play(self, signal: str) -> PlaySignal:
        """A signal at the cabinet's station."""
        return PlaySignal("", signal, self.station)


@dataclass(frozen=True, slots=True)
class Lending:
    """A loan whose slot this is, and what it begins with."""

    loan: Loan
    terms: Terms


def emptied(slot: Slot, lending: Lending | None, putting_right: bool) -> Outcome:
    """Nothing hangs there. `lending`: it was released for a loan; `putting_right`: for whoever carries it where it belongs."""
    stray = (CabinetStrayGone(slot.cabinet, slot.zone, slot.number),) if slot.stray else ()
    if lending is not None:
        bunch = tuple(key for key in slot.held if key.loan == lending.loan.loan)
        taken = lent(bunch, Borrower(lending.loan.person, {}), lending.terms)
        return Outcome((*stray, *taken.records), (slot.secure(), slot.play(TAKEN)))
    here = tuple(key for key in slot.held if key.state != RELEASED)
    if not here or putting_right:
        return Outcome(stray, (slot.secure(),) if putting_right or stray else ())
    return Outcome((*stray, *gone(here).records), (slot.secure(), slot.play(ALARM)))


def filled(slot: Slot, found: Bunch, returned_by: int | None, others_out: bool = False) -> Outcome:
    """Something hangs there: these keys, or, empty, nobody knows what. Whoever brings them, they are back."""
    if not found:
        if slot.stray:
            return Outcome()
        record = CabinetStrayFound(slot.cabinet, slot.zone, slot.number)
        return Outcome((record,), (slot.secure(), slot.play(WRONG)))
    at = (slot.cabinet, slot.number)
    home = (found[0].cabinet, found[0].slot) == at
    known = (CabinetStrayGone(slot.cabinet, slot.zone, slot.number),) if slot.stray else ()
    back = give_back(found, returned_by, operator=None, how=CABINET, at=at, others_out=others_out)
    if isinstance(back, Refusal):
        back = Outcome() if home else astray(found, *at)
    if not back.records:
        return Outcome(known)
    right = home and not any(key.state == LOST for key in found)
    return Outcome((*known, *back.records), (slot.secure(), slot.play(TAKEN if right else WRONG)))


def let_go(slot: Slot, operator: OperatorFact, reason: PrivateRow) -> Outcome | Refusal:
    """An operator lets what hangs there be taken out. Not a key that is there to be lent: that goes by a loan alone."""
    if refusal := within(operator, slot.zone):
        return refusal
    if any(key.state in (IN_PLACE, RELEASED) for key in slot.own):
        return Refusal(Code.KEY, "key.in_place")
    hanging = tuple(sorted(key.key for key in slot.guests))
    record = CabinetSlotLetGo(slot.cabinet, slot.zone, slot.number, hanging, operator.operator, reason.ref())
    return Outcome((record,), (ReleaseSlot(slot.cabinet, slot.number), slot.play(TAKE)), private=(reason,))


def stayed(found: Bunch) -> Outcome:
    """Keys that were handed out by somebody's word, but never left their slot, are back."""
    key = found[0]
    if key.state != LENT or key.person is None:
        return Outcome()
    numbers = tuple(sorted(one.key for one in found))
    return Outcome((KeyReturned(key.loan, numbers, key.person, None, CABINET, None, "", 0, True, IN_PLACE),))


# Which key it is --------------------------------------------------------------------------------------------------------


def guess(slot: Slot, out: Sequence[Bunch]) -> Bunch:
    """What hangs in a slot that cannot tell: what the ledger has there, else its own, else the only ones that are out.

    `out`: by loan or place, the keys of the cabinet that could be in somebody's hands.
    """
    if slot.guests:
        return slot.guests
    if slot.own:
        return coming_back(slot.own)
    return out[0] if len(out) == 1 else ()


def coming_back(ring: Bunch) -> Bunch:
    """Those of a ring that come back when it is hung up: that are out by a loan; else gone; else in place; else lost."""
    for states in ((LENT, RELEASED), (MISSING, MISPLACED), (IN_PLACE,), (LOST,)):
        found = tuple(key for key in ring if key.state in states)
        if found:
            return tuple(key for key in found if key.loan == found[0].loan)
    return ()


def bunches(keys: Sequence[Key]) -> list[Bunch]:
    """The keys of a cabinet that could be in somebody's hands, ring by ring."""
    rings: dict[int, list[Key]] = {}
    for key in keys:
        if key.state in (LENT, MISSING) or (key.state == MISPLACED and not key.at[0]):
            rings.setdefault(key.leader, []).append(key)
    return [coming_back(tuple(ring)) for ring in rings.values()]
