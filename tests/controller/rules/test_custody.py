"""Who may do what with which thing, by whose word: tables of class and act, and the lives of lines (C4.1, C4.2, C8.5)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.record.asks.custody import CollectCopies, EndCustody, RequestCustody
from controller.record.canonical import timestamp
from controller.record.envelope import kind_of
from controller.record.handling import ACTS, HANDED, METHODS, METHODS_OF, OFF_SITE, class_of, need
from controller.record.kinds.handout import CustodyCollected, CustodyHandedOut
from controller.record.kinds.sticker import StickerAttached, StickerMissed
from controller.record.private import PrivateRow
from controller.rules import custody, disposal, handout, sticker
from controller.rules.authority import OperatorFact
from controller.rules.custody import Carrier, Kept, Line, Subject
from controller.rules.outcome import Outcome, Refusal
from controller.rules.sticker import Held, Learning

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
TEXT = PrivateRow("custody-1", 1, {"purpose": "評価"}, "00" * 16)
MANAGER, DEPUTY, CARRIER, OTHER = 11, 12, 14, 15
VAULT = Kept("vault", ("lab",), MANAGER, DEPUTY)
PLACES = ("vault", "lab", "lobby")
HERE = Carrier("active", access=True)


def operator(number: int = 1, *roles: str, scope: str = "*", person: int | None = None) -> OperatorFact:
    return OperatorFact(number, frozenset(roles or ("manager",)), frozenset(scope.split()), person, "active")


def thing(class_: str = "internal", *allowed: str) -> Subject:
    return Subject(7, 3 if class_ else None, "usb", VAULT, class_, frozenset(allowed or ("lab", OFF_SITE)))


def line(act: str = "take_off", state: str = "open", class_: str = "secret", **changes: object) -> Line:
    place = OFF_SITE if act in ("take_off", "provide") else "lab"
    found = Line(
        21, 7, 3, act, "usb", place, VAULT, thing(class_), CARRIER, state, NOW + timedelta(days=1), LATER, 4, CARRIER
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def first(answer: Outcome | Refusal) -> Any:
    """The first record of what was accepted."""
    assert isinstance(answer, Outcome)
    return answer.records[0]


def said(answer: Outcome | Refusal) -> str:
    if isinstance(answer, Refusal):
        return f"{answer.code}@{answer.place}"
    return " ".join(kind_of(body)[0] for body in answer.records)


def asked(act_: str, class_: str = "internal", person: int = CARRIER, carrier: Carrier = HERE, **changes: object) -> str:
    """What the request comes to, and the state of its line."""
    act = str(changes.get("act", act_))
    place = OFF_SITE if act in ("take_off", "provide") else "lab"
    fields: dict[str, object] = {"act": act, "person": person, "place": place, "thing": 7}
    fields |= {"due_at": None if act in ("create", "store") else timestamp(LATER)}
    fields |= {"copies": 1 if act in HANDED else 0} | changes
    subject = thing(class_)
    answer = custody.request(
        RequestCustody(**fields),  # type: ignore[arg-type]
        operator(4, "employee", person=person), number=21, text=TEXT, subject=subject, carrier=carrier, places=PLACES, now=NOW,
    )  # fmt: skip
    return first(answer).state if isinstance(answer, Outcome) else said(answer)


FREE, WAITS, ALONE = "approved", "requested", "role@keeper.manager"


@pytest.mark.parametrize(
    ("class_", "expected"),
    [
        ("top_secret", (FREE, FREE, WAITS, ALONE, WAITS, WAITS, WAITS, WAITS)),
        ("secret", (FREE, FREE, FREE, WAITS, WAITS, WAITS, WAITS, WAITS)),
        ("internal", (FREE, FREE, FREE, FREE, WAITS, WAITS, WAITS, FREE)),
        ("", (FREE, FREE, FREE, FREE, FREE, WAITS, WAITS, FREE)),
        ("unheard_of", (FREE, FREE, WAITS, ALONE, WAITS, WAITS, WAITS, WAITS)),
    ],
)
def test_each_act_takes_the_approval_of_its_class(class_: str, expected: tuple[str, ...]) -> None:
    """Copying, telling, taking off the site and providing take another's word, by class; an unknown class is the strictest."""
    assert tuple(asked(act, class_) for act in ACTS) == expected


def test_top_secret_is_copied_by_the_manager_alone() -> None:
    """The place's manager may ask to copy what is top secret, and needs another's word; its copies are numbered (C4.2)."""
    assert asked("copy", "top_secret", MANAGER) == WAITS
    assert asked("copy", "top_secret", DEPUTY) == ALONE
    assert asked("copy", "top_secret", MANAGER, copies=0) == "form@body.copies"


def test_who_has_no_right_to_the_place_is_told_by_using_it() -> None:
    """To hand it to somebody without access takes the same word as telling them (C4.2)."""
    stranger = Carrier("active", access=False)

    assert [asked("use", class_, carrier=stranger) for class_ in ("secret", "internal", "")] == [WAITS, WAITS, FREE]
    assert asked("copy", "internal", carrier=stranger) == WAITS


def test_what_leaves_the_site_takes_a_word_whatever_it_is_called() -> None:
    """Telling somebody off the site is taking it off the site; using it there is called so."""
    assert asked("tell", "", place=OFF_SITE) == WAITS
    assert asked("use", "", place=OFF_SITE) == "form@body.place"
    assert asked("take_off", "", place="lab") == "form@body.place"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"place": "lobby"}, "place@body.place"),
        ({"place": "vault"}, FREE),
        ({"place": "moon"}, "subject@body.place"),
        ({"due_at": None}, "validity@body.due_at"),
        ({"due_at": timestamp(NOW)}, "validity@body.due_at"),
        ({"due_at": timestamp(NOW + timedelta(days=367))}, "validity@body.due_at"),
        ({"due_at": "tomorrow"}, "form@body.due_at"),
        ({"act": "borrow"}, "form@body.act"),
        ({"copies": 3}, "form@body.copies"),
        ({"act": "store", "due_at": timestamp(LATER)}, "form@body.due_at"),
    ],
)
def test_a_take_out_names_one_of_the_places_and_an_end(changes: dict[str, object], expected: str) -> None:
    """An asset names where it may be handled, and every other place is refused (C8.5); a use has a day by which it is over."""
    assert asked("use", **changes) == expected  # type: ignore[arg-type]


def test_nobody_asks_for_another_or_for_who_is_gone() -> None:
    """An employee asks for themselves; nobody who is suspended has anything; an operator has to be somebody that is known."""
    ask = RequestCustody(person=CARRIER, act="use", place="lab", thing=7, due_at=timestamp(LATER))

    def answer(by: OperatorFact, subject: Subject | None = thing(), carrier: Carrier = HERE) -> str:  # noqa: B008
        return said(
            custody.request(ask, by, number=1, text=TEXT, subject=subject, carrier=carrier, places=PLACES, now=NOW)
        )

    assert answer(operator(4, "employee", person=OTHER)) == "role@operator.person"
    assert answer(operator(4, "custodian", person=OTHER)) == "custody.requested"
    assert answer(operator(4, "custodian")) == "role@operator.person"
    assert answer(operator(4, person=CARRIER), carrier=Carrier("suspended", access=True)) == "active_person@body.person"
    assert answer(operator(4, person=CARRIER), subject=None) == "subject@body.thing"


@pytest.mark.parametrize(
    ("by", "changes", "expected"),
    [
        (operator(5, person=OTHER), {}, "custody.approved"),
        (operator(5, "employee", person=MANAGER), {}, "custody.approved"),
        (operator(5, "custodian", person=DEPUTY), {}, "custody.approved"),
        (operator(5, "custodian", person=OTHER), {}, "role@keeper"),
        (operator(5, "employee", person=OTHER), {}, "role@keeper"),
        (operator(5, person=OTHER, scope="lobby"), {}, "scope@operator.scope"),
        (operator(5, person=OTHER, scope="lab"), {}, "custody.approved"),
        (operator(5, person=CARRIER), {}, "second_person@custody.person"),
        (operator(5), {}, "second_person@custody.requested_by"),
        (operator(4, person=OTHER), {}, "second_person@custody.requested_by"),
        (operator(5, person=OTHER), {"requester": OTHER}, "second_person@custody.person"),
        (operator(5, person=OTHER), {"requester": None}, "second_person@custody.requested_by"),
        (operator(5, person=MANAGER), {"person": MANAGER}, "second_person@custody.person"),
        (operator(5, person=OTHER), {"state": "open"}, "subject@body.custody"),
        (operator(5, person=OTHER), {"begin_by": NOW}, "validity@custody.begin_by"),
        (operator(5, person=OTHER), {"place": "lobby"}, "place@custody.place"),
        (operator(5, person=OTHER), {"subject": None}, "subject@custody.thing"),
    ],
)
def test_who_answers_for_the_place_approves_and_nobody_their_own(
    by: OperatorFact, changes: dict[str, object], expected: str
) -> None:
    """Manager, deputy or an operator who is manager there; never who asked, who carries, or who cannot prove to be another."""
    found = replace(line(state="requested"), **changes)  # type: ignore[arg-type]

    assert said(custody.approve(found, by, HERE, NOW)) == expected


def test_an_approval_is_good_for_a_week_and_never_past_the_end() -> None:
    """An approval that nobody used in time begins nothing; nor does one whose subject became stricter since."""
    by = operator(5, person=OTHER)
    good = custody.approve(line(state="requested"), by, HERE, NOW)
    free = line("use", "approved", "internal", decided_by=None)

    assert first(good).begin_by == timestamp(LATER)
    assert custody.beginnable(free, busy=False, carrier=HERE, now=NOW) is None
    stricter = replace(free, subject=thing("top_secret"))
    for stale in (stricter, replace(free, begin_by=NOW), replace(free, subject=None), replace(free, place="lobby")):
        assert custody.beginnable(stale, busy=False, carrier=HERE, now=NOW) is not None
    assert custody.beginnable(free, busy=True, carrier=HERE, now=NOW) is not None
    assert custody.beginnable(free, busy=False, carrier=Carrier("left", access=True), now=NOW) is not None


def test_an_end_is_approved_by_another_person() -> None:
    """Who carries it can say that it is back, and another person approves that; to leave it with the other side takes one."""
    own, other = operator(4, "employee", person=CARRIER), operator(5, person=OTHER)
    back, left = EndCustody(21, "returned", CARRIER), EndCustody(21, "kept")

    alone, seen = custody.end(line(), back, own, None), custody.end(line(), back, other, None)
    assert (first(alone).confirmed_by, first(seen).confirmed_by) == (None, 5)
    assert said(custody.end(line(), left, own, None)) == "role@keeper"
    assert said(custody.end(line(), left, other, None)) == "custody.ended"
    assert said(custody.end(line(out=frozenset({2})), back, other, None)) == "subject@custody.handouts"
    assert said(custody.end(line(state="ended"), back, other, None)) == "subject@body.custody"
    over = line(state="ended", brought_by=OTHER)
    assert said(custody.confirm(over, operator(6, person=MANAGER))) == "custody.confirmed"
    assert said(custody.confirm(over, other)) == "second_person@custody.brought_by"
    assert said(custody.confirm(over, own)) == "role@keeper"


def test_a_later_day_is_asked_for_and_given_by_another() -> None:
    """Who carries it asks for a later day; another person gives it."""
    day = timestamp(LATER + timedelta(days=3))

    assert said(custody.ask_extension(line(), day, operator(4, "employee", person=CARRIER), NOW)) == "custody.extension_asked"
    assert said(custody.extend(line(), day, operator(6, person=CARRIER), NOW)) == "second_person@custody.person"
    assert said(custody.extend(line(), day, operator(5, person=OTHER), NOW)) == "custody.extended"
    assert said(custody.extend(line(), timestamp(NOW), operator(5, person=OTHER), NOW)) == "validity@body.due_at"


def test_a_request_is_taken_back_freely_and_refused_with_a_reason() -> None:
    """The one who asked needs no reason; another one writes why."""
    waits = line(state="requested")

    assert said(custody.decline(waits, operator(4, "employee", person=CARRIER), None)) == "custody.declined"
    assert said(custody.decline(waits, operator(5, person=OTHER), None)) == "purpose@private.reason"
    assert said(custody.decline(waits, operator(5, person=OTHER), TEXT)) == "custody.declined"
    assert said(custody.decline(waits, operator(5, "employee", person=OTHER), TEXT)) == "role@keeper"


def test_destruction_fits_the_medium_and_is_watched() -> None:
    """A magnet does nothing to a flash chip; the one who watched is another person, for the top class a keeper (C4.2)."""
    ready = line("dispose", "approved", decided_by=5)
    own = operator(4, "employee", person=CARRIER)

    def done(method: str) -> str:
        return said(disposal.dispose(ready, method, own, busy=False, carrier=HERE, now=NOW))

    assert [done(method) == "custody.destroyed" for method in METHODS] == [method in METHODS_OF["usb"] for method in METHODS]
    assert done("degaussed") == "form@body.method"
    burnt = line("dispose", "unwitnessed")
    assert said(disposal.witness(burnt, CARRIER)) == said(disposal.witness(burnt, None)) == "second_person@custody.person"
    assert said(disposal.witness(burnt, OTHER)) == "custody.disposed"
    top = line("dispose", "unwitnessed", "top_secret")
    assert [said(disposal.witness(top, one)) for one in (OTHER, DEPUTY)] == ["role@keeper", "custody.disposed"]


def test_a_marked_class_is_no_weaker() -> None:
    """What is marked 対外秘 is handled as 秘 at the least, and no class is without a row of needs for every act."""
    assert (class_of("internal", "not_outside"), class_of("top_secret", "not_outside")) == ("secret", "top_secret")
    assert class_of("new_class", "") == "top_secret"
    for class_ in ("top_secret", "secret", "internal", ""):
        assert all(need(class_, act, off_site=True).approver for act in ACTS)


# Numbered copies: the machine of one line against a set kept beside it ----------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    copies=st.integers(1, 6),
    steps=st.lists(st.one_of(st.integers(1, 3), st.lists(st.integers(0, 7), min_size=1, max_size=3)), max_size=12),
)
def test_no_copy_is_collected_twice_and_none_is_forgotten(copies: int, steps: list[int | list[int]]) -> None:
    """Whatever is handed out and collected in whatever order: a number is out once, back once, and with the last it ends."""
    now, by, back = line("provide", copies=copies), operator(4, "employee", person=CARRIER), set[int]()
    for step in steps:
        if isinstance(step, int):
            answer = handout.hand_out(now, [(OTHER, None)] * step, by)
            assert isinstance(answer, Outcome) == (now.state == "open" and now.issued + step <= copies)
            if isinstance(answer, Outcome):
                numbers = [body.number for body in answer.records if isinstance(body, CustodyHandedOut)]
                assert numbers == list(range(now.issued + 1, now.issued + step + 1))
                now = replace(now, issued=numbers[-1], out=now.out | set(numbers))
            continue
        answer = handout.collect(now, CollectCopies(21, tuple(step), "returned"), by)
        good = now.state == "open" and set(step) <= now.out
        assert isinstance(answer, Outcome) == good
        if isinstance(answer, Outcome):
            numbers = [body.number for body in answer.records if isinstance(body, CustodyCollected)]
            assert len(set(numbers)) == len(numbers) and back.isdisjoint(numbers)
            back |= set(numbers)
            over = len(back) == copies
            assert ("custody.ended" in said(answer)) == over
            now = replace(now, out=now.out - set(numbers), state="ended" if over else "open")


# At a station ---------------------------------------------------------------------------------------------------------------


def cases() -> Iterator[tuple[str, Held, str]]:
    away = line(begun_in="lobby")
    ready = line(state="approved", decided_by=5)
    base = Held("thing:7", "desk", "lab", frozenset({"vault", "lab"}), CARRIER, None)
    yield "brought back by whoever it was", replace(base, open=away, person=OTHER), "custody.ended"
    yield "brought back, and nobody said so", replace(base, open=away, person=None), "custody.ended"
    yield "brought back where it was taken", replace(base, open=away, zone="lobby"), "custody.ended"
    yield "elsewhere", replace(base, open=away, zone="gate"), "custody.astray"
    yield "where its line has it", replace(base, open=away, zone="hall", goal=frozenset({"hall"})), "custody.seen"
    yield "its copies are out still", replace(base, open=line(out=frozenset({1}))), "custody.seen"
    yield "destroyed, they said", replace(base, open=line("dispose", "unwitnessed")), "custody.astray"
    yield "taken", replace(base, approved=ready, carrier=HERE), "custody.begun"
    yield "not approved", base, "approval@custody"
    old = replace(ready, begin_by=NOW)
    yield "approved too long ago", replace(base, approved=old, carrier=HERE), "validity@custody.begin_by"
    yield "nobody's badge, at home", replace(base, person=None), "subject@custody"
    yield "nobody's badge, elsewhere", replace(base, person=None, zone="gate"), "custody.astray"
    yield "disposed of", replace(base, gone=True), "custody.astray"


@pytest.mark.parametrize(("name", "held", "expected"), list(cases()), ids=lambda one: one if isinstance(one, str) else "")
def test_what_a_thing_at_a_station_comes_to(name: str, held: Held, expected: str) -> None:
    """Taken with badge and approval, brought back by anybody, seen where it is allowed, an alarm elsewhere (C8.5, C9.1)."""
    assert said(sticker.held(held, NOW)) == expected, name


def test_a_sticker_is_a_tag_that_nobody_knows() -> None:
    """A badge, another thing's sticker and a torn card become no sticker; one station waits for one at a time (C9.1)."""
    waits = Learning("desk", "thing:7", NOW + timedelta(seconds=60))

    assert isinstance(sticker.learn(waits, "cd" * 32, "3A7F", is_badge=False, names=None), StickerAttached)
    for credential, is_badge, names in (("", False, None), ("cd", True, None), ("cd", False, "thing:8")):
        assert isinstance(sticker.learn(waits, credential, "", is_badge=is_badge, names=names), StickerMissed)
    assert sticker.waits(waits, NOW) and not sticker.waits(waits, NOW + timedelta(seconds=60))
    assert not sticker.waits(waits, NOW - timedelta(days=1)) and not sticker.waits(None, NOW)
