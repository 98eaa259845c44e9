"""The rule on the clock's trust, as tables and as properties."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.record.canonical import moment
from controller.record.kinds.clock import ClockDoubted, ClockTrusted
from controller.record.refusals import Code
from controller.rules.clock import (
    CONFIRMED,
    DECLARED,
    EARLIEST_S,
    HOLDOVER,
    JUMP_S,
    RTC,
    SYNCED,
    UNSYNCED,
    News,
    Seen,
    Standing,
    begin,
    confirm,
    confirmed,
    judged_s,
    look,
    trusted,
)

BEGAN = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86400.0
HOLDOVER_S = 72 * HOUR


def shown(news: News) -> list[tuple[str, int]]:
    """News in short: reason or source, and by how many seconds."""
    return [(one.reason, one.by_s) if isinstance(one, ClockDoubted) else (one.source, 0) for one in news]


@pytest.mark.parametrize(
    ("at_s", "said", "floor_s", "quality", "news"),
    [
        (BEGAN, SYNCED, BEGAN - DAY, SYNCED, []),
        (BEGAN, DECLARED, None, DECLARED, []),
        (BEGAN, RTC, BEGAN - DAY, RTC, []),
        (BEGAN, RTC, None, RTC, []),
        (BEGAN, UNSYNCED, BEGAN - DAY, UNSYNCED, [("start", 0)]),
        (BEGAN, UNSYNCED, None, UNSYNCED, [("start", 0)]),
        (BEGAN, UNSYNCED, BEGAN + 1, UNSYNCED, [("start", 0)]),
        (BEGAN - 14 * DAY, UNSYNCED, BEGAN, UNSYNCED, [("behind", -14 * DAY)]),
        (0.0, UNSYNCED, None, UNSYNCED, [("behind", -EARLIEST_S)]),
        (0.0, UNSYNCED, BEGAN, UNSYNCED, [("behind", -BEGAN)]),
        (BEGAN, RTC, BEGAN + HOUR, UNSYNCED, [("behind", -HOUR)]),
        (EARLIEST_S - DAY, RTC, None, UNSYNCED, [("behind", -DAY)]),
        (BEGAN, SYNCED, BEGAN + HOUR, SYNCED, [("behind", -HOUR), (SYNCED, 0)]),
        (BEGAN, DECLARED, BEGAN + HOUR, DECLARED, [("behind", -HOUR), (DECLARED, 0)]),
    ],
)
def test_a_start(at_s: float, said: str, floor_s: float | None, quality: str, news: list[tuple[str, int]]) -> None:
    """A start is believed when the machine is synchronised, its host is trusted, or an RTC set it to a time that can be."""
    standing, told = begin(Seen(at_s, 30.0, said), floor_s)

    assert (quality, news) == (standing.quality, shown(told))


def begun(said: str) -> Standing:
    """A run that began at BEGAN, its machine started ten seconds before."""
    return begin(Seen(BEGAN, 10.0, said), BEGAN - HOUR)[0]


@pytest.mark.parametrize(
    "by_s", [-20 * 365 * DAY, -14 * DAY, -HOUR, -120.0, -2.5, 2.5, 120.0, HOUR, DAY, 70 * 365 * DAY]
)
@pytest.mark.parametrize(
    ("before", "after", "quality", "source"),
    [
        (SYNCED, UNSYNCED, UNSYNCED, None),
        (SYNCED, SYNCED, SYNCED, SYNCED),
        (DECLARED, DECLARED, DECLARED, DECLARED),
        (RTC, RTC, UNSYNCED, None),
        (RTC, SYNCED, SYNCED, SYNCED),
    ],
)
def test_a_jump(before: str, after: str, quality: str, source: str | None, by_s: float) -> None:
    """A wall clock that was set is doubted; who keeps it may be believed at once, but the jump is told. An RTC is no help."""
    standing, news = look(begun(before), Seen(BEGAN + 5 + by_s, 15.0, after), HOLDOVER_S)

    assert quality == standing.quality
    assert [("jump", round(by_s)), *([(source, 0)] if source else [])] == shown(news)
    assert isinstance(news[0], ClockDoubted) and moment(news[0].known_at).timestamp() == BEGAN + 5


def test_a_jump_while_asleep() -> None:
    """A machine that slept for a week counted the seconds: that is no jump, and a clock that was set meanwhile is one."""
    standing = begun(SYNCED)

    assert look(standing, Seen(BEGAN + 7 * DAY, 10 + 7 * DAY, SYNCED), HOLDOVER_S)[1] == ()
    assert shown(look(standing, Seen(BEGAN + 7 * DAY, 10.0 + DAY, SYNCED), HOLDOVER_S)[1])[0] == ("jump", 6 * DAY)


def test_slewing_is_no_jump() -> None:
    """What NTP slews, even far and for long, is followed and never doubted; so is a leap second."""
    standing, told, wall = begun(SYNCED), [], BEGAN
    for n in range(1, 10_000):
        wall += 5 * 1.0005
        standing, news = look(standing, Seen(wall, 10.0 + 5 * n, SYNCED), HOLDOVER_S)
        told += news

    assert told == [] and abs(standing.base_s - (wall - (10.0 + 5 * 9_999))) < 0.2
    assert look(standing, Seen(wall - 1, 10.0 + 5 * 9_999, SYNCED), HOLDOVER_S)[1] == ()


def test_ntp_lost_for_days_and_back() -> None:
    """Without NTP the clock holds for 72 hours after it was last synchronised, is doubted then, and trusted with NTP again."""
    standing, seen = begun(SYNCED), []
    for hour in range(1, 24 * 6):
        said = SYNCED if hour < 10 or hour >= 24 * 5 else UNSYNCED
        standing, news = look(standing, Seen(BEGAN + hour * HOUR, 10 + hour * HOUR, said), HOLDOVER_S)
        seen.append((hour, standing.quality, shown(news)))

    changes = [now for before, now in pairwise(seen) if before[1] != now[1]]
    assert changes == [(10, HOLDOVER, []), (9 + 73, UNSYNCED, [("holdover", 0)]), (120, SYNCED, [(SYNCED, 0)])]
    assert [told for _, _, told in seen if told] == [[("holdover", 0)], [(SYNCED, 0)]]


def test_no_holdover_without_a_synchronisation() -> None:
    """What an RTC or a person vouched for is neither held over nor lost with NTP; a host that is trusted no more is doubted."""
    rtc, by_hand = begun(RTC), confirmed(begun(UNSYNCED), Seen(BEGAN, 10.0, UNSYNCED))
    late = Seen(BEGAN + 30 * DAY, 10 + 30 * DAY, UNSYNCED)

    assert (look(rtc, late, HOLDOVER_S)[0].quality, look(by_hand, late, HOLDOVER_S)[0].quality) == (RTC, CONFIRMED)
    assert look(begun(DECLARED), late, HOLDOVER_S)[0].quality == UNSYNCED


def test_the_console_confirms() -> None:
    """A doubted clock that somebody compared is believed until it jumps; a trusted one, and an old look, are not confirmed."""
    now = datetime.fromtimestamp(BEGAN, UTC)

    assert confirm(UNSYNCED, now - timedelta(seconds=59), now) is None
    assert getattr(confirm(UNSYNCED, now - timedelta(seconds=61), now), "code", None) == Code.FRESHNESS
    assert getattr(confirm(UNSYNCED, now + timedelta(hours=1), now), "code", None) == Code.FRESHNESS
    assert getattr(confirm(SYNCED, now, now), "code", None) == Code.SUBJECT
    standing = confirmed(begun(UNSYNCED), Seen(BEGAN, 10.0, UNSYNCED))
    assert standing.quality == CONFIRMED
    assert look(standing, Seen(BEGAN - HOUR, 11.0, UNSYNCED), HOLDOVER_S)[0].quality == UNSYNCED


def test_a_wrong_year_ends_with_the_doubt() -> None:
    """A boot into 2099 judges in 2099; back in this year with NTP, now is judged and not 2099."""
    far = datetime(2099, 1, 1, tzinfo=UTC).timestamp()
    standing, _ = begin(Seen(far, 10.0, UNSYNCED), BEGAN)
    assert judged_s(standing, Seen(far, 10.0, UNSYNCED)) == far

    back = Seen(BEGAN + DAY, 20.0, UNSYNCED)
    standing, news = look(standing, back, HOLDOVER_S)
    assert judged_s(standing, back) == BEGAN + DAY and shown(news)[0][0] == "jump"
    standing, news = look(standing, Seen(BEGAN + DAY + 1, 21.0, SYNCED), HOLDOVER_S)
    assert judged_s(standing, Seen(BEGAN + DAY + 1, 21.0, SYNCED)) == BEGAN + DAY + 1
    assert news == (ClockTrusted(SYNCED),)


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2027, 10, 31, 1, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2028, 2, 29, 0, tzinfo=UTC)),
    ],
)
def test_what_the_wall_shows_is_no_jump(zone: str, around: datetime) -> None:
    """Both nights of summer time and a leap day move what the wall shows, and not the time."""
    begins = around - timedelta(hours=6)
    standing, told = begin(Seen(begins.timestamp(), 5.0, SYNCED), BEGAN)
    shifts = set()
    for minute in range(12 * 60):
        at = begins + timedelta(minutes=minute)
        local = at.astimezone(ZoneInfo(zone))
        shifts.add(local.utcoffset())
        standing, news = look(standing, Seen(local.timestamp(), 5.0 + 60 * minute, SYNCED), HOLDOVER_S)
        told += news

    assert told == () and len(shifts) == (2 if zone == "Europe/Berlin" else 1)


_SAID = st.sampled_from([SYNCED, UNSYNCED, DECLARED, RTC])
_STEPS = st.lists(
    st.tuples(st.floats(0, 3 * DAY), st.one_of(st.just(0.0), st.floats(-30 * DAY, 30 * DAY)), _SAID), max_size=30
)


@given(_SAID, _STEPS, st.floats(-DAY, DAY))
@example("declared", [(0.0, 1.0, "unsynced")], 0.0)
@example("synced", [(0.0, -1.5, "synced"), (4 * DAY, -1.5, "unsynced")], 0.0)
def test_judged_time_never_goes_back_in_doubt(said: str, steps: list[tuple[float, float, str]], floor: float) -> None:
    """Whatever the clocks do: while doubted, judged time is never before the last trusted one and what was counted since, every
    doubt and every trust regained is told once and in turn, and what is trusted is judged at the wall clock."""
    wall, elapsed = BEGAN, 10.0
    standing, news = begin(Seen(wall, elapsed, said), BEGAN + floor)
    least = standing.known_s
    doubted = False
    for passes, jump, now_said in [(0.0, 0.0, said), *steps]:
        wall, elapsed = wall + passes + jump, elapsed + passes
        seen = Seen(wall, elapsed, now_said)
        before = standing
        standing, fresh = look(standing, seen, HOLDOVER_S)
        for one in (*news, *fresh):
            assert isinstance(one, ClockDoubted) or doubted
            doubted = isinstance(one, ClockDoubted)
        news = ()
        assert doubted == (not trusted(standing.quality))
        if trusted(standing.quality):
            assert judged_s(standing, seen) == wall
            least = wall - elapsed
        else:
            if trusted(before.quality):  # what is slewed in the very look that ends the trust is followed: less than a jump
                assert abs(standing.known_s - before.base_s) <= JUMP_S + 1e-3
                least = standing.known_s
            judged = judged_s(standing, seen)
            assert judged >= least + elapsed - 1e-3
            if standing.counted:  # whoever sets the clock forward opens nobody's hours
                assert abs(judged - least - elapsed) <= 1e-3
            else:
                assert judged >= wall - 1e-3
        if abs(jump) > 3 and now_said not in (SYNCED, DECLARED):
            assert not trusted(standing.quality)
