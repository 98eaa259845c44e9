"""A folder of files that are made once: what is there stays as it is, and what would differ is laid beside it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from controller.record.keys import write_secret


@dataclass
class Folder:
    """Where files are made. `made`, `kept` and `differing` say afterwards what became of each."""

    path: Path
    made: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    differing: list[Path] = field(default_factory=list)
    """Files that somebody has and that we would write otherwise: ours is beside them as `NAME.new`."""

    def public(self, name: str, text: str) -> None:
        """A file that everybody may read. Raises OSError."""
        path = self.path / name
        if path.exists():
            self._compare(path, text.encode(), 0o644)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(path, text.encode(), 0o644)
        self.made.append(path)

    def secret(self, name: str, data: bytes) -> None:
        """A file that its owner alone may read. Raises OSError."""
        path = self.path / name
        if path.exists():
            self._compare(path, data, 0o600)
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, data)
        self.made.append(path)

    def replace(self, name: str, text: str) -> None:
        """A public file, in the place of what was there, whole at every moment. Raises OSError."""
        path = self.path / name
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        _write_new(fresh, text.encode(), 0o644)
        os.replace(fresh, path)
        self.made.append(path)

    def _compare(self, path: Path, data: bytes, mode: int) -> None:
        if path.read_bytes() == data:
            self.kept.append(path)
            return
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        _write_new(fresh, data, mode)
        self.differing.append(path)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask says: the broker's own user has to read it
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
