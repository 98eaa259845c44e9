"""Interlocked portals, as of an airlock: one is not let go while another of them is not shut and locked (C8.7).

Whatever is not known to be secure counts as not secure: a leaf that was never seen, one that was forced, one that is held open.

Leaving is never held back by it. An exit request lets the portal go at once, whatever stands open beyond: free egress is
wired, software knows neither of smoke nor of a contact that sticks, and a person between two doors that each wait for the
other is shut in. That both were open is an alarm on record (`interlock.broken`), and a portal that stood unlocked by its hours
is locked for the time.
"""

from collections.abc import Mapping
from dataclasses import replace

from controller.record.kinds.interlock import InterlockBroken
from controller.rules.outcome import Outcome
from controller.rules.portal import PortalState, Status
from controller.rules.posture import EVACUATION, Posture


def blocking(interlock: tuple[str, ...], portals: Mapping[str, PortalState]) -> str:
    """The first of the interlocked portals that is not secure; empty for none."""
    return next((portal for portal in interlock if portals[portal].status is not Status.SECURE), "")


def standing(wanted: Posture, interlock: tuple[str, ...], portals: Mapping[str, PortalState]) -> Posture:
    """How a portal may stand: unlocked only while no interlocked one is not secure."""
    if not wanted.open or wanted.cause == EVACUATION or not blocking(interlock, portals):
        return wanted
    return Posture(False, "interlock", wanted.until, wanted.awaited)


def left(portal: str, interlock: tuple[str, ...], portals: Mapping[str, PortalState], outcome: Outcome) -> Outcome:
    """Somebody is let out through the portal; if another of the interlocked ones is not secure, that is an alarm."""
    other = blocking(interlock, portals)
    if not other:
        return outcome
    return replace(outcome, records=(InterlockBroken(portal, other, portals[other].status), *outcome.records))
