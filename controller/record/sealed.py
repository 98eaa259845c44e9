"""Who may read it: a text sealed to one X25519 key. The broker, and other dashboards, see only bytes.

An ephemeral key, HKDF-SHA256 and ChaCha20-Poly1305. `context` names the place the box belongs to (a topic, a request's
id), so that a box cannot be moved to another place.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ONCE = bytes(12)  # each box has a key of its own, so the nonce may be fixed


class Unreadable(ValueError):
    """The box was not sealed to this key and context, or was changed."""


def _cipher(shared: bytes, ephemeral: bytes, recipient: bytes) -> ChaCha20Poly1305:
    info = b"sekimori sealed 1" + ephemeral + recipient
    return ChaCha20Poly1305(HKDF(hashes.SHA256(), 32, None, info).derive(shared))


def seal(recipient: bytes, context: bytes, text: bytes) -> bytes:
    """`text` for the holder of this X25519 public key alone. 48 bytes longer than the text."""
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    return public + _cipher(shared, public, recipient).encrypt(_ONCE, text, context)


def unseal(key: X25519PrivateKey, context: bytes, box: bytes) -> bytes:
    """The text of a box. Raises Unreadable."""
    if len(box) < 48:
        raise Unreadable("too short to be a sealed text")
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(box[:32]))
        recipient = key.public_key().public_bytes_raw()
        return _cipher(shared, box[:32], recipient).decrypt(_ONCE, box[32:], context)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("not sealed to this key and context, or changed") from error
