"""One MQTT connection of a probe. Unlike the link's it hears what it said, and may leave it unacknowledged."""

import secrets
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from controller.broker import tls_context
from controller.facility import BrokerForm

ANSWER_S = 5.0
_KEEPALIVE_S = 20


class NoBroker(Exception):
    """`code`: `reach`, `tls`, `credentials` or `mqtt`; the text is the library's."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Peer:
    """Connected as the site is, but under a name of its own. Its callbacks append and notify, nothing else."""

    def __init__(self, settings: BrokerForm, *, anonymous: bool = False, lazy: bool = False) -> None:
        """`lazy`: acknowledges nothing by itself. Raises NoBroker."""
        self.heard: list[tuple[str, bytes, bool]] = []
        self._mids: list[int] = []
        self._reasons: dict[int, Any] = {}
        self._granted: list[Any] = []
        self._connack: list[Any] = []
        self._ended = False
        self._something = threading.Condition()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"sekimori-check-{secrets.token_hex(8)}", protocol=mqtt.MQTTv5,
            manual_ack=lazy, reconnect_on_failure=False,
        )  # fmt: skip
        self._client.max_inflight_messages_set(0)
        self._client.on_socket_open = _no_delay
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._note(self._connack.append, reason)
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._note(self._granted.extend, reasons)
        self._client.on_publish = lambda _c, _u, mid, reason, _p: self._note(
            lambda value: self._reasons.update({mid: value}), reason
        )
        self._client.on_message = lambda _c, _u, message: self._note(self._hear, message)
        self._client.on_disconnect = lambda *_: self._note(lambda _: setattr(self, "_ended", True), None)
        self._connect(settings, anonymous, lazy)

    def _connect(self, settings: BrokerForm, anonymous: bool, lazy: bool) -> None:
        limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        if lazy:
            limits.ReceiveMaximum = 10
        try:
            if settings.ca_file:
                known = msgspec.structs.replace(settings, cert_file="") if anonymous else settings
                self._client.tls_set_context(tls_context(known))
            if settings.user and not anonymous:
                self._client.username_pw_set(settings.user, Path(settings.password_file).read_text().strip())
            self._client.connect_timeout = ANSWER_S
            self._client.connect(settings.host, settings.port, _KEEPALIVE_S, properties=limits)
        except ssl.SSLError as error:
            raise NoBroker("tls", str(error)) from error
        except (OSError, ValueError) as error:
            raise NoBroker("reach", str(error)) from error
        self._client.loop_start()
        if not self.wait(lambda: bool(self._connack) or self._ended, ANSWER_S) or not self._connack:
            self._client.loop_stop()
            raise NoBroker("mqtt", "no answer to CONNECT")
        if self._connack[0].is_failure:
            self._client.loop_stop()
            raise NoBroker("credentials", str(self._connack[0]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, take: Callable[[Any], object], value: Any) -> None:  # noqa: ANN401 - as paho's
        with self._something:
            take(value)
            self._something.notify_all()

    def _hear(self, message: mqtt.MQTTMessage) -> None:
        self._mids.append(message.mid)
        self.heard.append((message.topic, bytes(message.payload), message.retain))

    def wait(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Whether the condition came to hold in time."""
        with self._something:
            return self._something.wait_for(condition, within_s)

    def subscribe(self, topic: str) -> bool:
        """Whether the broker says yes, which proves little."""
        before = len(self._granted)
        self._client.subscribe(topic, qos=1)
        answered = self.wait(lambda: len(self._granted) > before or self._ended, ANSWER_S)
        return answered and len(self._granted) > before and not self._granted[-1].is_failure

    def send(self, topic: str, payload: bytes, retain: bool = False) -> int:
        """Says it, and waits for nothing; the message's id."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def allowed(self, topic: str, payload: bytes, retain: bool = False) -> bool:
        """Whether the broker acknowledges this without a refusal. Mosquitto 2.0.11 may hang up behind one."""
        mid = self.send(topic, payload, retain)
        self.wait(lambda: mid in self._reasons or self._ended, ANSWER_S)
        return mid in self._reasons and not self._reasons[mid].is_failure

    def acknowledged(self, mid: int, within_s: float) -> bool:
        """Whether the broker took this message, well or not."""
        return self.wait(lambda: mid in self._reasons or self._ended, within_s) and mid in self._reasons

    def hears(self, topic: str, payload: bytes, within_s: float = ANSWER_S, retained: bool | None = None) -> bool:
        """Whether this comes."""

        def came() -> bool:
            return any((said, data) == (topic, payload) and retained in (None, kept) for said, data, kept in self.heard)

        return self.wait(lambda: came() or self._ended, within_s) and came()

    def drain(self, enough: int, within_s: float, quiet_s: float) -> int:
        """Acknowledges what was left, until `enough` has come, or nothing more does; the count of different ones."""
        end = monotonic() + within_s
        while len(self.heard) < enough and monotonic() < end and not self._ended:
            with self._something:
                mids, self._mids = self._mids, []
                before = len(self.heard)
            for mid in mids:
                self._client.ack(mid, 1)
            if not self.wait(lambda before=before: len(self.heard) > before or self._ended, quiet_s):  # type: ignore[misc]
                break
        return len({payload for _, payload, _ in self.heard})


def _no_delay(_client: Any, _userdata: Any, sock: Any) -> None:  # noqa: ANN401
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
