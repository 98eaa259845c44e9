"""The disk's space: a warning before it ends, and a reserve that is given up when it has ended."""

import os
from pathlib import Path

import structlog

LOW, RESERVE = "low", "reserve"
EVERY_S = 30.0
MEGABYTE = 1_000_000

log = structlog.get_logger()


class Disk:
    """The file system of the data directory. `low` and `reserve` in bytes; 0 does without."""

    def __init__(self, folder: Path, low: int, reserve: int) -> None:
        self._folder = folder
        self._low = low
        self._reserve = reserve
        self._spent = False
        self._looked_s = float("-inf")
        self._said: str | None = None

    def look(self, now_s: float) -> str | None:
        """News of the space: `low`, `reserve` (it is spent), empty for enough again, None for nothing new. Twice a minute."""
        if now_s - self._looked_s < EVERY_S:
            return None
        self._looked_s = now_s
        said = self._state()
        if said == self._said:
            return None
        self._said = said
        return said

    def forget(self) -> None:
        """What was said of the space is said again."""
        self._said, self._looked_s = None, float("-inf")

    def _state(self) -> str:
        free = self._free()
        if free >= self._low + 2 * self._reserve:  # twice: what a spent reserve gave is no room for another
            self._keep_reserve()
        if self._spent:
            return RESERVE
        low = self._low if self._said != LOW else self._low * 11 // 10  # it is not low and well by turns
        return LOW if free < low else ""

    def _free(self) -> int:
        try:
            state = os.statvfs(self._folder)
        except OSError:
            return 0
        return state.f_bavail * state.f_frsize

    def _keep_reserve(self) -> None:
        path = self._folder / RESERVE
        if not self._reserve or path.exists():
            return
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._reserve)
                os.fsync(handle)
            finally:
                os.close(handle)
            self._spent = False
        except OSError as error:  # there was less than it seemed: no reserve is better than half of one
            path.unlink(missing_ok=True)
            log.warning("no reserve on the disk", problem=str(error))

    def spend_reserve(self) -> bool:
        """Gives the reserve up; whether there was one."""
        try:
            (self._folder / RESERVE).unlink()
        except OSError:
            return False
        self._spent, self._said = True, RESERVE
        return True
