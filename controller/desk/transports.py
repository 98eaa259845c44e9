"""Requests about carriers and transports. Each gathers the facts and asks the rule."""

from controller.desk.asked import Asked, Rule
from controller.record.kinds.transport import REQUEST
from controller.record.refusals import Code
from controller.rules import carrier, carrying, handover
from controller.rules.handover import LINKED, STAGES, Confirmer
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock
from controller.rules.transport import Order, Standing
from controller.storage_facts import carriers, keepers, transports
from controller.storage_facts.places import Places

# Carriers ---------------------------------------------------------------------------------------------------------------


def _register_carrier(asked: Asked) -> Outcome | Refusal:
    number = asked.facts.next("carrier")
    return carrier.register(number, asked.private(f"carrier-{number}"), asked.operator)


def _assess_carrier(asked: Asked) -> Outcome | Refusal:
    found, wall = carriers.one(asked.facts.connection, asked.body.carrier), WallClock(asked.facility.timezone, asked.now)
    number = asked.facts.connection.execute("select coalesce(max(assessment), 0) + 1 from carrier_assessment").fetchone()[0]
    return carrier.assess(asked.body, found, asked.operator, number, wall)


def _approve_carrier(asked: Asked) -> Outcome | Refusal:
    connection = asked.facts.connection
    assessment = carriers.assessment(connection, asked.body.assessment)
    found = None if assessment is None else carriers.one(connection, assessment.carrier)
    return carrier.approve(assessment, found, asked.operator, asked.now)


def _decline_carrier(asked: Asked) -> Outcome | Refusal:
    return carrier.decline(carriers.assessment(asked.facts.connection, asked.body.assessment), asked.operator)


def _pledge_carrier(asked: Asked) -> Outcome | Refusal:
    found, wall = carriers.one(asked.facts.connection, asked.body.carrier), WallClock(asked.facility.timezone, asked.now)
    return carrier.pledge(asked.body, found, asked.operator, wall)


def _withdraw_carrier(asked: Asked) -> Outcome | Refusal:
    found = carriers.one(asked.facts.connection, asked.body.carrier)
    return carrier.withdraw(found, asked.operator, asked.private(f"reason-{asked.id}"))


# Transports -------------------------------------------------------------------------------------------------------------


def _request(asked: Asked) -> Outcome | Refusal:
    body, number = asked.body, asked.facts.next("transport")
    if refusal := _nowhere(asked):
        return refusal
    against = transports.carrying(asked.facts.connection, body.person, body.carrier, body.from_place, asked.now)
    return carrying.request(body, asked.operator, number, asked.private(f"transport-{number}"), against, asked.now)


def _nowhere(asked: Asked) -> Refusal | None:
    """Whether both ends of the order are places, or the far one an address; and whether what is carried is there."""
    body, places = asked.body, Places(asked.facts.connection)
    if body.from_place not in places:
        return Refusal(Code.SUBJECT, "body.from_place")
    if body.to_place and (body.to_place not in places or body.to_place == body.from_place):
        return Refusal(Code.SUBJECT, "body.to_place")
    if not body.to_place and "address" not in asked.text:
        return Refusal(Code.FORM, "private.address: missing")
    if body.recipient is not None:
        known = body.to_place and transports.is_present(asked.facts.connection, body.recipient, asked.now)
        return None if known else Refusal(Code.SUBJECT, "body.recipient")
    held = {body.from_place, *places.within(body.from_place)}
    absent = any(not transports.is_kept(asked.facts.connection, one.what, held) for one in body.contents if one.what)
    return Refusal(Code.SUBJECT, "body.contents") if absent else None


def _approve(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    return carrying.approve(order, asked.operator, _answers(asked, order), _against(asked, order))


def _decline(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    return carrying.decline(order, asked.operator, _answers(asked, order))


def _pack(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    return carrying.pack(asked.body, order, asked.operator, _standing(asked, "" if order is None else order.from_place))


def _confirm(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    who = Confirmer(REQUEST, _standing(asked, _place(order)), asked.operator.operator)
    return handover.confirm(order, asked.body.side, asked.body.contents_sha256, who, _against(asked, order))


def _link(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    return handover.link(asked.body, order, asked.operator, _covers(asked, order), asked.now)


def _confirm_by_link(asked: Asked) -> Outcome | Refusal:
    order, body = _order(asked), asked.body
    stage = "" if order is None else LINKED.get(order.state, "")
    found = transports.link(asked.facts.connection, body.transport, stage, body.side)
    token, against = asked.text.get("token", ""), _against(asked, order)
    return handover.confirm_by_link(body, token, order, found, asked.operator, asked.now, against)


def _arrive(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    who = Confirmer(REQUEST, _standing(asked, "" if order is None else order.to_place), asked.operator.operator)
    return handover.arrive(order, asked.body.seals, asked.body.photos, who)


def _receive(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    return carrying.receive(order, asked.operator, _answers(asked, order), asked.body.sha256)


def _cancel(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    return carrying.cancel(order, asked.operator, _answers(asked, order), asked.private(f"reason-{asked.id}"))


def _lose(asked: Asked) -> Outcome | Refusal:
    order = _order(asked)
    near = _covers(asked, order) and asked.operator.roles != {"employee"}
    return carrying.lose(order, asked.operator, near, asked.private(f"reason-{asked.id}"))


# Facts ------------------------------------------------------------------------------------------------------------------


def _order(asked: Asked) -> Order | None:
    return transports.one(asked.facts.connection, asked.body.transport)


def _place(order: Order | None) -> str:
    """Where the handover takes place that the order waits for; empty for none, and for an address."""
    if order is None:
        return ""
    return order.from_place if STAGES.get(order.state) == "dispatch" else order.to_place


def _standing(asked: Asked, place: str) -> Standing:
    return transports.standing(asked.facts.connection, asked.operator.person, place, asked.now)


def _against(asked: Asked, order: Order | None) -> Refusal | None:
    if order is None:
        return None
    return transports.carrying(asked.facts.connection, order.person, order.carrier, order.from_place, asked.now)


def _covers(asked: Asked, order: Order | None) -> bool:
    """Whether one of the order's places is in the operator's scope."""
    return order is not None and any(asked.operator.covers(place) for place in (order.from_place, order.to_place) if place)


def _answers(asked: Asked, order: Order | None) -> bool:
    """Whether the operator answers for the place that it comes from: its keeper, or a manager in whose scope it lies."""
    if order is None:
        return False
    managing = "manager" in asked.operator.roles and asked.operator.covers(order.from_place)
    return managing or keepers.is_keeper(asked.facts.connection, asked.operator.person, order.from_place)


RULES: dict[str, Rule] = {
    "carrier.register": _register_carrier,
    "carrier.assess": _assess_carrier,
    "carrier.approve": _approve_carrier,
    "carrier.decline": _decline_carrier,
    "carrier.pledge": _pledge_carrier,
    "carrier.withdraw": _withdraw_carrier,
    "transport.request": _request,
    "transport.approve": _approve,
    "transport.decline": _decline,
    "transport.pack": _pack,
    "transport.confirm": _confirm,
    "transport.link": _link,
    "transport.confirm_by_link": _confirm_by_link,
    "transport.arrive": _arrive,
    "transport.receive": _receive,
    "transport.cancel": _cancel,
    "transport.report_lost": _lose,
}
"""What a dashboard may ask for: carriers and transports (C8.6, C8.14)."""
