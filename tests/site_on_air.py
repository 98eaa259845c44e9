"""A `SitePeer` on a real broker: publishes what the test tells it to, answers resends by itself and requests as told.

Also `wait_for`: a bounded wait for a condition, because nothing on a network happens at once.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
from site_peer import Said, SitePeer

from controller.record.keys import PublicKeys
from controller.record.requests import Request, read_envelope

WAIT_S = 20.0


def wait_for(condition: Callable[[], object], within_s: float = WAIT_S) -> None:
    """Returns when the condition holds; fails the test when it does not in time."""
    end = time.monotonic() + within_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        pause.wait(0.01)


class SiteOnAir:
    """A connected site. `requests` are those that came and were no queries."""

    def __init__(self, peer: SitePeer, dashboard: PublicKeys, host: str, port: int) -> None:
        self.peer = peer
        self.dashboard = dashboard
        self.requests: list[Request] = []
        self.answering = True
        self.subscribed = threading.Event()
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=f"site-{peer.name}", protocol=mqtt.MQTTv5
        )
        self._client.on_connect = lambda client, *_: client.subscribe(peer.topics.request, 1)
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_message = self._on_request
        self._client.connect(host, port)
        self._client.loop_start()
        assert self.subscribed.wait(WAIT_S)

    def say(self, *said: Said | Iterable[Said]) -> None:
        """Publishes, and waits until the broker has the last of it."""
        info = None
        for item in said:
            for one in [item] if isinstance(item, Said) else item:
                info = self._client.publish(one.topic, one.payload, qos=1, retain=one.retain)
        if info is not None:
            info.wait_for_publish(WAIT_S)

    def _on_request(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        request = read_envelope(message.payload)
        if not request.kind.startswith("query/"):
            self.requests.append(request)
        elif self.answering:
            for said in self.peer.answer(message.payload, self.dashboard):
                self._client.publish(said.topic, said.payload, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def on_air(peer: SitePeer, dashboard: PublicKeys, host: str, port: int) -> Iterator[SiteOnAir]:
    """A connected site until the end of the block."""
    site = SiteOnAir(peer, dashboard, host, port)
    try:
        yield site
    finally:
        site.close()
