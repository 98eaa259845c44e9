"""An airlock, through the loop: two portals of which one waits for the other (C8.7)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, exit_button, leaf, make_site, people, tap

from controller.explaining import explained
from controller.inbox import ContactSeen
from controller.record.asks import OverridePortal, ReleasePortal, ResumePortal
from controller.record.canonical import timestamp
from controller.rules.portal import STANDS, Status

TEXT = SITE_TOML.replace('inner = "lobby"\n', 'inner = "lobby"\ninterlock = ["lab-door"]\n', 1).replace(
    'inner = "lab"\n', 'inner = "lab"\ninterlock = ["front"]\n', 1
)
UNLOCKED = STANDS | {Status.RELEASED}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The site with its people; front and lab door are an airlock, every leaf is closed."""
    made = people(make_site(tmp_path, text=TEXT))
    made.turn(leaf("front", False), leaf("lab-door", False), leaf("vault-door", False))
    yield made
    assert made.actuator.unrecorded == []
    made.close()


@pytest.fixture
def restarted(tmp_path: Path) -> Iterator[TestSite]:
    """The same site after a start, before any contact was read."""
    before = people(make_site(tmp_path, text=TEXT))
    before.close()
    made = make_site(tmp_path, text=TEXT, clock=before.clock, boot="boot-2")
    yield made
    made.close()


def codes(site: TestSite, *inputs: object) -> list[str]:
    """The refusal codes of a turn."""
    return [record.body.code for record in site.turn(*inputs) if record.kind == "entry.refused"]  # type: ignore[arg-type]


def status(site: TestSite, portal: str) -> str:
    """How the portal stands."""
    return str(site.loop.portals[portal].status)


def test_the_explanation_looks_at_the_other_door(site: TestSite) -> None:
    """What is explained while the other door is released is what the second door says."""
    site.turn(tap("front/in", "card:1"))
    said = explained(site.facility, site.ledger.connection, 1, "lab-door", site.clock.now(), site.ledger.size)

    assert [said.code] == codes(site, tap("lab-door/in", "card:1")) == ["interlock"]


def test_one_after_the_other(site: TestSite) -> None:
    """Through an airlock one goes door by door: the second opens once the first is shut and locked, not before."""
    assert codes(site, tap("front/in", "card:1")) == []
    assert codes(site, tap("lab-door/in", "card:1")) == ["interlock"]
    site.turn(leaf("front", True))
    assert codes(site, tap("lab-door/in", "card:1")) == ["interlock"]
    site.turn(leaf("front", False))

    assert codes(site, tap("lab-door/in", "card:1")) == []
    assert (status(site, "front"), status(site, "lab-door")) == ("secure", "released")
    assert site.actuator.releases() == ["front", "lab-door"]


def test_two_taps_at_once(site: TestSite) -> None:
    """Of two taps in one turn at both doors one opens."""
    assert codes(site, tap("front/in", "card:1"), tap("lab-door/in", "card:2")) == ["interlock"]
    assert site.actuator.releases() == ["front"]


@pytest.mark.parametrize("trouble", [[leaf("front", True)], [tap("front/in", "card:1"), leaf("front", True)]])
def test_forced_or_held_blocks(site: TestSite, trouble: list[ContactSeen]) -> None:
    """A door that was forced, or is held open, blocks the other until it is shut."""
    site.turn(*trouble)
    site.step(25)
    site.turn()
    assert status(site, "front") in ("forced", "held")

    assert codes(site, tap("lab-door/in", "card:1")) == ["interlock"]
    site.turn(leaf("front", False))
    assert codes(site, tap("lab-door/in", "card:1")) == []


def test_never_seen_blocks(restarted: TestSite) -> None:
    """After a start a door whose contact was not read yet is not known to be shut: the other waits."""
    restarted.turn(leaf("lab-door", False))

    assert codes(restarted, tap("lab-door/in", "card:1")) == ["interlock"]
    restarted.turn(leaf("front", False))
    assert codes(restarted, tap("lab-door/in", "card:1")) == []


def test_an_operator_waits_too(site: TestSite) -> None:
    """No operator lets one door go while the other is not secure."""
    site.turn(tap("front/in", "card:1"))

    assert site.asks(ReleasePortal("lab-door"), 2) == "interlock"
    site.turn(leaf("front", True))
    site.turn(leaf("front", False))
    assert site.asks(ReleasePortal("lab-door"), 2) is None


@pytest.mark.parametrize("way_out", ["button", "badge"])
def test_leaving_is_not_held_back(site: TestSite, way_out: str) -> None:
    """Who leaves is let out though the other door is open, and that is an alarm on record (design §11)."""
    if way_out == "badge":
        site.turn(tap("front/in", "card:1"))
        records, portal, other = site.turn(tap("lab-door/out", "card:2")), "lab-door", "front"
    else:
        site.turn(tap("lab-door/in", "card:1"))
        records, portal, other = site.turn(exit_button("front")), "front", "lab-door"

    broken = next(record.body for record in records if record.kind == "interlock.broken")
    assert (broken.portal, broken.other, broken.status) == (portal, other, "released")
    assert (status(site, portal), site.actuator.releases()[-1]) == ("released", portal)


def test_nothing_stands_unlocked_beside_an_open_door(site: TestSite) -> None:
    """A door that is set to stand unlocked waits for the other, and is locked when somebody leaves through the other."""
    until = timestamp(site.clock.now() + timedelta(hours=1))
    site.turn(tap("lab-door/in", "card:1"))
    assert site.asks(OverridePortal("front", "open", until), 2) is None
    assert status(site, "front") == "secure"
    site.turn(leaf("lab-door", True))
    assert status(site, "front") == "secure"
    site.turn(leaf("lab-door", False))
    assert status(site, "front") == "standing"

    assert codes(site, tap("lab-door/in", "card:1")) == ["interlock"]
    records = site.turn(tap("lab-door/out", "card:1"))

    locked = next(record.body for record in records if record.kind == "portal.locked")
    assert (locked.portal, locked.cause, status(site, "front")) == ("front", "interlock", "secure")
    assert site.actuator.secured()[-1] == "front"
    site.turn(leaf("lab-door", True))
    site.turn(leaf("lab-door", False))
    assert status(site, "front") == "standing"


def test_of_two_that_are_to_stand_one_does(site: TestSite) -> None:
    """Both ordered to stand unlocked: one does, and the other once the first stands so no more."""
    until = timestamp(site.clock.now() + timedelta(hours=1))
    for portal in ("lab-door", "front"):
        assert site.asks(OverridePortal(portal, "open", until), 2) is None
    assert (status(site, "lab-door"), status(site, "front")) == ("standing", "secure")

    assert site.asks(ResumePortal("lab-door"), 2) is None
    assert (status(site, "lab-door"), status(site, "front")) == ("secure", "standing")
