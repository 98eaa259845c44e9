"""Companies that carry: registered, assessed by one and approved by another, pledged, withdrawn (C8.6).

`due_at` in a record is the nearest end of what holds then, assessment or pledge: from it the keepers are warned.
"""

import msgspec

from controller.record.duty import owed, settled
from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert


@kind("carrier.registered")
class CarrierRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A company became known that may carry one day. It carries nothing yet."""

    carrier: int
    text: PrivateRef
    """Its name, and whom to call."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The company."""
        row: Row = {
            "carrier": self.carrier,
            "state": self.state,
            "private": self.text.id,
            "private_version": self.text.version,
            "operator": self.operator,
            "registered_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("carrier", row),)


@kind("carrier.assessed")
class CarrierAssessed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody assessed how the company keeps information. It counts when another has approved it."""

    assessment: int
    carrier: int
    assessed_on: str
    """The day, as the site's calendar has it."""
    until_at: str
    """The first instant at which it holds no longer."""
    sha256: str
    """Of the document of the assessment."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The assessment, waiting for its approval."""
        row: Row = {
            "assessment": self.assessment,
            "carrier": self.carrier,
            "assessed_on": self.assessed_on,
            "until_at": self.until_at,
            "sha256": self.sha256,
            "operator": self.operator,
            "assessed_at": record.at,
            "decided_by": None,
            "decided_at": None,
            "state": self.state,
            "seq": record.seq,
        }
        return (Upsert("carrier_assessment", row),)


@kind("carrier.approved")
class CarrierApproved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another person approved the assessment: it holds from now on, in the place of an earlier one."""

    assessment: int
    carrier: int
    until_at: str
    due_at: str
    decided_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The assessment, and the company that it counts for."""
        row: Row = {"carrier": self.carrier, "assessment": self.assessment, "assessment_until": self.until_at}
        decided = _decided(record, self.assessment, self.decided_by, self.state)
        return (decided, Upsert("carrier", row | {"seq": record.seq}), owed("carrier", self.carrier, self.due_at))


@kind("carrier.declined")
class CarrierDeclined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The assessment was not approved; an earlier one holds as long as it did."""

    assessment: int
    carrier: int
    decided_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The assessment."""
        return (_decided(record, self.assessment, self.decided_by, self.state),)


@kind("carrier.pledged")
class CarrierPledged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The company signed a pledge of secrecy, which holds until `until_at`."""

    carrier: int
    version: str
    sha256: str
    signed_on: str
    until_at: str
    due_at: str
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The company and its pledge."""
        row: Row = {
            "carrier": self.carrier,
            "pledge_version": self.version,
            "pledge_sha256": self.sha256,
            "pledge_on": self.signed_on,
            "pledge_until": self.until_at,
            "pledge_by": self.operator,
            "seq": record.seq,
        }
        return (Upsert("carrier", row), owed("carrier", self.carrier, self.due_at))


@kind("carrier.withdrawn")
class CarrierWithdrawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The company carries nothing any more. What is on its way with it still has to arrive."""

    carrier: int
    operator: int
    reason: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The company, of which nothing has to be renewed."""
        row: Row = {"carrier": self.carrier, "state": self.state, "withdrawn_at": record.at, "seq": record.seq}
        return (Upsert("carrier", row), settled("carrier", self.carrier))


def _decided(record: Record, assessment: int, by: int, state: str) -> Upsert:
    row: Row = {"assessment": assessment, "state": state, "decided_by": by, "decided_at": record.at, "seq": record.seq}
    return Upsert("carrier_assessment", row)
