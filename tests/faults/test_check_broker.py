"""`sekimori check` against real brokers: good ones pass, and what is wrong with the others is said with its mending."""

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from broker import free_port, running_broker
from command_line import Said, sekimori
from mosquitto import Deployed, deployed, needs_mosquitto, plain_settings, running_mosquitto
from mqtt_client import BareClient
from site_process import SITE, site_toml

from controller.cli.texts import Lang, all_texts
from controller.deploy import certificates
from controller.probing import examination, peer

pytestmark = pytest.mark.long

DASHBOARD = "00000000000000aa"
SETTINGS = site_toml("127.0.0.1:9", {"front/in": 1001, "lab/in": 1002, "lab/out": 1003})


def checked(folder: Path, lines: str, lang: Lang = Lang.EN) -> tuple[int, dict[str, dict[str, Any]], Said]:
    """Exit code, the findings by code, and what is said in words."""
    (folder / "site.toml").write_text(SETTINGS + lines)
    answer = sekimori("check", "--data", folder, "--json")
    found = {finding["code"]: finding for finding in json.loads(answer.out)["broker"]}
    return answer.code, found, sekimori("check", "--data", folder, lang=lang) if answer.code else answer


def bad(found: dict[str, dict[str, Any]]) -> set[str]:
    return {code for code, finding in found.items() if finding["state"] == "bad"}


def lines_of(made: Deployed, folder: Path) -> str:
    """The lines that the product made for the site, with their files beside."""
    own = made.folder / f"site-{SITE}"
    for name in ("broker.password", "ca.pem"):
        (folder / name).write_bytes((own / name).read_bytes())
    return (own / "lines-for-site.toml").read_text()


@needs_mosquitto
def test_the_shipped_broker_passes_and_is_left_as_it_was(tmp_path: Path) -> None:
    """Every step is good, figures are given, and nothing stays behind on the broker or is heard by a dashboard."""
    with deployed(tmp_path / "b", [SITE], [DASHBOARD]) as made:
        user = f"dashboard-{DASHBOARD}"
        with BareClient(made.port, user, made.password(user), made.ca) as dashboard:
            dashboard.subscribe(f"sekimori/{SITE}/record", f"sekimori/{SITE}/state/+/#", f"sekimori/{SITE}/online")
            code, found, _ = checked(tmp_path, lines_of(made, tmp_path))
            assert [] == dashboard.heard
        with BareClient(made.port, f"site-{SITE}", made.password(f"site-{SITE}"), made.ca) as site:
            site.subscribe(f"sekimori/{SITE}/probe/#")
            site.publish(f"sekimori/{SITE}/probe/end", b"now")
            site.wait_heard(f"sekimori/{SITE}/probe/end", b"now")
            assert 1 == len(site.heard)

    assert (0, set()) == (code, bad(found))
    expected = {"reach", "tls", "credentials", "publish", "subscribe", "retained", "round_trip", "burst"}
    assert expected == set(found)
    assert int(found["tls"]["days"]) >= 824
    assert float(found["round_trip"]["ms"]) < 25


@needs_mosquitto
def test_mosquitto_as_it_comes_is_found_out(tmp_path: Path) -> None:
    """Mosquitto's defaults drop past 1000 messages in silence, and wait 40 ms: found, with what mends it, in both languages."""
    port = free_port()
    lines = f'[broker]\nhost = "127.0.0.1"\nport = {port}\n'
    with running_mosquitto(plain_settings(tmp_path / "m", port), port):
        code, found, said = checked(tmp_path, lines)
        japanese = sekimori("check", "--data", tmp_path, lang=Lang.JA).out

    assert 1 == code
    assert {"drops"} == bad(found)
    assert float(found["nagle"]["ms"]) > 35
    assert 400 <= int(found["drops"]["lost"]) <= 500
    assert "→ Set max_queued_messages 0 in mosquitto.conf." in said.out
    assert "→ mosquitto.conf に max_queued_messages 0 を書いてください。" in japanese
    assert {"plain", "anonymous", "foreign", "nagle"} == {code for code, one in found.items() if one["state"] == "note"}


def test_rumqttd_of_the_demo(tmp_path: Path) -> None:
    """The demo's broker drops nothing of the burst; what it lacks (TCP_NODELAY too) is noted, and no harm on the loopback."""
    with running_broker() as broker:
        code, found, _ = checked(tmp_path, f'[broker]\nhost = "{broker.host}"\nport = {broker.port}\n')

    assert (0, set()) == (code, bad(found))
    assert {"plain", "anonymous", "foreign", "burst", "retained", "nagle"} <= set(found)


def test_nobody_there(tmp_path: Path) -> None:
    """A port without a broker is said at once; --no-broker asks nobody."""
    lines = f'[broker]\nhost = "127.0.0.1"\nport = {free_port()}\n'
    code, found, said = checked(tmp_path, lines)

    assert (1, {"reach"}) == (code, set(found))
    assert "→ Look at [broker] host and port" in said.out
    alone = sekimori("check", "--data", tmp_path, "--no-broker", "--json")
    assert (0, None) == (alone.code, json.loads(alone.out)["broker"])


@needs_mosquitto
@pytest.mark.parametrize(
    ("change", "code"),
    [("password", "credentials"), ("authority", "tls"), ("host", "tls"), ("no tls", "mqtt"), ("old", "expiring"),
     ("past", "tls")],
)  # fmt: skip
def test_what_keeps_us_out_is_named(tmp_path: Path, change: str, code: str) -> None:
    """A wrong password, authority, name or protocol, and a certificate that has ended or soon will, each by its name."""
    made = Deployed(tmp_path / "b", [SITE], [DASHBOARD])
    lines = lines_of(made, tmp_path)
    match change:
        case "password":
            (tmp_path / "broker.password").write_text("wrong")
        case "authority":
            other = certificates.new_authority("other", certificates.new_key(), datetime.now(UTC))
            (tmp_path / "ca.pem").write_text(certificates.pem(other.certificate))
        case "host":
            lines = lines.replace("127.0.0.1", "localhost")
        case "no tls":
            lines = lines.replace('ca_file = "ca.pem"\n', "")
        case "old":
            _certificate_of(made, datetime.now(UTC) - timedelta(days=800))
        case "past":
            _certificate_of(made, datetime.now(UTC) - timedelta(days=900))
    made.broker.start()
    try:
        exit_code, found, said = checked(tmp_path, lines)
    finally:
        made.broker.stop()

    assert 1 == exit_code
    assert code in bad(found), found
    assert "→" in said.out
    assert made.password(f"site-{SITE}") not in said.out + json.dumps(found)


def _certificate_of(made: Deployed, then: datetime) -> None:
    """As if it had been made then."""
    folder = made.folder
    signer = certificates.Signer(
        certificates.read_certificate((folder / "ca.pem").read_bytes()),
        certificates.read_key((folder / "ca.key").read_bytes()),
    )
    key = certificates.read_key((folder / "broker/server.key").read_bytes())
    made_then = certificates.server_certificate(signer, key.public_key(), ["127.0.0.1"], then)
    (folder / "broker/server.pem").write_text(certificates.pem(made_then))


@needs_mosquitto
def test_an_access_list_that_forgot_us_is_named(tmp_path: Path) -> None:
    """A topic that may not be written is found by the acknowledgement, a reading that is withheld by what comes."""
    made = Deployed(tmp_path / "b", [SITE], [DASHBOARD])
    acl = tmp_path / "b/broker/acl"
    whole = acl.read_text()
    for gone, code in (("topic write sekimori/works/reply/+\n", "publish"), ("topic readwrite", "subscribe")):
        acl.write_text(whole.replace(gone, "" if gone.endswith("\n") else "topic write"))
        made.broker.start()
        try:
            exit_code, found, _ = checked(tmp_path, lines_of(made, tmp_path))
        finally:
            made.broker.stop()
        assert (1, {code}) == (exit_code, bad(found))


@needs_mosquitto
def test_a_broker_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """One that takes the connection and never answers is named in seconds."""
    port = free_port()
    lines = f'[broker]\nhost = "127.0.0.1"\nport = {port}\n'
    with running_mosquitto(plain_settings(tmp_path / "m", port), port) as broker:
        broker.signal(signal.SIGSTOP)
        (tmp_path / "site.toml").write_text(SETTINGS + lines)
        said = sekimori("check", "--data", tmp_path)

    assert 1 == said.code
    assert "does not answer in MQTT 5" in said.out


def test_every_finding_has_its_words() -> None:
    """Whatever the examination can find has words, and what is wrong a line for its mending; none lies there unused."""
    texts, source = all_texts(), Path(examination.__file__).read_text() + Path(peer.__file__).read_text()
    wrong = set(re.findall(r'"([a-z_]+)",\s+"bad"', source)) | set(re.findall(r'NoBroker\("([a-z]+)"', source))
    noted = set(re.findall(r'"([a-z_]+)", "note"', source))

    assert wrong | noted == set(texts["broker_bad"]) == set(texts["broker_fix"])
    assert set(re.findall(r'"([a-z_]+)", "good"', source)) <= set(texts["broker_good"])
