"""Things that can be carried away, known for what they are and not for what they say: PCs, USB sticks, folders (C9.1)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import RowChange, Upsert

STATES = ("active", "retired", "lost", "disposed")


@kind("thing.registered")
class ThingRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing is known to the site from now on, or as it is from now on."""

    thing: int
    code: str
    """What is written on it: the number of the inventory."""
    medium: str
    """One of `controller.record.handling.MEDIA`."""
    asset: int | None
    """The asset of the catalogue that it carries."""
    place: str
    """The zone or container that it is kept in."""
    allowed: tuple[str, ...]
    """Where else it may be used; an asset's own places count instead where it carries one (C8.5)."""
    label: PrivateRef
    """What people call it."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The thing."""
        return (
            Upsert(
                "thing",
                {
                    "thing": self.thing,
                    "code": self.code,
                    "medium": self.medium,
                    "asset": self.asset,
                    "place": self.place,
                    "allowed": " ".join(self.allowed),
                    "private": self.label.id,
                    "private_version": self.label.version,
                    "state": self.state,
                    "registered_at": record.at,
                    "seq": record.seq,
                },
            ),
        )


@kind("thing.retired")
class ThingRetired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The thing is taken out no more: given up, or lost."""

    thing: int
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The thing's new state."""
        return (Upsert("thing", {"thing": self.thing, "state": self.state, "seq": record.seq}),)
