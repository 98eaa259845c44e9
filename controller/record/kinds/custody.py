"""The custody ledger: who takes what where, what for, until when, by whose approval, and how it ended (C4.1, C8.5, C9.1)."""

import msgspec

from controller.record.duty import duty, owed, settled
from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

REQUESTED, APPROVED, DECLINED, LAPSED = "requested", "approved", "declined", "lapsed"
OPEN, KEPT_ON, UNWITNESSED, ENDED = "open", "kept", "unwitnessed", "ended"
STATES = (REQUESTED, APPROVED, DECLINED, LAPSED, OPEN, KEPT_ON, UNWITNESSED, ENDED)
"""`open`: out, and due by a day; `kept`: created or stored, and due by none; `unwitnessed`: destroyed, as one person says."""

SORT = "custody"
"""Of what is due (`controller.record.duty`)."""


def line(record: Record, custody: int, **columns: int | str | None) -> Upsert:
    """These columns of a line of the ledger."""
    row: Row = {"custody": custody, **columns, "seq": record.seq}
    return Upsert("custody", row)


@kind("custody.requested")
class CustodyRequested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody wants to do this with a thing or an asset. `state` says whether it waits for an approval, or needs none."""

    custody: int
    thing: int | None
    asset: int | None
    act: str
    """One of `controller.record.handling.ACTS`."""
    medium: str
    place: str
    """Where it will be: a zone, a container, or `off_site`."""
    home: str
    """Where it is kept; whose keeper answers for it."""
    person: int
    copies: int
    due_at: str | None
    begin_by: str
    """Until then the request, or its approval, is good."""
    purpose: PrivateRef
    """The purpose, and where, to whom and what else there is to say."""
    requested_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line."""
        row = line(
            record,
            self.custody,
            thing=self.thing,
            asset=self.asset,
            act=self.act,
            medium=self.medium,
            place=self.place,
            home=self.home,
            person=self.person,
            copies=self.copies,
            due_at=self.due_at,
            begin_by=self.begin_by,
            purpose=self.purpose.id,
            requested_by=self.requested_by,
            requested_at=record.at,
            state=self.state,
        )
        return (row, about(self.purpose, self.person))


@kind("custody.approved")
class CustodyApproved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another person, who answers for the place, allows it (C4.2)."""

    custody: int
    person: int
    decided_by: int
    begin_by: str
    state: str
    despite: tuple[str, ...] = ()
    """What was open against the person then, as in `right.approved`."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, which may begin."""
        decided: Row = {"decided_by": self.decided_by, "decided_at": record.at, "begin_by": self.begin_by}
        return (line(record, self.custody, state=self.state, **decided),)


@kind("custody.declined")
class CustodyDeclined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It is not allowed, or not wanted any more."""

    custody: int
    person: int
    decided_by: int
    reason: PrivateRef | None
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, which will not begin."""
        reason = None if self.reason is None else self.reason.id
        decided: Row = {"decided_by": self.decided_by, "decided_at": record.at, "reason": reason}
        filed = () if self.reason is None else (about(self.reason, self.person),)
        return (line(record, self.custody, state=self.state, **decided), *filed)


@kind("custody.lapsed")
class CustodyLapsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nobody began it in time, or whoever was to do it has left: `code` is what is missing."""

    custody: int
    person: int
    code: str
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, which will not begin."""
        return (line(record, self.custody, state=self.state),)


@kind("custody.begun")
class CustodyBegun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It has begun: the thing is in this person's hands."""

    custody: int
    thing: int | None
    person: int
    act: str
    home: str
    begun_in: str
    """The zone of the station at which it was taken; else where it is kept. There it is brought back."""
    station: str
    operator: int
    """Whose word it is; 0 for a badge and a sticker at a station."""
    due_at: str | None
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, begun, and what is owed by it."""
        began: Row = {
            "began_at": record.at,
            "begun_in": self.begun_in,
            "begun_station": self.station,
            "begun_by": self.operator,
            "due_at": self.due_at,
        }
        due = () if self.due_at is None else (owed(SORT, self.custody, self.due_at, self.home, self.person),)
        return (line(record, self.custody, state=self.state, **began), *due)


@kind("custody.extension_asked")
class CustodyExtensionAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever has it asks for a later day."""

    custody: int
    person: int
    wanted_at: str
    requested_by: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, with the day that is asked for."""
        return (line(record, self.custody, wanted_at=self.wanted_at),)


@kind("custody.extended")
class CustodyExtended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It is due on another day, by the word of another person (C4.2)."""

    custody: int
    person: int
    home: str
    due_at: str
    decided_by: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line with its new day."""
        row = line(record, self.custody, due_at=self.due_at, wanted_at=None, extended_by=self.decided_by)
        return (row, owed(SORT, self.custody, self.due_at, self.home, self.person))


@kind("custody.recalled")
class CustodyRecalled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever has it has left, so that it is due at once (C7.4)."""

    custody: int
    person: int
    by: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, due now; it is told anew."""
        due: Row = {
            "due": duty(SORT, self.custody),
            "due_at": record.at,
            "stage": "",
            "next_at": record.at,
            "reached_at": None,
            "told": 0,
            "seq": 0,
        }
        return (line(record, self.custody, due_at=record.at), Upsert("due", due))


@kind("custody.ended")
class CustodyEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It is over: brought back, every copy in, left with the other side, or lost."""

    custody: int
    thing: int | None
    person: int
    """Whose line it was."""
    brought_by: int | None
    """Who brought it back, which may be anybody; None when nobody said so."""
    outcome: str
    station: str
    operator: int
    confirmed_by: int | None
    """The operator, where they are one who may approve the end."""
    remarks: PrivateRef | None
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, ended; nothing is owed by it."""
        ended: Row = {
            "ended_at": record.at,
            "brought_by": self.brought_by,
            "outcome": self.outcome,
            "ended_station": self.station,
            "ended_by": self.operator,
            "confirmed_by": self.confirmed_by,
            "confirmed_at": None if self.confirmed_by is None else record.at,
            "remarks": None if self.remarks is None else self.remarks.id,
            "wanted_at": None,
        }
        filed = () if self.remarks is None else (about(self.remarks, self.person),)
        return (line(record, self.custody, state=self.state, **ended), settled(SORT, self.custody), *filed)


@kind("custody.confirmed")
class CustodyConfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another person, who answers for the place, has seen that it is back."""

    custody: int
    confirmed_by: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The line, with who approved its end."""
        return (line(record, self.custody, confirmed_by=self.confirmed_by, confirmed_at=record.at),)
