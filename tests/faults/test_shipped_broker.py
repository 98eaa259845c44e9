"""The shipped Mosquitto settings on a real Mosquitto: what must pass arrives, and what must not does not.

Proven by what arrives: Mosquitto grants subscriptions that its access list then withholds, and says so nowhere.
"""

import signal
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from mosquitto import Deployed, deployed, needs_mosquitto
from mqtt_client import BareClient, Refused
from site_process import SITE, SiteProcess, until

from controller.record.topics import LARGEST_MESSAGE, Topics
from dashboard import database as db
from dashboard.composition import following, make_runtime

pytestmark = needs_mosquitto

ALICE, BOB = "00000000000000aa", "00000000000000bb"
HONSHA, KOJO = Topics("honsha"), Topics("kojo")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Two sites; Alice's dashboard follows both, Bob's the factory alone."""
    with deployed(tmp_path_factory.mktemp("b"), ["honsha", "kojo"], [ALICE, f"{BOB}=kojo"]) as made:
        yield made


def says(broker: Deployed, user: str, topic: str, payload: bytes, *, retain: bool = False) -> str:
    """One message of this account over a connection of its own; the reason in the broker's acknowledgement.

    Of its own, because Mosquitto 2.0.11 with `max_queued_messages 0` hangs up behind a message that it denied.
    """
    with client(broker, user) as speaker:
        return speaker.publish(topic, payload, retain=retain)


def client(broker: Deployed, user: str, **more: object) -> BareClient:
    """Somebody with this account's password."""
    return BareClient(broker.port, user, broker.password(user), broker.ca, **more)


# The whole edge ----------------------------------------------------------------------------------------------------------


@contextmanager
def dashboard_of(site: SiteProcess, made: Deployed) -> Iterator[sa.Engine]:
    """A real dashboard's intake over TLS, following the site, in this process."""
    user = f"dashboard-{site.dashboard.public.id}"
    data = site.folder / "dashboard"
    data.mkdir()
    site.dashboard.save(data / "dashboard.key")
    lines = (made.folder / user / "lines-for-dashboard.toml").read_text()
    for name in ("broker.password", "ca.pem"):
        (data / name).write_bytes((made.folder / user / name).read_bytes())
    (data / "dashboard.toml").write_text(f'{lines}[sites]\n{SITE} = "{site.keys.site.public.text()}"\n')
    runtime = make_runtime(data)
    with following(runtime):
        yield runtime.engine
    runtime.engine.dispose()


def test_a_tap_arrives_over_tls(tmp_path: Path) -> None:
    """Controller and dashboard, each with its own account over TLS: every record of the site comes, verbatim and in order."""
    with SiteProcess(tmp_path) as site:
        with deployed(tmp_path / "deployed", [SITE], [site.dashboard.public.id]) as made:
            join(site, made)
            with site.past() as past:
                person = past.person("山田 花子")
                past.right(person, "office")
                past.badge(person, "yamada")
            with dashboard_of(site, made) as engine:
                site.start()
                site.building.tap("yamada", "front/in")
                site.wait_record("entry.granted", person=person)
                site.stop()
                records = site.records()
                kinds = until("all records came", lambda: _kinds(engine, len(records)))
    assert [record.kind for record in records] == kinds


def _kinds(engine: sa.Engine, count: int) -> list[str] | None:
    with engine.connect() as connection:
        kinds = list(connection.execute(sa.select(db.record.c.kind).order_by(db.record.c.seq)).scalars())
    return kinds if len(kinds) >= count else None


# Who gets in ---------------------------------------------------------------------------------------------------------------


def test_who_is_not_let_in(broker: Deployed) -> None:
    """No name, a stranger, a wrong password and another's password do not connect; the right one does."""
    right = broker.password("site-honsha")
    for user, password in (
        ("", ""), ("stranger", right), ("site-honsha", "wrong"), ("site-honsha", ""),
        ("site-honsha", broker.password("site-kojo")),
    ):  # fmt: skip
        with pytest.raises(Refused):
            BareClient(broker.port, user, password, broker.ca)
    with client(broker, "site-honsha"):
        pass


def test_nothing_but_tls_is_spoken(broker: Deployed, tmp_path: Path) -> None:
    """Without TLS, or without the authority, or under another name than the certificate's, there is no connection."""
    right = broker.password("site-honsha")
    with pytest.raises(Refused):
        BareClient(broker.port, "site-honsha", right, None)
    system = Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt")
    with pytest.raises(Refused, match="CERTIFICATE_VERIFY_FAILED"):
        BareClient(
            broker.port, "site-honsha", right, system if system.exists() else broker.folder / "broker/server.pem"
        )
    with pytest.raises(Refused, match="not valid for"):
        BareClient(broker.port, "site-honsha", right, broker.ca, host="localhost")


@pytest.mark.parametrize(
    ("version", "accepted"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_is_1_2_or_later(broker: Deployed, version: ssl.TLSVersion, accepted: bool) -> None:
    """TLS 1.2 and 1.3 are taken, 1.1 is not, even by a client that would."""
    context = ssl.create_default_context(cafile=str(broker.ca))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", broker.port), 5) as raw:
        try:
            context.wrap_socket(raw, server_hostname="127.0.0.1").close()
            spoke = True
        except ssl.SSLError as error:
            spoke = False
            assert "alert" in str(error).lower(), error  # the broker's word, not our own library's
    assert spoke is accepted


# What they may say and hear ---------------------------------------------------------------------------------------------


def test_a_dashboard_says_nothing_as_a_site(broker: Deployed) -> None:
    """What a dashboard publishes in a site's place, or another dashboard's, reaches nobody, retained or not."""
    forged = [
        HONSHA.record, HONSHA.checkpoint, HONSHA.online, HONSHA.state("portal_state", "main"), HONSHA.reply(ALICE),
        HONSHA.resent(ALICE), HONSHA.private(ALICE, "name/1"), KOJO.record, "sekimori/other/record", "elsewhere",
        f"sekimori/honsha/witnessed/{BOB}", f"sekimori/honsha/recovered/{BOB}", HONSHA.probe("x"),
        HONSHA.recover,
    ]  # fmt: skip
    with client(broker, f"dashboard-{ALICE}") as alice, client(broker, "site-honsha") as site:
        alice.subscribe("#", HONSHA.record, HONSHA.checkpoint, HONSHA.online, HONSHA.state("+", "#"))
        site.subscribe(HONSHA.probe("#"), "sekimori/honsha/witnessed/+", "sekimori/honsha/recovered/+")
        for topic in forged:
            for user in (f"dashboard-{ALICE}", f"dashboard-{BOB}"):
                assert "Not authorized" == says(broker, user, topic, b"forged", retain=True), topic
        site.publish(HONSHA.record, b"true")
        site.publish(HONSHA.probe("end"), b"true")
        alice.wait_heard(HONSHA.record, b"true")
        site.wait_heard(HONSHA.probe("end"), b"true")
        with client(broker, f"dashboard-{ALICE}") as late:
            late.subscribe(HONSHA.checkpoint, HONSHA.online, HONSHA.state("+", "#"), HONSHA.private(ALICE, "#"))
            site.publish(HONSHA.reply(ALICE), b"after")
            late.subscribe(HONSHA.reply(ALICE))
            site.publish(HONSHA.reply(ALICE), b"after")
            late.wait_heard(HONSHA.reply(ALICE), b"after")
            said = [*alice.heard, *site.heard, *late.heard]
    assert b"true" in {payload for _, payload in said}
    assert [] == [topic for topic, payload in said if payload == b"forged"]


def test_private_is_private(broker: Deployed) -> None:
    """Rows, replies and resent records of one dashboard reach it alone, however another asks for them."""
    with client(broker, f"dashboard-{ALICE}") as alice, client(broker, f"dashboard-{BOB}") as bob:
        bob.subscribe("#", "sekimori/#", "sekimori/kojo/#", KOJO.private("+", "#"), KOJO.private(ALICE, "#"),
                      KOJO.reply(ALICE), KOJO.reply("+"), KOJO.resent(ALICE), "$SYS/#", KOJO.request)  # fmt: skip
        alice.subscribe(KOJO.private(ALICE, "#"), KOJO.reply(ALICE), KOJO.resent(ALICE))
        with client(broker, "site-kojo") as site, client(broker, "site-honsha") as other:
            site.publish(KOJO.private(ALICE, "name/1"), b"sealed", retain=True)
            site.publish(KOJO.reply(ALICE), b"reply")
            site.publish(KOJO.resent(ALICE), b"resent")
            alice.publish(KOJO.request, b"asked")
            other.publish(HONSHA.record, b"not his")
            site.publish(KOJO.record, b"for all")
        alice.wait_heard(KOJO.resent(ALICE), b"resent")
        bob.wait_heard(KOJO.record, b"for all")
        assert {(KOJO.record, b"for all")} == set(bob.heard)
        assert {b"sealed", b"reply", b"resent"} == {payload for _, payload in alice.heard}


def test_what_was_lost_is_asked_and_given(broker: Deployed) -> None:
    """A site asks its dashboards for what it lost, hears what they hold and its own checkpoint; others hear none of it."""
    with client(broker, "site-honsha") as site, client(broker, f"dashboard-{ALICE}") as alice:
        alice.subscribe(HONSHA.recover)
        site.publish(HONSHA.checkpoint, b"note", retain=True)
        alice.publish(HONSHA.witnessed(ALICE), b"held", retain=True)
        with client(broker, "site-honsha") as again, client(broker, "site-kojo") as other:
            other.subscribe(HONSHA.witnessed("+"), HONSHA.recovered("+"), HONSHA.checkpoint, KOJO.request)
            again.subscribe(HONSHA.checkpoint, HONSHA.witnessed("+"), HONSHA.recovered("+"))
            again.wait_heard(HONSHA.checkpoint, b"note")
            again.wait_heard(HONSHA.witnessed(ALICE), b"held")
            again.publish(HONSHA.recover, b"lost")
            alice.wait_heard(HONSHA.recover, b"lost")
            alice.publish(HONSHA.recovered(ALICE), b"found")
            again.wait_heard(HONSHA.recovered(ALICE), b"found")
            alice.publish(KOJO.request, b"end")
            other.wait_heard(KOJO.request, b"end")
            assert other.heard == [(KOJO.request, b"end")]
        site.publish(HONSHA.checkpoint, b"", retain=True)
        alice.publish(HONSHA.witnessed(ALICE), b"", retain=True)


def test_requests_go_to_ones_own_sites(broker: Deployed) -> None:
    """A dashboard asks the sites that it follows and no other; a site hears its own requests and nobody else does."""
    with client(broker, "site-honsha") as honsha, client(broker, "site-kojo") as kojo:
        honsha.subscribe("#", HONSHA.request, KOJO.request)
        kojo.subscribe("#", HONSHA.request, KOJO.request)
        assert "Not authorized" == says(broker, f"dashboard-{BOB}", HONSHA.request, b"by bob")
        assert "Success" == says(broker, f"dashboard-{BOB}", KOJO.request, b"by bob")
        assert "Success" == says(broker, f"dashboard-{ALICE}", HONSHA.request, b"by alice")
        honsha.wait_heard(HONSHA.request, b"by alice")
        kojo.wait_heard(KOJO.request, b"by bob")
        assert {(HONSHA.request, b"by alice")} == set(honsha.heard)
        assert {(KOJO.request, b"by bob")} == {heard for heard in kojo.heard if heard[1] == b"by bob"}


def test_a_site_speaks_under_its_own_prefix(broker: Deployed) -> None:
    """What one site says in another's place reaches no dashboard, and it asks for nothing itself."""
    with client(broker, f"dashboard-{ALICE}") as alice, client(broker, "site-kojo") as kojo:
        alice.subscribe(HONSHA.record, HONSHA.online, KOJO.record)
        kojo.subscribe(KOJO.request)
        for topic in (HONSHA.record, HONSHA.online, KOJO.request, HONSHA.request):
            assert "Not authorized" == says(broker, "site-kojo", topic, b"misplaced")
        kojo.publish(KOJO.record, b"mine")
        alice.wait_heard(KOJO.record, b"mine")
        assert [] == [payload for _, payload in [*alice.heard, *kojo.heard] if payload == b"misplaced"]


def test_figures_of_the_broker_are_nobodys_business(broker: Deployed) -> None:
    """$SYS is not there, for whoever asks."""
    with client(broker, "site-honsha") as site:
        site.subscribe("$SYS/#", HONSHA.probe("#"))
        site.publish(HONSHA.probe("a"), b"now")
        site.wait_heard(HONSHA.probe("a"), b"now")
        assert [HONSHA.probe("a")] == [topic for topic, _ in site.heard]


# Bounds ------------------------------------------------------------------------------------------------------------------


def test_too_large_a_message_is_not_carried(broker: Deployed) -> None:
    """The largest message that anybody reads passes; one byte more does not, and the broker lives."""
    with client(broker, f"dashboard-{ALICE}") as alice:
        alice.subscribe(HONSHA.record)
        with client(broker, "site-honsha") as site:
            site.publish(HONSHA.record, b"x" * LARGEST_MESSAGE)
            site.send(HONSHA.record, b"y" * (LARGEST_MESSAGE + 1))
            until("it was refused", lambda: site.lost.is_set() or "Success" not in site.reasons.values() or
                  len(site.reasons) > 1 or None)  # fmt: skip
        with client(broker, "site-honsha") as site:
            site.publish(HONSHA.record, b"next")
        alice.wait_heard(HONSHA.record, b"next")
        assert [LARGEST_MESSAGE, 4] == [len(payload) for _, payload in alice.heard]


def test_no_more_connections_than_accounts_need(tmp_path: Path) -> None:
    """Somebody with one password cannot use up the broker: past the bound it hangs up, and afterwards takes others again."""
    bound = 2 * 2 + 8
    open_: list[BareClient] = []
    with deployed(tmp_path, ["honsha"], [ALICE]) as broker:
        with pytest.raises(Refused):
            for _ in range(bound + 1):
                open_.append(client(broker, f"dashboard-{ALICE}"))
        for each in open_:
            each.close()
        with client(broker, "site-honsha"):
            pass
    assert bound == len(open_)


@pytest.mark.slow
def test_a_slow_dashboard_loses_nothing(broker: Deployed) -> None:
    """5,000 records for somebody who acknowledges nothing until the last was sent: all come, each once, in order."""
    wanted = [str(n).encode() for n in range(5000)]
    with client(broker, f"dashboard-{ALICE}", manual_ack=True, receive_maximum=20) as slow:
        slow.subscribe(KOJO.record)
        with client(broker, "site-kojo") as site:
            last = [site.send(KOJO.record, payload) for payload in wanted][-1]
            until("the broker has them all", lambda: site.reasons.get(last), 60)
        assert len(slow.heard) <= 100

        def drained() -> bool | None:
            slow.acknowledge()
            return len(slow.heard) >= len(wanted) or None

        until("all came", drained, 60)
    assert wanted == [payload for _, payload in slow.heard]


def test_the_broker_keeps_what_is_retained(tmp_path: Path) -> None:
    """States that a site left there are there for the next dashboard, also after the broker was killed and started again."""
    at = HONSHA.state("portal_state", "dock")
    with deployed(tmp_path, ["honsha"], [ALICE]) as made:
        assert "Not authorized" != says(made, "site-honsha", at, b"secure", retain=True)
        made.broker.signal(signal.SIGUSR1)  # write now, as it does by itself once a minute
        store = made.folder / "broker/store/mosquitto.db"
        until("it is on disk", lambda: store.exists() or None)
        made.broker.stop()
        made.broker.start()
        with client(made, f"dashboard-{ALICE}") as alice:
            alice.subscribe(HONSHA.state("+", "#"))
            alice.wait_heard(at, b"secure")


@pytest.mark.slow
def test_a_lost_tail_comes_back_through_it(tmp_path: Path) -> None:
    """What a dashboard witnesses and gives back passes the access list: a lost tail is there again after a start."""
    with SiteProcess(tmp_path) as site, deployed(tmp_path / "deployed", [SITE], [site.dashboard.public.id]) as made:
        join(site, made)
        with dashboard_of(site, made) as engine:
            with site.past() as past:
                past.person("山田 花子")
            site.start()
            ledger, copy = site.data / "ledger.sqlite3", tmp_path / "copy.sqlite3"
            _backup(ledger, copy)
            old = len(site.records())
            site.building.tap("blank", "front/in", walk=False)
            lost = site.wait_record("entry.refused")
            site.stop()
            whole = site.records()
            until("the dashboard has all", lambda: _kinds(engine, len(whole)))
            with client(made, f"site-{SITE}") as reader:
                topic = Topics(SITE).witnessed(site.dashboard.public.id)
                reader.subscribe(topic)
                until("it is witnessed", lambda: _witnessed(reader, topic, len(whole)))
            for path in site.data.glob("ledger.sqlite3*"):
                path.unlink()
            ledger.write_bytes(copy.read_bytes())
            assert len(site.records()) == old < lost.seq
            site.start()
            assert site.records()[: len(whole)] == whole
            site.stop()


def join(site: SiteProcess, made: Deployed) -> None:
    """Gives the site its account at the broker."""
    for name in ("broker.password", "ca.pem"):
        (site.data / name).write_bytes((made.folder / f"site-{SITE}" / name).read_bytes())
    with (site.data / "site.toml").open("a") as toml:
        toml.write((made.folder / f"site-{SITE}" / "lines-for-site.toml").read_text())


def _backup(ledger: Path, copy: Path) -> None:
    source, target = sqlite3.connect(ledger), sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.close()


def _witnessed(reader: BareClient, topic: str, size: int) -> bool | None:
    return any(said == topic and note.split(b"\n")[1] == str(size).encode() for said, note in reader.heard) or None
