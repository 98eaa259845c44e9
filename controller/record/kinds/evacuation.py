"""Evacuations: people leave a zone or the site, and nobody enters (C8.9)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Delete, Row, RowChange, Upsert


@kind("evacuation.begun")
class EvacuationBegun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`zone` (`*`: the whole site) is being evacuated: nobody enters, and portals that are marked for it stand open.

    `cause` is `operator`, `console` or `input`; `operator` and `reason` are None where no operator asked.
    """

    zone: str
    cause: str
    operator: int | None
    reason: PrivateRef | None

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The evacuation."""
        row: Row = {
            "zone": self.zone,
            "cause": self.cause,
            "operator": self.operator,
            "reason": None if self.reason is None else self.reason.id,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("evacuation", row),)


@kind("evacuation.ended")
class EvacuationEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The evacuation of `zone` is over, by an operator, or at the console (`operator` None)."""

    zone: str
    operator: int | None
    reason: PrivateRef | None

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """No evacuation."""
        return (Delete("evacuation", {"zone": self.zone}),)
