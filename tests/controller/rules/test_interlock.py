"""Interlocked portals, by the rule alone."""

import pytest

from controller.record.kinds.door import ExitRequested
from controller.record.kinds.interlock import InterlockBroken
from controller.rules.interlock import blocking, left, standing
from controller.rules.outcome import Outcome
from controller.rules.portal import PortalState, Status
from controller.rules.posture import Posture

EXIT = Outcome((ExitRequested("inner", "", "", None, None, "released", 5),))


def portals(outer: Status) -> dict[str, PortalState]:
    """An airlock whose outer portal stands so; the inner one is secure."""
    return {"outer": PortalState(outer), "inner": PortalState(Status.SECURE)}


@pytest.mark.parametrize("status", list(Status))
def test_only_a_secure_portal_lets_the_other_go(status: Status) -> None:
    """Whatever is not certainly shut and locked blocks, also what was never seen (C8.7)."""
    assert blocking(("outer",), portals(status)) == ("" if status is Status.SECURE else "outer")
    assert blocking((), portals(status)) == ""


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize(
    ("wanted", "waits"),
    [
        (Posture(True, "schedule"), True),
        (Posture(True, "override"), True),
        (Posture(True, "evacuation"), False),
        (Posture(False, "lockdown"), False),
    ],
)
def test_what_would_stand_unlocked_waits(status: Status, wanted: Posture, waits: bool) -> None:
    """By its hours or an order a portal stands unlocked only while the other is secure; in an evacuation both do."""
    found = standing(wanted, ("outer",), portals(status))

    blocked = waits and status is not Status.SECURE
    assert found == (Posture(False, "interlock") if blocked else wanted)


@pytest.mark.parametrize("status", list(Status))
def test_leaving_is_never_held_back(status: Status) -> None:
    """Who leaves is let out all the same; that both portals are open is an alarm on record, before the exit's own record."""
    found = left("inner", ("outer",), portals(status), EXIT)

    broken = () if status is Status.SECURE else (InterlockBroken("inner", "outer", status),)
    assert found == Outcome((*broken, *EXIT.records))
