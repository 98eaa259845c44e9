"""The disk that the ledger is on: what it could not take, and what was left of a ledger that it damaged."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert

DISK = "disk"
"""The disk's name among the parts."""


@kind("disk.recovered")
class DiskRecovered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger can be written again. From `since` on it could not be: every lock was held secure, nothing was released.

    What came meanwhile: `taps` were refused with the fault signal, `exits` is how often an exit button was pressed (its wire
    opens the door without us), `requests` were left for their dashboards to repeat. `forced`: portals that opened without any
    leave meanwhile.
    """

    reason: str
    """`full`, `read_only`, `io`, `unavailable` or `locked`."""
    since: str
    taps: int
    exits: int
    requests: int
    forced: tuple[str, ...]

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The disk works."""
        row: Row = {"part": DISK, "state": "ok", "reason": "", "at": record.at, "seq": record.seq}
        return (Upsert("part", row),)


@kind("ledger.salvaged")
class LedgerSalvaged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger's file was found damaged at a start: an alarm. Its first `kept` records were whole and stand in a new file.

    The damaged files are kept in `aside`, a folder beside the ledger. What came after the kept records may be had from a
    dashboard; else a new epoch says so.
    """

    damage: str
    """What was wrong: `missing`, `malformed`, `records`, `checkpoint`."""
    kept: int
    aside: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing."""
        return ()
