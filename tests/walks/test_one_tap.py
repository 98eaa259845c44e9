"""One tap, from the card in the field to the lock, through the real reader, rules, ledger and pins."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_process import SiteProcess

COPIED_KEY = "00112233445566778899aabbccddeeff"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteProcess]:
    """A running site with a right holder, and others who have something missing."""
    with SiteProcess(tmp_path_factory.mktemp("walk")) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.badge(yamada, "yamada")
            suzuki = past.person("鈴木 一郎")
            past.right(suzuki, "office", approved=False)
            past.right(suzuki, "lab", "never")
            past.badge(suzuki, "suzuki")
            tanaka = past.person("田中 守")
            past.right(tanaka, "office")
            past.badge(tanaka, "tanaka")
            past.suspend(tanaka)
        site.add_card("stranger", "0127ffffffff0001")
        site.add_card("copy", f"0127{yamada:012x}", COPIED_KEY)
        site.building.add_card("paper", "felica", "01271122334455aa")
        site.building.add_card("phone", "nfca", "08aabbcc")
        site.start()
        yield site


def test_right_holder_walks_in(site: SiteProcess) -> None:
    """A right holder's badge opens the door, and the ledger has the entry, the opening and the closing (C8.9)."""
    before = site.size()

    outcome = site.building.tap("yamada", "front/in")

    assert outcome.opened
    granted = site.wait_record("entry.granted", before, portal="front", side="in", zone="office")
    assert (granted.body.person, granted.body.assurance) == (1, 2)
    opened = site.wait_record("door.opened", before, portal="front", release=granted.seq, cause="entry")
    closed = site.wait_record("door.closed", before, portal="front", status="secure")
    assert granted.seq < opened.seq < closed.seq


@pytest.mark.parametrize(
    ("card", "reader", "code"),
    [
        ("stranger", "front/in", "enrolment"),
        ("copy", "front/in", "proof"),
        ("blank", "front/in", "personalisation"),
        ("paper", "front/in", "enrolment"),
        ("phone", "front/in", "identity"),
        ("suzuki", "front/in", "approval"),
        ("suzuki", "lab/in", "schedule"),
        ("yamada", "lab/in", "right"),
        ("tanaka", "front/in", "active_person"),
    ],
)
def test_what_is_missing_opens_nothing(site: SiteProcess, card: str, reader: str, code: str) -> None:
    """A tap with something missing leaves the lock alone and a record with the code of what is missing (C7.1)."""
    before = site.size()

    outcome = site.building.tap(card, reader, timeout_s=0.6)

    assert outcome.lock_released_at is None
    assert not outcome.opened
    refused = site.wait_record("entry.refused", before, portal=reader.partition("/")[0])
    assert refused.body.code == code


def test_nobody_is_kept_in(site: SiteProcess) -> None:
    """At the inner reader a badge that would not be let in is let out, and what is wrong with it is recorded (design §11)."""
    before = site.size()

    outcome = site.building.tap("tanaka", "lab/out")

    assert outcome.opened
    left = site.wait_record("exit.requested", before, portal="lab")
    assert (left.body.code, left.body.person) == ("active_person", 3)
    site.wait_record("door.closed", left.seq, portal="lab")


def test_the_way_out_is_no_secret_way_in(site: SiteProcess) -> None:
    """Who leaves one zone into another without a right to that one gets out, and is recorded with what is missing (C7.1)."""
    before = site.size()

    outcome = site.building.tap("suzuki", "lab/out")

    assert outcome.opened
    left = site.wait_record("exit.requested", before, portal="lab")
    assert (left.body.code, left.body.person) == ("approval", 2)
    site.wait_record("door.closed", left.seq, portal="lab")


def test_exit_button_lets_out(site: SiteProcess) -> None:
    """The exit button's release is recorded, and the leaf that then opens is no forced door."""
    before = site.size()

    site.building.press_rex("front")
    requested = site.wait_record("exit.requested", before, portal="front", code="")
    assert site.building.walk("front")

    assert site.wait_record("door.opened", before, portal="front", cause="exit").body.release == requested.seq
    site.wait_record("door.closed", before, portal="front")
    assert "door.forced" not in {record.kind for record in site.records(before)}


def test_nobody_came(site: SiteProcess) -> None:
    """A granted entry that nobody uses ends with the lock secure and a record that says so."""
    before = site.size()

    outcome = site.building.tap("yamada", "front/in", walk=False)

    assert outcome.lock_released_at is not None
    granted = site.wait_record("entry.granted", before)
    assert site.wait_record("entry.abandoned", before).body.release == granted.seq
    site.building.wait_for(lambda seen: not seen.doors["front"].released)


def test_forced_and_held(site: SiteProcess) -> None:
    """A leaf that opens with nothing having released it is forced; one that stays open too long is held (C8.10)."""
    before = site.size()

    site.building.open_leaf("lab")
    site.wait_record("door.forced", before, portal="lab")
    site.building.close_leaf("lab")
    site.wait_record("door.closed", before, portal="lab")
    site.building.press_rex("lab")
    site.wait_record("exit.requested", before, portal="lab")
    site.building.open_leaf("lab")

    site.wait_record("door.held", before, portal="lab")
    site.building.close_leaf("lab")
    site.wait_record("door.closed", site.wait_record("door.held", before).seq, portal="lab")


def test_locks_open_only_after_their_record(site: SiteProcess) -> None:
    """In the building's own log every release of a lock is later than the record that allows it."""
    granting = [r.at for r in site.records() if r.kind in ("entry.granted", "exit.requested", "portal.released")]
    events = [json.loads(line) for line in Path(site.folder / "building.log").read_text().splitlines()]
    released = [event["at"] for event in events if event["event"] == "released"]

    assert released
    assert len(released) <= len(granting)
    for at in released:
        assert any(allowed[:26] <= at[:26] for allowed in granting)
