"""`sekimori backup` and `sekimori restore` over a real site (C9.2)."""

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any

import pyrage
import pytest
from command_line import Said, sekimori
from site_process import SiteProcess, until
from sites import stored_tables

from controller.backup.archive import LARGEST_SMALL, Manifest, Member, Packed
from controller.backup.identities import load_identities
from controller.cli.texts import Lang
from controller.ledger.ledger import Ledger, Stamp
from controller.ledger.verify import verify_file
from controller.record.kinds.site import LedgerReopened
from controller.site import open_site, settings_of

KILLED = Path(__file__).with_name("killed_backup.py")


def key(far: Path) -> tuple[Path, str]:
    """A new identity's file and its recipient."""
    path = far / "backup.key"
    made = json.loads(sekimori("backup", "--new-key", path, "--data", far, "--json").out)
    return path, made["recipient"]


def taken(site: SiteProcess, far: Path) -> tuple[Path, Path, dict[str, Any]]:
    """A backup, the identity that opens it, and what the command said."""
    identity, recipient = key(far)
    out = far / "night.tar.age"
    said = sekimori("backup", "-o", out, "--to", recipient, "--data", site.data, "--json")
    assert 0 == said.code, said.err
    return out, identity, json.loads(said.out)


def restored(file: Path, identity: Path, data: Path, *more: object) -> Said:
    return sekimori("restore", file, "--identity", identity, "--data", data, "--json", *more)


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder that outlives a run: not locks and shared memory."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".lock",) and not path.name.endswith(("-shm", "-wal"))
    }


def hold(data: Path, count: int) -> None:
    """The ledger has so many records, verifies, and its tables are what they fold to."""
    report = verify_file(data / "ledger.sqlite3")
    assert (True, count) == (report.ok, report.count), report.findings
    ledger = Ledger(data / "ledger.sqlite3", "works")
    try:
        live = stored_tables(ledger.connection)
        ledger.rebuild()
        assert live == stored_tables(ledger.connection)
    finally:
        ledger.close()


def test_backup_is_taken_while_taps_are_decided_and_restored_elsewhere(
    site: SiteProcess, far: Path, tmp_path: Path
) -> None:
    """A backup of a running controller is one moment of it: restored into an empty directory it verifies, its tables are
    what its records fold to, keys and settings are the same, and a controller starts on it and lets the same people in (C9.2).
    """
    site.start()
    stop = threading.Event()

    def tapping() -> None:
        while not stop.is_set():
            size = site.size()
            site.building.tap("yamada", "front/in")
            site.wait_record("entry.granted", after=size)

    taps = threading.Thread(target=tapping)
    taps.start()
    try:
        until("some taps", lambda: sum(r.kind == "entry.granted" for r in site.records()) > 3 or None)
        file, identity, said = taken(site, far)
    finally:
        stop.set()
        taps.join(30)
    granted = [record.seq for record in site.records() if record.kind == "entry.granted"]
    assert granted[0] < said["count"] <= site.size()
    assert 0 == site.stop()

    elsewhere = tmp_path / "new"
    done = restored(file, identity, elsewhere)

    assert 0 == done.code, done.err
    hold(elsewhere, said["count"])
    for name in ("site.toml", "keys/site.key", "keys/cards.key", "keys/pepper.key"):
        assert (site.data / name).read_bytes() == (elsewhere / name).read_bytes()
        assert 0o600 == stat.S_IMODE((elsewhere / name).stat().st_mode)
    private = "select * from private order by id, version"
    assert site.query(private) == sqlite3.connect(elsewhere / "ledger.sqlite3").execute(private).fetchall()
    site.data = elsewhere
    site.start()
    size = site.size()
    site.building.tap("yamada", "front/in")
    site.wait_record("entry.granted", after=size)
    assert 0 == site.stop()


def test_backup_says_what_is_in_it(site: SiteProcess, far: Path) -> None:
    """Count, size and SHA-256 are those of the file, which its owner alone may read; the manifest names every member."""
    file, _, said = taken(site, far)

    assert (said["bytes"], said["sha256"]) == (file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert site.size() == said["count"] == said["manifest"]["size"]
    names = ["site.toml", "keys/site.key", "keys/cards.key", "keys/pepper.key", "ledger.sqlite3"]
    assert names == [member["name"] for member in said["manifest"]["members"]]
    assert [] == [name for name in os.listdir(site.data) if "copy" in name]
    assert ["backup.key", "night.tar.age"] == sorted(os.listdir(far))


def test_stock_age_opens_a_backup(site: SiteProcess, far: Path) -> None:
    """The file is age's form around a tar archive: decrypted by the library alone, tar reads it, and a ledger is in it."""
    file, identity, said = taken(site, far)
    archive = far / "plain.tar"
    pyrage.decrypt_file(str(file), str(archive), load_identities(identity))
    with tarfile.open(archive) as tar:
        tar.extractall(far / "out", filter="data")

    assert verify_file(far / "out" / "ledger.sqlite3").count == said["count"]
    assert said["manifest"] == json.loads((far / "out" / "manifest.json").read_text())


def test_erased_text_is_not_in_a_backup(site: SiteProcess, far: Path) -> None:
    """What was deleted from the private store before is in no page of the copy, though SQLite may still have it in the file."""
    connection = sqlite3.connect(site.data / "ledger.sqlite3")
    connection.execute("delete from private where text like '%山田%'")
    connection.commit()
    connection.close()
    file, identity, _ = taken(site, far)

    plain = pyrage.decrypt(file.read_bytes(), load_identities(identity))
    assert "佐藤".encode() in plain
    assert "山田".encode() not in plain


def test_recipients_come_from_the_settings(site: SiteProcess, far: Path) -> None:
    """Without --to the recipients in site.toml are taken, so that a timer needs no argument; into a folder it is dated."""
    _, recipient = key(far)
    toml = site.data / "site.toml"
    toml.write_text(toml.read_text() + f'[backup]\nrecipients = ["{recipient}"]\n')

    said = json.loads(sekimori("backup", "-o", far, "--data", site.data, "--json").out)

    assert [recipient] == said["recipients"]
    assert Path(said["file"]).parent == far and Path(said["file"]).name.startswith("sekimori-works-2")
    assert (recipient,) == settings_of(site.data).backup_recipients


def test_two_recipients_and_a_file_of_them(site: SiteProcess, far: Path) -> None:
    """Each of several recipients opens the backup alone; they may stand in a file with comments."""
    others = [pyrage.x25519.Identity.generate() for _ in range(2)]
    listed = far / "recipients.txt"
    listed.write_text("# the two custodians\n" + "\n".join(str(other.to_public()) for other in others) + "\n")

    said = sekimori("backup", "-o", far / "b.age", "--to", listed, "--data", site.data)

    assert 0 == said.code
    for other in others:
        assert pyrage.decrypt((far / "b.age").read_bytes(), [other])


def test_files_that_the_settings_name_are_in_it(site: SiteProcess, far: Path, tmp_path: Path) -> None:
    """A password file in the data directory comes along and is restored; one that lies elsewhere is named as missing."""
    (site.data / "broker.password").write_text("secret\n")
    outside = far / "ca.pem"
    outside.write_text("certificate\n")
    toml = site.data / "site.toml"
    more = f'password_file = "{site.data}/broker.password"\nca_file = "{outside}"\n'
    toml.write_text(toml.read_text() + f'[broker]\nhost = "127.0.0.1"\nuser = "works"\n{more}')
    file, identity, said = taken(site, far)

    assert [str(outside)] == said["outside"]
    assert 0 == restored(file, identity, tmp_path / "new").code
    assert "secret\n" == (tmp_path / "new" / "broker.password").read_text()


def test_marker_says_what_was_restored(site: SiteProcess, far: Path, tmp_path: Path) -> None:
    """The next start finds `restored.json` with the ledger's size, root, epoch and newest checkpoint."""
    file, identity, said = taken(site, far)
    restored(file, identity, tmp_path / "new")
    marker = json.loads((tmp_path / "new" / "restored.json").read_text())

    assert {"at", "size", "root", "epoch", "note"} == set(marker)
    manifest = said["manifest"]
    assert [manifest[name] for name in ("size", "root", "epoch", "note")] == [
        marker[name] for name in ("size", "root", "epoch", "note")
    ]


def test_ledger_of_a_later_epoch_is_restored(site: SiteProcess, far: Path) -> None:
    """A ledger that began anew once is backed up and restored under the name of its present epoch."""
    opened = open_site(site.data)
    stamp = Stamp("2030-01-01T00:00:00.000000Z", "b", "synced")
    with opened.ledger.transaction():
        opened.ledger.append(LedgerReopened("works", 2, "", "lost"), "controller", stamp)
    opened.ledger.close()
    file, identity, said = taken(site, far)

    assert 0 == restored(file, identity, far / "new").code
    marker = json.loads((far / "new" / "restored.json").read_text())
    assert (2, "sekimori/works/2") == (marker["epoch"], marker["note"].partition("\n")[0])
    hold(far / "new", said["count"])


def test_dry_run_lists_the_differences_and_changes_nothing(site: SiteProcess, far: Path) -> None:
    """A dry run over a site that went on says what would be lost: records, newest time, keys, settings; nothing changes."""
    file, identity, said = taken(site, far)
    with site.past() as past:
        past.person("鈴木 次郎")
    toml = site.data / "site.toml"
    toml.write_text(toml.read_text().replace("release_s = 3", "release_s = 4", 1))
    (site.data / "keys/pepper.key").write_bytes(bytes(32))
    before = files(site.data)

    done = restored(file, identity, site.data, "--dry-run")

    assert 0 == done.code, done.err
    difference = json.loads(done.out)["difference"]
    assert ("ahead", said["count"], site.size()) == tuple(
        difference[n] for n in ("history", "records", "records_there")
    )
    assert difference["newest"] < difference["newest_there"]
    assert {"keys/site.key": "same", "keys/cards.key": "same", "keys/pepper.key": "other"} == difference["keys"]
    assert ["portal[1].release_s"] == difference["settings"]
    assert before == files(site.data)
    assert [] == [path for path in site.data.parent.iterdir() if "restoring" in path.name]


def test_ledger_is_not_overwritten_unless_told(site: SiteProcess, far: Path) -> None:
    """A data directory with a ledger is refused; with --replace it is moved aside whole, and the backup takes its place."""
    file, identity, said = taken(site, far)
    with site.past() as past:
        past.person("鈴木 次郎")
    before = files(site.data)

    refused = restored(file, identity, site.data)
    assert (1, "holds_ledger") == (refused.code, json.loads(refused.out)["code"])
    assert before == files(site.data)

    done = json.loads(restored(file, identity, site.data, "--replace").out)
    assert before == files(Path(done["moved"]))
    hold(site.data, said["count"])


def test_running_controller_is_not_replaced(site: SiteProcess, far: Path) -> None:
    """While a controller runs there, not even --replace puts anything in its place."""
    file, identity, _ = taken(site, far)
    site.start()

    said = restored(file, identity, site.data, "--replace")

    assert (2, "in_use") == (said.code, json.loads(said.err)["error"])
    assert 0 == site.stop()


def test_broken_ledger_can_be_replaced(site: SiteProcess, far: Path) -> None:
    """A ledger that cannot be read any more, which is what backups are for, is moved aside like a good one."""
    file, identity, said = taken(site, far)
    (site.data / "ledger.sqlite3").write_bytes(b"no database" * 1000)

    done = restored(file, identity, site.data, "--replace")

    assert 0 == done.code, done.err
    assert "unreadable" == json.loads(done.out)["difference"]["history"]
    hold(site.data, said["count"])


def test_folder_of_other_things_is_left_alone(site: SiteProcess, far: Path) -> None:
    """A folder that is no data directory is neither filled nor moved aside, whatever is said."""
    file, identity, _ = taken(site, far)
    (far / "docs").mkdir()
    (far / "docs" / "letter.txt").write_text("x")

    said = restored(file, identity, far / "docs", "--replace")

    assert (1, "no_data_directory") == (said.code, json.loads(said.out)["code"])
    assert ["letter.txt"] == os.listdir(far / "docs")


def test_backup_of_another_site_is_refused(site: SiteProcess, far: Path) -> None:
    """Over a data directory of one site, the backup of another is refused by name."""
    file, identity, _ = taken(site, far)
    other = far / "other"
    other.mkdir()
    (other / "site.toml").write_text((site.data / "site.toml").read_text().replace('id = "works"', 'id = "plant"'))

    said = restored(file, identity, other)

    assert (1, "other_site") == (said.code, json.loads(said.out)["code"])
    assert ["site.toml"] == os.listdir(other)


def test_backup_under_another_key_is_refused(site: SiteProcess, far: Path, tmp_path: Path) -> None:
    """age does not say who wrote a backup; with the verifier key kept elsewhere, one signed by another key is refused."""
    file, identity, _ = taken(site, far)
    shown = json.loads(sekimori("trust", "--data", site.data, "--json").out)["verifier_key"]
    with SiteProcess(tmp_path) as other:
        strange = json.loads(sekimori("trust", "--data", other.data, "--json").out)["verifier_key"]

    refused = restored(file, identity, far / "n", "--key", strange)
    assert (1, "content") == (refused.code, json.loads(refused.out)["code"])
    assert 0 == restored(file, identity, far / "n", "--key", shown).code


def test_wrong_identity_opens_nothing(site: SiteProcess, far: Path) -> None:
    """Another identity, or a file without one, is a clear error, and nothing is left where it should have been restored."""
    file, _, _ = taken(site, far)
    other = far / "other.key"
    sekimori("backup", "--new-key", other, "--data", far)
    (far / "none.key").write_text("# nothing\n")

    said = restored(file, other, far / "new")
    assert (2, "identity") == (said.code, json.loads(said.out)["code"])
    none = restored(file, far / "none.key", far / "new")
    assert (2, "identity") == (none.code, json.loads(none.err)["error"])
    assert {"backup.key", "night.tar.age", "other.key", "none.key"} == set(os.listdir(far))


@pytest.mark.parametrize("cut", [0, 60, 5_000, 0.5, -1])
def test_truncated_backup_is_refused(site: SiteProcess, far: Path, cut: float) -> None:
    """A backup cut anywhere, in its header too, is refused as damaged, and nothing is left of it."""
    file, identity, _ = taken(site, far)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(cut * len(whole)) if isinstance(cut, float) else cut])

    said = restored(file, identity, far / "new")

    assert (1, "damaged") == (said.code, json.loads(said.out)["code"])
    assert ["backup.key", "night.tar.age"] == sorted(os.listdir(far))


@pytest.mark.parametrize("at", [20, 300, 0.3, 0.9, -1])
def test_flipped_byte_is_refused(site: SiteProcess, far: Path, at: float) -> None:
    """A backup with one byte changed anywhere is refused, and nothing is left of it."""
    file, identity, _ = taken(site, far)
    data = bytearray(file.read_bytes())
    data[int(at * len(data)) if isinstance(at, float) else at] ^= 1
    file.write_bytes(data)

    said = restored(file, identity, far / "new")

    assert said.code in (1, 2)
    assert json.loads(said.out)["code"] in ("damaged", "identity")
    assert ["backup.key", "night.tar.age"] == sorted(os.listdir(far))


def forged(site: SiteProcess, far: Path, change: Any) -> tuple[Path, Path]:
    """A backup as somebody would make it who knows the recipient: members and manifest as `change` leaves them."""
    identity, recipient = key(far)
    said = sekimori("backup", "-o", far / "good", "--to", recipient, "--data", site.data, "--json")
    manifest = json.loads(said.out)["manifest"]
    copy = far / "copy.sqlite3"
    shutil.copy(site.data / "ledger.sqlite3", copy)
    contents = {m["name"]: (site.data / m["name"]).read_bytes() for m in manifest["members"]}
    change(manifest, contents)
    paths, members = [], []
    for n, (name, data) in enumerate(contents.items()):
        path = far / f"member-{n}"
        path.write_bytes(data)
        paths.append(path)
        members.append(Member(name, len(data), hashlib.sha256(data).hexdigest()))
    manifest.pop("sekimori-backup")
    made = Manifest(1, **{**manifest, "members": tuple(members)})
    packed, out = Packed(made, paths, lambda count: None), far / "forged.age"
    with out.open("wb") as file:
        pyrage.encrypt_io(packed, file, [pyrage.x25519.Recipient.from_str(recipient)])
    return out, identity


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "keys/../../evil", "keys/a/b", "restored.json", "ledger.sqlite3-wal", "a/b", ".bashrc"],
)
def test_other_names_do_not_exist(site: SiteProcess, far: Path, name: str) -> None:
    """An archive with any name that no data directory has is refused before anything of it is written."""

    def change(manifest: dict[str, Any], contents: dict[str, bytes]) -> None:
        contents[name] = b"evil"

    file, identity = forged(site, far, change)
    said = restored(file, identity, far / "new")

    assert (1, "form") == (said.code, json.loads(said.out)["code"])
    assert not (far / "new").exists() and not (far / "evil").exists()


def test_member_must_be_as_the_manifest_says(site: SiteProcess, far: Path) -> None:
    """A settings file of another site, and a member that is too large, are refused."""

    def other_site(manifest: dict[str, Any], contents: dict[str, bytes]) -> None:
        contents["site.toml"] = contents["site.toml"].replace(b'id = "works"', b'id = "plant"')

    def large(manifest: dict[str, Any], contents: dict[str, bytes]) -> None:
        contents["big"] = bytes(LARGEST_SMALL + 1)

    for change, code in ((other_site, "content"), (large, "form")):
        folder = far / code
        folder.mkdir()
        file, identity = forged(site, folder, change)
        said = restored(file, identity, folder / "new")
        assert (1, code) == (said.code, json.loads(said.out)["code"])
        assert not (folder / "new").exists()


def test_tampered_record_is_refused(site: SiteProcess, far: Path) -> None:
    """A backup whose ledger was changed before it was taken is not restored: its checkpoints contradict it."""
    connection = sqlite3.connect(site.data / "ledger.sqlite3")
    connection.execute("drop trigger record_is_not_changed")
    connection.execute("update record set bytes = cast(replace(bytes, ':9,', ':8,') as blob) where seq = 9")
    connection.commit()
    connection.close()
    identity, recipient = key(far)
    said = sekimori("backup", "-o", far / "b.age", "--to", recipient, "--data", site.data, "--json")

    assert (1, False) == (said.code, json.loads(said.out)["ok"])
    refused = restored(far / "b.age", identity, far / "new")
    assert (1, "content") == (refused.code, json.loads(refused.out)["code"])
    assert not (far / "new").exists()


def test_invented_records_at_the_end_are_refused(site: SiteProcess, far: Path) -> None:
    """Records that somebody added behind the last checkpoint do not pass: a backup is covered to its last record."""

    def change(manifest: dict[str, Any], contents: dict[str, bytes]) -> None:
        path = far / "evil.sqlite3"
        path.write_bytes(contents["ledger.sqlite3"])
        connection = sqlite3.connect(path)
        newest, data = connection.execute("select max(seq), bytes from record").fetchone()
        record = json.loads(data) | {"seq": newest + 1}
        added = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        connection.execute("insert into record values (?, ?)", (newest + 1, added))
        connection.commit()
        connection.execute("pragma journal_mode = delete")
        connection.close()
        contents["ledger.sqlite3"] = path.read_bytes()
        report = verify_file(path)
        assert report.ok
        manifest.update(size=report.count, root=report.root)

    file, identity = forged(site, far, change)
    said = restored(file, identity, far / "new")

    assert (1, "content") == (said.code, json.loads(said.out)["code"])


def test_tables_say_what_the_records_say(site: SiteProcess, far: Path) -> None:
    """A right that stands in the tables and in no record, and a trigger that would make more, do not survive a restore."""

    def change(manifest: dict[str, Any], contents: dict[str, bytes]) -> None:
        path = far / "evil.sqlite3"
        path.write_bytes(contents["ledger.sqlite3"])
        connection = sqlite3.connect(path)
        connection.execute("pragma journal_mode = delete")
        connection.execute("update access_right set zone = 'lab'")
        connection.execute("create trigger evil after insert on record begin update access_right set zone = 'lab'; end")
        connection.commit()
        connection.close()
        contents["ledger.sqlite3"] = path.read_bytes()

    file, identity = forged(site, far, change)

    assert 0 == restored(file, identity, far / "new").code
    connection = sqlite3.connect(far / "new" / "ledger.sqlite3")
    assert [("office",)] == connection.execute("select distinct zone from access_right").fetchall()
    assert [] == connection.execute("select name from sqlite_schema where name = 'evil'").fetchall()
    assert 3 == connection.execute("select count(*) from sqlite_schema where type = 'trigger'").fetchone()[0]


# Killed, and full --------------------------------------------------------------------------------------------------------


def killed(*arguments: object) -> None:
    """Runs a backup or a restore that kills itself at a step."""
    done = subprocess.run([sys.executable, KILLED, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert -9 == done.returncode, done.stderr


@pytest.mark.parametrize("step", ["copied", "verified", "half", "written"])
def test_killed_backup_leaves_no_backup(site: SiteProcess, far: Path, step: str) -> None:
    """Killed at any step, no file has the backup's name; the next one removes the copy that was left, and is whole."""
    identity, recipient = key(far)
    out = far / "night.tar.age"
    killed("backup", site.data, step, out, recipient)
    assert not out.exists()
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in site.data.glob("backup.*"))

    assert 0 == sekimori("backup", "-o", out, "--to", recipient, "--data", site.data).code

    assert ["backup.key", "night.tar.age"] == sorted(os.listdir(far))
    assert ["backup.lock"] == [path.name for path in site.data.glob("backup.*")]
    assert 0 == restored(out, identity, far / "new").code


@pytest.mark.parametrize("step", ["half", "unpacked", "verified", "ready", "aside"])
def test_killed_restore_leaves_the_old_or_nothing(site: SiteProcess, far: Path, step: str) -> None:
    """Killed at any step of replacing a ledger, the old one is whole, here or aside; what is half done starts nothing and
    is gone after the next restore, which is whole.
    """
    file, identity, said = taken(site, far)
    with site.past() as past:
        past.person("鈴木 次郎")
    before = files(site.data)
    killed("restore", site.data, step, file, identity)
    aside = list(site.data.parent.glob("data.replaced-*"))
    assert before == files(site.data if step != "aside" else aside[0])

    assert 0 == restored(file, identity, site.data, "--replace").code

    hold(site.data, said["count"])
    assert [] == list(site.data.parent.glob(".*restoring*"))
    assert before == files(next(site.data.parent.glob("data.replaced-*")))


def test_killed_restore_into_a_new_directory_leaves_none(site: SiteProcess, far: Path) -> None:
    """Killed before its end, a restore into a directory that is not there yet has not made it."""
    file, identity, _ = taken(site, far)
    killed("restore", far / "new", "ready", file, identity)

    assert not (far / "new").exists()
    assert 2 == sekimori("check", "--data", far / "new").code
    assert 0 == restored(file, identity, far / "new").code


@pytest.fixture
def small(far: Path) -> Any:
    """A file system of 64 KB; the test says what is missing where none can be mounted."""
    folder = far / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small tmpfs: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk_is_said_and_leaves_nothing(site: SiteProcess, far: Path, small: Path) -> None:
    """Where the output finds no room, the command says so and leaves neither a piece of it nor the copy."""
    _, recipient = key(far)

    said = sekimori("backup", "-o", small / "b.age", "--to", recipient, "--data", site.data, "--json")

    assert (2, "system") == (said.code, json.loads(said.err)["error"])
    assert "No space" in said.err
    assert [] == os.listdir(small)
    assert ["backup.lock"] == [path.name for path in site.data.glob("backup.*")]


def test_full_disk_refuses_a_restore(site: SiteProcess, far: Path, small: Path) -> None:
    """A restore to a disk without room is refused before it writes the ledger, and leaves nothing."""
    file, identity, _ = taken(site, far)

    said = restored(file, identity, small / "new")

    assert (2, "space") == (said.code, json.loads(said.out)["code"])
    assert [] == os.listdir(small)


# The command's manners ----------------------------------------------------------------------------------------------------


def test_identity_is_made_once_and_private(far: Path) -> None:
    """The identity's file is its owner's alone and never overwritten; both languages say that it must leave the machine."""
    path = far / "k"
    said = sekimori("backup", "--new-key", path, "--data", far)
    made = path.read_text()

    assert (0, 0o600) == (said.code, stat.S_IMODE(path.stat().st_mode))
    assert "AGE-SECRET-KEY-1" in made and "AGE-SECRET-KEY" not in said.out
    assert "off this machine" in said.out
    again = sekimori("backup", "--new-key", path, "--data", far, lang=Lang.JA)
    assert (2, made) == (again.code, path.read_text())
    assert "この機械から消して" in sekimori("backup", "--new-key", far / "k2", "--data", far, lang=Lang.JA).out


@pytest.mark.parametrize("to", [[], ["--to", "age1nobody"], ["--to", "/nowhere/recipients"]])
def test_backup_without_recipient_is_not_taken(site: SiteProcess, far: Path, to: list[str]) -> None:
    """With nobody to encrypt to, or a recipient that is none, nothing is written."""
    said = sekimori("backup", "-o", far / "b.age", *to, "--data", site.data)

    assert 2 == said.code
    assert [] == os.listdir(far)


def test_lost_keys_are_not_made_anew_beside_a_ledger(site: SiteProcess) -> None:
    """Beside a ledger no key is made in silence: a site without its keys does not start, and says which are missing."""
    (site.data / "keys/site.key").unlink()

    said = sekimori("trust", "--data", site.data)

    assert (2, True) == (said.code, "site.key" in said.err)
    assert not (site.data / "keys/site.key").exists()


def test_keys_come_from_credentials(site: SiteProcess, far: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What systemd hands over as credentials goes before the data directory, whatever its mode says; the rest is from there."""
    credentials = far / "credentials"
    credentials.mkdir(mode=0o700)
    for name in ("site.key", "cards.key"):
        (site.data / "keys" / name).rename(credentials / name)
        (credentials / name).chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    opened = open_site(site.data)
    opened.ledger.close()
    assert site.keys.site.public == opened.key.public
    assert not (site.data / "keys/site.key").exists()

    file, identity, _ = taken(site, far)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert 0 == restored(file, identity, far / "new").code
    assert (credentials / "site.key").read_bytes() == (far / "new/keys/site.key").read_bytes()
