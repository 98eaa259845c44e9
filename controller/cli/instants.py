"""Dates and times as somebody at the console writes them: the site's clock, unless they say another."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import typer

from controller.cli.voice import Voice

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
