"""The link: carries committed records, states and replies to the broker, and requests from it. Apart from the tap's walk.

The cursor is the highest contiguous PUBACK; paho's own queue is not relied on: each connection has a client of its own, and
what it had in flight is sent again by the next one. Live states go first, then replies, then records, then resent records,
then private rows (F13). A lost cursor costs a repetition, never a record: consumers know a record by its `seq`.
"""

import os
import sqlite3
import threading
from collections import deque
from pathlib import Path
from typing import Annotated

import msgspec
import structlog

from controller.broker import Broken, BrokerConnection, connect
from controller.clock import Clock
from controller.facility import BrokerForm, Facility
from controller.inbox import (
    CheckpointShown,
    Inbox,
    PartAnswering,
    PartFailing,
    QueriesTurnedAway,
    RequestReceived,
)  # fmt: skip
from controller.ledger.database import open_reader
from controller.ledger.faults import disk_fault
from controller.outgoing import Outgoing
from controller.record.canonical import timestamp
from controller.record.husk import husk_seq
from controller.record.keys import KeyPair
from controller.record.note import LARGEST_NOTE
from controller.record.requests import LARGEST_REQUEST
from controller.record.signed import sign_message
from controller.record.topics import Online, Topics
from controller.turn import Committed

log = structlog.get_logger()

WINDOW = 128
"""Records on their way without a PUBACK."""
REFILL = 32
"""In a backlog the window is filled again when so much of it is free: one query for many records, not one for each."""
HEARTBEAT_S = 10.0
SILENT_S = 20.0
"""A broker that acknowledges nothing for this long is left (F8)."""
STEADY_S = 30.0
"""A connection that held this long was a good one: until then the next attempt waits longer than the last (F11)."""
ABSENT_S = 60.0
"""Without a good connection for this long, the broker is an alarm, as any part that does not answer."""
MOST_CUTS = 5
"""So many connections in a row that were taken and soon cut off are an alarm: perhaps somebody else connects as us, which
Mosquitto 2.0.11 and rumqttd do not say.
"""
PART = "broker"
MOST_SHOWN = 64
"""Topics on which somebody shows checkpoints of ours; more dashboards than that nobody has."""
_LAST_WORDS_S = 2.0
_BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Link:
    """One thread, one connection at a time."""

    def __init__(
        self,
        facility: Facility,
        ledger: Path,
        cursor: Path,
        key: KeyPair,
        boot: str,
        broker: BrokerForm,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        self._facility = facility
        self._topics = Topics(facility.id)
        self._ledger = ledger
        self._cursor_path = cursor
        self._key = key
        self._boot = boot
        self._broker = broker
        self._inbox = inbox
        self._clock = clock
        self._wake = threading.Event()
        self._told: deque[Committed] = deque(maxlen=10_000)
        self._outgoing: Outgoing | None = None
        self._count = 0
        self._cuts = 0
        self._alarmed: bool | None = None
        """Whether our silence is told as an alarm; None while we do not know what an earlier run told."""
        self._good_s = clock.monotonic()
        self.connected = False
        self._stopped_s = 0.0
        self.cursor = self.epoch = 0
        self._shown: dict[str, bytes] = {}
        """By topic, checkpoints that others hold of us and that the loop has not been told of yet."""
        self._seen: dict[str, bytes] = {}

    def told(self, done: Committed) -> None:
        """Takes note of a commit. Called by the loop; returns at once."""
        self._told.append(done)
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Connects, carries, and connects again, until `stop`. Never gives up (F11), also not while the disk fails."""
        failures = 0
        while not stop.is_set():
            began_s = self._clock.monotonic()
            try:
                self._connect_and_carry(stop)
            except (Broken, sqlite3.Error) as error:
                steady = self._clock.monotonic() - began_s >= STEADY_S
                failures = 0 if steady else failures
                self._cuts = 0 if steady else self._cuts + self.connected
                self.connected = False
                self._tell(error)
                stop.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
                failures += 1
        self.connected = False
        if self._outgoing is not None:
            self._save_cursor(self._outgoing)
            self._outgoing.close()

    def _connect_and_carry(self, stop: threading.Event) -> None:
        """One connection, from its making to its end. Raises Broken, sqlite3.Error."""
        outgoing = self._reading()
        self._absorb(outgoing)
        outgoing.forget()
        self.cursor = self._begin(outgoing)
        try:
            with self._connect(outgoing.epoch) as broker:
                self.connected = True
                self._carry(broker, outgoing, stop)
        finally:
            self._save_cursor(outgoing)

    def _reading(self) -> Outgoing:
        """What is read for the next connection; from a file opened anew when reading failed the last time."""
        if self._outgoing is None:
            self._outgoing = Outgoing(open_reader(self._ledger), self._facility, self._key)
        elif self._outgoing.reopen:
            self._outgoing.reconnect(open_reader(self._ledger))
        return self._outgoing

    def _begin(self, outgoing: Outgoing) -> int:
        """Takes up the newest epoch; answers from which record on its records are still to be sent.

        Of a new epoch those before it are there under the old one's name: a dashboard asks for them again, patiently, and what
        is new does not wait behind them.
        """
        known, before = self.epoch == outgoing.epoch, outgoing.follow()
        if known and self.epoch == outgoing.epoch:
            return min(self.cursor, outgoing.size())
        self.epoch = outgoing.epoch
        stored = self._load_cursor(outgoing)
        return before if stored is None else min(stored, outgoing.size())

    def _tell(self, error: Broken | sqlite3.Error) -> None:
        """What kept us from carrying. Raises it when it is a bug, and neither the broker's nor the disk's doing."""
        if isinstance(error, Broken):
            reason = "unsteady" if error.reason == "absent" and self._cuts >= MOST_CUTS else error.reason
            log.warning("broker", problem=str(error), reason=reason)
            self._trouble(reason)
        elif (fault := disk_fault(error, self._ledger.parent)) is not None:
            log.warning("ledger not read", reason=fault)
            if self._outgoing is not None:
                self._outgoing.reopen = True
        else:
            raise error

    # An alarm like any part's ------------------------------------------------------------------------------------------

    def _trouble(self, reason: str) -> None:
        """A broker that is away for a moment is nothing; one that refuses us, or stays away, somebody has to look at."""
        away_s = self._clock.monotonic() - self._good_s
        if not self._alarmed and (reason != "absent" or away_s >= ABSENT_S):
            self._alarmed = self._inbox.put(PartFailing(PART, reason))

    def _hold(self, began_s: float, now_s: float) -> None:
        """While a connection carries: after a while it is a good one."""
        if now_s - began_s < STEADY_S:
            return
        self._good_s = now_s
        if self._alarmed is not False:
            self._alarmed = not self._inbox.put(PartAnswering(PART))

    def _connect(self, epoch: int) -> BrokerConnection:
        self._count += 1
        will = self._online(False, epoch)
        return connect(
            self._broker, f"sekimori-{self._key.alias('client id')}", self._topics.online, will,
            (self._topics.request, self._topics.witnessed("+"), self._topics.checkpoint), self._receive, self._wake,
        )  # fmt: skip

    def _receive(self, topic: str, payload: bytes, retained: bool) -> None:
        """From paho's thread: nothing but a put. What finds no room is asked again by its dashboard.

        A request is never believed from the broker's memory; our own checkpoint is news only from there.
        """
        if topic == self._topics.request:
            if not retained:
                self._inbox.put(RequestReceived(payload[: LARGEST_REQUEST + 1]))  # enough to be refused for its length
        elif (retained or topic != self._topics.checkpoint) and len(self._shown) < MOST_SHOWN:
            self._shown[topic] = payload[: LARGEST_NOTE + 1]
            self._wake.set()

    def _show(self) -> None:
        """Tells the loop of checkpoints that others hold of us, each once as long as it is the same."""
        for topic, note in list(self._shown.items()):
            if not note or self._seen.get(topic) == note or self._inbox.put(CheckpointShown(note)):
                if len(self._seen) < MOST_SHOWN or topic in self._seen:
                    self._seen[topic] = note
                if self._shown.get(topic) == note:
                    del self._shown[topic]

    def _tell_flood(self, outgoing: Outgoing, now_s: float) -> None:
        for dashboard, count in outgoing.answering.queries.turned_away(now_s).items():
            log.warning("questions turned away", dashboard=dashboard, count=count)
            self._inbox.put(QueriesTurnedAway(dashboard, count))

    def _online(self, online: bool, epoch: int) -> bytes:
        payload = Online(online, self._boot, epoch, self._count, timestamp(self._clock.now()))
        return sign_message(self._key, self._topics.online, payload)

    def _carry(self, broker: BrokerConnection, outgoing: Outgoing, stop: threading.Event) -> None:
        """What one connection carries. Raises Broken."""
        outgoing.publish_key(broker)
        broker.publish(self._topics.online, self._online(True, outgoing.epoch), retain=True)
        outgoing.publish_ahead(broker, timestamp(self._clock.now()))
        outgoing.renew()
        in_flight: dict[int, int] = {}
        acked: set[int] = set()
        sent = self.cursor
        heard_s = beat_s = began_s = self._clock.monotonic()
        while not self._done(stop, outgoing):
            now_s = self._clock.monotonic()
            self._hold(began_s, now_s)
            self._absorb(outgoing)
            if outgoing.reopen:
                outgoing.reconnect(open_reader(self._ledger))
            self._show()
            self._tell_flood(outgoing, now_s)
            for mid in broker.acknowledged():
                heard_s = now_s
                outgoing.acknowledged(mid)
                if (seq := in_flight.pop(mid, None)) is not None:
                    acked.add(seq)
            self._advance(acked)
            outgoing.publish_urgent(broker, timestamp(self._clock.now()))
            if WINDOW - len(in_flight) >= REFILL:
                rows = list(outgoing.records(sent, WINDOW - len(in_flight)))
                if outgoing.has_moved():
                    return  # a new epoch has a connection of its own, and a will
                sent = self._send(broker, outgoing, rows, in_flight, acked) or sent
            busy = outgoing.publish_patient(broker, self._clock.now())
            if now_s - beat_s >= HEARTBEAT_S:
                beat_s = now_s
                broker.publish(self._topics.online, self._online(True, outgoing.epoch), retain=True)
                self._save_cursor(outgoing)
            if in_flight and now_s - heard_s > SILENT_S:
                raise Broken("the broker acknowledges nothing", "silent")
            if not in_flight:
                heard_s = now_s
            if not busy:
                self._wake.wait(0.05 if stop.is_set() else 1.0)
            self._wake.clear()
        broker.publish(self._topics.online, self._online(False, outgoing.epoch), retain=True)

    def _send(
        self, broker: BrokerConnection, outgoing: Outgoing, rows: list[tuple[int, bytes]], in_flight: dict[int, int],
        acked: set[int],
    ) -> int:  # fmt: skip
        """Records, behind the checkpoint that covers them; answers the last of them, 0 for none.

        A record that was dropped since, after a cursor was lost, has been sent before; who lacks it asks.
        """
        last = rows[-1][0] if rows else 0
        outgoing.cover(broker, last)
        for seq, data in rows:
            if husk_seq(data) is not None:
                acked.add(seq)
                continue
            in_flight[broker.publish(self._topics.record, data)] = seq
        return last

    def _done(self, stop: threading.Event, outgoing: Outgoing) -> bool:
        """Whether to end: at a stop, as soon as the last record is acknowledged, and after a while in any case."""
        if not stop.is_set():
            return False
        self._stopped_s = self._stopped_s or self._clock.monotonic()
        late = self._clock.monotonic() - self._stopped_s > _LAST_WORDS_S
        return late or not any(outgoing.records(self.cursor, 1))

    def _absorb(self, outgoing: Outgoing) -> None:
        while self._told:
            outgoing.take(self._told.popleft())

    def _advance(self, acked: set[int]) -> None:
        while self.cursor + 1 in acked:
            self.cursor += 1
            acked.discard(self.cursor)

    # The cursor's file: a convenience, so it is written now and then and not synced -------------------------------------

    def _load_cursor(self, outgoing: Outgoing) -> int | None:
        """How far this epoch was acknowledged; None when that is not known."""
        stored = read_cursor(self._cursor_path)
        if stored is None:
            return None
        outgoing.emptied = set(stored.emptied)
        return stored.seq if stored.epoch == outgoing.epoch else None

    def _save_cursor(self, outgoing: Outgoing) -> None:
        fresh = self._cursor_path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(Cursor(outgoing.epoch, self.cursor, tuple(sorted(outgoing.emptied)))))
            os.replace(fresh, self._cursor_path)
        except OSError as error:  # records are sent once more after the next start; no door must wait for that
            log.warning("cursor not kept", problem=str(error))


class Cursor(msgspec.Struct, frozen=True):
    """What the file says: how far the broker has acknowledged which epoch, and which revoked dashboards have nothing left."""

    epoch: int
    seq: Annotated[int, msgspec.Meta(ge=0)]
    emptied: tuple[str, ...] = ()


def read_cursor(path: Path) -> Cursor | None:
    """The cursor in this file; None without a readable one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Cursor)
    except (OSError, ValueError):
        return None
