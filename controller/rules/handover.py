"""The two handovers of a transport (C8.6): each side confirms for itself, the same contents, and never both sides are one.

How somebody confirms: with a badge at a station, with a signed request of their own, or, who has neither, by a link that was
sent to them. A link is a random token of which only the hash is on record; it holds once, for one side, of one packing, for a
time. An operator who sends a link could open it too: so whoever sent it counts as that side of that handover, and cannot be the
other side as well, nor send the link of the other.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from controller.record.asks.transport import ConfirmByLink, LinkTransport, SealAsked
from controller.record.canonical import moment, timestamp
from controller.record.kinds.transport import (
    ARRIVAL,
    CARRIER,
    DISPATCH,
    LINK,
    RECIPIENT,
    SENDER,
    SIDES,
    Seal,
    TransportArrived,
    TransportConfirmed,
    TransportDelivered,
    TransportDispatched,
    TransportLinked,
    TransportSealDiffers,
)
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.transport import Confirmed, Order, Standing, after, apart, parts, unsealed

STAGES = {"packed": DISPATCH, "arrived": ARRIVAL}
"""The states in which it waits for a handover."""

LINKED = {"packed": DISPATCH, "dispatched": ARRIVAL, "arrived": ARRIVAL, "lost": ARRIVAL}
"""The states in which a link can be made, and for which handover."""

LONGEST_LINK = timedelta(days=14)
TOGETHER_S = 120.0
"""So soon behind the carrier's badge the other's has to follow, at one station."""


@dataclass(frozen=True, slots=True)
class Confirmer:
    """Who confirms and how: by badge or request the person, by link whose link it was."""

    how: str
    standing: Standing
    operator: int | None = None
    issuer: int | None = None
    station: str = ""

    @property
    def person(self) -> int | None:
        """Who; None by a link."""
        return None if self.how == LINK else self.standing.person


@dataclass(frozen=True, slots=True)
class Link:
    """A link as recorded, and which human made it."""

    stage: str
    side: str
    packing: int
    token_sha256: str
    until_at: datetime
    operator: int
    issuer: int | None
    state: str


def confirm(
    order: Order | None, side: str, contents_sha256: str, who: Confirmer, carrying: Refusal | None
) -> Outcome | Refusal:
    """One side confirms. `carrying`: why its carrier may not carry it now, which counts while it has not left."""
    if order is None:
        return Refusal(Code.SUBJECT, "body.transport")
    state, stage = after(order.state, "confirm"), STAGES.get(order.state, "")
    if isinstance(state, Refusal):
        return state
    if side not in SIDES[stage]:
        return Refusal(Code.FORM, "body.side")
    if (stage, side) in order.confirmed:
        return Refusal(Code.SUBJECT, f"transport.{side}")
    if contents_sha256 != order.contents_sha256:
        return Refusal(Code.SUBJECT, "body.contents_sha256")
    refusal = _elsewhere(order, side, who) or _both(order, stage, side, who)
    if refusal or (stage == DISPATCH and carrying):
        return refusal or carrying or Refusal(Code.RIGHT, "transport.carrier")
    record = TransportConfirmed(
        order.transport, order.from_place, order.packing, stage, side, who.person, who.how, who.operator, who.station,
        order.contents_sha256, state,
    )  # fmt: skip
    other = order.confirmed.get((stage, _other(stage, side)))
    received = who.person if side == RECIPIENT else None if other is None else other.person
    return Outcome((record, *(() if other is None else (_concluded(order, stage, received),))))


def _elsewhere(order: Order, side: str, who: Confirmer) -> Refusal | None:
    """Whether this is the side that they say; None: yes. Nobody's word counts for a side that is somebody else's."""
    outside = (side == CARRIER and order.carrier is not None) or (side == RECIPIENT and not order.to_place)
    if outside != (who.how == LINK):
        return Refusal(Code.RIGHT, f"transport.{side}")
    if outside:
        return None
    if side == CARRIER:
        own = who.person is not None and who.person == order.person and who.standing.present
        return None if own else Refusal(Code.RIGHT, "transport.carrier")
    if not who.standing.stands or (side == RECIPIENT and order.recipient not in (None, who.person)):
        return Refusal(Code.RIGHT, f"transport.{side}")
    return None


def _both(order: Order, stage: str, side: str, who: Confirmer) -> Refusal | None:
    """Whether one person would be both sides of this handover, or play two parts; None: no."""
    other = _other(stage, side)
    before = order.confirmed.get((stage, other), Confirmed(None))
    me = who.issuer if who.how == LINK else who.person
    if me is None:
        return Refusal(Code.SECOND_PERSON, "operator.person")
    if me == before.issuer or (who.how == LINK and me in parts(order)[other]):
        return Refusal(Code.SECOND_PERSON, f"transport.{other}")
    return None if who.how == LINK else apart(order, side, me)


def _other(stage: str, side: str) -> str:
    return next(one for one in SIDES[stage] if one != side)


def _concluded(order: Order, stage: str, received: int | None) -> msgspec.Struct:
    """Both sides have confirmed: it leaves, or it is delivered."""
    if stage == DISPATCH:
        return TransportDispatched(
            order.transport, order.from_place, order.to_place, order.person, order.carrier, order.arrive_by,
            str(after(order.state, "dispatch")),
        )  # fmt: skip
    state = str(after(order.state, "deliver"))
    return TransportDelivered(order.transport, order.from_place, received, order.receipt_by, state)


def arrive(
    order: Order | None, seals: Sequence[SealAsked], photos: tuple[str, ...], who: Confirmer
) -> Outcome | Refusal:
    """It came: somebody who may receive it looks at each seal. What differs is an alarm, and arrives all the same."""
    if order is None:
        return Refusal(Code.SUBJECT, "body.transport")
    state = after(order.state, "arrive")
    if isinstance(state, Refusal):
        return state
    if refusal := _elsewhere(order, RECIPIENT, who) or _both(order, ARRIVAL, RECIPIENT, who):
        return refusal
    if seals and (refusal := unsealed(seals)):
        return refusal
    seen = tuple(Seal(one.seal, one.how) for one in seals)
    due_at = order.arrive_by if order.state == "lost" else None
    record = TransportArrived(
        order.transport, order.from_place, order.packing, who.person, who.how, who.operator, seen,
        tuple(dict.fromkeys(photos)), state, due_at,
    )  # fmt: skip
    return Outcome((record, *_differing(order, seals, who.person)))


def _differing(order: Order, seals: Sequence[SealAsked], person: int | None) -> tuple[TransportSealDiffers, ...]:
    """A record for each seal that is gone, broken, or was never set."""
    seen = {one.seal: one.state for one in seals}
    found = {seal: "missing" for seal in order.seals if seal not in seen}
    found |= {seal: "broken" for seal, state in seen.items() if state == "broken"}
    found |= {seal: "unknown" for seal in seen if seal not in order.seals}
    return tuple(
        TransportSealDiffers(order.transport, order.from_place, order.packing, seal, how, person)
        for seal, how in sorted(found.items())
    )


def link(
    ask: LinkTransport, order: Order | None, operator: OperatorFact, may: bool, now: datetime
) -> Outcome | Refusal:
    """Let somebody outside confirm one side, once: the company's driver, or a recipient at an address."""
    if order is None:
        return Refusal(Code.SUBJECT, "body.transport")
    stage = LINKED.get(order.state)
    if stage is None or ask.side not in SIDES[stage] or ask.side == SENDER or (stage, ask.side) in order.confirmed:
        return Refusal(Code.SUBJECT, "transport.state")
    if not may:
        return Refusal(Code.SCOPE, "operator.scope")
    issued = Confirmer(LINK, Standing(operator.person, True, True), operator.operator, operator.person)
    if refusal := _elsewhere(order, ask.side, issued) or _both(order, stage, ask.side, issued):
        return refusal
    try:
        until = moment(ask.until_at)
    except ValueError:
        return Refusal(Code.FORM, "body.until_at")
    if not now < until <= now + LONGEST_LINK:
        return Refusal(Code.VALIDITY, "body.until_at")
    record = TransportLinked(
        order.transport, order.from_place, order.packing, stage, ask.side, ask.token_sha256, timestamp(until),
        operator.operator, "open",
    )  # fmt: skip
    return Outcome((record,))


def confirm_by_link(
    ask: ConfirmByLink, token: str, order: Order | None, link: Link | None, operator: OperatorFact, now: datetime,
    carrying: Refusal | None,
) -> Outcome | Refusal:  # fmt: skip
    """Whoever holds the token confirms. A recipient outside says at once which seals they see: it arrives with that."""
    if order is None:
        return Refusal(Code.SUBJECT, "body.transport")
    if refusal := _unlinked(ask.side, token, order, link, operator, now):
        return refusal
    who = Confirmer(LINK, Standing(None, True, True), operator.operator, operator.person)
    if ask.side != RECIPIENT or order.state not in ("dispatched", "lost"):
        return confirm(order, ask.side, ask.contents_sha256, who, carrying)
    came = arrive(order, ask.seals, (), who)
    if isinstance(came, Refusal):
        return came
    done = confirm(replace(order, state="arrived"), ask.side, ask.contents_sha256, who, carrying)
    return done if isinstance(done, Refusal) else came.followed_by(done)


def _unlinked(
    side: str, token: str, order: Order, link: Link | None, operator: OperatorFact, now: datetime
) -> Refusal | None:
    """Whether the token is not that of a link that holds now, of this side and packing, and of this operator."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    if link is None or not hmac.compare_digest(digest, link.token_sha256):
        return Refusal(Code.SUBJECT, "private.token")
    holds = link.state == "open" and link.packing == order.packing and link.stage == LINKED.get(order.state)
    if not holds or link.side != side or link.operator != operator.operator:
        return Refusal(Code.SUBJECT, "transport.link")
    return None if now < link.until_at else Refusal(Code.FRESHNESS, "transport.link")
