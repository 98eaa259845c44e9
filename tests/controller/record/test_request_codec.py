"""Reading requests: whatever the broker brings, it is a request or MalformedRequest."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.asks import EnrolBadge, RegisterPerson, ReleasePortal, SuspendPerson
from controller.record.canonical import canonical
from controller.record.keys import KeyPair
from controller.record.private import LONGEST_TEXT
from controller.record.requests import (
    KINDS,
    LARGEST_REQUEST,
    PRIVATE_FIELDS,
    MalformedRequest,
    Request,
    make_request,
    read_body,
    read_envelope,
    read_private,
    signature_holds,
)
from controller.record.sealed import seal

SITE = KeyPair.generate()
DASHBOARD = KeyPair.generate()
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ID = "01JD0000000000000000000000"


def made(body: msgspec.Struct, private: dict[str, str] | None = None, **changes: Any) -> Request:
    arguments: dict[str, Any] = {
        "id": ID,
        "body": body,
        "private": private or {},
        "operator": 1,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(seconds=10),
    }
    return make_request(DASHBOARD, "works", SITE.public, **(arguments | changes))


def read_all(data: bytes) -> bool:
    """Everything the desk reads of a request; whether it was one."""
    try:
        request = read_envelope(data)
        signature_holds(request, DASHBOARD.public)
        read_body(request)
        read_private(request, SITE)
    except MalformedRequest:
        return False
    return True


def test_a_request_arrives_as_it_was_made() -> None:
    """A request is read back with its body, its private text and its signature, and shows neither text nor name on the wire."""
    request = made(ReleasePortal("lab-door"), {"reason": " 来客 "})
    data = canonical(request)
    read = read_envelope(data)

    assert read == request
    assert signature_holds(read, DASHBOARD.public)
    assert read_body(read) == ReleasePortal("lab-door")
    assert read_private(read, SITE) == {"reason": "来客"}
    assert "来客".encode() not in data


def test_every_changed_byte_of_a_request_is_noticed() -> None:
    """No byte of a request can be changed so that its signature still holds and it asks for something else."""
    request = made(SuspendPerson(14), {"reason": "x"})
    data = canonical(request)
    for n in range(len(data)):
        for flip in (1, 2, 0x20, 0x80):
            try:
                changed = read_envelope(data[:n] + bytes([data[n] ^ flip]) + data[n + 1 :])
            except MalformedRequest:
                continue
            if signature_holds(changed, DASHBOARD.public):
                assert msgspec.structs.replace(changed, sig="") == msgspec.structs.replace(request, sig="")
    assert not signature_holds(request, SITE.public)


@given(st.binary(max_size=300))
def test_random_bytes_are_no_request(data: bytes) -> None:
    """Random bytes raise MalformedRequest, never anything else."""
    assert not read_all(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([f.name for f in msgspec.structs.fields(Request)]), json_values), st.data())
def test_any_json_in_any_field_is_read_or_refused(changes: dict[str, Any], draw: st.DataObject) -> None:
    """Any JSON value in any field, bodies of every kind among them, is a request or MalformedRequest."""
    envelope = json.loads(canonical(made(SuspendPerson(1), {"reason": "x"})))
    envelope["kind"] = draw.draw(st.sampled_from(list(KINDS)))
    fields = [field.name for field in msgspec.structs.fields(KINDS[envelope["kind"]])]
    envelope["body"] = {name: draw.draw(json_values | st.integers(0, 99) | st.just("x")) for name in fields}
    read_all(canonical(envelope | changes))


@pytest.mark.parametrize("number", [2**31, 2**53 + 1, 2**63, 2**64, 2**70, -1, -(2**70)])
@pytest.mark.parametrize("place", ["operator", "person"])
def test_numbers_no_database_holds_are_malformed(place: str, number: int) -> None:
    """A number too large for a column is refused as malformed; it would stop the loop at the first query."""
    envelope = json.loads(canonical(made(EnrolBadge(1, "lab-door/in"))))
    if place == "operator":
        envelope["operator"] = number
    else:
        envelope["body"]["person"] = number

    assert not read_all(json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode())


def test_nesting_never_raises_anything_else() -> None:
    """However deep a request nests, reading it and checking its signature ends in MalformedRequest or a no."""
    head, _, tail = canonical(made(SuspendPerson(1))).partition(b'"person":1')
    for depth in [*range(900, 1000), 3000, 7000]:
        data = head + b'"a":' + b"[" * depth + b"]" * depth + tail
        try:
            request = read_envelope(data)
        except MalformedRequest:
            continue
        assert signature_holds(request, DASHBOARD.public) is False


@pytest.mark.parametrize(
    "private",
    ["é", "!", "AAAA", "A", base64.b64encode(bytes(48)).decode(), base64.b64encode(bytes(100)).decode(), "A" * 5],
)
def test_private_text_that_cannot_be_read_is_malformed(private: str) -> None:
    """A private part that is no base64, no box, or a box of something else raises MalformedRequest."""
    request = msgspec.structs.replace(made(SuspendPerson(1), {"reason": "x"}), private=private)

    with pytest.raises(MalformedRequest, match="private"):
        read_private(request, SITE)


@given(st.binary(max_size=60))
def test_whatever_was_sealed_is_text_or_malformed(inside: bytes) -> None:
    """A box that opens, but holds something else than the kind's fields, raises MalformedRequest."""
    box = base64.b64encode(seal(SITE.public.sealing, ID.encode(), inside)).decode()
    request = msgspec.structs.replace(made(SuspendPerson(1)), private=box)
    with pytest.raises(MalformedRequest, match="private"):
        read_private(request, SITE)


def test_a_box_belongs_to_its_request() -> None:
    """A private part cannot be moved to another request."""
    request = made(SuspendPerson(1), {"reason": "x"})
    moved = msgspec.structs.replace(request, id=ID[:-1] + "1")

    with pytest.raises(MalformedRequest, match="private"):
        read_private(moved, SITE)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_takes_its_private_fields_and_no_others(kind: str) -> None:
    """A required text may not be missing, empty, blank or too long; a field of another kind is refused by name."""
    fields = PRIVATE_FIELDS[kind]
    required = [field for field in fields if field[-1] not in "?*"]
    good = {field.rstrip("?").replace("*", ".0"): "ok" for field in fields}
    body = msgspec.convert({"portal": "x"}, ReleasePortal)

    def read(text: dict[str, str]) -> dict[str, str]:
        return read_private(msgspec.structs.replace(made(body, text), kind=kind), SITE)

    assert read(good) == good
    for field in required:
        for wrong in ("", " \n", "x" * (LONGEST_TEXT + 1)):
            with pytest.raises(MalformedRequest, match=f"private.{field}"):
                read(good | {field: wrong})
        with pytest.raises(MalformedRequest, match=f"private.{field}: missing"):
            read({})
    with pytest.raises(MalformedRequest, match=r"private\.wage"):
        read(good | {"wage": "1"})


@pytest.mark.parametrize("id", ["", "x", ID + "0", ID[:-1], "é" * 26, "../" * 8 + "ab", "0" * 25 + " "])
def test_an_id_is_a_ulid(id: str) -> None:
    """A request without a proper id is malformed: it could not be known again."""
    envelope = json.loads(canonical(made(RegisterPerson(), {"name": "x"})))

    with pytest.raises(MalformedRequest):
        read_envelope(canonical(envelope | {"id": id}))


def test_a_request_has_a_bound() -> None:
    """A request beyond the bound is refused unread, and an unknown kind by its name."""
    with pytest.raises(MalformedRequest, match="at most"):
        read_envelope(b" " * (LARGEST_REQUEST + 1))
    with pytest.raises(MalformedRequest, match="not known"):
        read_body(msgspec.structs.replace(made(RegisterPerson(), {"name": "x"}), kind="door.melt"))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b" ",
        lambda data: data.replace(b'"operator":1', b'"operator": 1'),
        lambda data: data.replace(b'"operator":1', b'"operator":3,"operator":1'),
        lambda data: data.replace(b'"person":14', b'"person":15,"person":14'),
        lambda data: data.replace(b"person.suspend", b"person\\u002esuspend"),
        lambda data: data.replace(b',"operator_proof":""', b""),
        lambda data: json.dumps(dict(reversed(json.loads(data).items())), separators=(",", ":")).encode(),
    ],
)
def test_one_request_is_one_sequence_of_bytes(change: Callable[[bytes], bytes]) -> None:
    """The same request in other bytes, which its signature would cover as well, is malformed: who carries it makes no second.

    An input that stopped the controller is known again by its bytes.
    """
    data = canonical(made(SuspendPerson(14), {"reason": "x"}))
    assert change(data) != data

    with pytest.raises(MalformedRequest, match="canonical"):
        read_envelope(change(data))


@pytest.mark.parametrize("change", [str.upper, lambda sig: sig[:64] + " " + sig[64:], lambda sig: sig + "00"])
def test_a_signature_is_written_in_one_way(change: Callable[[str], str]) -> None:
    """A good signature in capitals, with a space or with something behind it does not hold."""
    request = made(SuspendPerson(14), {"reason": "x"})

    assert signature_holds(request, DASHBOARD.public)
    assert not signature_holds(msgspec.structs.replace(request, sig=change(request.sig)), DASHBOARD.public)
