"""A controller whose clock can be set: `clocked_controller.py DATA CLOCK`.

CLOCK is a file of two words: by how many seconds the wall clock is off, and what the machine says of it. Changed under a
running controller, it is as if somebody had set the clock.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.app import Controller
from controller.clock import SystemClock

DATA, CLOCK = Path(sys.argv[1]), Path(sys.argv[2])


class FileClock(SystemClock):
    """The machine's clock, but for what the file says."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(CLOCK.read_text().split()[0]))

    def quality(self) -> str:
        return CLOCK.read_text().split()[1]


if __name__ == "__main__":
    raise SystemExit(Controller(DATA, clock=FileClock("ntp")).run())
