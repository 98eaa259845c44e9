"""A transport from hand to hand: badges at two stations, and what goes wrong in between (C8.6, C8.14)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from carrying_site import (
    APPROVER,
    CARRIER,
    RECIPIENT,
    SENDER,
    TEXT,
    arrives,
    carrying_site,
    confirms,
    further,
    held,
    order_body,
    ordered,
    row,
    typed,
)
from sites import BEGAN, TestSite, fold_of, give_right, make_site, stored_tables

from controller.clock import SteppedClock
from controller.record.asks import transport
from controller.record.asks.asset import RegisterAsset
from controller.record.asks.container import RegisterContainer
from controller.record.asks.thing import RegisterThing
from controller.record.envelope import Record
from controller.rules.effects import PlaySignal
from controller.storage.transports import Transports
from controller.storage.use import Keyed
from controller.timekeeper import Now


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    site = carrying_site(tmp_path_factory.mktemp("walk"))
    yield site
    site.close()


@pytest.fixture
def site(shared: TestSite) -> Iterator[TestSite]:
    """The site, with nothing that waits for a handover."""
    shared.judgement.storage.lose()
    yield shared
    open_ = "select transport, state from transport where state in ('packed', 'arrived')"
    for number, state in shared.ledger.connection.execute(open_).fetchall():
        body = transport.CancelTransport(number) if state == "packed" else transport.ReportTransportLost(number)
        assert shared.asks(body, APPROVER) is None


def steps(records: list[Record]) -> list[str]:
    return [f"{r.kind} {r.body.side}" if r.kind == "transport.confirmed" else r.kind for r in records]


def test_from_badge_to_badge(site: TestSite) -> None:
    """Sender and carrier confirm with badges at the lab's station, recipient and carrier at the vault's; then the receipt."""
    number = ordered(site)
    assert held(site, "desk", CARRIER) == []
    assert PlaySignal("", "second_person", "desk") in site.actuator.performed
    site.step(119)
    assert steps(held(site, "desk", SENDER)) == [
        "transport.confirmed carrier", "transport.confirmed sender", "transport.dispatched",
    ]  # fmt: skip
    assert arrives(site, number) is None
    assert held(site, "vault-desk", CARRIER) == []
    done = held(site, "vault-desk", RECIPIENT)

    assert steps(done) == ["transport.confirmed carrier", "transport.confirmed recipient", "transport.delivered"]
    assert [(r.body.person, r.body.how, r.body.station) for r in done[:2]] == [
        (CARRIER, "badge", "vault-desk"), (RECIPIENT, "badge", "vault-desk"),
    ]  # fmt: skip
    assert site.asks(transport.ReceiveTransport(number), APPROVER) is None


def test_two_minutes_are_over(site: TestSite) -> None:
    """The second badge comes too late: nothing is confirmed, and the carrier begins again."""
    number = ordered(site)
    assert held(site, "desk", CARRIER) == []
    site.step(120)
    assert [r.kind for r in held(site, "desk", SENDER)] == ["station.refused"]

    assert row(site, number)["state"] == "packed"
    held(site, "desk", CARRIER)
    assert steps(held(site, "desk", SENDER))[-1] == "transport.dispatched"


def test_nobody_confirms_unawares(site: TestSite) -> None:
    """A badge that is held there for something else confirms nothing: neither first, nor behind the carrier's (C8.6)."""
    number = ordered(site)
    give_right(site, 1, "lab")
    assert [r.kind for r in held(site, "desk", 1)] == ["station.refused"]
    held(site, "desk", CARRIER)
    assert held(site, "desk", 1) == [], "the same again is counted"
    assert [r.body.code for r in held(site, "desk", APPROVER)] == ["nothing_waits"]

    assert row(site, number)["state"] == "packed"


def test_the_carrier_twice_is_not_two(site: TestSite) -> None:
    """The carrier's own badge held there twice, at whatever stations, is one side and no handover (C8.6)."""
    number = ordered(site)
    typed(site, "desk", f"0{number}")
    for _ in range(3):
        assert held(site, "desk", CARRIER) == []

    assert [r.kind for r in held(site, "vault-desk", CARRIER)] == ["station.refused"], "it is not handed over there"
    assert row(site, number)["state"] == "packed"


def test_by_number_each_for_oneself(site: TestSite) -> None:
    """Who confirmed at the dashboard is not asked again: the other side types the number, and one badge concludes."""
    number = ordered(site)
    assert confirms(site, number, "sender", SENDER) is None
    assert [r.kind for r in held(site, "desk", CARRIER)] == ["station.refused"], "not without the number"
    assert typed(site, "desk", f"0{number}") == []
    assert steps(held(site, "desk", CARRIER)) == ["transport.confirmed carrier", "transport.dispatched"]
    assert typed(site, "desk", "0999999") == [] and typed(site, "desk", "²") == []


def test_the_number_of_a_slot_is_none_of_an_order(site: TestSite) -> None:
    """Without its 0 a number is somebody else's affair, and at another station no order of this one waits."""
    number = ordered(site)
    use = next(use for use in site.judgement.storage.uses if isinstance(use, Transports))
    now = Now(site.clock.now(), site.clock.now(), site.clock.monotonic(), "synced")
    for station, digits, taken in (("desk", "", False), ("vault-desk", "0", False), ("desk", "0", True)):
        digits += str(number)
        assert (use.keyed(Keyed(station, digits), now) is not None) == taken


def test_of_two_orders_the_number_says_which(site: TestSite) -> None:
    """A carrier for whom two things wait begins neither until its number is typed."""
    one, other = ordered(site), ordered(site)
    assert [r.body.code for r in held(site, "desk", CARRIER)] == ["subject"]
    typed(site, "desk", f"0{other}")
    held(site, "desk", CARRIER)
    assert steps(held(site, "desk", SENDER))[-1] == "transport.dispatched"

    assert (row(site, one)["state"], row(site, other)["state"]) == ("packed", "dispatched")


def test_cancelled_between_two_badges(site: TestSite) -> None:
    """What was called off while the second badge was awaited is not handed over."""
    number = ordered(site)
    held(site, "desk", CARRIER)
    assert site.asks(transport.CancelTransport(number), APPROVER) is None

    assert [r.kind for r in held(site, "desk", SENDER)] == ["station.refused"]


def test_power_cut_between_two_badges(tmp_path: Path) -> None:
    """What waited at the station is gone, and harmless: the order waits in the tables, and the handover is begun again."""
    clock = SteppedClock(BEGAN)
    site = carrying_site(tmp_path, clock=clock)
    number = ordered(site)
    held(site, "desk", CARRIER)
    site.close()

    site = make_site(tmp_path, text=TEXT, clock=clock, boot="boot-2")
    assert [r.kind for r in held(site, "desk", SENDER)] == ["station.refused"]
    assert row(site, number)["state"] == "packed"
    held(site, "desk", CARRIER)
    assert steps(held(site, "desk", SENDER))[-1] == "transport.dispatched"
    assert stored_tables(site.ledger.connection) == fold_of(site.records())
    site.close()


def test_a_disk_that_takes_nothing(site: TestSite) -> None:
    """A confirmation that could not be recorded is none: the handover is begun again when the disk takes records."""
    number = ordered(site)
    held(site, "desk", CARRIER)
    site.connection.breaks = lambda text: text.startswith("commit")
    with pytest.raises(Exception, match="disk I/O"):
        held(site, "desk", SENDER)
    site.connection.breaks = lambda text: False

    assert row(site, number)["state"] == "packed"
    held(site, "desk", CARRIER)
    assert steps(held(site, "desk", SENDER))[-1] == "transport.dispatched"


def test_without_a_trusted_clock(tmp_path: Path) -> None:
    """While the clock is not trusted, badges confirm and are marked so; requests and links, which expire, are refused."""
    clock = SteppedClock(BEGAN)
    site = carrying_site(tmp_path, clock=clock)
    number = ordered(site)
    site.close()
    clock.declare("unsynced")
    clock.jump(timedelta(days=-1))
    dashboard, site = site.dashboard, make_site(tmp_path, text=TEXT, clock=clock, boot="boot-2")
    site.dashboard = dashboard
    assert confirms(site, number, "sender", SENDER) == "clock"
    held(site, "desk", CARRIER)
    done = held(site, "desk", SENDER)

    assert steps(done)[-1] == "transport.dispatched" and done[-1].clock == "unsynced"
    site.close()


def test_from_a_container_and_what_is_kept_there(tmp_path: Path) -> None:
    """A safe is a place like a zone: its own rights count, what is kept there is carried from there and nothing else is, and
    it is handed over at the station of the room that it stands in (C8.6)."""
    site = carrying_site(tmp_path)
    assert site.asks(RegisterContainer("safe", "safe", "lab", "key"), 5, private={"name": "金庫"}) is None
    for place in ("safe", "vault"):
        assert site.asks(RegisterAsset(secrecy="secret", place=place), 5, private={"title": "図面"}) is None
    thing = RegisterThing(code="USB-1", medium="usb", place="safe", allowed=(), asset=None)
    assert site.asks(thing, 5, private={"label": "媒体"}) is None

    def order(*what: str) -> str | None:
        contents = tuple(transport.ContentAsked(one, 1) for one in what)
        return site.asks(order_body(site, from_place="safe", contents=contents), 5, private={})

    assert order("asset:1", "thing:1") == "right", "a right to the room is none to the safe"
    for person in (SENDER, CARRIER):
        give_right(site, person, "safe")
    assert order("asset:2") == "subject" and order("key:1") == "subject" and order("asset:9") == "subject"
    assert order("asset:1", "thing:1") is None
    number = site.facts.next("transport") - 1
    assert site.asks(transport.ApproveTransport(number), APPROVER) is None
    further(site, number, "packed")
    held(site, "desk", CARRIER)

    assert steps(held(site, "desk", SENDER))[-1] == "transport.dispatched"
    site.close()


def test_a_late_transport_and_a_missing_receipt_are_alarms(tmp_path: Path) -> None:
    """Past its hour of dispatch, of arrival and of the receipt, a record says so each time (C8.6, C8.14)."""
    site = carrying_site(tmp_path)
    first = site.ledger.size + 1
    number = ordered(site)
    late = [r.body for r in after(site, 4.1, first) if r.kind == "due.reached"]
    assert [(body.sort, body.number, body.stage) for body in late][-1] == ("transport", number, "overdue")
    held(site, "desk", CARRIER)
    held(site, "desk", SENDER)
    late = [r.body for r in after(site, 4.1, site.ledger.size + 1) if r.kind == "due.reached"]
    assert ("transport", number, "overdue") in [(body.sort, body.number, body.stage) for body in late]
    assert arrives(site, number) is None
    assert confirms(site, number, "recipient", RECIPIENT) is None
    assert confirms(site, number, "carrier", CARRIER) is None
    late = [r.body for r in after(site, 40, site.ledger.size + 1) if r.kind == "due.reached"]
    assert ("receipt", number, "overdue") in [(body.sort, body.number, body.stage) for body in late]
    site.close()


def after(site: TestSite, hours: float, first: int) -> list[Record]:
    site.step(hours * 3600)
    site.turn()
    return site.records(first)

