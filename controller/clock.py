"""Time as the controller sees it: UTC for records, monotonic for deadlines, and how far the first is to be trusted.

Passed in everywhere, so that history can be made and tested under a stepped clock.
"""

import ctypes
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_STA_UNSYNC = 0x40
_TIME_ERROR = 5
_ASK_S = 10.0

RTC = Path("/sys/class/rtc")
_RTC_S, _DRIFT = 3.0, 2e-4
"""How far the clock may be from the one that set it: its whole seconds, and what two poor quartzes drift apart since."""


class Clock(Protocol):
    """Two times, and what the machine says of the first: `synced` (kernel), `declared` (settings), `rtc`, `unsynced`.

    Whether the first is believed is more than that: `rules/clock.py`.
    """

    def now(self) -> datetime:
        """The time in UTC, aware."""

    def monotonic(self) -> float:
        """Seconds that only go forward."""

    def elapsed(self) -> float:
        """Seconds that nobody can set and that go on while the machine sleeps."""

    def quality(self) -> str:
        """What vouches for `now`."""


class SystemClock:
    """The machine's clock. `trust` is `clock.trust` of `site.toml`: `ntp` or `host`; `rtc`: where RTCs are."""

    def __init__(self, trust: str, rtc: Path | None = None) -> None:
        self._trust = trust
        self._quality = ""
        self._asked_s, self._base_s = float("-inf"), 0.0
        self._by_rtc = trust == "ntp" and rtc is not None and set_by_rtc(rtc, time.time(), self.elapsed())

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some start."""
        return time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the machine's start."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def quality(self) -> str:
        """`declared` when the settings trust the host; else what the kernel says: asked every ten seconds, and after a jump."""
        if self._trust == "host":
            return "declared"
        elapsed_s, at_s = self.elapsed(), time.time()
        if elapsed_s - self._asked_s > _ASK_S or abs(at_s - elapsed_s - self._base_s) > 1:
            self._asked_s, self._base_s = elapsed_s, at_s - elapsed_s
            self._quality = "synced" if kernel_is_synchronised() else "rtc" if self._by_rtc else "unsynced"
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

    def elapsed(self) -> float:
        """Moves with `step`."""
        return self._monotonic

    def quality(self) -> str:
        """What the constructor was told."""
        return self._quality

    def declare(self, quality: str) -> None:
        """From now on its quality is this."""
        self._quality = quality

    def jump(self, by: timedelta) -> None:
        """Somebody sets the wall clock; the other time goes on."""
        self._now += by

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


def rtc_offset_s(root: Path, at_s: float) -> float | None:
    """How many seconds `at_s` is ahead of the real-time clock that the kernel reads; None without one."""
    with suppress(OSError, ValueError):
        return at_s - int((root / "rtc0" / "since_epoch").read_text())
    return None


def set_by_rtc(root: Path, at_s: float, elapsed_s: float) -> bool:
    """Whether a real-time clock set the wall clock at the machine's start, and nobody has set it since.

    `hctosys` stays 1 whatever became of the wall clock later, so it has to show what the RTC shows, but for their drift.
    Whether both are right is more than that: a battery may be empty.
    """
    try:
        set_it = (root / "rtc0" / "hctosys").read_text().strip() == "1"
    except OSError:
        return False
    offset = rtc_offset_s(root, at_s)
    return set_it and offset is not None and abs(offset) <= _RTC_S + _DRIFT * elapsed_s
