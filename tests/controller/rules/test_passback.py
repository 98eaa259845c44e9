"""Anti-passback: a table of who may come from where, and what excuses (C8.9)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.rules.daily import last_at
from controller.rules.passback import OUTSIDE, Violation, Way, Whereabouts, keeps_out, violation
from controller.rules.zone import ZoneRules

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
CAMPUS = frozenset({"campus", "lobby", "lab", "booth"})
"""The lobby and the lab lie on the campus, the booth in the lab."""
LAB = ZoneRules("lab", around=("campus",), within=frozenset({"lab", "booth"}), passback="hard")
YARD = ZoneRules("campus", within=CAMPUS, passback="hard")
BOOTH = ZoneRules("booth", around=("lab", "campus"), within=frozenset({"booth"}), passback="hard")
LOBBY = frozenset({"lobby"})


def at(zone: str, minutes: float = 60, doubt: str = "", pardoned: bool = False) -> Whereabouts:
    """Somebody who has been there for so long."""
    return Whereabouts(zone, NOW - timedelta(minutes=minutes), 7, doubt, pardoned=pardoned)


def by(zone: ZoneRules, mode: str = "hard", minutes: int = 0) -> ZoneRules:
    """The zone with another mode."""
    return ZoneRules(zone.id, 2, (), zone.around, zone.within, mode, minutes)


@pytest.mark.parametrize(
    ("zone", "origin", "known", "certain"),
    [
        # into the lab from the lobby
        (LAB, LOBBY, at("lobby"), None),
        (LAB, LOBBY, None, None),
        (LAB, LOBBY, at(""), True),
        (LAB, LOBBY, at("lab"), True),
        (LAB, LOBBY, at("booth"), True),
        (LAB, LOBBY, at("store"), True),
        # into the lab from the campus that it lies in: who is in an inner zone of the campus is on the campus
        (LAB, CAMPUS, at("campus"), None),
        (LAB, CAMPUS, at("lobby"), None),
        (LAB, CAMPUS, at("lab"), True),
        # from outside
        (YARD, OUTSIDE, at(""), None),
        (YARD, OUTSIDE, at("campus"), True),
        (YARD, OUTSIDE, at("lab"), True),
        # outwards: out of the booth into the lab around it
        (LAB, frozenset({"booth"}), at("booth"), None),
        (LAB, frozenset({"booth"}), at("lab"), True),
        # into the booth
        (BOOTH, LAB.within, at("lab"), None),
        (BOOTH, LAB.within, at("campus"), True),
        (BOOTH, LAB.within, at("booth"), True),
        # what excuses
        (LAB, LOBBY, at("lab", doubt="restart"), False),
        (LAB, LOBBY, at("", doubt="forced"), False),
        (LAB, LOBBY, at("lab", doubt="button"), False),
        (LAB, LOBBY, at("lab", pardoned=True), None),
        (by(LAB, "off"), LOBBY, at("lab"), None),
        (by(LAB, "soft"), LOBBY, at("lab"), True),
        # for some minutes
        (by(LAB, minutes=10), LOBBY, at("lab", 9.9), True),
        (by(LAB, minutes=10), LOBBY, at("lab", 10), None),
        (by(LAB, minutes=10), LOBBY, at("lab", 9, doubt="button"), True),
        (by(LAB, minutes=10), LOBBY, at("lab", 9, doubt="outage"), False),
        (by(LAB, minutes=10), LOBBY, at("", 9, doubt="button"), False),
        (by(LAB, minutes=10), LOBBY, at("lab", -5, doubt="clock"), False),
    ],
)
def test_who_comes_from_where(
    zone: ZoneRules, origin: frozenset[str], known: Whereabouts | None, certain: bool | None
) -> None:
    """Who is not where the door leads from violates it; what is our fault, or forgiven, or long ago, keeps nobody out."""
    found = violation(zone, Way(origin, known), NOW)

    expected = None if certain is None or known is None else Violation(known.zone, certain)
    assert found == expected
    assert keeps_out(zone, Way(origin, known), NOW) == (certain is True and zone.passback == "hard")


def test_nothing_is_asked_where_nothing_is_known() -> None:
    """Without a way there is nothing to violate: the zone does not ask."""
    assert violation(LAB, None, NOW) is None and not keeps_out(LAB, None, NOW)


@pytest.mark.parametrize(("minutes", "kept"), [(30, True), (9 * 60, False)])
def test_forgiven_at_an_hour(minutes: int, kept: bool) -> None:
    """What was before the hour of forgiveness counts no more; what came after it does."""
    forgiven = last_at(time(4), TOKYO, NOW)

    assert keeps_out(LAB, Way(LOBBY, at("lab", minutes), forgiven), NOW) is kept


@pytest.mark.parametrize(
    ("zone", "hour", "now", "expected"),
    [
        ("Asia/Tokyo", time(4), datetime(2026, 11, 24, 3, 0, tzinfo=UTC), datetime(2026, 11, 23, 19, 0, tzinfo=UTC)),
        ("Asia/Tokyo", time(4), datetime(2026, 11, 23, 19, 0, tzinfo=UTC), datetime(2026, 11, 23, 19, 0, tzinfo=UTC)),
        ("Asia/Tokyo", time(4), datetime(2026, 11, 23, 18, 59, tzinfo=UTC), datetime(2026, 11, 22, 19, 0, tzinfo=UTC)),
        # Berlin has no 02:30 on the 29th of March, and two on the 25th of October
        ("Europe/Berlin", time(2, 30), datetime(2026, 3, 29, 12, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("Europe/Berlin", time(2, 30), datetime(2026, 10, 25, 1, 45, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_the_last_time_that_it_was_so_late(zone: str, hour: time, now: datetime, expected: datetime) -> None:
    """The newest instant at which the wall showed that hour, also where an hour is missing or comes twice."""
    assert last_at(hour, ZoneInfo(zone), now) == expected


zones = st.sampled_from(["", "campus", "lobby", "lab", "booth", "store"])
doubts = st.sampled_from(["", "restart", "outage", "forced", "held", "standing", "released", "button", "clock"])


@given(zones, doubts, st.integers(-100, 100), st.integers(0, 60), st.sampled_from(["off", "soft", "hard"]))
def test_our_faults_lock_nobody_out(place: str, doubt: str, ago: int, minutes: int, mode: str) -> None:
    """A refusal rests on a place that is certain, or on a button beside the door of a zone that counts minutes."""
    rules = by(LAB, mode, minutes)

    if keeps_out(rules, Way(LOBBY, at(place, ago, doubt)), NOW):
        assert mode == "hard" and place != "lobby"
        assert not doubt or (doubt == "button" and minutes and place in rules.within)
