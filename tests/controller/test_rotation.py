"""`sekimori key rotate`: a new key for the site, whole at every step (design §5)."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import sekimori
from site_process import SiteProcess
from ulid import ULID

from controller.cli.texts import Lang
from controller.keyring import site_keys
from controller.ledger.verify import verify_file
from controller.record.asks import RegisterPerson
from controller.record.canonical import canonical
from controller.record.note import VerifierKey, open_checkpoint
from controller.record.requests import MalformedRequest, make_request, read_envelope, read_private
from controller.rotation import FORMER, FORMER_DAYS, NEXT, former_sealing
from controller.site import open_site

KILLED = Path(__file__).with_name("killed_rotation.py")


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A site with one person; the controller does not run."""
    with SiteProcess(tmp_path_factory.mktemp("s")) as site:
        with site.past() as past:
            past.person("山田 花子")
        yield site


def vkey(site: SiteProcess) -> VerifierKey:
    """The verifier key as `sekimori trust` shows it."""
    return VerifierKey.parse(json.loads(sekimori("trust", "--data", site.data, "--json").out)["verifier_key"])


def rotated(site: SiteProcess, *more: str) -> dict[str, Any]:
    said = sekimori("key", "rotate", "--data", site.data, "--json", *more)
    assert 0 == said.code, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def notes(site: SiteProcess) -> dict[int, str]:
    return dict(site.query("select size, note from checkpoint"))


def test_site_gets_a_new_key(site: SiteProcess) -> None:
    """The record names the new key over the old one's signature, the old key's last checkpoint covers it, the ledger verifies
    from both, and `trust` shows the new one.
    """
    old, before = vkey(site), site_keys(site.data).site.public
    said = rotated(site)

    record = site.records()[-1]
    assert ("site.rekeyed", "console", before.text(), said["site_key"]) == (
        record.kind, record.by, record.body.previous, record.body.public,
    )  # fmt: skip
    assert record.seq == open_checkpoint(notes(site)[record.seq], old).size
    assert said["site_key"] == site_keys(site.data).site.public.text() != before.text()
    assert said["verifier_key"] == vkey(site).text()
    for key in (old, vkey(site)):
        report = verify_file(site.data / "ledger.sqlite3", key=key)
        assert ((), report.count) == (report.findings, report.covered)


@pytest.mark.parametrize("step", ["prepared", "recorded", "covered", "kept", "renamed"])
def test_killed_at_any_step_the_ledger_and_the_disk_agree(site: SiteProcess, step: str) -> None:
    """Killed anywhere, the next start has the key that the ledger names: the old one before the record, the new one behind it;
    the ledger verifies from the old key, and what was sealed to it is still opened.
    """
    old, before = vkey(site), site_keys(site.data).site
    killed = subprocess.run([sys.executable, KILLED, site.data, step], capture_output=True, text=True, check=False)
    assert -9 == killed.returncode, killed.stderr

    site.start()
    assert 0 == site.stop()

    keys = site_keys(site.data).site.public
    named = [record.body.public for record in site.records() if record.kind == "site.rekeyed"]
    assert (named or [before.public.text()]) == [keys.text()]
    assert (step == "prepared") == (named == [])
    assert 1 == len(list((site.data / "keys").glob(f"{FORMER}*"))) or step == "prepared"
    report = verify_file(site.data / "ledger.sqlite3", key=old)
    assert ((), report.count) == (report.findings, report.covered)
    rotated(site)
    assert not (site.data / "keys" / NEXT).exists()
    assert () == verify_file(site.data / "ledger.sqlite3", key=old).findings


def test_two_changes(site: SiteProcess) -> None:
    """After two changes the ledger verifies from the first key, and requests sealed to either of the old keys are opened."""
    old, first = vkey(site), site_keys(site.data).site.public
    rotated(site)
    second = site_keys(site.data).site.public
    rotated(site)

    assert () == verify_file(site.data / "ledger.sqlite3", key=old).findings
    opened = open_site(site.data)
    opened.ledger.close()
    for keys in (first, second, opened.key.public):
        request = sealed_request(site, keys)
        assert {"name": "鈴木"} == read_private(request, opened.key, opened.former)


def sealed_request(site: SiteProcess, keys: Any) -> Any:
    """A request whose name is sealed to these keys."""
    made = make_request(
        site.dashboard, "works", keys, id=str(ULID()), body=RegisterPerson(), private={"name": "鈴木"}, operator=1,
        issued_at=datetime.now(UTC), expires_at=None,
    )  # fmt: skip
    return read_envelope(canonical(made))


def test_former_sealing_key_ends(site: SiteProcess) -> None:
    """After its days the sealing key of before opens nothing any more, and the next change removes its file."""
    before = site_keys(site.data).site.public
    rotated(site)
    keys = site.data / "keys"
    assert 1 == len(former_sealing(keys, datetime.now(UTC)))
    assert [] == former_sealing(keys, datetime.now(UTC) + timedelta(days=FORMER_DAYS + 1))
    old = next(keys.glob(f"{FORMER}*"))
    long_ago = keys / f"{FORMER}{datetime.now(UTC) - timedelta(days=FORMER_DAYS + 1):%Y%m%dT%H%M%S}-{before.id}"
    old.rename(long_ago)

    opened = open_site(site.data)
    opened.ledger.close()
    with pytest.raises(MalformedRequest, match="private"):
        read_private(sealed_request(site, before), opened.key, opened.former)
    rotated(site)
    assert not long_ago.exists()


def test_running_controller_keeps_its_key(site: SiteProcess) -> None:
    """While the controller runs the key is not changed under it."""
    site.start()
    before = site_keys(site.data).site.public

    said = sekimori("key", "rotate", "--data", site.data, "--json")

    assert (2, "in_use") == (said.code, json.loads(said.err)["error"])
    assert before == site_keys(site.data).site.public
    assert 0 == site.stop()


def test_stolen_key_vouches_for_nobody(site: SiteProcess) -> None:
    """With --compromised there is no signature of the old key, `verify` from it stops there, and both languages say what to
    type at each dashboard.
    """
    old = vkey(site)
    said = sekimori("key", "rotate", "--compromised", "--data", site.data, lang=Lang.JA)

    public = site_keys(site.data).site.public.text()
    assert f"sekimori-dashboard trust {public} --site works --replace" in said.out
    assert "手で" in sekimori("key", "rotate", "--help", lang=Lang.JA).out
    record = site.records()[-1].body
    assert (True, "") == (record.compromised, record.sig)
    site.start()
    assert 0 == site.stop()
    report = verify_file(site.data / "ledger.sqlite3", key=old)
    assert {"signature"} == {finding.code for finding in report.findings}
    assert () == verify_file(site.data / "ledger.sqlite3", key=vkey(site)).findings


def test_credential_is_not_replaced(site: SiteProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that systemd hands over is read-only: the command says so, and changes nothing."""
    (site.data / "keys/site.key").rename(tmp_path / "site.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    size = site.size()

    said = sekimori("key", "rotate", "--data", site.data, "--json")

    assert (2, "key") == (said.code, json.loads(said.err)["error"])
    assert "read-only" in said.err
    assert size == site.size()


def test_key_that_was_changed_away_from_does_not_start(site: SiteProcess, tmp_path: Path) -> None:
    """An old key put back, by hand or with a backup, is not this ledger's: nothing starts with it, and the message says why,
    and that a new one has to be made, which nobody vouches for.
    """
    old = (site.data / "keys/site.key").read_bytes()
    rotated(site)
    (site.data / "keys/site.key").write_bytes(old)

    said = sekimori("operator", "retire", 1, "--data", site.data, "--json")

    assert (2, "key") == (said.code, json.loads(said.err)["error"])
    assert "changed away" in said.err
    assert 2 == sekimori("key", "rotate", "--data", site.data).code

    rotated(site, "--compromised")
    site.start()
    assert 0 == site.stop()
    assert () == verify_file(site.data / "ledger.sqlite3", key=vkey(site)).findings


def test_backup_after_a_change_is_restored(site: SiteProcess, tmp_path: Path) -> None:
    """A backup of a site that changed its key verifies from the key before, and restores the former sealing key too."""
    old = vkey(site)
    rotated(site)
    made = json.loads(sekimori("backup", "--new-key", tmp_path / "k", "--data", tmp_path, "--json").out)
    taken = sekimori("backup", "-o", tmp_path / "b", "--to", made["recipient"], "--data", site.data)
    assert 0 == taken.code, taken.out

    options = ("--identity", tmp_path / "k", "--data", tmp_path / "new", "--key", old.text())
    said = sekimori("restore", tmp_path / "b", *options)

    assert 0 == said.code, said.err
    assert 1 == len(list((tmp_path / "new/keys").glob(f"{FORMER}*")))
