"""One value, one sequence of bytes: UTF-8 JSON, keys sorted, no spaces (design §4).

What is hashed, signed, stored and sent is always the output of `canonical`; nothing is ever encoded a second time.
"""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="sorted")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any msgspec-encodable value
    """The canonical bytes of a struct, mapping, sequence, string, integer, boolean or None.

    Raises TypeError for what JSON cannot hold. Floats are not used in the published language: their text is not unique.
    """
    return _encoder.encode(value)


def timestamp(at: datetime) -> str:
    """An aware datetime as it stands in records: `2026-11-22T00:05:00.123456Z`, always UTC and microseconds.

    Text of this form sorts as time does. Raises ValueError for a naive datetime.
    """
    if at.tzinfo is None:
        raise ValueError("a record's time needs a time zone")
    # not strftime: its %Y is not padded, so that the year 1 could be written and never read again
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def moment(text: str) -> datetime:
    """The datetime of a record's timestamp. Raises ValueError for anything but that form."""
    if _TIMESTAMP.fullmatch(text) is None:
        raise ValueError(f"{text[:40]!r} is no timestamp of a record")
    return datetime.fromisoformat(text)
