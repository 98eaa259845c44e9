"""Where the key of one card comes from, and the file of the site's master key.

Each card has a key of its own, computed from the master key and the card's number: a key read out of one card opens no
other, and the controller stores no keys. Rule: no key leaves this file in a repr, a log line or an exception.
"""

import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_VERSION = 1
"""Written to the card beside its key, so that a later master key can live beside this one."""

FACTORY_KEY = bytes(16)
"""The key of a FeliCa Lite-S as it leaves the factory. Everybody knows it: it proves nothing."""

MASTER_BYTES = 32

# DES keys under which encrypting twice gives the plain text back, parity bits cleared.
_WEAK_HALVES = frozenset({bytes(8), b"\xfe" * 8, b"\xe0" * 4 + b"\xf0" * 4, b"\x1e" * 4 + b"\x0e" * 4})


def degenerate(key: bytes) -> bool:
    """Whether two-key triple DES with this key is no better than single DES, or worse."""
    halves = [bytes(byte & 0xFE for byte in key[at : at + 8]) for at in (0, 8)]
    return halves[0] == halves[1] or not _WEAK_HALVES.isdisjoint(halves)


class CardKeys:
    """Computes card keys from one master key. May be used from any thread."""

    __slots__ = ("__master",)

    def __init__(self, master: bytes) -> None:
        """Raises ValueError for a master key that is not 32 bytes, or plainly not random."""
        if len(master) != MASTER_BYTES:
            raise ValueError(f"a master key has {MASTER_BYTES} bytes, this one has {len(master)}")
        if len(set(master)) < MASTER_BYTES // 4:
            raise ValueError("the master key is not random: too few different bytes; make one with `sekimori setup`")
        self.__master = bytes(master)

    def __repr__(self) -> str:
        return "CardKeys(…)"

    def __reduce__(self) -> str:
        raise TypeError("card keys are not to be copied out of the process")

    def key(self, idm: bytes, version: int = KEY_VERSION) -> bytes:
        """The 16 bytes of the card with this IDm. The same for ever; never degenerate."""
        if len(idm) != 8:
            raise ValueError(f"an IDm has 8 bytes, this one has {len(idm)}")
        if version != KEY_VERSION:
            raise ValueError(f"there is no master key of version {version}")
        for attempt in range(256):
            key = self._derive(idm, version, attempt)
            if not degenerate(key):
                return key
        raise AssertionError("HKDF gave 256 degenerate keys in a row")

    def _derive(self, idm: bytes, version: int, attempt: int) -> bytes:
        info = f"sekimori felica-lite-s key v{version} ".encode() + idm
        # Attempt 0 is the published derivation; the suffix is for the one card in 2^55 whose key is degenerate.
        if attempt:
            info += bytes([attempt])
        return HKDF(SHA256(), length=16, salt=b"", info=info).derive(self.__master)


def create(path: Path) -> CardKeys:
    """Makes a new master key in a new file that its owner alone can read. Raises ValueError if there is one already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise ValueError(f"{path} exists already; a new master key would make every card of the site useless") from None
    master = secrets.token_bytes(MASTER_BYTES)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(master.hex() + "\n")
        file.flush()
        os.fsync(handle)
    return CardKeys(master)


def load(path: Path, *, guarded: bool = False) -> CardKeys:
    """Reads the master key: 64 hexadecimal digits. Raises ValueError with one sentence, which never quotes the file.

    `guarded`: its folder keeps others out, as that of systemd's credentials does; the file's own mode then says nothing.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise ValueError(f"the master key {path} cannot be opened: {error.strerror}") from None
    try:
        if not guarded:
            _check_privacy(path, os.fstat(handle))
        content = os.read(handle, 4 * MASTER_BYTES)
    finally:
        os.close(handle)
    try:
        master = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        raise ValueError(f"the master key {path} must be {2 * MASTER_BYTES} hexadecimal digits") from None
    return CardKeys(master)


def _check_privacy(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"the master key {path} is not a plain file")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise ValueError(f"the master key {path} may be read by others (mode {mode:04o}); run: chmod 600 {path}")
    if status.st_uid not in (os.geteuid(), 0):
        raise ValueError(f"the master key {path} belongs to another user (uid {status.st_uid})")
