"""The subscriber on a real broker: live, through outages, and killed in the middle."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from broker import free_port, running_broker
from listener import listening
from site_on_air import WAIT_S, on_air, wait_for
from site_peer import Said, SitePeer

from controller.record.asks import ReleasePortal, RevokeRight
from controller.record.kinds import door
from dashboard import database as db
from dashboard.composition import following, make_runtime
from dashboard.config import FILE
from dashboard.pins import pin

ROW = {"portal": "front", "status": "open"}


@pytest.fixture(scope="module")
def broker():
    """One broker for the tests that leave it running."""
    with running_broker() as running:
        yield running


@pytest.fixture
def peer():
    """A site with a day's records, under a name of its own, since brokers keep what is retained."""
    peer = SitePeer(f"site-{os.urandom(4).hex()}")
    return peer.company().visits(20)


@contextmanager
def dashboard(folder: Path, peer: SitePeer, port: int):
    """A dashboard's threads on this broker, without its web server."""
    if not (folder / FILE).exists():
        folder.mkdir(exist_ok=True)
        (folder / FILE).write_text(f"[broker]\nport = {port}\n")
        pin(folder, peer.name, peer.keys.public)
    runtime = make_runtime(folder)
    try:
        with following(runtime):
            yield runtime
    finally:
        runtime.engine.dispose()


def source(runtime, peer):
    """The site's row."""
    with runtime.engine.connect() as connection:
        return connection.execute(sa.select(db.source).where(db.source.c.ledger_site == peer.name)).one()


def complete(runtime, peer):
    """Whether everything that the site wrote is folded and witnessed."""
    row = source(runtime, peer)
    assert row.broken is None
    return row.applied == row.checkpoint_size == len(peer.records)


def test_a_record_is_in_the_tables_in_a_moment_and_wakes_the_streams(broker, tmp_path, peer):
    """A live record is stored, folded and announced at once; what the broker had kept comes first."""
    with dashboard(tmp_path / "d", peer, broker.port) as runtime:
        with on_air(peer, runtime.keys.public, broker.host, broker.port) as site:
            site.say(peer.say_all(runtime.keys.public))
            wait_for(lambda: complete(runtime, peer))
            before = runtime.changed.count
            site.say(peer.record(peer.write(door.DoorForced("front", "forced"))))
            assert runtime.changed.wait(before, 5.0) > before
            wait_for(lambda: source(runtime, peer).applied == len(peer.records))
            with runtime.engine.connect() as connection:
                newest = sa.select(db.record.c.kind).order_by(db.record.c.arrival.desc()).limit(1)
                assert connection.execute(newest).scalar() == "door.forced"
            assert source(runtime, peer).online is True


def test_what_was_missed_is_asked_for(broker, tmp_path, peer):
    """A dashboard that starts after everything was said has states and names from the broker, records by resend."""
    peer.visits(200)
    with dashboard(tmp_path / "d", peer, broker.port) as runtime:
        mine = runtime.keys.public
    with on_air(peer, mine, broker.host, broker.port) as site:
        site.say(peer.say_all(mine))
        with dashboard(tmp_path / "d", peer, broker.port) as runtime:
            wait_for(lambda: complete(runtime, peer))
            with runtime.engine.connect() as connection:
                names = connection.execute(sa.select(db.private_text.c.text)).scalars().all()
                assert {"name": "山田 1"} in names
                assert connection.execute(sa.select(db.live_state.c.heard_at)).scalars().all() == [None]


def test_an_outage_of_the_broker_loses_nothing(tmp_path, peer):
    """While the broker was gone, records were written; when it is back the dashboard has them all."""
    with running_broker() as broker, dashboard(tmp_path / "d", peer, broker.port) as runtime:
        with on_air(peer, runtime.keys.public, broker.host, broker.port) as site:
            site.say(peer.say_all(runtime.keys.public))
            wait_for(lambda: complete(runtime, peer))
        broker.stop()
        peer.visits(20)
        broker.start()
        with on_air(peer, runtime.keys.public, broker.host, broker.port) as site:
            site.say(peer.online(), peer.checkpoint())
            wait_for(lambda: complete(runtime, peer))


def test_a_stranger_on_the_broker_changes_nothing(broker, tmp_path, peer):
    """Whoever can publish but has not the site's key is counted; the site goes on being followed."""
    with dashboard(tmp_path / "d", peer, broker.port) as runtime:
        stranger = SitePeer(peer.name, epoch=9).company().visits(50)
        with on_air(stranger, runtime.keys.public, broker.host, broker.port) as site:
            site.say(stranger.online(), stranger.checkpoint(), stranger.state("portal_state", "front", ROW, 999))
            site.say(Said(peer.topics.online, b"\xff" * 1000), Said(f"sekimori/{peer.name}/state/\u0001", b""))
            wait_for(lambda: source(runtime, peer).forged >= 4)
            assert source(runtime, peer).epoch == 0
        with on_air(peer, runtime.keys.public, broker.host, broker.port) as site:
            site.say(peer.say_all(runtime.keys.public))
            wait_for(lambda: complete(runtime, peer))


def test_requests_go_out_and_come_back(broker, tmp_path, peer):
    """A request reaches the site, and its signed reply reaches the row; unanswered ones go out again after a reconnect."""
    with dashboard(tmp_path / "d", peer, broker.port) as runtime:
        revoke = runtime.outbox.submit(peer.name, RevokeRight(2), account=None, operator=1)
        with on_air(peer, runtime.keys.public, broker.host, broker.port) as site:
            release = runtime.outbox.submit(
                peer.name, ReleasePortal("front"), {"reason": "配達"}, account=None, operator=1
            )
            wait_for(lambda: {request.id for request in site.requests} == {revoke, release})
            site.say(peer.reply(runtime.keys.public, release))

            def states():
                with runtime.engine.connect() as connection:
                    return dict(connection.execute(sa.select(db.outbox.c.id, db.outbox.c.state)).all())

            wait_for(lambda: states() == {revoke: "waiting", release: "accepted"})
            site.requests.clear()
    with on_air(peer, runtime.keys.public, broker.host, broker.port) as site:
        with dashboard(tmp_path / "d", peer, broker.port):
            wait_for(lambda: [request.id for request in site.requests][:1] == [revoke])


def test_a_broker_that_speaks_nonsense_is_left_and_tried_again(tmp_path, peer):
    """Bytes that are no MQTT end the connection and nothing else; when the broker is well again, it is followed."""
    port = free_port()
    met = threading.Event()

    def babble(server: socket.socket) -> None:
        for nonsense in (b"\x20\xff\xff\xff\xff\xff", b"\x30\x02\xff\xff", b"\x90\x00", b"HTTP/1.1 400\r\n\r\n"):
            client, _ = server.accept()
            with client:
                client.recv(1024)
                client.sendall(nonsense)
        met.set()

    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=babble, args=(server,), daemon=True)
        thread.start()
        with dashboard(tmp_path / "d", peer, port) as runtime:
            assert met.wait(30)
            server.close()
            with running_broker(port) as broker:
                with on_air(peer, runtime.keys.public, broker.host, broker.port) as site:
                    site.say(peer.say_all(runtime.keys.public))
                    wait_for(lambda: complete(runtime, peer))


KILLED = """
import sys
from pathlib import Path
import structlog
from dashboard.composition import following, make_runtime, stop_on_bug
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
stop_on_bug()
with following(make_runtime(Path(sys.argv[1]))):
    print("following", flush=True)
    sys.stdin.read()
"""


def test_killed_at_any_moment_nothing_is_lost(broker, tmp_path, peer):
    """SIGKILL in the middle of a flood, three times: the tables end as those of a dashboard that heard all in order."""
    with dashboard(tmp_path / "d", peer, broker.port) as runtime:
        mine = runtime.keys.public
    watched = make_runtime(tmp_path / "d")
    with on_air(peer, mine, broker.host, broker.port) as site:
        site.say(peer.say_all(mine))
        for _ in range(3):
            command = [sys.executable, "-c", KILLED, str(tmp_path / "d")]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout.readline() == "following\n"
                first = len(peer.records) + 1
                wait_for(lambda first=first: source(watched, peer).applied >= first - 1)
                peer.visits(150)
                flood = [peer.record(seq) for seq in range(first, len(peer.records) + 1)]
                talking = threading.Thread(target=site.say, args=(flood,))
                talking.start()
                wait_for(lambda first=first: source(watched, peer).applied >= first)
                process.send_signal(signal.SIGKILL)
                talking.join(WAIT_S)
            site.say(peer.online(), peer.checkpoint())
        with dashboard(tmp_path / "d", peer, broker.port) as runtime:
            wait_for(lambda: complete(runtime, peer))
            with listening(tmp_path) as straight:
                straight.peer = peer
                straight.started()
                straight.hear(peer.online())
                straight.records(*range(1, len(peer.records) + 1))
                expected = straight.folded()
                straight.engine.dispose()
                straight.engine = runtime.engine
                assert straight.folded() == expected
    watched.engine.dispose()
