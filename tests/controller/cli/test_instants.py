"""Dates and times as they are written at the console."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import typer

from controller.cli.instants import instant, until_text
from controller.cli.texts import Lang
from controller.cli.voice import Voice

TOKYO = ZoneInfo("Asia/Tokyo")
VOICE = Voice(Lang.EN, as_json=False)


@pytest.mark.parametrize(
    ("said", "end_of_day", "expected"),
    [
        ("2026-11-24", False, datetime(2026, 11, 23, 15, tzinfo=UTC)),
        ("2026-11-24", True, datetime(2026, 11, 24, 15, tzinfo=UTC)),
        ("2026-11-24 08:30", True, datetime(2026, 11, 23, 23, 30, tzinfo=UTC)),
        ("2026-11-24T08:30+00:00", False, datetime(2026, 11, 24, 8, 30, tzinfo=UTC)),
    ],
)
def test_what_is_written_is_the_sites_clock(said: str, end_of_day: bool, expected: datetime) -> None:
    """A date or a time is the site's, unless another clock is written; a date as an end includes its day."""
    assert instant(VOICE, said, TOKYO, end_of_day=end_of_day) == expected


@pytest.mark.parametrize("said", ["soon", "", "2026-13-01", "0001-01-01 00:00", "9999-12-31", "2026-11-24T25:00"])
def test_what_is_no_instant_is_said_so(said: str) -> None:
    """Neither a word nor the ends of the calendar are a traceback."""
    with pytest.raises(typer.BadParameter, match="neither a date nor a time"):
        instant(VOICE, said, TOKYO, end_of_day=True)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-29T15:00:00.000000Z", "2026-11-29"),
        ("2026-11-29T15:01:00.000000Z", "2026-11-30 00:01"),
        ("2026-11-29T08:30:00.000000Z", "2026-11-29 17:30"),
        (None, ""),
    ],
)
def test_what_is_due_by_midnight_is_due_on_its_last_day(at: str | None, said: str) -> None:
    """Every list at the console says a due date alike: the minute, or the last day of what is over at midnight (C8.3)."""
    assert until_text(at, ZoneInfo("Asia/Tokyo")) == said
