"""The muster list, read from the ledger's file and written out with every name, as `sekimori muster --csv` does.

* `muster_5000_ms`: 5000 people inside, in twenty zones, some doubted; the median of seven readings by a fresh connection
"""

from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from controller.cli.muster import show
from controller.cli.texts import Lang
from controller.ledger.ledger import Stamp
from controller.record.canonical import timestamp
from controller.record.kinds.presence import PresenceDoubted, PresenceMoved
from tests.bench.measure import Row, Run, p50, timed
from tests.bench.site import ZONES, make_site

NAMES = ("muster_5000_ms",)
PEOPLE = 5000
_LIMIT_MS = 100
_BEGAN = datetime(2026, 11, 24, tzinfo=UTC)


def rows(run: Run) -> Iterator[Row]:
    """Measures."""
    folder = run.place("muster")
    site = make_site(folder, PEOPLE, 0, portals=ZONES)
    with site.ledger.transaction():
        for person in range(1, PEOPLE + 1):
            moved = PresenceMoved(person, "", f"zone-{person % ZONES}", f"portal-{person % ZONES}", 0, True)
            stamp = Stamp(timestamp(_BEGAN + timedelta(seconds=person)), "bench", "synced")
            site.ledger.append(moved, "controller", stamp)
        for zone in range(0, ZONES, 3):
            site.ledger.append(PresenceDoubted(f"zone-{zone}", f"portal-{zone}", "button", False), "controller", stamp)
    site.ledger.close()
    value = p50([timed(lambda: _read(folder)) for _ in range(7)]) * 1e3
    against, target = f"limit {_LIMIT_MS} ms", f"≤ {_LIMIT_MS} ms"
    yield Row("muster_5000_ms", value, "ms", against, value / _LIMIT_MS, target, value <= _LIMIT_MS)


def _read(folder: Path) -> None:
    out = StringIO()
    with redirect_stdout(out):
        try:
            show(data=folder, lang=Lang.JA, zone="", as_csv=True, as_json=False)
        except Exception as end:
            if getattr(end, "exit_code", 1) != 0:
                raise
    if out.getvalue().count("\n") != PEOPLE + 1:
        raise AssertionError("somebody is missing on the list")
