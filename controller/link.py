"""The link: carries committed records, states and replies to the broker, and requests from it. Apart from the tap's walk.

The cursor is the highest contiguous PUBACK; paho's own queue is not relied on: each connection has a client of its own, and
what it had in flight is sent again by the next one. Live states go first, then replies, then records, then resent records,
then private rows (F13). A lost cursor costs a repetition, never a record: consumers know a record by its `seq`.
"""

import json
import os
import sqlite3
import threading
from collections import deque
from pathlib import Path

import structlog

from controller.broker import Broken, BrokerConnection, connect
from controller.clock import Clock
from controller.facility import BrokerForm
from controller.inbox import Inbox, PartAnswering, PartFailing, RequestReceived
from controller.ledger.database import open_reader
from controller.ledger.faults import disk_fault
from controller.outgoing import Outgoing
from controller.record.canonical import timestamp
from controller.record.keys import KeyPair
from controller.record.signed import sign_message
from controller.record.topics import Online, Topics
from controller.turn import Committed

log = structlog.get_logger()

WINDOW = 128
"""Records on their way without a PUBACK."""
HEARTBEAT_S = 10.0
SILENT_S = 20.0
"""A broker that acknowledges nothing for this long is left (F8)."""
STEADY_S = 30.0
"""A connection that held this long was a good one: until then the next attempt waits longer than the last (F11)."""
ABSENT_S = 60.0
"""Without a good connection for this long, the broker is an alarm, as any part that does not answer."""
PART = "broker"
_LAST_WORDS_S = 2.0
_BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Link:
    """One thread, one connection at a time."""

    def __init__(
        self,
        site: str,
        ledger: Path,
        cursor: Path,
        key: KeyPair,
        boot: str,
        broker: BrokerForm,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        self._topics = Topics(site)
        self._ledger = ledger
        self._cursor_path = cursor
        self._key = key
        self._boot = boot
        self._broker = broker
        self._inbox = inbox
        self._clock = clock
        self._wake = threading.Event()
        self._told: deque[Committed] = deque(maxlen=10_000)
        self._count = 0
        self._alarmed: bool | None = None
        """Whether our silence is told as an alarm; None while we do not know what an earlier run told."""
        self._good_s = clock.monotonic()
        self.connected = False
        self._stopped_s = 0.0
        self.cursor = 0

    def told(self, done: Committed) -> None:
        """Takes note of a commit. Called by the loop; returns at once."""
        self._told.append(done)
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Connects, carries, and connects again, until `stop`. Never gives up (F11)."""
        failures = 0
        outgoing = Outgoing(open_reader(self._ledger), self._topics, self._key)
        self.cursor = self._load_cursor(outgoing)
        while not stop.is_set():
            began_s = self._clock.monotonic()
            try:
                with self._connect(outgoing.epoch) as broker:
                    self.connected = True
                    self._carry(broker, outgoing, stop)
            except (Broken, sqlite3.Error) as error:
                self.connected = False
                failures = 0 if self._clock.monotonic() - began_s >= STEADY_S else failures
                self._tell(error)
                self._save_cursor(outgoing)
                self._absorb(outgoing)
                outgoing.forget()
                stop.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
                failures += 1
        self.connected = False
        self._save_cursor(outgoing)
        outgoing.close()

    def _tell(self, error: Broken | sqlite3.Error) -> None:
        """What kept us from carrying. Raises it when it is a bug, and neither the broker's nor the disk's doing."""
        if isinstance(error, Broken):
            log.warning("broker", problem=str(error), reason=error.reason)
            self._trouble(error.reason)
        elif (fault := disk_fault(error, self._ledger.parent)) is not None:
            log.warning("ledger not read", reason=fault)
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
            self._broker, f"sekimori-{self._key.alias('client id')}", self._topics.online, will, self._topics.request,
            self._receive, self._wake,
        )  # fmt: skip

    def _receive(self, payload: bytes) -> None:
        """From paho's thread: nothing but a put. What finds no room is asked again by its dashboard."""
        self._inbox.put(RequestReceived(payload))

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
            for mid in broker.acknowledged():
                heard_s = now_s
                outgoing.acknowledged(mid)
                if (seq := in_flight.pop(mid, None)) is not None:
                    acked.add(seq)
            self._advance(acked)
            outgoing.publish_urgent(broker, timestamp(self._clock.now()))
            for seq, data in outgoing.records(sent, WINDOW - len(in_flight)):
                in_flight[broker.publish(self._topics.record, data)] = sent = seq
            busy = outgoing.publish_patient(broker)
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

    def _load_cursor(self, outgoing: Outgoing) -> int:
        try:
            stored = json.loads(self._cursor_path.read_text())
            outgoing.emptied = {str(dashboard) for dashboard in stored.get("emptied", ())}
            return int(stored["seq"]) if stored["epoch"] == outgoing.epoch else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _save_cursor(self, outgoing: Outgoing) -> None:
        fresh = self._cursor_path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps({"epoch": outgoing.epoch, "seq": self.cursor, "emptied": sorted(outgoing.emptied)}))
            os.replace(fresh, self._cursor_path)
        except OSError as error:  # records are sent once more after the next start; no door must wait for that
            log.warning("cursor not kept", problem=str(error))
