"""Which of SQLite's errors are the disk's, and may pass; which say that the file is damaged; and which are bugs of ours.

Told apart by the result code (sqlite.org/rescode.html), never by the message. What is none of the three is a bug, and ends the
process. Pure, but for asking the file system whether it is full or read-only where SQLite only says that I/O failed.
"""

import errno
import os
import sqlite3
from pathlib import Path

FULL, READ_ONLY, IO, UNAVAILABLE, LOCKED = "full", "read_only", "io", "unavailable", "locked"

_FAULTS = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: IO,
    sqlite3.SQLITE_CANTOPEN: UNAVAILABLE,
    sqlite3.SQLITE_PERM: UNAVAILABLE,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_PROTOCOL: LOCKED,
}
_ERRNOS = {errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EROFS: READ_ONLY, errno.EIO: IO}
_UNREADABLE = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def disk_fault(error: BaseException, folder: Path) -> str | None:
    """What keeps the disk in `folder` from taking what is written: one of the words above, or None for anything else."""
    if isinstance(error, OSError):
        return _ERRNOS.get(error.errno or 0)
    if not isinstance(error, sqlite3.Error):
        return None
    fault = _FAULTS.get(_primary(error))
    return _looked_at(folder) or fault if fault in (IO, UNAVAILABLE) else fault


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is not what it must be."""
    return isinstance(error, sqlite3.Error) and _primary(error) in _DAMAGE


def is_unreadable(error: BaseException) -> bool:
    """Whether the disk does not give back what lies on it: a dying card, not a full one."""
    return getattr(error, "sqlite_errorcode", 0) in _UNREADABLE


def _primary(error: sqlite3.Error) -> int:
    """The primary result code; 0 for an error of the binding, which has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _looked_at(folder: Path) -> str | None:
    """A full or read-only file system shows as an I/O error where SQLite does not write by itself (its shared memory)."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return None
    if state.f_flag & os.ST_RDONLY:
        return READ_ONLY
    return FULL if state.f_bavail == 0 else None
