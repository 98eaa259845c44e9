"""The figures of a running controller, asked for as Prometheus would."""

import re
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

import pytest
from broker import RunningBroker, free_port, running_broker
from prometheus_client.parser import text_string_to_metric_families
from site_process import SiteProcess, until
from sites import BEGAN, SITE_TOML, make_site, people, small_facility, tap

from controller.clock import SteppedClock
from controller.facility.settings import BadSettings
from controller.inbox import Inbox
from controller.measures import Measures
from controller.metrics import Listener, Looked, Standing

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def asked(port: int) -> Figures:
    """Every sample by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


def of(figures: Figures, name: str, **labels: str) -> float:
    return figures[f"sekimori_{name}", tuple(sorted(labels.items()))]


@pytest.fixture
def broker() -> Iterator[RunningBroker]:
    with running_broker() as running:
        yield running


def test_a_day_in_figures(tmp_path: Path, broker: RunningBroker) -> None:
    """A running controller counts grants and refusals by code, times the tap, and says how far behind the broker is (F8)."""
    port = free_port()
    with SiteProcess(tmp_path, (broker.host, broker.port)) as site:
        with (site.data / "site.toml").open("a") as toml:
            toml.write(f'[metrics]\nlisten = "127.0.0.1:{port}"\n')
        with site.past() as past:
            person = past.person("山田 花子")
            past.right(person, "office")
            past.badge(person, "yamada")
        site.start()
        site.building.tap("yamada", "front/in", walk=False)
        site.wait_record("entry.granted", person=person)
        site.building.tap("yamada", "lab/in", walk=False)
        site.wait_record("entry.refused", code="right")
        until("the broker has them", lambda: of(asked(port), "link_records_behind") == 0 or None)

        figures = asked(port)
        assert of(figures, "decisions_total", result="granted", code="") == 1
        assert of(figures, "decisions_total", result="refused", code="right") == 1
        assert of(figures, "tap_seconds_count") == 2
        assert 0 < of(figures, "tap_seconds_sum") < 2
        assert 0 < of(figures, "commit_seconds_sum") < of(figures, "uptime_seconds")
        assert of(figures, "ledger_records") >= of(figures, "records_total") > 2
        assert of(figures, "link_connected") == of(figures, "clock_quality", quality="declared") == 1
        assert of(figures, "parts_failed") == of(figures, "disk_failing") == of(figures, "inbox_waiting") == 0
        assert of(figures, "disk_free_bytes") > 0
        for thread in ("reader front/in", "contacts", "console", "link", "metrics"):
            assert of(figures, "thread_alive", thread=thread) == 1

        broker.stop()
        until("the link is away", lambda: of(asked(port), "link_connected") == 0 or None)
        site.building.tap("yamada", "lab/in", walk=False)
        until("a record waits", lambda: of(asked(port), "link_records_behind") > 0 or None)
        first = of(asked(port), "link_oldest_unacknowledged_seconds")
        until("it grows old", lambda: of(asked(port), "link_oldest_unacknowledged_seconds") > first + 0.2 or None)

        text = "\n".join(f"{name} {labels}" for name, labels in asked(port))
        assert not re.search("山田|yamada|person|0127", text)
        assert 0 == site.stop()


def test_without_metrics_nobody_is_answered(tmp_path: Path) -> None:
    """Without the table there is no listener, and its library is not even loaded; a taken port keeps no door shut."""
    with SiteProcess(tmp_path) as site:
        site.start()
        assert site.controller is not None
        assert "prometheus_client" not in Path(f"/proc/{site.controller.pid}/maps").read_text()
        site.stop()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with (site.data / "site.toml").open("a") as toml:
                toml.write(f'[metrics]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n')
            site.start()
            assert "metrics not served" in site.log.read_text()
            assert 0 == site.stop()


def test_one_that_asks_and_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """A connection that sends no request holds the next one up for seconds, not for ever."""
    clock = SteppedClock(BEGAN)
    measures = Measures()
    looked = Looked(tmp_path / "none.sqlite3", Inbox(), None, clock, dict, str)
    measures.registry.register(Standing(looked))
    listener, stop = Listener(("127.0.0.1", 0), measures.registry), threading.Event()
    thread = threading.Thread(target=listener.run, args=(stop,))
    thread.start()
    try:
        with socket.create_connection(("127.0.0.1", listener.port)):

            def answered() -> bool | None:
                try:
                    return asked(listener.port)["sekimori_ledger_up", ()] == 0
                except (URLError, HTTPException, OSError):
                    return None

            until("the next one is answered", answered, 30)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_what_is_counted_is_what_was_recorded(tmp_path: Path) -> None:
    """Each decision is counted once, after it is durable, with its code; a turn without a tap is no tap."""
    measures = Measures()
    site = people(make_site(tmp_path, reached=measures.reached))
    for taps in ([tap("front/in", "card:1"), tap("front/in", "card:1"), tap("lab-door/in", "card:4")], [], []):
        site.committed.clear()
        site.turn(*taps)
        for done in site.committed:
            measures.told(done)
        site.step(30)

    value = measures.registry.get_sample_value
    assert value("sekimori_decisions_total", {"result": "granted", "code": ""}) == 2
    assert value("sekimori_decisions_total", {"result": "refused", "code": "active_badge"}) == 1
    assert value("sekimori_tap_seconds_count") == 3
    site.close()


@pytest.mark.parametrize("listen", ["9100", ":9100", "127.0.0.1:", "127.0.0.1:99999", "host:x"])
def test_an_address_that_is_none_is_a_mistake(tmp_path: Path, listen: str) -> None:
    """What cannot be listened on is said with its place."""
    with pytest.raises(BadSettings) as bad:
        small_facility(tmp_path, SITE_TOML + f'[metrics]\nlisten = "{listen}"\n')
    assert [mistake for mistake in bad.value.mistakes if mistake.startswith("metrics.listen:")]
