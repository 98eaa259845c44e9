"""What every check of a decision says of a person at a portal, as a dashboard and the console are told it."""

import msgspec


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One check: `code` None means passed. `asked` False: it could not be asked, the person has no badge."""

    check: str
    code: str | None
    place: str
    """The field or fact that says so."""
    behind: tuple[int, ...]
    """The records that the answer rests on, by `seq`."""
    asked: bool = True


class Explained(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision on a person's badge at the outer reader of a portal, and what every check of it says, in order."""

    person: int
    badge: int | None
    portal: str
    zone: str
    at: str
    seq: int
    """The last record that was taken into account."""
    code: str | None
    """What is missing; None: it opens."""
    access_right: int | None
    """The right by which it opens."""
    stands: str
    """Why the portal stands unlocked at that time, so that nobody is asked (`schedule`, `override`); empty: it does not."""
    checks: tuple[Said, ...]
