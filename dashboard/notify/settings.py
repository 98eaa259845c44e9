"""`[notify]` of `dashboard.toml`, read: where the services stand, when messages go out, and what they link to."""

import re
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from dashboard.notify import services
from dashboard.notify.services import BadServices
from dashboard.notify.times import Hours
from dashboard.toml_table import TomlTable

_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,200}(/[A-Za-z0-9._~/-]{0,100})?")
_QUIET = re.compile(r"([0-9:]+)-([0-9:]+)")


@dataclass(frozen=True, slots=True)
class Settings:
    """How people are told. `url`: where they find the pages; empty: messages have no link."""

    services_file: Path
    url: str = ""
    hours: Hours = field(default_factory=Hours)


def read(table: TomlTable, data: Path) -> Settings | None:
    """The settings; mistakes are the table's. None where there is no file of services."""
    path = table.file("services_file", data)
    url = table.take("url", str, "").rstrip("/")
    if url and _URL.fullmatch(url) is None:
        table.wrong("url", "must be where browsers find the dashboard: https://dashboard.example:8443")
    known = Hours()
    daily = _time(table, "daily_at", table.take("daily_at", str, f"{known.daily_at:%H:%M}"))
    quiet = _QUIET.fullmatch(table.take("quiet", str, f"{known.quiet_from:%H:%M}-{known.quiet_until:%H:%M}"))
    begin, end = (_time(table, "quiet", text) for text in quiet.groups()) if quiet else (None, None)
    if quiet is None:
        table.wrong("quiet", 'must be times, "20:00-07:00"')
    if path is None:
        table.wrong("services_file", "the file of the services is missing")
        return None
    try:
        services.load(path)
    except BadServices as error:
        for mistake in error.mistakes:
            table.wrong("services_file", mistake)
    except OSError as error:
        table.wrong("services_file", f"cannot be read: {error.strerror}")
    if daily is None or begin is None or end is None:
        return None
    hours = Hours(daily, begin, end)
    if hours.quiet(daily):
        table.wrong("daily_at", "lies in the quiet hours: nobody would ever be told")
    return Settings(path, url, hours)


def _time(table: TomlTable, key: str, text: str) -> time | None:
    if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        return time.fromisoformat(text)
    table.wrong(key, f'{text[:20]!r}: must be a time of the day, "08:30"')
    return None
