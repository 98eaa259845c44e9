"""Inventory rounds: every key of a place is counted, monthly and when another answers for it (C8.2, C7.4)."""

import msgspec

from controller.record.duty import owed, settled
from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert

PRESENT, ABSENT, BROKEN_SEAL = "present", "absent", "broken_seal"
SEEN = (PRESENT, ABSENT, BROKEN_SEAL)
"""What whoever counts says of a key: there, or with whom the ledger has it; not; in an envelope that is not whole."""

MONTHLY, KEEPER, ASKED = "monthly", "keeper", "asked"
CAUSES = (MONTHLY, KEEPER, ASKED)
"""Why a round began: its month, another keeper, an operator's wish."""


@kind("key_audit.begun")
class KeyAuditBegun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a place are to be counted by then."""

    audit: int
    place: str
    cause: str
    """One of `CAUSES`."""
    by_two: bool
    """Whether somebody else than who counted has to end it."""
    due_at: str
    operator: int
    """0: the controller."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The round, open."""
        row: Row = {
            "key_audit": self.audit,
            "place": self.place,
            "cause": self.cause,
            "by_two": int(self.by_two),
            "due_at": self.due_at,
            "begun_by": self.operator,
            "begun_at": record.at,
            "state": self.state,
            "seq": record.seq,
        }
        return (Upsert("key_audit", row), owed("key_audit", self.audit, self.due_at, self.place))


@kind("key_audit.counted")
class KeyCounted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody looked for one key of the round. The last word on a key counts."""

    audit: int
    key: int
    expected: str
    """The state in which the ledger had it."""
    seen: str
    """One of `SEEN`."""
    deviation: bool
    """Whether the two do not go together."""
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The key's line in the round."""
        row: Row = {
            "key_audit": self.audit,
            "lock_key": self.key,
            "expected": self.expected,
            "seen": self.seen,
            "deviation": int(self.deviation),
            "operator": self.operator,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("key_count", row),)


@kind("key_audit.ended")
class KeyAuditEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every key of the round was counted."""

    audit: int
    expected: int
    """How many keys should have been there."""
    found: int
    deviations: int
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The round, over."""
        row: Row = {
            "key_audit": self.audit,
            "expected": self.expected,
            "found": self.found,
            "deviations": self.deviations,
            "ended_by": self.operator,
            "ended_at": record.at,
            "state": self.state,
            "seq": record.seq,
        }
        return (Upsert("key_audit", row), settled("key_audit", self.audit))
