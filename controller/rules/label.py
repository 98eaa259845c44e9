"""Labels and signs are recorded before they are handed out, and say what holds at that moment (C2.1, C3.1).

The dashboard draws them from its copy. If that is behind (a new manager, a stricter class), the print is refused: a sign that
says less than what holds would hang there for years.
"""

from dataclasses import dataclass

from controller.record.asks.label import PrintLabel
from controller.record.kinds.label import LANGUAGES, TEMPLATES, LabelPrinted
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal


@dataclass(frozen=True, slots=True)
class Holds:
    """What holds in a place now: its class, and who answers for it."""

    secrecy: str
    keepers: tuple[int | None, int | None]


def print_(ask: PrintLabel, operator: OperatorFact, number: int, holds: Holds | None) -> Outcome | Refusal:
    """Print number `number`; `holds` None: there is no such place."""
    if ask.template not in TEMPLATES:
        return Refusal(Code.FORM, "body.template")
    if ask.lang not in LANGUAGES:
        return Refusal(Code.FORM, "body.lang")
    if holds is None:
        return Refusal(Code.SUBJECT, "body.place")
    if refusal := within(operator, ask.place):
        return refusal
    if ask.secrecy != holds.secrecy:
        return Refusal(Code.SUBJECT, "body.secrecy")
    if (ask.manager, ask.deputy) != holds.keepers:
        return Refusal(Code.SUBJECT, "body.manager")
    record = LabelPrinted(
        number, ask.place, ask.template, ask.count, ask.lang, ask.secrecy, ask.manager, ask.deputy, operator.operator
    )
    return Outcome((record,))
