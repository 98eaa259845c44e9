"""A record: who and when around a body that says what. Its canonical bytes are hashed, stored and sent, verbatim."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol, TypeVar

import msgspec

from controller.record.canonical import canonical
from controller.record.husk import husk_seq
from controller.record.tables import RowChange

LARGEST_RECORD = 131_072
"""Bytes. A longer record is refused where it is made and where it arrives."""


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the ledger.

    `seq` from 1 without gaps; `at` UTC with microseconds; `boot` the id of the controller's run; `clock` why `at` is
    to be trusted (`synced`, `declared`, `rtc`, `confirmed`, `holdover`), or `unsynced` when it is not; `by` is `controller`,
    `console`, `operator:3` or `person:14`. `mark`
    stands in the bytes only where there is one: `alone` while a single-person start waits for its review.
    """

    seq: int
    at: str
    boot: str
    clock: str
    kind: str
    v: int
    by: str
    body: Any
    mark: str = ""


class Body(Protocol):
    """What a kind's struct offers beside its fields."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The table rows this record leaves behind; pure, of this record alone."""


class Unknown(msgspec.Struct, frozen=True):
    """The body of a kind or version that this program does not know: kept and shown, never fatal."""

    raw: bytes

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing: an unknown record changes no table."""
        return ()


class Dropped(msgspec.Struct, frozen=True):
    """The body of a husk: what was in the record's place is dropped, and with it all that the envelope said but `seq`."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing: what it left is there, or replaced."""
        return ()


class MalformedRecord(ValueError):
    """The bytes are no record. The message says where they stop being one."""


_Count = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Mark = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
"""A mark that is there: an empty one would be a second form of the same record."""


class _Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seq: _Count
    at: str
    boot: str
    clock: str
    kind: str
    v: _Count
    by: str
    body: msgspec.Raw
    mark: Mark = ""


BodyType = TypeVar("BodyType", bound=type[msgspec.Struct])

KINDS: dict[tuple[str, int], type[msgspec.Struct]] = {}
"""Every kind and version this program knows, filled by `controller.record.kinds`."""

_names: dict[type[msgspec.Struct], tuple[str, int]] = {}
_bodies: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {}
_outer = msgspec.json.Decoder(_Outer)


PASSING: set[str] = set()
"""The kinds that leave no lasting state: their bytes may be dropped once they are past retention, and the fold does not miss
them. A row that one of them leaves is wholly replaced by the next of them (`portal_state`).
"""


def kind(name: str, version: int = 1, *, passing: bool = False) -> Callable[[BodyType], BodyType]:
    """Class decorator: this struct is the body of records of this kind and version; `passing` as in `PASSING`."""

    def register(body: BodyType) -> BodyType:
        if (name, version) in KINDS:
            raise ValueError(f"two structs claim {name} v{version}")
        KINDS[name, version] = body
        if passing:
            PASSING.add(name)
        _names[body] = (name, version)
        _bodies[name, version] = msgspec.json.Decoder(body)
        return body

    return register


def kind_of(body: msgspec.Struct) -> tuple[str, int]:
    """Kind and version of a body. Raises KeyError for a struct that is none."""
    return _names[type(body)]


def encode(record: Record) -> bytes:
    """The canonical bytes. Raises ValueError past `LARGEST_RECORD`."""
    data = canonical(record)
    if len(data) > LARGEST_RECORD:
        raise ValueError(f"record of {len(data)} bytes; {LARGEST_RECORD} at most")
    return data


def decode(data: bytes) -> Record:
    """The record in these bytes, its body a kind's struct or `Unknown`.

    A known kind whose body does not fit is Unknown too: it was written by a program that meant something else. Of a husk the
    body is `Dropped`, and everything else but `seq` empty.
    Raises MalformedRecord when the envelope itself is not one.
    """
    if len(data) > LARGEST_RECORD:
        raise MalformedRecord(f"{len(data)} bytes; {LARGEST_RECORD} at most")
    try:
        data.decode()  # the outer decoder steps over the body without looking at its letters
        outer = _outer.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if (seq := husk_seq(data)) is not None:
            return Record(seq, "", "", "", "", 0, "", Dropped())
        raise MalformedRecord(str(error)) from error
    decoder = _bodies.get((outer.kind, outer.v))
    body: Any
    try:
        body = Unknown(bytes(outer.body)) if decoder is None else decoder.decode(outer.body)
    except msgspec.DecodeError:
        body = Unknown(bytes(outer.body))
    return Record(outer.seq, outer.at, outer.boot, outer.clock, outer.kind, outer.v, outer.by, body, outer.mark)
