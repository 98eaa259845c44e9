"""What is to be published, in its order of urgency, read from the ledger as it is committed."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from itertools import islice

import msgspec

from controller.broker import BrokerConnection
from controller.facts import Facts
from controller.record.canonical import canonical
from controller.record.keys import KeyPair, PublicKeys
from controller.record.kinds.disk import DISK
from controller.record.note import BadNote, Checkpoint, VerifierKey, open_checkpoint
from controller.record.private import PrivateRow
from controller.record.requests import MalformedRequest, QueryPrivate, QueryResend, Request, read_body
from controller.record.sealed import seal
from controller.record.signed import sign_message
from controller.record.succession import MOST_LINKS, Chain, SuccessionLink
from controller.record.tables import TABLES, Row, RowChange, Upsert
from controller.record.topics import RESEND_BATCH, Reply, Resent, SealedPrivate, State, Topics
from controller.rotation import chain_rows
from controller.turn import Committed

STATES = ("portal_state", "part")
"""The tables whose rows are published as states."""
_PATIENT = 20
_RESENT_BYTES = 150_000


class Outgoing:
    """Queues of what is to go out. Bounded: states by their id, replies and queries by count.

    All private rows go out again after a connect; they are read a few at a time, because there may be a million of them.
    """

    def __init__(self, connection: sqlite3.Connection, topics: Topics, key: KeyPair) -> None:
        self._connection = connection
        self._topics = topics
        self._key = key
        self._states: dict[tuple[str, str], Row] = {}
        self._private: dict[tuple[str, str], PrivateRow] = {}
        self._renewed: dict[str, str] = {}
        """By dashboard, the id up to which its private rows have gone out again; none for one that has them all."""
        self._replies: deque[tuple[str, Reply]] = deque(maxlen=1000)
        self._queries: deque[Request] = deque(maxlen=100)
        self._checkpoint: str | None = None
        self._ahead: dict[tuple[str, str], Row] = {}
        """States that no record holds yet, because none can be written: they stand before the tables' own."""
        self.reopen = False
        """The ledger's file was opened anew by its writer: the reader of it should be as well."""
        self._emptying: dict[str, str] = {}
        """By revoked dashboard, the id up to which its private rows were emptied."""
        self._last_emptied: dict[int, str] = {}
        """By message id, the dashboard whose last row it took back."""
        self.emptied: set[str] = set()
        """Revoked dashboards of which nothing is left at the broker."""
        self.epoch = self._read_epoch()
        self._chain = self._read_chain()

    def _read_epoch(self) -> int:
        epoch: int = self._connection.execute("select coalesce(max(opening), 0) from opening").fetchone()[0]
        return epoch

    def take(self, done: Committed) -> None:
        """Notes what a commit changed."""
        for change in done.ahead:
            self._ahead.update(_state(change))
            self._states.update(_state(change))
        if done.renewed:
            self._ahead.clear()
            self.reopen = True
        for appended in done.appended:
            for change in appended.changes:
                self._states.update(_state(change))
                if change.table == "dashboard":
                    self._queue_private()
                    self._queue_empty()
        for row in done.private:
            for keys in self._dashboards():
                self._private[keys.id, row.id] = row
        self._replies.extend(done.replies)
        self._queries.extend(done.queries)
        self._checkpoint = done.checkpoint or self._checkpoint

    def renew(self) -> None:
        """After a connect: everything that is retained goes out again."""
        for table in STATES:
            cursor = self._connection.execute(f"select * from {table}")  # noqa: S608
            columns = [column[0] for column in cursor.description]
            for values in cursor:
                row = dict(zip(columns, values, strict=True))
                self._states[table, str(row[TABLES[table].key[0]])] = row
        self._states.setdefault(("part", DISK), self._sound_disk())
        self._states.update(self._ahead)
        newest = self._connection.execute("select note from checkpoint order by size desc limit 1").fetchone()
        self._checkpoint = newest[0] if newest and self._ours(newest[0]) else None
        self._queue_private()
        self._queue_empty()

    def _ours(self, note: str) -> bool:
        """Whether the present key signed it: the last one of a key that went would look forged to who has the new one."""
        try:
            open_checkpoint(note, VerifierKey(Checkpoint.parse(note).origin, self._key.public.signing))
        except BadNote:
            return False
        return True

    def publish_key(self, broker: BrokerConnection) -> None:
        """The chain of the site's keys, before anything that the newest one signed; nothing while there was but one."""
        if self._chain is not None:
            broker.publish(self._topics.key, canonical(Chain(self._topics.site, self._chain)), retain=True)

    def _read_chain(self) -> tuple[SuccessionLink, ...] | None:
        """Read once: the key changes while no controller runs."""
        if self._connection.execute("select 1 from succession").fetchone() is None:
            return None
        return tuple(SuccessionLink(*row) for row in chain_rows(self._connection)[-MOST_LINKS:])

    def _sound_disk(self) -> Row:
        """The disk of a ledger that never told of a fault: a dashboard may still have the word of one that left no record."""
        seq: int = self._connection.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        return {"part": DISK, "state": "ok", "reason": "", "at": "", "seq": seq}

    def reconnect(self, connection: sqlite3.Connection) -> None:
        """Reads on this connection from now on, everything anew."""
        self.close()
        self._connection, self.reopen = connection, False
        self.renew()

    def close(self) -> None:
        """Ends the reading."""
        self._connection.close()

    def publish_ahead(self, broker: BrokerConnection, at: str) -> None:
        """What holds though it is on no record, first of all: it needs nothing of the ledger's file."""
        for (noun, id), row in self._ahead.items():
            self._publish_state(broker, noun, id, row, at)

    def forget(self) -> None:
        """While there is no connection: what `renew` finds again need not be kept."""
        self._states.clear()
        self._private.clear()
        self._renewed.clear()
        self._emptying.clear()
        self._last_emptied.clear()

    def publish_urgent(self, broker: BrokerConnection, at: str) -> None:
        """States, the checkpoint, replies."""
        for (noun, id), row in list(self._states.items()):
            self._publish_state(broker, noun, id, row, at)
            del self._states[noun, id]
        if self._checkpoint is not None:
            broker.publish(self._topics.checkpoint, self._checkpoint.encode(), retain=True)
            self._checkpoint = None
        while self._replies:
            dashboard, reply = self._replies[0]
            topic = self._topics.reply(dashboard)
            broker.publish(topic, sign_message(self._key, topic, reply))
            self._replies.popleft()

    def _publish_state(self, broker: BrokerConnection, noun: str, id: str, row: Row, at: str) -> None:
        topic = self._topics.state(noun, id)
        payload = State(noun, id, str(row.get("at") or at), int(row.get("seq") or 0), self.epoch, row)
        broker.publish(topic, sign_message(self._key, topic, payload), retain=True)

    def records(self, after: int, most: int) -> Iterator[tuple[int, bytes]]:
        """The next records behind `after`, at most so many."""
        if most > 0:
            yield from self._connection.execute(
                "select seq, bytes from record where seq > ? order by seq limit ?", (after, most)
            ).fetchall()

    def publish_patient(self, broker: BrokerConnection) -> bool:
        """One resent batch, some private rows; answers whether more of them wait."""
        if self._queries:
            self._answer(broker, self._queries.popleft())
        known = {keys.id: keys for keys in self._dashboards()} if self._private or self._renewed else {}
        for dashboard, id in list(islice(self._private, _PATIENT)):
            if dashboard in known:
                self._publish_private(broker, known[dashboard], self._private[dashboard, id])
            del self._private[dashboard, id]
        for dashboard, after in list(self._renewed.items()):
            rows = self._private_rows_after(after) if dashboard in known else []
            for row in rows:
                self._publish_private(broker, known[dashboard], row)
            if rows:
                self._renewed[dashboard] = rows[-1].id
            else:
                del self._renewed[dashboard]
        self._empty_some(broker)
        return bool(self._private or self._renewed or self._queries or self._emptying)

    def _empty_some(self, broker: BrokerConnection) -> None:
        """Takes back from the broker what it keeps for a dashboard that is not trusted any more."""
        for dashboard, after in list(self._emptying.items()):
            ids = self._connection.execute(
                "select distinct id from private where id > ? order by id limit ?", (after, _PATIENT)
            ).fetchall()
            mids = [broker.publish(self._topics.private(dashboard, id), b"", retain=True) for (id,) in ids]
            self._emptying[dashboard] = ids[-1][0] if ids else after
            if len(ids) < _PATIENT:
                del self._emptying[dashboard]
                if mids:
                    self._last_emptied[mids[-1]] = dashboard
                else:
                    self.emptied.add(dashboard)

    def acknowledged(self, mid: int) -> None:
        """The broker has this message. Emptied is only what it has taken."""
        if (dashboard := self._last_emptied.pop(mid, None)) is not None:
            self.emptied.add(dashboard)

    def _publish_private(self, broker: BrokerConnection, keys: PublicKeys, row: PrivateRow) -> None:
        topic = self._topics.private(keys.id, row.id)
        box = seal(keys.sealing, topic.encode(), canonical(row)).hex()
        broker.publish(topic, sign_message(self._key, topic, SealedPrivate(row.id, row.version, box)), retain=True)

    def _answer(self, broker: BrokerConnection, request: Request) -> None:
        """Answers a query; a senseless one is passed over."""
        try:
            asked = read_body(request)
        except MalformedRequest:
            return
        if isinstance(asked, QueryResend) and asked.epoch == self.epoch and 1 <= asked.first <= asked.last:
            self._resend(broker, request.dashboard, asked)
        elif isinstance(asked, QueryPrivate):
            for row in self._private_rows(asked.ids):
                self._private[request.dashboard, row.id] = row

    def _resend(self, broker: BrokerConnection, dashboard: str, asked: QueryResend) -> None:
        """As many of the records as one message holds."""
        texts: list[str] = []
        size = 0
        most = min(asked.last - asked.first + 1, RESEND_BATCH)
        for _, data in self.records(asked.first - 1, most):
            size += len(data)
            if size > _RESENT_BYTES and texts:
                break
            texts.append(data.decode())
        topic = self._topics.resent(dashboard)
        broker.publish(topic, sign_message(self._key, topic, Resent(self.epoch, asked.first, tuple(texts))))

    def _dashboards(self) -> list[PublicKeys]:
        return Facts(self._connection).dashboards()

    def _queue_empty(self) -> None:
        """Revoked dashboards whose rows were not taken back yet; one that is trusted again begins anew."""
        rows = self._connection.execute("select dashboard, state from dashboard").fetchall()
        self.emptied &= {id for id, state in rows if state != "trusted"}
        waiting = {id: "" for id, state in rows if state != "trusted" and id not in self.emptied}
        self._emptying = waiting | {id: after for id, after in self._emptying.items() if id in waiting}

    def _queue_private(self) -> None:
        self._renewed = {keys.id: "" for keys in self._dashboards()}

    def _private_rows_after(self, id: str) -> list[PrivateRow]:
        """The newest version of the next few private rows in order of their id."""
        rows = self._connection.execute(  # beside max() SQLite answers the other columns of the same row
            "select id, max(version), text, salt from private where id > ? group by id order by id limit ?",
            (id, _PATIENT),
        )
        return [_private_row(row) for row in rows.fetchall()]

    def _private_rows(self, ids: tuple[str, ...]) -> list[PrivateRow]:
        """The newest version of these private rows, as far as they are there."""
        newest = "select id, version, text, salt from private where id = ? order by version desc limit 1"
        return [_private_row(row) for id in ids for row in self._connection.execute(newest, (id,))]


def _private_row(row: tuple[str, int, str, str]) -> PrivateRow:
    id, version, text, salt = row
    return PrivateRow(id, version, msgspec.json.decode(text), salt)


def _state(change: RowChange) -> list[tuple[tuple[str, str], Row]]:
    """The state that a row change is news of, by noun and id; none for any other change."""
    if not isinstance(change, Upsert) or change.table not in STATES:
        return []
    return [((change.table, str(change.row[TABLES[change.table].key[0]])), change.row)]
