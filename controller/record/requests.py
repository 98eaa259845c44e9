"""Requests: what a dashboard may ask of a site, and the envelope that says who asks (design §5).

A request is signed by the dashboard's key over all its other fields. What people typed (names, purposes, reasons) is in
`private`, sealed to the site with the request's id as context. Whether it is allowed is the rules' affair.
"""

import base64
import contextlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller.record.canonical import canonical, timestamp
from controller.record.keys import KeyPair, PublicKeys
from controller.record.private import LONGEST_TEXT, Text
from controller.record.sealed import Unreadable, seal, unseal

LARGEST_REQUEST = 16_384
"""Bytes. A longer one is refused unread."""

Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""The number of a person, badge, right or operator: never more than a database column holds."""

Word = Annotated[str, msgspec.Meta(max_length=64)]
"""An id or a code."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The envelope. `id` is a ULID; times as in records; `private` base64 or empty; `sig` hex over the rest."""

    id: str
    kind: Word
    site: Word
    body: dict[str, Any]
    private: str
    operator: Number
    issued_at: Word
    expires_at: Word | None
    dashboard: Word
    operator_proof: str = ""
    """Reserved for a passkey's signature over the digest."""
    sig: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers: everything but itself."""
        return b"sekimori request 1\n" + canonical(msgspec.structs.replace(self, sig=""))


class MalformedRequest(ValueError):
    """Not a request of a known kind and form; the message names the place."""


# What a dashboard may ask for ------------------------------------------------------------------------------------------

_Kind = TypeVar("_Kind", bound=type[msgspec.Struct])

KINDS: dict[str, type[msgspec.Struct]] = {}
PRIVATE_FIELDS: dict[str, tuple[str, ...]] = {}
"""The private texts of each kind; a `?` behind a name makes it optional, a `*` one of each number: `name.0`, `name.1`."""


def request_kind(name: str, private: tuple[str, ...] = ()) -> Callable[[_Kind], _Kind]:
    """Class decorator: this struct is the body of requests of this kind."""

    def register(body: _Kind) -> _Kind:
        KINDS[name] = body
        PRIVATE_FIELDS[name] = private
        return body

    return register


def name_of(body: msgspec.Struct) -> str:
    """The kind of a body."""
    return next(name for name, known in KINDS.items() if known is type(body))


# Making and reading ----------------------------------------------------------------------------------------------------

_decoder = msgspec.json.Decoder(Request)
_SIGNATURE = re.compile("[0-9a-f]{128}")


def make_request(
    key: KeyPair,
    site: str,
    site_keys: PublicKeys,
    *,
    id: str,
    body: msgspec.Struct,
    private: Text,
    operator: int,
    issued_at: datetime,
    expires_at: datetime | None,
) -> Request:
    """A signed request, its private texts sealed to the site."""
    box = seal(site_keys.sealing, id.encode(), canonical(private)) if private else b""
    request = Request(
        id,
        name_of(body),
        site,
        msgspec.to_builtins(body),
        base64.b64encode(box).decode(),
        operator,
        timestamp(issued_at),
        None if expires_at is None else timestamp(expires_at),
        key.public.id,
    )
    return msgspec.structs.replace(request, sig=key.sign(request.signed_bytes()).hex())


def read_envelope(data: bytes) -> Request:
    """The request in these bytes, neither its signature nor its body looked at. Raises MalformedRequest.

    They have to be its canonical bytes: whoever carries a request must not be able to make many of it, by spaces, by a field
    said twice or by another way of writing its signature. A request that is refused unread for what it once did to the
    controller is known by its bytes.
    """
    if len(data) > LARGEST_REQUEST:
        raise MalformedRequest(f"{len(data)} bytes; {LARGEST_REQUEST} at most")
    try:
        request = _decoder.decode(data)
        unique = canonical(request) == data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest(str(error)) from error
    if not unique:
        raise MalformedRequest("not in canonical form")
    if len(request.id) != 26 or not request.id.isascii() or not request.id.isalnum():
        raise MalformedRequest("id: a ULID has 26 letters and digits")
    return request


def signature_holds(request: Request, keys: PublicKeys) -> bool:
    """Whether this dashboard signed the request as it stands."""
    if _SIGNATURE.fullmatch(request.sig) is None or request.dashboard != keys.id:
        return False
    try:
        signed = request.signed_bytes()
    except RecursionError:  # nested so deep that it could be read, but not written again from here
        return False
    return keys.verify(bytes.fromhex(request.sig), signed)


def read_body(request: Request) -> msgspec.Struct:
    """The body as its kind's struct. Raises MalformedRequest naming the field."""
    known = KINDS.get(request.kind)
    if known is None:
        raise MalformedRequest(f"kind: {request.kind[:64]!r} is not known")
    try:
        return msgspec.convert(request.body, known)
    except msgspec.ValidationError as error:
        raise MalformedRequest(f"body: {error}") from error


def read_private(request: Request, key: KeyPair, former: Sequence[X25519PrivateKey] = ()) -> Text:
    """The private texts, opened and checked against the kind's fields. Raises MalformedRequest naming the field.

    `former`: sealing keys of before, for what was sealed when the key changed: nobody could seal it again.
    """
    if not request.private:
        return check_private(request.kind, {})
    try:
        box = base64.b64decode(request.private, validate=True)
        raw = _unseal((key.sealing, *former), request.id.encode(), box)
        text = msgspec.json.decode(raw, type=dict[str, str])
    except (ValueError, msgspec.DecodeError, RecursionError) as error:  # ValueError: Unreadable, and what base64 raises
        raise MalformedRequest("private: cannot be read") from error
    return check_private(request.kind, text)


def _unseal(keys: Sequence[X25519PrivateKey], context: bytes, box: bytes) -> bytes:
    for key in keys[:-1]:
        with contextlib.suppress(Unreadable):
            return unseal(key, context, box)
    return unseal(keys[-1], context, box)


_NUMBERED = re.compile(r"([a-z]+)\.(0|[1-9]\d?)")


def check_private(kind: str, text: Text) -> Text:
    """The texts, stripped, if they are the ones this kind takes. Raises MalformedRequest naming the field."""
    fields = PRIVATE_FIELDS.get(kind, ())
    single = {field.rstrip("?") for field in fields if not field.endswith("*")}
    many = {field[:-1] for field in fields if field.endswith("*")}
    for name in text:
        numbered = _NUMBERED.fullmatch(name)
        if name not in single and (numbered is None or numbered[1] not in many):
            raise MalformedRequest(f"private.{name[:32]}: not a field of {kind}")
    kept = {name: value.strip() for name, value in text.items() if value.strip()}
    for name in (field for field in fields if field[-1] not in "?*"):
        if name not in kept:
            raise MalformedRequest(f"private.{name}: missing")
    for name, value in kept.items():
        if len(value) > LONGEST_TEXT:
            raise MalformedRequest(f"private.{name}: {LONGEST_TEXT} characters at most")
    return kept
