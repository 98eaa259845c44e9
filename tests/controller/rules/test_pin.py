"""When a portal asks for a PIN, what is missing, and how a lock-out ends: tables."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from controller.record.refusals import Code
from controller.rules.outcome import Refusal
from controller.rules.pin import TO_TYPE, PinFact, PinHours, locked, missing
from controller.rules.schedule import always

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 24, 12, tzinfo=TOKYO)
SCHEDULES = {"always": always(TOKYO)}


@pytest.mark.parametrize(
    ("hours", "trusted", "asks"),
    [
        (PinHours("always", False), True, True),
        (PinHours("always", True), True, False),
        (PinHours("always", True), False, True),
        (PinHours("gone", True), True, True),
        (PinHours("gone", False), True, True),
    ],
)
def test_when_a_portal_asks(hours: PinHours, trusted: bool, asks: bool) -> None:
    """In its hours or outside them; and always where the clock is doubted or the schedule is not known (default deny)."""
    assert hours.ask(SCHEDULES, NOON, trusted) is asks


@pytest.mark.parametrize(
    ("fact", "refusal"),
    [
        (None, None),
        (PinFact(False), Refusal(Code.PIN, "pin")),
        (PinFact(True), Refusal(Code.PIN, TO_TYPE)),
        (PinFact(True, proved=True), None),
        (PinFact(True, locked=True), Refusal(Code.PIN_LOCKOUT, "pin.locked_until")),
        (PinFact(True, locked=True, proved=True), Refusal(Code.PIN_LOCKOUT, "pin.locked_until")),
        (PinFact(False, proved=True), Refusal(Code.PIN, "pin")),
        (PinFact(True, part_failed=True), Refusal(Code.PART, "reader.keypad")),
        (PinFact(True, part_failed=True, proved=True), None),
    ],
)
def test_what_is_missing(fact: PinFact | None, refusal: Refusal | None) -> None:
    """Nothing where none is asked for or it was proved; a lock-out and a PIN cleared meanwhile stand before a proof."""
    assert missing(fact) == refusal


@pytest.mark.parametrize(
    ("until", "trusted", "holds"),
    [
        (None, True, False),
        (None, False, False),
        (NOON + timedelta(seconds=1), True, True),
        (NOON, True, False),
        (NOON - timedelta(days=1), True, False),
        (NOON - timedelta(days=1), False, True),
    ],
)
def test_how_long_a_lock_out_holds(until: datetime | None, trusted: bool, holds: bool) -> None:
    """Until its time by a clock that is trusted; a doubted clock ends none."""
    assert locked(until, NOON, trusted) is holds
