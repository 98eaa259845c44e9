"""A bare MQTT 5 client for tests: what somebody with these credentials can do at a broker, whatever our own programs would.

A SUBACK proves nothing (Mosquitto grants what its access list then withholds): only what arrives counts.
"""

import threading
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from site_process import until


class Refused(AssertionError):
    """The broker did not let us in."""


class BareClient:
    """Connected from the beginning until `close`. Raises Refused with the broker's reason, or TLS's."""

    def __init__(
        self, port: int, user: str = "", password: str = "", ca: Path | None = None, *, client_id: str = "",
        host: str = "127.0.0.1", manual_ack: bool = False, receive_maximum: int = 0,
    ) -> None:  # fmt: skip
        self.heard: list[tuple[str, bytes]] = []
        self.reasons: dict[int, str] = {}
        self.lost = threading.Event()
        self._mids: list[tuple[int, int]] = []
        self._answer: list[str] = []
        self._answered = threading.Event()
        self.mqtt = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=manual_ack,
            reconnect_on_failure=False,
        )  # fmt: skip
        self.mqtt.max_inflight_messages_set(0)
        self.mqtt.on_connect = self._on_connect
        self.mqtt.on_message = self._on_message
        self.mqtt.on_publish = self._on_publish
        self.mqtt.on_disconnect = self._on_disconnect
        if user:
            self.mqtt.username_pw_set(user, password)
        if ca is not None:
            self.mqtt.tls_set(str(ca))
        self._connect(host, port, receive_maximum)

    def _connect(self, host: str, port: int, receive_maximum: int) -> None:
        properties = Properties(PacketTypes.CONNECT)
        if receive_maximum:
            properties.ReceiveMaximum = receive_maximum
        try:
            self.mqtt.connect(host, port, 20, properties=properties)
        except OSError as error:
            raise Refused(str(error)) from error
        self.mqtt.loop_start()
        if not self._answered.wait(10) or self._answer != ["Success"]:
            self.mqtt.loop_stop()
            raise Refused(self._answer[0] if self._answer else "the broker hung up")

    def _on_connect(self, _client: object, _userdata: object, _flags: object, reason: object, _: object) -> None:
        self._answer.append(str(reason))
        self._answered.set()

    def _on_message(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self._mids.append((message.mid, message.qos))
        self.heard.append((message.topic, bytes(message.payload)))

    def _on_publish(self, _client: object, _userdata: object, mid: int, reason: object, _: object) -> None:
        self.reasons[mid] = str(reason)

    def _on_disconnect(self, *_: object) -> None:
        self.lost.set()
        self._answered.set()

    def subscribe(self, *filters: str) -> None:
        """Asks for these, and waits until the broker has answered, whatever it said."""
        done = threading.Event()
        self.mqtt.on_subscribe = lambda *_: done.set()
        self.mqtt.subscribe([(topic, 1) for topic in filters])
        assert done.wait(10)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> str:
        """Says this at QoS 1; answers the reason in the broker's acknowledgement."""
        mid = self.mqtt.publish(topic, payload, qos=1, retain=retain).mid
        return until(f"{topic} is acknowledged", lambda: self.reasons.get(mid))

    def send(self, topic: str, payload: bytes) -> int:
        """Says this at QoS 1, and waits for nothing."""
        return self.mqtt.publish(topic, payload, qos=1).mid

    def acknowledge(self) -> None:
        """Tells the broker that everything heard so far is stored (with `manual_ack`)."""
        while self._mids:
            self.mqtt.ack(*self._mids.pop(0))

    def wait_heard(self, topic: str, payload: bytes) -> None:
        """Until this has come."""
        until(f"{topic} {payload[:40]!r}", lambda: (topic, payload) in self.heard or None)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def __enter__(self) -> "BareClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
