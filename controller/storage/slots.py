"""What the slots of key cabinets say, judged against the ledger: taken, back, gone, in a wrong slot, unknown (C8.2)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import msgspec

from controller import choosing
from controller.choosing import Counter
from controller.facility import CabinetAt, Facility
from controller.facts import Facts
from controller.inbox import SlotSeen
from controller.record.kinds.cabinet import LENT, PUT_RIGHT, REPLACED, RETURNED
from controller.record.kinds.key import IN_PLACE, MISPLACED, MISSING
from controller.record.kinds.key import RELEASED as SLOT_OPEN
from controller.rules import cabinet as rule
from controller.rules import cabinet_session
from controller.rules.cabinet import Lending, Slot
from controller.rules.cabinet_session import Session
from controller.rules.effects import PlaySignal
from controller.rules.key import gone
from controller.rules.key_loan import Bunch, Loan
from controller.rules.outcome import Outcome
from controller.storage_facts import cabinets as found
from controller.storage_facts import keys

WRONG = frozenset({MISSING, MISPLACED})


class Slots:
    """All slots of the site. Keeps what they last said, and nothing else: that is so whatever was recorded of it."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts
        self._levels: dict[tuple[str, int], bool] = {}
        self._fobs: Mapping[str, tuple[str, int]] = {
            slot.fob: (cabinet.id, slot.number)
            for cabinet in facility.cabinets.values()
            for slot in cabinet.slots.values()
            if slot.fob
        }

    def counter(self, cabinet: str, now: datetime) -> Counter:
        """A cabinet at a moment."""
        return Counter(self._facility, self._facts, self._facility.cabinets[cabinet], now)

    def level(self, cabinet: str, slot: int) -> bool | None:
        """Whether something hangs there; None while its sensor is not to be believed, or has not said."""
        at = self._facility.cabinets[cabinet].slots.get(slot)
        if at is None or at.present in self._facts.failed_parts():
            return None
        return self._levels.get((cabinet, slot))

    def idle(self, cabinet: str) -> PlaySignal:
        """What its station shows while nobody stands there."""
        station = self._facility.cabinets[cabinet].station
        return PlaySignal("", found.idle(self._facts.connection, cabinet), station)

    def slot(self, at: CabinetAt, number: int) -> Slot:
        """A slot, and what the ledger says of it."""
        return choosing.slot_of(self._facts, at, number)

    def seen(self, item: SlotSeen, returned_by: int | None, now: datetime, let_go: bool = False) -> Outcome:
        """A slot says something. `returned_by`: who held their badge there just before; `let_go`: it is open by an operator."""
        self._levels[item.cabinet, item.slot] = item.present
        counter = self.counter(item.cabinet, now)
        slot, session = self.slot(counter.at, item.slot), counter.session()
        if not item.present:
            return self._emptied(counter, slot, session, let_go)
        hung = self._which(slot, item.tag)
        if any(key.state == SLOT_OPEN for key in hung):
            return Outcome()  # it still hangs there; whether in vain is said by its time
        others_out = bool(hung and hung[0].loan) and len(keys.of_loan(self._facts.connection, hung[0].loan)) > len(hung)
        outcome = rule.filled(slot, hung, returned_by, others_out)
        if not outcome.records:
            return outcome
        outcome = self._cleared(slot, hung, outcome)
        return _with(outcome, _after_hanging(session, hung, returned_by))

    def _cleared(self, slot: Slot, hung: Bunch, outcome: Outcome) -> Outcome:
        """The outcome of a key that hangs where it belongs; with the last thing that was wrong the alarm ends."""
        fixed = slot.play(rule.TAKEN) in outcome.effects and (slot.stray or any(key.state in WRONG for key in hung))
        return self._calm(slot, (key.key for key in hung), outcome) if fixed else outcome

    def _calm(self, slot: Slot, fixed: Iterable[int], outcome: Outcome) -> Outcome:
        if found.wrong(self._facts.connection, slot.cabinet, fixed, slot.number):
            return outcome
        return replace(outcome, effects=(slot.play(rule.IDLE), *outcome.effects))

    def stays(self, item: SlotSeen) -> Outcome:
        """A key hangs in a slot that is open for it: nothing has happened yet."""
        self._levels[item.cabinet, item.slot] = item.present
        return Outcome()

    def _emptied(self, counter: Counter, slot: Slot, session: Session, let_go: bool) -> Outcome:
        loan = self.loan_in(slot)
        lending = None if loan is None else Lending(loan, choosing.terms_of(counter, slot.held, loan))
        moving = let_go or (session.step == PUT_RIGHT and session.slot == slot.number)
        outcome = rule.emptied(slot, lending, moving)
        if slot.stray and slot.play(rule.ALARM) not in outcome.effects:
            outcome = self._calm(slot, (), outcome)
        ends = loan is not None and session.loan == loan.loan
        return _with(outcome, cabinet_session.sign_out(session, LENT) if ends else ())

    def loan_in(self, slot: Slot) -> Loan | None:
        """The loan for which this slot is open."""
        loans = {key.loan for key in slot.held if key.state == SLOT_OPEN}
        return keys.loan(self._facts.connection, min(loans)) if loans else None

    def _which(self, slot: Slot, tag: str) -> Bunch:
        """The keys that hang there: by their fob, where something reads it; else by what the ledger makes likely."""
        connection = self._facts.connection
        if slot.identified:
            at = self._fobs.get(tag)
            return () if at is None else rule.coming_back(keys.in_slot(connection, *at))
        if slot.guests or slot.own:
            return rule.guess(slot, ())
        return rule.guess(slot, rule.bunches(keys.in_cabinet(connection, slot.cabinet)))

    def missing(self, at: CabinetAt, number: int) -> Outcome:
        """What the ledger has in this slot is not there, and in nobody's hands by its word."""
        slot = self.slot(at, number)
        outcome = gone(tuple(key for key in slot.held if key.state in (IN_PLACE, MISPLACED)))
        return replace(outcome, effects=(slot.secure(), slot.play(rule.ALARM))) if outcome.records else outcome


def _after_hanging(session: Session, hung: Bunch, returned_by: int | None) -> tuple[msgspec.Struct, ...]:
    """The end of the session of whoever put this right, or came to bring it back."""
    if session.step == PUT_RIGHT:
        return cabinet_session.sign_out(session, REPLACED) if session.key in {key.key for key in hung} else ()
    return cabinet_session.sign_out(session, RETURNED) if session.person == returned_by and not session.loan else ()


def _with(outcome: Outcome, more: tuple[msgspec.Struct, ...]) -> Outcome:
    return replace(outcome, records=(*outcome.records, *more)) if more else outcome
