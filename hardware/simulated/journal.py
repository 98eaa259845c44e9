"""The building's log: each level and each movement with its time, one JSON line each, with the kernel before anybody goes on.

It is the witness in kill tests, so it holds no card numbers and no names: doors, readers and pins only.
"""

import threading
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic_ns

import msgspec

DEFAULT_LIMIT_BYTES = 64 << 20


class Journal:
    """Appends to one file. At the limit the file becomes `.1` and a new one begins. May be used from any thread."""

    def __init__(self, path: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._writing = threading.Lock()
        self._file = path.open("ab")

    def note(self, event: str, **what: str | int | float | bool | None) -> int:
        """Writes what happened now. Returns `time.monotonic_ns()` of the line."""
        with self._writing:
            now = monotonic_ns()
            line = {"mono_ns": now, "at": datetime.now(UTC).isoformat(timespec="microseconds"), "event": event, **what}
            self._file.write(msgspec.json.encode(line) + b"\n")
            self._file.flush()
            if self._file.tell() >= self._limit_bytes:
                self._turn()
            return now

    def close(self) -> None:
        """Ends the log."""
        with self._writing:
            self._file.close()

    def _turn(self) -> None:
        self._file.close()
        self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._file = self._path.open("ab")
