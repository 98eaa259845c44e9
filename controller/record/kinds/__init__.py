"""The kinds of records, one module a noun. A changed kind gets a new version; golden files hold the bytes of each."""

from controller.record.kinds import (
    badge,
    calendar,
    clock,
    condition,
    disk,
    door,
    entry,
    evacuation,
    group,
    input,
    interlock,
    membership,
    noted,
    party,
    person,
    pin,
    posture,
    presence,
    request,
    retention,
    review,
    right,
    site,
    start,
    trust,
)

__all__ = [
    "badge", "calendar", "clock", "condition", "disk", "door", "entry", "evacuation", "group", "input", "interlock",
    "load", "membership", "noted", "party", "person", "pin", "posture", "presence", "request", "retention", "review",
    "right", "site", "start", "trust",
]  # fmt: skip


def load() -> None:
    """Does nothing but be here: importing this package registers every kind."""
