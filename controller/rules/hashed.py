"""A PIN as it is kept: two salted hashes, one for the PIN and one for duress. Never in a record, on the wire or in a log.

There are always two: who chose no PIN for duress has a hash of nothing, so that verifying takes as long, and whoever reads
the store does not learn who has one.
"""

from dataclasses import dataclass

SALT, HASH = 16, 32
FORMS = frozenset({1})
"""The numbers of the parameters by which hashes are made; what they are is in `controller.pin_hashes`."""
HALF = SALT + HASH
"""Bytes of one of the two, all of a length: an erased one is overwritten in its place."""


@dataclass(frozen=True, slots=True, repr=False)
class HashedPin:
    """The salt and hash of each; `form` says by which parameters. It shows nothing of itself when it is printed."""

    form: int
    own: bytes
    duress: bytes

    def __post_init__(self) -> None:
        if len(self.own) != HALF or len(self.duress) != HALF:
            raise ValueError(f"a hash of {HALF} bytes each")

    def __repr__(self) -> str:
        return "HashedPin(…)"


@dataclass(frozen=True, slots=True)
class KeptPin:
    """What is to be kept of person's PIN number `pin`."""

    person: int
    pin: int
    hashed: HashedPin
