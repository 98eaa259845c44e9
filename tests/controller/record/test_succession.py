"""Chains of a site's keys: followed from any key in them, and from no other."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.keys import KeyPair
from controller.record.succession import MOST_LINKS, BrokenChain, Chain, SuccessionLink, follow, hand_over

KEYS = [KeyPair.generate() for _ in range(6)]
LINKS = tuple(hand_over("works", old, new.public) for old, new in pairwise(KEYS))


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_from_any_key_to_the_newest(known: int, first: int, last: int) -> None:
    """From each key in a chain one comes to all behind it, in order; from one that is not in it, nowhere."""
    first, last = min(first, last), max(first, last)
    expected = tuple(key.public for key in KEYS[known + 1 : last + 1]) if known >= first else ()

    assert expected == follow("works", KEYS[known].public, Chain("works", LINKS[first:last]))


@given(st.integers(0, 4), st.sampled_from(["sig", "public", "previous"]))
def test_changed_link_breaks_the_chain(n: int, field: str) -> None:
    """A link whose signature or key was exchanged leads nowhere: to follow it is an error, and not a shorter way."""
    stranger = KeyPair.generate()
    changed = {"sig": "00" * 64, "public": stranger.public.text(), "previous": KEYS[0].public.text()}[field]
    link = msgspec.structs.replace(LINKS[n], **{field: changed})
    links = (*LINKS[:n], link, *LINKS[n + 1 :])
    if link == LINKS[n]:
        return

    if field == "previous":  # no link leads on from KEYS[n], or two from KEYS[0]: the second is not looked at
        assert len(follow("works", KEYS[0].public, Chain("works", links))) <= max(n, 1)
    else:
        with pytest.raises(BrokenChain):
            follow("works", KEYS[0].public, Chain("works", links))


def test_own_word_of_the_new_key_does_not_count() -> None:
    """Who has only the new key, or another site's, cannot make a link to it; nor can a link be moved to another site."""
    thief = KeyPair.generate()
    own = SuccessionLink(KEYS[0].public.text(), thief.public.text(), thief.sign(b"x").hex())
    with pytest.raises(BrokenChain):
        follow("works", KEYS[0].public, Chain("works", (own,)))
    elsewhere = hand_over("plant", KEYS[0], thief.public)
    with pytest.raises(BrokenChain):
        follow("works", KEYS[0].public, Chain("works", (elsewhere,)))
    with pytest.raises(BrokenChain):
        follow("works", KEYS[0].public, Chain("plant", (elsewhere,)))


def test_chain_is_bounded_and_does_not_run_in_a_circle() -> None:
    """A chain longer than the bound is refused, and one that leads back."""
    with pytest.raises(BrokenChain):
        follow("works", KEYS[0].public, Chain("works", LINKS[:1] * (MOST_LINKS + 1)))
    back = hand_over("works", KEYS[1], KEYS[0].public)
    with pytest.raises(BrokenChain):
        follow("works", KEYS[0].public, Chain("works", (LINKS[0], back)))
