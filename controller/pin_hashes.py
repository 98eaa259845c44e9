"""Making and verifying PIN hashes: argon2id, keyed with a pepper that is in no database.

A salted hash of all six-digit numbers falls in a day even at argon2's cost; without the pepper it does not fall. The pepper
is made of the site's `pepper.key`, for this purpose alone. Costs tens of milliseconds and tens of megabytes, so it is done in
no thread that a door waits for (`keypads`), one at a time.
"""

import hmac
import secrets
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw

from controller.rules.hashed import HASH, SALT, HashedPin
from controller.rules.pin_wait import Typed

_PURPOSE = b"sekimori pin 1"


@dataclass(frozen=True, slots=True)
class Cost:
    """argon2id's parameters: passes, memory in KiB, lanes."""

    passes: int
    memory_kib: int
    lanes: int


COSTS = {1: Cost(3, 32_768, 1)}
"""By the number kept beside each hash; a new one is added and an old one stays, for hashes cannot be made again."""
NEWEST = 1


class PinHashes:
    """One site's. Digits come as a bytearray, and are the caller's to overwrite."""

    def __init__(self, pepper: bytes) -> None:
        self._key = hmac.digest(pepper, _PURPOSE, "sha256")

    def make(self, own: bytearray, duress: bytearray) -> HashedPin:
        """What is kept of a PIN and the one for duress; empty: of none, which nothing that is typed will match."""
        return HashedPin(NEWEST, self._fresh(own), self._fresh(duress) if duress else secrets.token_bytes(SALT + HASH))

    def judge(self, hashed: HashedPin, typed: bytearray) -> Typed:
        """Which of the two it is, if any: both are computed and compared whatever the first says."""
        cost = COSTS.get(hashed.form)
        if cost is None:  # made by a newer program
            return Typed.WRONG
        own, duress = (self._matches(kept, typed, cost) for kept in (hashed.own, hashed.duress))
        return Typed.RIGHT if own else Typed.DURESS if duress else Typed.WRONG

    def _fresh(self, digits: bytearray) -> bytes:
        salt = secrets.token_bytes(SALT)
        return salt + self._hash(digits, salt, COSTS[NEWEST])

    def _matches(self, kept: bytes, typed: bytearray, cost: Cost) -> bool:
        return hmac.compare_digest(self._hash(typed, kept[:SALT], cost), kept[SALT:])

    def _hash(self, digits: bytearray, salt: bytes, cost: Cost) -> bytes:
        keyed = hmac.digest(self._key, digits, "sha256")
        return hash_secret_raw(keyed, salt, cost.passes, cost.memory_kib, cost.lanes, HASH, Type.ID)
