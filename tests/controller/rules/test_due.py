"""When something that is owed is told (C8.2, C8.3, C8.4, C4.1, C8.6)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.record.canonical import moment
from controller.record.duty import ESCALATED, OVERDUE, SORTS, STAGES
from controller.record.kinds.due import DueCorrected, DueReached
from controller.rules.business import BusinessHours
from controller.rules.due import MOST_TOLD, Owed, look, standing
from controller.rules.schedule import Calendar, Schedule, Window

TOKYO = ZoneInfo("Asia/Tokyo")
_DAYTIME = (Window(time(8), time(19)),)
OFFICE = Schedule("office", (_DAYTIME,) * 5 + ((), ()), (), TOKYO, Calendar("JP"))
HOURS = BusinessHours(TOKYO, OFFICE)
PLAIN = BusinessHours(TOKYO)
NEVER = BusinessHours(TOKYO, Schedule("never", ((),) * 7, (), TOKYO))


def at(text: str) -> datetime:
    """An instant by the clock on the wall in Tokyo."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)


MIDNIGHT = at("2026-12-25T00:00")
"""The end of Thursday the 24th."""


@pytest.mark.parametrize(
    ("sort", "due", "now", "stage"),
    [
        ("combination", MIDNIGHT, "2026-11-24T23:59", ""),
        ("combination", MIDNIGHT, "2026-11-25T00:00", "ahead"),
        ("combination", MIDNIGHT, "2026-12-18T00:00", "soon"),
        ("combination", MIDNIGHT, "2026-12-23T23:59", "soon"),
        ("combination", MIDNIGHT, "2026-12-24T00:00", "today"),
        ("combination", MIDNIGHT, "2026-12-24T23:59", "today"),
        ("combination", MIDNIGHT, "2026-12-25T00:00", "overdue"),
        ("combination", MIDNIGHT, "2026-12-25T15:59", "overdue"),
        ("combination", MIDNIGHT, "2026-12-25T16:00", "escalated"),
        ("change", MIDNIGHT, "2026-12-22T00:00", "ahead"),
        ("change", MIDNIGHT, "2026-12-25T12:00", "escalated"),
        ("loan", at("2026-12-24T17:30"), "2026-12-24T16:59", ""),
        ("loan", at("2026-12-24T17:30"), "2026-12-24T17:00", "soon"),
        ("loan", at("2026-12-24T17:30"), "2026-12-24T17:30", "overdue"),
        ("loan", at("2026-12-24T17:30"), "2026-12-25T08:29", "overdue"),
        ("loan", at("2026-12-24T17:30"), "2026-12-25T08:30", "escalated"),
        ("custody", at("2026-12-24T17:30"), "2026-12-23T17:30", "soon"),
        ("custody", at("2026-12-24T17:30"), "2026-12-24T00:00", "today"),
        ("transport", at("2026-12-24T17:30"), "2026-12-24T17:29", ""),
        ("transport", at("2026-12-24T17:30"), "2026-12-24T17:30", "overdue"),
        ("key_audit", MIDNIGHT, "2026-12-18T00:00", "ahead"),
    ],
)
def test_the_stage_follows_from_date_and_moment(sort: str, due: datetime, now: str, stage: str) -> None:
    """Each sort is told so long before, on its last day, when it is over, and after business hours without an answer."""
    assert standing(sort, due, at(now), HOURS)[0] == stage


@pytest.mark.parametrize(
    ("hours", "start", "wanted"),
    [
        (HOURS, "2026-12-24T10:00", "2026-12-24T18:00"),
        (HOURS, "2026-12-24T18:00", "2026-12-25T15:00"),
        (HOURS, "2026-12-25T18:00", "2026-12-28T15:00"),
        (HOURS, "2026-12-26T10:00", "2026-12-28T16:00"),
        (HOURS, "2026-12-31T18:00", "2027-01-04T15:00"),
        (PLAIN, "2026-12-24T18:00", "2026-12-25T02:00"),
        (NEVER, "2026-12-24T18:00", "2026-12-25T02:00"),
    ],
    ids=["same day", "over night", "over a weekend", "on a Saturday", "over New Year", "plain", "never open"],
)
def test_business_hours_are_those_of_the_schedule(hours: BusinessHours, start: str, wanted: str) -> None:
    """Eight business hours pass while the schedule is open; without one, or with one that never opens, they are plain."""
    assert hours.after(at(start), 8, at(start)) == at(wanted)


def test_what_is_escalated_comes_on_each_business_day_and_ends() -> None:
    """Friday's escalation comes again on Monday morning, and no more often than `MOST_TOLD` times in all."""
    owed = Owed("loan", 1, at("2026-12-25T12:00"), "lab", 4, "", at("2026-12-25T11:30"), None, 0)
    told: list[datetime] = []
    while owed.next_at is not None:
        now = max(owed.next_at, at("2026-12-25T14:00"))
        found = look(owed, now, HOURS)
        assert isinstance(found, DueReached) and found.stage == ESCALATED
        told.append(now)
        owed = after(owed, found, now)

    assert told[:3] == [at("2026-12-25T14:00"), at("2026-12-28T08:00"), at("2026-12-29T08:00")]
    assert len(told) == MOST_TOLD


def after(owed: Owed, found: DueReached | DueCorrected, now: datetime) -> Owed:
    """The thing as recorded after this."""
    next_at = None if found.next_at is None else moment(found.next_at)
    return Owed(owed.sort, owed.number, owed.due_at, owed.place, owed.person, found.stage, next_at, now, found.told)


@settings(max_examples=60, deadline=None)
@given(
    sort=st.sampled_from(sorted(SORTS)),
    late_h=st.integers(-24 * 40, 24 * 40),
    steps=st.lists(st.integers(1, 60 * 24 * 9), min_size=1, max_size=25),
    hours=st.sampled_from([HOURS, PLAIN, NEVER]),
)
def test_stages_only_rise_and_none_is_told_twice(
    sort: str, late_h: int, steps: list[int], hours: BusinessHours
) -> None:
    """Whenever it is looked at, it is told where it is now: no stage twice, none after a later one, and the alarm at once."""
    now = MIDNIGHT + timedelta(hours=late_h)
    owed = Owed(sort, 1, MIDNIGHT, "lab", None, "", MIDNIGHT - SORTS[sort].first, None, 0)
    stages: list[str] = []
    for minutes in steps:
        found = look(owed, now, hours)
        if found is not None:
            assert found.next_at is None or moment(found.next_at) > now, "the tick comes to an end"
            owed = after(owed, found, now)
        if isinstance(found, DueReached):
            stages.append(found.stage)
        assert (owed.stage in (OVERDUE, ESCALATED)) == (now >= MIDNIGHT), "overdue, and only then, without delay"
        assert owed.next_at is not None or owed.told == MOST_TOLD, "no date is lost"
        now += timedelta(minutes=minutes)

    once = [stage for stage in stages if stage != ESCALATED]
    assert len(set(once)) == len(once)
    assert stages == sorted(stages, key=STAGES.index)


@settings(max_examples=60, deadline=None)
@given(
    sort=st.sampled_from(sorted(SORTS)),
    ahead_h=st.integers(1, 24 * 400),
    back_h=st.integers(-24 * 40, 24 * 3),
)
def test_a_clock_that_ran_ahead_loses_nothing(sort: str, ahead_h: int, back_h: int) -> None:
    """What a wrong clock reached is put back without a word, and comes in its time."""
    now = MIDNIGHT + timedelta(hours=back_h)
    wrong = now + timedelta(hours=ahead_h)
    owed = Owed(sort, 1, MIDNIGHT, "lab", None, "", MIDNIGHT - SORTS[sort].first, None, 0)
    found = look(owed, wrong, HOURS)
    owed = owed if found is None else after(owed, found, wrong)

    found = look(owed, now, HOURS)
    owed = owed if found is None else after(owed, found, now)

    assert owed.stage == standing(sort, MIDNIGHT, now, HOURS)[0]
    assert found is None or isinstance(found, DueCorrected) or owed.reached_at == now
    later = MIDNIGHT + timedelta(days=30)
    last = look(owed, later, HOURS)
    assert isinstance(last, DueReached) and last.stage == ESCALATED
