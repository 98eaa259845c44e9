"""Who may borrow what opens a place: whoever may enter it now, by the checks of the door that are not about doors (C7.1, C8.2).

A right together with an escort is none to a key: nobody would be there to see what it opens.
"""

from controller.rules.access import CHECKS, Case, Tap
from controller.rules.outcome import Refusal

_ASKED = frozenset({"active_person", "lockdown", "right", "pledge", "training", "escort"})
CHECKED = tuple(check for check in CHECKS if check.name in _ASKED)
NO_TAP = Tap("", 0, None, "")


def lacking(case: Case) -> Refusal | None:
    """What the person lacks to have the key of this place; None: nothing."""
    return next((missing for check in CHECKED if (missing := check.ask(case)) is not None), None)
