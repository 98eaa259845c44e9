"""`sekimori listen`."""

import json
import os
import signal
import subprocess

import pytest
from command_line import sekimori
from site_process import SCRIPT, SiteProcess

from controller.cli.texts import Lang


def listening(site: SiteProcess, *options: str) -> subprocess.Popen[str]:
    """`listen` from the ledger's present end on, its lines in a pipe."""
    command = [SCRIPT, "listen", "--data", str(site.data), "--after", str(site.size()), *options]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"LC_ALL": "ja_JP.UTF-8"},
        preexec_fn=_at_a_terminal,
    )


def _at_a_terminal() -> None:
    """As a shell starts what is typed: tests that run in the background have Ctrl-C ignored, and would pass that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_records_come_as_they_are_committed(running: SiteProcess) -> None:
    """Each committed record is a line at once, the ledger's own bytes, and after N lines `listen` ends with 0."""
    with listening(running, "--json", "-n", "2") as process:
        assert process.stdout is not None
        running.building.tap("yamada", "front/in")
        first = process.stdout.readline()
        second = process.stdout.readline()
        assert 0 == process.wait(10)

    stored = running.query(
        "select bytes from record where seq in (?, ?) order by seq",
        *(json.loads(line)["seq"] for line in (first, second)),
    )
    assert [line.encode().rstrip() for line in (first, second)] == [data for (data,) in stored]
    assert "entry.granted" == json.loads(first)["kind"]


def test_line_says_what_where_who_and_why(running: SiteProcess) -> None:
    """In words a line has the kind, the door, the person's name from the private store, and for a refusal its reason."""
    with listening(running, "-n", "2") as process:
        assert process.stdout is not None
        running.building.tap("blank", "front/in", timeout_s=0.5)
        running.building.tap("sato", "front/in")
        refused, granted = process.stdout.readline(), process.stdout.readline()

    assert all(word in refused for word in ("通行を拒否", "frontの扉 入", "カードが初期鍵のままです"))
    assert all(word in granted for word in ("通行を許可", "frontの扉 入", "佐藤 一郎 #2"))
    assert "\x1b" not in refused + granted


def test_what_was_is_shown_without_waiting(running: SiteProcess) -> None:
    """`--no-follow` prints the last records and ends; with `--after 0` all of them, in order and without a gap."""
    every = [
        json.loads(line)["seq"]
        for line in sekimori("listen", "--no-follow", "--after", 0, "--json", "--data", running.data).out.splitlines()
    ]
    last = sekimori("listen", "--no-follow", "-n", 3, "--data", running.data, lang=Lang.JA)

    assert list(range(1, len(every) + 1)) == every
    assert (0, 3) == (last.code, last.out.count("\n"))


def test_closed_pipe_is_an_end(running: SiteProcess) -> None:
    """When nobody reads its output any more, `listen` ends at the next record, with 0 and without a word."""
    with listening(running) as process:
        assert process.stdout is not None
        process.stdout.close()
        running.building.tap("yamada", "front/in")
        assert 0 == process.wait(10)


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_interrupt_is_an_end(running: SiteProcess, number: int) -> None:
    """Ctrl-C ends `listen` with 0."""
    with listening(running) as process:
        assert process.stdout is not None
        running.building.tap("yamada", "front/in")
        process.stdout.readline()
        process.send_signal(number)
        assert 0 == process.wait(10)


def test_no_ledger_is_said_in_one_line(site: SiteProcess) -> None:
    """Where there is no ledger, `listen` ends with 2 and one line."""
    said = sekimori("listen", "--data", site.data)

    assert (2, 1) == (said.code, said.err.count("\n"))
    assert "no ledger" in said.err
