"""What `sekimori deploy mosquitto` makes; what a real broker does with it is in `tests/faults/test_shipped_broker.py`."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import Said, sekimori
from cryptography import x509
from cryptography.x509.verification import DNSName, PolicyBuilder, Store, VerificationError
from hypothesis import given
from hypothesis import strategies as st

from controller.deploy.accounts import BadName, accounts, acl_text, opens, password_line, passwords_text
from controller.deploy.certificates import days_left, new_authority, new_key, read_certificate, server_certificate
from controller.record.topics import Topics

FIRST, SECOND = "0123456789abcdef", "fedcba9876543210"


def deploy(folder: Path, *more: str) -> Said:
    """The command, for one site and one dashboard unless `more` says otherwise."""
    return sekimori(
        "deploy", "mosquitto", "--site", "honsha", "--dashboard", FIRST, "--host", "broker.example", "-o", folder, *more
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_made_and_no_secret_is_said(tmp_path: Path) -> None:
    """All that the broker needs, password and authority for each party; secrets are in their files alone."""
    umask = os.umask(0o022)
    try:
        said = deploy(tmp_path)
    finally:
        os.umask(umask)

    made = contents(tmp_path)
    assert 0 == said.code, said.err
    assert {"mosquitto.conf", "acl", "passwords", "ca.pem", "server.pem", "server.key"} == {
        name.removeprefix("broker/") for name in made if name.startswith("broker/")
    }
    for party in ("site-honsha", f"dashboard-{FIRST}"):
        secret = made[f"{party}/broker.password"].decode()
        assert len(secret) >= 43
        assert all(secret not in text for text in (said.out, said.err, made["broker/passwords"].decode()))
    secrets = {name for name in made if name.endswith((".password", ".key", "passwords"))}
    for name in made:
        mode = stat.S_IMODE((tmp_path / name).stat().st_mode)
        assert (0o600 if name in secrets else 0o644) == mode, name


def test_again_nothing_changes(tmp_path: Path) -> None:
    """The same command a second time changes no file."""
    deploy(tmp_path)
    before = contents(tmp_path)

    assert 0 == deploy(tmp_path).code
    assert before == contents(tmp_path)


def test_one_more_dashboard_overwrites_nothing(tmp_path: Path) -> None:
    """Files that would differ are laid beside what is there and named; who had a password keeps it (exit 1)."""
    deploy(tmp_path)
    before = contents(tmp_path)

    said = deploy(tmp_path, "--dashboard", SECOND, "--json")

    after = contents(tmp_path)
    assert 1 == said.code
    assert before.items() <= after.items()
    assert {"acl", "passwords", "mosquitto.conf"} == {Path(path).name for path in json.loads(said.out)["differing"]}
    old, new = before["broker/passwords"].decode(), after["broker/passwords.new"].decode()
    assert new.startswith(old)
    assert f"user dashboard-{SECOND}" in after["broker/acl.new"].decode()


def test_what_went_to_its_owner_is_not_made_again(tmp_path: Path) -> None:
    """A password carried to its machine stays valid; the authority's key may be in the safe while nothing is signed."""
    deploy(tmp_path)
    before = contents(tmp_path)
    for carried in ("site-honsha/broker.password", "ca.key"):
        (tmp_path / carried).unlink()

    again = deploy(tmp_path)
    renewed = deploy(tmp_path, "--renew")

    assert (0, 2) == (again.code, renewed.code)
    assert "ca.key" in renewed.err
    assert before["broker/passwords"] == (tmp_path / "broker/passwords").read_bytes()
    assert not (tmp_path / "site-honsha/broker.password").exists()
    assert before["ca.pem"] == (tmp_path / "ca.pem").read_bytes()


def test_a_renewed_certificate_is_of_the_same_authority(tmp_path: Path) -> None:
    """`--renew` makes the server's certificate anew, for more names if they are given, and clients need nothing new."""
    deploy(tmp_path)
    old = read_certificate((tmp_path / "broker/server.pem").read_bytes())

    lacking = deploy(tmp_path, "--host", "second.example")
    said = deploy(tmp_path, "--host", "second.example", "--renew")

    new = read_certificate((tmp_path / "broker/server.pem").read_bytes())
    assert (1, 0) == (lacking.code, said.code)
    assert "second.example" in lacking.out
    assert old.serial_number != new.serial_number
    assert old.public_key() == new.public_key()
    for name in ("broker.example", "second.example"):
        verify(tmp_path, new, name, datetime.now(UTC))
    with pytest.raises(VerificationError):
        verify(tmp_path, old, "second.example", datetime.now(UTC))
    with pytest.raises(VerificationError):
        verify(tmp_path, new, "broker.example", datetime.now(UTC) + timedelta(days=826))


def verify(folder: Path, server: x509.Certificate, name: str, at: datetime) -> None:
    """As a strict client would. Raises VerificationError."""
    store = Store([x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())])
    PolicyBuilder().store(store).time(at).build_server_verifier(DNSName(name)).verify(server, [])


def test_nobody_signs_beyond_the_authority() -> None:
    """A server's certificate ends no later than its authority's, and counts its days."""
    began = datetime(2026, 11, 24, tzinfo=UTC)
    authority = new_authority("test", new_key(), began)
    late = began + timedelta(days=3600)

    made = server_certificate(authority, new_key().public_key(), ["127.0.0.1"], late)

    assert made.not_valid_after_utc <= authority.certificate.not_valid_after_utc
    assert 49 <= days_left(made, late) <= 50


@pytest.mark.parametrize(
    "wrong",
    [("--site", "Honsha"), ("--site", "a/b"), ("--site", "#"), ("--dashboard", "xyz"), ("--dashboard", f"{FIRST}=kojo"),
     ("--dashboard", FIRST), ("--host", "bad host"), ("--host", "-x")],
)  # fmt: skip
def test_bad_names_make_nothing(tmp_path: Path, wrong: tuple[str, str]) -> None:
    """A name that could reach into another's topics, or that is no name, is refused before anything is written (exit 2)."""
    said = deploy(tmp_path, *wrong)

    assert 2 == said.code
    assert wrong[0] in said.err
    assert {} == contents(tmp_path)


def test_rubbish_in_the_folder_is_named(tmp_path: Path) -> None:
    """A key file that is none, and an authority that is not the key's, are said and not replaced."""
    deploy(tmp_path)
    other = new_authority("other", new_key(), datetime.now(UTC))
    (tmp_path / "ca.key").write_bytes(b"x")
    assert "PEM private key" in deploy(tmp_path, "--renew").err
    from controller.deploy.certificates import key_pem

    (tmp_path / "ca.key").write_bytes(key_pem(other.key))
    assert "is not of" in deploy(tmp_path, "--renew").err


SITES = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True), min_size=1, max_size=4, unique=True)


@given(SITES, st.data())
def test_nobody_gets_more_than_its_own(sites: list[str], data: st.DataObject) -> None:
    """Whatever the names: a site writes under its own prefix alone, a dashboard nothing but its three topics per site."""
    chosen = data.draw(st.lists(st.sampled_from(sites), min_size=1, unique=True))
    user = ""
    for line in acl_text(accounts(sites, [f"{FIRST}={','.join(chosen)}", SECOND])).splitlines()[1:]:
        if line.startswith("user "):
            user = line.removeprefix("user ")
        elif line:
            _, way, topic = line.split(" ")
            _, site, *rest = topic.split("/")
            kind, _, name = user.partition("-")
            if kind == "site":
                assert site == name
            else:
                assert site in (chosen if name == FIRST else sites)
                assert way == "read" or rest in (["request"], ["witnessed", name], ["recovered", name])
                assert rest[0] not in ("private", "reply", "resent") or rest[1] == name


def test_every_topic_has_its_place() -> None:
    """No topic of the published language was forgotten: each is said by one side and heard by the other."""
    at = Topics("honsha")
    topics = {
        name: value if isinstance(value, str) else value(*["+"] * (value.__func__.__code__.co_argcount - 1))
        for name in dir(Topics)
        if not name.startswith("_") and name != "site" and (value := getattr(at, name))
    }
    site, dashboard = ({}, {})
    for account, said in zip(accounts(["honsha"], [FIRST]), (site, dashboard), strict=True):
        for way, topic in account.topics():
            said.setdefault(topic.replace(FIRST, "+").replace("#", "+"), []).append(way)

    assert {"record", "key", "recover", "witnessed", "probe"} <= set(topics)
    for name, topic in topics.items():
        ways = {"site": site.get(topic, []), "dashboard": dashboard.get(topic, [])}
        if name == "probe":
            assert ways == {"site": ["readwrite"], "dashboard": []}
        else:
            assert {way for both in ways.values() for way in both} == {"read", "write"}, (name, ways)


@given(st.text(alphabet=st.characters(exclude_characters=":\n"), min_size=1, max_size=20), st.text(max_size=60))
def test_a_password_line_opens_to_its_secret_alone(user: str, secret: str) -> None:
    """The line is of this secret, not of another, and stays as long as it holds."""
    line = password_line("u", secret)

    assert opens(line, secret)
    assert not opens(line, secret + "x")
    assert line + "\n" == passwords_text({"u": secret}, line)
    assert line not in passwords_text({"u": secret + "x"}, line)


def test_two_dashboards_of_one_id_are_a_mistake() -> None:
    """The same dashboard twice is said, not merged."""
    with pytest.raises(BadName):
        accounts(["a"], [FIRST, f"{FIRST}=a"])
