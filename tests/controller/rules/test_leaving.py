"""The leaving date, and leaving: who may set, move and end it, and what ends with a person (C7.2, C7.4)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.asks.person import ChangePerson, LeavePerson
from controller.record.canonical import moment
from controller.record.envelope import kind_of
from controller.record.leaving import ENDINGS
from controller.record.private import PrivateRef, PrivateRow
from controller.record.refusals import Code
from controller.record.tables import TABLES
from controller.rules import leaving, person
from controller.rules.authority import OperatorFact
from controller.rules.leaving import ENDED, Held
from controller.rules.outcome import Outcome, Refusal
from controller.rules.person import Profile
from controller.rules.schedule import WallClock

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
WALL = WallClock(TOKYO, NOW)
REF = PrivateRef("person-14", 2, "ab" * 32)
TEXT = PrivateRow("person-14", 3, {"name": "山田 花子"}, "00" * 16)
LAST = datetime(2027, 3, 31, 15, 0, tzinfo=UTC)
HELD = (Held("badge", 15, "…0708"), Held("access_right", 16, "lab"), Held("access_right", 17, "lobby"))


def operator(*roles: str, scope: str = "*", person: int | None = None) -> OperatorFact:
    return OperatorFact(3, frozenset(roles or ("manager",)), frozenset(scope.split()), person, "active")


def profile(state: str = "active", leaves_on: str | None = None) -> Profile:
    over = None if leaves_on is None else WALL.end_of(date.fromisoformat(leaves_on))
    return Profile(14, state, REF, leaves_on, over, None if leaves_on is None else "operator:2")


def said(answer: Outcome | Refusal) -> str:
    if isinstance(answer, Refusal):
        return f"{answer.code}@{answer.place}"
    return " ".join(kind_of(body)[0] for body in answer.records)


@pytest.mark.parametrize(
    ("before", "asked", "role", "self_", "answer"),
    [
        (None, None, "administrator", False, "person.changed"),
        (None, "2027-03-31", "administrator", False, "person.changed"),
        (None, "2026-11-24", "administrator", False, "person.changed"),
        (None, "2026-11-23", "manager", False, "validity@body.leaves_on"),
        (None, "2027-02-29", "manager", False, "form@body.leaves_on"),
        (None, "20270331", "manager", False, "form@body.leaves_on"),
        (None, "9999-12-31", "manager", False, "form@body.leaves_on"),
        (None, "", "administrator", False, "person.changed"),
        ("2027-03-31", None, "administrator", True, "person.changed"),
        ("2027-03-31", "2027-03-31", "administrator", True, "person.changed"),
        ("2027-03-31", "2027-03-30", "administrator", True, "person.changed"),
        ("2027-03-31", "2027-04-01", "administrator", False, "role@body.leaves_on"),
        ("2027-03-31", "2027-04-01", "manager", False, "person.changed"),
        ("2027-03-31", "2027-04-01", "manager", True, "second_person@body.person"),
        ("2027-03-31", "", "administrator", False, "role@body.leaves_on"),
        ("2027-03-31", "", "manager", True, "second_person@body.person"),
        ("2027-03-31", "", "manager", False, "person.changed"),
    ],
)
def test_changing(before: str | None, asked: str | None, role: str, self_: bool, answer: str) -> None:
    """A leaving date is set and brought forward by whoever keeps people; put off or taken back by another manager (C7.2)."""
    by = operator(role, person=14 if self_ else 2)

    outcome = person.change(ChangePerson(14, asked), profile(leaves_on=before), TEXT, by, WALL)

    assert said(outcome) == answer
    if isinstance(outcome, Outcome):
        (record,) = outcome.records
        wanted = before if asked is None else asked or None
        assert (record.leaves_on, record.text.version) == (wanted, 3)
        assert record.leaves_by == (None if wanted is None else "operator:2" if wanted == before else "operator:3")


def test_a_last_day_is_over_at_its_end_by_the_clock_on_the_wall() -> None:
    """The last day holds until its midnight where the site is, and not a moment longer (C7.2)."""
    outcome = person.change(ChangePerson(14, "2027-03-31"), profile(), None, operator(), WALL)

    assert isinstance(outcome, Outcome)
    assert moment(outcome.records[0].leaves_at) == LAST
    assert outcome.records[0].text == REF and not outcome.private


@pytest.mark.parametrize("state", ["left", "erased", None])
def test_whoever_is_gone_is_not_changed(state: str | None) -> None:
    """Nothing is written about somebody who has left or was erased, nor about nobody (C7.4)."""
    gone = None if state is None else profile(state)

    assert said(person.change(ChangePerson(14), gone, TEXT, operator(), WALL)) == "subject@body.person"
    assert said(leaving.leave(LeavePerson(14), gone, (), operator(), "operator:3", WALL)) == "subject@body.person"


def test_details_have_a_name() -> None:
    """New details without a name are refused: nobody is made nameless."""
    nameless = PrivateRow("person-14", 3, {"title": "係長"}, "00" * 16)

    assert said(person.change(ChangePerson(14), profile(), nameless, operator(), WALL)) == "form@private.name: missing"


@pytest.mark.parametrize(
    ("before", "asked", "answer"),
    [
        (None, "", "badge.retired right.revoked right.revoked person.left"),
        ("2027-03-31", "", "badge.retired right.revoked right.revoked person.left"),
        (None, "2026-11-23", "badge.retired right.revoked right.revoked person.left"),
        ("2027-03-31", "2020-01-01", "badge.retired right.revoked right.revoked person.left"),
        (None, "2026-11-24", "person.changed"),
        ("2027-03-31", "2027-03-30", "person.changed"),
        ("2027-03-31", "2027-03-31", "validity@body.leaves_on"),
        ("2027-03-31", "2027-04-01", "validity@body.leaves_on"),
        (None, "soon", "form@body.leaves_on"),
    ],
)
@pytest.mark.parametrize("state", ["active", "suspended"])
def test_leaving(state: str, before: str | None, asked: str, answer: str) -> None:
    """Everything ends at once, or a day is set that is never later than one before; one that arrives late is now (C7.4)."""
    outcome = leaving.leave(LeavePerson(14, asked), profile(state, before), HELD, operator(), "operator:3", WALL)

    assert said(outcome) == answer


def test_scope_counts_as_for_revoking() -> None:
    """Who could not revoke one of the rights does not end them this way either (C7.3)."""
    ask = LeavePerson(14)

    assert said(leaving.leave(ask, profile(), HELD, operator(scope="lab"), "operator:3", WALL)) == "scope@operator.scope"
    assert isinstance(leaving.leave(ask, profile(), HELD, operator(scope="lab lobby"), "operator:3", WALL), Outcome)


def test_by_itself_it_is_the_word_of_who_set_the_day() -> None:
    """What the controller ends when the day is over is recorded as the word of whoever set the day (C7.4)."""
    outcome = leaving.over(profile(leaves_on="2027-03-31"), HELD)

    assert outcome.records[-1] == leaving.PersonLeft(14, "operator:2", "left")
    assert outcome.records[1].decided_by == 2


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.table)
def test_everything_held_has_a_record_that_ends_it(ending: leaving.Held) -> None:
    """Each noun that ends with a person is a table with these columns, and there is a record by which it ends (C7.4)."""
    assert {ending.key, ending.shown, "person", "state"} <= TABLES[ending.table].columns.keys()
    number = "lab-door/in" if ending.key == "reader" else 7

    assert getattr(ENDED[ending.table](number, 14, 3), "state", "closed") not in ending.states


def test_nothing_is_ended_that_is_not_listed() -> None:
    """What the preview lists and what the controller ends are the same nouns."""
    assert ENDED.keys() == {ending.table for ending in ENDINGS}


@given(
    day=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    zone=st.sampled_from(["Asia/Tokyo", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia", "Europe/Berlin", "UTC"]),
)
def test_the_end_of_a_day_is_where_the_next_begins(day: date, zone: str) -> None:
    """In every zone, also where the clock skips midnight, a day is over at the first instant of a later one (C7.2)."""
    over = WallClock(ZoneInfo(zone), NOW).end_of(day)

    assert over.astimezone(ZoneInfo(zone)).date() > day
    assert (over - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).date() <= day


@given(
    days=st.lists(st.one_of(st.none(), st.just(""), st.dates(date(2026, 11, 1), date(2027, 11, 1)).map(str)), max_size=6),
    roles=st.lists(st.sampled_from(["administrator", "manager"]), min_size=6, max_size=6),
)
def test_only_another_manager_ever_puts_a_date_off(days: list[str | None], roles: list[str]) -> None:
    """After any requests the person leaves no later than before, unless a manager who is somebody else has said so (C7.2)."""
    known = profile()
    for asked, role in zip(days, roles, strict=False):
        outcome = person.change(ChangePerson(14, asked), known, None, operator(role, person=2), WALL)
        if isinstance(outcome, Refusal):
            assert outcome.code in (Code.ROLE, Code.VALIDITY)
            continue
        record = outcome.records[0]
        after = None if record.leaves_at is None else moment(record.leaves_at)
        later = known.leaves_at is not None and (after is None or after > known.leaves_at)
        assert not later or role == "manager"
        known = Profile(14, "active", REF, record.leaves_on, after, record.leaves_by)
