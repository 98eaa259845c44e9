"""A file that leaves the site: it appears whole under its name or not at all, and its owner alone may read it."""

import hashlib
import os
from pathlib import Path

from controller.record.keys import sync_folder


class Output:
    """A file that grows under another name, hashed as it grows. `keep` or `drop` ends it."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._part = out.with_name(out.name + ".part")
        self._part.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Adds bytes."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Hands over to the system what was written."""
        self._file.flush()

    def keep(self) -> str:
        """Makes it durable under its name; answers its SHA-256."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._out)
        sync_folder(self._out.parent)
        return self._hash.hexdigest()

    def drop(self) -> None:
        """Leaves nothing behind."""
        try:
            self._file.close()
        except OSError:  # what was in the buffer found no room; it is not wanted any more
            pass
        self._part.unlink(missing_ok=True)
