"""The big site that several groups share: 100,000 people, 1,000,000 rights and a little more records. Made once a run."""

from pathlib import Path

from controller.record.keys import KeyPair
from controller.site import open_site
from tests.bench.measure import Run
from tests.bench.site import populate, trust, write_settings

PORTALS = 6


def big_site(run: Run) -> Path:
    """The data directory of the big site, closed; made at the first call."""
    data = run.folder / "big"
    if not data.exists():
        write_settings(data, PORTALS)
        dashboard = KeyPair.generate()
        dashboard.save(data / "dashboard.key")
        site = open_site(data)
        trust(site, dashboard)
        populate(site, run.sizes.people, run.sizes.rights_each, run.say)
        site.ledger.connection.execute("pragma wal_checkpoint(truncate)")
        site.ledger.close()
    return data
