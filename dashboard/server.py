"""Serves the pages: waitress on HTTP, with the TLS front before it where there is a certificate.

waitress reads requests without a thread, so a slow or silent client costs a socket and no more; its threads answer whole
requests. 16 live streams hold one each, exports four at most, the rest serve pages.
"""

import copy
import re
import time
import weakref
from typing import Any

import waitress.channel
import waitress.server
import waitress.trigger
from waitress import wasyncore
from waitress.parser import HTTPRequestParser

from dashboard.tls.certificate import Served
from dashboard.tls.front import MOST, Application, Front, guarded
from dashboard.web.slots import Slots

THREADS = 32
LARGEST_HEAD = 32_768
"""Bytes of a request's line and headers: a filter of the ledger has far fewer."""
LARGEST_BODY = 262_144
"""Bytes that waitress takes of a body; the application takes fewer, and says so on a page."""
LARGEST_UPLOAD = 20_000_000
"""Bytes of a body with photos, at the addresses that take them; the application asks first who sends it."""
MOST_UPLOADS = 4
"""So many of those at a time, from whomever: each is a file of its own until it is whole."""
IDLE_S = 60
"""A connection without a request is closed after so long, and one whose request is not whole by then."""

_BOUNDS: dict[str, Any] = {
    "threads": THREADS,
    "ident": None,  # no Server header
    "channel_request_lookahead": 1,  # else nobody sees that a stream's browser is gone
    "connection_limit": MOST,
    "channel_timeout": IDLE_S,
    "cleanup_interval": 10,
    "max_request_header_size": LARGEST_HEAD,
    "max_request_body_size": LARGEST_BODY,
    "asyncore_use_poll": True,  # select() cannot see a socket above 1023
}


_UPLOAD = re.compile(r"/transports/[A-Za-z0-9_-]{1,64}/[0-9]{1,15}/(?:pack|arrive)")
_uploads = Slots(MOST_UPLOADS)


class _Request(HTTPRequestParser):  # type: ignore[misc]
    """A request; one with photos may be larger, when not too many of them come at once."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        large = self.content_length >= LARGEST_BODY and self.command == "POST" and _UPLOAD.fullmatch(self.path)
        if large and (slot := _uploads.take()) is not None:
            weakref.finalize(self, slot.free)  # a connection may end before the request is whole
            larger = copy.copy(self.adj)  # type: ignore[has-type]
            larger.max_request_body_size = LARGEST_UPLOAD
            self.adj = larger


class _Channel(waitress.channel.HTTPChannel):  # type: ignore[misc]
    """A connection that is closed when its request does not become whole: waitress itself waits as long as bytes trickle."""

    parser_class = _Request
    _begun_at = 0.0

    def received(self, data: bytes) -> bool:
        now = time.monotonic()
        if self.request is None:
            self._begun_at = now
        elif now - self._begun_at > IDLE_S:
            self.handle_close()
            return False
        return bool(super().received(data))


class Server:
    """One web server. `run` blocks in its thread; `stop` may come from any other."""

    def __init__(
        self, app: Application, host: str, port: int, served: Served | None = None, proxy: str | None = None
    ) -> None:
        """Binds. `proxy` is whose word on the browser's address is believed. Raises OSError."""
        self.front = None if served is None else Front(host, port, served)
        self._map: dict[int, Any] = {}
        self._wake = waitress.trigger.trigger(self._map)
        inner = _address(host, port) if self.front is None else "127.0.0.1:0"
        whole = app if self.front is None else guarded(app, self.front)
        try:
            self._http = waitress.server.create_server(
                whole, map=self._map, listen=inner, **_BOUNDS, **_trusting(proxy)
            )
        except (OSError, ValueError) as error:
            self._wake.close()
            if self.front is not None:
                self.front.close()
            raise OSError(None, str(error), inner) from error
        self._listening = [one for one in self._map.values() if isinstance(one, waitress.server.BaseWSGIServer)]
        for one in self._listening:  # more than one where a name has more than one address
            one.channel_class = _Channel

    @property
    def port(self) -> int:
        """Where browsers come in."""
        return self.front.port if self.front is not None else self._inner_port()

    def run(self) -> None:
        """Serves until `stop`, or until SystemExit or KeyboardInterrupt is raised in this thread."""
        if self.front is not None:
            self.front.start(self._inner_port())
        self._http.run()
        self._http.task_dispatcher.shutdown()

    def stop(self) -> None:
        """Lets go of every connection and ends `run`. Streams must have been told to end before. Any other thread."""
        if self.front is not None:
            self.front.close()
        self._wake.pull_trigger(self._end)

    def close(self) -> None:
        """Stops after `run` has ended, or before it began."""
        if self.front is not None:
            self.front.close()
        self._http.close()
        wasyncore.close_all(self._map, ignore_all=True)

    def _end(self) -> None:
        for one in list(self._map.values()):
            one.handle_close() if isinstance(one, waitress.channel.HTTPChannel) else one.close()

    def _inner_port(self) -> int:
        return int(self._listening[0].effective_port)


def _trusting(proxy: str | None) -> dict[str, Any]:
    said = {"x-forwarded-for", "x-forwarded-proto"}
    return {} if proxy is None else {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": said}


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
