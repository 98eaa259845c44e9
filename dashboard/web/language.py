"""Which language a reader gets, and how words and times look in it.

`?lang=` in the address decides, and is remembered; then the cookie; then what the browser prefers; Japanese otherwise.
Catalogues stand in the repository as `.po` alone and are compiled into the data folder at the start: no build step, and
nothing that could be older than its source.

Times are shown in the site's own time zone, 2026/11/22 09:05:03 in both languages. Flask-Babel formats none of them: it
would take a naive time for UTC in silence.
"""

import io
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, Response, current_app, g, request, url_for
from flask_babel import Babel
from jinja2 import pass_context
from jinja2.runtime import Context

from controller.record.canonical import moment
from controller.record.words import words

LANGUAGES = ("ja", "en")
COOKIE = "lang"
_CATALOGUES = Path(__file__).parents[1] / "translations"
_YEAR_S = 365 * 24 * 3600


def install(app: Flask, data: Path) -> None:
    """Compiles the catalogues and lets templates speak the reader's language."""
    compiled = data / "translations"
    for source in _CATALOGUES.glob("*/LC_MESSAGES/messages.po"):
        target = compiled / source.relative_to(_CATALOGUES).with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != _compiled(source):  # a start on a full disk writes nothing
            target.write_bytes(_compiled(source))
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(compiled)
    Babel(app, default_locale="en", locale_selector=language)
    app.after_request(_remember)
    app.add_template_filter(_said, "words")
    app.add_template_filter(clock_text, "clock")
    app.add_template_filter(day_text, "day")
    app.add_template_filter(due_text, "until")
    app.add_template_filter(span_text, "span")
    app.add_template_filter(last_day_text, "last_day")
    app.add_template_filter(why_text, "why")
    app.add_template_global(language, "language")
    app.add_template_global(in_language, "in_language")


@cache
def _compiled(source: Path) -> bytes:
    """The catalogue as gettext reads it; compiled once a process, and not for each application in it."""
    compiled = io.BytesIO()
    with source.open("rb") as po:
        write_mo(compiled, read_po(po))
    return compiled.getvalue()


def language() -> str:
    """`ja` or `en`, for the request being answered."""
    if "language" not in g:
        g.language = _chosen()
    return str(g.language)


def _chosen() -> str:
    for asked in (request.args.get("lang", ""), request.cookies.get(COOKIE, "")):
        if asked in LANGUAGES:
            return asked
    return request.accept_languages.best_match(LANGUAGES, "ja") or "ja"


def _remember(response: Response) -> Response:
    asked = request.args.get("lang", "")
    if asked in LANGUAGES and asked != request.cookies.get(COOKIE):
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(COOKIE, asked, max_age=_YEAR_S, samesite="Lax", httponly=True, secure=secure)
    return response


def in_language(lang: str) -> str:
    """The address of this page in another language. A page that answers a POST has none: its form's page instead."""
    if request.endpoint is None or request.method not in ("GET", "HEAD"):
        return url_for("now.page", lang=lang)
    # What stands in the query goes back as a query, and never as arguments of url_for, where `_external` has a meaning.
    query = urlencode({**request.args.to_dict(), "lang": lang})
    return f"{url_for(request.endpoint, **(request.view_args or {}))}?{query}"


def said(code: str | None, group: str = "") -> str:
    """A code of the published language in the reader's words; nothing for nothing."""
    return words(code, language(), group) if code else ""


@pass_context
def _said(_context: Context, code: str | None, group: str = "") -> str:
    """`said` in a template. It takes the context so that no constant is put into words when the template is compiled: that
    would be the first reader's language for everybody."""
    return said(code, group)


def why_text(cause: str, until_at: str, timezone: str, lang: str = "") -> str:
    """Why a door stands as it does, and until when: `業務時間（〜18:00）`."""
    spoken = lang or language()
    because = words(cause, spoken, "cause") if cause else ""
    if not until_at:
        return because
    end = day_text(until_at, timezone)[11:]
    return f"{because}（〜{end}）" if spoken == "ja" else f"{because} (until {end})"


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def clock_text(at: str | datetime | None, timezone: str) -> str:
    """`2026/11/22 09:05:03` in that zone; nothing for no time."""
    if not at:
        return ""
    when = moment(at) if isinstance(at, str) else at
    return when.astimezone(zone_of(timezone)).strftime("%Y/%m/%d %H:%M:%S")


def day_text(at: str | None, timezone: str) -> str:
    """`2026/11/22 09:05`, for spans whose seconds mean nothing."""
    return clock_text(at, timezone)[:16]


def due_text(at: str | None, timezone: str) -> str:
    """Until when something is to be done: the minute, or the last day of what is over at midnight."""
    written = day_text(at, timezone)
    return last_day_text(at, timezone) if at and written.endswith(" 00:00") else written


def span_text(from_at: str, until_at: str, timezone: str) -> str:
    """`2026/11/22 – 2027/03/31`: a span that ends at midnight lasts through the day before, as people say it."""
    begin, end = day_text(from_at, timezone), day_text(until_at, timezone)
    if end.endswith(" 00:00"):
        end = clock_text(moment(until_at) - timedelta(seconds=1), timezone)[:10]
    return f"{begin.removesuffix(' 00:00')} – {end}"


def last_day_text(until_at: str, timezone: str) -> str:
    """The last day of what ends at that instant, `2027/03/31`; nothing for what does not end."""
    return clock_text(moment(until_at) - timedelta(microseconds=1), timezone)[:10] if until_at else ""


def local_moment(text: str, timezone: str, *, end_of_day: bool = False) -> datetime:
    """The time a person wrote, as UTC: `2026-11-22`, `2026/11/22 09:05`, `2026-11-22T09:05`.

    A bare date is its beginning, or with `end_of_day` the beginning of the next. Raises ValueError.
    """
    plain = text.strip().replace("/", "-").replace("T", " ")
    if len(plain) <= 10:
        day = date.fromisoformat(plain)
        if end_of_day:
            day = date.fromordinal(day.toordinal() + 1)
        local = datetime(day.year, day.month, day.day, tzinfo=zone_of(timezone))
    else:
        local = datetime.fromisoformat(plain)
        if local.tzinfo is not None:
            raise ValueError("a time zone does not belong here")
        local = local.replace(tzinfo=zone_of(timezone))
    if not 1970 <= local.year <= 9000:
        raise ValueError("not a year anybody meant")
    return local.astimezone(UTC)
