"""What is owed: the rows that a noun adds, and when they are first looked at."""

from datetime import timedelta

import pytest

from controller.record.canonical import moment, timestamp
from controller.record.duty import LATE, SORTS, STAGES, owed, settled
from controller.record.envelope import Record
from controller.record.facets import facets
from controller.record.kinds.due import DueReached
from controller.record.tables import TABLES
from controller.record.words import LANGUAGES, codes, words

DUE = "2026-12-24T08:30:00.000000Z"


@pytest.mark.parametrize(
    ("sort", "before"),
    [
        ("loan", timedelta(minutes=30)),
        ("combination", timedelta(days=30)),
        ("change", timedelta(days=3)),
        ("custody", timedelta(days=1)),
        ("transport", timedelta()),
        ("key_audit", timedelta(days=7)),
    ],
)
def test_it_is_first_looked_at_by_its_sort(sort: str, before: timedelta) -> None:
    """Each sort of thing is looked at for the first time so long before it is due (C8.2, C8.3, C8.4, C4.1, C8.6)."""
    row = owed(sort, 3, DUE, "lab", 14).row

    assert row["next_at"] == timestamp(moment(DUE) - before)
    assert set(row) == set(TABLES["due"].columns)
    assert (row["due"], row["stage"]) == (f"{sort}:3", "") and settled(sort, 3).key == {"due": f"{sort}:3"}


def test_no_date_is_too_early_to_be_owed() -> None:
    """A date at the calendar's beginning is owed like any other: what was mistyped is overdue, and nothing stops."""
    row = owed("combination", 1, "0001-01-01T00:00:00.000000Z").row

    assert row["next_at"] == "0001-03-01T00:00:00.000000Z"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sorts_and_stages_have_words(lang: str) -> None:
    """Every sort and stage reads as words in both languages, and no word stands for what does not exist."""
    assert set(codes("due")) == set(SORTS) and set(codes("due_stage")) == set(STAGES)
    assert all(words(sort, lang, "due") != sort for sort in SORTS)


def test_what_is_late_is_an_alarm() -> None:
    """The ledger finds what became overdue among its alarms, at its place; what is only soon due is none."""
    for stage in STAGES:
        body = DueReached("loan", 3, stage, DUE, "safe-a", 14, 0, None)
        found = facets(Record(42, DUE, "0123456789abcdef", "synced", "due.reached", 1, "controller", body))

        assert (found.zone, found.person) == ("safe-a", 14)
        assert (found.result == "alarm") == (stage in LATE)
