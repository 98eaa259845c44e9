"""Tethers: wires that hold equipment in its place, with an input that says when one is cut (C8.13)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert


class TetherSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tether with an input as configured, in the record `site.configured`."""

    tether: str
    name_ja: str
    name_en: str
    zone: str
    part: str
    """The device URL of its input, as failed parts are called."""


def _state(record: Record, tether: str, zone: str, state: str) -> tuple[RowChange, ...]:
    row: Row = {"tether": tether, "zone": zone, "state": state, "at": record.at, "seq": record.seq}
    return (Upsert("tether_state", row),)


@kind("tether.observed")
class TetherObserved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input was read for the first time, and the wire is whole."""

    tether: str
    zone: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Intact."""
        return _state(record, self.tether, self.zone, "intact")


@kind("tether.cut")
class TetherCut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wire is cut or unplugged: an alarm."""

    tether: str
    zone: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Cut."""
        return _state(record, self.tether, self.zone, "cut")


@kind("tether.restored")
class TetherRestored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wire is whole again, and has been for a while. What it holds is for somebody to look at."""

    tether: str
    zone: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Intact."""
        return _state(record, self.tether, self.zone, "intact")
