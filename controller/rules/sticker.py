"""Stickers: learned at a station, and what comes of a thing that is held to one (C9.1, C8.5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from controller.record.asks.sticker import AttachSticker
from controller.record.canonical import timestamp
from controller.record.handling import RETURNED
from controller.record.kinds.custody import ENDED, UNWITNESSED, CustodyEnded
from controller.record.kinds.sticker import (
    CustodyAstray,
    CustodySeen,
    StickerAttached,
    StickerAwaited,
    StickerDetached,
    StickerMissed,
)
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.custody import Carrier, Kept, Line, beginnable, begun
from controller.rules.outcome import Outcome, Refusal

LEARN_S = 60
MOST_STICKERS = 4
"""On one thing."""
TIME, BADGE, ATTACHED = "time", "badge", "attached"


@dataclass(frozen=True, slots=True)
class Learning:
    """A station that waits for the sticker of a thing, until then."""

    station: str
    thing: str
    until_at: datetime


def waits(learning: Learning | None, now: datetime) -> bool:
    """Whether the station still waits; not when the clock was set back behind the beginning."""
    return learning is not None and 0 < (learning.until_at - now).total_seconds() <= LEARN_S + 2


def attach(
    ask: AttachSticker, operator: OperatorFact, *, kept: Kept | None, stickers: int, stations: frozenset[str],
    waiting: Learning | None, now: datetime,
) -> Outcome | Refusal:  # fmt: skip
    """Begin to wait for the sticker of a thing. `kept`: where it is kept, None for nothing known."""
    if kept is None or stickers >= MOST_STICKERS:
        return Refusal(Code.SUBJECT, "body.thing")
    if ask.station not in stations:
        return Refusal(Code.SUBJECT, "body.station")
    if waits(waiting, now):
        return Refusal(Code.BUSY, "body.station")
    if refusal := within(operator, kept.place, *kept.around):
        return refusal
    until = timestamp(now + timedelta(seconds=LEARN_S))
    return Outcome((StickerAwaited(ask.station, ask.thing, operator.operator, until),))


Learned = StickerAttached | StickerMissed
"""What a station that learns a sticker comes to."""


def learn(learning: Learning, credential: str, label: str, *, is_badge: bool, names: str | None) -> Learned:
    """What a tag at a waiting station becomes. `names`: what it is the sticker of already; `is_badge`: of whatever state."""
    code = Code.CARD if not credential else BADGE if is_badge else ATTACHED if names is not None else None
    if code is not None:
        return StickerMissed(learning.station, learning.thing, code)
    return StickerAttached(credential, learning.thing, learning.station, label, "attached")


def lapse(learning: Learning) -> Learned:
    """The time is over and no tag came."""
    return StickerMissed(learning.station, learning.thing, TIME)


def detach(sticker: str, thing: str | None, operator: OperatorFact, kept: Kept | None) -> Outcome | Refusal:
    """Let the sticker name nothing any more. `thing`: what it names, None for nothing."""
    if thing is None:
        return Refusal(Code.SUBJECT, "body.sticker")
    if kept is not None and (refusal := within(operator, kept.place, *kept.around)):
        return refusal
    return Outcome((StickerDetached(sticker, thing, operator.operator, "detached"),))


@dataclass(frozen=True, slots=True)
class Held:
    """A thing held to a station: what is known of it, and whose badge was there just before."""

    thing: str
    station: str
    zone: str
    """Where the station stands."""
    homes: frozenset[str]
    """Where the thing is at home: its place, and what that stands in up to the first room."""
    person: int | None
    open: Line | None
    """The line by which it is out."""
    goal: frozenset[str] = frozenset()
    """Where that line has it, in the same way."""
    approved: Line | None = None
    """The line by which this person may take it."""
    carrier: Carrier | None = None
    gone: bool = False
    """The thing was disposed of, lost or given up, and should not be there."""


def held(at: Held, now: datetime) -> Outcome | Refusal:
    """A thing at a station is brought back, seen where it should be, taken out, or astray. To take it out takes a badge."""
    if at.open is not None:
        return Outcome((_out(at, at.open),))
    if at.gone or (at.person is None and at.zone not in at.homes):
        return Outcome((CustodyAstray(at.thing, None, at.person, at.station, at.zone),))
    if at.person is None:
        return Refusal(Code.SUBJECT, "custody")
    if at.approved is None or at.carrier is None:
        return Refusal(Code.APPROVAL, "custody")
    if refusal := beginnable(at.approved, busy=False, carrier=at.carrier, now=now):
        return refusal
    return Outcome((begun(at.approved, begun_in=at.zone, station=at.station),))


def _out(at: Held, line: Line) -> msgspec.Struct:
    """What becomes of a thing that is out: back at home or where it was taken, and else by where its line has it."""
    if line.state == UNWITNESSED:
        return CustodyAstray(at.thing, line.custody, at.person, at.station, at.zone)
    if (at.zone in at.homes or at.zone == line.begun_in) and not line.out:
        return CustodyEnded(
            line.custody, line.thing, line.person, at.person, RETURNED, at.station, 0, None, None, ENDED
        )
    seen = CustodySeen if at.zone in at.goal | at.homes else CustodyAstray
    return seen(at.thing, line.custody, at.person, at.station, at.zone)
