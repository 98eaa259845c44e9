"""NFC stickers on things: they prove nothing, they only name the thing that they are stuck to (C9.1)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Delete, Row, RowChange, Upsert


@kind("sticker.awaited")
class StickerAwaited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next unknown tag at this station becomes the sticker of this thing, until then."""

    station: str
    thing: str
    """As `sort:number`: `thing:3`, `asset:7`, `key:12`."""
    operator: int
    until_at: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """What the station waits for."""
        row: Row = {
            "station": self.station,
            "thing": self.thing,
            "operator": self.operator,
            "until_at": self.until_at,
            "state": "open",
            "code": None,
            "seq": record.seq,
        }
        return (Upsert("sticker_wait", row),)


@kind("sticker.missed")
class StickerMissed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No sticker came of it; `code` says what was missing: `time` when no tag came, `badge` for somebody's badge."""

    station: str
    thing: str
    code: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The station waits no more."""
        row: Row = {"station": self.station, "thing": self.thing, "state": "failed", "code": self.code, "seq": record.seq}
        return (Upsert("sticker_wait", row),)


@kind("sticker.attached")
class StickerAttached(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tag became the sticker of a thing."""

    sticker: str
    """The keyed digest of what the tag says."""
    thing: str
    station: str
    label: str
    """The end of its number, for people to tell one from another."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The sticker; the station waits no more."""
        row: Row = {
            "sticker": self.sticker,
            "thing": self.thing,
            "label": self.label,
            "state": self.state,
            "attached_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("sticker", row), Delete("sticker_wait", {"station": self.station}))


@kind("sticker.detached")
class StickerDetached(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sticker names nothing any more: it came off, or the thing is gone."""

    sticker: str
    thing: str
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The sticker, which may be put on something else."""
        return (Upsert("sticker", {"sticker": self.sticker, "state": self.state, "seq": record.seq}),)


class _Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    thing: str
    """As `sort:number`."""
    custody: int | None
    """The line that is open of it; None for none."""
    person: int | None
    """Whose badge was held to the station just before."""
    station: str
    place: str
    """Where the station stands."""


@kind("custody.seen")
class CustodySeen(_Read, frozen=True, forbid_unknown_fields=True):
    """A thing that is out was read where its line has it."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Where it was seen."""
        return _seen(self, record)


@kind("custody.astray")
class CustodyAstray(_Read, frozen=True, forbid_unknown_fields=True):
    """An alarm: a thing was read where neither its place nor a line has it (C8.5)."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Where it was seen."""
        return _seen(self, record)


def _seen(read: _Read, record: Record) -> tuple[RowChange, ...]:
    if read.custody is None:
        return ()
    row: Row = {"custody": read.custody, "seen_in": read.place, "seen_at": record.at, "seq": record.seq}
    return (Upsert("custody", row),)
