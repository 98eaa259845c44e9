"""A web server of the dashboard for tests: in a thread, on a free port, with or without a certificate of its own authority."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from dashboard import certificates
from dashboard.server import Server
from dashboard.tls.certificate import Served


@dataclass
class Serving:
    """Where it listens. `trusting` is a client's settings with the authority installed."""

    server: Server
    folder: Path | None

    @property
    def trusting(self) -> ssl.SSLContext:
        assert self.folder is not None
        return ssl.create_default_context(cafile=str(self.folder / "tls" / "ca.pem"))

    def connection(self, context: ssl.SSLContext | None = None) -> HTTPConnection:
        """A client's connection; over TLS where the server speaks it."""
        if self.folder is None:
            return HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        return HTTPSConnection("127.0.0.1", self.server.port, timeout=20, context=context or self.trusting)

    def get(self, path: str = "/") -> tuple[int, bytes]:
        """Status and body of one request on a connection of its own."""
        connection = self.connection()
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def socket(self) -> socket.socket:
        """A bare TCP connection."""
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=20)


def made_certificate(folder: Path, *names: str) -> Served:
    """A certificate of an own authority in this folder, for 127.0.0.1 unless told otherwise."""
    certificates.make(folder, names or ("127.0.0.1", "localhost"), datetime.now(UTC))
    pem = folder / "tls" / "server.pem"
    return Served(pem, pem)


@contextmanager
def serving(
    app: Callable[..., object], folder: Path | None = None, served: Served | None = None, proxy: str | None = None
) -> Iterator[Serving]:
    """Served until the end of the block; over TLS with a certificate in `folder`."""
    if folder is not None and served is None:
        served = made_certificate(folder)
    server = Server(app, "127.0.0.1", 0, served, proxy)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        yield Serving(server, folder)
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()
