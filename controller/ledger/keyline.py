"""Which key signs the checkpoints of which size, in a ledger whose site has changed its key.

Each change is the record `site.rekeyed`: checkpoints up to it bear the key before, those behind it the new one. From the key
that somebody knows one comes forward over changes that the old key signed for and whose record its last checkpoint covers; a
key that was stolen signs for nobody. Backward one comes by the records alone: what the known key's checkpoints cover names
the keys that were before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.record.keys import BadKey, PublicKeys
from controller.record.kinds.trust import SiteRekeyed
from controller.record.note import VerifierKey
from controller.record.succession import SuccessionLink, holds

MOST_CHANGES = 1000

Change = tuple[int, SiteRekeyed]
"""A change and the number of its record."""


@dataclass(frozen=True, slots=True)
class KeyLine:
    """Keys by the size from which on they sign; None for one that cannot be come by. `handed`: changes gone forward over."""

    spans: tuple[tuple[int, VerifierKey | None], ...]
    handed: tuple[int, ...] = ()

    def of(self, size: int) -> VerifierKey | None:
        """The key that has to sign a checkpoint of this size."""
        return next(key for after, key in reversed(self.spans) if after < size or after == 0)


def key_line(known: VerifierKey, changes: Sequence[Change]) -> KeyLine:
    """The line through the key that is known. Pure; changes in order of their records."""
    signing = [known.signing]
    try:
        signing = [PublicKeys.parse(text).signing for text in _texts(changes)]
    except BadKey:
        changes = ()
    if known.signing not in signing or not changes:
        return KeyLine(((0, known),))
    at = signing.index(known.signing)
    site = known.name.split("/")[1] if known.name.count("/") == 2 else ""
    forward = at
    while forward < len(changes) and _signed_for(site, changes[forward][1]):
        forward += 1
    keys = [VerifierKey(known.name, key) if n <= forward else None for n, key in enumerate(signing)]
    begins = [0, *(seq for seq, _ in changes)]
    return KeyLine(tuple(zip(begins, keys, strict=True)), tuple(seq for seq, _ in changes[at:forward]))


def _texts(changes: Sequence[Change]) -> list[str]:
    """The keys in order. Raises BadKey where one change does not begin where the last one ended."""
    texts = [body.previous for _, body in changes[:1]]
    for _, body in changes:
        if body.previous != texts[-1]:
            raise BadKey("a change of the key begins with another key than the last one ended with")
        texts.append(body.public)
    return texts


def _signed_for(site: str, body: SiteRekeyed) -> bool:
    return not body.compromised and holds(site, SuccessionLink(body.previous, body.public, body.sig))
