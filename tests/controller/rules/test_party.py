"""Who may only pass together, by the rule alone: tables of cases, and what holds for any party."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.refusals import Code
from controller.rules.party import (
    Inside,
    Left,
    Member,
    Passing,
    leaves_behind,
    left_behind,
    needed,
    passing,
)
from controller.rules.zone import ZoneRules

PLAIN = ZoneRules("office", escort_ratio=2)
VAULT = ZoneRules("vault", two_person=True, escort_ratio=2)
NOBODY = Inside()
TWO = Inside(frozenset({8, 9}))


def member(text: str) -> Member:
    """`1 own`, `2 escorted`; a `+` behind it: has passed; `+7`: escorted by 7."""
    who, manner, *rest = text.split()
    return Member(int(who), manner, 0.0, bool(rest), int(rest[0][1:] or 0) if rest else 0)


CASES: list[tuple[str, ZoneRules, list[str], Inside, tuple[int, ...], dict[int, int], dict[int, Code]]] = [
    ("a right holder alone", PLAIN, ["1 own"], NOBODY, (1,), {}, {}),
    ("an escort alone", PLAIN, ["1 escort"], NOBODY, (1,), {}, {}),
    ("a visitor alone", PLAIN, ["2 escorted"], NOBODY, (), {}, {2: Code.ESCORT}),
    ("a visitor and no escort", PLAIN, ["2 escorted", "1 own"], NOBODY, (1,), {}, {2: Code.ESCORT}),
    ("a visitor, then the escort", PLAIN, ["2 escorted", "1 escort"], NOBODY, (2, 1), {2: 1}, {}),
    ("the escort, then a visitor", PLAIN, ["1 escort +", "2 escorted"], NOBODY, (2,), {2: 1}, {}),
    (
        "an escort inside is no escort at the door",
        PLAIN,
        ["2 escorted"],
        Inside(frozenset({1})),
        (),
        {},
        {2: Code.ESCORT},
    ),
    (
        "more visitors than one escort takes: the first ones",
        PLAIN,
        ["2 escorted", "3 escorted", "4 escorted", "1 escort"],
        NOBODY,
        (2, 3, 1),
        {2: 1, 3: 1},
        {4: Code.ESCORT},
    ),
    (
        "those inside count",
        PLAIN,
        ["2 escorted", "3 escorted", "1 escort"],
        Inside(frozenset({1}), {4: 1}),
        (2, 1),
        {2: 1},
        {3: Code.ESCORT},
    ),
    (
        "those who have passed count",
        PLAIN,
        ["1 escort +", "4 escorted +1", "5 escorted +1", "2 escorted"],
        NOBODY,
        (),
        {},
        {2: Code.ESCORT},
    ),
    (
        "who is inside and taps again gives their escort's hand to nobody",
        PLAIN,
        ["1 escort +", "3 escorted +1", "4 escorted", "2 escorted"],
        Inside(frozenset({1}), {2: 1}),
        (2,),
        {2: 1},
        {4: Code.ESCORT},
    ),
    (
        "two escorts share",
        PLAIN,
        ["2 escorted", "3 escorted", "4 escorted", "1 escort", "7 escort"],
        NOBODY,
        (2, 3, 4, 1, 7),
        {2: 1, 3: 7, 4: 1},
        {},
    ),
    (
        "nobody is escorted in here",
        ZoneRules("z", escort_ratio=0),
        ["2 escorted", "1 escort"],
        NOBODY,
        (1,),
        {},
        {2: Code.ESCORT},
    ),
    ("one into an empty vault", VAULT, ["1 own"], NOBODY, (), {}, {1: Code.SECOND_PERSON}),
    ("one into a vault with one inside", VAULT, ["1 own"], Inside(frozenset({8})), (), {}, {1: Code.SECOND_PERSON}),
    ("one into a vault with two inside", VAULT, ["1 own"], TWO, (1,), {}, {}),
    (
        "one into a vault where one of two is by somebody's word alone",
        VAULT,
        ["1 own"],
        Inside(TWO.holders, by_word=frozenset({9})),
        (),
        {},
        {1: Code.SECOND_PERSON},
    ),
    ("two into an empty vault", VAULT, ["1 own", "2 own"], NOBODY, (1, 2), {}, {}),
    ("two who are said to be inside already", VAULT, ["8 own"], TWO, (), {}, {8: Code.SECOND_PERSON}),
    ("a third behind two", VAULT, ["1 own +", "2 own +", "3 own"], NOBODY, (3,), {}, {}),
    (
        "a visitor is no second person",
        VAULT,
        ["1 own", "2 escorted"],
        NOBODY,
        (),
        {},
        {1: Code.SECOND_PERSON, 2: Code.ESCORT},
    ),
    (
        "visitors inside are none either",
        VAULT,
        ["1 own"],
        Inside(frozenset({8}), {3: 8}),
        (),
        {},
        {1: Code.SECOND_PERSON},
    ),
    (
        "a visitor and the escort, alone in a vault",
        VAULT,
        ["2 escorted", "1 escort"],
        NOBODY,
        (),
        {},
        {1: Code.SECOND_PERSON, 2: Code.SECOND_PERSON},
    ),
    ("with a second person", VAULT, ["2 escorted", "1 escort", "3 own"], NOBODY, (2, 1, 3), {2: 1}, {}),
]


@pytest.mark.parametrize(
    ("zone", "taps", "inside", "persons", "escorts", "awaited"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_who_passes(
    zone: ZoneRules,
    taps: list[str],
    inside: Inside,
    persons: tuple[int, ...],
    escorts: dict[int, int],
    awaited: dict[int, Code],
) -> None:
    """Who passes, by whose side, and what the others wait for (C7.7, C8.9)."""
    guarded = (inside,) if zone.two_person else ()
    assert passing(zone, tuple(map(member, taps)), inside, guarded) == Passing(persons, escorts, awaited)


@pytest.mark.parametrize(("manner", "of_a_party"), [("own", False), ("escort", True), ("escorted", True)])
def test_whose_tap_is_a_partys_affair(manner: str, of_a_party: bool) -> None:
    """Whoever needs nobody and is needed by nobody passes without a party; in a two-person zone nobody does."""
    assert (needed(False, manner), needed(True, manner)) == (of_a_party, True)


def test_every_zone_around_is_asked() -> None:
    """Who comes into a zone and at once into one around it is alone in neither."""
    two, one = TWO, Inside(frozenset({8}))
    assert passing(VAULT, (member("1 own"),), two, (two, two)).persons == (1,)
    assert passing(VAULT, (member("1 own"),), two, (two, one)).awaited == {1: Code.SECOND_PERSON}


people = st.integers(1, 9)
zones = st.builds(ZoneRules, st.just("zone"), two_person=st.booleans(), escort_ratio=st.integers(0, 3))
insides = st.builds(
    lambda holders, escorted: Inside(holders - escorted.keys(), escorted),
    st.frozensets(people),
    st.dictionaries(people, people, max_size=4),
)
parties = st.lists(
    st.builds(Member, people, st.sampled_from(["own", "escorted", "escort"]), st.just(0.0), st.booleans()),
    max_size=6,
    unique_by=lambda member: member.person,
).map(tuple)


@given(zones, parties, insides)
def test_nobody_is_let_in_alone(zone: ZoneRules, members: tuple[Member, ...], inside: Inside) -> None:
    """Whatever the party: into a two-person zone two holders come or two others are inside; nobody escorted without escort."""
    found = passing(zone, members, inside, (inside,) if zone.two_person else ())

    manner = {member.person: member.manner for member in members}
    holders = {person for person, how in manner.items() if how != "escorted"}
    if zone.two_person and found.persons:
        assert len(holders) >= 2 or len(inside.holders - holders) >= 2
    for person in found.persons:
        assert manner[person] != "escorted" or manner[found.escorts[person]] == "escort"
    waiting = {member.person for member in members if not member.passed}
    assert set(found.persons) | set(found.awaited) == waiting and not set(found.persons) & set(found.awaited)
    for escort in set(found.escorts.values()):
        theirs = {one for one, by in found.escorts.items() if by == escort}
        here = {one for one, by in inside.escorted.items() if by == escort}
        assert theirs <= here or len(theirs | here) <= zone.escort_ratio


@given(zones, parties, insides)
def test_revoking_somebody_lets_in_nobody_more(zone: ZoneRules, members: tuple[Member, ...], inside: Inside) -> None:
    """Without one of the right holders nobody passes who did not before: a badge fewer never opens more."""
    guarded = (inside,) if zone.two_person else ()
    before = set(passing(zone, members, inside, guarded).persons)
    for gone in (member for member in members if member.holder):
        fewer = tuple(member for member in members if member is not gone)
        assert set(passing(zone, fewer, inside, guarded).persons) <= before or gone.person in inside.holders


LEFT = [
    ("nobody", VAULT, NOBODY, {}),
    ("two", VAULT, TWO, {}),
    ("one", VAULT, Inside(frozenset({8})), {Left(8, Code.SECOND_PERSON): 0}),
    ("one where one may be", PLAIN, Inside(frozenset({8})), {}),
    ("a visitor and the escort", PLAIN, Inside(frozenset({8}), {2: 8}), {}),
    ("a visitor further in", PLAIN, Inside(frozenset({9}), {2: 8}, frozenset({2})), {}),
    ("a visitor without", PLAIN, Inside(frozenset({9}), {2: 8}), {Left(2, Code.ESCORT): 8}),
    (
        "one with somebody else's visitor",
        VAULT,
        Inside(frozenset({9}), {2: 8}),
        {Left(2, Code.ESCORT): 8, Left(9, Code.SECOND_PERSON): 0},
    ),
]


@pytest.mark.parametrize(("zone", "inside", "found"), [case[1:] for case in LEFT], ids=[case[0] for case in LEFT])
def test_who_is_left_behind(zone: ZoneRules, inside: Inside, found: dict[Left, int]) -> None:
    """Who is inside without the others that the zone asks for, and whose they were."""
    assert left_behind(zone, inside) == found


@pytest.mark.parametrize(
    ("zone", "inside", "person", "warned"),
    [
        (VAULT, TWO, 8, True),
        (VAULT, Inside(frozenset({8})), 8, False),
        (VAULT, Inside(frozenset({7, 8, 9})), 8, False),
        (PLAIN, TWO, 8, False),
        (PLAIN, Inside(frozenset({8}), {2: 8}), 8, True),
        (PLAIN, Inside(frozenset({8}), {2: 8}), 2, False),
        (PLAIN, Inside(frozenset({8, 9}), {2: 8}), 9, False),
    ],
)
def test_who_leaves_somebody_behind(zone: ZoneRules, inside: Inside, person: int, warned: bool) -> None:
    """Only who makes somebody be without the others is warned at the door."""
    assert leaves_behind(zone, inside, person) is warned
