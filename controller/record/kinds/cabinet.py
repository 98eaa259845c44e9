"""People at an electronic key cabinet, what hangs there that nobody knows, and keys that are carried out (C8.2).

Loans themselves are the kinds of `key_loan`. A session is one person's at a time; where it stands is in every record whole.
"""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

KEY, PURPOSE, AUTHORISER, TAKE, PUT_RIGHT, OVER = STEPS = ("key", "purpose", "authoriser", "take", "put_right", "over")
"""What a session waits for: that a key is chosen, what for, that others agree, that it is taken out, that one that hangs in a
wrong slot is put right; nothing."""

LENT, RETURNED, NOT_TAKEN, TIME, ENDED, REPLACED, RESTARTED = CAUSES = (
    "lent", "returned", "not_taken", "time", "ended", "replaced", "restarted",
)  # fmt: skip
"""Why a session is over: the key was lent, one was brought back, nobody took it, nobody did anything, its person ended it, a
key was put right, or the power failed."""


class SlotSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A slot of a cabinet as configured; `identified`: something there tells which key hangs in it."""

    slot: int
    identified: bool


class CabinetSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key cabinet as configured, in the record `site.configured`."""

    cabinet: str
    name_ja: str
    name_en: str
    zone: str
    station: str
    take_s: int
    slots: tuple[SlotSet, ...]

    def rows(self, position: int) -> tuple[RowChange, ...]:
        """The cabinet and its slots."""
        row: Row = {
            "cabinet": self.cabinet,
            "name_ja": self.name_ja,
            "name_en": self.name_en,
            "zone": self.zone,
            "station": self.station,
            "take_s": self.take_s,
            "position": position,
        }
        slots = (
            Upsert(
                "cabinet_slot",
                {
                    "cabinet_slot": f"{self.cabinet}/{one.slot}",
                    "cabinet": self.cabinet,
                    "slot": one.slot,
                    "identified": int(one.identified),
                    "position": n,
                },
            )
            for n, one in enumerate(self.slots)
        )
        return (Upsert("cabinet", row), *slots)


def _session(record: Record, cabinet: str, person: int | None, step: str, **more: int | str | None) -> Upsert:
    """The session as it stands, with every column: nothing of a step before is left."""
    row: Row = {
        "cabinet": cabinet,
        "person": person,
        "step": step,
        "lock_key": None,
        "slot": 0,
        "loan": None,
        "options": "",
        "code": "",
        "place": "",
        "until_at": "",
        "at": record.at,
        "seq": record.seq,
    }
    return Upsert("cabinet_session", {**row, **more})


@kind("cabinet.signed_in")
class CabinetSignedIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody held their badge to the cabinet's reader, and is asked which key."""

    cabinet: str
    zone: str
    person: int
    badge: int
    until_at: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The session, which waits for a key."""
        return (_session(record, self.cabinet, self.person, KEY, until_at=self.until_at),)


@kind("cabinet.key_chosen")
class CabinetKeyChosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever stands there has chosen a key. What is still missing is the step."""

    cabinet: str
    zone: str
    person: int
    key: int
    slot: int
    """The slot that is, or will be, released."""
    loan: int
    """0: none yet."""
    options: tuple[str, ...]
    """The private rows of purposes that can be chosen by their place."""
    until_at: str
    step: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The session, one step on."""
        more = {"lock_key": self.key, "slot": self.slot, "loan": self.loan or None, "options": " ".join(self.options)}
        return (_session(record, self.cabinet, self.person, self.step, until_at=self.until_at, **more),)


@kind("cabinet.refused")
class CabinetRefused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody asked for at the cabinet is refused; the session goes on where it was."""

    cabinet: str
    zone: str
    person: int
    """Who asked for it."""
    key: int | None
    code: str
    place: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Why, for the screen beside the cabinet."""
        row: Row = {"cabinet": self.cabinet, "code": self.code, "place": self.place, "at": record.at, "seq": record.seq}
        return (Upsert("cabinet_session", row),)


@kind("cabinet.signed_out")
class CabinetSignedOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The session is over."""

    cabinet: str
    zone: str
    person: int
    cause: str
    """One of `CAUSES`."""
    key: int | None
    slot: int
    loan: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nobody's session, and what came of it."""
        more = {"lock_key": self.key, "slot": self.slot, "loan": self.loan or None, "code": self.cause}
        return (_session(record, self.cabinet, None, OVER, **more),)


@kind("cabinet.slot_opened")
class CabinetSlotOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A slot is released without a loan, so that a key that hangs in a wrong one can be put right."""

    cabinet: str
    zone: str
    slot: int
    keys: tuple[int, ...]
    person: int
    home: int
    """The slot where it belongs."""
    until_at: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The session, which waits for the key to be put right."""
        more: Row = {"lock_key": self.keys[0] if self.keys else None, "slot": self.slot, "place": str(self.home)}
        return (_session(record, self.cabinet, self.person, PUT_RIGHT, until_at=self.until_at, **more),)


@kind("cabinet.slot_let_go")
class CabinetSlotLetGo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator lets what hangs in a slot be taken out: something unknown, or a key that is not to be lent."""

    cabinet: str
    zone: str
    slot: int
    keys: tuple[int, ...]
    """What hangs there by the word of the ledger."""
    operator: int
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing: what becomes of it is said by its sensor."""
        return ()


@kind("cabinet.stray_found")
class CabinetStrayFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something hangs in a slot, and nothing tells which key it is: an alarm."""

    cabinet: str
    zone: str
    slot: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The slot, with something in it."""
        return (Upsert("cabinet_slot", _slot(self.cabinet, self.slot, record.at)),)


@kind("cabinet.stray_gone")
class CabinetStrayGone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What hung there unknown is gone, or is known now."""

    cabinet: str
    zone: str
    slot: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The slot, without it."""
        return (Upsert("cabinet_slot", _slot(self.cabinet, self.slot, "")),)


def _slot(cabinet: str, slot: int, stray_since: str) -> Row:
    return {"cabinet_slot": f"{cabinet}/{slot}", "cabinet": cabinet, "slot": slot, "stray_since": stray_since}


@kind("key.carried_out")
class KeyCarriedOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody left a zone with keys that are to stay in it. They were cautioned and not held up (design §11)."""

    portal: str
    zone: str
    person: int
    keys: tuple[int, ...]

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing: where the keys are is their loan's affair."""
        return ()
