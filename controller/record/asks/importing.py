"""Many people and rights by one request, which is done whole or not at all. Its rights wait for their approval as others do."""

from typing import Annotated

import msgspec

from controller.record.kinds.right import OWN
from controller.record.requests import Number, Word, request_kind

MOST_ROWS = 30
"""Rows of one request: it is one transaction, behind which taps wait."""

TEXTS = ("name", "kana", "title", "department", "purpose")
"""What may be written about a row, in the private field of its number: `name.0`."""


class ImportRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line: a person and, with a zone, a right that is asked for."""

    person: Number | None = None
    """Somebody whom the site knows; None registers a new person by the row's name, or means the one of row `same`."""
    same: Number | None = None
    """The number of an earlier row of this request, whose person this is too."""
    zone: Word = ""
    schedule: Word = ""
    from_at: Word = ""
    until_at: Word = ""
    manner: Word = OWN


@request_kind("people.import", private=tuple(f"{name}*" for name in TEXTS))
class ImportPeople(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Register these people and ask for these rights."""

    rows: Annotated[tuple[ImportRow, ...], msgspec.Meta(min_length=1, max_length=MOST_ROWS)]
