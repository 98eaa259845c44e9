"""What is open against a person whom a right is approved for (C7.2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.record.conditions import Condition, Fulfilment
from controller.rules.violation import Conduct, violations

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GOOD = Conduct("active", False, False, False)
NDA = Condition("pledge:nda", "2026-04", "ab" * 32)
COURSE = Condition("training:induction", valid_days=365)
SIGNED = Fulfilment(1, "pledge:nda", "2026-04", "ab" * 32, None)
OLD = Fulfilment(2, "pledge:nda", "2025-04", "cd" * 32, None)
ATTENDED = Fulfilment(3, "training:induction", "", "", NOW + timedelta(days=1))
LAPSED = Fulfilment(4, "training:induction", "", "", NOW)


@pytest.mark.parametrize(
    ("expected", "conduct", "conditions", "fulfilments"),
    [
        ((), GOOD, (), ()),
        ((), GOOD, (), (SIGNED, ATTENDED)),
        ((), GOOD, (NDA, COURSE), (SIGNED, ATTENDED)),
        (("suspended",), replace(GOOD, state="suspended"), (), ()),
        (("suspended",), replace(GOOD, state=""), (), ()),
        (("leaving",), replace(GOOD, leaving=True), (), ()),
        (("lost_badge",), replace(GOOD, lost_badge=True), (), ()),
        (("overdue_review",), replace(GOOD, overdue_review=True), (), ()),
        (("pledge:nda", "training:induction"), GOOD, (NDA, COURSE), ()),
        (("pledge:nda",), GOOD, (NDA, COURSE), (OLD, ATTENDED)),
        (("training:induction",), GOOD, (NDA, COURSE, COURSE), (SIGNED, LAPSED)),
        (
            ("suspended", "leaving", "lost_badge", "overdue_review", "pledge:nda"),
            Conduct("suspended", True, True, True),
            (NDA,),
            (OLD,),
        ),
    ],
)
def test_each_is_named(
    expected: tuple[str, ...], conduct: Conduct, conditions: tuple[Condition, ...], fulfilments: tuple[Fulfilment, ...]
) -> None:
    """Each thing that is open is named once, in the same order; what is in order is not."""
    assert violations(conduct, conditions, fulfilments, NOW) == expected
