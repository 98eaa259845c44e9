"""Fifteen thousand hostile requests against the real loop: they release nothing, stop nothing, and leave little behind.

Each example is one batch of 256, made from one seed and the ways that Hypothesis chose, with good requests at its end; the same
site takes them all. What the loop tells is carried on as the link does it, so that answers to questions are made as well.
"""

import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sites import BEGAN, TestSite, fast_folder, fold_of, make_site, people, stored_tables
from ulid import ULID

from controller.inbox import CheckpointShown, Input, RequestReceived
from controller.ledger.database import open_reader
from controller.ledger.verify import verify_file
from controller.outgoing import Outgoing
from controller.record import asks as ask
from controller.record import requests
from controller.record.canonical import canonical, timestamp
from controller.record.keys import KeyPair
from controller.record.requests import KINDS, LARGEST_REQUEST, Request

BATCH = 256
BATCHES = 60
"""Times 256 it is a little over fifteen thousand."""
MOST_MB = 96
"""How much the process may grow over all of it; Hypothesis's own memory of it is in that."""


def resident_mb() -> float:
    """What this process occupies now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Sink:
    """A broker that takes everything and acknowledges it at once."""

    def __init__(self) -> None:
        self.mids: list[int] = []
        self.bytes = 0

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> int:
        self.bytes += len(payload)
        self.mids.append(len(self.mids) + 1)
        return self.mids[-1]


@dataclass(repr=False)
class Stream:
    """The site, and what was said to it. `trusted` counts what a trusted key signed; `good` are the ids that may be done."""

    site: TestSite
    outgoing: Outgoing
    stranger: KeyPair = field(default_factory=KeyPair.generate)
    revoked: KeyPair = field(default_factory=KeyPair.generate)
    sink: Sink = field(default_factory=Sink)
    old: list[bytes] = field(default_factory=list)
    pool: list[bytes] = field(default_factory=list)
    foreign: list[bytes] = field(default_factory=list)
    sent: int = 0
    trusted: int = 0
    good: set[str] = field(default_factory=set)
    good_releases: int = 0
    began: datetime = BEGAN
    began_mb: float = 0.0

    def signed(self, request: Request, **changes: Any) -> bytes:
        """The request with these fields, signed by the dashboard that the site trusts."""
        self.trusted += 1
        changed = msgspec.structs.replace(request, **changes)
        return canonical(msgspec.structs.replace(changed, sig=self.site.dashboard.sign(changed.signed_bytes()).hex()))

    def prepare(self) -> None:
        """Makes the requests that this batch's hostile ones are made of."""
        bodies = (ask.ReleasePortal("front"), ask.RegisterPerson(), ask.SuspendPerson(2), ask.ApproveRight(1))
        self.pool = [self.site.request(body, operator) for body in bodies for operator in (1, 2)]
        keys = (self.stranger, self.revoked)
        self.foreign = [self.site.request(ask.ReleasePortal("front"), 2, key=key) for key in keys for _ in range(3)]

    def valid(self, chance: random.Random) -> bytes:
        """A request that nothing is wrong with, and that is not sent as it is."""
        return chance.choice(self.pool)

    def carry(self) -> None:
        """Carries on what the loop told, as the link does."""
        for done in self.site.committed:
            self.outgoing.take(done)
        self.site.committed.clear()
        self.outgoing.publish_urgent(self.sink, timestamp(self.site.clock.now()))  # type: ignore[arg-type]
        for _ in range(64):
            busy = self.outgoing.publish_patient(self.sink, self.site.clock.now())  # type: ignore[arg-type]
            for mid in self.sink.mids[-64:]:
                self.outgoing.acknowledged(mid)
            if not busy:
                break


# Ways of being hostile -------------------------------------------------------------------------------------------------


def dropped(s: Stream, c: random.Random, _: Any) -> bytes:
    data = s.valid(c)
    at = c.randrange(len(data))
    return data[:at] + data[at + c.randint(1, 40) :]


def flipped(s: Stream, c: random.Random, _: Any) -> bytes:
    data = bytearray(s.valid(c))
    for _n in range(c.randint(1, 4)):
        data[c.randrange(len(data))] ^= 1 << c.randrange(8)
    return bytes(data)


def doubled(s: Stream, c: random.Random, _: Any) -> bytes:
    data = s.valid(c)
    at, size = c.randrange(len(data)), c.randint(1, 200)
    return data[: at + size] + data[at:] * c.choice((1, 1, 20))


def spliced(s: Stream, c: random.Random, _: Any) -> bytes:
    one, other = s.valid(c), s.valid(c)
    return one[: c.randrange(len(one))] + other[c.randrange(len(other)) :]


def swapped(s: Stream, c: random.Random, _: Any) -> bytes:
    """Fields of two good requests in one envelope, under the signature of one of them."""
    one, other = json.loads(s.valid(c)), json.loads(s.valid(c))
    names = c.sample(sorted(one), c.randint(1, 4))
    mixed = one | {name: other[name] for name in names} | ({} if "id" in names else {"id": str(ULID())})
    return canonical(mixed)


def hostile_field(s: Stream, c: random.Random, values: list[Any]) -> bytes:
    """A value of Hypothesis's in a field of the envelope, unsigned over it."""
    envelope = json.loads(s.valid(c))
    envelope[c.choice([*sorted(envelope), "extra"])] = c.choice(values)
    return canonical(envelope)


def noise(_s: Stream, c: random.Random, _: Any) -> bytes:
    return c.randbytes(c.choice((0, 1, 7, 300, 3000)))


def brackets(_s: Stream, c: random.Random, _: Any) -> bytes:
    return (c.choice((b"[", b'{"a":', b'"\\ud800', b"9", b"-", b"\xed\xa0\x80")) * 16_385)[: c.randint(1, LARGEST_REQUEST + 1)]


def replayed(s: Stream, c: random.Random, _: Any) -> bytes:
    return c.choice(s.old) if s.old else b""


def by_a_stranger(s: Stream, c: random.Random, _: Any) -> bytes:
    return c.choice(s.foreign)


def claiming(s: Stream, c: random.Random, _: Any) -> bytes:
    """Another's signature in the trusted dashboard's name."""
    request = requests.read_envelope(by_a_stranger(s, c, None))
    return canonical(msgspec.structs.replace(request, dashboard=s.site.dashboard.public.id))


# From here on the trusted key signs: a dashboard in the wrong hands. No operator of these may release anything.


def signed_envelope(s: Stream, c: random.Random, _: Any) -> bytes:
    """A release that lacks one thing only."""
    now = s.site.clock.now()
    lacking: dict[str, Any] = c.choice(
        (
            {"operator": c.choice((0, 3, 4, 99, 2**31 - 1)), "body": {"portal": "vault-door"}},
            {"expires_at": None},
            {"expires_at": timestamp(now - timedelta(seconds=1))},
            {"expires_at": timestamp(now + timedelta(days=1))},
            {"issued_at": timestamp(now + timedelta(hours=1)), "expires_at": timestamp(now + timedelta(hours=1, seconds=5))},
            {"issued_at": c.choice(("", "now", "9999-99-99T00:00:00.000000Z", "0001-01-01T00:00:00.000000Z"))},
            {"body": {"portal": "attic"}},
            {"body": {"portal": "front", "more": 1}},
            {"private": c.choice(("", "AAAA", "é", "A" * 9000))},
            {"kind": c.choice(("portal.melt", "portal.override", "start.review", "", "x" * 64))},
        )
    )
    return s.signed(requests.read_envelope(s.site.request(ask.ReleasePortal("front"), 2)), **lacking)


def signed_body(s: Stream, c: random.Random, values: list[Any]) -> bytes:
    """Any kind but those that let a lock go or lock everybody out, with hostile values in its fields."""
    kind = c.choice([kind for kind in KINDS if kind not in ("portal.release", "portal.override", "lockdown.begin")])
    fields = [f.name for f in msgspec.structs.fields(KINDS[kind])]
    likely = [0, 1, 2, 2**31 - 1, "lab", "front/in", "lost", timestamp(s.site.clock.now()), "9999-12-31T23:59:59.999999Z"]
    body = {name: c.choice((c.choice(values), c.choice(likely))) for name in fields}
    if kind == "query/private":
        body["ids"] = [c.choice(("person-1", "\x00", "x" * 64, "' or 1=1 --")) for _n in range(c.randint(0, 120))]
    text = {name.rstrip("?"): c.choice(("x", "\x00", "🙂" * 300)) for name in requests.PRIVATE_FIELDS[kind]}
    made = requests.read_envelope(s.site.request(ask.RegisterPerson(), c.choice((1, 2, 3)), private=text))
    return s.signed(made, kind=kind, body=body, expires_at=None)


def signed_zone(s: Stream, c: random.Random, values: list[Any]) -> bytes:
    """Lockdowns and overrides of what is not there, and overrides that are no posture or have no end."""
    value = c.choice([*values, "attic", "", "**", "x" * 65])
    if c.random() < 0.5:
        made = requests.read_envelope(s.site.request(ask.BeginLockdown("attic"), 2))
        return s.signed(made, body={"zone": value if value not in ("*", "lobby", "lab", "vault") else "attic"})
    made = requests.read_envelope(s.site.request(ask.OverridePortal("front", "open", ""), 2))
    until = c.choice(("", "9999-12-31T23:59:59.999999Z", "2020-01-01T00:00:00.000000Z"))
    return s.signed(made, body={"portal": "front", "posture": c.choice(("open", "ajar", value)), "until_at": until})


def signed_again(s: Stream, c: random.Random, _: Any) -> bytes:
    """The id of a request that was done, over another body."""
    if not s.good:
        return b""
    made = requests.read_envelope(s.site.request(ask.ReleasePortal("lab-door"), 2))
    return s.signed(made, id=c.choice(sorted(s.good)))


Way = Callable[[Stream, random.Random, list[Any]], bytes]
WAYS: tuple[Way, ...] = (
    dropped, flipped, doubled, spliced, swapped, hostile_field, noise, brackets, replayed, by_a_stranger, claiming,
    signed_envelope, signed_body, signed_zone, signed_again,
)  # fmt: skip

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def stream() -> Iterator[Stream]:
    """A site with people, a dashboard that it trusts and one that it trusts no more."""
    folder = fast_folder()
    site = people(make_site(folder))
    stream = Stream(site, Outgoing(open_reader(site.path), site.facility, site.key))
    site.console("trust", key=stream.revoked.public.text())
    site.console("revoke", dashboard=stream.revoked.public.id)
    stream.carry()
    stream.trusted, stream.began, stream.began_mb = site.ledger.size, site.clock.now(), resident_mb()
    yield stream
    stream.outgoing.close()
    site.close()
    shutil.rmtree(folder)


def hostile(s: Stream, chance: random.Random, ways: list[Way], values: list[Any]) -> Input:
    """One hostile input: a request, now and then a checkpoint said to be the site's."""
    if chance.random() < 0.02:
        note = bytearray(s.site.ledger.checkpoint().sign(s.site.key).encode())
        note[chance.randrange(len(note))] ^= 1 << chance.randrange(8)
        return CheckpointShown(bytes(note[: chance.choice((len(note), chance.randrange(len(note))))]))
    data = chance.choice(ways)(s, chance, values)
    if data in s.pool:
        data = b""  # a mutation that changed nothing
    s.old = [*s.old[-50:], data]
    return RequestReceived(data[: LARGEST_REQUEST + 1])


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=BATCHES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**64 - 1),
    ways=st.lists(st.sampled_from(WAYS), min_size=3, max_size=len(WAYS)),
    values=st.lists(VALUES, min_size=1, max_size=12),
)
def test_fifteen_thousand_hostile_requests(stream: Stream, seed: int, ways: list[Way], values: list[Any]) -> None:
    """Nothing they say lets a lock go, no exception leaves the loop, and the good requests among them are done.

    The loop cannot tell the batches' good requests from the others but by their signature and what they ask for.
    """
    site, chance = stream.site, random.Random(seed)
    stream.prepare()
    before, released = site.ledger.size, len(site.actuator.releases())
    good = [site.request(ask.RegisterPerson(), 1), site.request(ask.ReleasePortal("front"), 2)]
    ids = [requests.read_envelope(data).id for data in good]
    stream.trusted += len(good)
    batch = [hostile(stream, chance, ways, values) for _ in range(BATCH)]
    stream.sent += len(batch)

    site.turn(*batch[: BATCH // 2], RequestReceived(good[0]), *batch[BATCH // 2 :], RequestReceived(good[1]))

    replies = {reply.request: reply.code for reply in site.committed_replies()}
    assert [replies[id] for id in ids] == [None, None]
    stream.good_releases += 1
    assert site.actuator.releases()[released:] == ["front"]
    assert site.actuator.unrecorded == []
    done = [record.body.request for record in site.records(before + 1) if record.kind == "request.accepted"]
    assert ids[1] in done
    stream.good.update(ids)
    stream.carry()
    for _ in range(3):
        site.step(10)
        site.turn()
    stream.good.intersection_update(sorted(stream.good)[-500:])


@pytest.mark.slow
def test_what_they_left_behind(stream: Stream) -> None:
    """What nobody known signed left four counts a minute at most; the rest is one record or few for each that a trusted key
    signed. The process has grown by `MOST_MB` at most, the tables are the fold, and the ledger verifies."""
    site = stream.site
    records = site.records()
    kinds = Counter(record.kind for record in records)
    minutes = (site.clock.now() - stream.began).total_seconds() / 60

    assert stream.sent >= 15_000
    assert kinds["requests.rejected"] <= 4 * (minutes + 1)
    assert kinds["request.refused"] + kinds["request.accepted"] <= stream.trusted
    assert kinds["portal.released"] == stream.good_releases == BATCHES
    assert resident_mb() - stream.began_mb < MOST_MB
    assert fold_of(records) == stored_tables(site.ledger.connection)
    assert verify_file(site.path).ok
