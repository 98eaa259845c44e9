"""Dates and times at the console, by the site's clock: as somebody writes them, and as they are shown."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import typer

from controller.cli.voice import Voice
from controller.record.canonical import moment

_DAY = len("2026-11-24")


def instant(voice: Voice, said: str, zone: ZoneInfo, *, end_of_day: bool = False) -> datetime:
    """The instant that was written (UTC); with `end_of_day`, a date alone is the end of its day.

    Raises typer.BadParameter for what is no date or time, or is none in UTC any more.
    """
    try:
        if end_of_day and len(said) == _DAY:
            written = datetime.combine(date.fromisoformat(said) + timedelta(days=1), time(0), zone)
        else:
            written = datetime.fromisoformat(said)
        return (written if written.tzinfo is not None else written.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(voice.text("export.date", said=said)) from error


def until_text(at: str | None, zone: ZoneInfo) -> str:
    """By when something is due: the minute, or the last day of what is over at midnight; nothing for what has no end."""
    if at is None:
        return ""
    due = moment(at).astimezone(zone)
    return f"{due - timedelta(microseconds=1):%Y-%m-%d}" if (due.hour, due.minute) == (0, 0) else f"{due:%Y-%m-%d %H:%M}"
