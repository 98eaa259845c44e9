"""The catalogue of information assets: entered, changed, moved, withdrawn (C1.1, C1.2).

What an asset asks of its place is in force there from its record on (`controller.rules.in_force`), so a change can open as well
as close: it expires (`controller.desk.freshness`), and whoever moves an asset answers for both places.
"""

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass, replace
from datetime import date

import msgspec

from controller.record import measures
from controller.record.asks.asset import AssetRow, ChangeAsset, Described, RegisterAsset, WithdrawAsset
from controller.record.canonical import timestamp
from controller.record.handling import OFF_SITE
from controller.record.kinds.asset import HELD, WITHDRAWALS, WITHDRAWN, AssetChanged, AssetRegistered, AssetWithdrawn
from controller.record.measures import MARKS, PERSONAL, SECRECIES
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock

EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)
"""A day outside of these is a slip of the hand."""

MOST_ASSETS = 20_000


@dataclass(frozen=True, slots=True)
class Known:
    """What the site knows that a description is checked against."""

    places: Container[str]
    conditions: Collection[str]
    wall: WallClock


@dataclass(frozen=True, slots=True)
class Entered:
    """An asset as recorded."""

    asset: int
    place: str
    state: str
    registered_on: str
    private: str
    version: int


def register(
    ask: RegisterAsset | AssetRow, operator: OperatorFact, *, number: int, text: PrivateRow, known: Known
) -> Outcome | Refusal:
    """Enter asset `number`."""
    if number > MOST_ASSETS:
        return Refusal(Code.BUSY, "asset")
    today = known.wall.today.isoformat()
    on = _day(ask.registered_on or today)
    if on is None or on > known.wall.today:
        return Refusal(Code.VALIDITY, "body.registered_on")
    if refusal := _wrong(ask, operator, known, text):
        return refusal
    record = AssetRegistered(number, *_fields(ask, known), on.isoformat(), text.ref(), operator.operator, HELD)
    return Outcome((record,), private=(text,))


def change(
    ask: ChangeAsset, operator: OperatorFact, *, found: Entered | None, text: PrivateRow, known: Known
) -> Outcome | Refusal:
    """Let it be as described: whoever takes it away from a place answers for that one too."""
    if found is None or found.state != HELD:
        return Refusal(Code.SUBJECT, "body.asset")
    if refusal := _wrong(ask, operator, known, text):
        return refusal
    if found.place in known.places and (refusal := within(operator, found.place)):
        return refusal
    record = AssetChanged(
        found.asset, *_fields(ask, known), found.registered_on, text.ref(), operator.operator, HELD
    )
    return Outcome((record,), private=(text,))


def withdraw(ask: WithdrawAsset, operator: OperatorFact, found: Entered | None, there: bool) -> Outcome | Refusal:
    """Take it out of the catalogue; `there`: whether its place still is one, for which somebody answers."""
    if ask.reason not in WITHDRAWALS:
        return Refusal(Code.FORM, "body.reason")
    if found is None or found.state != HELD:
        return Refusal(Code.SUBJECT, "body.asset")
    if there and (refusal := within(operator, found.place)):
        return refusal
    return Outcome((AssetWithdrawn(found.asset, found.place, ask.reason, operator.operator, WITHDRAWN),))


def bring_in(
    rows: Sequence[AssetRow], operator: OperatorFact, *, texts: Sequence[PrivateRow], first: int, known: Known
) -> Outcome | Refusal:
    """Enter them all, from number `first` on; what one of them is refused for refuses all, and the place says which."""
    records: list[msgspec.Struct] = []
    for n, (row, text) in enumerate(zip(rows, texts, strict=True)):
        outcome = register(row, operator, number=first + n, text=text, known=known)
        if isinstance(outcome, Refusal):
            return replace(outcome, place=outcome.place.replace("body.", f"body.rows[{n}].", 1))
        records += outcome.records
    return Outcome(tuple(records), private=tuple(texts))


_Fields = tuple[str, str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...], str | None, str | None]


def _fields(ask: Described, known: Known) -> _Fields:
    """The codes and ids of a description as a record holds them, from `secrecy` to `retain_until_at`."""
    until = None if ask.retain_until is None else _day(ask.retain_until)
    over_at = None if until is None else timestamp(known.wall.end_of(until))
    return (
        ask.secrecy, ask.marking, ask.place, _in_order(ask.measures), _in_order(ask.allowed), _in_order(ask.personal),
        ask.retain_until, over_at,
    )  # fmt: skip


def _in_order(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _wrong(ask: Described, operator: OperatorFact, known: Known, text: PrivateRow) -> Refusal | None:
    """What is wrong with a description, or with who gives it; None for nothing."""
    if "title" not in text.text:
        return Refusal(Code.FORM, "body.title")
    codes = (("secrecy", ask.secrecy in SECRECIES), ("marking", ask.marking in MARKS))
    for name, good in codes:
        if not good:
            return Refusal(Code.FORM, f"body.{name}")
    if any(one not in PERSONAL for one in ask.personal):
        return Refusal(Code.FORM, "body.personal")
    for n, code in enumerate(ask.measures):
        if not measures.known(code, known.conditions):
            return Refusal(Code.SUBJECT, f"body.measures[{n}]")
    if ask.retain_until is not None and _day(ask.retain_until) is None:
        return Refusal(Code.FORM, "body.retain_until")
    return _misplaced(ask, operator, known)


def _misplaced(ask: Described, operator: OperatorFact, known: Known) -> Refusal | None:
    for n, place in enumerate(ask.allowed):
        if place not in known.places and place != OFF_SITE:
            return Refusal(Code.SUBJECT, f"body.allowed[{n}]")
    return within(operator, ask.place) if ask.place in known.places else Refusal(Code.SUBJECT, "body.place")


def _day(text: str) -> date | None:
    """The day, if it is written as in records."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text and EARLIEST <= day < LATEST else None
