"""Evacuations: begun by whoever sees the smoke, ended by a manager or at the console (C8.9). What opens: `posture.py`."""

from controller.record.kinds.evacuation import EvacuationBegun, EvacuationEnded
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.posture import Orders, covers

CONTACT = OperatorFact(0, frozenset(), frozenset({"*"}), None, "active")
"""Who begins an evacuation by a contact: nobody, everywhere."""


def begin(zone: str, cause: str, operator: OperatorFact, reason: PrivateRow | None, orders: Orders) -> Outcome | Refusal:
    """Lead everybody out of the zone, or of the site (`*`). `cause`: `operator`, `console` or `input`."""
    if refusal := covers(operator, zone):
        return refusal
    if zone in orders.evacuations:
        return Refusal(Code.SUBJECT, "body.zone")
    ref = None if reason is None else reason.ref()
    begun = EvacuationBegun(zone, cause, operator.operator or None, ref)
    return Outcome((begun,), private=() if reason is None else (reason,))


def at_contact(zone: str, active: bool, orders: Orders) -> Outcome:
    """The contact of the fire panel became active: what it begins it does not end, and says once. People end it."""
    begun = begin(zone, "input", CONTACT, None, orders) if active else Outcome()
    return begun if isinstance(begun, Outcome) else Outcome()


def end(zone: str, operator: OperatorFact, reason: PrivateRow | None, orders: Orders) -> Outcome | Refusal:
    """Let people in again; the portals that stood open for it stand as their hours say."""
    if refusal := covers(operator, zone):
        return refusal
    if zone not in orders.evacuations:
        return Refusal(Code.SUBJECT, "body.zone")
    ref = None if reason is None else reason.ref()
    ended = EvacuationEnded(zone, operator.operator or None, ref)
    return Outcome((ended,), private=() if reason is None else (reason,))
