"""Twenty thousand hostile messages at the dashboard's intake: nothing forged is kept, nothing stops it, what is true stands.

The broker says them: changed, cut, moved to other topics, from other keys, old, for other dashboards, on topics that the
dashboard itself writes. Records carry no signature of their own and are left out: an invented one is contradicted by the next
checkpoint (`test_witness`).
"""

import json
import random
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listener import Listener
from site_peer import Said, SitePeer

from controller.record.canonical import canonical
from controller.record.keys import KeyPair
from controller.record.topics import LARGEST_MESSAGE, Recover, Recovered
from dashboard import database as db

BATCH = 100
BATCHES = 200
KEPT = (db.live_state, db.private_text, db.record, db.checkpoint, db.broken)


def true_ones(peer: SitePeer, listener: Listener) -> list[Said]:
    """One of each signed message, as the site says it."""
    mine = listener.keys.public
    row: dict[str, str | int | None] = {"portal": "front", "status": "secure", "lock": "secure", "leaf": "closed"}
    return [
        peer.online(),
        peer.checkpoint(),
        peer.state("portal_state", "front", row, len(peer.records)),
        peer.private(mine, "person-1", {"name": "山田 1"}),
        peer.reply(mine, "01JD0000000000000000000000"),
        peer.resent(mine, 1, 3),
        peer.signed(peer.topics.recover, Recover("r", "", 1, 1), retain=False),
    ]


def others(listener: Listener) -> list[Said]:
    """The same from a stranger in the site's name, from the site for another dashboard, and what dashboards say."""
    stranger = SitePeer(listener.peer.name, epoch=9, records=listener.peer.records[:5])
    elsewhere = SitePeer("elsewhere", keys=listener.peer.keys, records=listener.peer.records)
    theirs, key = KeyPair.generate().public, KeyPair.generate()
    topics = listener.peer.topics
    answer = Recovered("r", key.public.text(), "", 1, 1, ("{}",), ("00",))
    said = true_ones(stranger, listener)
    said += [Said(one.topic.replace("/elsewhere/", f"/{topics.site}/"), one.payload) for one in true_ones(elsewhere, listener)]
    said += [Said(topics.private(listener.keys.public.id, "person-1"), listener.peer.private(theirs, "person-1", {}).payload)]
    said += [Said(topics.witnessed(listener.keys.public.id), b"x"), stranger.signed(topics.recovered(key.public.id), answer)]
    said += [Said(topics.key, canonical({"site": topics.site, "links": []})), Said(topics.key, b"[" * 5000)]
    return said


Way = Callable[[random.Random, Said, list[Said]], Said]


def flipped(c: random.Random, one: Said, _: list[Said]) -> Said:
    data = bytearray(one.payload)
    for _n in range(c.randint(1, 3)):
        data[c.randrange(len(data))] ^= 1 << c.randrange(8)
    return Said(one.topic, bytes(data))


def cut(c: random.Random, one: Said, _: list[Said]) -> Said:
    return Said(one.topic, one.payload[: c.randrange(1, len(one.payload))])


def moved(c: random.Random, one: Said, topics: list[Said]) -> Said:
    where = c.choice([other.topic for other in topics if other.topic != one.topic])
    return Said(c.choice((where, f"{one.topic}/x")), one.payload)


def swollen(c: random.Random, one: Said, _: list[Said]) -> Said:
    return Said(one.topic, c.choice((b"x" * (LARGEST_MESSAGE + 1), b"[" * 9000, one.payload + b"}", c.randbytes(300))))


def spliced(c: random.Random, one: Said, topics: list[Said]) -> Said:
    """One message's payload under another's signature."""
    try:
        mine, theirs = json.loads(one.payload), json.loads(c.choice(topics).payload)
        newer = mine["payload"] | {"at": "2030-01-01T00:00:00.000000Z"}
        return Said(one.topic, canonical({"payload": newer, "sig": theirs["sig"]}))
    except (ValueError, TypeError, KeyError):
        return Said(one.topic, b"{}")


WAYS: tuple[Way, ...] = (flipped, cut, moved, swollen, spliced)


def kept(listener: Listener) -> Any:
    """What must not move, and what the page says of the site's key and ledger. Of a checkpoint not the bytes: a note may carry
    other signatures, and base64 has spare bits."""
    source = listener.source
    with listener.engine.connect() as connection:
        rows = [connection.execute(sa.select(table)).all() for table in KEPT]
    checkpoint = source.checkpoint_size, source.checkpoint_root
    return rows, source.epoch, source.applied, source.broken, checkpoint, source.keys, source.online


@settings(max_examples=BATCHES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**64 - 1), ways=st.lists(st.sampled_from(WAYS), min_size=1), retained=st.booleans())
def fuzz(listener: Listener, true: list[Said], foreign: list[Said], seed: int, ways: list[Way], retained: bool) -> None:
    """One batch."""
    c, before = random.Random(seed), kept(listener)
    said = [c.choice(ways)(c, c.choice(true), true) if c.random() < 0.8 else c.choice(foreign) for _ in range(BATCH)]

    listener.hear([one for one in said if one not in true], retained=retained)

    assert kept(listener) == before


def test_twenty_thousand_hostile_messages(following: Listener) -> None:
    """No exception leaves the intake, no table and no key changes, each is counted, and the next true words are taken."""
    peer = following.peer.visits(20)
    following.hear(peer.say_all(following.keys.public))
    true = true_ones(peer, following)
    following.hear(true)
    fuzz(following, true, others(following))
    assert following.source.forged + following.source.malformed > BATCH * BATCHES // 2

    seq = len(peer.visits(1).records)
    following.hear(peer.online(), peer.checkpoint(), [peer.record(n) for n in range(1, seq + 1)])
    following.hear(peer.private(following.keys.public, "person-1", {"name": "山田 花子"}, version=2))
    assert (following.source.applied, following.source.broken) == (seq, None)
    assert following.rows(db.private_text)[0]["text"] == {"name": "山田 花子"}
    assert following.started().sources[peer.name].applied == seq
