"""Zones in zones: which lie around which, and which doors an order for one concerns (C8.8, C8.9)."""

from hypothesis import given
from hypothesis import strategies as st

from controller.record.nesting import around, concerned

INSIDE = {"yard": "", "hall": "yard", "lab": "hall", "safe": "lab", "office": None}

zones = st.sampled_from(["a", "b", "c", "d", ""])


def test_the_nearest_first() -> None:
    """A room lies in its hall, and with it in the yard; a zone that is not there lies in nothing."""
    assert around("lab", INSIDE) == ("hall", "yard")
    assert around("office", INSIDE) == around("gone", INSIDE) == ()


def test_a_door_is_the_affair_of_every_zone_around_it() -> None:
    """A door from the street straight into a room inside a hall is closed by an order for the hall, and for the yard."""
    assert concerned("lab", "", INSIDE) == {"lab", "hall", "yard"}
    assert concerned("office", "yard", INSIDE) == {"office", "yard"}


@given(st.dictionaries(zones, zones), zones, zones)
def test_circles_end(inside: dict[str, str], inner: str, outer: str) -> None:
    """Whatever lies in whatever, the walk outwards ends, meets no zone twice, and the door's own zones count."""
    assert len(set(around(inner, inside))) == len(around(inner, inside))
    assert {zone for zone in (inner, outer) if zone} <= concerned(inner, outer, inside)
    assert "" not in concerned(inner, outer, inside)
