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
from controller.record.kinds.right import OWN
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


@request_kind("person.register", private=("name", "kana?", "title?", "department?"))
class RegisterPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make a person known to the site."""


@request_kind("person.suspend", private=("reason",))
class SuspendPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let no badge of this person open anything, at once."""

    person: Number


@request_kind("person.reinstate", private=("reason",))
class ReinstatePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a suspension."""

    person: Number


@request_kind("person.erase")
class ErasePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let everything written about a suspended person go, for ever; by another operator than the one who suspended them."""

    person: Number
    reason: Word
    """One of `controller.record.kinds.person.REASONS`."""


@request_kind("badge.enrol")
class EnrolBadge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make the next card at this reader the person's badge."""

    person: Number
    reader: Word


@request_kind("badge.retire")
class RetireBadge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let this badge open nothing any more: `lost` or `retired`."""

    badge: Number
    state: Word


@request_kind("pin.enrol")
class EnrolPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the person choose a PIN at this reader's keypad, after tapping their own badge."""

    person: Number
    reader: Word


@request_kind("pin.clear")
class ClearPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the person's PIN count no more."""

    person: Number


@request_kind("pin.unlock")
class UnlockPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the person try again before the end of a lock-out."""

    person: Number


@request_kind("right.request", private=("purpose",))
class RequestRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Ask for a right of a person or, with `person` None, of a group; `from_at` and `until_at` as in records.

    A default is not written: a site of before groups understands what it always did.
    """

    person: Number | None
    zone: Word
    schedule: Word
    from_at: Word
    until_at: Word
    team: Number | None = None
    manner: Word = OWN
    """One of `controller.record.kinds.right.MANNERS`."""


@request_kind("right.approve")
class ApproveRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a requested right hold; by another operator than the one who asked."""

    access_right: Number


@request_kind("right.decline")
class DeclineRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to a requested right."""

    access_right: Number


@request_kind("right.revoke")
class RevokeRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a right before its time."""

    access_right: Number


People = Annotated[tuple[Number, ...], msgspec.Meta(min_length=1, max_length=100)]
"""A hundred at most: what is recorded of them is one commit, and taps wait behind it."""


@request_kind("pledge.sign", private=("note?",))
class SignPledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These people signed this text on this day (C7.6). `signed_on` as in records; `occasion` one of `OCCASIONS`."""

    people: People
    pledge: Word
    version: Word
    sha256: Word
    signed_on: Word
    occasion: Word


@request_kind("pledge.withdraw", private=("reason",))
class WithdrawPledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was recorded as a signature was a mistake."""

    fulfilment: Number


@request_kind("training.complete", private=("note?",))
class CompleteTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These people attended this course to its end on this day (C5.1). `completed_on` as in records."""

    people: People
    course: Word
    completed_on: Word


@request_kind("training.withdraw", private=("reason",))
class WithdrawTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was recorded as training was a mistake."""

    fulfilment: Number


@request_kind("portal.release", private=("reason",))
class ReleasePortal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a portal be opened once."""

    portal: Word


@request_kind("start.review")
class ReviewStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done alone since start `start` has been looked at, up to record `upto`; by another than who was alone."""

    start: Number
    upto: Number


@request_kind("portal.override", private=("reason",))
class OverridePortal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a portal stand `open` or `locked` until then, whatever its schedule says."""

    portal: Word
    posture: Word
    until_at: Word


@request_kind("portal.resume")
class ResumePortal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End an override before its time."""

    portal: Word


@request_kind("lockdown.begin", private=("reason",))
class BeginLockdown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let nobody enter the zone; `*`: any zone of the site."""

    zone: Word


@request_kind("lockdown.end", private=("reason",))
class EndLockdown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lift a lockdown."""

    zone: Word


@request_kind("evacuation.begin", private=("reason",))
class BeginEvacuation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lead everybody out of the zone; `*`: out of the site."""

    zone: Word


@request_kind("evacuation.end", private=("reason",))
class EndEvacuation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let people in again."""

    zone: Word


@request_kind("special_day.set", private=("reason",))
class SetSpecialDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give a schedule (`*`: all but `always`) other hours on a day: `08:30-12:00`, or `-` for closed."""

    day: Word
    schedule: Word
    hours: Annotated[str, msgspec.Meta(max_length=128)]


@request_kind("special_day.approve")
class ApproveSpecialDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let hours hold that somebody else asked for."""

    special_day: Number


@request_kind("special_day.decline")
class DeclineSpecialDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say no to hours that were asked for."""

    special_day: Number


@request_kind("special_day.clear")
class ClearSpecialDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the day have the hours of the settings again."""

    special_day: Number


@request_kind("query/resend")
class QueryResend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send the records from `first` to `last` again; leaves no record."""

    epoch: Number
    first: Number
    last: Number


@request_kind("query/private")
class QueryPrivate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send the newest versions of these private rows again; leaves no record. A broker may keep fewer than it was given."""

    ids: Annotated[tuple[Word, ...], msgspec.Meta(max_length=100)]


@request_kind("query/explain")
class QueryExplain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say what the door says to this person, and what each check says; leaves no record."""

    person: Number
    portal: Word
    at: Word = ""
    """As in records; empty for now."""
    before: Number = 0
    """By the tables as they were before the record with this `seq`; 0: as they were at that time."""
    badge: Number = 0
    """With this badge of the person's; 0: with the best."""


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
