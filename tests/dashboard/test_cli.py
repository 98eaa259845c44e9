"""`sekimori-dashboard` at the console: what it says, writes, and answers to programs."""

import json
import re
import signal
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from broker import free_port
from listener import listening
from typer.testing import CliRunner

from controller.record.canonical import moment
from controller.record.keys import KeyPair
from dashboard import accounts
from dashboard import database as db
from dashboard.accounts import BadAccount
from dashboard.cli import app
from dashboard.first_code import ALPHABET, VALID_FOR, code_matches, hash_code, new_code

SITE = KeyPair.generate().public


@pytest.fixture
def run(tmp_path):
    """Runs a command on a data folder; its exit code, and what it said (with --json, as an object)."""

    def command(*words: str, lang: str = "en", as_json: bool = True):
        options = ["--data", str(tmp_path), "--lang", lang, *(["--json"] if as_json else [])]
        result = CliRunner().invoke(app, [*words, *options])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, json.loads(result.stdout) if as_json else result.output

    return command


def test_the_key_is_made_once_and_kept_secret(run, tmp_path):
    """`key` prints the same line each time, and the private halves are the owner's alone."""
    code, said = run("key")
    assert code == 0 and said["key"].startswith("sekimori-key-1.")
    assert run("key")[1] == said
    assert run("key", as_json=False)[1] == said["key"] + "\n"
    assert stat.S_IMODE((tmp_path / "dashboard.key").stat().st_mode) == 0o600


def test_a_key_that_others_may_read_is_refused(run, tmp_path):
    """A key file with open permissions could not run, and says why."""
    run("key")
    (tmp_path / "dashboard.key").chmod(0o644)
    code, said = run("key")
    assert (code, said["error"]) == (2, "key")


def test_trust_pins_and_does_not_replace_unasked(run):
    """A site's key is pinned; another one for the same site needs --replace; a slip of the hand is found."""
    other = KeyPair.generate().public
    assert run("trust", SITE.text(), "--site", "factory") == (
        0,
        {"site": "factory", "id": SITE.id, "changed": True},
    )
    assert run("trust", SITE.text(), "--site", "factory")[1]["changed"] is False
    code, said = run("trust", other.text(), "--site", "factory")
    assert (code, said["error"]) == (1, "pinned")
    assert run("trust", other.text(), "--site", "factory", "--replace")[0] == 0
    code, said = run("trust", SITE.text()[:-1] + "!", "--site", "second")
    assert (code, said["error"]) == (2, "key")
    code, said = run("trust", SITE.text(), "--site", "a/b")
    assert (code, said["error"]) == (2, "config")


def test_create_operator_prints_a_code_that_signs_in_once(run, tmp_path):
    """A new account has no password, a code that is kept as a hash for thirty minutes, and its operator at the site."""
    run("trust", SITE.text(), "--site", "factory")
    code, said = run("create-operator", "花子", "--site", "factory", "--operator", "1")
    assert code == 0 and re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", said["code"])
    assert said["url"] == "http://127.0.0.1:8080/welcome"
    engine = db.open_engine(f"sqlite:///{tmp_path}/dashboard.sqlite3")
    with engine.connect() as connection:
        account = connection.execute(sa.select(db.account)).one()
        link = connection.execute(sa.select(db.account_operator)).one()
    engine.dispose()
    assert (account.name, account.password_hash, account.failed) == ("花子", None, 0)
    assert code_matches(account.code_hash, said["code"].lower().replace("-", " "))
    assert said["code"] not in account.code_hash
    assert moment(account.code_expires_at) - moment(account.created_at) == VALID_FOR
    assert tuple(link) == (account.id, "factory", 1)


def test_create_operator_needs_a_pinned_site(run):
    """Without the site's key there is nothing to be an operator of; the message names the command that helps."""
    code, said = run("create-operator", "花子", "--site", "factory", "--operator", "1", as_json=False)
    assert code == 1 and "trust" in said
    code, said = run("create-operator", "花子", "--site", "factory", "--operator", "1", as_json=False, lang="ja")
    assert code == 1 and "先に trust を実行してください" in said


def test_a_wrong_configuration_is_told_in_full(run, tmp_path):
    """Every command that reads dashboard.toml ends with exit code 2 and all its mistakes."""
    (tmp_path / "dashboard.toml").write_text("lisen = 1\n[broker]\nport = 'x'\n")
    for command in (("run",), ("rebuild",), ("create-operator", "a", "--site", "s", "--operator", "1")):
        code, said = run(*command)
        assert (code, len(said["mistakes"])) == (2, 2)


def test_a_database_that_cannot_be_opened_is_told(run, tmp_path):
    """A database URL that leads nowhere is one message and exit code 2."""
    for url in ("sqlite:////nowhere/at/all.sqlite3", "nonsense", "postgresql+nodriver://x/y"):
        (tmp_path / "dashboard.toml").write_text(f'database = "{url}"\n')
        code, said = run("rebuild")
        assert (code, said["error"]) == (2, "database")


def test_rebuild_counts_what_it_folded(run, tmp_path):
    """`rebuild` folds the stored records anew and says how many they were."""
    with listening(tmp_path) as listener:
        listener.hear(listener.peer.online())
        listener.records(*range(1, 8))
        listener.engine.dispose()
        before = listener.folded()
        assert run("rebuild") == (0, {"records": {"factory": 7}})
        assert listener.folded() == before


# Accounts --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path):
    """An empty database."""
    engine = db.open_engine(f"sqlite:///{tmp_path}/dashboard.sqlite3")
    yield engine
    engine.dispose()


def test_nobody_else_is_the_same_operator(engine):
    """One operator is one account, and one account one operator at a site: else a second person would be none."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert accounts.create(engine, "花子", "factory", 1, now)
    for name, operator, why in (
        ("太郎", 1, "operator"),
        ("花子", 2, "exists"),
        ("ﾊﾅ\x00", 3, "name"),
        (" ", 3, "name"),
    ):
        with pytest.raises(BadAccount) as caught:
            accounts.create(engine, name, "factory", operator, now)
        assert caught.value.why == why
    assert accounts.create(engine, " 花子 ", "second", 2, now) is None
    with engine.connect() as connection:
        assert len(connection.execute(sa.select(db.account)).all()) == 1


def test_a_new_code_takes_password_and_sessions_away(engine):
    """A fresh code for an existing account ends what it could do before."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    first = accounts.create(engine, "花子", "factory", 1, now)
    with db.write(engine) as connection:
        connection.execute(sa.update(db.account).values({"password_hash": "x", "code_hash": None}))
        session = {"token_hash": "t", "account": 1, "started_at": "x", "seen_at": "x"}
        connection.execute(sa.insert(db.web_session), session)
    assert accounts.create(engine, "花子", "factory", 1, now) is None
    second = accounts.create(engine, "花子", "factory", 1, now + timedelta(1), fresh_code=True)
    with engine.connect() as connection:
        account = connection.execute(sa.select(db.account)).one()
        assert connection.execute(sa.select(db.web_session)).all() == []
    assert account.password_hash is None and second not in (None, first)
    assert code_matches(account.code_hash, second) and not code_matches(account.code_hash, first)


def test_codes_are_unambiguous_and_wrong_ones_do_not_match():
    """A code has no letters that are taken for others; a wrong, empty or endless one does not match, nor a broken hash."""
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100 and not set("0O1ILU") & set("".join(codes))
    hashed = hash_code("4F7K-29QM")
    assert code_matches(hashed, " 4f7k 29qm ")
    assert not any(code_matches(hashed, wrong) for wrong in ("4F7K-29QN", "", "4F7K-29QM" * 10_000, "４Ｆ７Ｋ"))
    assert not code_matches("not a hash", "4F7K-29QM")


def test_certificate_is_made_told_and_renewed(run, tmp_path):
    """Nothing yet: said how to begin. Then made, told with fingerprint and days, renewed; other names need --new-ca."""
    code, said = run("certificate")
    assert (code, said["error"]) == (1, "none")
    code, made = run("certificate", "--name", "dashboard.example", "--name", "192.0.2.10")
    assert code == 0 and made["names"] == ["dashboard.example", "192.0.2.10"]
    assert made["days_left"] in (396, 397) and not made["in_use"] and re.fullmatch("([0-9A-F]{2}:){31}..", made["fingerprint"])
    code, renewed = run("certificate", "--renew")
    assert (code, renewed["ca_fingerprint"]) == (0, made["ca_fingerprint"])
    assert renewed["fingerprint"] != made["fingerprint"]
    assert run("certificate")[1] == renewed
    code, said = run("certificate", "--renew", "--name", "other.example")
    assert (code, said["error"], said["names"]) == (1, "constraint", ["other.example"])
    code, said = run("certificate", "--name", "no host")
    assert (code, said["error"]) == (1, "name")
    code, said = run("certificate", "--name", "other.example", "--new-ca")
    assert (code, said["names"]) == (0, ["other.example"]) and said["ca_fingerprint"] != made["ca_fingerprint"]
    (tmp_path / "tls" / "ca.key").write_text("rubbish")
    assert run("certificate", "--renew")[0] == 2


@pytest.mark.parametrize(("lang", "words"), [("ja", "認証局の指紋"), ("en", "Authority's fingerprint")])
def test_certificate_says_what_to_do_next(run, tmp_path, lang, words):
    """People get the fingerprint, and the lines for dashboard.toml until they are there."""
    code, said = run("certificate", "--name", "dashboard.example", lang=lang, as_json=False)
    assert code == 0 and words in said and 'certificate = "tls/server.pem"' in said
    (tmp_path / "dashboard.toml").write_text('[tls]\ncertificate = "tls/server.pem"\nca = "tls/ca.pem"\n')
    code, said = run("certificate", lang=lang, as_json=False)
    assert code == 0 and words in said and "[tls]" not in said


# The whole process -----------------------------------------------------------------------------------------------------


def test_run_serves_says_where_and_ends_on_sigterm(tmp_path):
    """`run` prints one line when it listens, answers over HTTP, keeps its files to itself, and ends in order on SIGTERM."""
    (tmp_path / "dashboard.toml").write_text(f'listen = "127.0.0.1:{free_port()}"\n[broker]\nport = {free_port()}\n')
    program = "import dashboard.cli; dashboard.cli.main()"
    command = [sys.executable, "-c", program, "run", "--data", str(tmp_path), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = json.loads(process.stdout.readline() or json.dumps({"stderr": process.stderr.read()}))
        try:
            answer = urllib.request.urlopen(said["url"] + "/sign-in", timeout=10).status  # noqa: S310
        except urllib.error.HTTPError as error:
            answer = error.code
        assert answer == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in Path(tmp_path).glob("*.sqlite3*")] == [0]


def test_run_serves_https_with_the_own_certificate(run, tmp_path):
    """With [tls] the process says https, a client with the authority gets the page, and SIGTERM ends it in order."""
    run("certificate", "--name", "localhost", "--name", "127.0.0.1")
    tls = '[tls]\ncertificate = "tls/server.pem"\nca = "tls/ca.pem"\n'
    (tmp_path / "dashboard.toml").write_text(
        f'listen = "127.0.0.1:{free_port()}"\n{tls}[broker]\nport = {free_port()}\n'
    )
    program = "import dashboard.cli; dashboard.cli.main()"
    command = [sys.executable, "-c", program, "run", "--data", str(tmp_path), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = json.loads(process.stdout.readline() or json.dumps({"stderr": process.stderr.read()}))
        trusting = ssl.create_default_context(cafile=str(tmp_path / "tls" / "ca.pem"))
        with urllib.request.urlopen(said["url"] + "/sign-in", timeout=10, context=trusting) as answer:  # noqa: S310
            assert answer.status == 200 and said["url"].startswith("https://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_notify_at_the_console(run, tmp_path):
    """Who is told is set with an address from standard input, listed without it, tested, and ended; it is no argument."""
    assert run("notify")[1]["error"] == "unused"
    (tmp_path / "dashboard.toml").write_text('[notify]\nservices_file = "notify.services"\n')
    services = tmp_path / "notify.services"
    services.write_text('mail = "json://127.0.0.1:1/{address}"\n')
    assert run("notify")[1]["error"] == "config", "others may read it"
    services.chmod(0o600)
    with db.write(db.open_engine(f"sqlite:///{tmp_path}/dashboard.sqlite3")) as connection:
        row = {"name": "hanako", "created_at": "2026-11-22T00:00:00.000000Z", "failed": 0}
        connection.execute(sa.insert(db.account).values(row))
    assert run("notify")[1] == {"told": [], "tested": {}}
    typed = CliRunner().invoke(
        app, ["notify", "hanako", "--service", "mail", "--data", str(tmp_path), "--json"], input="secret-room\n"
    )

    assert json.loads(typed.stdout)["told"][0]["service"] == "mail" and "secret-room" not in typed.stdout
    assert run("notify", "taro", "--service", "mail")[1]["error"] == "account"
    assert run("notify", "hanako", "--service", "odd")[1]["error"] == "service"
    code, said = run("notify", "hanako", "--test")
    assert (code, said["tested"]) == (1, {"hanako": False}), "nobody listens there"
    assert "secret-room" not in json.dumps(run("notify")[1])
    assert run("notify", "hanako", "--off") == (0, {"told": [], "tested": {}})
    assert run("notify", "hanako", "--off")[1]["error"] == "none"
