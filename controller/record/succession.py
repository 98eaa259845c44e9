"""How a site's key is followed by the next: each key signs for its successor, so that who knows one knows those after it.

A dashboard that pinned a key at the console follows the retained chain by itself, over any number of changes. A key that was
stolen must not choose its successor: after `compromised` the chain begins anew and a person carries the new key by hand.
"""

import msgspec

from controller.record.canonical import canonical
from controller.record.keys import BadKey, KeyPair, PublicKeys

MOST_LINKS = 64
"""In a chain; older ones are left out. A dashboard that missed more changes is told by hand."""


class BrokenChain(ValueError):
    """A link that should lead on was not signed by the key before it."""


class SuccessionLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change: both keys in their text form, and the signature (hex) of the first for the second."""

    previous: str
    public: str
    sig: str


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `key`, retained: the changes in order. Every link is signed by itself."""

    site: str
    links: tuple[SuccessionLink, ...]


def _statement(site: str, previous: str, public: str) -> bytes:
    return b"sekimori succession 1\n" + canonical({"site": site, "previous": previous, "public": public})


def hand_over(site: str, key: KeyPair, successor: PublicKeys) -> SuccessionLink:
    """The link by which this key names its successor."""
    previous, public = key.public.text(), successor.text()
    return SuccessionLink(previous, public, key.sign(_statement(site, previous, public)).hex())


def holds(site: str, link: SuccessionLink) -> bool:
    """Whether the key before signed for the key behind."""
    try:
        keys, _ = PublicKeys.parse(link.previous), PublicKeys.parse(link.public)
        signature = bytes.fromhex(link.sig)
    except (BadKey, ValueError):
        return False
    return keys.verify(signature, _statement(site, link.previous, link.public))


def follow(site: str, known: PublicKeys, chain: Chain) -> tuple[PublicKeys, ...]:
    """The keys after the one that is known, in order; none when it is the newest, or not in the chain.

    Links before it do not matter. Raises BrokenChain: a link that leads on does not hold.
    """
    if chain.site != site or len(chain.links) > MOST_LINKS:
        raise BrokenChain(f"not a chain of {site}")
    found: list[PublicKeys] = []
    at = known.text()
    for link in chain.links:
        if link.previous != at:
            continue
        if not holds(site, link) or link.public in (known.text(), *(keys.text() for keys in found)):
            raise BrokenChain("a key was not signed for by the one before it")
        found.append(PublicKeys.parse(link.public))
        at = link.public
    return tuple(found)
