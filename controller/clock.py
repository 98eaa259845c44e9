"""Time as the controller sees it: UTC for records, monotonic for deadlines, and how far the first is to be trusted.

Passed in everywhere, so that history can be made and tested under a stepped clock.
"""

import ctypes
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_STA_UNSYNC = 0x40
_TIME_ERROR = 5


class Clock(Protocol):
    """The two times, and the quality of the first: `synced` (kernel says so), `declared` (settings say so), `unsynced`."""

    def now(self) -> datetime:
        """The time in UTC, aware."""

    def monotonic(self) -> float:
        """Seconds that only go forward."""

    def quality(self) -> str:
        """How far `now` is to be trusted."""


class SystemClock:
    """The machine's clock. `trust` is `clock.trust` of `site.toml`: `ntp` or `host`."""

    def __init__(self, trust: str) -> None:
        self._trust = trust
        self._quality = ""
        self._asked = -60.0

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some start."""
        return time.monotonic()

    def quality(self) -> str:
        """`declared` when the settings trust the host; else what the kernel says, asked once in ten seconds."""
        if self._trust == "host":
            return "declared"
        if time.monotonic() - self._asked > 10:
            self._asked = time.monotonic()
            self._quality = "synced" if kernel_is_synchronised() else "unsynced"
        return self._quality


class SteppedClock:
    """A clock that stands still until it is stepped: for made history and tests."""

    def __init__(self, start: datetime, quality: str = "declared") -> None:
        self._now = start
        self._monotonic = 1000.0
        self._quality = quality

    def now(self) -> datetime:
        """Where the clock stands."""
        return self._now

    def monotonic(self) -> float:
        """Moves with `step`."""
        return self._monotonic

    def quality(self) -> str:
        """What the constructor was told."""
        return self._quality

    def declare(self, quality: str) -> None:
        """From now on its quality is this."""
        self._quality = quality

    def step(self, by: timedelta) -> None:
        """Moves both times forward."""
        self._now += by
        self._monotonic += by.total_seconds()

    def step_to(self, at: datetime) -> None:
        """Moves forward to an instant; does nothing for one that has passed."""
        if at > self._now:
            self.step(at - self._now)


class _Timex(ctypes.Structure):
    _fields_ = (("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
                ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_byte * 256))  # fmt: skip


def kernel_is_synchronised() -> bool:
    """Whether adjtimex(2) says that something keeps the clock synchronised (any of timesyncd, chrony, ntpd)."""
    timex = _Timex()
    state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    return state not in (-1, _TIME_ERROR) and not timex.status & _STA_UNSYNC
