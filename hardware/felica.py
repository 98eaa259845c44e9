"""What a FeliCa Lite-S card proves, and how a blank one is given its key.

Proof. The card's key is HKDF(master, IDm): see `card_keys.py`. Reader and card prove to each other that they have it
(internal and external authentication), then block 0x82, whose first half is the IDm, is read with a MAC under the
session key. The MAC (0x81) does not cover block numbers, so by itself it would let somebody in the middle answer with
another block of the same card. That is harmless here, for two reasons. The identity is bound by the key already: a
card that knows HKDF(master, IDm) *is* the card with that IDm, whatever its blocks say. And a forged block 0x82 would
need the IDm in its first half, which is the true answer. What is read is compared with the IDm that answered the
polling; nothing else on the card is believed.

What this does not stop is a relay: somebody who carries the radio signal to the true card elsewhere, live. Lite-S has
no distance bounding. A zone for which that matters asks for a second factor.

Personalisation writes the key (CK, 0x87) first and its version (CKV, 0x86) last, each an atomic write of the chip. So a
card torn away between any two commands is either still blank, or has the key and says version 0, and a second
presentation finds out which by trying our key first and the factory's second. The memory configuration (MC, 0x88) is
left unlocked: the blocks can be rewritten by anybody near the card, which spoils the card and opens no door.
"""

from dataclasses import dataclass
from typing import Any

import nfc.tag
from nfc.tag.tt3_sony import FelicaLiteS

from hardware.card_keys import FACTORY_KEY, KEY_VERSION, CardKeys

_ID, _CKV, _CK = 0x82, 0x86, 0x87


@dataclass(frozen=True, slots=True)
class Proof:
    """What came out of one try: proven (`problem` None), or what is missing, as in `CardRead.problem`."""

    idm: bytes
    problem: str | None
    written: bool = False
    """This try wrote a key or a version to the card."""

    @property
    def credential(self) -> str:
        """The card's name, `felica-lite-s:<idm>`; only claimed while there is a problem."""
        return f"felica-lite-s:{self.idm.hex()}"


class _Progress:
    """Whether something was written before a card was torn away."""

    written = False


def is_lite_s(tag: Any) -> bool:  # noqa: ANN401 (nfcpy has no types)
    """Whether nfcpy took the card for a FeliCa Lite-S, by its PMm."""
    return isinstance(tag, FelicaLiteS)


def prove(tag: Any, keys: CardKeys) -> Proof:  # noqa: ANN401
    """Mutual authentication with the card's own key. Takes about 20 ms; leaks what nfcpy leaks on garbled frames."""
    idm = bytes(tag.idm)
    try:
        return Proof(idm, _proof_problem(tag, keys, idm))
    except nfc.tag.TagCommandError:
        return Proof(idm, "card")


def personalise(tag: Any, keys: CardKeys) -> Proof:  # noqa: ANN401
    """Gives a blank card its key and proves it. A card that was torn away half-way is finished; a good one is proven."""
    idm = bytes(tag.idm)
    progress = _Progress()
    try:
        return Proof(idm, _write_key(tag, keys, idm, progress), progress.written)
    except nfc.tag.TagCommandError:
        return Proof(idm, "card", progress.written)


def _proof_problem(tag: Any, keys: CardKeys, idm: bytes) -> str | None:  # noqa: ANN401
    version = _key_version(tag)
    if version == 0:
        return "personalisation"
    if version != KEY_VERSION:
        return "proof"
    if not _mutual(tag, keys.key(idm, version)):
        return "proof"
    return None if _identity_holds(tag, idm) else "proof"


def _write_key(tag: Any, keys: CardKeys, idm: bytes, progress: _Progress) -> str | None:  # noqa: ANN401
    key = keys.key(idm, KEY_VERSION)
    if not _mutual(tag, key):
        if not _mutual(tag, FACTORY_KEY, blank=True):
            return "proof"
        tag.write_without_mac(key[7::-1] + key[15:7:-1], _CK)
        progress.written = True
    if _key_version(tag) != KEY_VERSION:
        tag.write_without_mac(KEY_VERSION.to_bytes(2, "little") + bytes(14), _CKV)
        progress.written = True
    return _proof_problem(tag, keys, idm)


def _key_version(tag: Any) -> int:  # noqa: ANN401
    return int.from_bytes(tag.read_without_mac(_CKV)[0:2], "little")


def _mutual(tag: Any, key: bytes, *, blank: bool = False) -> bool:  # noqa: ANN401
    # nfcpy takes an empty key for the factory key, and the factory key for a key like any other.
    if len(key) != 16 or (key == FACTORY_KEY and not blank):
        raise ValueError("the factory key and the empty key prove nothing")
    try:
        return tag.authenticate(key) is True
    except TypeError:
        # The MAC over the state block was bad: nfcpy's read_with_mac gave None, and nfcpy indexed it.
        return False


def _identity_holds(tag: Any, idm: bytes) -> bool:  # noqa: ANN401
    block = tag.read_with_mac(_ID)
    return block is not None and bytes(block[0:8]) == idm
