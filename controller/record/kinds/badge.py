"""Badges: enrolled by tapping, lost, retired."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert


@kind("enrolment.opened")
class EnrolmentOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next card at this reader becomes this person's badge, until then."""

    reader: str
    person: int
    operator: int
    until_at: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """An open enrolment at the reader."""
        return (
            Upsert(
                "enrolment",
                {
                    "reader": self.reader,
                    "person": self.person,
                    "state": "open",
                    "code": None,
                    "badge": None,
                    "until_at": self.until_at,
                    "operator": self.operator,
                    "seq": record.seq,
                },
            ),
        )


@kind("enrolment.closed")
class EnrolmentClosed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The enrolment ended without a badge; `code` says what was missing (`time` when no card came)."""

    reader: str
    person: int
    code: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """A closed enrolment with its reason; nothing for a card reader at the console."""
        if not self.reader:
            return ()
        return (
            Upsert(
                "enrolment",
                {"reader": self.reader, "person": self.person, "state": "failed", "code": self.code, "seq": record.seq},
            ),
        )


@kind("badge.enrolled")
class BadgeEnrolled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card that proved itself became a person's badge."""

    badge: int
    person: int
    reader: str
    """Where it was tapped; empty for a card reader at the console."""
    credential: str
    """Keyed digest of what the card proved to be; the number itself is in no record."""
    assurance: int
    label: str
    state: str
    personalised: bool
    """Its key was written in the same act."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The badge, and the enrolment it ends."""
        badge = Upsert(
            "badge",
            {
                "badge": self.badge,
                "person": self.person,
                "credential": self.credential,
                "assurance": self.assurance,
                "label": self.label,
                "state": self.state,
                "enrolled_at": record.at,
                "seq": record.seq,
            },
        )
        if not self.reader:
            return (badge,)
        done: Row = {
            "reader": self.reader,
            "person": self.person,
            "state": "done",
            "code": None,
            "badge": self.badge,
            "seq": record.seq,
        }
        return (badge, Upsert("enrolment", done))


@kind("badge.retired")
class BadgeRetired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The badge opens nothing any more: `lost` or `retired`."""

    badge: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The badge's last state."""
        return (Upsert("badge", {"badge": self.badge, "state": self.state, "seq": record.seq}),)
