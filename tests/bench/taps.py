"""Taps, from the inbox to the lock's output, in one process with the real loop, ledger and actuator.

* `tap_to_lock_p50`, `tap_to_lock_p99`: one `CardRead` put into the inbox → the lock is told to release; ÷ one bare durable
  SQLite commit of one row of the record's size, on the same disk, in turn with it and without a pause, as the limits of
  disk and SQLite are measured elsewhere
* `tap_to_lock_rested_p50`: the same with `_REST_S` of idleness before every tap and every commit, as at a door: the
  processor has gone to sleep and its caches are others' by then. No target; it is the greater ratio, and here to be seen
* `burst_20_portals`: 20 taps at 20 portals at once, until the last lock is released; ÷ 20 bare commits one after the other
* `burst_1000`: 1,000 taps wait; taps a second until the last lock is released, ÷ bare commits a second
* `card_authentication_p50`: an emulated FeliCa Lite-S laid on the reader → the reader has its proof. Comes before the tap
  above, is no cost of ours, and has no target
"""

import random
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

from controller.inbox import CredentialPresented
from controller.ledger.database import open_reader
from hardware.address import parse_reader
from hardware.card_keys import CardKeys
from hardware.nfc_reader import NfcReader
from hardware.simulated.felica_card import FelicaLiteSCard
from hardware.simulated.field import Field
from tests.bench.measure import BareCommits, Row, Run, p50, p99, quiet_gc, timed
from tests.bench.rig import Rig
from tests.bench.site import ZONES, card, make_site, zone_of

NAMES = (
    "tap_to_lock_p50", "tap_to_lock_p99", "tap_to_lock_rested_p50", "burst_20_portals", "burst_1000",
    "card_authentication_p50",
)  # fmt: skip
_PEOPLE = 1000
_REST_S = 0.005
"""Long enough for the loop to wait for its input, and for the processor to sleep."""


def rows(run: Run) -> Iterator[Row]:
    """Measures."""
    folder = run.place("taps")
    site = make_site(folder, _PEOPLE, 10)
    chance = random.Random(1)
    with Rig(site) as rig, quiet_gc():
        rig.walk([tap(chance)])
        bare = BareCommits(folder / "bare.sqlite3", _newest_record(site.ledger.path))
        yield from _single(rig, bare, run.sizes.taps, chance)
        yield from _bursts(rig, bare, run.sizes.bursts, chance)
        bare.close()
    site.ledger.close()
    yield _authentication(run)


def tap(chance: random.Random, portal: int | None = None) -> CredentialPresented:
    """Somebody with a right, at a portal, or at this one."""
    while True:
        person, k = chance.randrange(1, _PEOPLE + 1), chance.randrange(10)
        zone = zone_of(person, k)
        if portal is None or portal == zone:
            return CredentialPresented(f"portal-{zone}/in", card(person))


def _newest_record(path: Path) -> bytes:
    """The bytes of the newest record: an entry."""
    with closing(open_reader(path)) as connection:
        return bytes(connection.execute("select bytes from record order by seq desc limit 1").fetchone()[0])


def _single(rig: Rig, bare: BareCommits, count: int, chance: random.Random) -> Iterator[Row]:
    taps, commits = _in_turn(rig, bare, count, chance, 0)
    for name, of, most in (("tap_to_lock_p50", p50, 2), ("tap_to_lock_p99", p99, 3)):
        value, peer = of(taps) * 1e6, of(commits) * 1e6
        against = f"one bare durable SQLite commit: {peer:.0f} µs"
        yield Row(name, value, "µs", against, value / peer, f"≤ {most} ×", value / peer <= most)
    taps, commits = _in_turn(rig, bare, count // 2, chance, _REST_S)
    value, peer = p50(taps) * 1e6, p50(commits) * 1e6
    against = f"one bare commit, both after {_REST_S * 1e3:.0f} ms of rest: {peer:.0f} µs"
    yield Row("tap_to_lock_rested_p50", value, "µs", against, value / peer, "", None)


def _in_turn(
    rig: Rig, bare: BareCommits, count: int, chance: random.Random, rest_s: float
) -> tuple[list[float], list[float]]:
    """Seconds of so many single taps, and of the commits between them."""
    taps, commits = [], []
    for _ in range(count + 50):
        time.sleep(rest_s)
        commits.append(timed(bare.one))
        item = tap(chance)
        time.sleep(rest_s)
        taps.append(rig.walk([item]))
    return taps[50:], commits[50:]


def _bursts(rig: Rig, bare: BareCommits, count: int, chance: random.Random) -> Iterator[Row]:
    twenty, singles, thousand = [], [], []
    for _ in range(count):
        time.sleep(_REST_S)
        singles.append(timed(lambda: bare.many(20)))
        time.sleep(_REST_S)
        twenty.append(rig.walk([tap(chance, n) for n in range(ZONES)]))
        waiting = [tap(chance) for _ in range(1000)]
        time.sleep(_REST_S)
        thousand.append(rig.walk([*waiting]))
    value, peer = p50(twenty) * 1e3, p50(singles) * 1e3
    against = f"20 bare commits one after the other: {peer:.1f} ms"
    yield Row("burst_20_portals", value, "ms", against, value / peer, "≤ 1 ×", value / peer <= 1)
    value, peer = 1000 / p50(thousand), 20 / p50(singles)
    against = f"bare durable commits a second: {peer:,.0f}"
    yield Row("burst_1000", value, "taps/s", against, value / peer, "≥ 1.5 ×", value / peer >= 1.5)


def _authentication(run: Run) -> Row:
    keys, number = CardKeys(bytes(range(32))), bytes.fromhex("0102030405060708")
    field = Field()
    reader = NfcReader(parse_reader(f"nfc+udp://127.0.0.1:{field.port}"), keys)
    took = []
    for _ in range(max(20, run.sizes.taps // 10)):
        field.place(FelicaLiteSCard(number, keys.key(number), 1))
        begin = perf_counter()
        while reader.poll() is None:
            pass
        took.append(perf_counter() - begin)
        field.remove()
        for _ in range(3):
            reader.poll()
    reader.close()
    field.close()
    return Row("card_authentication_p50", p50(took) * 1e3, "ms", "nothing: it comes before the tap", None, "", None)
