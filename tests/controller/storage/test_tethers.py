"""Tethers with an input (C8.13): a cut is an alarm at once, a wire that flaps fills nothing, and levels count, not edges."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, make_site

from controller.disk import Disk
from controller.endurance import Endurance
from controller.inbox import ContactSeen, PartAnswering, PartFailing
from controller.record.facets import facets
from controller.rules.tether import CALM_S, LONGEST_CALM_S, calm_s

TETHERED = (
    SITE_TOML
    + """
[[tether]]
id = "pc-1"
name = { ja = "測定用PC", en = "Measuring PC" }
zone = "lab"
input = "simulated:41"

[[tether]]
id = "disk-box"
name = { ja = "ディスク箱", en = "Disk box" }
zone = "vault"
input = "simulated:42"
active = "cut"
"""
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    made = make_site(tmp_path, text=TETHERED)
    yield made
    made.close()


def wire(intact: bool) -> ContactSeen:
    """The wire of the measuring PC, whose input is active while it is whole."""
    return ContactSeen("pc-1", "tether", intact)


def kinds(site: TestSite, *inputs: ContactSeen | PartFailing | PartAnswering) -> list[str]:
    return [record.kind for record in site.turn(*inputs)]


def state(site: TestSite) -> str | None:
    row = site.ledger.connection.execute("select state from tether_state where tether = 'pc-1'").fetchone()
    return None if row is None else str(row[0])


def test_a_cut_is_an_alarm_at_once_and_over_after_a_while(site: TestSite) -> None:
    """The first look is on record, a cut wire is an alarm in its zone, and whole again it counts after some seconds."""
    assert kinds(site, wire(True)) == ["tether.observed"]
    (cut,) = site.turn(wire(False))
    assert (cut.kind, facets(cut).result, facets(cut).zone, state(site)) == ("tether.cut", "alarm", "lab", "cut")

    assert kinds(site, wire(True)) == []
    site.step(CALM_S - 1)
    assert kinds(site) == [] and state(site) == "cut"
    site.step(1)
    assert kinds(site) == ["tether.restored"] and state(site) == "intact"


def test_what_active_means_is_a_setting(site: TestSite) -> None:
    """An input that is active when the wire is cut is read the other way round."""
    assert kinds(site, ContactSeen("disk-box", "tether", False)) == ["tether.observed"]
    assert kinds(site, ContactSeen("disk-box", "tether", True)) == ["tether.cut"]


def test_a_wire_that_flaps_fills_nothing(site: TestSite) -> None:
    """A hundred touches are one cut, and it takes longer and longer until such a wire counts as whole."""
    kinds(site, wire(True))
    flaps = [wire(n % 2 == 1) for n in range(100)]

    assert [kind for flap in flaps for kind in kinds(site, flap)] == ["tether.cut"]
    site.step(CALM_S)
    assert kinds(site) == []
    site.step(LONGEST_CALM_S)
    assert kinds(site) == ["tether.restored"]


@pytest.mark.parametrize(("cuts", "calm"), [((), 5), ((0.0,), 5), ((0.0, 1.0), 10), ((0.0,) * 8, 320), ((-4000.0,) * 8, 5)])
def test_each_cut_within_an_hour_doubles_the_calm(cuts: tuple[float, ...], calm: float) -> None:
    """The time that a wire has to be whole doubles with each cut of the last hour, up to a bound."""
    assert calm_s(cuts, 2.0) == calm


def test_the_level_at_a_start_counts(tmp_path: Path) -> None:
    """A wire cut while nothing ran is a cut at the start, and one that was mended meanwhile is whole after a while."""
    first = make_site(tmp_path, text=TETHERED)
    kinds(first, wire(True))
    first.close()
    second = make_site(tmp_path, text=TETHERED, boot="boot-2")
    assert kinds(second, wire(False)) == ["tether.cut"]
    second.close()
    third = make_site(tmp_path, text=TETHERED, boot="boot-3")
    assert kinds(third, wire(True)) == []
    third.step(CALM_S)
    assert kinds(third) == ["tether.restored"]
    third.close()


def test_a_cut_that_could_not_be_recorded_is_recorded_later(site: TestSite) -> None:
    """The disk fails in the very turn of the cut: the next turn compares the level again, though no edge comes any more."""
    kinds(site, wire(True))
    site.connection.breaks = lambda text: "insert into record" in text.lower()
    with pytest.raises(sqlite3.OperationalError):
        site.turn(wire(False))
    site.connection.breaks = lambda text: False

    assert site.loop.wait_s() == 0
    assert kinds(site) == ["tether.cut"]


def test_an_input_that_dies_is_a_failed_part(site: TestSite) -> None:
    """An input that does not answer is an alarm of its own and says nothing of the wire; what it then says counts."""
    kinds(site, wire(True))
    assert kinds(site, PartFailing("simulated:41", "silent")) == ["part.failed"] and state(site) == "intact"
    assert kinds(site, PartAnswering("simulated:41"), wire(False)) == ["part.recovered", "tether.cut"]


def test_a_wire_that_is_cut_while_the_disk_fails_is_told_afterwards(site: TestSite, tmp_path: Path) -> None:
    """In an outage the last level of a wire is kept, and stations show the fault; afterwards the cut is on record."""
    kinds(site, wire(True))
    endurance = Endurance(
        site.facility, site.ledger, site.loop, Disk(tmp_path, 0, 0), site.clock, site.actuator, "boot-1", [].append
    )
    endurance._started = True
    site.connection.breaks = lambda text: text.startswith("commit")
    endurance.turn([wire(False)], Counter())
    assert endurance.outage is not None
    for level in [True, False] * 100:
        endurance.turn([wire(level)], Counter())
    before = site.ledger.size
    site.step(1.0)
    endurance.turn([], Counter())

    assert endurance.outage is None
    assert site.kinds(before + 1).count("tether.cut") == 1 and state(site) == "cut"


def test_a_tether_that_is_in_the_settings_no_more_is_forgotten(tmp_path: Path) -> None:
    """What was known of it goes with it: no alarm stands for a wire that is not there."""
    first = make_site(tmp_path, text=TETHERED)
    kinds(first, wire(False))
    first.close()
    second = make_site(tmp_path, boot="boot-2")
    assert state(second) is None
    second.close()
