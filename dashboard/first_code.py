"""One-time codes for an account's first sign-in, printed at the console: `4F7K-29QM`.

Forty bits that live for half an hour; kept as an argon2 hash, because a plain one of forty bits is read back in minutes.
"""

import secrets
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

VALID_FOR = timedelta(minutes=30)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0 and O, 1, I and L, or U, which is heard and read as V."""

_hasher = PasswordHasher()


def new_code() -> str:
    """A fresh code, as it is printed."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _bare(code: str) -> str:
    return "".join(letter for letter in code[:64].upper() if letter.isalnum())


def hash_code(code: str) -> str:
    """What is stored of a code."""
    return _hasher.hash(_bare(code))


def code_matches(hashed: str, code: str) -> bool:
    """Whether this is the code, however it was spaced and cased. Takes as long as a password does."""
    try:
        return _hasher.verify(hashed, _bare(code))
    except (VerificationError, InvalidHashError):
        return False
