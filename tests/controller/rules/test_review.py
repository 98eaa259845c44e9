"""Reviews of rights: who may open one and decide in it, what narrower is, and who is late (C7.4)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.asks.review import KeepRight, OpenReview
from controller.record.canonical import timestamp
from controller.record.envelope import kind_of
from controller.rules import review
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.review import Review, Reviewed
from controller.rules.schedule import Calendar, Schedule, WallClock, Window, always

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
WALL = WallClock(TOKYO, NOW)
UNTIL = NOW + timedelta(days=100)
DAY = Window(time(8), time(19))
MORNING = Window(time(8), time(12))
NIGHT = Window(time(18), time(9))


def weekly(id: str, *windows: Window, holiday: tuple[Window, ...] | None = ()) -> Schedule:
    return Schedule(id, (windows,) * 5 + ((), ()), holiday, TOKYO, Calendar("JP"))


SCHEDULES = {
    "always": always(TOKYO),
    "office": weekly("office", DAY),
    "mornings": weekly("mornings", MORNING),
    "holidays_too": weekly("holidays_too", MORNING, holiday=(MORNING,)),
    "nights": weekly("nights", NIGHT),
}
OPEN = Review(3, frozenset({"lab"}), NOW + timedelta(days=10), 50)
RIGHT = Reviewed(16, "lab", "office", UNTIL, "active", 40, frozenset({1, 2}), frozenset({14, 101, 102}))


def operator(number: int = 3, *, scope: str = "*", person: int | None = None) -> OperatorFact:
    return OperatorFact(number, frozenset({"manager"}), frozenset(scope.split()), person, "active")


def said(answer: Outcome | Refusal) -> str:
    if isinstance(answer, Refusal):
        return f"{answer.code}@{answer.place}"
    return " ".join(kind_of(body)[0] for body in answer.records)


@pytest.mark.parametrize(
    ("zones", "due_on", "scope", "running", "answer"),
    [
        (("lab",), "2026-12-24", "*", 0, "review.opened"),
        (("lab", "vault"), "2026-11-25", "lab vault", 19, "review.opened"),
        (("*",), "2026-12-24", "*", 0, "review.opened"),
        (("*",), "2026-12-24", "lab vault", 0, "scope@operator.scope"),
        (("lab", "vault"), "2026-12-24", "lab", 0, "scope@operator.scope"),
        (("*", "lab"), "2026-12-24", "*", 0, "subject@body.zones"),
        (("attic",), "2026-12-24", "*", 0, "subject@body.zones"),
        (("lab",), "2026-11-24", "*", 0, "validity@body.due_on"),
        (("lab",), "2026-11-23", "*", 0, "validity@body.due_on"),
        (("lab",), "2027-11-25", "*", 0, "review.opened"),
        (("lab",), "2027-11-26", "*", 0, "validity@body.due_on"),
        (("lab",), "2026-11-31", "*", 0, "form@body.due_on"),
        (("lab",), "20261224", "*", 0, "form@body.due_on"),
        (("lab",), "2026-12-24", "*", 20, "busy@review"),
    ],
)
def test_opening(zones: tuple[str, ...], due_on: str, scope: str, running: int, answer: str) -> None:
    """A review is over zones in scope, and lasts from a whole day to a year, so that nobody's right is gone by midnight."""
    outcome = review.open_(OpenReview(zones, due_on), operator(scope=scope), 3, {"lab", "vault"}, running, WALL)

    assert said(outcome) == answer


def test_it_is_due_when_the_day_is_over() -> None:
    """The due day holds to its end by the clock on the site's wall (C7.4)."""
    outcome = review.open_(OpenReview(("lab",), "2026-12-24"), operator(), 3, {"lab"}, 0, WALL)

    assert isinstance(outcome, Outcome) and outcome.records[0].due_at == "2026-12-24T15:00:00.000000Z"


@pytest.mark.parametrize(
    ("by", "changes", "ask", "answer"),
    [
        (operator(3), {}, {}, "right.kept"),
        (operator(3, person=103), {}, {}, "right.kept"),
        (operator(3), {"state": "suspended"}, {}, "right.kept"),
        (operator(1), {}, {}, "second_person@right.requested_by"),
        (operator(2), {}, {}, "second_person@right.requested_by"),
        (operator(3, person=101), {}, {}, "second_person@right.requested_by"),
        (operator(3, person=102), {}, {}, "second_person@right.requested_by"),
        (operator(3, person=14), {}, {}, "second_person@right.requested_by"),
        (operator(3, scope="vault"), {}, {}, "scope@operator.scope"),
        (operator(3), {"state": "revoked"}, {}, "subject@body.access_right"),
        (operator(3), {"state": "requested"}, {}, "subject@body.access_right"),
        (operator(3), {"judged_seq": 51}, {}, "subject@body.access_right"),
        (operator(3), {"zone": "vault"}, {}, "subject@body.access_right"),
        (operator(3), {"until_at": NOW}, {}, "validity@right.until_at"),
        (operator(3), {}, {"until_at": timestamp(UNTIL - timedelta(days=1))}, "right.kept"),
        (operator(3), {}, {"until_at": timestamp(UNTIL)}, "right.kept"),
        (operator(3), {}, {"until_at": timestamp(UNTIL + timedelta(seconds=1))}, "validity@body.until_at"),
        (operator(3), {}, {"until_at": timestamp(NOW)}, "validity@body.until_at"),
        (operator(3), {}, {"until_at": "tomorrow"}, "form@body.until_at"),
        (operator(3), {}, {"schedule": "mornings"}, "right.kept"),
        (operator(3), {}, {"schedule": "office"}, "right.kept"),
        (operator(3), {}, {"schedule": "always"}, "schedule@body.schedule"),
        (operator(3), {}, {"schedule": "nights"}, "schedule@body.schedule"),
        (operator(3), {}, {"schedule": "holidays_too"}, "schedule@body.schedule"),
        (operator(3), {}, {"schedule": "gone"}, "schedule@body.schedule"),
        (operator(3), {"schedule": "always"}, {"schedule": "nights"}, "right.kept"),
        (operator(3), {"schedule": "gone"}, {"schedule": "mornings"}, "schedule@body.schedule"),
    ],
)
def test_deciding(by: OperatorFact, changes: dict[str, Any], ask: dict[str, str], answer: str) -> None:
    """A right is kept or narrowed by a third person, never widened, and only where a review waits for it (C7.3, C7.4)."""
    outcome = review.keep(KeepRight(16, **ask), replace(RIGHT, **changes), (OPEN,), by, SCHEDULES, NOW)

    assert said(outcome) == answer
    if isinstance(outcome, Outcome):
        kept = outcome.records[0]
        narrower = kept.until_at < timestamp(RIGHT.until_at) or kept.schedule != replace(RIGHT, **changes).schedule
        assert (kept.verdict, kept.state, kept.review) == ("narrow" if narrower else "keep", "active", 3)


def test_a_groups_right_is_not_kept_by_its_members() -> None:
    """Whoever is in the group that has the right would use it too (C7.3)."""
    refused = review.keep(KeepRight(16), RIGHT, (OPEN,), operator(3), SCHEDULES, NOW, in_group=True)

    assert said(refused) == "second_person@right.requested_by"
    assert said(review.keep(KeepRight(16), None, (OPEN,), operator(3), SCHEDULES, NOW)) == "subject@body.access_right"


def test_of_two_reviews_the_newest_is_named() -> None:
    """One decision counts for every review that waits for the right; the record names the newest (C7.4)."""
    later = Review(4, frozenset({"*"}), NOW + timedelta(days=3), 60)

    outcome = review.keep(KeepRight(16), RIGHT, (later, OPEN), operator(3), SCHEDULES, NOW)

    assert isinstance(outcome, Outcome) and outcome.records[0].review == 4


windows = st.builds(
    lambda begin, end: Window(time(*divmod(begin, 60)), time(*divmod(end, 60))), st.integers(0, 1439), st.integers(0, 1439)
)
days = st.lists(windows, max_size=3).map(tuple)


@given(week=st.lists(days, min_size=7, max_size=7), holiday=st.one_of(st.none(), days), at=st.datetimes(
    datetime(2026, 1, 1), datetime(2027, 12, 30)))  # fmt: skip
def test_the_minutes_of_a_day_are_those_at_which_it_is_open(
    week: list[tuple[Window, ...]], holiday: tuple[Window, ...] | None, at: datetime
) -> None:
    """What is compared when a right is narrowed is exactly when the schedule would open (C8.8)."""
    schedule = Schedule("any", tuple(week), holiday, ZoneInfo("UTC"), Calendar("JP"))

    bit = review.open_minutes(schedule, at.date()) >> (60 * at.hour + at.minute) & 1

    assert bool(bit) == schedule.is_open(at.replace(second=0, microsecond=0, tzinfo=UTC))


@given(
    judged=st.integers(0, 10),
    zone=st.sampled_from(["lab", "vault"]),
    reviews=st.lists(
        st.builds(
            Review,
            st.integers(1, 5),
            st.sampled_from([frozenset({"*"}), frozenset({"lab"}), frozenset({"vault", "lobby"})]),
            st.integers(-5, 5).map(lambda d: NOW + timedelta(days=d)),
            st.integers(1, 10),
        ),
        max_size=4,
    ),
)
def test_late_is_whoever_waits_for_a_review_that_is_due(judged: int, zone: str, reviews: list[Review]) -> None:
    """A right is late exactly if some review of its zone is due that began behind the last decision on it (C7.4)."""
    late = any(review.waits(zone, judged, one) and one.due_at <= NOW for one in reviews)

    assert late == (judged < review.overdue(zone, reviews, NOW))


def test_nothing_is_left_when_a_review_closes() -> None:
    """A review closes only when no right waits in it any more."""
    assert said(review.suspend(OPEN, [16, 17])) == "right.suspended right.suspended"
    assert said(review.suspend(OPEN, [])) == "review.closed"


def test_days_are_real() -> None:
    """The days compared are those on the wall: today's are in."""
    assert date(2026, 11, 24) == WALL.today
