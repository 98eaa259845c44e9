"""Groups of people who may the same. A group holds rights as a person does; who is in it is a matter of memberships (C7.1)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert


@kind("group.created")
class GroupCreated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group. Nobody is in it, and it may do nothing yet."""

    team: int
    text: PrivateRef
    """Its name."""
    created_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The group."""
        row: Row = {
            "team": self.team,
            "state": self.state,
            "private": self.text.id,
            "private_version": self.text.version,
            "created_by": self.created_by,
            "created_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("team", row),)


@kind("group.renamed")
class GroupRenamed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The group has another name from now on."""

    team: int
    text: PrivateRef
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The group's new name."""
        row: Row = {
            "team": self.team,
            "private": self.text.id,
            "private_version": self.text.version,
            "seq": record.seq,
        }
        return (Upsert("team", row),)


@kind("group.closed")
class GroupClosed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The group is over: its rights ended just before this, and nobody joins it any more."""

    team: int
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The group, closed."""
        return (Upsert("team", {"team": self.team, "state": self.state, "seq": record.seq}),)
