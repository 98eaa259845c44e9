"""The decision on a tap, against a table and against an oracle that was written apart from it (C7.1, C7.3, C7.4)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.refusals import Code
from controller.rules.access import CHECKS, BadgeFact, Case, Grant, RightFact, Tap, decide, explain, leave
from controller.rules.outcome import Refusal
from controller.rules.schedule import Schedule, Window, always
from controller.rules.zone import ZoneRules

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")
SCHEDULES = {
    "always": always(UTC_ZONE),
    "never": Schedule("never", ((),) * 7, None, UTC_ZONE),
    "morning": Schedule("morning", ((Window(time(2), time(4)),),) * 7, None, UTC_ZONE),
}
TAP = Tap("c1", 2, None, "07:08")
BADGE = BadgeFact(1, 14, "active", "active")
RIGHT = RightFact(5, "always", NOW - DAY, NOW + DAY, "active")


def case(tap: Tap, badge: BadgeFact | None, rights: tuple[RightFact, ...], least: int, now: datetime = NOW) -> Case:
    """The case of this tap at a zone that takes `least`."""
    return Case(tap, badge, ZoneRules("lab", least), now, SCHEDULES, rights)


def code(
    tap: Tap = TAP, badge: BadgeFact | None = BADGE, rights: tuple[RightFact, ...] = (RIGHT,), least: int = 2
) -> str:
    """What the decision says: `granted`, or the code of what is missing."""
    decision = decide(case(tap, badge, rights, least))
    return decision.code if isinstance(decision, Refusal) else "granted"


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("granted", {}),
        ("granted", {"rights": (replace(RIGHT, schedule="morning"),)}),
        ("granted", {"rights": (replace(RIGHT, from_at=NOW),)}),
        ("granted", {"rights": (replace(RIGHT, state="revoked"), RIGHT)}),
        ("right", {"rights": ()}),
        ("right", {"rights": (replace(RIGHT, state="revoked"),)}),
        ("right", {"rights": (replace(RIGHT, state="declined"),)}),
        ("right", {"rights": (replace(RIGHT, state="of a newer program"),)}),
        ("approval", {"rights": (replace(RIGHT, state="requested"),)}),
        ("validity", {"rights": (replace(RIGHT, until_at=NOW),)}),
        ("validity", {"rights": (replace(RIGHT, from_at=NOW + timedelta(microseconds=1)),)}),
        ("schedule", {"rights": (replace(RIGHT, schedule="never"),)}),
        ("schedule", {"rights": (replace(RIGHT, schedule="no longer in site.toml"),)}),
        ("schedule", {"rights": (replace(RIGHT, state="requested"), replace(RIGHT, schedule="never"))}),
        ("validity", {"rights": (replace(RIGHT, until_at=NOW), replace(RIGHT, state="requested"))}),
        ("assurance", {"least": 3}),
        ("assurance", {"tap": replace(TAP, assurance=0)}),
        ("enrolment", {"badge": None}),
        ("enrolment", {"badge": None, "tap": replace(TAP, assurance=0)}),
        ("active_badge", {"badge": replace(BADGE, state="lost")}),
        ("active_badge", {"badge": replace(BADGE, state="retired", person_state="suspended")}),
        ("active_badge", {"badge": replace(BADGE, state="")}),
        ("active_person", {"badge": replace(BADGE, person_state="suspended")}),
        ("active_person", {"badge": replace(BADGE, person_state="")}),
        *(
            (problem, {"tap": replace(TAP, problem=problem)})
            for problem in ("card", "proof", "personalisation", "identity")
        ),
        ("proof", {"tap": replace(TAP, problem="proof"), "badge": None}),
    ],
)
def test_each_refusal_names_what_is_missing(expected: str, facts: dict[str, object]) -> None:
    """The decision is default deny, and its code is what would have to be put right first (C7.1, C7.4)."""
    assert code(**facts) == expected  # type: ignore[arg-type]


def test_a_grant_names_the_right_that_allowed_it() -> None:
    """A grant names the badge and the one right that holds, not the first that is looked at."""
    worn = replace(RIGHT, access_right=4, until_at=NOW)

    assert decide(case(TAP, BADGE, (worn, RIGHT), 2)) == Grant(BADGE, 5)


taps = st.builds(
    Tap,
    credential=st.just("c1"),
    assurance=st.integers(0, 3),
    problem=st.none() | st.none() | st.sampled_from(["card", "proof", "personalisation", "identity"]),
    label=st.just(""),
)
badges = st.none() | st.builds(
    BadgeFact,
    badge=st.just(1),
    person=st.just(14),
    state=st.sampled_from(["active", "active", "lost", "retired", ""]),
    person_state=st.sampled_from(["active", "active", "suspended", ""]),
)
hours = st.integers(-30, 30).map(lambda h: timedelta(hours=h))
rights = st.lists(
    st.builds(
        RightFact,
        access_right=st.integers(1, 9),
        schedule=st.sampled_from(["always", "never", "morning", "gone"]),
        from_at=hours.map(lambda h: NOW + h),
        until_at=hours.map(lambda h: NOW + h),
        state=st.sampled_from(["active", "active", "requested", "revoked", "declined"]),
    ),
    max_size=4,
).map(tuple)


def oracle(tap: Tap, badge: BadgeFact | None, rights: tuple[RightFact, ...], least: int, now: datetime) -> set[str]:
    """Every answer that the criteria permit, said flat: what is missing anywhere, or `granted`."""
    if tap.problem:
        return {tap.problem}
    if badge is None:
        return {"enrolment"}
    missing = set()
    missing |= {"active_badge"} if badge.state != "active" else set()
    missing |= {"active_person"} if badge.person_state != "active" else set()
    missing |= {"assurance"} if tap.assurance < least else set()
    hour_open = {"always": True, "morning": 2 <= now.hour < 4}
    good = [
        right
        for right in rights
        if right.state == "active" and right.from_at <= now < right.until_at and hour_open.get(right.schedule, False)
    ]
    if not good:
        missing |= {"right", "approval", "validity", "schedule"}
    return missing or {"granted"}


@given(taps, badges, rights, st.integers(0, 3), st.integers(0, 47).map(lambda n: NOW + n * timedelta(minutes=30)))
def test_decisions_agree_with_an_independent_oracle(
    tap: Tap, badge: BadgeFact | None, rights: tuple[RightFact, ...], least: int, now: datetime
) -> None:
    """Nobody is granted without a proven, active badge of an active person with an active right in force, assured enough
    (C7.1, C7.3, C7.4); and everybody with all of that is."""
    decision = decide(case(tap, badge, rights, least, now))
    said = decision.code if isinstance(decision, Refusal) else "granted"

    assert said in oracle(tap, badge, rights, least, now)
    if isinstance(decision, Grant):
        assert tap.problem is None and badge is not None and tap.assurance >= least
        assert (badge.state, badge.person_state) == ("active", "active")
        allowed = [right for right in rights if right.access_right == decision.access_right]
        assert any(right.state == "active" and right.from_at <= now < right.until_at for right in allowed)


@given(rights, rights, st.integers(0, 47).map(lambda n: NOW + n * timedelta(minutes=30)))
def test_a_further_right_never_takes_away(
    one: tuple[RightFact, ...], more: tuple[RightFact, ...], now: datetime
) -> None:
    """Rights only add: whoever is granted with some rights is granted with these and others, in any order."""
    before = decide(case(TAP, BADGE, one, 2, now))
    for both in (one + more, more + one):
        after = decide(case(TAP, BADGE, both, 2, now))
        assert isinstance(after, Grant) or not isinstance(before, Grant)


@given(taps, badges)
def test_leaving_needs_no_right(tap: Tap, badge: BadgeFact | None) -> None:
    """On the way out only what is wrong with the badge is named; neither right, hour nor assurance is asked for."""
    decision = leave(case(tap, badge, (), 2))

    if isinstance(decision, Refusal):
        assert decision.code in (tap.problem, Code.ENROLMENT, Code.ACTIVE_BADGE, Code.ACTIVE_PERSON)
    else:
        assert decision == Grant(badge, None)  # type: ignore[arg-type]


@given(taps, badges, rights, st.integers(0, 3), st.integers(0, 47).map(lambda n: NOW + n * timedelta(minutes=30)))
def test_what_explain_says_is_what_the_door_does(
    tap: Tap, badge: BadgeFact | None, rights: tuple[RightFact, ...], least: int, now: datetime
) -> None:
    """The first check that misses something is the refusal of the same case; with none missing it is granted."""
    asked = case(tap, badge, rights, least, now)
    findings, decision = explain(asked), decide(asked)

    assert [finding.check for finding in findings] == [check.name for check in CHECKS]
    missing = [finding.refusal for finding in findings if finding.refusal is not None]
    assert all(finding.asked for finding in findings) or badge is None
    assert missing[:1] == ([decision] if isinstance(decision, Refusal) else [])


def test_nobody_is_not_asked_about() -> None:
    """Of a badge that nobody knows it is neither said that it is lost nor that its person has left."""
    asked = {finding.check: finding.asked for finding in explain(case(TAP, None, (), 2))}

    assert [check for check in asked if not asked[check]] == ["active_badge", "active_person", "assurance"]


def test_somebody_without_a_badge_is_told_of_everything_else() -> None:
    """A person who has no badge yet lacks the badge and nothing else, if their right holds; and no such tap is let in."""
    none = BadgeFact(0, 14, "", "active")
    findings = explain(case(TAP, none, (RIGHT,), 2))

    assert [finding.check for finding in findings if finding.refusal is not None] == ["enrolment"]
    assert isinstance(decide(case(TAP, none, (RIGHT,), 2)), Refusal)
