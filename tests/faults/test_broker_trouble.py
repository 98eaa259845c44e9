"""The link against brokers in trouble: away for days, refusing, silent, or with a second one of us (F5 to F12).

A real link over a real ledger and a real broker; the clock is stepped, so that three days take a moment.
"""

import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from broker import free_port, running_broker
from mosquitto import Deployed, needs_mosquitto, plain_settings, running_mosquitto
from mqtt_client import BareClient
from site_process import until
from sites import TestSite, make_site, people, tap

from controller.facility import BrokerForm
from controller.inbox import Inbox, Input, PartAnswering, PartFailing, RequestReceived
from controller.link import PART, SILENT_S, STEADY_S, Link
from controller.record.topics import Topics
from controller.turn import Committed

AT = Topics("works")
DASHBOARD = "00000000000000aa"


@dataclass
class Linked:
    """A site with its link, whose thread runs until the end of the test."""

    site: TestSite
    broker: BrokerForm
    ledger: Path | None = None
    inbox: Inbox = field(default_factory=Inbox)
    came: list[Input] = field(default_factory=list)

    def __post_init__(self) -> None:
        site = self.site
        self._told = 0
        self.stop = threading.Event()
        self.link = Link(
            site.facility, self.ledger or site.ledger.path, site.folder / f"link-{id(self)}.json", site.key, "boot-1",
            self.broker, self.inbox, site.clock,
        )  # fmt: skip
        self._thread = threading.Thread(target=self.link.run, args=(self.stop,), daemon=True)
        self._thread.start()

    def taps(self, count: int) -> None:
        """So many records, told to the link as the loop does."""
        for _ in range(count):
            self.site.turn(tap("front/in", "card:1"))
            self.site.loop.sign()
        self.tell()

    def tell(self) -> None:
        said: list[Committed] = self.site.committed[self._told :]
        self._told += len(said)
        for done in said:
            self.link.told(done)

    def step(self, seconds: float) -> None:
        self.site.step(seconds)

    def alarms(self) -> list[str]:
        """What was put into the inbox of the broker as a part, in order."""
        self.came += self.inbox.take(999, 0)
        return [
            item.reason if isinstance(item, PartFailing) else "answers"
            for item in self.came
            if isinstance(item, PartFailing | PartAnswering) and item.part == PART
        ]

    def all_acknowledged(self) -> None:
        until("the broker has every record", lambda: self.link.cursor >= self.site.ledger.size or None, 40)

    def good_for_a_while(self) -> None:
        """A connection that has nothing in flight, and holds long enough, by the stepped clock, to be called good."""
        self.all_acknowledged()

        def told() -> bool | None:
            if self.link.connected:
                self.step(STEADY_S)
                self.link._wake.set()
            return self.alarms()[-1:] == ["answers"] or None

        until("it is told", told)

    def end(self) -> None:
        self.stop.set()
        self.step(60)
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    made = people(make_site(tmp_path))
    yield made
    made.close()


def heard_records(client: BareClient) -> list[int]:
    """The numbers of the records that a dashboard heard, in order of coming, each once."""
    found = [int(re.search(rb'"seq":(\d+)', payload)[1]) for topic, payload in client.heard if topic == AT.record]  # type: ignore[index]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(
    ("away", "alarmed"),
    [(timedelta(seconds=40), False), (timedelta(minutes=1), True), (timedelta(minutes=30), True), (timedelta(days=3), True)],
)  # fmt: skip
def test_it_never_gives_up(site: TestSite, away: timedelta, alarmed: bool) -> None:
    """After 1 minute, 30 minutes or 3 days it comes back by itself, all arrives in order, and a long absence is an alarm."""
    with running_broker() as broker:
        linked = Linked(site, BrokerForm(broker.host, broker.port))
        try:
            linked.good_for_a_while()
            broker.stop()
            until("it is noticed", lambda: not linked.link.connected or None)
            for _ in range(4):
                linked.taps(5)
                linked.step(away.total_seconds() / 4)
            if alarmed:
                until("it is an alarm", lambda: linked.alarms()[-1:] == ["absent"] or None)
            first = linked.link.cursor + 1
            broker.start()
            with BareClient(broker.port) as dashboard:
                dashboard.subscribe(AT.record)
                linked.all_acknowledged()
                size = site.ledger.size
                until("the last came", lambda: size in heard_records(dashboard) or None)
                heard = heard_records(dashboard)
            assert heard == sorted(heard)
            assert set(heard) <= set(range(first - 1, size + 1))
            if alarmed:
                linked.good_for_a_while()
            assert linked.alarms() == ["answers", *(["absent", "answers"] if alarmed else [])]
        finally:
            linked.end()


def test_a_ledger_that_cannot_be_read_is_tried_again(site: TestSite, tmp_path: Path) -> None:
    """A disk that fails as the link begins, or later, does not end the link: readable again, every record goes out."""
    place = tmp_path / "again.sqlite3"
    with running_broker() as broker, BareClient(broker.port) as dashboard:
        dashboard.subscribe(AT.record)
        linked = Linked(site, BrokerForm(broker.host, broker.port), place)
        try:
            linked.taps(3)
            place.symlink_to(site.ledger.path)
            linked.all_acknowledged()
            size = site.ledger.size
            until("the last came", lambda: size in heard_records(dashboard) or None)
            assert heard_records(dashboard) == list(range(1, size + 1))
        finally:
            linked.end()


def test_a_long_absence_is_told_once(site: TestSite) -> None:
    """However often it tries, one outage is one alarm."""
    linked = Linked(site, BrokerForm("127.0.0.1", free_port()))
    try:
        for _ in range(3):
            linked.step(3600)
            until("it has tried", lambda: linked.alarms() or None, 30)
        tries = linked.link._count
        until("it tries again", lambda: linked.link._count > tries + 1 or None, 30)
        assert linked.alarms() == ["absent"]
    finally:
        linked.end()


def connects(log: Path) -> int:
    """How often somebody connected, by the broker's own log."""
    return log.read_text().count("New client connected")


@needs_mosquitto
@pytest.mark.slow
def test_a_refused_publish_is_an_alarm_and_no_storm(site: TestSite, tmp_path: Path) -> None:
    """A broker that refuses records is alarmed, tried ever more slowly, and mended has every record.

    Mosquitto 2.0.11 cuts the line right behind its refusal (reason 0x87), which then is lost as often as not: a row of cuts
    is an alarm too.
    """
    made = Deployed(tmp_path / "b", ["works"], [DASHBOARD])
    acl = tmp_path / "b/broker/acl"
    whole = acl.read_text()
    acl.write_text(whole.replace("topic write sekimori/works/record\n", ""))
    made.broker.start()
    user = "site-works"
    linked = Linked(site, BrokerForm("127.0.0.1", made.port, user, str(made.password_file(user)), str(made.ca)))
    try:
        alarmed = until("it is an alarm", lambda: linked.alarms() or None)
        assert alarmed in (["refused"], ["unsteady"])
        assert linked.link.cursor == 0
        began = connects(made.broker.log)
        until("it has waited long", lambda: connects(made.broker.log) >= began + 4 or None, 60)
        assert linked.alarms() == alarmed
        assert linked.link.cursor == 0
        assert len(re.findall("New client connected", made.broker.log.read_text())) <= 12

        acl.write_text(whole)
        made.broker.stop()
        made.broker.start()
        linked.good_for_a_while()
        assert linked.alarms() == [*alarmed, "answers"]
    finally:
        linked.end()
        made.broker.stop()


@needs_mosquitto
def test_a_wrong_password_is_an_alarm(site: TestSite, tmp_path: Path) -> None:
    """A broker that does not let us in is no absence: it is alarmed at once."""
    made = Deployed(tmp_path / "b", ["works"], [DASHBOARD])
    made.broker.start()
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    linked = Linked(site, BrokerForm("127.0.0.1", made.port, "site-works", str(wrong), str(made.ca)))
    try:
        until("it is an alarm", lambda: linked.alarms() == ["refused"] or None)
    finally:
        linked.end()
        made.broker.stop()


@needs_mosquitto
@pytest.mark.slow
@pytest.mark.long
def test_two_of_us_are_an_alarm_and_no_storm(site: TestSite, tmp_path: Path) -> None:
    """Somebody who connects as we do throws us out, and we them: an alarm soon, and the chase slows down."""
    port = free_port()
    with running_mosquitto(plain_settings(tmp_path / "m", port), port) as broker:
        first = Linked(site, BrokerForm("127.0.0.1", port))
        until("the first is connected", lambda: first.link.connected or None)
        second = Linked(site, BrokerForm("127.0.0.1", port))
        try:
            until("it is an alarm", lambda: "unsteady" in [*first.alarms(), *second.alarms()] or None, 60)
            before, began = connects(broker.log), monotonic()
            until("it goes on", lambda: connects(broker.log) >= before + 2 or None, 60)
            assert monotonic() - began > 2
            assert first.alarms().count("unsteady") <= 1
        finally:
            second.end()
        try:
            first.taps(3)
            first.good_for_a_while()
        finally:
            first.end()


@needs_mosquitto
@pytest.mark.slow
def test_a_broker_that_acknowledges_nothing_is_left(site: TestSite, tmp_path: Path) -> None:
    """It took connection and records and says nothing: left after a while, alarmed as silent, and nothing is lost (F8)."""
    port = free_port()
    with running_mosquitto(plain_settings(tmp_path / "m", port), port) as broker:
        linked = Linked(site, BrokerForm("127.0.0.1", port))
        try:
            linked.good_for_a_while()
            with BareClient(port) as dashboard:
                dashboard.subscribe(AT.record)
                reached = linked.link.cursor
                broker.signal(signal.SIGSTOP)
                linked.taps(6)
                until("they are out", lambda: not linked.link._told or None)

                def left() -> bool | None:
                    linked.step(SILENT_S / 4)
                    linked.taps(1)
                    return linked.alarms()[-1:] == ["silent"] or None

                until("it is left", left, 40)
                assert linked.link.cursor == reached
                broker.signal(signal.SIGCONT)
                linked.all_acknowledged()
                size = site.ledger.size
                until("all came", lambda: size in heard_records(dashboard) or None)
                assert heard_records(dashboard) == sorted(heard_records(dashboard))
                assert set(range(reached + 1, size + 1)) <= set(heard_records(dashboard))
        finally:
            broker.signal(signal.SIGCONT)
            linked.end()


def test_a_retained_request_is_no_request(site: TestSite) -> None:
    """What a broker kept under the request topic is never taken for an order, however often we connect; a live one is (F12)."""
    with running_broker() as broker:
        with BareClient(broker.port) as anybody:
            anybody.publish(AT.request, b"kept", retain=True)
            linked = Linked(site, BrokerForm(broker.host, broker.port))
            try:
                until("connected", lambda: linked.link.connected or None)
                linked.all_acknowledged()

                def live() -> bool | None:
                    anybody.publish(AT.request, b"live")
                    linked.alarms()
                    return RequestReceived(b"live") in linked.came or None

                until("a live one comes", live)
                assert RequestReceived(b"kept") not in linked.came
            finally:
                linked.end()


def test_subscriptions_are_there_again_after_a_restart(site: TestSite) -> None:
    """A broker that forgot everything is asked for requests again at the next connection (F12)."""
    with running_broker() as broker:
        linked = Linked(site, BrokerForm(broker.host, broker.port))
        try:
            until("connected", lambda: linked.link.connected or None)
            broker.stop()
            until("it is noticed", lambda: not linked.link.connected or None)
            broker.start()
            until("connected again", lambda: linked.link.connected or None)
            with BareClient(broker.port) as anybody:

                def live() -> bool | None:
                    anybody.publish(AT.request, b"after")
                    linked.alarms()
                    return RequestReceived(b"after") in linked.came or None

                until("a request comes", live)
        finally:
            linked.end()
