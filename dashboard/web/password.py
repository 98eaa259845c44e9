"""Passwords: argon2id, a few at a time, and the same work for a name that does not exist.

The cost is set for a Raspberry Pi 4 (some 200 ms); two at once bound what a flood of sign-ins can take of it.
"""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 256

_at_once = threading.BoundedSemaphore(2)
_hasher = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=2)
NOBODY = "$argon2id$v=19$m=32768,t=3,p=2$Iu5Uu1VfR2TQoT/2qtscCg$3yKhgRqx5upVODBFsTdD8h6UScrUcXGOXWE4cb5XVRE"
"""The hash of a password that nobody has, at this cost: verifying it takes as long as any; it is made at no start."""


def cost(hasher: PasswordHasher) -> None:
    """From now on a password costs this."""
    global _hasher
    _hasher = hasher


def hashed(password: str) -> str:
    """What is stored of a password."""
    with _at_once:
        return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the password. None takes as long as a wrong one, and is."""
    if len(password) > LONGEST:
        stored, password = None, ""
    with _at_once:
        try:
            right = _hasher.verify(stored or NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return right and stored is not None


def outdated(stored: str) -> bool:
    """Whether it was hashed at another cost than today's."""
    return _hasher.check_needs_rehash(stored)


def problem(password: str, again: str, name: str) -> str | None:
    """What keeps this from being a new password: `short`, `long`, `name`, `again`; None when nothing does."""
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    if name and name.casefold() in password.casefold():
        return "name"
    return None if password == again else "again"
