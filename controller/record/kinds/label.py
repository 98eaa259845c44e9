"""Labels and signs that were printed (C2.1)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert

TEMPLATES = ("tape24", "sheet24", "card", "sign")
"""A tape of 24 mm, a sheet of 3 × 8 labels of 70 × 33.9 mm, a card of 86 × 54 mm, and a door sign on A4."""

LANGUAGES = ("ja", "en")


@kind("label.printed")
class LabelPrinted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Labels of a place were made to be printed: the record stands before the paper is handed out."""

    label: int
    place: str
    template: str
    """One of `TEMPLATES`."""
    count: int
    lang: str
    secrecy: str
    """The class that it says: the strictest of what the place held then; empty for none."""
    manager: int | None
    """Who it says answers for the place."""
    deputy: int | None
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The print."""
        row: Row = {
            "label": self.label,
            "place": self.place,
            "template": self.template,
            "count": self.count,
            "lang": self.lang,
            "operator": self.operator,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("label", row),)
