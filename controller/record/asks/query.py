"""Questions of a dashboard, which change nothing and leave no record."""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind


@request_kind("query/resend")
class QueryResend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send the records from `first` to `last` again; leaves no record."""

    epoch: Number
    first: Number
    last: Number


@request_kind("query/private")
class QueryPrivate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send the newest versions of these private rows again; leaves no record. A broker may keep fewer than it was given."""

    ids: Annotated[tuple[Word, ...], msgspec.Meta(max_length=100)]


@request_kind("query/explain")
class QueryExplain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say what the door says to this person, and what each check says; leaves no record."""

    person: Number
    portal: Word
    at: Word = ""
    """As in records; empty for now."""
    before: Number = 0
    """By the tables as they were before the record with this `seq`; 0: as they were at that time."""
    badge: Number = 0
    """With this badge of the person's; 0: with the best."""
