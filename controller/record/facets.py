"""By what a record can be found: the place, person and code in it. The ledger page and the exports filter by these."""

from dataclasses import dataclass
from typing import Any

from controller.record.envelope import Record


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


_ALARMS = frozenset({"door.held", "door.forced", "part.failed", "requests.rejected"})


def _first(body: Any, *names: str) -> Any:  # noqa: ANN401 - a kind's struct and whatever its field holds
    return next((value for name in names if (value := getattr(body, name, None)) is not None), None)


def facets(record: Record) -> Facets:
    """The facets of one record. Pure; an unknown kind has none."""
    body = record.body
    result = "alarm" if record.kind in _ALARMS else record.kind.partition(".")[2]
    return Facets(
        portal=_first(body, "portal") or "",
        zone=_first(body, "zone") or "",
        person=_first(body, "person"),
        operator=_first(body, "operator", "decided_by", "requested_by"),
        code=_first(body, "code", "reason") if isinstance(_first(body, "code", "reason"), str) else "",
        result=result if result in {"granted", "refused", "alarm"} else "",
    )
