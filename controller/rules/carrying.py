"""The steps of a transport that one person takes (C8.6): ordered, approved, packed, called off, lost, receipt handed in."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.record.asks.transport import ContentAsked, PackTransport, RequestTransport
from controller.record.canonical import canonical, moment
from controller.record.kinds.transport import (
    CARRIER,
    RECIPIENT,
    SENDER,
    Content,
    Seal,
    TransportApproved,
    TransportCancelled,
    TransportDeclined,
    TransportLost,
    TransportOrdered,
    TransportPacked,
    TransportReceived,
)
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, for_whom, within
from controller.rules.outcome import Outcome, Refusal
from controller.rules.transport import APPROVER, Order, Standing, after, apart, parts, unsealed

LONGEST = timedelta(days=366)
"""A thing is not on its way for longer."""


def contents_digest(contents: Sequence[Content], text: PrivateRow) -> str:
    """The hash that both sides confirm: the lines in their order, and their texts by their salted digest."""
    lines = [{"what": one.what, "pieces": one.pieces} for one in contents]
    return hashlib.sha256(canonical({"contents": lines, "text": text.ref().digest})).hexdigest()


def request(
    ask: RequestTransport,
    operator: OperatorFact,
    number: int,
    text: PrivateRow,
    carrying: Refusal | None,
    now: datetime,
) -> Outcome | Refusal:
    """Ask for transport `number`. `carrying`: why its carrier may not carry it; that the places exist is known."""
    refusal = _nobody(ask, operator) or carrying or _undescribed(ask.contents, text) or _out_of_order(ask, now)
    if refusal:
        return refusal
    contents = tuple(Content(one.what, one.pieces) for one in ask.contents)
    record = TransportOrdered(
        number,
        ask.from_place,
        ask.to_place,
        ask.person,
        ask.carrier,
        ask.recipient,
        contents,
        contents_digest(contents, text),
        text.ref(),
        ask.dispatch_by,
        ask.arrive_by,
        ask.receipt_by,
        operator.operator,
        "ordered",
    )
    return Outcome((record,), private=(text,))


def _nobody(ask: RequestTransport, operator: OperatorFact) -> Refusal | None:
    """Whether it is said who orders, who carries and whither."""
    if operator.person is None:
        return Refusal(Code.SECOND_PERSON, "operator.person")
    if (ask.person is None) == (ask.carrier is None):
        return Refusal(Code.FORM, "body.person")
    if ask.recipient is not None and ask.recipient == ask.person:
        return Refusal(Code.SECOND_PERSON, "body.recipient")
    if refusal := for_whom("transport.request", operator, ask.person):
        return refusal
    return None if operator.person == ask.person else within(operator, ask.from_place)


def _undescribed(contents: Sequence[ContentAsked], text: PrivateRow) -> Refusal | None:
    """Whether each line says what it is, and nothing is described that is no line."""
    described = {name for name in text.text if name.startswith("description.")}
    for n, one in enumerate(contents):
        if not one.what and f"description.{n}" not in described:
            return Refusal(Code.FORM, f"private.description.{n}")
    stray = described - {f"description.{n}" for n in range(len(contents))}
    return Refusal(Code.FORM, f"private.{min(stray)}") if stray else None


def _out_of_order(ask: RequestTransport, now: datetime) -> Refusal | None:
    """Whether the three deadlines are moments ahead, one behind the other."""
    try:
        dates = [moment(text) for text in (ask.dispatch_by, ask.arrive_by, ask.receipt_by)]
    except ValueError:
        return Refusal(Code.FORM, "body.dispatch_by")
    if dates[0] <= now or dates != sorted(dates) or dates[2] - now > LONGEST:
        return Refusal(Code.VALIDITY, "body.receipt_by")
    return None


def approve(order: Order | None, operator: OperatorFact, answers: bool, carrying: Refusal | None) -> Outcome | Refusal:
    """Let it be carried. `answers`: the operator is the place's keeper, or a manager in whose scope it lies."""
    if refusal := _undecidable(order, "approve", answers):
        return refusal
    order = _known(order)
    if operator.operator == order.requested_by or operator.person in (None, order.orderer) or order.orderer is None:
        return Refusal(Code.SECOND_PERSON, "transport.requested_by")
    if refusal := apart(order, APPROVER, operator.person) or carrying:
        return refusal
    return Outcome((TransportApproved(order.transport, order.from_place, operator.operator, "approved"),))


def decline(order: Order | None, operator: OperatorFact, answers: bool) -> Outcome | Refusal:
    """Say no; who ordered it may take it back so."""
    own = order is not None and operator.operator == order.requested_by
    if refusal := _undecidable(order, "decline", answers or own):
        return refusal
    order = _known(order)
    return Outcome((TransportDeclined(order.transport, order.from_place, operator.operator, "declined"),))


def pack(ask: PackTransport, order: Order | None, operator: OperatorFact, who: Standing) -> Outcome | Refusal:
    """It is packed and sealed, by somebody of the sender's side. Again, when a seal has to be changed before it leaves."""
    if order is None:
        return Refusal(Code.SUBJECT, "body.transport")
    state = after(order.state, "pack")
    if isinstance(state, Refusal):
        return state
    if not who.stands:
        return Refusal(Code.RIGHT, "transport.from_place")
    if refusal := apart(order, SENDER, who.person):
        return refusal
    if not ask.opaque:
        return Refusal(Code.PACKING, "body.opaque")
    if refusal := unsealed(ask.seals):
        return refusal
    seals = tuple(Seal(one.seal, one.how) for one in ask.seals)
    record = TransportPacked(
        order.transport, order.from_place, order.packing + 1, who.person or 0, operator.operator, seals,
        tuple(dict.fromkeys(ask.photos)), ask.opaque, state,
    )  # fmt: skip
    return Outcome((record,))


def receive(order: Order | None, operator: OperatorFact, answers: bool, sha256: str) -> Outcome | Refusal:
    """The receipt is in the hands of who answers for the place: neither who carried it nor who received it."""
    if refusal := _undecidable(order, "receive", answers):
        return refusal
    order = _known(order)
    if operator.person is None:
        return Refusal(Code.SECOND_PERSON, "operator.person")
    for part in (CARRIER, RECIPIENT):
        if operator.person in parts(order)[part]:
            return Refusal(Code.SECOND_PERSON, f"transport.{part}")
    record = TransportReceived(
        order.transport, order.from_place, order.delivered_to, order.delivered_at, sha256, operator.operator, "received"
    )
    return Outcome((record,))


def cancel(order: Order | None, operator: OperatorFact, answers: bool, reason: PrivateRow) -> Outcome | Refusal:
    """Call it off before it leaves: who ordered it, or who answers for the place."""
    own = order is not None and operator.operator == order.requested_by
    if refusal := _undecidable(order, "cancel", answers or own):
        return refusal
    order = _known(order)
    record = TransportCancelled(order.transport, order.from_place, operator.operator, reason.ref(), "cancelled")
    return Outcome((record,), private=(reason,))


def lose(order: Order | None, operator: OperatorFact, near: bool, reason: PrivateRow) -> Outcome | Refusal:
    """Report that it is lost. `near`: one of its places is in the operator's scope; its carrier may too, wherever."""
    carries = order is not None and operator.person is not None and operator.person == order.person
    if refusal := _undecidable(order, "lose", near or carries):
        return refusal
    order = _known(order)
    record = TransportLost(order.transport, order.from_place, operator.operator, reason.ref(), "lost")
    return Outcome((record,), private=(reason,))


def _undecidable(order: Order | None, act: str, may: bool) -> Refusal | None:
    if order is None:
        return Refusal(Code.SUBJECT, "body.transport")
    state = after(order.state, act)
    if isinstance(state, Refusal):
        return state
    return None if may else Refusal(Code.SCOPE, "operator.scope")


def _known(order: Order | None) -> Order:
    """The order, which somebody has looked at before. Raises ValueError when nobody has."""
    if order is None:
        raise ValueError("no order")
    return order
