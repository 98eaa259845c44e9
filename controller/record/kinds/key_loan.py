"""Key loans: who has which key, what for, who agreed, until when, and who brought it back (C8.2).

A loan is asked for where others have to agree, its slot released where the key hangs in a cabinet, and lent once the key is
out. It ends by its return, whoever brings it, by handing over (another loan begins), by the key's loss, or before it began.
"""

from datetime import timedelta

import msgspec

from controller.record.canonical import moment, timestamp
from controller.record.duty import duty, owed, settled
from controller.record.envelope import Record, kind
from controller.record.kinds.key import IN_PLACE, RELEASED, stands
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

ASKED, LENT, RETURNED, CANCELLED, HANDED_OVER, LOST = "asked", "lent", "returned", "cancelled", "handed_over", "lost"
LOAN_STATES = (ASKED, RELEASED, LENT, RETURNED, CANCELLED, HANDED_OVER, LOST)
OPEN = frozenset({ASKED, RELEASED, LENT})
"""The states of a loan that is not over."""

HAND, CABINET = "hand", "cabinet"

_BEHIND = timedelta(minutes=1)
"""A reservation ends by itself: what is told of it is told before, and it is never overdue."""

NOT_TAKEN, WITHDRAWN, LAPSED, RESTARTED = "not_taken", "withdrawn", "lapsed", "restarted"
CANCELLATIONS = (NOT_TAKEN, WITHDRAWN, LAPSED, RESTARTED)
"""Why a loan ended before it began: nobody took the key, somebody called it off, nobody handed it out in time, the controller
began anew and found the slot shut."""


def _listed(numbers: tuple[int, ...]) -> str:
    return " ".join(map(str, numbers))


@kind("key.asked")
class KeyAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody wants to borrow a key to which others have to agree: it stays where it is until they have."""

    loan: int
    key: int
    keys: tuple[int, ...]
    """All on its ring, itself among them."""
    label: str
    place: str
    """What it opens, or where it is kept."""
    person: int
    purpose: PrivateRef
    needed: int
    """How many have to agree."""
    operator: int
    state: str
    """Of the loan."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The loan, which waits."""
        row: Row = {
            "key_loan": self.loan,
            "lock_key": self.key,
            "keys": _listed(self.keys),
            "label": self.label,
            "place": self.place,
            "person": self.person,
            "state": self.state,
            "purpose": self.purpose.id,
            "needed": self.needed,
            "authorisers": "",
            "asked_by": self.operator,
            "asked_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("key_loan", row), about(self.purpose, self.person))


@kind("key.authorised")
class KeyAuthorised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another person agreed to the loan."""

    loan: int
    authoriser: int
    authorisers: tuple[int, ...]
    """All who have agreed by now."""
    operator: int
    state: str
    """Of the loan."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The loan, and who has agreed."""
        row: Row = {
            "key_loan": self.loan,
            "authorisers": _listed(self.authorisers),
            "state": self.state,
            "seq": record.seq,
        }
        return (Upsert("key_loan", row),)


class _Loan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    loan: int
    key: int
    keys: tuple[int, ...]
    """All on its ring, itself among them."""
    label: str
    place: str
    """What it opens, or where it is kept."""
    person: int
    purpose: PrivateRef
    authorisers: tuple[int, ...]
    """Who agreed to it: other people than who borrows, and all different."""
    due_at: str
    operator: int | None
    """Who hands it out; None: the cabinet does."""
    how: str
    """`hand` or `cabinet`."""
    yields_to: int
    """The reservation of somebody else that makes it due earlier; 0: none."""
    state: str
    """Of the keys, and of the loan."""

    def loan_row(self, record: Record) -> Row:
        """The loan as it stands with this record."""
        return {
            "key_loan": self.loan,
            "lock_key": self.key,
            "keys": _listed(self.keys),
            "label": self.label,
            "place": self.place,
            "person": self.person,
            "state": self.state,
            "purpose": self.purpose.id,
            "authorisers": _listed(self.authorisers),
            "lent_by": self.operator,
            "due_at": self.due_at,
            "yields_to": self.yields_to,
            "how": self.how,
            "seq": record.seq,
        }

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The loan, and its keys in the borrower's hands or theirs to take."""
        keys = (stands(record, key, self.state, loan=self.loan, person=self.person) for key in self.keys)
        return (Upsert("key_loan", self.loan_row(record)), about(self.purpose, self.person), *keys)


@kind("key.released")
class KeyReleased(_Loan, frozen=True, forbid_unknown_fields=True):
    """A slot of the cabinet is open for the borrower; nothing has seen yet that the key was taken."""


@kind("key.lent")
class KeyLent(_Loan, frozen=True, forbid_unknown_fields=True):
    """The keys are in the borrower's hands, and due back."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The loan, its keys, and that they have to come back."""
        lent: Row = {"key_loan": self.loan, "lent_at": record.at}
        due = owed("loan", self.loan, self.due_at, self.place, self.person)
        return (*super().rows(record), Upsert("key_loan", lent), due)


@kind("key.cancelled")
class KeyCancelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The loan ended before it began: its keys are where they were."""

    loan: int
    keys: tuple[int, ...]
    """Those that had been released; none of a loan that was only asked for."""
    person: int
    cause: str
    """One of `CANCELLATIONS`."""
    operator: int | None
    state: str
    """Of the loan."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The loan, over, and the keys in their place."""
        row: Row = {"key_loan": self.loan, "state": self.state, "returned_how": self.cause, "seq": record.seq}
        return (Upsert("key_loan", row), *(stands(record, key, IN_PLACE) for key in self.keys))


@kind("key.returned")
class KeyReturned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys are back, whoever brought them. A return is never refused."""

    loan: int
    keys: tuple[int, ...]
    person: int
    """Whose loan it was."""
    returned_by: int | None
    """None: nobody said who."""
    how: str
    """`hand` or `cabinet`."""
    operator: int | None
    """Who took them back; None: the cabinet did."""
    cabinet: str
    slot: int
    """Where they are, when that is not their place."""
    over: bool
    """Whether these were the last keys that were out by the loan."""
    state: str
    """Of the keys: in their place, or in a wrong one."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The keys where they are, and the loan, over when nothing is out any more."""
        keys = tuple(stands(record, key, self.state, at=(self.cabinet, self.slot)) for key in self.keys)
        if not self.over:
            return keys
        row: Row = {
            "key_loan": self.loan,
            "state": RETURNED,
            "returned_at": record.at,
            "returned_by": self.returned_by,
            "received_by": self.operator,
            "returned_how": self.how,
            "seq": record.seq,
        }
        return (Upsert("key_loan", row), *keys, settled("loan", self.loan))


@kind("key.handed_over")
class KeyHandedOver(_Loan, frozen=True, forbid_unknown_fields=True):
    """The keys went from one person to another: the one's loan is over, the other's begins."""

    former: int
    """The loan that is over."""
    handed_by: int
    """Whose loan it was."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Both loans, and the keys in the other's hands."""
        over: Row = {
            "key_loan": self.former,
            "state": HANDED_OVER,
            "returned_at": record.at,
            "returned_by": self.handed_by,
            "received_by": self.operator,
            "returned_how": self.how,
            "next": self.loan,
            "seq": record.seq,
        }
        begun: Row = {"key_loan": self.loan, "lent_at": record.at, "former": self.former}
        due = owed("loan", self.loan, self.due_at, self.place, self.person)
        ended = (Upsert("key_loan", over), settled("loan", self.former))
        return (*ended, *super().rows(record), Upsert("key_loan", begun), due)


@kind("key.recalled")
class KeyRecalled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The borrower leaves: the loan is due at once. It does not end by that, for the key is still out (C7.4)."""

    loan: int
    person: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The loan, due now."""
        row: Row = {"key_loan": self.loan, "due_at": record.at, "recalled": 1, "seq": record.seq}
        due: Row = {"due": duty("loan", self.loan), "due_at": record.at, "stage": "", "next_at": record.at}
        return (Upsert("key_loan", row), Upsert("due", due))


@kind("key.reserved")
class KeyReserved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key is somebody's for a time that is still to come: a loan to another is due before it."""

    reservation: int
    key: int
    label: str
    place: str
    person: int
    from_at: str
    until_at: str
    purpose: PrivateRef
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The reservation, which ends by itself."""
        row: Row = {
            "key_reservation": self.reservation,
            "lock_key": self.key,
            "label": self.label,
            "place": self.place,
            "person": self.person,
            "from_at": self.from_at,
            "until_at": self.until_at,
            "purpose": self.purpose.id,
            "operator": self.operator,
            "reserved_at": record.at,
            "state": self.state,
            "seq": record.seq,
        }
        ended = timestamp(moment(self.until_at) + _BEHIND)
        due = owed("reservation", self.reservation, ended, self.place, self.person)
        return (Upsert("key_reservation", row), about(self.purpose, self.person), due)


TAKEN, CALLED_OFF, UNUSED, GONE, LEFT = "taken", "called_off", "unused", "gone", "left"
RESERVATION_ENDS = (TAKEN, CALLED_OFF, UNUSED, GONE, LEFT)
"""Why a reservation ended: its key was lent to who reserved it, somebody called it off, its time is over, the key is no more,
or who reserved it has left."""


@kind("key.reservation_ended")
class KeyReservationEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reservation holds no more."""

    reservation: int
    cause: str
    """One of `RESERVATION_ENDS`."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The reservation, over."""
        row: Row = {
            "key_reservation": self.reservation,
            "cause": self.cause,
            "state": self.state,
            "seq": record.seq,
        }
        return (Upsert("key_reservation", row), settled("reservation", self.reservation))
