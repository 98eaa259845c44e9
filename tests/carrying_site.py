"""A site on which things are carried: a lab with a station, a vault with another, and everybody whom a transport needs.

Operators 5 to 10 are persons 5 to 10: 5 a manager who orders, 6 a manager who approves, 7 a custodian who sends, 8 an employee
who carries, 9 a guard who receives in the vault, 10 a manager who sends links. Persons 5 to 8 have a right to the lab, 9 and 5
to the vault. Company 1 is assessed and pledged until the end of March 2027.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from sites import STATION_TOML, TestSite, digest, give_right, make_site, people, tap

from controller.inbox import DigitsTyped
from controller.record import asks as ask
from controller.record.asks import carrier, transport
from controller.record.canonical import moment, timestamp
from controller.record.envelope import Record

ORDERER, APPROVER, SENDER, CARRIER, RECIPIENT, LINKER = 5, 6, 7, 8, 9, 10
ROLES = {5: "manager", 6: "manager", 7: "custodian", 8: "employee", 9: "guard", 10: "manager"}
SHA = "ab" * 32
TEXT = (
    STATION_TOML
    + """
[[station]]
id = "vault-desk"
name = { ja = "保管庫の受付", en = "Vault desk" }
zone = "vault"
device = "nfc+udp://127.0.0.1:54332"
keypad = "simulated:32"
"""
)


def carrying_site(folder: Path, **how: Any) -> TestSite:
    """The site; `how` as for `make_site`."""
    site = people(make_site(folder, text=TEXT, **how))
    for number in range(5, 11):
        assert site.asks(ask.RegisterPerson()) is None
        site.console("enrol.card", person=number, credential=digest(f"card:{number}"), assurance=2, label=f"{number}")
        site.console("operator.add", name="操作者", roles=[ROLES[number]], scope=["*"], person=number)
    for number, zone in ((5, "lab"), (6, "lab"), (7, "lab"), (8, "lab"), (9, "vault"), (5, "vault")):
        give_right(site, number, zone)
    company(site)
    return site


def company(site: TestSite, until: str = "2027-03-31") -> None:
    """One more company in force."""
    number = site.facts.next("carrier")
    assert site.asks(carrier.RegisterCarrier(), ORDERER) is None
    assert site.asks(carrier.AssessCarrier(number, "2026-11-20", until, SHA), ORDERER) is None
    assessment = site.ledger.connection.execute("select max(assessment) from carrier_assessment").fetchone()[0]
    assert site.asks(carrier.ApproveCarrier(assessment), APPROVER) is None
    assert site.asks(carrier.PledgeCarrier(number, "2026-04", "2026-11-20", until, SHA), ORDERER) is None


def order_body(site: TestSite, **changes: Any) -> transport.RequestTransport:
    """An order of the lab's by person 8 to the vault."""
    now = site.clock.now()
    dates = [timestamp(now + timedelta(hours=hours)) for hours in (4, 8, 48)]
    contents = (transport.ContentAsked("", 2), transport.ContentAsked("", 1))
    fields = ("lab", "vault", CARRIER, None, None, contents, *dates)
    return msgspec.structs.replace(transport.RequestTransport(*fields), **changes)


DESCRIBED = {"description.0": "試作基板", "description.1": "図面一式"}


def ordered(site: TestSite, upto: str = "packed", **changes: Any) -> int:
    """A transport that has come so far: `ordered`, `approved`, `packed`, `dispatched` or `arrived`; its number."""
    number = site.facts.next("transport")
    text = DESCRIBED | ({} if changes.get("to_place", "vault") else {"address": "東京都千代田区 株式会社相模精工"})
    assert site.asks(order_body(site, **changes), ORDERER, private=text) is None
    steps = ("ordered", "approved", "packed", "dispatched", "arrived")
    for step in steps[1 : steps.index(upto) + 1]:
        further(site, number, step)
    return number


def further(site: TestSite, number: int, step: str) -> None:
    """One step of a transport from person to person."""
    match step:
        case "approved":
            assert site.asks(transport.ApproveTransport(number), APPROVER) is None
        case "packed":
            seals = (transport.SealAsked("A-1"), transport.SealAsked("A-2"))
            assert site.asks(transport.PackTransport(number, seals, (SHA,), True), SENDER) is None
        case "dispatched":
            assert confirms(site, number, "sender", SENDER) is None
            assert confirms(site, number, "carrier", CARRIER) is None
        case "arrived":
            assert arrives(site, number) is None


def row(site: TestSite, number: int) -> dict[str, Any]:
    """The transport as it stands in the table."""
    cursor = site.ledger.connection.execute("select * from transport where transport = ?", (number,))
    return dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))


def confirms(site: TestSite, number: int, side: str, operator: int) -> str | None:
    """A side confirms by its own request; the code."""
    return site.asks(transport.ConfirmTransport(number, side, row(site, number)["contents_sha256"]), operator)


def arrives(site: TestSite, number: int, *seals: str, operator: int = RECIPIENT) -> str | None:
    """It comes, with these seals or those that were set; the code."""
    seen = tuple(transport.SealAsked(seal) for seal in seals or ("A-1", "A-2"))
    return site.asks(transport.ArriveTransport(number, seen, ()), operator)


def held(site: TestSite, station: str, person: int) -> list[Record]:
    """That person's badge at a station; what is recorded."""
    return site.turn(tap(station, f"card:{person}"))


def typed(site: TestSite, station: str, digits: str) -> list[Record]:
    """Somebody types there."""
    return site.turn(DigitsTyped(station, digits))


def until(site: TestSite, hours: float) -> str:
    """So many hours from now, as in records."""
    return timestamp(moment(timestamp(site.clock.now())) + timedelta(hours=hours))
