"""The web server as browsers and others meet it: over TLS and without, with friends and with those who are none."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from broker import free_port
from serving import Serving, made_certificate, serving
from site_on_air import wait_for

from dashboard import server as web_server
from dashboard.tls import front

BIG = 3_000_000


class App:
    """A WSGI application that says what it was told, streams, or sends much."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.closed = threading.Event()

    def __call__(self, environ: dict[str, object], start_response: Callable[..., object]) -> object:
        path = environ["PATH_INFO"]
        if path == "/stream":
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            return self._stream(environ["waitress.client_disconnected"])  # type: ignore[arg-type]
        if path == "/endless":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return self._endless()
        body = b"x" * BIG if path == "/big" else b""
        if not body:
            if environ["REQUEST_METHOD"] == "POST":
                body = environ["wsgi.input"].read()  # type: ignore[attr-defined]
            else:
                names = ("wsgi.url_scheme", "REMOTE_ADDR", "SERVER_PORT")
                body = " ".join(str(environ[name]) for name in names).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def _endless(self) -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            self.gone.set()

    def _stream(self, gone: Callable[[], bool]) -> Iterator[bytes]:
        pause = threading.Event()
        yield b": here\n\n"
        while not gone() and not self.closed.is_set():
            yield b": still\n\n"
            pause.wait(0.05)
        self.gone.set()


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture(params=["http", "https"])
def any_server(app: App, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Serving]:
    """The same server without and with TLS."""
    with serving(app, tmp_path if request.param == "https" else None) as one:
        yield one


@pytest.fixture
def tls(app: App, tmp_path: Path) -> Iterator[Serving]:
    """A server with TLS."""
    with serving(app, tmp_path) as one:
        yield one


# One behaviour, with TLS and without -----------------------------------------------------------------------------------


def test_an_answer_says_nothing_of_the_server(any_server: Serving) -> None:
    """An answer comes, on a connection that stays for the next one, and no header names the server."""
    connection = any_server.connection()
    for _ in range(3):
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.getheader("Server") is None
        assert answer.read().split()[1] == b"127.0.0.1"
    connection.close()


def test_much_arrives_whole(any_server: Serving) -> None:
    """An answer larger than every buffer on the way is whole."""
    assert any_server.get("/big") == (200, b"x" * BIG)


def test_a_body_arrives_whole_up_to_the_bound(any_server: Serving) -> None:
    """A form is passed on as it is."""
    connection = any_server.connection()
    connection.request("POST", "/", body=b"y" * 60_000)
    assert connection.getresponse().read() == b"y" * 60_000
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [("POST", "/", web_server.LARGEST_BODY + 1, 413), ("GET", "/?" + "a" * 100_000, 0, 431)],
)
def test_what_is_too_large_is_refused(any_server: Serving, method: str, path: str, size: int, status: int) -> None:
    """A body or an address beyond the bound never reaches the application, and the next request is answered."""
    connection = any_server.connection()
    with suppress(ConnectionError, ssl.SSLError):  # it may hang up while we are still talking
        connection.request(method, path, body=b"y" * size)
        assert connection.getresponse().status == status
    connection.close()
    assert any_server.get()[0] == 200


def test_photos_may_be_larger_some_at_a_time(any_server: Serving) -> None:
    """Where photos are taken a larger body comes through, but not five at once; who hangs up or is done makes room again."""
    path, size = "/transports/factory/1/pack", web_server.LARGEST_BODY + 50_000
    begun = [any_server.connection() for _ in range(web_server.MOST_UPLOADS)]
    for connection in begun:
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", str(size))
        connection.endheaders(b"z" * 10)

    def answered(address: str) -> int:
        connection = any_server.connection()
        try:
            connection.request("POST", address, body=b"y" * size)
            return connection.getresponse().status
        except (ConnectionError, ssl.SSLError):  # it hung up while we were still talking
            return 413
        finally:
            connection.close()

    def until(holds: Callable[[], bool]) -> None:
        late = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < late
            threading.Event().wait(0.02)

    until(lambda: web_server._uploads.taken == web_server.MOST_UPLOADS)
    assert answered(path) == 413
    for connection in begun:
        connection.close()
    until(lambda: answered(path) == 200)
    assert answered(path) == 200 and answered("/transports/factory/1/receive") == 413
    until(lambda: web_server._uploads.taken == 0)


def test_a_stream_flows_and_its_end_is_noticed(any_server: Serving, app: App) -> None:
    """What a stream says arrives at once, and the application learns that the browser has gone."""
    connection = any_server.connection()
    connection.request("GET", "/stream")
    answer = connection.getresponse()
    assert answer.fp.read(8) == b": here\n\n" or answer.read(8)
    answer.close()
    connection.close()

    wait_for(app.gone.is_set)


def test_slow_and_silent_clients_stop_nobody(any_server: Serving) -> None:
    """More clients than there are threads begin a request and never end it, others say nothing: pages go on."""
    raw = [any_server.socket() for _ in range(web_server.THREADS + 8)]
    for one in raw[::2]:
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")

    for _ in range(5):
        assert any_server.get()[0] == 200
    for one in raw:
        one.close()


def test_a_request_that_never_ends_is_closed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that trickle keep a connection only so long."""
    monkeypatch.setattr(web_server, "IDLE_S", 0.3)
    with serving(app) as one, one.socket() as slow:
        slow.settimeout(0.1)

        def closed() -> bool:
            try:
                slow.sendall(b"G")
                return slow.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_for(closed)


def test_stopping_does_not_wait_for_streams(app: App, tmp_path: Path) -> None:
    """A server with an open stream stops as soon as the stream is told to end."""
    with serving(app, tmp_path) as one:
        connection = one.connection()
        connection.request("GET", "/stream")
        connection.getresponse()
        app.closed.set()
    assert app.gone.is_set()


# TLS -------------------------------------------------------------------------------------------------------------------


def test_the_application_hears_of_the_browser(tls: Serving) -> None:
    """Behind the front the application is told HTTPS, the browser's address, and the port that the browser used."""
    assert tls.get()[1].decode() == f"https 127.0.0.1 {tls.server.port}"


def test_nobody_comes_in_behind_the_front(tls: Serving) -> None:
    """Another program of this machine that finds the inner port is refused, whatever it says of itself."""
    connection = http.client.HTTPConnection("127.0.0.1", tls.server._inner_port(), timeout=20)
    connection.request("GET", "/", headers={"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"})
    assert connection.getresponse().status == 403
    connection.close()


def test_who_has_not_installed_the_authority_is_warned(tls: Serving) -> None:
    """A client that does not know the authority refuses, and the server goes on."""
    with pytest.raises(ssl.SSLCertVerificationError):
        tls.connection(ssl.create_default_context()).request("GET", "/")
    assert tls.get()[0] == 200


def test_another_host_name_is_refused(tls: Serving) -> None:
    """A client that wanted another host does not take this one for it."""
    with tls.socket() as raw, pytest.raises(ssl.SSLCertVerificationError):
        tls.trusting.wrap_socket(raw, server_hostname="other.example")


@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(tls: Serving, version: ssl.TLSVersion) -> None:
    """TLS 1.0 and 1.1 get no connection."""
    context = tls.trusting
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with tls.socket() as raw, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(raw, server_hostname="127.0.0.1")


@pytest.mark.parametrize(
    ("version", "ciphers"),
    [(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384"), (ssl.TLSVersion.TLSv1_3, None)],
)
def test_new_tls_is_spoken(tls: Serving, version: ssl.TLSVersion, ciphers: str | None) -> None:
    """TLS 1.2 with forward secrecy and AEAD, and 1.3; never compressed."""
    context = tls.trusting
    context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    with tls.socket() as raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as secured:
        assert secured.compression() is None
        assert secured.version() == version.name.replace("_", ".")


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
def test_weak_ciphers_are_refused(tls: Serving, cipher: str) -> None:
    """No key exchange without forward secrecy, no CBC."""
    context = tls.trusting
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with tls.socket() as raw, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(raw, server_hostname="127.0.0.1")


def test_plain_http_and_rubbish_are_closed(tls: Serving) -> None:
    """What is no TLS is closed and counted, and the server goes on."""
    for words in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256)) * 20, b"\x16\x03\x01\xff\xff" + b"\0" * 3000):
        with tls.socket() as raw:
            raw.sendall(words)
            try:
                assert b"HTTP" not in raw.recv(1000)
            except ConnectionError:
                continue
    assert tls.server.front is not None
    wait_for(lambda: tls.server.front and tls.server.front.failed == 3)
    assert tls.get()[0] == 200


def test_a_client_silent_in_the_handshake_is_closed(tls: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that connects and says nothing holds nobody up, and is let go after the bound."""
    monkeypatch.setattr(front, "HANDSHAKE_S", 0.5)
    with tls.socket() as silent:
        assert tls.get()[0] == 200
        assert silent.recv(1) == b""


def test_one_address_has_so_many_connections_and_no_more(tls: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its share an address is closed at the door, and has its share again when it lets go."""
    monkeypatch.setattr(front, "MOST_PER_ADDRESS", 3)
    front_of = tls.server.front
    assert front_of is not None
    held = [tls.socket() for _ in range(3)]
    wait_for(lambda: front_of._open["127.0.0.1"] == 3)
    with tls.socket() as beyond:
        assert beyond.recv(1) == b""
    assert front_of.refused == 1  # counted before it is closed
    for one in held:
        one.close()
    wait_for(lambda: front_of._open["127.0.0.1"] == 0)
    assert tls.get()[0] == 200


def test_a_client_that_takes_nothing_is_let_go(tls: Serving, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asks for much and reads nothing does not hold its thread for ever."""
    monkeypatch.setattr(front, "STALLED_S", 0.3)
    raw = tls.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with tls.trusting.wrap_socket(raw, server_hostname="127.0.0.1") as greedy:
        greedy.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(app.gone.is_set)


def test_a_renewed_certificate_is_taken_up(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate replaced on the disk is what the next client sees, without a restart; an open connection lives on."""
    monkeypatch.setattr(front, "LOOK_S", 0.05)
    with serving(app, tmp_path) as one:
        kept = one.connection()
        kept.request("GET", "/")
        kept.getresponse().read()

        def seen() -> bytes:
            with one.socket() as raw, one.trusting.wrap_socket(raw, server_hostname="127.0.0.1") as secured:
                return secured.getpeercert(binary_form=True) or b""

        before = seen()
        made_certificate(tmp_path)
        wait_for(lambda: seen() != before)
        kept.request("GET", "/")
        assert kept.getresponse().status == 200
        kept.close()


def test_a_broken_certificate_is_not_taken_up(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rubbish in the file's place, or no file: the old one is served on; the next good one is taken."""
    monkeypatch.setattr(front, "LOOK_S", 0.05)
    with serving(app, tmp_path) as one:
        served = one.server.front.served if one.server.front else None
        assert served is not None
        first, pem = served.facts, tmp_path / "tls" / "server.pem"
        good = pem.read_bytes()
        for bad in (b"rubbish", good[: len(good) // 2]):
            pem.write_bytes(bad)
            wait_for(lambda: served._tried == served._stamp())
            assert one.get()[0] == 200 and served.facts == first
        pem.unlink()
        wait_for(lambda: served._tried == served._stamp())
        assert one.get()[0] == 200
        made_certificate(tmp_path)
        wait_for(lambda: served.facts != first)
        assert one.get()[0] == 200


# Behind a proxy --------------------------------------------------------------------------------------------------------


def test_a_proxy_says_who_came(app: App) -> None:
    """The named proxy's word on address and scheme is believed, and of a chain only its own last entry."""
    with serving(app, proxy="127.0.0.1") as one:
        connection = one.connection()
        said = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7", "X-Forwarded-Proto": "https"}
        connection.request("GET", "/", headers=said)
        assert connection.getresponse().read().split()[:2] == [b"https", b"192.0.2.7"]
        connection.close()


def test_nobody_else_says_who_came(app: App) -> None:
    """Without a named proxy, or from another address, the headers count for nothing."""
    for proxy in (None, "192.0.2.1"):
        with serving(app, proxy=proxy) as one:
            connection = one.connection()
            connection.request("GET", "/", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"})
            assert connection.getresponse().read().split()[:2] == [b"http", b"127.0.0.1"]
            connection.close()


def test_a_name_of_two_addresses_is_served(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name such as localhost, which may be 127.0.0.1 and ::1, is listened on at both, with the same bounds."""
    port = free_port()
    monkeypatch.setattr(web_server, "_address", lambda host, port: f"127.0.0.1:{port} 127.0.0.2:{port}")
    server = web_server.Server(app, "localhost", port)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        assert server.port == port and Serving(server, None).get()[0] == 200
        assert [one.channel_class for one in server._listening] == [web_server._Channel] * 2
    finally:
        server.stop()
        thread.join(20)
    assert not thread.is_alive()
