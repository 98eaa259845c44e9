"""Transports by request: who may take which step, and what blocks an order (C8.6, C8.14)."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from carrying_site import (
    APPROVER,
    CARRIER,
    DESCRIBED,
    LINKER,
    ORDERER,
    RECIPIENT,
    SENDER,
    SHA,
    arrives,
    carrying_site,
    confirms,
    further,
    order_body,
    ordered,
    row,
    until,
)
from sites import TestSite, fold_of, stored_tables

from controller.record import asks as ask
from controller.record.asks import carrier, transport
from controller.rules.outcome import Refusal
from controller.rules.transport import ACTS, STATES, STEPS, after
from controller.storage_facts import transports

TOKEN = "t" * 43
HASH = hashlib.sha256(TOKEN.encode()).hexdigest()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    site = carrying_site(tmp_path_factory.mktemp("carrying"))
    yield site
    assert stored_tables(site.ledger.connection) == fold_of(site.records()), "the tables are the fold"
    site.close()


@pytest.fixture
def site(shared: TestSite) -> TestSite:
    return shared


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ACTS)
def test_a_step_is_in_the_table_or_refused(state: str, act: str) -> None:
    """Of all states and steps, those of the table lead on, and all others are refused as not the state for it."""
    said = after(state, act)

    assert isinstance(said, Refusal) != ((state, act) in STEPS)
    assert said in STATES or (isinstance(said, Refusal) and said.place == "transport.state")


def test_nothing_leads_out_of_an_end_nor_past_a_handover() -> None:
    """Done, declined and cancelled are ends; it leaves only from packed, and the receipt comes only behind the delivery."""
    for end in ("received", "declined", "cancelled"):
        assert not [act for state, act in STEPS if state == end]
    assert [before for (before, _), state in STEPS.items() if state == "dispatched"] == ["packed"]
    assert [before for (before, _), state in STEPS.items() if state == "received"] == ["delivered"]


def test_from_order_to_receipt(site: TestSite) -> None:
    """Every step by another person; each leaves its record, and what is owed follows: transport, then receipt, then nothing."""
    first = site.ledger.size + 1
    number = ordered(site, "arrived")
    due = stored_tables(site.ledger.connection)["due"]
    assert due[f"transport:{number}",]["due_at"] == row(site, number)["arrive_by"]
    assert confirms(site, number, "recipient", RECIPIENT) is None
    assert confirms(site, number, "carrier", CARRIER) is None
    due = stored_tables(site.ledger.connection)["due"]
    assert (f"transport:{number}",) not in due and (f"receipt:{number}",) in due
    assert site.asks(transport.ReceiveTransport(number), APPROVER) is None

    assert (f"receipt:{number}",) not in stored_tables(site.ledger.connection)["due"]
    assert [kind for kind in site.kinds(first) if kind.startswith("transport.")] == [
        f"transport.{step}" for step in (
            "ordered", "approved", "packed", "confirmed", "confirmed", "dispatched", "arrived", "confirmed", "confirmed",
            "delivered", "received",
        )
    ]  # fmt: skip
    hashes = {r.body.contents_sha256 for r in site.records(first) if r.kind in ("transport.ordered", "transport.confirmed")}
    assert len(hashes) == 1, "both sides of both handovers have confirmed the same contents"


@pytest.mark.parametrize(("changes", "operator", "code"), [
    ({}, 2, "second_person"),  # nobody knows which human this operator is
    ({"person": None}, ORDERER, "form"),
    ({"carrier": 1}, ORDERER, "form"),
    ({"person": 9}, ORDERER, "right"),  # no right to where it comes from
    ({"person": 3}, ORDERER, "active_person"),  # suspended
    ({"person": None, "carrier": 99}, ORDERER, "subject"),
    ({"recipient": CARRIER}, ORDERER, "second_person"),
    ({"from_place": "attic"}, ORDERER, "subject"),
    ({"to_place": "lab"}, ORDERER, "subject"),
    ({"to_place": ""}, ORDERER, "form"),  # no address
    ({"dispatch_by": "2026-11-23T00:00:00.000000Z"}, ORDERER, "validity"),
    ({"dispatch_by": "soon"}, ORDERER, "form"),
    ({"receipt_by": "2029-11-23T00:00:00.000000Z"}, ORDERER, "validity"),
    ({"contents": ()}, ORDERER, "form"),
    ({"contents": (transport.ContentAsked("", 1),) * 3}, ORDERER, "form"),  # the third is not described
    ({"contents": (transport.ContentAsked("", 1),)}, ORDERER, "form"),  # a description of none
    ({}, 9, "role"),
    ({"person": 5}, 8, "role"),  # an employee orders for nobody else
])  # fmt: skip
def test_what_is_no_order(site: TestSite, changes: dict[str, object], operator: int, code: str) -> None:
    """An order names who carries, whither, what and by when; its carrier may, and whoever orders is somebody (C8.6)."""
    size = site.facts.next("transport")

    assert site.asks(order_body(site, **changes), operator, private=DESCRIBED) == code
    assert site.facts.next("transport") == size


@pytest.mark.parametrize(("upto", "body", "operator", "code"), [
    ("ordered", "approve", ORDERER, "second_person"),
    ("ordered", "approve", 2, "second_person"),
    ("ordered", "approve", SENDER, "scope"),  # a custodian who is not the place's keeper
    ("ordered", "pack", SENDER, "subject"),
    ("ordered", "receive", APPROVER, "subject"),
    ("approved", "approve", APPROVER, "subject"),
    ("approved", "pack", APPROVER, "second_person"),
    ("approved", "pack", LINKER, "right"),
    ("approved", "arrive", RECIPIENT, "subject"),
    ("packed", "sender", APPROVER, "second_person"),
    ("packed", "sender", CARRIER, "second_person"),
    ("packed", "sender", RECIPIENT, "right"),
    ("packed", "carrier", SENDER, "right"),
    ("packed", "recipient", RECIPIENT, "form"),
    ("dispatched", "cancel", ORDERER, "subject"),
    ("dispatched", "carrier", CARRIER, "subject"),
    ("dispatched", "arrive", SENDER, "right"),
    ("arrived", "recipient", SENDER, "right"),
    ("arrived", "recipient", CARRIER, "right"),
    ("arrived", "carrier", RECIPIENT, "right"),
    ("arrived", "receive", APPROVER, "subject"),
])  # fmt: skip
def test_what_is_not_for_them(site: TestSite, upto: str, body: str, operator: int, code: str) -> None:
    """No step out of its turn, none by who plays another part, and neither side confirms for the other (C8.6)."""
    number = ordered(site, upto)
    before = row(site, number)
    bodies = {
        "approve": transport.ApproveTransport(number),
        "pack": transport.PackTransport(number, (transport.SealAsked("B-1"),), (), True),
        "arrive": transport.ArriveTransport(number, (transport.SealAsked("A-1"),), ()),
        "receive": transport.ReceiveTransport(number),
        "cancel": transport.CancelTransport(number),
    }
    asked = bodies.get(body) or transport.ConfirmTransport(number, body, before["contents_sha256"])

    assert site.asks(asked, operator) == code
    assert row(site, number) == before


@pytest.mark.parametrize(("seals", "opaque", "code"), [
    ((), True, "seal"), (("A-1", "A-1"), True, "seal"), (("A-1",), False, "packing"), (("A 1",), True, "form"),
    (("A-1",) * 11, True, "form"),
])  # fmt: skip
def test_packing_is_sealed_and_out_of_sight(site: TestSite, seals: tuple[str, ...], opaque: bool, code: str) -> None:
    """Without a seal, or where nobody says that nothing inside is seen, it does not leave (C8.6)."""
    number = ordered(site, "approved")
    asked = transport.PackTransport(number, tuple(map(transport.SealAsked, seals)), (), opaque)

    assert site.asks(asked, SENDER) == code


def test_another_hash_confirms_nothing(site: TestSite) -> None:
    """Who confirms another list than the one that was ordered confirms nothing."""
    number = ordered(site)

    assert site.asks(transport.ConfirmTransport(number, "sender", SHA), SENDER) == "subject"


def test_packed_anew_it_is_confirmed_anew(site: TestSite) -> None:
    """When a seal is changed before it leaves, what one side confirmed of the former packing counts no more."""
    number = ordered(site)
    assert confirms(site, number, "carrier", CARRIER) is None
    further(site, number, "packed")
    assert confirms(site, number, "sender", SENDER) is None

    assert row(site, number)["state"] == "packed"
    assert confirms(site, number, "carrier", CARRIER) is None
    assert row(site, number)["state"] == "dispatched"


@pytest.mark.parametrize(("seen", "found"), [
    (("A-1", "A-2"), {}),
    (("A-1",), {"A-2": "missing"}),
    (("A-1", "B-9"), {"A-2": "missing", "B-9": "unknown"}),
    (("A-1", "A-2!"), {"A-2": "broken"}),
])  # fmt: skip
def test_each_seal_is_compared(site: TestSite, seen: tuple[str, ...], found: dict[str, str]) -> None:
    """Every seal that is gone, broken or was never set is an alarm of its own, and it arrives all the same (C8.6)."""
    number = ordered(site, "dispatched")
    first = site.ledger.size + 1
    seals = tuple(
        transport.SealAsked(one.rstrip("!"), state="broken" if one.endswith("!") else "intact") for one in seen
    )
    assert site.asks(transport.ArriveTransport(number, seals, ()), RECIPIENT) is None

    differing = {r.body.seal: r.body.found for r in site.records(first) if r.kind == "transport.seal_differs"}
    assert differing == found
    assert row(site, number)["state"] == "arrived" and row(site, number)["differs"] == bool(found)


def test_lost_and_found(site: TestSite) -> None:
    """A loss is reported by who carries it; what comes all the same arrives, and is owed again until it is handed over."""
    number = ordered(site, "dispatched")
    assert site.asks(transport.ReportTransportLost(number), 3) == "scope"
    assert site.asks(transport.ReportTransportLost(number), CARRIER) is None
    assert (f"transport:{number}",) not in stored_tables(site.ledger.connection)["due"]
    assert arrives(site, number) is None

    assert (f"transport:{number}",) in stored_tables(site.ledger.connection)["due"]


def test_a_carrier_without_right_carries_nothing_out(tmp_path: Path) -> None:
    """The right has to be in force when it is handed out; on its way it arrives, whatever became of the right (C8.6)."""
    site = carrying_site(tmp_path)
    waits, gone = ordered(site), ordered(site, "dispatched")
    right = site.ledger.connection.execute("select access_right from access_right where person = 8").fetchone()[0]
    assert site.asks(ask.RevokeRight(right), 1) is None

    assert confirms(site, waits, "carrier", CARRIER) == "right"
    assert site.asks(order_body(site), ORDERER, private=DESCRIBED) == "right"
    assert arrives(site, gone) is None
    assert confirms(site, gone, "recipient", RECIPIENT) is None
    assert confirms(site, gone, "carrier", CARRIER) is None
    site.close()


def test_a_carrier_who_leaves_is_not_kept(tmp_path: Path) -> None:
    """Leaving is never refused for what somebody carries: it is due at once, and the keeper of the place is asked (C7.4)."""
    site = carrying_site(tmp_path)
    waits, gone = ordered(site), ordered(site, "dispatched")
    assert site.asks(ask.LeavePerson(CARRIER), 1) is None

    kinds = [r.kind for r in site.records() if r.kind.startswith("transport.") and r.body.transport == gone]
    assert kinds[-1] == "transport.recalled"
    due = stored_tables(site.ledger.connection)["due"][f"transport:{gone}",]
    assert (due["person"], due["place"], due["due_at"]) == (None, "vault", row(site, gone)["arrive_by"])
    assert row(site, waits)["state"] == "packed" and confirms(site, waits, "sender", SENDER) == "active_person"
    assert arrives(site, gone) is None
    assert stored_tables(site.ledger.connection) == fold_of(site.records())
    site.close()


def test_what_is_asked_at_each_step_is_found_by_an_index(site: TestSite) -> None:
    """No question about transports, carriers or who may be there reads a table through."""
    known = {"person": 1, "place": "lab", "now": "", "not": ""}
    for query, arguments in ((transports.RIGHT_NOW, known), (transports.WAITING, (1,)), (transports.ORDER, (1,))):
        plan = site.ledger.connection.execute(f"explain query plan {query}", arguments).fetchall()
        assert not [step[3] for step in plan if step[3].startswith("SCAN")], query


# Companies --------------------------------------------------------------------------------------------------------------


def test_a_company_needs_assessment_and_pledge(tmp_path: Path) -> None:
    """Without either, with one that has ended, and withdrawn, a company carries nothing, and the answer says what lacks."""
    site = carrying_site(tmp_path)
    connection = site.ledger.connection
    assert site.asks(carrier.RegisterCarrier(), ORDERER) is None
    number = site.facts.next("carrier") - 1

    def order() -> str | None:
        return site.asks(order_body(site, person=None, carrier=number), ORDERER, private=DESCRIBED)

    assert order() == "assessment"
    assert site.asks(carrier.AssessCarrier(number, "2026-11-20", "2026-11-30", SHA), ORDERER) is None
    assessment = connection.execute("select max(assessment) from carrier_assessment").fetchone()[0]
    assert order() == "assessment"
    for again, code in ((ORDERER, "second_person"), (2, "second_person"), (3, "role"), (APPROVER, None), (APPROVER, "subject")):
        assert site.asks(carrier.ApproveCarrier(assessment), again) == code
    assert order() == "pledge"
    assert site.asks(carrier.PledgeCarrier(number, "2026-04", "2026-11-20", "2026-12-15", SHA), ORDERER) is None
    assert order() is None
    due = stored_tables(connection)["due"][f"carrier:{number}",]
    assert due["due_at"] == "2026-11-30T15:00:00.000000Z", "warned of the nearer end, by the calendar of the site"
    placed = site.facts.next("transport") - 1
    site.clock.step(timedelta(days=7))
    assert order() == "assessment"
    assert site.asks(transport.ApproveTransport(placed), APPROVER) == "assessment"
    assert site.asks(carrier.WithdrawCarrier(number), ORDERER) is None
    assert order() == "subject"
    assert (f"carrier:{number}",) not in stored_tables(connection).get("due", {})
    site.close()


@pytest.mark.parametrize(("on", "to", "sha", "code"), [
    ("2026-11-25", "2027-01-01", SHA, "validity"),  # tomorrow
    ("2026-11-20", "2026-11-23", SHA, "validity"),
    ("2026-11-20", "2030-11-20", SHA, "validity"),
    ("2026-02-30", "2027-01-01", SHA, "form"),
    ("2026-11-20", "1 May", SHA, "form"),
    ("2026-11-20", "2027-01-01", "of the paper", "form"),
])  # fmt: skip
def test_what_is_no_assessment(site: TestSite, on: str, to: str, sha: str, code: str) -> None:
    """A company is assessed on a day that has come, for three years at most, by a document that is named."""
    assert site.asks(carrier.AssessCarrier(1, on, to, sha), ORDERER) == code
    assert site.asks(carrier.PledgeCarrier(1, "2026-04", on, to, sha), ORDERER) == code


# Links ------------------------------------------------------------------------------------------------------------------


def linked(site: TestSite, number: int, side: str, operator: int = LINKER, hours: float = 1, token: str = TOKEN) -> str | None:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return site.asks(transport.LinkTransport(number, side, digest, until(site, hours)), operator)


def by_link(site: TestSite, number: int, side: str, operator: int = LINKER, token: str = TOKEN, **more: object) -> str | None:
    body = transport.ConfirmByLink(number, side, row(site, number)["contents_sha256"])
    return site.asks(msgspec.structs.replace(body, **more), operator, private={"token": token})


def test_an_outsider_confirms_once(site: TestSite) -> None:
    """A driver and a recipient outside confirm by link, each once; whoever sent one link is not the other side (C8.6)."""
    number = ordered(site, person=None, carrier=1, to_place="")
    assert linked(site, number, "carrier", SENDER) == "second_person", "who packed it is the other side"
    assert linked(site, number, "recipient") == "subject", "not before it left"
    assert linked(site, number, "carrier") is None
    assert by_link(site, number, "carrier", token=HASH) == "subject", "the hash is on record, and no token"
    assert by_link(site, number, "carrier", operator=ORDERER) == "subject", "in the name of who sent it"
    assert by_link(site, number, "carrier") is None
    assert by_link(site, number, "carrier") == "subject", "used up"
    assert confirms(site, number, "carrier", CARRIER) == "subject"
    assert confirms(site, number, "sender", SENDER) is None
    assert row(site, number)["state"] == "dispatched"

    assert linked(site, number, "recipient", hours=400) == "validity"
    assert linked(site, number, "recipient", token="r" * 43) is None
    assert confirms(site, number, "recipient", RECIPIENT) == "subject", "it has not arrived"
    first = site.ledger.size + 1
    seals = (transport.SealAsked("A-1"),)
    assert by_link(site, number, "recipient", token="r" * 43, seals=seals) is None
    kinds = [kind for kind in site.kinds(first) if kind.startswith("transport.")]
    assert kinds == ["transport.arrived", "transport.seal_differs", "transport.confirmed"]
    assert linked(site, number, "carrier") == "second_person", "the recipient's link was of the same operator"
    assert linked(site, number, "carrier", SENDER) is None
    assert by_link(site, number, "carrier", SENDER) is None
    assert row(site, number)["state"] == "delivered" and row(site, number)["delivered_to"] is None


def test_a_link_ends(site: TestSite) -> None:
    """A link holds for its time; a newer one, and a newer packing, take its place; nobody's token stands in a record."""
    number = ordered(site, person=None, carrier=1)
    assert linked(site, number, "carrier", hours=1) is None
    site.step(3601)
    assert by_link(site, number, "carrier") == "freshness"
    assert linked(site, number, "carrier") is None
    assert linked(site, number, "carrier", token="n" * 43) is None
    assert by_link(site, number, "carrier") == "subject"
    further(site, number, "packed")
    assert by_link(site, number, "carrier", token="n" * 43) == "subject"

    written = b"".join(path.read_bytes() for path in site.folder.rglob("*") if path.is_file())
    assert HASH.encode() in written and TOKEN.encode() not in written


def test_who_can_confirm_needs_no_link(site: TestSite) -> None:
    """For a person with a badge no link is made, and none for who hands over."""
    number = ordered(site)

    assert linked(site, number, "carrier") == "right"
    assert linked(site, number, "sender") == "subject"
    assert linked(site, number, "recipient") == "subject"
