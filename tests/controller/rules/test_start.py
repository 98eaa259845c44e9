"""The rules of the first run: two people, or one who says so and is reviewed (design §5, C7.3, C9.2)."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.asks import ReviewStart
from controller.record.envelope import kind_of
from controller.record.kinds.start import ALONE, StartReviewed, StartSingle, mark_after
from controller.record.kinds.trust import OperatorRetired
from controller.rules import start
from controller.rules.authority import ALLOWED, OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.start import NEEDS_TWO, SECURES, Start


def operator(number: int, person: int | None = None, *, scope: str = "*", state: str = "active") -> OperatorFact:
    return OperatorFact(number, frozenset({"administrator", "manager"}), frozenset(scope.split()), person, state)


def said(answer: Outcome | Refusal | None) -> str:
    """The kind of the record, `code@place` of the refusal, or nothing."""
    if isinstance(answer, Refusal):
        return f"{answer.code}@{answer.place}"
    return "" if answer is None else " ".join(kind_of(body)[0] for body in answer.records)


operators = st.lists(
    st.builds(operator, st.integers(1, 4), st.sampled_from([None, 1, 2]), state=st.sampled_from(["active", "retired"])),
    max_size=4,
    unique_by=lambda one: one.operator,
)


@given(operators)
def test_two_people_are_two_operators_not_known_to_be_one_human(known: list[OperatorFact]) -> None:
    """Two operators who are the same known human are one person; so is the same operator twice."""
    expected = any(
        a.operator < b.operator and (a.person is None or b.person is None or a.person != b.person)
        for a, b in product(known, repeat=2)
    )

    assert start.two_people(known) == expected


@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_what_one_person_may_do(kind: str) -> None:
    """Undeclared, one person may only take away; declared, everything but what takes two, however many operators there are."""
    alone, other, standing = operator(1), operator(2), Start(1, 1, None)
    two = "second_person@start.review" if kind in NEEDS_TWO else ""
    undeclared = "" if kind in SECURES else "second_person@start"

    assert said(start.sufficient(kind, [], None)) == undeclared
    assert said(start.sufficient(kind, [alone], None)) == undeclared
    assert said(start.sufficient(kind, [operator(1, 7), operator(2, 7)], None)) == undeclared
    assert said(start.sufficient(kind, [alone], standing)) == two
    assert said(start.sufficient(kind, [alone, other], standing)) == two
    assert said(start.sufficient(kind, [alone, other], None)) == ""
    assert {"right.approve", "person.reinstate"} <= NEEDS_TWO <= set(ALLOWED)
    assert SECURES <= set(ALLOWED) and not SECURES & NEEDS_TWO


@pytest.mark.parametrize(
    ("expected", "number", "known", "standing"),
    [
        ("start.single", 1, [operator(1)], None),
        ("start.single", 2, [operator(1, 7, state="retired"), operator(2, 7)], None),
        ("subject@operator", 1, [], None),
        ("subject@operator", 2, [operator(1)], None),
        ("subject@operator", 1, [operator(1, state="retired")], None),
        ("subject@start", 1, [operator(1), operator(2)], None),
        ("subject@start", 1, [operator(1), operator(2, state="retired")], None),
        ("subject@start", 1, [operator(1)], Start(1, 1, None)),
    ],
)
def test_beginning_alone(expected: str, number: int, known: list[OperatorFact], standing: Start | None) -> None:
    """Only the one human there ever was may begin alone, and not twice."""
    assert said(start.begin(1, number, known, standing)) == expected


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("start.reviewed", {}),
        ("start.reviewed", {"upto": 50}),
        ("start.reviewed", {"standing": Start(1, 1, 7)}),
        ("start.reviewed", {"standing": Start(1, 1, 7), "by": operator(2, 8)}),
        ("start.reviewed", {"by": operator(2, 8)}),
        ("subject@body.start", {"standing": None}),
        ("subject@body.start", {"start": 2}),
        ("second_person@start.operator", {"by": operator(1)}),
        ("second_person@start.operator", {"standing": Start(1, 1, 7), "by": operator(2, 7)}),
        ("scope@operator.scope", {"by": operator(2, scope="lab lobby")}),
        ("form@body.upto", {"upto": 51}),
        ("subject@body.upto", {"upto": 39}),
    ],
)
def test_reviewing(expected: str, changes: dict) -> None:  # type: ignore[type-arg]
    """Another operator, another human, for the whole site, and of everything that was done: anything less is refused."""
    asked = {"start": 1, "upto": 40, "by": operator(2), "standing": Start(1, 1, None)} | changes
    body = ReviewStart(asked["start"], asked["upto"])

    assert said(start.review(body, asked["by"], asked["standing"], acted=40, size=50)) == expected


def test_the_mark_is_that_of_the_start_to_the_review() -> None:
    """The start's own record carries the mark, and so does every record behind it; the review's carries none."""
    bodies = [OperatorRetired(1, ""), StartSingle(1, 1, ""), OperatorRetired(2, ""), StartReviewed(1, 2, 3, "")]
    marks, mark = [], ""
    for body in [*bodies, OperatorRetired(3, "")]:
        mark = mark_after(mark, body)
        marks.append(mark)

    assert marks == ["", ALONE, ALONE, "", ""]
