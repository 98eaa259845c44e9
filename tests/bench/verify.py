"""Checking a ledger.

* `verify_1m`: the full check (form, places, tree, every checkpoint with its signature) of the big ledger, a little more than
  1,000,000 records, by the product; ÷ a plain Python loop of hashlib over the same stored leaves, in turn with it
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from controller.ledger.verify import verify_file
from controller.record.note import VerifierKey, origin
from controller.site import open_site
from tests.bench.big import big_site
from tests.bench.measure import Row, Run, p50, timed
from tests.bench.site import SITE

NAMES = ("verify_1m",)


def rows(run: Run) -> Iterator[Row]:
    """Measures."""
    data = big_site(run)
    site = open_site(data)
    key, size = VerifierKey(origin(SITE, 1), site.key.public.signing), site.ledger.size
    site.ledger.close()
    path = data / "ledger.sqlite3"
    checks, loops = [], []
    for _ in range(run.sizes.starts):
        loops.append(timed(lambda: _hash_leaves(path)))
        checks.append(timed(lambda: _check(path, key)))
    value, peer = p50(checks), p50(loops)
    against = f"hashlib over the same {size:,} leaves: {peer:.2f} s"
    yield Row("verify_1m", value, "s", against, value / peer, "≤ 4 ×", value / peer <= 4)


def _hash_leaves(path: Path) -> None:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for (data,) in connection.execute("select bytes from record order by seq"):
        hashlib.sha256(b"\x00" + data).digest()
    connection.close()


def _check(path: Path, key: VerifierKey) -> None:
    report = verify_file(path, key=key)
    if not report.ok:
        raise AssertionError(f"the bench's ledger does not verify: {report.findings[:3]}")
