"""Entries: who came through which portal, or did not, and why (C8.9)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.door import portal_row, released_row
from controller.record.tables import RowChange


@kind("entry.granted", passing=True)
class EntryGranted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A badge was allowed through; the lock is released only after this is durable."""

    portal: str
    side: str
    zone: str
    person: int
    badge: int
    access_right: int | None
    """The right that allowed it; None on the way out, which nothing refuses."""
    assurance: int
    status: str
    release_s: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The portal is released because of this record."""
        return released_row(record, self.portal, self.status, cause="entry")


@kind("entry.granted", version=2, passing=True)
class EntryGrantedByPin(EntryGranted, frozen=True, forbid_unknown_fields=True):
    """As before, and the person proved their PIN as well; `pin` is its number."""

    pin: int


class _Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    portal: str
    side: str
    zone: str
    code: str
    credential: str
    """Keyed digest of what the card claimed to be; empty when it said nothing."""
    label: str
    person: int | None
    badge: int | None
    assurance: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """A refusal changes nothing."""
        return ()


@kind("entry.refused", passing=True)
class EntryRefusedBefore(_Refused, frozen=True, forbid_unknown_fields=True):
    """A tap that opened nothing, as it was recorded before the place of what is missing was."""


@kind("entry.refused", 2, passing=True)
class EntryRefused(_Refused, frozen=True, forbid_unknown_fields=True):
    """A tap that opened nothing, with the code of what is missing."""

    place: str = ""
    """The field or fact that said so: `right.16.until_at`, `pledge.nda.version`. Never shown at the door."""


@kind("entry.abandoned", passing=True)
class EntryAbandoned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock was released and nobody came; it is secure again."""

    portal: str
    release: int
    """`seq` of the record that released it."""
    status: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The portal is secure again."""
        return (portal_row(record, self.portal, self.status, cause="", release_seq=None),)
