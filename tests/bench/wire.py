"""The wire, from a ledger to the dashboard's database.

* `wire_records_per_s`: a backlog of a working day's records drained by the product's link through the demo's broker into the
  database of `sekimori-dashboard run` (stored, folded, witnessed, acknowledged after the commit), each end a process; ÷ a
  bare paho publisher and a bare paho subscriber that stores the bytes with batched durable commits, by the same broker
* `ingest_records_per_s`: the dashboard's intake alone, fed by hand with batches of 500; ÷ the same bare paho loop: what the
  wire can bring, the intake should be able to take

Rates are from the first records that arrived to the last, so that no start is in them.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from controller.demo.processes import free_ports, script
from controller.record.keys import KeyPair
from controller.record.signed import sign_message
from controller.record.topics import Online, Topics
from controller.site import open_site
from dashboard import database as db
from dashboard.intake.intake import Intake, Message
from tests.bench.measure import Row, Run, p50
from tests.bench.side import Side, broker, python, until
from tests.bench.site import SITE, make_site, traffic, trust, write_settings

NAMES = ("wire_records_per_s", "ingest_records_per_s")


def rows(run: Run) -> Iterator[Row]:
    """Measures."""
    folder = run.place("wire")
    count = run.sizes.wire_records
    key = KeyPair.generate()
    site = make_site(folder / "site", 20, 10)
    trust(site, key)
    traffic(site, count - site.ledger.size)
    site.ledger.close()
    product, bare = [], []
    with broker(folder) as through:
        write_settings(folder / "site", 20, broker=through.port)
        for n in range(run.sizes.wire_rounds):
            bare.append(_bare(folder, through.port, n, count))
            product.append(_product(folder, through.port, n, count, key))
    value, peer = p50(product), p50(bare)
    against = f"bare paho loop by {through.name}, {count:,} records: {peer:,.0f}/s"
    yield Row("wire_records_per_s", value, "records/s", against, value / peer, "≥ 0.7 ×", value / peer >= 0.7)
    value = _ingest(folder, key)
    yield Row("ingest_records_per_s", value, "records/s", against, value / peer, "≥ 0.8 ×", value / peer >= 0.8)


def _product(folder: Path, port: int, n: int, count: int, key: KeyPair) -> float:
    data = folder / f"dashboard-{n}"
    site = open_site(folder / "site")
    site.ledger.close()
    (folder / "site" / "link.json").unlink(missing_ok=True)
    _dashboard_folder(data, port, key, site.key.public.text())
    with ExitStack() as stack:
        log = folder / "product.log"
        stack.enter_context(Side([script("sekimori-dashboard"), "run", "--data", str(data)], log))
        until((data / "dashboard.sqlite3").exists)
        controller = stack.enter_context(python(log, "tests.bench.controller_side", str(folder / "site")))
        controller.line()
        time.sleep(1.0)  # the dashboard has subscribed
        controller.go()
        size = "select coalesce(max(applied), 0) from source"
        rate = _rate(data / "dashboard.sqlite3", size, count)
        controller.go()
    return rate


def _dashboard_folder(data: Path, port: int, key: KeyPair, site: str) -> None:
    data.mkdir()
    key.save(data / "dashboard.key")
    (listen,) = free_ports(1)
    text = f'listen = "127.0.0.1:{listen}"\n[broker]\nhost = "127.0.0.1"\nport = {port}\n[sites]\n{SITE} = "{site}"\n'
    (data / "dashboard.toml").write_text(text)


def _bare(folder: Path, port: int, n: int, count: int) -> float:
    database, topic, log = folder / f"bare-{n}.sqlite3", f"bare/{n}", folder / "bare.log"
    with (
        python(log, "tests.bench.bare", "store", str(port), topic, str(database)) as store,
        python(
            log, "tests.bench.bare", "publish", str(port), topic, str(folder / "site" / "ledger.sqlite3")
        ) as publish,
    ):
        store.line()
        publish.line()
        publish.go()
        return _rate(database, "select coalesce(max(seq), 0) from record", count)


def _rate(database: Path, size: str, count: int) -> float:
    """Records a second from the first that is seen to the last."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:

        def seen() -> int:
            return int(connection.execute(size).fetchone()[0])

        first: int = until(seen)
        begin = time.perf_counter()
        until(lambda: seen() >= count)
        return (count - first) / (time.perf_counter() - begin)


def _ingest(folder: Path, key: KeyPair) -> float:
    site = open_site(folder / "site")
    engine = db.open_engine(f"sqlite:///{folder}/ingest.sqlite3")
    intake = Intake(engine, key, {SITE: site.key.public})
    topics = Topics(SITE)
    online = sign_message(site.key, topics.online, Online(True, "bench", 1, 1, "2026-11-22T00:00:00.000000Z"))
    intake.take([Message(topics.online, online)])
    records = [data for (data,) in site.ledger.connection.execute("select bytes from record order by seq")]
    site.ledger.close()
    begin = time.perf_counter()
    for first in range(0, len(records), 500):
        intake.take(Message(topics.record, data) for data in records[first : first + 500])
    took = time.perf_counter() - begin
    engine.dispose()
    return len(records) / took
