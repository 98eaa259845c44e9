"""The witnesses of a site: what dashboards, and the broker, hold of its ledger; asked at a start, before anything is written.

A thread of its own makes the connection, so that neither a name server nor a broker that takes and never answers can hold up
the doors: whoever waits here waits as long as he says. What comes is kept unread until he looks, and bounded. Nothing is
believed: notes bear the site's signature or count for nothing, answers that of the dashboard whose id is in the topic.
"""

import secrets
import threading
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec
import structlog

from controller.broker import Broken, BrokerConnection, connect
from controller.facility import BrokerForm
from controller.record.canonical import canonical
from controller.record.keys import BadKey, KeyPair, PublicKeys
from controller.record.signed import Forged, open_message, sign_message
from controller.record.topics import Recover, Recovered, Topics

QUIET_S = 0.15
"""So long after the last one nothing more is expected of what the broker keeps."""
MOST_WITNESSES = 64
_MOST_WAITING = 256
_AGAIN_S = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the dashboard with this id answered, under its own signature."""

    dashboard: str
    said: Recovered


class Witnesses:
    """One connection, as long as the block lasts. `notes`: what is held of us, by topic; news ends a wait."""

    def __init__(self, broker: BrokerForm, topics: Topics, key: KeyPair, stopping: threading.Event) -> None:
        self._broker = broker
        self._topics = topics
        self._key = key
        self._stopping = stopping
        self._news = threading.Event()
        self._closed = threading.Event()
        self._connection: BrokerConnection | None = None
        self._heard: deque[tuple[str, bytes]] = deque(maxlen=_MOST_WAITING)
        self.refused = False
        """The last attempt found no broker: for a short look there is nothing to wait for."""
        self.notes: dict[str, bytes] = {}
        self.answers: dict[str, Answer] = {}
        """The last answer of each dashboard."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._keep_connected, name="witnesses", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._news.set()

    # The thread that connects -----------------------------------------------------------------------------------------------

    def _keep_connected(self) -> None:
        name = f"sekimori-{self._key.alias('recovery client id')}"
        topics = (self._topics.checkpoint, self._topics.witnessed("+"), self._topics.recovered("+"))
        while not self._closed.is_set():
            try:
                with connect(self._broker, name, "", b"", topics, self._receive, self._news) as connection:
                    self.refused, self._connection = False, connection
                    self._news.set()
                    while not self._closed.wait(0.05):
                        connection.acknowledged()
            except Broken as broken:
                log.info("no witness", problem=str(broken))
                self.refused = True
            self._connection = None
            self._news.set()
            self._closed.wait(_AGAIN_S)

    def _receive(self, topic: str, payload: bytes, _retained: bool) -> None:
        self._heard.append((topic, payload))
        self._news.set()

    # Who waits ----------------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether there is a broker to ask through."""
        return self._connection is not None

    def wait(self, seconds: float) -> bool:
        """Waits for something to happen, so long at most; whether it was news of what somebody holds."""
        self._news.wait(seconds)
        self._news.clear()
        return self._read()

    def hello(self) -> None:
        """Asks all dashboards which checkpoint they hold."""
        self._publish(Recover(secrets.token_hex(8), "", 0, 0))

    def ask(self, dashboard: str, epoch: int, first: int) -> str:
        """Asks one for records; the name of the question, which the answer will say."""
        asked = Recover(secrets.token_hex(8), dashboard, epoch, first)
        self._publish(asked)
        return asked.request

    def _publish(self, asked: Recover) -> None:
        connection = self._connection
        try:
            if connection is not None:
                connection.publish(self._topics.recover, sign_message(self._key, self._topics.recover, asked))
        except Broken as broken:
            log.info("not asked", problem=str(broken))

    def _read(self) -> bool:
        """Reads what came; whether anything did that counts."""
        news = False
        while self._heard and not self._stopping.is_set():
            topic, payload = self._heard.popleft()
            place, _, dashboard = topic.removeprefix(self._topics.recovered("")).rpartition("/")
            if topic.startswith(self._topics.recovered("")) and not place:
                answer = read_answer(topic, dashboard, payload)
                news = (answer is not None and self._keep(self.answers, dashboard, answer)) or news
            else:
                news = self._keep(self.notes, topic, payload) or news
        return news

    def _keep(self, held: dict[str, Any], name: str, item: bytes | Answer) -> bool:
        if name not in held and len(held) >= MOST_WITNESSES:
            return False
        held[name] = item
        return True


def read_answer(topic: str, dashboard: str, payload: bytes) -> Answer | None:
    """The answer on a dashboard's topic, if the keys that it names have this id and signed it; else None."""
    try:
        said = msgspec.json.decode(msgspec.json.decode(payload, type=_Signed).payload, type=Recovered)
        keys = PublicKeys.parse(said.keys)
        if keys.id != dashboard or canonical(said) != open_message(keys.signing, topic, payload):
            return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadKey, Forged):
        return None
    return Answer(dashboard, said)


class _Signed(msgspec.Struct):
    """The outside of a signed message, before it is known whose it is."""

    payload: msgspec.Raw
