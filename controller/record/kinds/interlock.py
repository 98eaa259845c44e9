"""Interlocked portals that were open at once (C8.7)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import RowChange


@kind("interlock.broken", passing=True)
class InterlockBroken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody is let out through `portal` while `other`, with which it is interlocked, is not secure: an alarm.

    The record that says who leaves follows it.
    """

    portal: str
    other: str
    status: str
    """How the other one stands."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing: the portals' own records say how they stand."""
        return ()
