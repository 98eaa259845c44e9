"""Canonical bytes and timestamps: one value, one text; and what is no record is refused as such."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.canonical import canonical, moment, timestamp
from controller.record.envelope import MalformedRecord, Record, decode, encode
from controller.record.facets import facets
from controller.record.kinds.entry import EntryRefused

text = st.text(st.characters(exclude_categories=("Cs",)))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)
aware = st.datetimes(
    datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))])
)


@given(values)
def test_canonical_bytes_are_a_fixed_point(value: object) -> None:
    """Canonical bytes decode to the same value and encode to the same bytes, in UTF-8 and without spaces."""
    data = canonical(value)

    assert msgspec.json.decode(data) == value
    assert canonical(msgspec.json.decode(data)) == data
    assert json.loads(data) == value


@given(st.dictionaries(text, st.integers(0, 9), min_size=2, max_size=6))
def test_keys_are_sorted_whatever_their_order_was(value: dict[str, int]) -> None:
    """Two mappings that are equal have the same bytes, and nested keys are sorted too."""
    turned = dict(reversed(value.items()))

    assert canonical({"outer": value}) == canonical({"outer": turned})
    keys = list(json.loads(canonical(value)))
    assert keys == sorted(keys)


@given(aware, aware)
def test_timestamps_sort_as_time_does(one: datetime, other: datetime) -> None:
    """Timestamps have one length, sort as the instants do, and read back as the same instant."""
    a, b = timestamp(one), timestamp(other)

    assert len(a) == len(b) == len("2026-11-22T00:05:00.123456Z")
    assert (a < b) == (one < other)
    assert moment(a) == one
    assert timestamp(moment(a)) == a


def test_a_naive_time_is_refused() -> None:
    """A time without a zone cannot get into a record."""
    with pytest.raises(ValueError, match="time zone"):
        timestamp(datetime(2026, 11, 22))


@pytest.mark.parametrize(
    "near",
    [
        "",
        "2026-11-22",
        "2026-11-22T00:05:00Z",
        "2026-1-2T3:4:5.1Z",
        "2026-11-22t00:05:00.123456z",
        "2026-11-22T00:05:00,123456Z",
        "2026-11-22T00:05:00.123456+00:00",
        "2026-11-22T00:05:00.123456Z\n",
        " 2026-11-22T00:05:00.123456Z",
        "２０２６-11-22T00:05:00.123456Z",
        "2026-02-30T00:05:00.123456Z",
        "2026-11-22T24:05:00.123456Z",
        "0000-11-22T00:05:00.123456Z",
    ],
)
def test_only_the_one_form_is_a_timestamp(near: str) -> None:
    """A text that is nearly a timestamp is none, so that times of records can be compared as text."""
    with pytest.raises(ValueError, match=r"timestamp|month|day|hour|year|range"):
        moment(near)


@given(st.text(max_size=30))
def test_a_moment_reads_back_or_is_refused(any_text: str) -> None:
    """Whatever is read as a timestamp is written the same again."""
    try:
        at = moment(any_text)
    except ValueError:
        return
    assert timestamp(at) == any_text


@given(st.binary(max_size=200))
def test_random_bytes_are_no_record(data: bytes) -> None:
    """Random bytes raise MalformedRecord, never anything else."""
    with pytest.raises(MalformedRecord):
        decode(data)


@given(st.data())
def test_a_mutilated_record_is_refused_or_a_record(data: st.DataObject) -> None:
    """A record with a piece cut out, doubled or overwritten is refused as malformed or still has all its parts."""
    body = EntryRefused("lab-door", "in", "lab", "right", "ab" * 32, "07:08", None, None, 2)
    whole = encode(
        Record(7, timestamp(datetime(2026, 11, 22, tzinfo=UTC)), "b", "synced", "entry.refused", 1, "c", body)
    )
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, min(len(whole), begin + 12)))
    changed = whole[:begin] + data.draw(st.binary(max_size=6) | st.just(whole[begin:end] * 2)) + whole[end:]
    try:
        record = decode(changed)
    except MalformedRecord:
        return
    assert isinstance(record.seq, int) and isinstance(record.at, str)
    facets(record)


@pytest.mark.parametrize("number", ["9223372036854775808", "1e3", "1.0", "-1", "true", '"7"', "null"])
def test_a_place_is_a_number_that_a_database_holds(number: str) -> None:
    """A record whose seq is no small whole number is malformed: it could not be stored."""
    body = EntryRefused("lab-door", "in", "lab", "right", "", "", None, None, 0)
    whole = encode(
        Record(7, timestamp(datetime(2026, 11, 22, tzinfo=UTC)), "b", "synced", "entry.refused", 1, "c", body)
    )

    with pytest.raises(MalformedRecord):
        decode(whole.replace(b'"seq":7', f'"seq":{number}'.encode()))


def test_deep_nesting_is_refused() -> None:
    """Bytes that nest deeper than can be decoded raise MalformedRecord, not RecursionError."""
    for depth in (500, 900, 1500, 7000):
        nested = b"[" * depth + b"]" * depth
        data = b'{"at":"","body":' + nested + b',"boot":"","by":"","clock":"","kind":"x","seq":1,"v":1}'
        try:
            decode(data)
        except MalformedRecord:
            continue
