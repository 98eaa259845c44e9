"""One MQTT connection, used once: a fresh paho client each time, so that nothing of a broken session is carried over.

paho's callbacks put into the queue, set events, and do nothing else. A message is acknowledged by the one who stored it
(manual acknowledgement), so a broker repeats what was not stored; the receive maximum keeps it from sending more than the
queue holds. A broker that sends more regardless is made to wait, and after half a keep-alive cut off; the resend repairs that.
"""

import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt import MQTTException
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from dashboard.config import BrokerAddress
from dashboard.intake.intake import Message

RECEIVE_MAXIMUM = 1000
KEEPALIVE_S = 15
CONNECT_S = 5.0
_MOST_OUTGOING = 1000
_NO_MQTT = (MQTTException, ValueError, LookupError, TypeError, AttributeError, struct.error, OSError)
"""What paho was seen to raise, or by its source can raise, while it reads a packet that is none."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message, and how to tell the broker that it is stored."""

    message: Message
    acknowledge: Callable[[], object]


def _tls(broker: BrokerAddress, ca_file: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer with a broker whose certificate is of that authority and for that host name. Raises OSError."""
    with _named(ca_file):
        context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if broker.cert_file:
        key = broker.key_file or broker.cert_file
        with _named(broker.cert_file):
            context.load_cert_chain(broker.cert_file, key, password=lambda: "")  # else OpenSSL asks at the terminal
    return context


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """OpenSSL does not say which file it could not use: this does."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(file)) from error


class _Client(mqtt.Client):
    """A paho client whose network thread cannot end unnoticed: bytes that are no MQTT end the connection, not the process."""

    def __init__(self, ended: Callable[[], None], *options: Any, **more: Any) -> None:  # noqa: ANN401 - as paho's
        super().__init__(*options, **more)
        self._ended = ended

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except _NO_MQTT as error:
            log.warning("the broker does not speak MQTT", error=type(error).__name__)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        finally:
            self._ended()


class Connection:
    """A connection from `open` to `close`. `lost` is set when it ended, for whatever reason."""

    def __init__(
        self, broker: BrokerAddress, name: str, topics: Sequence[str], inbox: "queue.Queue[Delivery | None]"
    ) -> None:
        self._broker = broker
        self._topics = topics
        self._inbox = inbox
        self.ready = threading.Event()
        """The broker took our subscriptions."""
        self.lost = threading.Event()
        self._client = _Client(
            self._ended,
            CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._client.connect_timeout = CONNECT_S
        self._client.max_queued_messages_set(_MOST_OUTGOING)
        self._client.on_socket_open = self._on_socket_open
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def open(self) -> None:
        """Connects; the rest comes through the queue and the events. Raises OSError."""
        if self._broker.user:
            self._client.username_pw_set(self._broker.user, self._broker.password())
        if self._broker.ca_file is not None:
            self._client.tls_set_context(_tls(self._broker, self._broker.ca_file))
        limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        limits.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S, clean_start=True, properties=limits)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> bool:
        """Hands over a message at QoS 1; whether there was a broker to take it."""
        if not self.ready.is_set() or self.lost.is_set():
            return False
        return self._client.publish(topic, payload, qos=1, retain=retain).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def close(self) -> None:
        """Ends the connection. What was not acknowledged is not."""
        self.lost.set()
        self._client.disconnect()
        if isinstance(line := self._client.socket(), socket.socket):
            with suppress(OSError):  # else paho waits half a minute for a silent broker to take its last words
                line.shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def _ended(self) -> None:
        self.lost.set()
        self._wake()

    def _on_socket_open(self, client: mqtt.Client, userdata: object, sock: object) -> None:
        if isinstance(sock, socket.socket):  # 40 ms a round trip otherwise: Nagle against delayed acknowledgements
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.warning("the broker refused", reason=str(reason))
            self._ended()
            return
        client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self,
        client: mqtt.Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        for topic, reason in zip(self._topics, reasons, strict=False):
            if reason.is_failure:
                log.warning("the broker refused a subscription", topic=topic, reason=str(reason))
        self.ready.set()
        self._wake()

    def _on_disconnect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._ended()

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        mid, qos = message.mid, message.qos
        delivery = Delivery(Message(topic, bytes(message.payload), message.retain), lambda: client.ack(mid, qos))
        try:
            # Some brokers (Mosquitto 2.0.11) send past the receive maximum: TCP makes them wait until there is room.
            self._inbox.put(delivery, timeout=KEEPALIVE_S / 2)
        except queue.Full:
            self.lost.set()

    def _wake(self) -> None:
        try:
            self._inbox.put_nowait(None)
        except queue.Full:
            return
