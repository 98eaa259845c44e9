"""Messages with the site's word on them: state, private rows, online, replies, resent records.

Records themselves are not signed one by one; the next checkpoint covers them. The topic is signed with the payload, so
that the broker cannot move a message; it can still lose or delay one, and `at` and `seq` inside show that.
"""

from typing import Any

import msgspec

from controller.record.canonical import canonical
from controller.record.keys import KeyPair, verify


class SignedMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payload, and the Ed25519 signature (hex) over topic and payload."""

    payload: msgspec.Raw
    sig: str


class Forged(ValueError):
    """The message does not carry the site's signature for this topic."""


_decoder = msgspec.json.Decoder(SignedMessage)


def _signed_bytes(topic: str, payload: bytes) -> bytes:
    return b"sekimori message 1\n" + topic.encode() + b"\n" + payload


def sign_message(key: KeyPair, topic: str, payload: Any) -> bytes:  # noqa: ANN401 - any msgspec-encodable value
    """The bytes to publish on this topic."""
    data = canonical(payload)
    return canonical(SignedMessage(msgspec.Raw(data), key.sign(_signed_bytes(topic, data)).hex()))


def open_message(signing: bytes, topic: str, data: bytes) -> bytes:
    """The canonical payload of a message that the holder of `signing` signed for this topic. Raises Forged."""
    try:
        message = _decoder.decode(data)
        signature = bytes.fromhex(message.sig)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Forged(f"{topic}: no signed message: {error}") from error
    payload = bytes(message.payload)
    if not verify(signing, signature, _signed_bytes(topic, payload)):
        raise Forged(f"{topic}: not signed by this site")
    return payload
