"""Taps, from the inbox to the lock's output, in one process with the real loop, ledger and actuator.

* `tap_to_lock_p50`, `tap_to_lock_p99`: one `CardRead` put into the inbox → the lock is told to release; ÷ one bare durable
  SQLite commit of one row of the record's size, on the same disk, in turn with it
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

NAMES = ("tap_to_lock_p50", "tap_to_lock_p99", "burst_20_portals", "burst_1000", "card_authentication_p50")
_PEOPLE = 1000
_REST_S = 0.005
"""Between two measurements, so that the loop waits for its input as it does at a door."""


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
    taps, commits = [], []
    for n in range(count + 50):
        time.sleep(_REST_S)
        commit = timed(bare.one)
        time.sleep(_REST_S)
        walked = rig.walk([tap(chance)])
        if n >= 50:
            commits.append(commit)
            taps.append(walked)
    for name, of, most in (("tap_to_lock_p50", p50, 2), ("tap_to_lock_p99", p99, 3)):
        value, peer = of(taps) * 1e6, of(commits) * 1e6
        against = f"one bare durable SQLite commit: {peer:.0f} µs"
        yield Row(name, value, "µs", against, value / peer, f"≤ {most} ×", value / peer <= most)


def _bursts(rig: Rig, bare: BareCommits, count: int, chance: random.Random) -> Iterator[Row]:
    twenty, singles, thousand = [], [], []
    for _ in range(count):
        time.sleep(_REST_S)
        singles.append(timed(lambda: [bare.one() for _ in range(20)]))
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
