"""When a request comes too late, or too early."""

from datetime import datetime, timedelta

from controller.record.canonical import moment
from controller.record.refusals import Code
from controller.record.requests import Request
from controller.rules.clock import trusted
from controller.rules.outcome import Refusal

LONGEST_S = {
    "portal.release": 60.0,
    "portal.override": 60.0,
    "portal.resume": 600.0,
    "key.choose": 60.0,
    "cabinet.open_slot": 60.0,
    "lockdown.end": 600.0,
    "evacuation.end": 600.0,
    "special_day.set": 600.0,
    "special_day.approve": 600.0,
    "special_day.clear": 600.0,
    "person.reinstate": 600.0,
    "person.change": 600.0,
    "presence.correct": 600.0,
    "presence.forgive": 600.0,
    "review.keep": 600.0,
    "badge.enrol": 60.0,
    "pledge.sign": 3600.0,
    "training.complete": 3600.0,
    "container.move": 600.0,
    "asset.change": 600.0,
    "asset.withdraw": 600.0,
    "label.print": 60.0,
    "pin.enrol": 60.0,
    "pin.unlock": 600.0,
    "carrier.approve": 600.0,
    "carrier.pledge": 3600.0,
    "transport.approve": 600.0,
    "transport.pack": 600.0,
    "transport.confirm": 600.0,
    "transport.link": 600.0,
    "transport.confirm_by_link": 600.0,
    "transport.arrive": 3600.0,
    "transport.receive": 600.0,
    "key.change": 600.0,
    "key.unseal": 600.0,
    "key.limit": 600.0,
    "key.lend": 600.0,
    "key.authorise": 600.0,
    "key.hand_out": 600.0,
    "key.hand_over": 600.0,
    "key.replace": 600.0,
    "key.change_lock": 600.0,
    "key.reserve": 3600.0,
    "key_audit.count": 3600.0,
    "key_audit.end": 600.0,
    "tether.retire": 600.0,
    "tether.check": 3600.0,
    "knower.add": 3600.0,
    "combination.plan": 600.0,
    "combination.begin": 60.0,
    "combination.draw": 60.0,
    "combination.finish": 600.0,
    "custody.approve": 600.0,
    "custody.begin": 600.0,
    "custody.extend": 600.0,
    "sticker.attach": 60.0,
}
"""Kinds that must expire, and within how many seconds of their issue: a door is not opened for yesterday's reason.

Nor is what was locked since then undone by it: a broker can hold a message back, and hand out a reinstatement behind a later
suspension, or an enrolment in the night. What only takes away never has to expire.
"""

SOON_S = {"evacuation.begin": 600.0}
"""Kinds that may come without an end, so that no doubted clock refuses them; but where it is trusted, not later than this after
their issue: a fire of last week opens no door tonight, whatever a broker has held back."""

CLOCK_SLACK = timedelta(seconds=120)
"""How far a dashboard's clock may be ahead."""


def stale(request: Request, now: datetime, clock: str) -> Refusal | None:
    """Whether the request comes too late or too early; what expires is refused while the clock is not trusted (design §6)."""
    try:
        issued = moment(request.issued_at)
        expires = None if request.expires_at is None else moment(request.expires_at)
    except ValueError:
        return Refusal(Code.FORM, "issued_at")
    longest, longest_without_end = LONGEST_S.get(request.kind), SOON_S.get(request.kind)
    if longest is not None and (expires is None or (expires - issued).total_seconds() > longest):
        return Refusal(Code.FRESHNESS, "expires_at")
    late = longest_without_end is not None and trusted(clock) and now - issued > timedelta(seconds=longest_without_end)
    if late:
        return Refusal(Code.FRESHNESS, "issued_at")
    if expires is None:
        return None
    if not trusted(clock):
        return Refusal(Code.CLOCK, "expires_at")
    if now > expires or issued > now + CLOCK_SLACK:
        return Refusal(Code.FRESHNESS, "expires_at")
    return None
