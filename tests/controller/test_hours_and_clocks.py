"""Scheduled doors under clocks that jump, seasons that change, leap days, and a controller that was off for days (C8.8)."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sites import SITE_TOML, TestSite, fast_folder, fold_of, give_right, leaf, make_site, people, stored_tables, tap

from controller.clock import SteppedClock

HOURS = """
[[calendar.special]]
date = 2026-12-31
name = { ja = "仕事納め", en = "Last day" }
hours = "08:00-12:00 22:00-02:00"
[[calendar.special]]
date = 2028-02-29
name = { ja = "棚卸し", en = "Stocktaking" }
hours = "10:00-11:00"
"""
TEXT = (
    SITE_TOML.replace('inner = "lab"\n', 'inner = "lab"\nunlock = "office"\nfirst_card = false\n').replace(
        'weekdays = "08:00-19:00"', 'every_day = "08:00-19:00", holidays = "as weekday"'
    )
    + HOURS
)
NIGHT = TEXT.replace("08:00-19:00", "01:30-03:30").replace("Asia/Tokyo", "Europe/Berlin")
"""Open in the hours in which Berlin's clocks are changed."""


def site_at(folder: Path, zone: str, wall: str, text: str = TEXT, boot: str = "boot-1", fold: int = 0) -> TestSite:
    """The site with a clock that shows this time on the wall; every door is shut."""
    made = make_site(folder, text=text, clock=SteppedClock(on(zone, wall, fold), "synced"), boot=boot)
    for portal in made.facility.portals:
        made.turn(leaf(portal, False))
    return made


def on(zone: str, wall: str, fold: int = 0) -> datetime:
    """The instant at which the clock on the wall shows this."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def stands(site: TestSite) -> bool:
    """Whether the lab's door stands unlocked."""
    return str(site.loop.portals["lab-door"].status).startswith("standing")


def sleep_through(site: TestSite, until: datetime) -> Iterator[tuple[datetime, bool]]:
    """Lets time pass from edge to edge, at which the loop would wake by itself; what the door does at which instant."""
    yield site.clock.now(), stands(site)
    while (left := (until - site.clock.now()).total_seconds()) > 0:
        edge = site.judgement.doors.postures.wait_s(site.clock.now(), True)
        assert edge is not None and site.loop.wait_s() <= edge
        site.step(min(left, max(edge, 0.001)))
        before = stands(site)
        site.turn()
        if stands(site) != before:
            yield site.clock.now(), stands(site)


def changes(site: TestSite, until: datetime, zone: str) -> list[str]:
    """The changes of the door, as local times: `+02-29 10:00` when it opens, `-` when it locks."""
    seen = list(sleep_through(site, until))
    return [f"{'+' if open else '-'}{at.astimezone(ZoneInfo(zone)):%m-%d %H:%M%z}" for at, open in seen[1:]]


@pytest.mark.parametrize(
    ("zone", "text", "begins", "days", "expected"),
    [
        ("Asia/Tokyo", TEXT, "2028-02-28 20:00", 2,
         ["+02-29 10:00+0900", "-02-29 11:00+0900", "+03-01 08:00+0900", "-03-01 19:00+0900"]),
        ("Asia/Tokyo", TEXT, "2027-02-28 20:00", 1, ["+03-01 08:00+0900", "-03-01 19:00+0900"]),
        ("Asia/Tokyo", TEXT, "2026-12-31 06:00", 1.5,
         ["+12-31 08:00+0900", "-12-31 12:00+0900", "+12-31 22:00+0900", "-01-01 02:00+0900", "+01-01 08:00+0900"]),
        ("Europe/Berlin", NIGHT, "2027-03-27 12:00", 1, ["+03-28 01:30+0100", "-03-28 03:30+0200"]),
        ("Europe/Berlin", NIGHT, "2027-10-30 12:00", 1, ["+10-31 01:30+0200", "-10-31 03:30+0100"]),
        ("Europe/Berlin", NIGHT.replace("01:30-03:30", "02:15-02:45"), "2027-03-27 12:00", 2,
         ["+03-29 02:15+0200", "-03-29 02:45+0200"]),
        ("Europe/Berlin", NIGHT.replace("01:30-03:30", "02:15-02:45"), "2027-10-30 12:00", 1,
         ["+10-31 02:15+0200", "-10-31 02:45+0200", "+10-31 02:15+0100", "-10-31 02:45+0100"]),
    ],
)  # fmt: skip
def test_loop_wakes_for_every_edge(
    tmp_path: Path, zone: str, text: str, begins: str, days: float, expected: list[str]
) -> None:
    """Left alone, the loop wakes to the second of each opening and locking: over leap days and years without one, the end of
    the year, the hour that the clock skips, and the one that it shows twice."""
    site = site_at(tmp_path, zone, begins, text)

    assert changes(site, site.clock.now() + timedelta(days=days), zone) == expected
    assert site.actuator.unrecorded == []
    site.close()


@pytest.mark.parametrize(
    ("slept", "woken", "open"),
    [
        ("2026-11-24 18:00", "2026-11-28 07:59", False),
        ("2026-11-24 18:00", "2026-11-28 08:00", True),
        ("2026-11-24 03:00", "2026-12-31 11:59", True),
        ("2026-11-24 12:00", "2026-12-31 12:00", False),
        ("2026-12-31 23:00", "2027-01-01 01:59", True),
        ("2026-12-31 23:00", "2027-01-01 02:00", False),
        ("2027-12-31 12:00", "2028-02-29 10:30", True),
        ("2027-12-31 12:00", "2028-02-29 12:00", False),
    ],
)
def test_off_for_days(tmp_path: Path, slept: str, woken: str, open: bool) -> None:
    """A controller that was off for hours, days or months wakes with every lock secure; then the door stands as that very hour
    of that very day says, and no edge that was slept through is made up for."""
    site = site_at(tmp_path, "Asia/Tokyo", slept)
    site.close()
    size = len(kinds_at_rest(tmp_path))

    site = site_at(tmp_path, "Asia/Tokyo", woken, boot="boot-2")

    assert stands(site) is open
    moved = [record.kind for record in site.records(size + 1) if record.kind in ("portal.unlocked", "portal.locked")]
    assert moved == (["portal.unlocked"] if open else [])
    assert "lab-door" in site.actuator.secured()
    site.close()


def kinds_at_rest(folder: Path) -> list[str]:
    """The kinds in a ledger at rest."""
    site = make_site(folder, text=TEXT, start=False)
    found = site.kinds()
    site.close()
    return found


@pytest.mark.parametrize(
    ("from_wall", "to_wall", "open"),
    [
        ("2026-11-24 12:00", "2026-11-24 20:00", False),
        ("2026-11-24 20:00", "2026-11-24 12:00", True),
        ("2026-11-24 12:00", "2026-12-31 12:30", False),
        ("2026-12-31 12:30", "2026-11-24 12:00", True),
        ("2026-11-24 12:00", "2026-11-25 12:00", True),
        ("2028-02-29 10:30", "2028-02-28 19:30", False),
        ("2028-02-28 19:30", "2028-02-29 10:30", True),
    ],
)
@pytest.mark.parametrize("quality", ["synced", "unsynced"])
def test_clock_that_jumps(tmp_path: Path, from_wall: str, to_wall: str, open: bool, quality: str) -> None:
    """A clock that is set, forward or back, over edges, days and special days: on a word that counts the door stands in the
    same turn as the new hour says, on none it locks; and a right that holds in those hours holds then alone."""
    site = people(site_at(tmp_path, "Asia/Tokyo", from_wall))
    give_right(site, 2, "vault", "office", days=700)
    far = on("Asia/Tokyo", to_wall) - site.clock.now()

    site.clock.jump(far)
    site.clock.declare(quality)
    site.turn()

    assert stands(site) is (open and quality == "synced")
    said = next(r for r in site.turn(tap("vault-door/in", "card:2")) if r.kind.startswith("entry."))
    if quality == "synced" and far > timedelta(0):
        assert (said.kind == "entry.granted") is open
    assert site.actuator.unrecorded == []
    assert stored_tables(site.ledger.connection) == {k: v for k, v in fold_of(site.records()).items() if v}
    site.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 30)),
    st.lists(st.integers(-200_000, 400_000), min_size=1, max_size=6),
)
def test_whatever_the_clock_does(zone: str, begins: datetime, steps: list[int]) -> None:
    """After any steps and trusted jumps of the clock, over seasons and years, the door stands exactly when its schedule is
    open at the instant that the clock shows; and what is slept through is caught up with in one turn."""
    text = NIGHT.replace("Europe/Berlin", zone) if begins.minute % 2 else TEXT.replace("Asia/Tokyo", zone)
    site = make_site(folder := fast_folder(), text=text, clock=SteppedClock(begins.replace(tzinfo=UTC), "synced"))
    site.turn(leaf("lab-door", False))
    schedule = site.facility.schedules["office"]
    for seconds in steps:
        if seconds < 0:
            site.clock.jump(timedelta(seconds=seconds))
        else:
            site.step(seconds)
        site.turn()
        assert stands(site) is schedule.is_open(site.clock.now()), (zone, site.clock.now())
    unlocked = [r.kind for r in site.records() if r.kind in ("portal.unlocked", "portal.locked")]
    assert not [pair for pair in pairwise(unlocked) if pair == ("portal.locked", "portal.locked")]
    assert site.actuator.unrecorded == []
    site.close()
    shutil.rmtree(folder)
