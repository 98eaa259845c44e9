"""A controller with a bug: `poisoned_controller.py DATA HOW`. One badge's way through the rules ends it.

HOW is `raise` (an exception), `die` (a segmentation fault), or `never`. The bug is put into the rules from here.
"""

import ctypes
import sys
from pathlib import Path

from controller import doors
from controller.app import Controller
from controller.rules.access import Case

LABEL = "66:01"
"""The end of the number of the card that it cannot stand."""


def main() -> int:
    """Runs until the badge comes, or until it is ended."""
    data, how = Path(sys.argv[1]), sys.argv[2]
    sound = doors.access.decide

    def decide(case: Case) -> object:
        if case.tap.label == LABEL and how == "raise":
            raise ZeroDivisionError("a bug")
        if case.tap.label == LABEL and how == "die":
            ctypes.string_at(0)
        return sound(case)

    doors.access.decide = decide  # type: ignore[assignment]
    return Controller(data).run()


if __name__ == "__main__":
    raise SystemExit(main())
