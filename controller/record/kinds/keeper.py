"""Who answers for a place: its manager and its deputy, asked for by one operator and approved by another (C3.1)."""

import msgspec

from controller.record.duty import owed, settled
from controller.record.envelope import Record, kind
from controller.record.tables import Row, RowChange, Upsert

MANAGER, DEPUTY = DUTIES = ("manager", "deputy")


def key_of(place: str, duty: str, appointment: int) -> str:
    """How a place's manager or deputy by one appointment is called in the table `keeper`."""
    return f"{place}:{duty}:{appointment}"


def place_of(keeper: str) -> str:
    """The place in such a key."""
    return keeper.partition(":")[0]


@kind("keeper.proposed")
class KeeperProposed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator wants these two people to answer for the place. Until another approves it, whoever did so does."""

    appointment: int
    place: str
    manager: int
    deputy: int
    requested_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The appointment, waiting for its approval."""
        row: Row = {
            "appointment": self.appointment,
            "place": self.place,
            "manager": self.manager,
            "deputy": self.deputy,
            "state": self.state,
            "requested_by": self.requested_by,
            "requested_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("appointment", row),)


@kind("keeper.appointed")
class KeeperAppointed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From now on these two answer for the place. Where the manager is another, combinations are to be changed (C8.4)."""

    appointment: int
    place: str
    manager: int
    deputy: int
    decided_by: int
    state: str
    replaces: int | None = None
    """The appointment before; None where the place had none."""
    manager_before: int | None = None
    """None where the place was without one."""
    deputy_before: int | None = None

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Manager and deputy of the place, and the appointment that made them so."""
        decided: Row = {
            "appointment": self.appointment,
            "state": self.state,
            "decided_by": self.decided_by,
            "decided_at": record.at,
            "seq": record.seq,
        }
        people = ((MANAGER, self.manager), (DEPUTY, self.deputy))
        named = (self._keeper(duty, person, record) for duty, person in people)
        return (Upsert("appointment", decided), *self._replaced(), *named)

    def _replaced(self) -> tuple[RowChange, ...]:
        """Whoever was named before is not any more, and is not missed."""
        if self.replaces is None:
            return ()
        former: list[Row] = [
            {"keeper": key_of(self.place, duty, self.replaces), "state": "replaced"} for duty in DUTIES
        ]
        before: Row = {"appointment": self.replaces, "state": "replaced"}
        return (settled("keeper", self.replaces), Upsert("appointment", before), *(Upsert("keeper", row) for row in former))

    def _keeper(self, duty: str, person: int, record: Record) -> Upsert:
        row: Row = {
            "keeper": key_of(self.place, duty, self.appointment),
            "place": self.place,
            "duty": duty,
            "person": person,
            "appointment": self.appointment,
            "state": self.state,
            "since": record.at,
            "seq": record.seq,
        }
        return Upsert("keeper", row)


@kind("keeper.declined")
class KeeperDeclined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The appointment was not approved."""

    appointment: int
    decided_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The appointment, over."""
        row: Row = {
            "appointment": self.appointment,
            "state": self.state,
            "decided_by": self.decided_by,
            "decided_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("appointment", row),)


@kind("keeper.ended")
class KeeperEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody answers for the place no more: they left, or it is none any more. It is without one until another is named."""

    keeper: str
    """`place:duty:appointment`, as in the table."""
    place: str
    person: int
    operator: int
    """0 where no operator asked for it."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The place, without its manager or deputy: that another is named is due at once."""
        ended: Row = {"keeper": self.keeper, "state": self.state, "seq": record.seq}
        appointment = int(self.keeper.rpartition(":")[2])
        return (Upsert("keeper", ended), owed("keeper", appointment, record.at, self.place))
