"""A request over the broker.

* `request_to_lock_p50`: a signed `portal.release`, published by a dashboard at QoS 1 → the lock is told to release, with the
  product's link, desk, loop and ledger in a process of its own; ÷ a bare paho script that looks up, commits durably and
  answers, by the same broker and with as many bytes, until the answer is here; in turn with it, TCP_NODELAY everywhere.
  The script checks no signature and opens no seal. `against` also says when its commit was done
"""

import json
import queue
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter

import paho.mqtt.client as mqtt
from ulid import ULID

from controller.record.asks import ReleasePortal
from controller.record.canonical import canonical
from controller.record.keys import KeyPair, PublicKeys
from controller.record.requests import make_request
from controller.record.topics import Topics
from tests.bench import bare
from tests.bench.measure import Row, Run, p50
from tests.bench.side import Side, broker, python
from tests.bench.site import SITE, ZONES, make_site, trust

NAMES = ("request_to_lock_p50",)
_BARE = "bare/request"
_REST_S = 0.005


def rows(run: Run) -> Iterator[Row]:
    """Measures."""
    folder = run.place("requests")
    with broker(folder) as through:
        key = KeyPair.generate()
        site = make_site(folder / "site", 100, 10, broker=through.port)
        trust(site, key)
        site.ledger.close()
        log = folder / "requests.log"
        with (
            python(log, "tests.bench.controller_side", str(folder / "site")) as controller,
            python(log, "tests.bench.bare", "respond", str(through.port), _BARE, str(folder / "bare.sqlite3")) as peer,
        ):
            controller.line()
            peer.line()
            controller.go()
            asker = _Asker(through.port)
            time.sleep(3)  # the controller has connected and published what is retained
            product, peers, commits = _in_turn(asker, controller, peer, key, site.key.public, run.sizes.requests)
            controller.go()
            asker.close()
    value, other = p50(product) * 1e3, p50(peers) * 1e3
    against = f"bare paho by {through.name}, answered: {other:.2f} ms (committed: {p50(commits) * 1e3:.2f})"
    yield Row("request_to_lock_p50", value, "ms", against, value / other, "≤ 1.5 ×", value / other <= 1.5)


class _Asker:
    """A dashboard's end: publishes, and notes when the bare script's answers come."""

    def __init__(self, port: int) -> None:
        self._answers: queue.Queue[float] = queue.Queue()
        self._client = bare.client(port, topic=f"{_BARE}/reply", message=self._answered)

    def _answered(self, client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self._answers.put(perf_counter())
        client.ack(message.mid, message.qos)

    def ask(self, topic: str, payload: bytes) -> float:
        """Publishes; the time just before."""
        time.sleep(_REST_S)
        begin = perf_counter()
        self._client.publish(topic, payload, qos=1)
        return begin

    def answer(self) -> float:
        """The time of the next answer."""
        return self._answers.get(timeout=30)

    def close(self) -> None:
        """Ends the connection."""
        self._client.disconnect()
        self._client.loop_stop()


def _in_turn(
    asker: _Asker, controller: Side, peer: Side, key: KeyPair, site: PublicKeys, count: int
) -> tuple[list[float], list[float], list[float]]:
    """Seconds to the product's release, to the script's answer, and to the script's commit."""
    chance = random.Random(3)
    product: list[float] = []
    answers: list[float] = []
    commits: list[float] = []
    for _ in range(count + 20):
        portal = f"portal-{chance.randrange(ZONES)}"
        data = _release(key, site, portal)
        begin = asker.ask(Topics(SITE).request, data)
        product.append(float(controller.line()) - begin)
        begin = asker.ask(_BARE, _plain(portal, len(data)))
        commits.append(float(peer.line()) - begin)
        answers.append(asker.answer() - begin)
    return product[20:], answers[20:], commits[20:]


def _plain(portal: str, size: int) -> bytes:
    """The script's request, as long as a signed one."""
    asked = {"id": "x", "body": {"portal": portal}, "rest": ""}
    return json.dumps({**asked, "rest": "x" * (size - len(json.dumps(asked)))}).encode()


def _release(key: KeyPair, site: PublicKeys, portal: str) -> bytes:
    now = datetime.now(UTC)
    return canonical(
        make_request(
            key, SITE, site, id=str(ULID()), body=ReleasePortal(portal), private={"reason": "搬入の立会い"}, operator=1,
            issued_at=now, expires_at=now + timedelta(seconds=10),
        )
    )  # fmt: skip
