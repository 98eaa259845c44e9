"""What `sekimori deploy systemd` makes, looked at by systemd's own tools."""

import ctypes
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Said, sekimori
from site_process import SCRIPT, SiteProcess

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed (apt install systemd)")
EXPOSURE = {"sekimori.service": 2.1, "sekimori-dashboard.service": 1.4, "sekimori-backup.service": 1.1}
"""The most that `systemd-analyze security` may find, of 10."""
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1


def deploy(folder: Path, *more: str | Path) -> Said:
    return sekimori("deploy", "systemd", "-o", folder, "--keys", folder / "keys", *more)


def unit(folder: Path, name: str) -> str:
    return (folder / "systemd/system" / name).read_text()


@needs_systemd
def test_systemd_takes_them(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say of the four units: no unknown key, no value that is none."""
    assert 0 == deploy(tmp_path).code
    assert ANALYZE is not None
    made = sorted((tmp_path / "systemd/system").iterdir())

    done = subprocess.run([ANALYZE, "verify", "--man=no", *made], capture_output=True, text=True)

    assert 4 == len(made)
    ours = [line for line in done.stderr.splitlines() if "sekimori" in line]
    assert (0, []) == (done.returncode, ours)


@needs_systemd
@pytest.mark.parametrize("name", list(EXPOSURE))
def test_how_much_they_may(tmp_path: Path, name: str) -> None:
    """`systemd-analyze security` finds no more exposure than the README says."""
    deploy(tmp_path)
    assert ANALYZE is not None
    path = tmp_path / "systemd/system" / name

    done = subprocess.run(
        [ANALYZE, "security", "--offline=true", "--no-pager", str(path)], capture_output=True, text=True
    )

    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE[name], done.stdout


def test_what_is_promised_stands_there(tmp_path: Path) -> None:
    """Ready by notice, watched, started again for ever; and the clock may still be asked about (never set)."""
    deploy(tmp_path)
    text = unit(tmp_path, "sekimori.service")

    for line in ("Type=notify", "WatchdogSec=30", "Restart=always", "StartLimitIntervalSec=0", "CapabilityBoundingSet=",
                 "SystemCallFilter=adjtimex clock_adjtime", "WorkingDirectory=/var/lib/sekimori"):  # fmt: skip
        assert line in text.splitlines()
    assert "ProtectClock=yes" not in text.splitlines()
    assert "backup --data /var/lib/sekimori -o /var/backups/sekimori" in unit(tmp_path, "sekimori-backup.service")
    assert "d /var/backups/sekimori 0700 sekimori sekimori -" in (tmp_path / "tmpfiles.d/sekimori.conf").read_text()
    assert "u sekimori - " in (tmp_path / "sysusers.d/sekimori.conf").read_text()


def test_keys_are_credentials_where_they_are_kept(tmp_path: Path) -> None:
    """What is in the folder of keys is handed over by systemd, by path; what is not there is not asked for."""
    (tmp_path / "keys").mkdir()
    for name in ("site.key", "broker.password"):
        (tmp_path / "keys" / name).write_text("not looked at")

    said = deploy(tmp_path, "--json")

    text = unit(tmp_path, "sekimori.service")
    named = re.findall(r"^LoadCredential=(\S+):(\S+)$", text, re.MULTILINE)
    assert [(n, str(tmp_path / "keys" / n)) for n in ("site.key", "broker.password")] == named
    assert ["site.key", "broker.password"] == json.loads(said.out)["credentials"]
    assert "not looked at" not in text + said.out


def test_a_unit_of_ones_own_is_not_overwritten(tmp_path: Path) -> None:
    """A changed unit stays, ours is laid beside it, and the exit code says so."""
    deploy(tmp_path)
    path = tmp_path / "systemd/system/sekimori.service"
    path.write_text("# mine\n")

    assert 1 == deploy(tmp_path).code
    assert "# mine\n" == path.read_text()
    assert "WatchdogSec=30" in path.with_name("sekimori.service.new").read_text()


@pytest.mark.parametrize("path", ["relative", "/with blank", "/a%b", "/a\nExecStartPre=evil", "/home/pi/data", "/a:b"])
def test_paths_that_a_unit_would_misread_are_refused(tmp_path: Path, path: str) -> None:
    """A path that means something to systemd, or that the sandbox hides, makes no unit (exit 2)."""
    said = deploy(tmp_path, "--data", path)

    assert 2 == said.code
    assert [] == [made for made in tmp_path.rglob("*") if made.is_file()]


@pytest.mark.skipif(ctypes.CDLL(None).prctl(66, 0, 0, 0, 0) < 0, reason="needs Linux 6.3 (PR_SET_MDWE)")
def test_it_runs_without_memory_that_is_written_and_run(tmp_path: Path) -> None:
    """`MemoryDenyWriteExecute` is no promise that the programs cannot keep: a controller taps, starts and stops under it."""
    deny = f"import ctypes, os, sys; ctypes.CDLL(None).prctl({PR_SET_MDWE}, {PR_MDWE_REFUSE_EXEC_GAIN}, 0, 0, 0)"
    run = f"{deny}; os.execv(sys.argv[1], sys.argv[1:])"
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            person = past.person("山田 花子")
            past.right(person, "office")
            past.badge(person, "yamada")
        site.start([sys.executable, "-c", run, SCRIPT, "run", "--data", str(site.data)])
        site.building.tap("yamada", "front/in")
        site.wait_record("entry.granted", person=person)
        assert 0 == site.stop()
