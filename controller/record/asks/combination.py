"""What a dashboard may ask for: combination locks, who knows which number, and changes (C8.2-C8.4).

A body takes no field that is not here, and there is none for a number. Whatever text looks like one is refused.
"""

from typing import Annotated

import msgspec

from controller.record.requests import Number, Word, request_kind

Days = Annotated[int, msgspec.Meta(ge=1, le=365)]
"""The criteria want a change once a year at least (C8.3)."""

Digits = Annotated[int, msgspec.Meta(ge=3, le=12)]

People = Annotated[tuple[Number, ...], msgspec.Meta(max_length=50)]


@request_kind("combination.register", private=("name",))
class RegisterCombination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put a combination lock on record. Its first change is due at once, unless papers tell of an earlier one."""

    place: Word
    """The zone or container that it locks."""
    sort: Word
    """`dial`, `keypad` or `electronic`."""
    digits: Digits
    custodian: Number
    """A person who holds a right to the place."""
    station: Word
    max_age_days: Days | None = None
    """None: what the site's settings say."""
    change_when_added: bool = False
    changed_on: Word | None = None
    """The day on which its number was last changed, by the papers; None: it is new here."""


@request_kind("combination.appoint")
class AppointCustodian(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let another person keep the lock. Its number has to be changed then."""

    combination: Number
    custodian: Number


@request_kind("combination.relocate")
class RelocateCombination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock is at another place from now on; its number has to be changed."""

    combination: Number
    place: Word
    station: Word


@request_kind("combination.retire", private=("reason?",))
class RetireCombination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take the lock out of service; it has to be reset to its factory number."""

    combination: Number


@request_kind("combination.report", private=("note?",))
class ReportCombination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that its number is or may be known, that it was found open, locked out or repaired. It never expires."""

    combination: Number
    reason: Word
    """`leak`, `found_open`, `repair` or `lockout`."""


@request_kind("knower.add")
class AddKnower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put on record that a person was told the number. They hold a right to the place, and so does who told them."""

    combination: Number
    person: Number
    told_by: Number
    """A person who knows it."""


@request_kind("knower.remove")
class RemoveKnower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put on record that a person shall not know the number any more; it has to be changed. It never expires."""

    knower: Number


@request_kind("combination.plan")
class PlanChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say who witnesses the change and who shall know the new number. Only the lock's custodian; what was confirmed is void."""

    change: Number
    witness: Number
    knowers: People = ()
    """Beside custodian and witness."""


@request_kind("combination.begin")
class BeginChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Await custodian and witness at the lock's station for two minutes: to begin a change, or to go on with one."""

    change: Number


@request_kind("combination.draw")
class DrawCombination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put on record that the dashboard draws a number for the custodian. Once in a change, before the number is set."""

    change: Number


@request_kind("combination.break_off", private=("reason?",))
class BreakOffChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a running change stand still. It never expires."""

    change: Number


@request_kind("combination.finish")
class FinishChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """List the void envelope and end the change: whoever has not confirmed knows the number no more."""

    change: Number
    void_seal: Word = ""
    """The seal of the envelope with the old number, as it is on record; empty where there is none."""
    seal: Word = ""
    """The seal of an envelope with the new one."""
