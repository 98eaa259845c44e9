"""By what a record can be found: the place, person and code in it. The ledger page and the exports filter by these."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from controller.record.duty import LATE
from controller.record.envelope import Record
from controller.record.handling import LOST
from controller.record.kinds.combination import URGENT


@dataclass(frozen=True, slots=True)
class Facets:
    """What a record is about; empty or None where it is about no such thing."""

    portal: str
    zone: str
    person: int | None
    operator: int | None
    code: str
    result: str
    """`granted`, `refused`, `alarm` or empty."""
    mark: str
    """`alone` or empty."""


_ALARMS = frozenset(
    {
        "cabinet.stray_found", "clock.doubted", "custody.astray", "door.held", "door.forced", "evacuation.begun",
        "input.poisoned", "interlock.broken", "key.carried_out", "key.lost", "key.misplaced", "key.missing",
        "ledger.salvaged", "part.failed", "pin.duress", "pin.locked", "presence.violated", "requests.rejected", "tether.cut",
        "transport.lost", "transport.seal_differs",
        "tether.deviated",
        "zone.violated",
    }
)  # fmt: skip

_PLACES_OF_INPUTS = frozenset({"entry.refused", "input.poisoned", "request.refused", "station.refused"})
"""Kinds whose `place` is where in an input something is wrong; elsewhere it is a zone or a container."""


def _first(body: msgspec.Struct, *names: str) -> Any:  # noqa: ANN401 - whatever the field holds
    for name in _held(type(body), names):
        if (value := getattr(body, name)) is not None:
            return value
    return None


@lru_cache(maxsize=1024)
def _held(kind: type[msgspec.Struct], names: tuple[str, ...]) -> tuple[str, ...]:
    """Which of these fields a kind has."""
    return tuple(name for name in names if name in kind.__struct_fields__)


def facets(record: Record) -> Facets:
    """The facets of one record. Pure; an unknown kind has none."""
    body = record.body
    code = _first(body, "code", "reason")
    broken_off = record.kind == "ledger.opened" and record.v > 1
    late = record.kind == "due.reached" and getattr(body, "stage", "") in LATE
    lost = record.kind in ("custody.ended", "custody.collected") and _first(body, "outcome", "fate") == LOST
    known = record.kind == "combination.reported" and code in URGENT
    alarm = broken_off or late or lost or known or record.kind in _ALARMS
    result = "alarm" if alarm else record.kind.partition(".")[2]
    return Facets(
        portal=_first(body, "portal") or "",
        zone=_first(body, "zone") or (_first(body, "place") if record.kind not in _PLACES_OF_INPUTS else "") or "",
        person=_first(body, "person"),
        operator=_first(body, "operator", "decided_by", "requested_by"),
        code=code if isinstance(code, str) else "",
        result=result if result in {"granted", "refused", "alarm"} else "",
        mark=record.mark,
    )
