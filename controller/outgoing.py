"""What is to be published, in its order of urgency, read from the ledger as it is committed."""

import sqlite3
from collections import deque
from datetime import datetime
from itertools import islice

from controller.answering import Answering, private_row, records
from controller.broker import BrokerConnection
from controller.covering import Cover
from controller.facility import Facility
from controller.facts import Facts
from controller.ledger.erasing import HELD
from controller.record.canonical import canonical
from controller.record.keys import KeyPair, PublicKeys
from controller.record.kinds.disk import DISK
from controller.record.private import PrivateRow
from controller.record.sealed import seal
from controller.record.signed import sign_message
from controller.record.succession import MOST_LINKS, Chain, SuccessionLink
from controller.record.tables import TABLES, Erase, Row, RowChange, Upsert
from controller.record.topics import Reply, SealedPrivate, State, Topics
from controller.rotation import chain_rows
from controller.turn import Committed

STATES = ("portal_state", "part", "awaited", "cabinet_session")
"""The tables whose rows are published as states."""
ERASED_PERSON = "select person from person where state = 'erased' and person > ? order by person limit 1"
_PATIENT = 20
PATIENT_WINDOW = 64
"""Private rows on their way without a PUBACK; one `_PATIENT` more at most."""


class Outgoing:
    """Queues of what is to go out. Bounded: states by their id, replies and queries by count,
    what is on its way by acknowledgements.

    All private rows go out again after a connect; they are read a few at a time, because there may be a million of them.
    """

    def __init__(self, connection: sqlite3.Connection, facility: Facility, key: KeyPair) -> None:
        self._connection = connection
        self._topics = topics = Topics(facility.id)
        self._key = key
        self._states: dict[tuple[str, str], Row] = {}
        self._private: dict[tuple[str, str], PrivateRow] = {}
        self._renewed: dict[str, str] = {}
        """By dashboard, the id up to which its private rows have gone out again; none for one that has them all."""
        self._replies: deque[tuple[str, Reply]] = deque(maxlen=1000)
        self.answering = Answering(connection, facility, key)
        self._cover = Cover(connection, topics.site, key)
        self._uncovered = True
        """A checkpoint has to go out, whether or not there are records for it."""
        self._patient: set[int] = set()
        """Private rows on their way."""
        self._ahead: dict[tuple[str, str], Row] = {}
        """States that no record holds yet, because none can be written: they stand before the tables' own."""
        self.reopen = False
        """The ledger's file was opened anew by its writer: the reader of it should be as well."""
        self._emptying: dict[str, str] = {}
        """By revoked dashboard, the id up to which its private rows were emptied."""
        self._last_emptied: dict[int, str] = {}
        """By message id, the dashboard whose last row it took back."""
        self._erased_after: int | None = None
        """Up to which erased person their rows were taken back again since the connect; None when all were."""
        self._erased: set[int] = set()
        """People who were erased just now."""
        self.emptied: set[str] = set()
        """Revoked dashboards of which nothing is left at the broker."""
        self.epoch = self._read_epoch()
        self._chain = self._read_chain()

    def follow(self) -> int:
        """Speaks of the newest epoch from now on; answers how many records are before it."""
        self.epoch = self._read_epoch()
        row = self._connection.execute("select seq from opening where opening = ?", (self.epoch,)).fetchone()
        return 0 if row is None else int(row[0]) - 1

    def has_moved(self) -> bool:
        """Whether another epoch was begun than the one that is spoken of."""
        return self._read_epoch() != self.epoch

    def size(self) -> int:
        """The number of records."""
        size: int = self._connection.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        return size

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
                if isinstance(change, Erase):
                    self._erased.add(change.person)
                elif change.table == "dashboard":
                    self._queue_private()
                    self._queue_empty()
        for row in done.private:
            for keys in self._dashboards():
                self._private[keys.id, row.id] = row
        for id in {id for person in self._erased for id in self._about(person)}:
            self._private = {place: row for place, row in self._private.items() if place[1] != id}
        self._replies.extend(done.replies)
        for query in done.queries:
            self.answering.queries.take(query)
        self._uncovered = self._uncovered or (done.checkpoint is not None and done.size > self._cover.size)

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
        self._cover.forget()
        self._uncovered = True
        self._queue_private()
        self._queue_empty()
        self._erased_after = 0

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
        return {"part": DISK, "state": "ok", "reason": "", "at": "", "seq": self.size()}

    def reconnect(self, connection: sqlite3.Connection) -> None:
        """Reads on this connection from now on, everything anew."""
        self.close()
        self._connection, self.reopen = connection, False
        self.answering.reconnect(connection)
        self._cover = Cover(connection, self._topics.site, self._key)
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
        self._erased.clear()
        self._erased_after = None
        self.answering.forget()
        self._patient.clear()

    def publish_urgent(self, broker: BrokerConnection, at: str) -> None:
        """States, the checkpoint, replies."""
        for (noun, id), row in list(self._states.items()):
            self._publish_state(broker, noun, id, row, at)
            del self._states[noun, id]
        if self._uncovered:
            self._publish_cover(broker)
        while self._replies:
            dashboard, reply = self._replies[0]
            topic = self._topics.reply(dashboard)
            broker.publish(topic, sign_message(self._key, topic, reply))
            self._replies.popleft()

    def _publish_state(self, broker: BrokerConnection, noun: str, id: str, row: Row, at: str) -> None:
        topic = self._topics.state(noun, id)
        payload = State(noun, id, str(row.get("at") or at), int(row.get("seq") or 0), self.epoch, row)
        broker.publish(topic, sign_message(self._key, topic, payload), retain=True)

    def cover(self, broker: BrokerConnection, upto: int) -> None:
        """Makes sure that our word stands for the records up to `upto`, before they go out."""
        if upto > self._cover.size:
            self._publish_cover(broker)

    def _publish_cover(self, broker: BrokerConnection) -> None:
        note = self._cover.note(self.epoch)
        if note is not None:
            broker.publish(self._topics.checkpoint, note.encode(), retain=True)
            self._uncovered = False

    def acknowledged(self, mid: int) -> None:
        """The broker has this message. Emptied is only what it has taken."""
        if (dashboard := self._last_emptied.pop(mid, None)) is not None:
            self.emptied.add(dashboard)
        self._patient.discard(mid)
        self.answering.acknowledged(mid)

    def records(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """The next records behind `after`, at most so many."""
        return records(self._connection, after, most)

    def publish_patient(self, broker: BrokerConnection, now: datetime) -> bool:
        """An answer to a question, some private rows; answers whether more of them can go at once.

        What the broker has not acknowledged is waited for, so that live records never stand behind more than that.
        """
        self.answering.go_on(broker, self.epoch, now)
        wanted, self.answering.wanted = self.answering.wanted, []
        self._private |= {(dashboard, row.id): row for dashboard, row in wanted}
        if len(self._patient) < PATIENT_WINDOW:
            self._publish_rows(broker)
            waits = self._private or self._renewed or self._emptying or self._erased or self._erased_after is not None
            return bool(waits or self.answering.busy)
        return False

    def _publish_rows(self, broker: BrokerConnection) -> None:
        self._take_back_erased(broker)
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

    def _take_back_erased(self, broker: BrokerConnection) -> None:
        """Takes back what the broker keeps of people who were erased: now, and again after each connect.

        For every dashboard that was ever trusted: what one of before left at the broker is emptied with its revocation, but
        that one may have come before the program that does so.
        """
        person = self._erased.pop() if self._erased else self._next_erased()
        if person is None:
            return
        dashboards = [id for (id,) in self._connection.execute("select dashboard from dashboard")]
        topics = [self._topics.private(dashboard, id) for id in self._about(person) for dashboard in dashboards]
        self._patient.update([broker.publish(topic, b"", retain=True) for topic in topics])

    def _next_erased(self) -> int | None:
        """The next of all who were ever erased, since the connect."""
        if self._erased_after is None:
            return None
        row = self._connection.execute(ERASED_PERSON, (self._erased_after,)).fetchone()
        self._erased_after = None if row is None else int(row[0])
        return self._erased_after

    def _about(self, person: int) -> list[str]:
        """The ids of the private rows about a person, erased or not."""
        rows = self._connection.execute("select distinct private from private_of where person = ?", (person,))
        return [id for (id,) in rows]

    def _empty_some(self, broker: BrokerConnection) -> None:
        """Takes back from the broker what it keeps for a dashboard that is not trusted any more."""
        for dashboard, after in list(self._emptying.items()):
            ids = self._connection.execute(
                "select distinct id from private where id > ? order by id limit ?", (after, _PATIENT)
            ).fetchall()
            mids = [broker.publish(self._topics.private(dashboard, id), b"", retain=True) for (id,) in ids]
            self._patient.update(mids)
            self._emptying[dashboard] = ids[-1][0] if ids else after
            if len(ids) < _PATIENT:
                del self._emptying[dashboard]
                if mids:
                    self._last_emptied[mids[-1]] = dashboard
                else:
                    self.emptied.add(dashboard)

    def _publish_private(self, broker: BrokerConnection, keys: PublicKeys, row: PrivateRow) -> None:
        topic = self._topics.private(keys.id, row.id)
        box = seal(keys.sealing, topic.encode(), canonical(row)).hex()
        message = sign_message(self._key, topic, SealedPrivate(row.id, row.version, box))
        self._patient.add(broker.publish(topic, message, retain=True))

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
            f"select id, max(version), text, salt from private where id > ? and {HELD} group by id order by id limit ?",  # noqa: S608
            (id, _PATIENT),
        )
        return [private_row(row) for row in rows.fetchall()]


def _state(change: RowChange) -> list[tuple[tuple[str, str], Row]]:
    """The state that a row change is news of, by noun and id; none for any other change."""
    if not isinstance(change, Upsert) or change.table not in STATES:
        return []
    return [((change.table, str(change.row[TABLES[change.table].key[0]])), change.row)]
