"""People. Their names are in the private store; records know them by number (C7.5)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import RowChange, Upsert


@kind("person.registered")
class PersonRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person became known to the site. A right is another matter."""

    person: int
    text: PrivateRef
    """Name, reading, title, department."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The person."""
        return (
            Upsert(
                "person",
                {
                    "person": self.person,
                    "state": self.state,
                    "private": self.text.id,
                    "private_version": self.text.version,
                    "registered_at": record.at,
                    "seq": record.seq,
                },
            ),
        )


class _PersonState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    person: int
    state: str
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The person's new state."""
        return (Upsert("person", {"person": self.person, "state": self.state, "seq": record.seq}),)


@kind("person.suspended")
class PersonSuspended(_PersonState, frozen=True, forbid_unknown_fields=True):
    """From now on no badge of this person opens anything (C7.4)."""


@kind("person.reinstated")
class PersonReinstated(_PersonState, frozen=True, forbid_unknown_fields=True):
    """The suspension has ended."""
