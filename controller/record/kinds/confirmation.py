"""What badges at a lock's station confirm of a change: each step is a record with the people and the badges (C8.3).

They say that a number was set, and none of them says which.
"""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.change import sharing
from controller.record.tables import Row, RowChange, Upsert


class _BothConfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    combination_change: int
    station: str
    custodian: int
    custodian_badge: int
    witness: int
    witness_badge: int


@kind("combination.change_begun")
class ChangeBegun(_BothConfirmed, frozen=True, forbid_unknown_fields=True):
    """Two people stand at the lock: their badges came within two minutes."""

    step: str
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The change, running."""
        return (_step(record, self.combination_change, self.step, "begun_at", state=self.state, called_until=None),)


@kind("combination.change_resumed")
class ChangeResumed(_BothConfirmed, frozen=True, forbid_unknown_fields=True):
    """The same two people go on with a change that was broken off, where it was."""

    step: str
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The change, running again."""
        row: Row = {
            "combination_change": self.combination_change,
            "state": self.state,
            "step": self.step,
            "called_until": None,
            "code": None,
            "seq": record.seq,
        }
        return (Upsert("combination_change", row),)


class _Confirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    combination_change: int
    station: str
    person: int
    badge: int
    step: str


@kind("combination.number_set")
class NumberSet(_Confirmed, frozen=True, forbid_unknown_fields=True):
    """The custodian set a new number at the lock."""

    manner: str
    """One of `MANNERS`."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The step, and how the number came about."""
        return (_step(record, self.combination_change, self.step, "set_at", manner=self.manner),)


@kind("combination.number_tried")
class NumberTried(_Confirmed, frozen=True, forbid_unknown_fields=True):
    """The custodian opened the lock three times with the new number, the door standing open."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The step."""
        return (_step(record, self.combination_change, self.step, "tried_at"),)


@kind("combination.number_witnessed")
class NumberWitnessed(_Confirmed, frozen=True, forbid_unknown_fields=True):
    """The witness did so too, by themself."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The step."""
        return (_step(record, self.combination_change, self.step, "witnessed_at"),)


@kind("combination.old_number_dead")
class OldNumberDead(_BothConfirmed, frozen=True, forbid_unknown_fields=True):
    """Both tried what opened the lock before, and it does not any more."""

    old: bool
    """The number of before; not where there was none yet."""
    factory: bool
    """The factory's number; not where the lock was reset to it."""
    step: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The step."""
        return (_step(record, self.combination_change, self.step, "dead_at"),)


@kind("combination.knower_confirmed")
class KnowerConfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of those who shall know the new number confirmed with their badge that they do."""

    combination_change: int
    station: str
    person: int
    badge: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """That they have it."""
        return (sharing(record, self.combination_change, self.person, self.state, self.badge, record.at),)


@kind("combination.confirmation_refused")
class ConfirmationRefused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A badge at the station that the change does not wait for: the same person twice, or the other of the two."""

    combination_change: int
    station: str
    person: int
    badge: int
    code: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing."""
        return ()


def _step(record: Record, change: int, step: str, at: str, **also: str | int | None) -> Upsert:
    row: Row = {"combination_change": change, "step": step, at: record.at, "seq": record.seq, **also}
    return Upsert("combination_change", row)
