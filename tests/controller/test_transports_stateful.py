"""Any sequence of steps of transports by anybody, and what must hold: two at each handover, one list, the fold (C8.6).

The oracle folds what records say by itself: it knows neither the rules' table nor the tables of the controller.
"""

import hashlib
import shutil
from typing import Any

from carrying_site import DESCRIBED, carrying_site, held, order_body, row, typed, until
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sites import TestSite, fast_folder, fold_of, stored_tables

from controller.record.asks import transport
from controller.record.envelope import Record

PEOPLE = st.integers(5, 10)
NUMBERS = st.integers(1, 2)
SIDES = st.sampled_from(["sender", "carrier", "recipient"])
TOKEN = "k" * 43
PARTS = ("approver", "carrier", "sender", "recipient")


class Transports(RuleBasedStateMachine):
    """A site on which six people do with two transports what comes to their mind."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = fast_folder()
        self.site: TestSite
        self.seen = 0
        self.said: dict[int, dict[str, Any]] = {}

    @initialize(outside=st.booleans(), company=st.booleans())
    def open(self, outside: bool, company: bool) -> None:
        self.site = carrying_site(self.folder)
        self.seen = self.site.ledger.size
        ways = {"to_place": "" if outside else "vault", **({"person": None, "carrier": 1} if company else {})}
        text = DESCRIBED | ({"address": "大阪市北区"} if outside else {})
        for changes in ({}, ways):
            private = text if changes else DESCRIBED
            assert self.site.asks(order_body(self.site, **changes), 5, private=private) is None
            number = self.site.facts.next("transport") - 1
            assert self.site.asks(transport.ApproveTransport(number), 6) is None
            assert self.site.asks(transport.PackTransport(number, (transport.SealAsked("A-1"),), (), True), 7) is None

    def teardown(self) -> None:
        if hasattr(self, "site"):
            assert stored_tables(self.site.ledger.connection) == fold_of(self.site.records()), "the tables are the fold"
            self.site.close()
        shutil.rmtree(self.folder)

    @rule(number=NUMBERS, who=PEOPLE)
    def pack(self, number: int, who: int) -> None:
        self.site.asks(transport.PackTransport(number, (transport.SealAsked("A-1"),), (), True), who)

    @rule(number=NUMBERS, who=PEOPLE, side=SIDES)
    def confirm(self, number: int, who: int, side: str) -> None:
        self.site.asks(transport.ConfirmTransport(number, side, row(self.site, number)["contents_sha256"]), who)

    @rule(number=NUMBERS, who=PEOPLE, side=SIDES)
    def link(self, number: int, who: int, side: str) -> None:
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        self.site.asks(transport.LinkTransport(number, side, digest, until(self.site, 1)), who)

    @rule(number=NUMBERS, who=PEOPLE, side=SIDES, guessed=st.booleans())
    def by_link(self, number: int, who: int, side: str, guessed: bool) -> None:
        body = transport.ConfirmByLink(number, side, row(self.site, number)["contents_sha256"])
        self.site.asks(body, who, private={"token": "g" * 43 if guessed else TOKEN})

    @rule(number=NUMBERS, who=PEOPLE)
    def arrive(self, number: int, who: int) -> None:
        self.site.asks(transport.ArriveTransport(number, (transport.SealAsked("A-1"),), ()), who)

    @rule(number=NUMBERS, who=PEOPLE, what=st.sampled_from([transport.ReceiveTransport, transport.ReportTransportLost]))
    def end(self, number: int, who: int, what: Any) -> None:
        self.site.asks(what(number), who)

    @rule(station=st.sampled_from(["desk", "vault-desk"]), who=st.lists(PEOPLE, min_size=1, max_size=3))
    def badges(self, station: str, who: list[int]) -> None:
        for one in who:
            held(self.site, station, one)

    @rule(station=st.sampled_from(["desk", "vault-desk"]), number=NUMBERS, who=PEOPLE)
    def by_number(self, station: str, number: int, who: int) -> None:
        typed(self.site, station, f"0{number}")
        held(self.site, station, who)

    @rule(number=NUMBERS)
    def the_right_ones(self, number: int) -> None:
        """The next step by those whose it is, so that a run comes to its end."""
        state = row(self.site, number)["state"]
        if state == "packed":
            self.confirm(number, 7, "sender")
            self.confirm(number, 8, "carrier")
        elif state == "arrived":
            self.confirm(number, 9, "recipient")
            self.confirm(number, 8, "carrier")
        else:
            self.arrive(number, 9)
            self.end(number, 6, transport.ReceiveTransport)

    @rule(seconds=st.sampled_from([1.0, 119.0, 121.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        self.site.step(seconds)

    @invariant()
    def records_follow(self) -> None:
        if not hasattr(self, "site"):
            return
        for record in self.site.records(self.seen + 1):
            self.seen = record.seq
            if record.kind.startswith("transport."):
                self.judge(record, self.said.setdefault(record.body.transport, {"both": {}, "people": {}}))

    def judge(self, record: Record, said: dict[str, Any]) -> None:
        body, people = record.body, said["people"]
        match record.kind:
            case "transport.ordered":
                said["hash"] = body.contents_sha256
                people["carrier"] = {body.person} - {None}
            case "transport.approved":
                people["approver"] = {body.decided_by}
            case "transport.packed":
                people.setdefault("sender", set()).add(body.person)
                said["both"].clear()
            case "transport.linked":
                said.setdefault("links", {})[body.stage, body.side] = body.operator
            case "transport.confirmed":
                self.confirmed(body, said)
            case "transport.dispatched":
                self.two(said, "dispatch", "sender")
            case "transport.delivered":
                self.two(said, "arrival", "recipient")
                said["delivered"] = True
            case "transport.received":
                assert said["delivered"] and body.operator not in people["carrier"] | people.get("recipient", set())
        for n, part in enumerate(PARTS):
            for other in PARTS[n + 1 :]:
                assert not people.get(part, set()) & people.get(other, set()), f"{part} and {other} are one person"

    def confirmed(self, body: Any, said: dict[str, Any]) -> None:
        assert body.contents_sha256 == said["hash"], "both sides confirm what was ordered"
        assert (body.stage, body.side) not in said["both"], "a side confirms once"
        assert (body.person is None) == (body.how == "link")
        if body.how == "link":
            assert said["links"].pop((body.stage, body.side)) == body.operator, "a link is used once"
        said["both"][body.stage, body.side] = body.operator if body.how == "link" else body.person
        if body.person is not None:
            said["people"].setdefault(body.side, set()).add(body.person)

    def two(self, said: dict[str, Any], stage: str, side: str) -> None:
        assert {(stage, side), (stage, "carrier")} <= said["both"].keys(), "neither side alone"
        assert said["both"][stage, side] != said["both"][stage, "carrier"], "never one person on both sides"


TestTransports = Transports.TestCase
TestTransports.__doc__ = """No sequence of steps brings a transport to its receipt without two different people at each
handover, who confirmed the same contents; nobody plays two parts; the tables are the fold (C8.6)."""
TestTransports.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
