"""The live part: records as they arrive and portals as they change, by server-sent events, or by polling.

Every record event's id is its `arrival`, so that a browser that was away gets what it missed by `Last-Event-ID`. A stream
pins a server thread, so there are so many and no more; who gets a 503 polls `/api/v1/ledger?after=` instead. A stream
keeps no session alive, and ends with it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from time import monotonic

import sqlalchemy as sa
from flask import Blueprint, Response, abort, current_app, request
from werkzeug.routing import MapAdapter

from controller.record.words import words
from dashboard.read import presence
from dashboard.read.due import late_count
from dashboard.read.lines import Line, arrived, last_arrival, lines
from dashboard.read.names import Names
from dashboard.read.orders import ordered_text
from dashboard.read.pin import calls, calls_text
from dashboard.read.portals import failed_parts, failed_text, tiles
from dashboard.read.sites import Site, sites
from dashboard.web import session
from dashboard.web.context import Here, here, user
from dashboard.web.language import clock_text, language, why_text

blueprint = Blueprint("live", __name__)

MOST_STREAMS = 16
BATCH = 200
MOST_REPLAYED = 1000
"""A browser that missed more is told to load the page anew."""
QUIET_S = 10.0
"""A word at least this often, so that a stream whose browser has gone is noticed."""
STATES_S = 0.3
"""Portals' states are compared no more often than this, however many records arrive."""


@blueprint.get("/live")
def stream() -> Response:
    """The event stream: `record`, `states`, `reset`."""
    parts = here()
    after = _after(request.headers.get("Last-Event-ID") or request.args.get("after"))
    slot = parts.streams.take()
    if slot is None:
        abort(503)
    gone = request.environ.get("waitress.client_disconnected", lambda: False)
    watch = Watch(parts, _addresses(), user(), language(), after, gone)
    response = Response(watch.events(), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
    response.call_on_close(slot.free)
    return response


@blueprint.get("/api/v1/ledger")
def records() -> dict[str, object]:
    """Records after an arrival, at most 200; `more` says to ask again at once."""
    after = _after(request.args.get("after"))
    with here().connect() as connection:
        allowed = user().sites("live.records")
        rows = arrived(connection, allowed, after, BATCH)
        found = _lines(connection, rows, allowed, language())
        newest = rows[-1].arrival if rows else max(after, 0)
    addresses = _addresses()
    return {
        "records": [shown(line, zone, addresses) for line, zone in found],
        "after": newest,
        "more": len(rows) == BATCH,
    }


@blueprint.get("/api/v1/now")
def states() -> dict[str, object]:
    """How the sites and their portals stand."""
    with here().connect() as connection:
        return standing(connection, user().sites("live.states"), here(), language())


def _after(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 18):
        abort(400)
    return int(text)


def _addresses() -> MapAdapter:
    """Builds addresses without a request: a stream does not hold one open for hours."""
    return current_app.url_map.bind("")


def shown(line: Line, zone: str, addresses: MapAdapter) -> dict[str, object]:
    """A line as the page's script and others take it: codes, words, the local time, and where to read more."""
    address = addresses.build("ledger.row", {"site": line.site, "epoch": line.epoch, "seq": line.seq})
    return {**asdict(line), "time": clock_text(line.at, zone), "url": address}


def _lines(connection: sa.Connection, rows: object, allowed: tuple[str, ...], lang: str) -> list[tuple[Line, str]]:
    """Lines with their site's zone, in order of arrival."""
    found: list[tuple[Line, str]] = []
    for site in sites(connection, allowed):
        mine = [row for row in rows if row.ledger_site == site.id]  # type: ignore[attr-defined]
        if mine:
            found += [(line, site.timezone) for line in lines(mine, Names(connection, site, lang))]
    return sorted(found, key=lambda pair: pair[0].arrival)


def standing(connection: sa.Connection, allowed: tuple[str, ...], parts: Here, lang: str) -> dict[str, object]:
    """Sites and portals as JSON."""
    now = parts.now()
    found: list[dict[str, object]] = []
    for site in sites(connection, allowed):
        names = Names(connection, site, lang)
        portals = [
            {
                "portal": tile.portal,
                "status": tile.status,
                "status_words": words(tile.status, lang, "status"),
                "lock": words(tile.lock, lang, "lock"),
                "leaf": words(tile.leaf, lang, "leaf"),
                "why": why_text(tile.cause, tile.until_at, site.timezone, lang),
                "who": tile.who,
                "time": clock_text(tile.at, site.timezone),
            }
            for tile in tiles(connection, names)
        ]
        failed = failed_text(failed_parts(connection, site))
        calling, ordered = calls_text(calls(connection, names, now)), ordered_text(connection, names)
        shown: dict[str, object] = {"failed": failed, "lockdowns": ordered, "duress": calling, "portals": portals}
        shown["late"] = str(late_count(connection, site, now))
        shown["inside"] = presence.count(connection, site)
        found.append(_site(site) | {"stale": site.stale(now)} | shown)
    return {"sites": found}


def _site(site: Site) -> dict[str, object]:
    return {
        "site": site.id,
        "online": site.online,
        "heard": clock_text(site.heard_at, site.timezone),
        "missing": site.missing,
        "broken": site.broken,
    }


class Watch:
    """One browser's stream, after the request that began it is answered."""

    def __init__(
        self,
        parts: Here,
        addresses: MapAdapter,
        person: session.User,
        lang: str,
        after: int,
        gone: Callable[[], bool],
    ) -> None:
        self._parts = parts
        self._addresses = addresses
        self._token = person.token
        self._lang = lang
        self._after = after
        self._gone = gone
        self._states = ""
        self._compared = float("-inf")

    def events(self) -> Iterator[str]:
        """Events until the dashboard stops, the session ends, or the browser is gone.

        That it is gone is known at once, because the server looks ahead (`dashboard.server`).
        """
        changed = self._parts.runtime.changed
        yield "retry: 2000\n\n"
        if self._behind():
            yield "event: reset\ndata: {}\n\n"
            return
        while not changed.closed and not self._gone():
            count = changed.count
            person = session.find(self._parts.runtime.engine, self._token, self._parts.now(), keep_alive=False)
            if person is None:
                yield "event: ended\ndata: {}\n\n"
                return
            yield from self._records(person)
            due_s = self._compared + STATES_S - monotonic()
            if due_s <= 0:
                yield from self._standing(person)
                due_s = QUIET_S
            if changed.wait(after=count, timeout_s=due_s) == count and due_s == QUIET_S:
                yield ": still here\n\n"

    def _behind(self) -> bool:
        with self._parts.connect() as connection:
            newest = last_arrival(connection)
        return not newest - MOST_REPLAYED <= self._after <= newest

    def _records(self, person: session.User) -> Iterator[str]:
        allowed = person.sites("live.stream")
        while True:
            with self._parts.connect() as connection:
                rows = arrived(connection, allowed, self._after, BATCH)
                found = _lines(connection, rows, allowed, self._lang)
            for line, zone in found:
                yield f"id: {line.arrival}\nevent: record\ndata: {_json(shown(line, zone, self._addresses))}\n\n"
            if rows:
                self._after = rows[-1].arrival
            if len(rows) < BATCH:
                return

    def _standing(self, person: session.User) -> Iterator[str]:
        with self._parts.connect() as connection:
            states = standing(connection, person.sites("live.stream"), self._parts, self._lang)
        self._compared = monotonic()
        told = _json(states)
        if told != self._states:
            self._states = told
            yield f"event: states\ndata: {told}\n\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
