"""Stations: readers that open no door, at which people confirm with their badges. What comes of a tap is the noun's record."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import RowChange


class StationSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station as configured, in the record `site.configured`."""

    station: str
    name_ja: str
    name_en: str
    zone: str
    """Where it stands."""
    least_assurance: int
    keypad: bool
    part: str
    """The device URL of its reader, as failed parts are called."""


@kind("station.refused", passing=True)
class StationRefused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A badge or a sticker at a station came to nothing, with the code of what is missing.

    The same again within a minute is not recorded at once: one more record says how often, when the minute is over.
    """

    station: str
    zone: str
    """Where the station stands."""
    code: str
    place: str
    """The field or fact that said so. Never shown at the station."""
    credential: str
    """Keyed digest of what the card claimed to be; empty when it said nothing, or when several are counted together."""
    label: str
    person: int | None
    badge: int | None
    thing: str
    """What the sticker names, `asset:3`; empty for a badge."""
    assurance: int
    count: int
    """1; or how many there were beyond those that have a record of their own."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """A refusal changes nothing."""
        return ()
