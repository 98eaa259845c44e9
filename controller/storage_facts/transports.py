"""Transports, as the rules ask for them: the order with what was confirmed of it, and who may play which part (C8.6)."""

import sqlite3
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from controller import person_facts
from controller.record.canonical import moment, timestamp
from controller.record.kinds.right import ESCORTED
from controller.record.kinds.transport import DISPATCH
from controller.record.refusals import Code
from controller.rules import carrier
from controller.rules.handover import STAGES, Link
from controller.rules.outcome import Refusal
from controller.rules.transport import Confirmed, Order, Standing
from controller.storage_facts import carriers, keepers
from controller.storage_facts.places import Places

RIGHT_NOW = """select 1 from access_right
    where person = :person and zone = :place and state = 'active' and from_at <= :now and :now < until_at and manner <> :not
    union all select 1 from membership join access_right on access_right.team = membership.team
    where membership.person = :person and membership.state = 'active' and access_right.zone = :place
    and access_right.state = 'active' and from_at <= :now and :now < until_at and manner <> :not limit 1"""
KEPT = {
    "asset": "select place from asset where asset = ? and state = 'held'",
    "thing": "select place from thing where thing = ? and state = 'active'",
}
"""By sort of what is known by number, where it is kept."""
WAITING = """select transport from transport where person = ? and state in ('packed', 'arrived') order by transport limit 50"""
ORDER = """select transport, transport.state, from_place, to_place, transport.person, carrier, recipient, contents_sha256,
    packing, arrive_by, receipt_by, requested_by, orderer.person, approver.person, packed_by, arrived_by,
    delivered_to, coalesce(delivered_at, '')
    from transport left join operator as orderer on orderer.operator = requested_by
    left join operator as approver on approver.operator = decided_by and transport.state <> 'ordered'
    where transport = ?"""


def one(connection: sqlite3.Connection, number: int) -> Order | None:
    """The transport with this number, with what counts for its present packing."""
    row = connection.execute(ORDER, (number,)).fetchone()
    if row is None:
        return None
    packing: int = row[8]
    seals = connection.execute(
        "select seal from transport_seal where transport = ? and packing = ? and position is not null order by position",
        (number, packing),
    )
    set_ = tuple(seal for (seal,) in seals)
    return replace(Order(*row), seals=set_, confirmed=_confirmed(connection, number, packing))


def _confirmed(connection: sqlite3.Connection, number: int, packing: int) -> dict[tuple[str, str], Confirmed]:
    rows = connection.execute(
        """select stage, side, transport_confirmation.person, case how when 'link' then operator.person end
        from transport_confirmation left join operator on operator.operator = transport_confirmation.operator
        where transport = ? and packing = ?""",
        (number, packing),
    )
    return {(stage, side): Confirmed(person, issuer) for stage, side, person, issuer in rows}


def link(connection: sqlite3.Connection, number: int, stage: str, side: str) -> Link | None:
    """The newest link of this side of a handover."""
    row = connection.execute(
        """select stage, side, packing, token_sha256, until_at, transport_link.operator, operator.person, transport_link.state
        from transport_link left join operator on operator.operator = transport_link.operator
        where transport = ? and stage = ? and side = ?""",
        (number, stage, side),
    ).fetchone()
    if row is None:
        return None
    stage, side, packing, token, until, operator, issuer, state = row
    return Link(stage, side, packing, token, moment(until), operator, issuer, state)


def standing(connection: sqlite3.Connection, person: int | None, place: str, now: datetime) -> Standing:
    """What is known of this person at the place: whether they are there at all, and have a right to it in force."""
    if person is None:
        return Standing(None, False, False)
    known = {"person": person, "place": place, "now": timestamp(now), "not": ESCORTED}
    entitled = bool(place) and connection.execute(RIGHT_NOW, known).fetchone() is not None
    entitled = entitled or keepers.is_keeper(connection, person, place)
    return Standing(person, is_present(connection, person, now), entitled)


def is_present(connection: sqlite3.Connection, person: int, now: datetime) -> bool:
    """Whether the person is neither suspended nor gone, nor is their last day over."""
    found = person_facts.profile(connection, person)
    return found is not None and found.state == "active" and (found.leaves_at is None or now < found.leaves_at)


def carrying(
    connection: sqlite3.Connection, person: int | None, company: int | None, place: str, now: datetime
) -> Refusal | None:
    """Why this carrier may carry nothing from the place now; None: nothing stands against it."""
    if company is not None:
        return carrier.missing(carriers.one(connection, company), now)
    found = standing(connection, person, place, now)
    if not found.present:
        return Refusal(Code.ACTIVE_PERSON, "transport.person")
    return None if found.entitled else Refusal(Code.RIGHT, "transport.person")


def is_kept(connection: sqlite3.Connection, what: str, places: Collection[str]) -> bool:
    """Whether this is kept in one of these places: an asset (`asset:3`), or a thing with a code (`thing:7`)."""
    sort, _, number = what.partition(":")
    query = KEPT.get(sort)
    row = None if query is None else connection.execute(query, (int(number),)).fetchone()
    return row is not None and row[0] in places


def zone_of(connection: sqlite3.Connection, station: str) -> str:
    """Where this station stands; empty for none that is configured."""
    row = connection.execute("select zone from station where station = ?", (station,)).fetchone()
    return "" if row is None else str(row[0])


def takes_place_in(connection: sqlite3.Connection, order: Order, zone: str) -> bool:
    """Whether the handover that the order waits for takes place in this zone: there, or at a container that stands there."""
    place = order.from_place if STAGES.get(order.state) == DISPATCH else order.to_place
    if place == zone:
        return True
    found = Places(connection).find(place) if place else None
    return found is not None and found.container and found.around[:1] == (zone,)


def waiting(connection: sqlite3.Connection, person: int) -> list[Order]:
    """The transports of this carrier that wait for a handover."""
    found = (one(connection, number) for (number,) in connection.execute(WAITING, (person,)).fetchall())
    return [order for order in found if order is not None]
