"""Tethered equipment without an input, and the rounds in which somebody looks at each piece of it (C8.13)."""

import msgspec

from controller.record.duty import owed, settled
from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

DUTY = "tether_round"


@kind("tether.registered")
class TetherRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing that a wire holds in its place, from now on on the check list."""

    tethered: int
    equipment: str
    """What people call it on its label: `pc-12`."""
    place: str
    every_days: int
    """So many days after it was looked at it is due again."""
    name: PrivateRef
    operator: int
    due_at: str
    """When it is to have been looked at first."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The thing, and when it is due."""
        row: Row = {
            "tethered": self.tethered,
            "equipment": self.equipment,
            "place": self.place,
            "every_days": self.every_days,
            "private": self.name.id,
            "private_version": self.name.version,
            "state": self.state,
            "result": "",
            "note": "",
            "checked_at": None,
            "checked_by": None,
            "tether_round": None,
            "due_at": self.due_at,
            "registered_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("tethered", row), owed(DUTY, self.tethered, self.due_at, self.place))


@kind("tether.retired")
class TetherRetired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The thing is on the check list no more: moved, sold, or held in another way."""

    tethered: int
    place: str
    operator: int
    reason: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Off the list, and nothing is due."""
        row: Row = {"tethered": self.tethered, "state": self.state, "due_at": None, "seq": record.seq}
        return (Upsert("tethered", row), settled(DUTY, self.tethered))


@kind("tether.round_begun")
class TetherRoundBegun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody sets out to look at these things. What is registered later is of the next round."""

    tether_round: int
    place: str
    """Where; empty: everywhere."""
    operator: int
    items: tuple[int, ...]
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The round, and its things, none looked at yet."""
        row: Row = {
            "tether_round": self.tether_round,
            "place": self.place,
            "state": self.state,
            "begun_by": self.operator,
            "begun_at": record.at,
            "ended_by": None,
            "ended_at": None,
            "items": len(self.items),
            "ok": 0,
            "missing": 0,
            "damaged": 0,
            "unchecked": len(self.items),
            "seq": record.seq,
        }
        return (Upsert("tether_round", row), *(self._unchecked(item, record) for item in self.items))

    def _unchecked(self, item: int, record: Record) -> Upsert:
        row: Row = {"result": "", "note": "", "operator": None, "at": None, "seq": record.seq}
        return Upsert("tether_check", {"tether_round": self.tether_round, "tethered": item, **row})


class _Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tether_round: int
    tethered: int
    place: str
    """Where the thing is to be."""
    result: str
    """`ok`, `missing` or `damaged`."""
    note: PrivateRef | None
    operator: int
    due_at: str
    """When it is to be looked at again: after its days, or, where something was wrong, soon."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """What was found, in the round and of the thing, and when it is due again."""
        note = "" if self.note is None else self.note.id
        found: Row = {"result": self.result, "note": note, "seq": record.seq}
        of_round: Row = {"tether_round": self.tether_round, "tethered": self.tethered}
        check: Row = {**of_round, **found, "operator": self.operator, "at": record.at}
        thing: Row = {**of_round, **found, "checked_by": self.operator, "checked_at": record.at, "due_at": self.due_at}
        due = owed(DUTY, self.tethered, self.due_at, self.place)
        return (Upsert("tether_check", check), Upsert("tethered", thing), due)


@kind("tether.checked")
class TetherChecked(_Checked, frozen=True, forbid_unknown_fields=True):
    """The thing is in its place, and its wire is whole."""


@kind("tether.deviated")
class TetherDeviated(_Checked, frozen=True, forbid_unknown_fields=True):
    """The thing is missing, or its wire is damaged: an alarm."""


@kind("tether.round_ended")
class TetherRoundEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The round is over: what was found, and how much nobody looked at, which stays due."""

    tether_round: int
    place: str
    operator: int
    ok: int
    missing: int
    damaged: int
    unchecked: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The round with its counts."""
        counts: Row = {"ok": self.ok, "missing": self.missing, "damaged": self.damaged, "unchecked": self.unchecked}
        end: Row = {"state": self.state, "ended_by": self.operator, "ended_at": record.at, "seq": record.seq}
        return (Upsert("tether_round", {"tether_round": self.tether_round, **counts, **end}),)
