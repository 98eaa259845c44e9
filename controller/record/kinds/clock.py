"""The controller's clock: when it is believed, why not, and by whose word again (design §6)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert

CLOCK = "clock"
"""The clock's name among the parts: while it is doubted, that is an alarm like that of a part that has failed."""


def _part(record: Record, state: str, reason: str = "") -> tuple[RowChange, ...]:
    row: Row = {"part": CLOCK, "state": state, "reason": reason, "at": record.at, "seq": record.seq}
    return (Upsert("part", row),)


@kind("clock.doubted")
class ClockDoubted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wall clock is not believed from here on: what goes by it is refused or locked. An alarm."""

    reason: str
    """`jump`: it was set. `start`: nothing vouches for it after a start. `holdover`: not synchronised for too long.
    `behind`: at a start it was before what the ledger knows, or before this program was made."""
    by_s: int
    """By so many seconds it was put forward, or back when negative; 0 where that is not known."""
    known_at: str
    """What time it was at least: taps are not judged at an earlier one."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The clock has failed."""
        return _part(record, "failed", self.reason)


@kind("clock.trusted")
class ClockTrusted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wall clock is believed again."""

    source: str
    """`synced`: the kernel says that it is synchronised. `declared`: the settings trust the host. `rtc`: it was set from a
    real-time clock at the start."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The clock is good."""
        return _part(record, "ok")


@kind("clock.confirmed")
class ClockConfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody at the console has compared the clock with a watch: it is believed until it jumps or the controller starts."""

    shown_at: str
    """The time that was shown to them."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The clock is good."""
        return _part(record, "ok")
