"""Keys themselves: how they are kept, envelopes, and what is seen of them (C8.2).

Loans are `key_loan.py`, losses `key_loss.py`. A key is in exactly one state and place; a rule answers records that say the
whole of it.
"""

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field

import msgspec

from controller.record.asks.key import ChangeKey, RegisterKey
from controller.record.kinds.key import (
    IN_PLACE,
    LOST,
    MISPLACED,
    MISSING,
    OUT,
    RETIRED,
    SEALED,
    SUSPECT,
    KeyChanged,
    KeyFound,
    KeyLimited,
    KeyMisplaced,
    KeyMissing,
    KeyRegistered,
    KeyReplaced,
    KeyRetired,
    KeySealed,
    KeyUnsealed,
)
from controller.record.kinds.key_loan import GONE, KeyReservationEnded
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.key_due import DueRule
from controller.rules.outcome import Outcome, Refusal

MOST_ON_A_RING = 20
NEVER = DueRule(0, "")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as recorded."""

    key: int
    label: str
    opens: str
    home: str
    state: str = IN_PLACE
    cabinet: str = ""
    slot: int = 0
    ring: int = 0
    copy_of: int = 0
    authorisers: int = 0
    due: DueRule = NEVER
    most: int = 0
    stays_in: str = ""
    version: int = 1
    """Of its text."""
    loan: int = 0
    """The loan by which it is out; 0: none."""
    person: int | None = None
    """Who has it; of one that is lost or suspect, who had it when it was lost."""
    at: tuple[str, int] = ("", 0)
    """The wrong slot it hangs in."""
    seal: str = ""
    sealed_in: str = ""
    lock_due_at: str = ""
    """By when its lock has to be changed; empty: not."""

    @property
    def place(self) -> str:
        """The place whose rights say who may borrow it, and whose keeper answers for it."""
        return self.opens or self.home

    @property
    def leader(self) -> int:
        """The key that leads its ring; itself where there is none."""
        return self.ring or self.key


@dataclass(frozen=True, slots=True)
class Site:
    """What the site knows of places where keys can be, and of keys that stand in the way of a new one."""

    places: Container[str]
    """Zones and containers."""
    cabinets: Mapping[str, Collection[int]] = field(default_factory=dict)
    """The slots of each."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """The key that bears this label, of those that are not retired: a lost key's label is not given again."""
    slots: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """The leader of what hangs in a slot."""
    leader: Key | None = None
    """The key that shall lead the ring."""
    on_ring: int = 0
    """How many are on it."""
    follows: bool = False
    """Whether others hang on a ring that this key leads."""
    original: Key | None = None
    """The key of which it is a copy."""


def register(ask: RegisterKey, number: int, text: PrivateRow, operator: OperatorFact, site: Site) -> Outcome | Refusal:
    """Make key `number` known."""
    if refusal := _unfit(ask, number, operator, site):
        return refusal
    fields = msgspec.structs.asdict(ask)
    record = KeyRegistered(key=number, text=text.ref(), operator=operator.operator, state=IN_PLACE, **fields)
    return Outcome((record,), private=(text,))


def change(ask: ChangeKey, key: Key | None, text: PrivateRow, operator: OperatorFact, site: Site) -> Outcome | Refusal:
    """Keep the key so from now on. Not while it is out: what it was lent by holds until it is back.

    That fewer have to agree, or that other people may borrow it, is for a manager of the place that it opens to say.
    """
    if key is None or key.state == RETIRED:
        return Refusal(Code.SUBJECT, "body.key")
    if key.state in OUT:
        return Refusal(Code.KEY, f"key.{key.state}")
    if refusal := within(operator, key.opens, key.home) or _unfit(ask, key.key, operator, site):
        return refusal
    if refusal := _weakened(ask, key, operator):
        return refusal
    if site.follows and (ask.home, ask.cabinet, ask.slot) != (key.home, key.cabinet, key.slot):
        return Refusal(Code.SUBJECT, "key.ring")
    fields = msgspec.structs.asdict(ask)
    record = KeyChanged(text=text.ref(), operator=operator.operator, state=key.state, **fields)
    return Outcome((record,), private=(text,))


def _weakened(ask: ChangeKey, key: Key, operator: OperatorFact) -> Refusal | None:
    """Why the operator may not have the key guarded less than it is; None when they may, or it is not."""
    if ask.authorisers < key.authorisers or ask.opens != key.opens:
        if "manager" not in operator.roles:
            return Refusal(Code.ROLE, "body.authorisers" if ask.opens == key.opens else "body.opens")
        return within(operator, key.place)
    return None if (ask.cabinet, ask.slot) == (key.cabinet, key.slot) else _unwatched(key, operator)


def _unwatched(key: Key, operator: OperatorFact) -> Refusal | None:
    """Why the operator may not take the key out of its cabinet's watch; None when they may.

    What hangs in a slot that is nobody's can be let out by a custodian alone: a key that takes other people's agreement would
    be had without it.
    """
    guarded = key.authorisers > 0 and key.cabinet != "" and key.state in (IN_PLACE, MISPLACED)
    return Refusal(Code.ROLE, "key.authorisers") if guarded and "manager" not in operator.roles else None


def _unfit(ask: RegisterKey | ChangeKey, number: int, operator: OperatorFact, site: Site) -> Refusal | None:
    """Why a key cannot be kept so; None when it can."""
    if not ask.label.strip() or ask.label != ask.label.strip():
        return Refusal(Code.FORM, "body.label")
    if site.labels.get(ask.label, number) != number:
        return Refusal(Code.SUBJECT, "body.label")
    for name, place in (("home", ask.home), ("opens", ask.opens), ("stays_in", ask.stays_in)):
        if (place or name == "home") and place not in site.places:
            return Refusal(Code.SUBJECT, f"body.{name}")
    if not DueRule(ask.due_minutes, ask.due_time).said or (ask.due_time and not DueRule(0, ask.due_time).said):
        return Refusal(Code.VALIDITY, "body.due_time")
    return _ill_hung(ask, number, site) or within(operator, ask.opens, ask.home)


def _ill_hung(ask: RegisterKey | ChangeKey, number: int, site: Site) -> Refusal | None:
    """Why a key cannot hang there: no such slot, another's, a ring that is none, or a copy of nothing."""
    if bool(ask.cabinet) != bool(ask.slot) or (ask.cabinet and ask.slot not in site.cabinets.get(ask.cabinet, ())):
        return Refusal(Code.SUBJECT, "body.slot")
    leader = ask.ring or number
    if ask.cabinet and site.slots.get((ask.cabinet, ask.slot), leader) != leader:
        return Refusal(Code.SUBJECT, "body.slot")
    if ask.ring and _no_ring(ask, number, site):
        return Refusal(Code.SUBJECT, "body.ring")
    if ask.copy_of and (site.original is None or ask.copy_of == number):
        return Refusal(Code.SUBJECT, "body.copy_of")
    return None


def _no_ring(ask: RegisterKey | ChangeKey, number: int, site: Site) -> bool:
    """A ring hangs in one place, is led by a key in its place that hangs on no other, and is not endless."""
    leader = site.leader
    if leader is None or ask.ring == number or leader.ring or leader.state != IN_PLACE or site.follows:
        return True
    elsewhere = (leader.home, leader.cabinet, leader.slot) != (ask.home, ask.cabinet, ask.slot)
    return elsewhere or site.on_ring >= MOST_ON_A_RING


def retire(
    key: Key | None, reason: PrivateRow, operator: OperatorFact, follows: bool, reservations: Collection[int] = ()
) -> Outcome | Refusal:
    """The key is no more. Not while it is out, nor while its lock has to be changed, nor while others hang on its ring.

    `reservations`: of the key, which end.
    """
    if key is None or key.state == RETIRED:
        return Refusal(Code.SUBJECT, "body.key")
    if key.state in OUT or key.lock_due_at:
        return Refusal(Code.KEY, f"key.{key.state}")
    if follows:
        return Refusal(Code.SUBJECT, "key.ring")
    if refusal := within(operator, key.opens, key.home) or _unwatched(key, operator):
        return refusal
    retired = KeyRetired(key.key, operator.operator, reason.ref(), RETIRED)
    ended = (KeyReservationEnded(number, GONE, "ended") for number in sorted(reservations))
    return Outcome((retired, *ended), private=(reason,))


def seal(
    key: Key | None, number: str, place: str, operator: OperatorFact, places: Container[str], used: bool
) -> Outcome | Refusal:
    """Put the key into an envelope with this seal. `used`: another key's envelope has that seal."""
    if key is None or key.state not in (IN_PLACE, MISPLACED):
        return Refusal(Code.SUBJECT, "body.key") if key is None else Refusal(Code.KEY, f"key.{key.state}")
    if key.ring or used or not number.strip():
        return Refusal(Code.SUBJECT, "body.seal" if not key.ring else "key.ring")
    if place not in places:
        return Refusal(Code.SUBJECT, "body.place")
    if refusal := within(operator, key.opens, key.home) or _unwatched(key, operator):
        return refusal
    return Outcome((KeySealed(key.key, number, place, operator.operator, SEALED),))


def unseal(key: Key | None, reason: PrivateRow, operator: OperatorFact) -> Outcome | Refusal:
    """Open the key's envelope: it is in its keeper's hands then."""
    if key is None or key.state != SEALED:
        return Refusal(Code.SUBJECT, "body.key")
    if refusal := within(operator, key.opens, key.home):
        return refusal
    record = KeyUnsealed(key.key, key.seal, operator.operator, reason.ref(), IN_PLACE)
    return Outcome((record,), private=(reason,))


def limit(person: int, state: str | None, most: int, operator: OperatorFact) -> Outcome | Refusal:
    """Say how many keys a person may have; nobody says so of themselves."""
    if state not in ("active", "suspended"):
        return Refusal(Code.SUBJECT, "body.person")
    if operator.person == person:
        return Refusal(Code.SECOND_PERSON, "operator.person")
    return Outcome((KeyLimited(person, most, operator.operator),))


# What is seen of keys ---------------------------------------------------------------------------------------------------


def gone(keys: Collection[Key]) -> Outcome:
    """These keys, which hung in one place, are not there any more, and nobody has borrowed them."""
    known = [key for key in keys if key.state in (IN_PLACE, MISPLACED, SEALED)]
    if not known:
        return Outcome()
    one = known[0]
    cabinet, slot = one.at if one.state == MISPLACED else (one.cabinet, one.slot)
    return Outcome((KeyMissing(tuple(key.key for key in known), one.place, cabinet, slot, MISSING),))


def astray(keys: Collection[Key], cabinet: str, slot: int) -> Outcome:
    """These keys, which nobody has borrowed, hang in a slot that is not theirs."""
    moved = [key for key in keys if key.state in (IN_PLACE, MISSING, MISPLACED) and key.at != (cabinet, slot)]
    found = tuple(KeyFound(key.key, key.person, None, None, SUSPECT) for key in keys if key.state == LOST)
    if not moved:
        return Outcome(found)
    numbers = tuple(key.key for key in moved)
    return Outcome((KeyMisplaced(numbers, moved[0].place, cabinet, slot, MISPLACED), *found))


def hung(keys: Collection[Key]) -> Outcome:
    """These keys, which were missing or elsewhere, hang in their place; ones that were lost are suspect from now on."""
    back = tuple(key.key for key in keys if key.state in (MISSING, MISPLACED))
    found = tuple(KeyFound(key.key, key.person, None, None, SUSPECT) for key in keys if key.state == LOST)
    return Outcome(((KeyReplaced(back, None, IN_PLACE),) if back else ()) + found)
