"""Pledges and training: what is missing, until when what was signed or attended holds, and who may put it on record."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.asks import CompleteTraining, SignPledge
from controller.record.canonical import moment, timestamp
from controller.record.conditions import HELD, LAPSED, NEVER, OLDER, Condition, Fulfilment, standing
from controller.record.envelope import kind_of
from controller.record.kinds.condition import PledgeSigned, TrainingCompleted
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules import condition
from controller.rules.authority import OperatorFact
from controller.rules.condition import Entry, Person, Recorded
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""Noon of the 24th in Tokyo."""
DAY = timedelta(days=1)
TOKYO = ZoneInfo("Asia/Tokyo")
SHA = "ab" * 32
NDA = Condition("pledge:nda", "2026-04", SHA, 0, ("joining", "leaving"))
INDUCTION = Condition("training:induction", valid_days=365)
FIRE = Condition("training:fire", valid_days=30)
SIGNED = Fulfilment(1, "pledge:nda", "2026-04", SHA, None, 11)
ATTENDED = Fulfilment(2, "training:induction", "", "", NOW + DAY, 12)
BOTH = (NDA, INDUCTION)


def missing(held: tuple[Fulfilment, ...], required: tuple[Condition, ...] = BOTH, now: datetime = NOW) -> str:
    """The place of the first thing that is missing, pledges before training; empty for nothing."""
    for sort in ("pledge", "training"):
        if (refusal := condition.missing(sort, required, held, now)) is not None:
            assert refusal.code == sort
            return refusal.place
    return ""


@pytest.mark.parametrize(
    ("held", "required", "place"),
    [
        ((SIGNED, ATTENDED), BOTH, ""),
        ((), (), ""),
        ((SIGNED, ATTENDED), (), ""),
        ((), BOTH, "pledge.nda"),
        ((ATTENDED,), BOTH, "pledge.nda"),
        ((SIGNED,), BOTH, "training.induction"),
        ((), (INDUCTION,), "training.induction"),
        ((replace(SIGNED, version="2025-04"), ATTENDED), BOTH, "pledge.nda.version"),
        ((replace(SIGNED, sha256="cd" * 32), ATTENDED), BOTH, "pledge.nda.version"),
        ((replace(SIGNED, until_at=NOW), ATTENDED), BOTH, "pledge.nda.until_at"),
        ((SIGNED, replace(ATTENDED, until_at=NOW)), BOTH, "training.induction.until_at"),
        ((SIGNED, replace(ATTENDED, until_at=NOW + timedelta.resolution)), BOTH, ""),
        ((SIGNED, ATTENDED), (NDA, INDUCTION, FIRE), "training.fire"),
        ((SIGNED, ATTENDED), (FIRE, INDUCTION), "training.fire"),
        ((replace(SIGNED, condition="training:nda"),), (NDA,), "pledge.nda"),
        # one good one is enough, wherever it stands among the others
        ((replace(ATTENDED, until_at=NOW - DAY), ATTENDED), (INDUCTION,), ""),
        ((ATTENDED, replace(ATTENDED, until_at=NOW - DAY)), (INDUCTION,), ""),
        ((SIGNED, replace(SIGNED, version="2025-04")), (NDA,), ""),
        ((replace(SIGNED, version="2025-04"), replace(SIGNED, until_at=NOW - DAY)), (NDA,), "pledge.nda.until_at"),
    ],
)
def test_what_is_missing(held: tuple[Fulfilment, ...], required: tuple[Condition, ...], place: str) -> None:
    """The first condition in the order of the settings that is not met, and why not: never, another text, ended (C5.1)."""
    assert missing(held, required) == place


def test_the_records_behind_an_answer() -> None:
    """What an answer rests on is named by its records, each sort apart."""
    assert condition.behind("pledge", (SIGNED, ATTENDED)) == (11,)
    assert condition.behind("training", (SIGNED, ATTENDED)) == (12,)


fulfilments = st.builds(
    Fulfilment,
    st.integers(1, 9),
    st.sampled_from(["pledge:nda", "training:induction", "training:fire"]),
    st.sampled_from(["", "2026-04", "2025-04"]),
    st.sampled_from(["", SHA, "cd" * 32]),
    st.one_of(st.none(), st.integers(-3, 3).map(lambda hours: NOW + timedelta(hours=hours))),
)


def oracle(one: Condition, held: tuple[Fulfilment, ...], now: datetime) -> str:
    """Written apart from the rule: filters, one after another."""
    mine = [f for f in held if f.condition == one.id]
    text = [f for f in mine if f.version == one.version and f.sha256 == one.sha256]
    if any(f.until_at is None or f.until_at > now for f in text):
        return HELD
    return LAPSED if text else OLDER if mine else NEVER


@given(st.sampled_from([NDA, INDUCTION, FIRE]), st.lists(fulfilments, max_size=6).map(tuple), st.permutations(range(6)))
def test_standings_agree_with_an_oracle(one: Condition, held: tuple[Fulfilment, ...], order: list[int]) -> None:
    """How somebody stands is what an independent reading says, in whatever order their fulfilments come."""
    shuffled = tuple(held[n] for n in order if n < len(held))
    found = standing(one, shuffled, NOW)

    assert found.state == oracle(one, held, NOW)
    assert (found.state == NEVER) == (found.by is None)
    if found.state == HELD and found.until_at is not None:
        good = [f.until_at for f in held if oracle(one, (f,), NOW) == HELD]
        assert None not in good and found.until_at == max(u for u in good if u is not None)


@given(st.lists(fulfilments, max_size=4).map(tuple), fulfilments)
def test_a_further_fulfilment_never_takes_away(held: tuple[Fulfilment, ...], more: Fulfilment) -> None:
    """Whoever may come in with some fulfilments may with one more."""
    assert missing(held) or not missing((more, *held))


# Days ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "days", "zone", "until"),
    [
        ("2026-11-24", 0, "Asia/Tokyo", None),
        ("2026-11-24", 1, "Asia/Tokyo", "2026-11-25T15:00:00.000000Z"),
        ("2026-11-24", 365, "Asia/Tokyo", "2027-11-24T15:00:00.000000Z"),
        ("2027-03-01", 365, "Asia/Tokyo", "2028-02-29T15:00:00.000000Z"),
        ("2028-02-29", 365, "Asia/Tokyo", "2029-02-28T15:00:00.000000Z"),
        ("2028-02-28", 1, "Asia/Tokyo", "2028-02-29T15:00:00.000000Z"),
        ("2026-12-31", 1, "UTC", "2027-01-02T00:00:00.000000Z"),
        ("2026-03-07", 1, "America/New_York", "2026-03-09T04:00:00.000000Z"),
        ("2026-10-31", 1, "America/New_York", "2026-11-02T05:00:00.000000Z"),
        ("2018-11-02", 1, "America/Sao_Paulo", "2018-11-04T03:00:00.000000Z"),  # there is no midnight on that day
    ],
)
def test_until_when_it_holds(day: str, days: int, zone: str, until: str | None) -> None:
    """To the end of the last day as the site's calendar has it, across leap days, summer time and skipped midnights (C5.1)."""
    one = replace(INDUCTION, valid_days=days)

    assert condition.until_of(one, date.fromisoformat(day), WallClock(ZoneInfo(zone), NOW)) == until


days = st.dates(date(1970, 1, 2), date(2100, 1, 1))
zones = st.sampled_from(
    ["Asia/Tokyo", "UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"]
).map(ZoneInfo)


@given(days, st.integers(1, 36_500), zones)
def test_the_last_day_counts_whole(day: date, valid: int, zone: ZoneInfo) -> None:
    """It holds at the last instant of the last day and not at the first of the next, wherever the site is."""
    text = condition.until_of(replace(INDUCTION, valid_days=valid), day, WallClock(zone, NOW))
    assert text is not None
    until, last = moment(text), day + timedelta(days=valid)

    assert WallClock(zone, until - timedelta.resolution).today <= last < WallClock(zone, until).today
    held = (replace(ATTENDED, until_at=until),)
    assert not missing(held, (INDUCTION,), until - timedelta.resolution)
    assert missing(held, (INDUCTION,), until) == "training.induction.until_at"


@given(days, st.integers(1, 3000), st.integers(0, 3000), zones)
def test_later_days_end_later(day: date, valid: int, later: int, zone: ZoneInfo) -> None:
    """Of two that attended the same course, who attended later holds as long or longer."""
    course = replace(INDUCTION, valid_days=valid)
    one, two = (condition.until_of(course, d, WallClock(zone, NOW)) for d in (day, day + timedelta(days=later)))

    assert one is not None and two is not None and one <= two


@given(days.filter(lambda day: (day.month, day.day) != (2, 29)), zones)
def test_a_year_is_never_longer_than_a_year(day: date, zone: ZoneInfo) -> None:
    """With the 365 days that a course has by default nobody comes in without it a year and a day later (C5.1)."""
    text = condition.until_of(INDUCTION, day, WallClock(zone, NOW))

    assert text is not None and moment(text) <= WallClock(zone, NOW).end_of(day.replace(year=day.year + 1))


# Putting on record -----------------------------------------------------------------------------------------------------

MANAGER = OperatorFact(2, frozenset({"manager"}), frozenset({"*"}), 9, "active")
LAB_ONLY = OperatorFact(2, frozenset({"manager"}), frozenset({"lab"}), 9, "active")
SIGN = SignPledge((14, 15), "nda", "2026-04", SHA, "2026-11-24", "joining")
COMPLETE = CompleteTraining((14, 15), "induction", "2026-11-24")
REASON = PrivateRow("reason-1", 1, {"reason": "別人の分だった"}, "00" * 16)


def entry(one: Condition | None, zones: tuple[str, ...] = ("lab",), **people: str | None) -> Entry:
    """The facts: persons 14 and 15, active unless said otherwise (`p14="erased"`, `p15="again"`)."""
    states: dict[str, str | None] = {"p14": "active", "p15": "active"} | people
    found = [
        Person(int(name[1:]), "active" if state == "again" else state, state == "again")
        for name, state in states.items()
    ]
    return Entry(one, zones, found, 7, (None,) * len(found), WallClock(TOKYO, NOW))


def said(answer: Outcome | Refusal) -> str:
    if isinstance(answer, Refusal):
        return f"{answer.code}@{answer.place}"
    return " ".join(kind_of(body)[0] for body in answer.records)


@pytest.mark.parametrize(
    ("change", "facts", "operator", "expected"),
    [
        ({}, entry(NDA), MANAGER, "pledge.signed pledge.signed"),
        ({}, entry(NDA), LAB_ONLY, "pledge.signed pledge.signed"),
        ({}, entry(NDA, ()), LAB_ONLY, "pledge.signed pledge.signed"),
        ({"pledge": "nda2"}, entry(None), MANAGER, "subject@body.pledge"),
        ({"version": "2025-04"}, entry(NDA), MANAGER, "subject@body.version"),
        ({"sha256": "cd" * 32}, entry(NDA), MANAGER, "subject@body.sha256"),
        ({"occasion": "role_change"}, entry(NDA), MANAGER, "subject@body.occasion"),
        ({"signed_on": "2026-11-25"}, entry(NDA), MANAGER, "validity@body.signed_on"),
        ({"signed_on": "1969-12-31"}, entry(NDA), MANAGER, "form@body.signed_on"),
        ({"signed_on": "20261124"}, entry(NDA), MANAGER, "form@body.signed_on"),
        ({"signed_on": "2026-02-29"}, entry(NDA), MANAGER, "form@body.signed_on"),
        ({"signed_on": "2026-W48-2"}, entry(NDA), MANAGER, "form@body.signed_on"),
        ({"signed_on": ""}, entry(NDA), MANAGER, "form@body.signed_on"),
        ({}, entry(NDA, ("lab", "vault")), LAB_ONLY, "scope@operator.scope"),
        ({}, entry(NDA, p14=None), MANAGER, "subject@body.people[0]"),
        ({}, entry(NDA, p15="erased"), MANAGER, "subject@body.people[1]"),
        ({}, entry(NDA, p15="again"), MANAGER, "subject@body.people[1]"),
        ({}, entry(NDA, p15="suspended"), MANAGER, "pledge.signed pledge.signed"),
        ({}, entry(NDA), replace(MANAGER, person=15), "second_person@body.people[1]"),
    ],
)
def test_who_may_record_which_signature(
    change: dict[str, Any], facts: Entry, operator: OperatorFact, expected: str
) -> None:
    """The present text, a day that has come, people whom the site knows, by another person than who signed (C7.6)."""
    assert said(condition.sign(msgspec.structs.replace(SIGN, **change), operator, facts)) == expected


def test_the_same_person_twice_is_one_too_many() -> None:
    """A person who stands twice in one request is recorded not even once."""
    twice = replace(entry(NDA), people=[Person(14, "active", False)] * 2)

    assert said(condition.sign(SIGN, MANAGER, twice)) == "subject@body.people[1]"


@pytest.mark.parametrize(
    ("ask", "facts", "expected"),
    [
        (COMPLETE, entry(INDUCTION), "training.completed training.completed"),
        (COMPLETE, entry(None), "subject@body.course"),
        (CompleteTraining((14,), "induction", "2026-11-25"), entry(INDUCTION), "validity@body.completed_on"),
        (CompleteTraining((14,), "induction", "1999-01-01"), entry(INDUCTION), "training.completed training.completed"),
        (COMPLETE, entry(INDUCTION, p14="again"), "subject@body.people[0]"),
    ],
)
def test_who_may_record_which_training(ask: CompleteTraining, facts: Entry, expected: str) -> None:
    """A known course on a day that has come; also one so long ago that it opens nothing, for the register (C7.5)."""
    assert said(condition.complete(ask, MANAGER, facts)) == expected


def test_the_day_is_the_sites() -> None:
    """An hour after midnight in Tokyo the new day has come, though in UTC it has not."""
    late = replace(entry(INDUCTION), wall=WallClock(TOKYO, datetime(2026, 11, 24, 16, 0, tzinfo=UTC)))

    assert said(condition.complete(CompleteTraining((14,), "induction", "2026-11-25"), MANAGER, late)).startswith(
        "training"
    )


def test_what_is_recorded() -> None:
    """Each person has a record of their own with its number, the text or course, the end, and a note of their own."""
    notes = [PrivateRow(f"note-{n}", 1, {"note": "本社で署名"}, "00" * 16) for n in (7, 8)]
    outcome = condition.sign(SIGN, MANAGER, replace(entry(NDA), notes=notes))

    assert isinstance(outcome, Outcome) and outcome.private == tuple(notes)
    assert outcome.records[1] == PledgeSigned(
        8, 15, "nda", "2026-04", SHA, "2026-11-24", "joining", None, 2, notes[1].ref(), "recorded"
    )
    trained = condition.complete(COMPLETE, MANAGER, entry(INDUCTION))
    until = timestamp(datetime(2027, 11, 24, 15, tzinfo=UTC))
    assert isinstance(trained, Outcome) and trained.private == ()
    assert trained.records[0] == TrainingCompleted(7, 14, "induction", "2026-11-24", until, 2, None, "recorded")


@pytest.mark.parametrize(
    ("sort", "found", "operator", "expected"),
    [
        ("pledge", Recorded(7, 14, "pledge:nda", "recorded"), MANAGER, "pledge.withdrawn"),
        ("training", Recorded(7, 14, "training:fire", "recorded"), MANAGER, "training.withdrawn"),
        ("training", Recorded(7, 14, "pledge:nda", "recorded"), MANAGER, "subject@body.fulfilment"),
        ("pledge", Recorded(7, 14, "pledge:nda", "withdrawn"), MANAGER, "subject@body.fulfilment"),
        ("pledge", None, MANAGER, "subject@body.fulfilment"),
        ("pledge", Recorded(7, 9, "pledge:nda", "recorded"), MANAGER, "second_person@fulfilment.person"),
        ("pledge", Recorded(7, 14, "pledge:nda", "recorded"), LAB_ONLY, "pledge.withdrawn"),
        (
            "pledge",
            Recorded(7, 14, "pledge:nda", "recorded"),
            replace(LAB_ONLY, scope=frozenset({"lobby"})),
            "scope@operator.scope",
        ),
    ],
)
def test_a_mistake_is_withdrawn(sort: str, found: Recorded | None, operator: OperatorFact, expected: str) -> None:
    """What counts may be withdrawn once, by another person, who answers for one of the zones that require it."""
    assert said(condition.withdraw(sort, found, operator, ("lab", "vault"), REASON)) == expected


def test_codes_are_the_sorts() -> None:
    """The refusal code is what the settings call the condition's sort."""
    assert {Code.PLEDGE, Code.TRAINING} == {NDA.sort, INDUCTION.sort}
    assert (NDA.name, INDUCTION.name) == ("nda", "induction")
