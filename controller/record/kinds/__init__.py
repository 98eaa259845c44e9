"""The kinds of records, one module a noun. A changed kind gets a new version; golden files hold the bytes of each."""

from controller.record.kinds import (
    asset,
    badge,
    cabinet,
    calendar,
    carrier,
    clock,
    combination,
    condition,
    container,
    custody,
    disk,
    door,
    due,
    entry,
    evacuation,
    group,
    input,
    interlock,
    keeper,
    key,
    key_audit,
    key_loan,
    label,
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
    station,
    sticker,
    tether,
    tether_round,
    transport,
    trust,
)

__all__ = [
    "asset", "badge", "cabinet", "calendar", "carrier", "clock", "combination", "condition", "container", "custody", "disk",
    "door", "due", "entry", "evacuation", "group", "input", "interlock", "keeper", "key", "key_audit", "key_loan", "label",
    "load", "membership", "noted", "party", "person", "pin", "posture", "presence", "request", "retention", "review",
    "right", "site", "start", "station", "sticker", "tether", "tether_round", "transport", "trust",
]  # fmt: skip


def load() -> None:
    """Does nothing but be here: importing this package registers every kind."""
