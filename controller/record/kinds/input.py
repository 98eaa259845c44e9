"""Inputs that stopped the controller: known again, refused, and not tried again until they are forgiven (design §3)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Delete, RowChange, Upsert


@kind("input.poisoned")
class InputPoisoned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input of this shape stopped the controller: an alarm. From now on it is refused as `internal`.

    Until it is forgiven at the console, or another version of the program starts.
    """

    poison: str
    """Its digest, keyed: it gives nobody a card number."""
    sort: str
    """`tap`, `contact`, `request`, `answer` (of a request that was refused already), `checkpoint`, `part` or `console`."""
    place: str
    """The reader, the contact's device, or what else says where it came from."""
    version: str
    """The program that it stopped."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """One more that is refused."""
        return (Upsert("poison", {**msgspec.structs.asdict(self), "at": record.at, "seq": record.seq}),)


@kind("input.forgiven")
class InputForgiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input is tried again when it comes: somebody at the console, or another version of the program, says so."""

    poison: str
    reason: str
    """`console`, `version`, or `bound`: so many are known that the oldest is given up."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """One less."""
        return (Delete("poison", {"poison": self.poison}),)
