"""Standard error for the log, as far as it takes what is written: a full disk behind it ends no page."""

import sys
from contextlib import suppress


class Stderr:
    """What the log is written to."""

    def write(self, text: str) -> int:
        """Writes it, or drops it."""
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Writes what waits, or lets it wait."""
        with suppress(OSError):
            sys.stderr.flush()
