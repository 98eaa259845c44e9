"""The muster list: who is inside by zone, what is uncertain and why, and totals with the zones within (C8.9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.muster import Doubt, Place, muster

INSIDE = {"campus": "", "lobby": "campus", "lab": "campus", "booth": "lab", "store": ""}
AT = "2026-11-24T00:00:00.000000Z"


def place(person: int, zone: str, seq: int = 10, certain: int = 1, source: str = "tap") -> Place:
    return Place(person, zone, AT, certain, source, "door", seq)


def doubt(zone: str, seq: int, reason: str = "forced", standing: int = 0) -> Doubt:
    return Doubt(zone, "door", reason, standing, AT, seq)


@pytest.mark.parametrize(
    ("place_", "doubts", "why"),
    [
        (place(1, "lab"), [], ""),
        (place(1, "lab"), [doubt("lab", 9)], ""),
        (place(1, "lab"), [doubt("lab", 11)], "forced"),
        (place(1, "lab"), [doubt("lobby", 11)], ""),
        (place(1, "lab"), [doubt("campus", 11)], ""),
        (place(1, "lab"), [doubt("*", 11, "restart")], "restart"),
        (place(1, "lab"), [doubt("*", 9, "restart")], ""),
        (place(1, "lab"), [doubt("lab", 9, "standing", 1)], "standing"),
        (place(1, "lab"), [doubt("lab", 9, "standing", 1), doubt("*", 12, "restart")], "standing"),
        (place(1, "lab"), [doubt("lab", 12, "button"), doubt("*", 11, "restart")], "button"),
        (place(1, "lab", certain=0), [], "tap"),
        (place(1, "lab", certain=0, source="book"), [], "book"),
    ],
)
def test_what_is_uncertain_says_why(place_: Place, doubts: list[Doubt], why: str) -> None:
    """A place is certain unless something went unseen there after it, or goes on; then the reason is with it."""
    found = muster([place_], doubts, INSIDE)

    (present,) = (present for zone in found.zones for present in zone.people)
    assert present.doubt == why and bool(present.doubt_at) == bool(why)
    assert (found.total, found.uncertain) == (1, int(bool(why)))


def test_zones_have_those_within() -> None:
    """A zone lists who is right there, and counts those in the zones within it; whoever is outside is in none."""
    people = [place(1, "booth"), place(2, "lab"), place(3, "lobby"), place(4, ""), place(5, "attic")]

    found = muster(people, [doubt("booth", 11)], INSIDE)

    assert {zone.zone: (len(zone.people), zone.total, zone.uncertain) for zone in found.zones} == {
        "campus": (0, 3, 1), "lobby": (1, 1, 0), "lab": (1, 2, 1), "booth": (1, 1, 1), "store": (0, 0, 0), "attic": (1, 1, 0),
    }  # fmt: skip
    assert (found.total, found.uncertain) == (4, 1)
    only = muster(people, [], INSIDE, "lab")
    assert [(zone.zone, zone.total) for zone in only.zones] == [("lab", 2), ("booth", 1)]


def test_doors_that_stand_open_are_named() -> None:
    """Where people may be passing without a trace now, the list says so, if that door leads into what is listed."""
    doubts = [doubt("lab", 3, "standing", 1), doubt("lobby", 4, "standing", 0), doubt("store", 5, "standing", 1)]

    assert [d.zone for d in muster([], doubts, INSIDE).unseen] == ["lab", "store"]
    assert [d.zone for d in muster([], doubts, INSIDE, "campus").unseen] == ["lab"]


zones = st.sampled_from(["", *INSIDE, "attic"])
places = st.lists(st.builds(place, st.integers(1, 50), zones, st.integers(1, 99)), unique_by=lambda found: found.person)
doubts = st.lists(st.builds(doubt, st.sampled_from([*INSIDE, "*", ""]), st.integers(1, 99), standing=st.integers(0, 1)))


@given(places, doubts)
def test_nobody_is_lost_and_nobody_twice(people: list[Place], unseen: list[Doubt]) -> None:
    """Whoever is inside stands on the list once, whatever is doubted; whoever is outside does not."""
    found = muster(people, unseen, INSIDE)

    listed = [present.person for zone in found.zones for present in zone.people]
    assert sorted(listed) == sorted(p.person for p in people if p.zone)
    assert found.total == len(listed)


def test_a_circle_of_zones_ends() -> None:
    """A broken plan does not hang the list on the day of a fire."""
    found = muster([place(1, "a")], [], {"a": "b", "b": "a"})

    assert found.total == 1
