"""Keys of locks: known by number, kept in a cabinet's slot or by hand, and at any time in exactly one state and place (C8.2).

Loans are in `key_loan.py`, inventory rounds in `key_audit.py`. What each record says of a key's state is the whole of it.
"""

import msgspec

from controller.record.duty import owed, settled
from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

IN_PLACE, RELEASED, LENT, MISPLACED, MISSING, LOST, SUSPECT, SEALED, RETIRED = (
    "in_place", "released", "lent", "misplaced", "missing", "lost", "suspect", "sealed", "retired",
)  # fmt: skip
STATES = (IN_PLACE, RELEASED, LENT, MISPLACED, MISSING, LOST, SUSPECT, SEALED, RETIRED)
"""In its slot or with its keeper; the slot open for somebody; lent; in another slot, or at hand and not yet hung; gone without
a loan; lost; found after it was lost, and not to be trusted until the keeper says so; in a sealed envelope; no more."""

OUT = frozenset({RELEASED, LENT})
"""The states in which somebody has it, or has its slot open."""


def stands(
    record: Record,
    key: int,
    state: str,
    *,
    loan: int | None = None,
    person: int | None = None,
    at: tuple[str, int] = ("", 0),
    sealed: tuple[str, str] = ("", ""),
) -> Upsert:
    """The key in this state, with every column that says where it is: what it was before is over."""
    row: Row = {
        "lock_key": key,
        "state": state,
        "loan": loan,
        "person": person,
        "at_cabinet": at[0],
        "at_slot": at[1],
        "seal": sealed[0],
        "sealed_in": sealed[1],
        "since": record.at,
        "seq": record.seq,
    }
    return Upsert("lock_key", row)


class _KeyKept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: int
    label: str
    """The number stamped on its tag: no name, and on no other key."""
    text: PrivateRef
    """Its name, and what it opens in words."""
    opens: str
    """The zone or container, or empty: only the text says it, and whoever may be where it is kept may borrow it."""
    home: str
    """The zone or container where it is kept."""
    cabinet: str
    slot: int
    """Empty and 0: kept by hand."""
    ring: int
    """The key that leads the ring it hangs on; 0: none. The keys of a ring are lent and returned together."""
    copy_of: int
    """The key of which it is a duplicate; 0: none."""
    authorisers: int
    """How many others have to agree to each loan, 0 to 3."""
    due_minutes: int
    due_time: str
    """So many minutes after it was lent, and at this time of the business day, whichever is first; 0 and empty: not so."""
    most: int
    """How many keys somebody with this one may have altogether; 0: no number of its own."""
    stays_in: str
    """The zone that whoever has the key is cautioned at leaving; empty: none."""
    operator: int
    state: str

    def kept(self, record: Record) -> Row:
        """How the key is to be kept."""
        return {
            "lock_key": self.key,
            "label": self.label,
            "opens": self.opens,
            "home": self.home,
            "cabinet": self.cabinet,
            "slot": self.slot,
            "ring": self.ring,
            "copy_of": self.copy_of,
            "authorisers": self.authorisers,
            "due_minutes": self.due_minutes,
            "due_time": self.due_time,
            "most": self.most,
            "stays_in": self.stays_in,
            "private": self.text.id,
            "private_version": self.text.version,
            "seq": record.seq,
        }


@kind("key.registered")
class KeyRegistered(_KeyKept, frozen=True, forbid_unknown_fields=True):
    """A key became known, and is in its place."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The key."""
        row = {**self.kept(record), "registered_at": record.at}
        return (Upsert("lock_key", row), stands(record, self.key, self.state))


@kind("key.changed")
class KeyChanged(_KeyKept, frozen=True, forbid_unknown_fields=True):
    """How the key is kept and lent from now on. Where it is does not change by this."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """How it is kept."""
        return (Upsert("lock_key", self.kept(record)),)


@kind("key.missing")
class KeyMissing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys are gone from their place, and nobody has borrowed them: an alarm."""

    keys: tuple[int, ...]
    place: str
    cabinet: str
    slot: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The keys, nowhere."""
        return tuple(stands(record, key, self.state) for key in self.keys)


@kind("key.misplaced")
class KeyMisplaced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys hang in a slot that is not theirs."""

    keys: tuple[int, ...]
    place: str
    cabinet: str
    slot: int
    """Where they are."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The keys, and where they are."""
        return tuple(stands(record, key, self.state, at=(self.cabinet, self.slot)) for key in self.keys)


@kind("key.replaced")
class KeyReplaced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys are back in their place: hung there, or, of ones that were suspect, by the word of the keeper."""

    keys: tuple[int, ...]
    operator: int | None
    """None: the cabinet saw it."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The keys, in their place; no lock has to be changed for them any more."""
        kept: Row = {"lock_due_at": None}
        return tuple(
            change
            for key in self.keys
            for change in (
                stands(record, key, self.state),
                Upsert("lock_key", {"lock_key": key, **kept}),
                settled("lock_change", key),
            )
        )


@kind("key.lost")
class KeyLost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key was reported lost: until its lock is changed, whoever finds it can open what it opens."""

    key: int
    place: str
    """What it opens, or where it was kept."""
    loan: int
    """The loan in which it was lost; 0: none."""
    loan_over: bool
    """Whether that was the last key that was out by it."""
    person: int | None
    """Who had it."""
    operator: int
    reason: PrivateRef
    lock_due_at: str
    """By when the lock has to be changed."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The key, the end of its loan, and what has to be done about the lock."""
        changes: list[RowChange] = [
            stands(record, self.key, self.state, person=self.person),
            Upsert("lock_key", {"lock_key": self.key, "lock_due_at": self.lock_due_at}),
            owed("lock_change", self.key, self.lock_due_at, self.place),
        ]
        if self.loan_over:
            over: Row = {"key_loan": self.loan, "state": self.state, "received_by": self.operator, "seq": record.seq}
            changes += [Upsert("key_loan", over), settled("loan", self.loan)]
        if self.person is not None:
            changes.append(about(self.reason, self.person))
        return tuple(changes)


@kind("key.found")
class KeyFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lost key turned up. Nobody knows who had it meanwhile: the lock is still to be changed, unless the keeper says not."""

    key: int
    person: int | None
    """Who had it when it was lost."""
    returned_by: int | None
    operator: int | None
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The key, which nobody borrows until the keeper has decided."""
        return (stands(record, self.key, self.state, person=self.person),)


@kind("key.lock_changed")
class KeyLockChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock of a lost key was changed: the lost one opens nothing any more."""

    key: int
    lock: str
    """What the new lock, or its cylinder, is called: no name of a person."""
    new_key: int
    """The key of the new lock; 0: it is kept elsewhere."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The old key, which is no more, and what came in its place."""
        row: Row = {"lock_key": self.key, "lock_due_at": None, "new_lock": self.lock, "new_key": self.new_key}
        return (stands(record, self.key, self.state), Upsert("lock_key", row), settled("lock_change", self.key))


@kind("key.retired")
class KeyRetired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key is no more: destroyed, or its lock is."""

    key: int
    operator: int
    reason: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The key, which is no more."""
        return (stands(record, self.key, self.state),)


@kind("key.sealed")
class KeySealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key lies in a sealed envelope."""

    key: int
    seal: str
    """The number printed on the seal."""
    place: str
    """The zone or container where the envelope lies."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The key, in its envelope."""
        return (stands(record, self.key, self.state, sealed=(self.seal, self.place)),)


@kind("key.unsealed")
class KeyUnsealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The envelope was opened, and the key is in its keeper's hands."""

    key: int
    seal: str
    """The number of the seal that was broken."""
    operator: int
    reason: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The key, out of its envelope."""
        return (stands(record, self.key, self.state),)


@kind("key.limited")
class KeyLimited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many keys this person may have at a time, whatever the site's settings say."""

    person: int
    most: int
    """0: none at all."""
    operator: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The person's number."""
        row: Row = {
            "person": self.person,
            "most": self.most,
            "operator": self.operator,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("key_limit", row),)
