"""The thread that follows the sites: takes what waits in the queue, stores it in one transaction, acknowledges, and again.

It is the only writer of what sites say. A batch is what came while the last one was committed, `BATCH` at most, so a single
message never waits for others and a flood is committed by the hundred. When the database fails, nothing is acknowledged, the
connection is dropped, and all is taken up again from the tables: retained messages come by themselves, records by resend.
"""

import queue
import ssl
import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError

from controller.record.topics import Recover
from dashboard.config import BrokerAddress
from dashboard.intake.connection import RECEIVE_MAXIMUM, Connection, Delivery
from dashboard.intake.intake import Intake
from dashboard.intake.missing_texts import MissingTexts
from dashboard.intake.resend import Resend
from dashboard.intake.source import Source
from dashboard.intake.witnessed import Witnessed
from dashboard.questions import Questions

BATCH = 500
LARGEST_WAIT_S = 10.0
SMALLEST_WAIT_S = 0.2
_TICK_S = 0.1
_CUT_S = 1.0

log = structlog.get_logger()


class Subscriber:
    """Follows the pinned sites on one broker until it is stopped."""

    def __init__(
        self,
        broker: BrokerAddress,
        name: str,
        intake: Intake,
        resend: Resend,
        texts: MissingTexts,
        questions: Questions,
        witnessed: Witnessed,
        recover: Callable[[Source, Recover], tuple[str, bytes]],
        *,
        changed: Callable[[], None],
        connected: Callable[[], None],
        stored: Callable[[int, float], None],
        cut: Callable[[], bool],
        failed: Callable[[], None],
    ) -> None:
        """`recover` answers a site that lost records. `failed` is called when the database does.

        `stored` hears of each batch how many messages it was and how many seconds it took. `cut` cuts the database's log off,
        or answers that it could not.
        """
        self._broker = broker
        self._name = name
        self._intake = intake
        self._resend = resend
        self._texts = texts
        self._questions = questions
        self._witnessed = witnessed
        self._recover = recover
        self._changed = changed
        self._connected = connected
        self._stored = stored
        self._cut = cut
        self._failed = failed
        self._stopping = threading.Event()
        self._connection: Connection | None = None
        self._cut_s = float("-inf")
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)

    def start(self) -> None:
        """Begins to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; what was not stored is not acknowledged."""
        self._stopping.set()
        self._thread.join(10)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hands a message to the broker; whether there is one. Any thread."""
        connection = self._connection
        return connection is not None and connection.publish(topic, payload)

    def _run(self) -> None:
        wait_s = SMALLEST_WAIT_S
        while not self._stopping.is_set():
            inbox: queue.Queue[Delivery | None] = queue.Queue(2 * RECEIVE_MAXIMUM)
            connection = Connection(self._broker, self._name, self._intake.topics(), inbox)
            steady = True
            try:
                connection.open()
                self._connection = connection
                self._follow(connection, inbox)
            except OSError as error:
                log.warning("no broker", error=type(error).__name__, why=_why(error), again_in_s=wait_s)
            except DBAPIError as error:
                steady = False
                log.error("the database failed; starting again from the tables", error=type(error).__name__)
                self._failed()
                self._changed()
            finally:
                self._connection = None
                connection.close()
            wait_s = SMALLEST_WAIT_S if steady and connection.ready.is_set() else min(2 * wait_s, LARGEST_WAIT_S)
            self._stopping.wait(wait_s)

    def _follow(self, connection: Connection, inbox: "queue.Queue[Delivery | None]") -> None:
        self._intake.reconnected()
        self._stored(0, 0.0)
        self._witnessed.connected()
        announced = False
        while not self._stopping.is_set() and not connection.lost.is_set():
            if connection.ready.is_set() and not announced:
                announced = True
                log.info("connected to the broker", host=self._broker.host)
                self._connected()
            batch = _waiting(inbox)
            if batch:
                begun_s = time.monotonic()
                self._intake.take(delivery.message for delivery in batch)
                self._stored(len(batch), time.monotonic() - begun_s)
                for delivery in batch:
                    delivery.acknowledge()
                self._changed()
            if self._intake.followed:
                self._intake.followed = False
                return
            self._ask(connection)

    def _ask(self, connection: Connection) -> None:
        """What the sites are to hear of us now: what is missing here, what we hold, and what they asked back."""
        sources, now_s = self._intake.sources, time.monotonic()
        self._cut_erased(now_s)
        answered, self._intake.resent = self._intake.resent, set()
        if self._intake.settle(now_s):
            self._changed()
        wanted = self._resend.due(sources, answered, now_s)
        wanted += self._texts.due(sources, now_s)
        wanted += self._questions.due(sources, now_s)
        lost, self._intake.recover = self._intake.recover, {}
        wanted += [self._recover(sources[site], asked) for site, asked in lost.items()]
        for topic, request in wanted:
            connection.publish(topic, request)
        if connection.ready.is_set():
            for topic, note in self._witnessed.due(sources, now_s):
                connection.publish(topic, note, retain=True)

    def _cut_erased(self, now_s: float) -> None:
        """Lets nothing that was erased stay in the database's log; once a second until it was done."""
        if self._intake.erased and now_s - self._cut_s >= _CUT_S:
            self._cut_s = now_s
            self._intake.erased = not self._cut()


def _why(error: OSError) -> str:
    """What a person can mend: which file, or what is wrong with the broker's certificate."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate: {error.verify_message}"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)


def _waiting(inbox: "queue.Queue[Delivery | None]") -> list[Delivery]:
    """What waits, `BATCH` at most; empty after a moment without anything. None in the queue only wakes."""
    batch: list[Delivery] = []
    try:
        item = inbox.get(timeout=_TICK_S)
        while True:
            if item is not None:
                batch.append(item)
            if len(batch) == BATCH:
                break
            item = inbox.get_nowait()
    except queue.Empty:
        pass
    return batch
