"""What dashboards ask is answered here, patiently: behind what lives, one answer on its way at a time. None leaves a record.

Why a door opens for somebody or does not, of now, is answered from the tables. Of the past the ledger is folded up to then,
`STEP` records at a time, one such question at a time, and records, states and replies go out between two steps. A ledger of
more than `LONGEST` records is not folded for a question: at the console, `sekimori explain --at` does.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from controller.broker import BrokerConnection
from controller.explaining import Unknown, explained
from controller.facility import Facility
from controller.ledger.erasing import HELD
from controller.ledger.faults import disk_fault
from controller.ledger.past import Past, look_back
from controller.queries import Queries
from controller.record.asks import QueryExplain, QueryPrivate, QueryResend
from controller.record.canonical import moment, timestamp
from controller.record.explained import Answered, Explained, Unanswered
from controller.record.keys import KeyPair
from controller.record.private import PrivateRow
from controller.record.requests import MalformedRequest, Request, read_body
from controller.record.signed import sign_message
from controller.record.topics import RESEND_BATCH, Resent, Topics

Found = TypeVar("Found", Explained, Explained | None)

log = structlog.get_logger()

STEP = 200
"""Records folded before the link looks after everything else again: 2 ms here, some 10 ms on a Raspberry Pi."""
LONGEST = 1_000_000
"""Records: 10 s here, where a second folds a hundred thousand; about a minute on a Raspberry Pi."""
_RESENT_BYTES = 150_000
_LATEST = "9000"
"""No time of a question is beyond this year: none that a calendar could not turn into a local one."""


class _Dig:
    """A question about the past, while the ledger is folded for it; `past` None: while its time is looked for there."""

    def __init__(self, request: Request, asked: QueryExplain, size: int) -> None:
        self.request = request
        self.asked = asked
        self.place = (asked.before or size + 1, asked.before > 0)
        """How far back it has been looked, and whether what was looked for is before it."""
        self.past: Past | None = None


class Answering:
    """Answers questions; belongs to the link's thread."""

    def __init__(self, connection: sqlite3.Connection, facility: Facility, key: KeyPair) -> None:
        self._connection = connection
        self._facility = facility
        self._topics = Topics(facility.id)
        self._key = key
        self.queries = Queries()
        self._digs = Queries()
        """Questions about the past, which wait for the ledger to be folded for others."""
        self._dig: _Dig | None = None
        self._unacknowledged: int | None = None
        """The answer that the broker has not acknowledged yet."""
        self.wanted: list[tuple[str, PrivateRow]] = []
        """Private rows that go out again, by the dashboard that asked."""

    def reconnect(self, connection: sqlite3.Connection) -> None:
        """Reads on this connection from now on."""
        self.forget()
        self._connection = connection

    def forget(self) -> None:
        """While there is no connection: who waits for an answer asks again."""
        self._unacknowledged = None
        self._end_dig()

    def acknowledged(self, mid: int) -> None:
        """The broker has this message."""
        if mid == self._unacknowledged:
            self._unacknowledged = None

    @property
    def busy(self) -> bool:
        """Whether more can be done at once."""
        waits = self.queries or self._digs or self._dig is not None
        return bool(waits) and self._unacknowledged is None

    def go_on(self, broker: BrokerConnection, epoch: int, now: datetime) -> None:
        """Answers the next question, and goes a step further back for one about the past."""
        if self._unacknowledged is None and (request := self.queries.next()) is not None:
            self._answer(broker, epoch, request, now)
        if self._unacknowledged is None:
            self._go_back(broker, now)

    def _answer(self, broker: BrokerConnection, epoch: int, request: Request, now: datetime) -> None:
        """Answers a query; a senseless one is passed over."""
        try:
            asked = read_body(request)
        except MalformedRequest:
            return
        if isinstance(asked, QueryResend) and asked.epoch == epoch and 1 <= asked.first <= asked.last:
            self._resend(broker, epoch, request.dashboard, asked)
        elif isinstance(asked, QueryPrivate):
            self.wanted += [(request.dashboard, row) for row in self._private_rows(asked.ids)]
        elif isinstance(asked, QueryExplain) and _has_time(asked):
            self._explain(broker, request, asked, now)

    def _resend(self, broker: BrokerConnection, epoch: int, dashboard: str, asked: QueryResend) -> None:
        """As many of the records as one message holds."""
        texts: list[str] = []
        size = 0
        most = min(asked.last - asked.first + 1, RESEND_BATCH)
        for _, data in records(self._connection, asked.first - 1, most):
            size += len(data)
            if size > _RESENT_BYTES and texts:
                break
            texts.append(data.decode())
        topic = self._topics.resent(dashboard)
        message = sign_message(self._key, topic, Resent(epoch, asked.first, tuple(texts)))
        self._unacknowledged = broker.publish(topic, message)

    def _private_rows(self, ids: tuple[str, ...]) -> list[PrivateRow]:
        """The newest version of these private rows, as far as they are there."""
        newest = f"select id, version, text, salt from private where id = ? and {HELD} order by version desc limit 1"  # noqa: S608 - a constant
        return [private_row(row) for id in ids for row in self._connection.execute(newest, (id,))]

    # Why a door opens, or does not --------------------------------------------------------------------------------------

    def _explain(self, broker: BrokerConnection, request: Request, asked: QueryExplain, now: datetime) -> None:
        """Of now and later by the tables of now. Of the past when its turn comes; asked again meanwhile, it is folded once."""
        if asked.before == 0 and (not asked.at or asked.at >= timestamp(now)):
            self._say(broker, request, _answer_of(request, lambda: self._found_now(asked, now)))
        elif self._size() > LONGEST:
            self._say(broker, request, Unanswered.LENGTH)
        elif self._dig is None or self._dig.request.id != request.id:
            self._digs.take(request)

    def _go_back(self, broker: BrokerConnection, now: datetime) -> None:
        """One step for the question about the past whose turn it is; its answer behind the last."""
        if self._dig is None:
            self._begin_dig()
        if (dig := self._dig) is None:
            return
        found = _answer_of(dig.request, lambda: self._step(dig))
        if found is not None:
            self._say(broker, dig.request, found)
            self._end_dig()

    def _step(self, dig: _Dig) -> Explained | None:
        """One step back; the answer at the end of the way. Raises Unknown, and whatever fails in it."""
        if dig.past is None:
            place, found = dig.place
            if found:
                dig.past = Past(self._connection, place - 1 if dig.asked.before else place)
            else:
                dig.place = look_back(self._connection, dig.asked.at, place, STEP)
        elif dig.past.go_on(STEP):
            return self._found(dig.past.tables, dig.asked, moment(dig.asked.at), dig.past.last)
        return None

    def _begin_dig(self) -> None:
        request = self._digs.next()
        if request is not None:
            asked, size = read_body(request), self._size()
            if isinstance(asked, QueryExplain) and asked.before <= size:
                self._dig = _Dig(request, asked, size)

    def _end_dig(self) -> None:
        if self._dig is not None and self._dig.past is not None:
            self._dig.past.close()
        self._dig = None

    def _found_now(self, asked: QueryExplain, now: datetime) -> Explained:
        """By the tables as they are, all of it as of one record. Raises Unknown, and whatever fails in it."""
        self._connection.execute("begin")
        try:
            return self._found(self._connection, asked, moment(asked.at) if asked.at else now, self._size())
        finally:
            self._connection.execute("commit")

    def _found(self, tables: sqlite3.Connection, asked: QueryExplain, at: datetime, seq: int) -> Explained:
        return explained(self._facility, tables, asked.person, asked.portal, at, seq, asked.badge)

    def _say(self, broker: BrokerConnection, request: Request, found: Explained | Unanswered) -> None:
        topic = self._topics.answered(request.dashboard)
        code, said = (None, found) if isinstance(found, Explained) else (found, None)
        self._unacknowledged = broker.publish(topic, sign_message(self._key, topic, Answered(request.id, code, said)))

    def _size(self) -> int:
        return int(self._connection.execute("select coalesce(max(seq), 0) from record").fetchone()[0])


def _answer_of(request: Request, find: Callable[[], Found]) -> Found | Unanswered:
    """What is found, or why nothing is. A disk that fails is raised, as everywhere in the link.

    Any other failure is logged and answered, and no reason to stop doors: the question would come again, and stop them again.
    """
    try:
        return find()
    except Unknown as error:
        return Unanswered(str(error))
    except Exception as error:  # a bug here must not end the process: no door waits for an answer, and all for the process
        if disk_fault(error, Path()) is not None:
            raise
        log.error("a question could not be answered", request=request.id, error=type(error).__name__)
        return Unanswered.INTERNAL


def _has_time(asked: QueryExplain) -> bool:
    """Whether the question's time is one. Before a record means a time as well: that of the record."""
    try:
        return not asked.before if not asked.at else bool(moment(asked.at)) and asked.at < _LATEST
    except ValueError:
        return False


def records(connection: sqlite3.Connection, after: int, most: int) -> list[tuple[int, bytes]]:
    """The next records behind `after`, at most so many."""
    if most <= 0:
        return []
    query = "select seq, bytes from record where seq > ? order by seq limit ?"
    return connection.execute(query, (after, most)).fetchall()


def private_row(row: tuple[str, int, str, str]) -> PrivateRow:
    """A row of the private store: id, version, text, salt."""
    id, version, text, salt = row
    return PrivateRow(id, version, msgspec.json.decode(text), salt)
