"""People. Their names are in the private store; records know them by number (C7.5)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Erase, Row, RowChange, Upsert

REASONS = ("asked", "unneeded", "mistaken")
"""Why a person was erased: they asked for it, what it was kept for is over, or they should not have been registered.

(個人情報保護法 articles 35 and 22.) Codes and no text, which would be about the person again.
"""


def about(ref: PrivateRef, person: int) -> Upsert:
    """Files a private row under the person it is about: it goes when they are erased. Every kind with such a row says so."""
    row: Row = {"private": ref.id, "version": ref.version, "digest": ref.digest, "person": person}
    return Upsert("private_of", row)


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
                    "state_by": record.by,
                    "private": self.text.id,
                    "private_version": self.text.version,
                    "registered_at": record.at,
                    "seq": record.seq,
                },
            ),
            about(self.text, self.person),
        )


@kind("person.changed")
class PersonChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The details and the leaving date of a person, as they are from now on (C7.2)."""

    person: int
    text: PrivateRef
    """A next version, or the one that was."""
    leaves_on: str | None
    """Their last day, by the calendar on the site's wall; None for none."""
    leaves_at: str | None
    """The moment at which that day is over: from then on nothing of them holds."""
    leaves_by: str | None
    """Whose word the date is, as in `by`."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """What is known of the person."""
        row: Row = {
            "person": self.person,
            "leaves_on": self.leaves_on,
            "leaves_at": self.leaves_at,
            "leaves_by": self.leaves_by,
            "private": self.text.id,
            "private_version": self.text.version,
            "seq": record.seq,
        }
        return (Upsert("person", row), about(self.text, self.person))


@kind("person.left")
class PersonLeft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person has left: what they held has ended in the records just before this one (C7.4)."""

    person: int
    asked_by: str
    """Whose word it is, as in `by`: also where the controller does it when the day is over."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The person, who comes no more."""
        row: Row = {
            "person": self.person,
            "state": self.state,
            "state_by": self.asked_by,
            "leaves_on": None,
            "leaves_at": None,
            "leaves_by": None,
            "left_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("person", row),)


class _PersonState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    person: int
    state: str
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The person's new state, and by whose word."""
        return (_state(record, self.person, self.state), about(self.reason, self.person))


def _state(record: Record, person: int, state: str) -> Upsert:
    return Upsert("person", {"person": person, "state": state, "state_by": record.by, "seq": record.seq})


@kind("person.suspended")
class PersonSuspended(_PersonState, frozen=True, forbid_unknown_fields=True):
    """From now on no badge of this person opens anything (C7.4)."""


@kind("person.reinstated")
class PersonReinstated(_PersonState, frozen=True, forbid_unknown_fields=True):
    """The suspension has ended."""


@kind("person.erased")
class PersonErased(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name and texts of this person are gone, here and wherever this record arrives; the number stays.

    Whoever folds this record erases again, so that no restored copy brings a name back for good.
    """

    person: int
    reason: str
    """One of `REASONS`."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The person, of whom nothing is told any more."""
        gone: Row = {"person": self.person, "leaves_on": None, "leaves_at": None, "leaves_by": None}
        return (_state(record, self.person, self.state), Upsert("person", gone), Erase(self.person))
