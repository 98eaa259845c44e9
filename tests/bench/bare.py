"""The peers on the wire: what somebody would write with paho and sqlite3 alone, each a process of its own.

    python -m tests.bench.bare publish PORT TOPIC LEDGER    the rows of a ledger, in order, at QoS 1
    python -m tests.bench.bare store PORT TOPIC DATABASE    stores what comes, a batch a commit, acknowledged after it
    python -m tests.bench.bare respond PORT TOPIC DATABASE  looks up, commits durably, answers; prints the time of each commit

Each prints `ready` when it is connected. TCP_NODELAY everywhere.
"""

import json
import queue
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

WINDOW = 128
BATCH = 500
_TABLE = (
    "create table record (site text, seq integer, bytes blob not null, primary key (site, seq)) strict, without rowid"
)


def client(port: int, *, topic: str = "", message: Callable[..., None] | None = None) -> mqtt.Client:
    """A connected client, subscribed to `topic` if one is given; acknowledges by hand."""
    made = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, manual_ack=True)
    ready = threading.Event()

    def no_delay(_client: Any, _userdata: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    made.on_socket_open = no_delay
    made.max_inflight_messages_set(WINDOW)
    made.on_connect = lambda *_: ready.set()
    made.on_message = message
    made.connect("127.0.0.1", port)
    made.loop_start()
    if not ready.wait(10):
        raise TimeoutError("no broker")
    if topic:
        taken = threading.Event()
        made.on_subscribe = lambda *_: taken.set()
        made.subscribe(topic, qos=1)
        taken.wait(10)
    return made


def publish(port: int, topic: str, ledger: str) -> None:
    """Every record, as fast as they are acknowledged."""
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    to = client(port)
    say("ready")
    sys.stdin.readline()
    for (data,) in connection.execute("select bytes from record order by seq"):
        to.publish(topic, data, qos=1)
    while to.want_write() or to._out_messages:  # paho has no other way to ask
        time.sleep(0.01)
    to.disconnect()


def store(port: int, topic: str, database: str) -> None:
    """Until it is ended."""
    connection = _durable(database, _TABLE)
    inbox: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
    of = client(port, topic=topic, message=lambda _client, _userdata, message: inbox.put(message))
    say("ready")
    while True:
        batch = [inbox.get()]
        while len(batch) < BATCH and not inbox.empty():
            batch.append(inbox.get_nowait())
        rows = [("bench", json.loads(message.payload)["seq"], message.payload) for message in batch]
        connection.execute("begin")
        connection.executemany("insert or ignore into record values (?, ?, ?)", rows)
        connection.execute("commit")
        for message in batch:
            of.ack(message.mid, message.qos)


def respond(port: int, topic: str, database: str) -> None:
    """Until it is ended: a portal by its id, a row that says so, the answer."""
    connection = _durable(database, "create table record (seq integer primary key, bytes blob not null) strict")
    connection.execute("create table portal (portal text primary key, zone text) strict")
    connection.executemany("insert into portal values (?, ?)", [(f"portal-{n}", f"zone-{n}") for n in range(20)])
    inbox: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
    of = client(port, topic=topic, message=lambda _client, _userdata, message: inbox.put(message))
    say("ready")
    while True:
        message = inbox.get()
        asked = json.loads(message.payload)
        row = connection.execute("select zone from portal where portal = ?", (asked["body"]["portal"],)).fetchone()
        connection.execute("insert into record (bytes) values (?)", (message.payload,))
        released = time.perf_counter()
        of.ack(message.mid, message.qos)
        of.publish(f"{topic}/reply", json.dumps({"request": asked["id"], "zone": row[0]}), qos=1)
        say(repr(released))


def say(text: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _durable(path: str, table: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute(table)
    return connection


if __name__ == "__main__":
    {"publish": publish, "store": store, "respond": respond}[sys.argv[1]](int(sys.argv[2]), sys.argv[3], sys.argv[4])
