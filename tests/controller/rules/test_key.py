"""The rules of keys by themselves: when one is due, who may have it, who may agree, what a return comes to (C8.2, C7.3)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replaced

from controller.record.asks.key import ChangeKey
from controller.record.kinds.key_loan import ASKED
from controller.record.private import PrivateRef, PrivateRow
from controller.record.refusals import Code
from controller.rules import key_by_hand, key_loan
from controller.rules.authority import OperatorFact
from controller.rules.key import Key, Site, astray, change, gone, hung, retire, seal
from controller.rules.key_due import BusinessDays, DueRule, due_at
from controller.rules.key_loan import Booking, Borrower, Loan, Terms
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import Calendar

TOKYO = ZoneInfo("Asia/Tokyo")
DAYS = BusinessDays(TOKYO, Calendar("JP", frozenset({date(2026, 12, 29)})))
REF = PrivateRef("loan-1", 1, "ab" * 32)
NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
KEY = Key(1, "K-1", "lab", "lobby", due=DueRule(0, "17:30"))
ANY = OperatorFact(5, frozenset({"custodian"}), frozenset({"*"}), 5, "active")
FREE = Borrower(1, {"lab": None})
KEPT = ChangeKey(
    key=1, label="K-1", opens="lab", home="lobby", cabinet="main", slot=1, authorisers=2, due_time="17:30"
)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)


@pytest.mark.parametrize(
    ("lent", "minutes", "time", "due"),
    [
        ("2026-11-24 09:00", 0, "17:30", "2026-11-24 17:30"),
        ("2026-11-24 17:30", 0, "17:30", "2026-11-25 17:30"),
        ("2026-11-27 18:00", 0, "17:30", "2026-11-30 17:30"),  # Friday evening
        ("2026-11-20 18:00", 0, "17:30", "2026-11-24 17:30"),  # a weekend, and Labour Thanksgiving Day
        ("2026-12-28 18:00", 0, "17:30", "2026-12-30 17:30"),  # the company's own holiday
        ("2026-11-28 10:00", 0, "17:30", "2026-11-30 17:30"),  # lent on a Saturday
        ("2026-11-28 10:00", 60, "17:30", "2026-11-28 11:00"),
        ("2026-11-24 09:00", 60, "17:30", "2026-11-24 10:00"),
        ("2026-11-24 17:00", 60, "17:30", "2026-11-24 17:30"),
        ("2026-11-24 09:00", 480, "", "2026-11-24 17:00"),
        ("2026-11-24 09:00", 0, "", "2026-11-25 09:00"),
        ("2026-11-24 09:00", 0, "00:00", "2026-11-25 00:00"),
    ],
)
def test_a_key_is_due_at_the_first_of_its_times(lent: str, minutes: int, time: str, due: str) -> None:
    """Minutes after it was lent, or the time of the next business day, whichever is first; without either, a day."""
    assert due_at([DueRule(minutes, time)], DAYS, wall(lent)) == wall(due)


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),
    st.integers(0, 5000),
    st.sampled_from(["", "00:00", "02:30", "23:59"]),
    st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "Pacific/Apia"]),
)  # fmt: skip
def test_a_key_is_always_due_and_never_before_it_is_lent(at: datetime, minutes: int, time: str, zone: str) -> None:
    """Whatever the clock skips or shows twice, the due time is behind the hand-out, and not for months."""
    now, days = at.replace(tzinfo=UTC), BusinessDays(ZoneInfo(zone), Calendar("JP"))

    assert now < due_at([DueRule(minutes, time)], days, now) <= now + timedelta(days=61)


def test_a_site_that_never_works_has_its_keys_back_the_next_day() -> None:
    """A calendar that is nothing but holidays lends no key for ever."""
    closed = Calendar("", frozenset(date(2026, 11, 1) + timedelta(days=n) for n in range(400)))

    assert due_at([DueRule(0, "17:30")], BusinessDays(TOKYO, closed), NOW) == wall("2026-11-25 17:30")


TAKEN = Booking(7, 2, NOW - timedelta(hours=1), NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("key", "borrower", "bookings", "code"),
    [
        (KEY, FREE, (), None),
        *((replace(KEY, state=state), FREE, (), Code.KEY) for state in ("lent", "released", "missing", "misplaced", "lost")),
        *((replace(KEY, state=state), FREE, (), Code.KEY) for state in ("suspect", "sealed", "retired")),
        (KEY, Borrower(1, {"lab": Refusal(Code.SCHEDULE, "right")}), (), Code.SCHEDULE),
        (KEY, Borrower(1, {}), (), Code.RIGHT),
        (KEY, replace(FREE, held=2, limit=2), (), Code.ALLOWANCE),
        (KEY, replace(FREE, held=1, limit=2), (), None),
        (replace(KEY, most=1), replace(FREE, held=1), (), Code.ALLOWANCE),
        (KEY, replace(FREE, barred=True), (), Code.ALLOWANCE),
        (KEY, FREE, (TAKEN,), Code.RESERVATION),
        (KEY, replace(FREE, person=2), (TAKEN,), None),
        (KEY, FREE, (replace(TAKEN, until_at=NOW),), None),
    ],
)  # fmt: skip
def test_what_keeps_somebody_from_a_key(
    key: Key, borrower: Borrower, bookings: tuple[Booking, ...], code: Code | None
) -> None:
    """Each thing that can be missing is named by its code; nobody without a known right gets a key."""
    refusal = key_loan.missing((key,), borrower, bookings, NOW)

    assert (None if refusal is None else refusal.code) == code


LOAN = Loan(1, 1, 1, ASKED, "lab", REF, 2, (), 5, 5, NOW)


@pytest.mark.parametrize(
    ("loan", "person", "may", "operator", "code"),
    [
        (LOAN, 6, True, replace(ANY, operator=6, person=6), None),
        (LOAN, 6, True, None, None),  # by their badge
        (None, 6, True, None, Code.SUBJECT),
        (replace(LOAN, state="lent"), 6, True, None, Code.SUBJECT),
        (replace(LOAN, asked_at=NOW - timedelta(hours=24)), 6, True, None, Code.SUBJECT),
        (LOAN, None, True, replace(ANY, operator=6, person=None), Code.SECOND_PERSON),
        (LOAN, 1, True, None, Code.SECOND_PERSON),  # who borrows
        (LOAN, 5, True, None, Code.SECOND_PERSON),  # who asked for it
        (LOAN, 6, True, replace(ANY, person=6), Code.SECOND_PERSON),  # the operator who did
        (replace(LOAN, authorisers=(6,)), 6, True, None, Code.SECOND_PERSON),
        (LOAN, 6, False, None, Code.RIGHT),
    ],
)
def test_who_agrees_to_a_loan(
    loan: Loan | None, person: int | None, may: bool, operator: OperatorFact | None, code: Code | None
) -> None:
    """Never who borrows, who asked, who has agreed already, whom nobody knows, or who has no say in the place (C7.3)."""
    said = key_by_hand.agree(loan, person, may, operator, NOW)

    assert (said.code if isinstance(said, Refusal) else None) == code


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), max_size=4), st.integers(0, 3))
def test_nothing_is_released_for_too_few_or_the_same_or_oneself(agreed: list[int], needed: int) -> None:
    """Whatever a cabinet brings: the slot opens only for as many others as the key asks for, all of them different."""
    terms = Terms(1, REF, NOW, DAYS, (), tuple(agreed), None, "cabinet")

    said = key_loan.release((replace(KEY, authorisers=needed),), FREE, terms)

    good = 1 not in agreed and len(set(agreed)) == len(agreed) >= needed
    assert isinstance(said, Outcome) == good


@pytest.mark.parametrize(
    ("key", "at", "kinds", "state"),
    [
        (replace(KEY, state="lent", loan=1, person=1), None, ["KeyReturned"], "in_place"),
        (replace(KEY, state="lent", loan=1, person=1, cabinet="box", slot=3), None, ["KeyReturned"], "misplaced"),
        (replace(KEY, state="lent", loan=1, person=1, cabinet="box", slot=3), ("box", 3), ["KeyReturned"], "in_place"),
        (replace(KEY, state="lent", loan=1, person=1, cabinet="box", slot=3), ("box", 4), ["KeyReturned"], "misplaced"),
        (replace(KEY, state="released", loan=1, person=1, cabinet="box", slot=3), ("box", 3), ["KeyReturned"], "in_place"),
        (replace(KEY, state="lost"), None, ["KeyFound"], "suspect"),
        (replace(KEY, state="missing"), None, ["KeyReplaced"], "in_place"),
    ],
)
def test_a_return_is_never_refused(key: Key, at: tuple[str, int] | None, kinds: list[str], state: str) -> None:
    """Whatever state a key is in that is not its place, whoever brings it: it is taken, and the record says where it is."""
    said = key_loan.give_back((key,), 9, operator=None, how="cabinet", at=at)

    assert isinstance(said, Outcome) and [type(body).__name__ for body in said.records] == kinds
    assert said.records[0].state == state  # type: ignore[attr-defined]


def test_what_a_cabinet_sees_of_a_key() -> None:
    """Gone without a loan, in a wrong slot, back: each once, and never of a key that somebody has."""
    hangs = replace(KEY, cabinet="box", slot=3)
    out, away = replace(hangs, state="lent", loan=1, person=1), replace(hangs, state="misplaced", at=("box", 4))

    assert [type(body).__name__ for body in gone((hangs,)).records] == ["KeyMissing"]
    assert gone((out,)).records == gone((replace(hangs, state="missing"),)).records == ()
    assert [type(body).__name__ for body in astray((hangs,), "box", 4).records] == ["KeyMisplaced"]
    assert astray((away,), "box", 4).records == astray((out,), "box", 4).records == ()
    assert [type(body).__name__ for body in hung((away,)).records] == ["KeyReplaced"]
    assert [type(body).__name__ for body in hung((replace(hangs, state="lost"),)).records] == ["KeyFound"]


def test_a_key_is_guarded_less_by_a_manager_of_what_it_opens_alone() -> None:
    """Neither a manager of where it hangs lets others have it, nor does a custodian take it out of its cabinet's watch."""
    guarded = replace(KEY, authorisers=2, cabinet="main", slot=1)
    here = OperatorFact(6, frozenset({"manager"}), frozenset({"lobby"}), 6, "active")
    site = Site({"lab", "lobby"}, {"main": {1, 2}})
    text = PrivateRow("key-1", 2, {"name": "x"}, "00" * 16)
    for ask in (replaced(KEPT, authorisers=0), replaced(KEPT, opens="lobby")):
        assert change(ask, guarded, text, here, site) == Refusal(Code.SCOPE, "operator.scope")
        assert isinstance(change(ask, guarded, text, replace(here, scope=frozenset({"*"})), site), Outcome)

    unwatched = Refusal(Code.ROLE, "key.authorisers")
    for ask in (replaced(KEPT, cabinet="", slot=0), replaced(KEPT, slot=2)):
        assert change(ask, guarded, text, ANY, site) == unwatched
    assert seal(guarded, "S-1", "lobby", ANY, {"lobby"}, False) == unwatched
    assert retire(guarded, text, ANY, False) == unwatched
    assert isinstance(retire(replace(guarded, state="missing"), text, ANY, False), Outcome)


def test_who_asked_and_is_nobody_known_is_no_other_person() -> None:
    """A loan that an operator asked for whom the site knows as no person takes the word of nobody: they may be the same."""
    asked = Loan(1, 1, 1, ASKED, "lab", REF, needed=1, asked_by=7)
    manager = OperatorFact(8, frozenset({"manager"}), frozenset({"*"}), 3, "active")

    assert key_by_hand.agree(asked, 3, True, manager, NOW) == Refusal(Code.SECOND_PERSON, "loan.asked_by")
    assert isinstance(key_by_hand.agree(replace(asked, asker=9), 3, True, manager, NOW), Outcome)
