"""The rules of combination locks by themselves: what looks like a number, who confirms which step, what is due when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.record.asks.combination import RelocateCombination
from controller.record.kinds.change import STEPS, Reason
from controller.record.refusals import Code
from controller.record.schedule import WallClock
from controller.rules.authority import OperatorFact
from controller.rules.combination import Place, Scene, bare, relocate, tells
from controller.rules.confirmation import NEXT, Badge, Half, confirm
from controller.rules.outcome import Outcome, Refusal
from controller.rules.required import Change, Lock
from controller.rules.trigger import AHEAD, Standing, Terms, due_at, needs, too_old_at

NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
LOCK = Lock(3, "lab", "dial", 6, 1, "desk", 365, False, "in_service", "", True, None)
CHANGE = Change(4, 3, "running", "begun", NOW, 1, 2, "desk", expected=(5,))


@pytest.mark.parametrize(
    ("text", "digits", "looks"),
    [
        ("482913", 6, True),
        ("４８２９１３", 6, True),
        ("48-29-13", 6, True),
        ("48 29 13", 6, True),
        ("48・29・13", 6, True),
        ("新しい番号は 48-29-13 です", 6, True),
        ("番号482913を見られた", 6, True),
        ("48291", 6, False),
        ("2026", 4, True),
        ("2026年に交換", 4, False),
        ("S-000123", 6, True),
        ("S-00123", 6, False),
        ("鍵番号を見られた恐れ", 6, False),
        ("", 6, False),
    ],
)
def test_what_looks_like_a_number(text: str, digits: int, looks: bool) -> None:
    """As many digits as the lock has, however they are written or parted, look like its number; other text does not (§11)."""
    assert tells(text, digits) is looks


@pytest.mark.parametrize(
    ("seal", "looks"), [("482913", True), ("48-29-13", True), ("S-482913", False), ("4829131", False), ("", False)]
)
def test_a_seal_has_a_letter_or_another_length(seal: str, looks: bool) -> None:
    """The number of a seal is no field for that of the lock: digits alone, as many as the lock has, are refused."""
    assert bare(seal, 6) is looks


@given(st.integers(5, 12), st.text("abc漢字、 ", max_size=5), st.sampled_from(["", " ", "-", ".", "・"]), st.data())
@settings(max_examples=60, deadline=None)
def test_no_number_hides_in_a_sentence(digits: int, around: str, gap: str, data: st.DataObject) -> None:
    """Wherever it stands in a text and however its digits are parted, a number of five digits or more is seen."""
    number = data.draw(st.text("0123456789", min_size=digits, max_size=digits))
    assert tells(f"{around}{gap.join(number)}{around}", digits)


TURNS = [
    # step, person, what it confirms: a step, None for nothing, or what is missing
    ("begun", 1, "set"),
    ("begun", 2, Code.SECOND_PERSON),
    ("begun", 5, None),
    ("begun", 9, None),
    ("set", 1, "tried"),
    ("set", 2, Code.SECOND_PERSON),
    ("tried", 2, "witnessed"),
    ("tried", 1, Code.SECOND_PERSON),
    ("dead", 5, "confirmed"),
    ("dead", 1, Code.SUBJECT),
    ("dead", 2, Code.SUBJECT),
    ("dead", 9, None),
]


@pytest.mark.parametrize(("step", "person", "said"), TURNS)
def test_each_step_has_its_person(step: str, person: int, said: str | Code | None) -> None:
    """A badge confirms the one step that is next, and only its own person's; who has no part in it is not answered (C8.3)."""
    answer = confirm(LOCK, replace(CHANGE, step=step), Badge("desk", person, 10 + person), None)

    if said is None:
        assert answer is None
    elif isinstance(said, Code):
        assert isinstance(answer, Refusal) and answer.code is said
    else:
        assert getattr(answer, "step", getattr(answer, "state", None)) == said


@pytest.mark.parametrize(("state", "step"), [("planned", ""), ("broken_off", "tried"), ("running", "witnessed")])
def test_where_both_are_awaited_one_person_is_not_two(state: str, step: str) -> None:
    """To begin, to go on and for the old number two badges are awaited; two badges of one person are one person (C8.3)."""
    change = replace(CHANGE, state=state, step=step)
    first, second, other = Badge("desk", 1, 11), Badge("desk", 1, 12), Badge("desk", 2, 13)

    assert confirm(LOCK, change, first, None) == Half(first)
    refused = confirm(LOCK, change, second, first)
    assert isinstance(refused, Refusal) and refused.code is Code.SECOND_PERSON
    done = confirm(LOCK, change, other, first)
    assert (done.custodian, done.custodian_badge, done.witness, done.witness_badge) == (1, 11, 2, 13)  # type: ignore[union-attr]


def test_the_steps_are_one_line() -> None:
    """From the plan to the knowers every step has exactly one that is next, and none is left out."""
    assert [NEXT[step][0] for step in ("", *STEPS)] == [*STEPS, "shared"]


@pytest.mark.parametrize(
    ("reasons", "days"),
    [(["repair"], 7), (["leak"], 1), (["repair", "found_open"], 1), (["installation", "manager"], 7)],
)
def test_the_earliest_due_date_counts(reasons: list[str], days: int) -> None:
    """A change is due at the end of a day on the site's wall; a leak does not wait a week (C8.4)."""
    wall = WallClock(TOKYO, NOW)
    found = due_at([Reason(one) for one in reasons], Terms(), wall, None)
    assert found.astimezone(TOKYO).date() == date(2026, 11, 24) + timedelta(days=days + 1)
    assert due_at([Reason(one) for one in reasons], Terms(), wall, NOW) == NOW, "never after the number is too old"


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.integers(1, 365))
@settings(max_examples=60, deadline=None)
def test_a_number_is_never_older_than_its_limit(at: datetime, days: int) -> None:
    """The due date is the end of the last whole day on which the number is not older than so many days (C8.3)."""
    now = at.replace(tzinfo=UTC)
    due = too_old_at(days, WallClock(TOKYO, now))
    assert timedelta(days=days - 1) <= due - now <= timedelta(days=days)


STANDING = Standing("in_service", False, 20, 20, "lab", "lab", (), NOW + timedelta(days=200))


@pytest.mark.parametrize(
    ("standing", "opened", "found"),
    [
        (STANDING, False, []),
        (replace(STANDING, installed=True), False, ["installation"]),
        (replace(STANDING, installed=True), True, []),
        (replace(STANDING, stands_now="vault"), True, ["relocation"]),
        (replace(STANDING, stands_now=""), False, []),
        (replace(STANDING, manager_now=21), False, ["manager"]),
        (replace(STANDING, manager=None), False, []),
        (replace(STANDING, manager_now=None), False, []),
        (replace(STANDING, removed=(7, 8)), True, ["knower_removed", "knower_removed"]),
        (replace(STANDING, state="retiring"), True, ["retirement"]),
        (replace(STANDING, due_at=NOW + AHEAD), False, ["age"]),
        (replace(STANDING, due_at=NOW + AHEAD + timedelta(seconds=1)), False, []),
        (replace(STANDING, due_at=NOW - AHEAD), True, []),
        (replace(STANDING, due_at=NOW, stands_now="vault"), False, ["relocation"]),
    ],
)
def test_what_a_lock_needs(standing: Standing, opened: bool, found: list[str]) -> None:
    """By how things stand, whatever brought it about: each difference from what the number was accounted with (C8.4)."""
    assert [one.reason for one in needs(standing, (), opened, NOW)] == found
    known = tuple(needs(standing, (), opened, NOW))
    assert not {one for one in needs(standing, known, True, NOW) if one.reason in ("knower_removed", "retirement")}


def test_by_a_doubted_clock_nothing_is_too_old() -> None:
    """What only a day brings about is not said while nobody knows the day."""
    assert needs(replace(STANDING, due_at=NOW), (), False, None) == ()


def test_nobody_fetches_another_zones_lock_into_their_own() -> None:
    """Whoever moves a lock answers for the place that it leaves, not for the one alone to which it comes (C8.3)."""
    there, here = Place("lab", "", None, ("lab",)), Place("lobby", "", None, ("lobby",))
    operator = OperatorFact(4, frozenset({"manager"}), frozenset({"lobby"}), 4, "active")
    scene, ask = Scene(operator, here, Terms(), WallClock(TOKYO, NOW), None, 9), RelocateCombination(3, "lobby", "desk")

    assert relocate(ask, LOCK, scene, station=True, before=there) == Refusal(Code.SCOPE, "operator.scope")
    wide = replace(scene, operator=replace(operator, scope=frozenset({"lab", "lobby"})))
    assert isinstance(relocate(ask, LOCK, wide, station=True, before=there), Outcome)
