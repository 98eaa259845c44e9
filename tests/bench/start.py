"""`sekimori run` as a process: how soon it decides, and what it holds. The building is another process, the broker a third.

* `cold_start_1m_s`: the process is started, with the card already on the reader → the simulated building sees the lock
  released; 1,200,000 records on disk, none of the ledger's pages in the kernel's cache; the card's 15 ms are in it
* `rss_idle_mb`: resident memory of the controller of a site with 100 people and 6 portals, connected to a broker, idle
* `rss_100k_mb`: the same with 100,000 people, 1,000,000 rights and all their private rows, connected, with one trusted
  dashboard, the greatest that was seen from the start until `_WATCHED_S` after the first decision
* `idle_cpu_percent`: processor time of the idle controller of `rss_idle_mb`, of one core; no target
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import SOCK_DGRAM
from time import perf_counter

from controller.demo.place import building_toml
from controller.demo.processes import free_port, free_ports, script
from controller.site import open_site
from hardware.simulated.client import BuildingClient
from tests.bench.big import PORTALS, big_site
from tests.bench.measure import Row, Run, cpu_s, forget_pages, p50, rss_mb
from tests.bench.side import Side, broker, python
from tests.bench.site import idm, make_site, write_settings, zone_of

NAMES = ("cold_start_1m_s", "rss_idle_mb", "rss_100k_mb", "idle_cpu_percent")
_WATCHED_S = 5.0
_PERSON = 1


def rows(run: Run) -> Iterator[Row]:
    """Measures."""
    folder = run.place("start")
    big = big_site(run)
    with broker(folder) as through:
        with _building(big, folder / "big.toml", through.port) as building:
            starts, rss = [], 0.0
            for _ in range(run.sizes.starts):
                took, held = _start(big, building)
                starts.append(took)
                rss = max(rss, held)
        yield _limit(
            "cold_start_1m_s", p50(starts), "s", 1.5, f"{run.sizes.people:,} people, ledger's pages not cached"
        )
        small = folder / "small"
        make_site(small, 100, 10, portals=PORTALS).ledger.close()
        with _building(small, folder / "small.toml", through.port) as building:
            idle_mb, percent = _idle(small, building)
    yield _limit("rss_idle_mb", idle_mb, "MB", 80, "")
    yield _limit("rss_100k_mb", rss, "MB", 120, f"{run.sizes.people:,} people, connected to {through.name}")
    yield Row("idle_cpu_percent", percent, "%", f"{PORTALS} simulated readers, one core", None, "", None)


def _limit(name: str, value: float, unit: str, most: float, about: str) -> Row:
    against = "; ".join(filter(None, (f"limit {most:g} {unit}", about)))
    return Row(name, value, unit, against, value / most, f"≤ {most:g} {unit}", value <= most)


@contextmanager
def _building(data: Path, plan: Path, broker_port: int) -> Iterator[BuildingClient]:
    """The site's building, running, with the first person's card in it; `site.toml` names it and the broker."""
    listen = f"127.0.0.1:{free_port()}"
    ports = tuple(free_ports(PORTALS, SOCK_DGRAM))
    write_settings(data, PORTALS, broker=broker_port, building=listen, ports=ports)
    site = open_site(data)
    plan.write_text(building_toml(site.facility, site.cards, plan.parent, listen), encoding="utf-8")
    size = site.ledger.size
    site.ledger.close()
    (data / "link.json").write_text(json.dumps({"epoch": 1, "seq": size}))  # nothing waits to be published
    with python(plan.with_suffix(".log"), "hardware.simulated", str(plan)) as process:
        process.line()
        with BuildingClient(listen) as building:
            number = idm(_PERSON)
            building.add_card("first", "felica-lite-s", number.hex(), key=site.cards.key(number).hex(), version=1)
            yield building
    plan.with_name("cards.json").unlink(missing_ok=True)


@contextmanager
def _running(data: Path, building: BuildingClient) -> Iterator[tuple[Side, float]]:
    """The controller, and the seconds to its first decision."""
    portal = f"portal-{zone_of(_PERSON, 0)}"
    building.place("first", f"{portal}/in")
    with Side([script("sekimori"), "run", "--data", str(data)], data / "run.log") as process:
        building.wait_for(lambda seen: seen.doors[portal].released, 60)
        took = perf_counter() - process.begun
        building.remove(f"{portal}/in")
        yield process, took
    building.wait_for(lambda seen: not seen.doors[portal].released, 30)


def _start(data: Path, building: BuildingClient) -> tuple[float, float]:
    """Seconds to the first decision, and the most memory that was seen after it."""
    forget_pages(data / "ledger.sqlite3")
    with _running(data, building) as (process, took):
        most, end = 0.0, time.monotonic() + _WATCHED_S
        while time.monotonic() < end:
            most = max(most, rss_mb(process.pid))
            time.sleep(0.1)
    return took, most


def _idle(data: Path, building: BuildingClient) -> tuple[float, float]:
    """Memory, and processor time in percent of one core."""
    with _running(data, building) as (process, _):
        time.sleep(6)  # the release has ended, the checkpoint is signed
        used, begin = cpu_s(process.pid), perf_counter()
        time.sleep(_WATCHED_S)
        return rss_mb(process.pid), 100 * (cpu_s(process.pid) - used) / (perf_counter() - begin)
