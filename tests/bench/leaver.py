"""Somebody leaves.

* `leaver_commit`: a signed `person.leave` for a person with a badge and 200 rights put into the inbox → its reply may go
  out: everything has ended in one durable transaction; ÷ one bare durable SQLite commit of one row of a record's size, on
  the same disk, in turn with it
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter

from ulid import ULID

from controller.inbox import RequestReceived
from controller.record.asks.person import LeavePerson
from controller.record.canonical import canonical
from controller.record.keys import KeyPair, PublicKeys
from controller.record.requests import make_request
from controller.turn import Committed
from tests.bench.measure import BareCommits, Row, Run, p50, quiet_gc, timed
from tests.bench.rig import Rig
from tests.bench.site import SITE, make_site, trust

NAMES = ("leaver_commit",)
_RIGHTS = 200
_PEOPLE = 24
_MOST = 50


def rows(run: Run) -> Iterator[Row]:
    """Measures."""
    folder = run.place("leaver")
    key = KeyPair.generate()
    site = make_site(folder, _PEOPLE, _RIGHTS)
    trust(site, key)
    bytes_of = site.ledger.connection.execute("select bytes from record order by seq desc limit 1").fetchone()[0]
    bare = BareCommits(folder / "bare.sqlite3", bytes(bytes_of))
    replied = threading.Event()

    def told(done: Committed) -> None:
        if done.replies:
            replied.set()

    leavings, commits = [], []
    with Rig(site, told=told) as rig, quiet_gc():
        for person in range(1, _PEOPLE + 1):
            commits.append(timed(bare.one))
            replied.clear()
            asked = RequestReceived(_request(key, site.key.public, person))
            begin = perf_counter()
            if not rig.inbox.put(asked) or not replied.wait(30):
                raise TimeoutError("nobody left")
            leavings.append(perf_counter() - begin)
    left = site.ledger.connection.execute("select count(*) from person where state = 'left'").fetchone()[0]
    bare.close()
    site.ledger.close()
    if left != _PEOPLE:
        raise RuntimeError(f"{left} of {_PEOPLE} have left")
    value, peer = p50(leavings) * 1e3, p50(commits) * 1e3
    against = f"one bare durable SQLite commit: {peer:.2f} ms"
    yield Row("leaver_commit", value, "ms", against, value / peer, f"≤ {_MOST} ×", value / peer <= _MOST)


def _request(key: KeyPair, site: PublicKeys, person: int) -> bytes:
    """A dashboard's word that this person leaves now."""
    return canonical(
        make_request(
            key, SITE, site, id=str(ULID()), body=LeavePerson(person), private={}, operator=1,
            issued_at=datetime.now(UTC), expires_at=None,
        )
    )  # fmt: skip
