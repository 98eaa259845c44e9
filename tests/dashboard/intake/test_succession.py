"""A site's key that changes, as an intake hears it: in any order, and from a broker that keeps what it likes."""

from listener import Listener
from site_peer import Said

from controller.record.canonical import canonical
from controller.record.keys import KeyPair
from controller.record.succession import Chain, SuccessionLink, hand_over
from dashboard.intake.intake import Intake, Message


def chain(following: Listener, *links: SuccessionLink) -> Said:
    """The retained chain of the site."""
    return Said(following.peer.topics.key, canonical(Chain(following.peer.name, links)), True)


def test_what_came_before_the_chain_is_heard_again(following: Listener) -> None:
    """Retained messages of the new key that a broker hands out before the chain are not believed; once the chain is followed
    the connection is made anew, on which they come again and count.
    """
    new = KeyPair.generate()
    link = hand_over(following.peer.name, following.peer.keys, new.public)
    following.peer.keys, following.peer.link = new, 2
    following.hear(following.peer.online(), chain(following, link))
    assert (new.public, True, 1) == (following.source.keys, following.intake.followed, following.source.link)

    following.intake.reconnected()
    following.hear(following.peer.online(), chain(following, link))

    assert (2, True) == (following.source.link, following.source.confirmed)


def test_key_is_told_when_it_is_kept(following: Listener) -> None:
    """Other threads hear of the new key behind the commit, and a dashboard that starts again has it from the table."""
    told: list[str] = []
    old, new = following.peer.keys, KeyPair.generate()
    sites = {following.peer.name: old.public}
    intake = Intake(
        following.engine, following.keys, sites, lambda: following.at, lambda site, keys: told.append(keys.id)
    )
    said = chain(following, hand_over(following.peer.name, old, new.public))
    intake.take([Message(said.topic, said.payload, said.retain)])

    assert [new.public.id] == told
    again = Intake(following.engine, following.keys, sites, lambda: following.at)
    assert new.public == again.sources[following.peer.name].keys


def test_pin_set_by_hand_begins_anew(following: Listener) -> None:
    """A key pinned by hand later goes before whatever had been accepted by a chain."""
    new, by_hand = KeyPair.generate(), KeyPair.generate()
    following.hear(chain(following, hand_over(following.peer.name, following.peer.keys, new.public)))
    assert new.public == following.source.keys

    intake = Intake(following.engine, following.keys, {following.peer.name: by_hand.public}, lambda: following.at)

    assert (by_hand.public, ()) == (
        intake.sources[following.peer.name].keys,
        intake.sources[following.peer.name].former,
    )


def test_chain_of_another_site_is_forged(following: Listener) -> None:
    """A true chain of another site, or a text that is none, is counted and changes nothing."""
    link = hand_over("plant", following.peer.keys, KeyPair.generate().public)
    other = chain(following, link)
    before = following.source.keys
    following.hear(other, Said(following.peer.topics.key, b"\xff{", True))

    assert (2, before) == (following.source.forged, following.source.keys)
