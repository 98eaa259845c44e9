"""Ends TLS before the HTTP server: one thread, one event loop, every connection a pair of pumps.

Why not the server's own TLS: waitress has none, and cheroot, which has, does the handshake in the thread that accepts and
reads each request in a worker, so that one silent client stops the door and a handful of slow ones stop the house. waitress
reads without a thread; asyncio's TLS does so as well. Here both do what they are good at.

Bounds: `MOST` connections and `MOST_PER_ADDRESS` of one address, from accept on; `HANDSHAKE_S` to finish the handshake;
`STALLED_S` for a client that takes nothing. What is idle after that is the HTTP server's affair, which closes it.

The HTTP server listens on a port of 127.0.0.1 that other programs of this machine could reach too. `guarded` lets in only what
came through here, and gives the application the browser's address in place of ours.
"""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from dashboard.tls.certificate import Served

MOST = 200
MOST_PER_ADDRESS = 64
"""A browser opens six; a whole office behind one address translation has to fit."""
HANDSHAKE_S = 5.0
STALLED_S = 60.0
LOOK_S = 5.0
"""How often the disk is looked at for a new certificate."""
_WARN_S = 24 * 3600.0
_CHUNK = 65_536
_BACKLOG = 128

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
log = structlog.get_logger()


class Front:
    """Listens with TLS and passes on to an HTTP server on `inner`, a port of 127.0.0.1."""

    def __init__(self, host: str, port: int, served: Served) -> None:
        """Binds the socket, and serves nobody yet. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        dual = host == "::" and socket.has_dualstack_ipv6()
        self._listener = socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=dual)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.served = served
        self.failed = 0
        """Handshakes that came to nothing: no TLS, too old, not trusted, too slow."""
        self.refused = 0
        """Connections beyond the bounds."""
        self._inner = ("127.0.0.1", 0)
        self._peers: dict[int, str] = {}
        self._open: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)
        self._ready = threading.Event()

    def start(self, inner_port: int) -> None:
        """Begins to pass on to that port."""
        self._inner = ("127.0.0.1", inner_port)
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """Lets go of every connection, and ends the thread."""
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(10)
        self._listener.close()

    def peer(self, inner_port: int) -> str | None:
        """The address of the browser whose connection comes to the HTTP server from this port; None: not from here."""
        return self._peers.get(inner_port)

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._ready.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            while True:
                try:
                    taken, address = await self._loop.sock_accept(self._listener)
                except OSError as error:  # a connection gone before it was taken, or no file descriptor left
                    log.warning("could not accept", error=type(error).__name__)
                    await asyncio.sleep(0.2)
                    continue
                host = str(address[0])
                if self._open.total() >= MOST or self._open[host] >= MOST_PER_ADDRESS:
                    self.refused += 1
                    taken.close()
                    _tell("connections beyond the bound are closed", self.refused)
                    continue
                self._open[host] += 1
                group.create_task(self._connection(taken, host))

    async def _look(self) -> None:
        """Takes up a new certificate, and says once a day that the old one ends."""
        rounds = 0
        while True:
            self.served.refresh()
            if rounds % int(_WARN_S / LOOK_S) == 0:
                self.served.warn(datetime.now(UTC))
            rounds += 1
            await asyncio.sleep(LOOK_S)

    async def _connection(self, taken: socket.socket, host: str) -> None:
        writers: list[asyncio.StreamWriter] = []
        inner_port = 0
        try:
            outer = await self._secured(taken)
            writers.append(outer[1])
            inner = await asyncio.open_connection(*self._inner)
            writers.append(inner[1])
            inner_port = inner[1].get_extra_info("sockname")[1]
            self._peers[inner_port] = host
            await _both(_pump(outer[0], inner[1]), _pump(inner[0], outer[1]))
        except (OSError, TimeoutError, EOFError):
            if not writers:
                self.failed += 1
                _tell("TLS handshakes failed", self.failed)
            for writer in writers:  # who takes nothing gets nothing more
                writer.transport.abort()
        finally:
            self._peers.pop(inner_port, None)
            self._open[host] -= 1
            if not self._open[host]:
                del self._open[host]
            for writer in writers:  # what was answered is still sent, within the bound of the TLS shutdown
                writer.close()
            if not writers:
                taken.close()

    async def _secured(self, taken: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The handshake. Raises OSError (ssl.SSLError among them), TimeoutError."""
        assert self._loop is not None  # noqa: S101 - set by _serve
        taken.setblocking(False)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        reader = asyncio.StreamReader(_CHUNK, self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol,
            taken,
            ssl=self.served.context,
            ssl_handshake_timeout=HANDSHAKE_S,
            ssl_shutdown_timeout=HANDSHAKE_S,
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes on until the end. Raises OSError, and TimeoutError when nothing is taken any more."""
    while data := await reader.read(_CHUNK):
        writer.write(data)
        async with asyncio.timeout(STALLED_S):
            await writer.drain()


async def _both(*pumps: Any) -> None:  # noqa: ANN401 - coroutines
    """Both ways until one has ended. Raises what it raised."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell(what: str, number: int) -> None:
    """A line at the first, second, fourth, eighth …: a flood must not fill the disk. No address stands in it."""
    if number & (number - 1) == 0:
        log.info(what, number=number)


def guarded(application: Application, front: Front) -> Application:
    """The application for what came through the front alone, with the browser's address, and told that it is HTTPS."""

    def guard(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = front.peer(int(environ.get("REMOTE_PORT") or 0))
        if host is None:
            start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = host, "https"
        environ["SERVER_PORT"] = str(front.port)
        return application(environ, start_response)

    return guard
