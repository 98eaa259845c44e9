"""What every check of a decision says of a person at a portal, as a dashboard and the console are told it."""

from enum import StrEnum
from typing import Annotated

import msgspec

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""A number that every column holds, whoever says it."""


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One check: `code` None means passed. `asked` False: it could not be asked, the person has no badge."""

    check: str
    code: str | None
    place: str
    """The field or fact that says so."""
    behind: tuple[Seq, ...]
    """The records that the answer rests on, by `seq`."""
    asked: bool = True


class Explained(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision on a person's badge at the outer reader of a portal, and what every check of it says, in order."""

    person: Seq
    badge: Seq | None
    portal: str
    zone: str
    at: str
    seq: Seq
    """The last record that was taken into account."""
    code: str | None
    """What is missing; None: it opens."""
    access_right: Seq | None
    """The right by which it opens."""
    stands: str
    """Why the portal stands unlocked at that time, so that nobody is asked (`schedule`, `override`); empty: it does not."""
    checks: tuple[Said, ...]


class Unanswered(StrEnum):
    """Why a question has no answer."""

    PERSON = "person"
    """There is nobody with this number, or was not then."""
    PORTAL = "portal"
    BADGE = "badge"
    """It is not the person's, or was not then."""
    LENGTH = "length"
    """The ledger is too long to be folded up to then while doors wait."""
    INTERNAL = "internal"
    """Answering it failed; the controller's log says where."""


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `answered/…`, signed. `code` None: it is answered."""

    request: str
    code: Unanswered | None
    found: Explained | None
