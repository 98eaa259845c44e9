"""One connection to the broker, on paho-mqtt: connect, publish at QoS 1, hear acknowledgements. Knows nothing of records.

paho's callbacks run in paho's thread and do nothing but append and wake. A client is used for one connection only, so
that nothing of an old one is sent again behind our back (F7). TCP_NODELAY on every socket: without it a round trip costs 40 ms.
"""

import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from controller.facility import BrokerForm
from controller.record.topics import LARGEST_MESSAGE

_CONNECT_S = 10.0
_KEEPALIVE_S = 20
_GOODBYE_S = 1.0


class Broken(Exception):
    """The connection cannot be made, or has ended.

    `reason`: `absent` (nobody there, or gone), `refused` (it does not want us, or what we say), `taken` (somebody else connects
    as us), `silent` (it takes everything and acknowledges nothing).
    """

    def __init__(self, problem: str, reason: str = "absent") -> None:
        super().__init__(problem)
        self.reason = reason


_REASONS = {0x87: "refused", 0x86: "refused", 0x8C: "refused", 0x8E: "taken"}
"""MQTT 5 reason codes: not authorized, bad user name or password, bad authentication method, session taken over."""


class BrokerConnection:
    """A live connection; made by `connect`."""

    def __init__(self, client: mqtt.Client, wake: threading.Event) -> None:
        self._client = client
        self._wake = wake
        self._acks: deque[int] = deque()
        self._ended: Broken | None = None
        self._gone = threading.Event()
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends in order after a clean run; after a failure it only lets go, so that the broker tells our will."""
        if kind is None and self._ended is None:
            self._client.disconnect()
            self._gone.wait(_GOODBYE_S)
        _let_go(self._client)

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> int:
        """Sends at QoS 1 and answers the message id that `acknowledged` will name. Raises Broken."""
        if self._ended is not None:
            raise self._ended
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        if sent.rc != mqtt.MQTT_ERR_SUCCESS:
            raise self._ended or Broken(f"publish: {mqtt.error_string(sent.rc)}")
        return sent.mid

    def acknowledged(self) -> list[int]:
        """Message ids acknowledged since the last call. Raises Broken when the connection has ended."""
        if self._ended is not None:
            raise self._ended
        return [self._acks.popleft() for _ in range(len(self._acks))]

    def _on_publish(self, _client: Any, _userdata: Any, mid: int, reason: Any, _properties: Any) -> None:  # noqa: ANN401
        if reason.is_failure:
            self._ended = self._ended or Broken(f"the broker refused a publish: {reason}", "refused")
        self._acks.append(mid)
        self._wake.set()

    def _on_disconnect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:  # noqa: ANN401
        self._ended = self._ended or Broken(f"disconnected: {reason}", _REASONS.get(reason.value, "absent"))
        self._gone.set()
        self._wake.set()


def connect(
    settings: BrokerForm, client_id: str, will_topic: str, will: bytes, subscribe: Sequence[str],
    receive: Callable[[str, bytes, bool], None], wake: threading.Event,
) -> BrokerConnection:  # fmt: skip
    """Connects, subscribes, and answers the connection; without a will when its topic is empty. Raises Broken."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=False
    )
    client.max_inflight_messages_set(0)
    if will_topic:
        client.will_set(will_topic, will, qos=1, retain=True)
    _credentials(client, settings)
    ready = threading.Event()
    answer: list[Any] = []

    def on_connect(_client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:  # noqa: ANN401
        answer.append(reason)
        ready.set()

    def on_message(_client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ANN401
        with suppress(UnicodeDecodeError):  # a topic that is no text is none of ours
            receive(message.topic, bytes(message.payload[: LARGEST_MESSAGE + 1]), message.retain)

    client.on_connect = on_connect
    client.on_message = on_message
    client.on_socket_open = _no_delay
    connection = BrokerConnection(client, wake)
    try:
        client.connect(settings.host, settings.port, keepalive=_KEEPALIVE_S)
    except (OSError, ValueError) as error:
        raise Broken(f"{settings.host}:{settings.port}: {error}") from error
    client.loop_start()
    if not ready.wait(_CONNECT_S) or answer[0].is_failure:
        _let_go(client)
        said, reason = (answer[0], _REASONS.get(answer[0].value, "absent")) if answer else ("no answer", "silent")
        raise Broken(f"{settings.host}:{settings.port}: {said}", reason)
    client.subscribe([(topic, 1) for topic in subscribe])
    return connection


def _credentials(client: mqtt.Client, settings: BrokerForm) -> None:
    try:
        if settings.ca_file:
            client.tls_set_context(tls_context(settings))
        if settings.user:
            client.username_pw_set(settings.user, Path(settings.password_file).read_text().strip())
    except (OSError, ValueError) as error:
        raise Broken(f"broker settings: {error}") from error


def tls_context(settings: BrokerForm) -> ssl.SSLContext:
    """TLS 1.2 or newer with a broker whose certificate is of that authority and for that host name. Raises OSError."""
    with _named(settings.ca_file):
        context = ssl.create_default_context(cafile=settings.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.cert_file:
        key = settings.key_file or settings.cert_file
        with _named(settings.cert_file):
            context.load_cert_chain(settings.cert_file, key, password=lambda: "")  # else OpenSSL asks at the terminal
    return context


@contextmanager
def _named(file: str) -> Iterator[None]:
    """OpenSSL does not say which file it could not use: this does."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(file)) from error


def _let_go(client: mqtt.Client) -> None:
    """Ends paho's thread at once: with words that a silent broker does not take it would wait for its keep-alive, 40 s."""
    if isinstance(line := client.socket(), socket.socket):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
    client.loop_stop()


def _no_delay(_client: Any, _userdata: Any, sock: Any) -> None:  # noqa: ANN401
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
