"""Who is where (C8.9): from a leaf that opened to people who moved, and from what went unseen to presence that is doubted.

Theory. A granted tap is a permission and no passage: people tap and turn round. So everybody a portal was released for waits in
its state (`Passer`), and moves in the turn in which the leaf opens; when nobody comes, nobody has moved. Where the leaf is open
already, or the portal stands unlocked, the tap is all that there will be to see, and they move with it.

What we cannot see must not look as if we had. Somebody who leaves by the button, a forced or held leaf, a portal that stands
unlocked, a controller that was not there: from then on those who were last seen in the zone *may* be elsewhere. That is one
record for the zone, and it is not repeated while nobody there is certain: a doubt of what is doubted says nothing new.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from controller.record.kinds.door import DoorForced, DoorHeld
from controller.record.kinds.posture import PortalLocked, PortalUnlocked
from controller.record.kinds.presence import EVERYWHERE, PresenceDoubted, PresenceMoved
from controller.rules.portal import Passer

EITHER = "*"
"""Where somebody goes of whom not even the direction is known."""

Newer = Callable[[str], bool]
"""Whether somebody in this zone (empty: outside) was seen after it was last doubted."""


@dataclass(frozen=True, slots=True)
class Room:
    """How full a zone with a limit is: so many others are inside or on their way in, and so many may be."""

    zone: str
    others: int
    most: int

    @property
    def full(self) -> bool:
        """Whether nobody more may come in."""
        return self.others >= self.most


def passed(portal: str, inner: str, outer: str, passing: Iterable[Passer]) -> tuple[msgspec.Struct, ...]:
    """The records of these people passing now: a doubt for whom nobody knows, then each person once, by their last tap."""
    waiting = tuple(passing)
    known = {passer.person: passer for passer in waiting if passer.person is not None}
    moved = tuple(
        PresenceMoved(person, outer if passer.zone == inner else inner, passer.zone, portal, passer.release, True)
        for person, passer in known.items()
    )
    return (*_unknown(portal, inner, outer, waiting), *moved)


def _unknown(portal: str, inner: str, outer: str, passing: tuple[Passer, ...]) -> tuple[PresenceDoubted, ...]:
    """Whoever left without a badge was inside before; whom an operator let pass was on either side."""
    unknown = [passer.zone for passer in passing if passer.person is None]
    if EITHER in unknown:
        return tuple(PresenceDoubted(zone, portal, "released", False) for zone in (inner, outer))
    return (PresenceDoubted(inner, portal, "button", False),) if unknown else ()


def unseen(inner: str, outer: str, records: Iterable[msgspec.Struct]) -> tuple[PresenceDoubted, ...]:
    """The doubts that follow from what a door did: whoever was on one side of it may be on the other."""
    doubts = []
    for body in records:
        match body:
            case DoorForced(portal):
                doubts.append((portal, "forced", False))
            case DoorHeld(portal):
                doubts.append((portal, "held", False))
            case PortalUnlocked(portal):
                doubts.append((portal, "standing", True))
            case PortalLocked(portal):
                doubts.append((portal, "standing", False))
    return tuple(
        PresenceDoubted(zone, portal, reason, stands) for portal, reason, stands in doubts for zone in (inner, outer)
    )


def worth_saying(bodies: Iterable[msgspec.Struct], newer: Newer) -> tuple[msgspec.Struct, ...]:
    """The records without the doubts that say nothing new; what concerns a standing portal is always said."""
    return tuple(
        body
        for body in bodies
        if not isinstance(body, PresenceDoubted) or body.reason == "standing" or newer(body.zone)
    )


def begun(reason: str, standing: Iterable[tuple[str, str]], anybody: bool) -> tuple[PresenceDoubted, ...]:
    """The doubts after a time in which nobody looked; `standing`: zone and portal of doubts that had no end.

    `anybody`: whether somebody was seen since everything was last doubted.
    """
    ended = tuple(PresenceDoubted(zone, portal, "standing", False) for zone, portal in standing)
    return (*ended, PresenceDoubted(EVERYWHERE, "", reason, False)) if anybody else ended
