"""An input that ends the controller does so once, or twice when it just dies; then it is known, refused, and on record."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_process import SiteProcess, until

from controller.ledger.verify import verify_file

pytestmark = pytest.mark.long

PROGRAM = Path(__file__).with_name("poisoned_controller.py")
BAD_CARD = "0127eeeeeeee6601"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """A site with two right holders, one with a badge that a bug of the rules cannot stand."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            for name, card in (("yamada", ""), ("suzuki", BAD_CARD)):
                person = past.person(name)
                past.right(person, "office")
                past.badge(person, name, card)
        yield site


def start(site: SiteProcess, how: str) -> None:
    """The controller with the bug, as systemd starts it again after each end."""
    site.start([sys.executable, str(PROGRAM), str(site.data), how])


def ends(site: SiteProcess, card: str = "suzuki") -> int:
    """Taps the card and waits for the controller's end; its exit code."""
    assert site.controller is not None
    site.building.tap(card, "front/in", walk=False, timeout_s=1.0)
    code = site.controller.wait(20)
    site.building.wait_for(lambda seen: not any(door.released for door in seen.doors.values()))
    return code


def test_an_exception_ends_it_once(site: SiteProcess) -> None:
    """The tap ends the process, with every lock secure; at the restart it is on record, refused, and others go in."""
    start(site, "raise")
    before = site.size()
    assert ends(site) == 1
    assert "entry.granted" not in [record.kind for record in site.records(before)]

    start(site, "raise")
    poisoned = site.wait_record("input.poisoned", before)
    site.building.tap("suzuki", "front/in", walk=False)
    refused = site.wait_record("entry.refused", before)
    site.building.tap("yamada", "front/in", walk=False)
    site.wait_record("entry.granted", before)

    assert (poisoned.body.sort, poisoned.body.place) == ("tap", "front/in")
    assert (refused.body.code, refused.body.credential) == ("internal", "")
    assert site.stop() == 0
    start(site, "raise")
    assert [record.kind for record in site.records()].count("input.poisoned") == 1
    site.building.tap("suzuki", "front/in", walk=False)
    site.wait_record("entry.refused", refused.seq)
    assert site.stop() == 0
    assert verify_file(site.data / "ledger.sqlite3").ok


def test_a_death_without_a_word_counts_when_it_comes_again(site: SiteProcess) -> None:
    """One death is nobody's fault; the second with the same badge in the works is: from then on it is refused."""
    start(site, "die")
    before = site.size()
    assert ends(site) == -11
    start(site, "die")
    assert "input.poisoned" not in [record.kind for record in site.records(before)]
    assert ends(site) == -11

    start(site, "die")
    site.wait_record("input.poisoned", before, sort="tap", place="front/in")
    site.building.tap("suzuki", "front/in", walk=False)

    site.wait_record("entry.refused", before, code="internal")
    site.building.tap("yamada", "front/in", walk=False)
    site.wait_record("entry.granted", before)
    assert site.stop() == 0


def test_a_killed_controller_blames_nobody(site: SiteProcess) -> None:
    """Killed twice with nothing in the works in between, no badge is refused for it."""
    start(site, "die")
    before = site.size()
    assert ends(site) == -11
    start(site, "never")
    site.building.tap("yamada", "front/in", walk=False)
    site.wait_record("entry.granted", before)
    site.kill()
    start(site, "die")
    assert ends(site) == -11
    start(site, "never")

    site.building.tap("suzuki", "front/in", walk=False)

    until("it is let in", lambda: len([r for r in site.records(before) if r.kind == "entry.granted"]) == 2 or None)
    assert "input.poisoned" not in [record.kind for record in site.records()]
    assert site.stop() == 0


def test_it_is_forgiven_at_the_console(site: SiteProcess) -> None:
    """The console lists what is refused, and forgives it; what nobody knows it refuses to forgive."""
    start(site, "raise")
    before = site.size()
    assert ends(site) == 1
    start(site, "never")
    poison = site.wait_record("input.poisoned", before).body.poison

    listed = site.sekimori("forgive")
    wrong = site.sekimori("forgive", "nothing")
    done = site.sekimori("forgive", poison, "--json")

    assert (0, 1, 0) == (listed.returncode, wrong.returncode, done.returncode)
    assert "front/in" in listed.stdout
    assert '"refused": []' in done.stdout or '"refused":[]' in done.stdout
    site.wait_record("input.forgiven", before, poison=poison, reason="console")
    site.building.tap("suzuki", "front/in", walk=False)
    site.wait_record("entry.granted", before)
    assert site.stop() == 0
