"""Tethers with an input: the level that each stands at, compared with its state on record."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from controller.facility import Facility
from controller.facts import Facts
from controller.rules import tether as rule
from controller.rules.outcome import Outcome
from controller.timekeeper import Now

_CUTS = 8


@dataclass(frozen=True, slots=True)
class _Level:
    is_cut: bool
    since_s: float


class Tethers:
    """One site's. What it keeps are observations: they outlive a turn that failed, and a start sees them anew."""

    def __init__(self, facility: Facility, facts: Facts) -> None:
        self._facility = facility
        self._facts = facts
        self._levels: dict[str, _Level] = {}
        self._cuts: dict[str, deque[float]] = {}
        self._states: dict[str, str] = {}

    def reload(self) -> None:
        """Reads the states on record."""
        self._states = _states(self._facts.connection) if self._facility.tethers else {}

    def seen(self, id: str, active: bool, now: Now) -> Outcome:
        """An input's stable level."""
        is_cut, known = self._facility.tethers[id].is_cut(active), self._levels.get(id)
        if known is None or known.is_cut != is_cut:
            self._levels[id] = _Level(is_cut, now.seconds)
        if is_cut and (known is None or not known.is_cut):
            self._cuts.setdefault(id, deque(maxlen=_CUTS)).append(now.seconds)
        return self._compared(id, now)

    def due(self, now: Now) -> Iterator[Outcome]:
        """Wires that have been whole for long enough, and levels that no record says yet."""
        for id in list(self._levels):
            outcome = self._compared(id, now)
            if outcome.records:
                yield outcome

    def wait_s(self, now: Now) -> float | None:
        """Seconds until a wire counts as whole; None while none does."""
        waits = [
            level.since_s + self._calm_s(id, now) - now.seconds
            for id, level in self._levels.items()
            if not level.is_cut and self._states.get(id) == "cut"
        ]
        return max(0.0, min(waits)) if waits else None

    def _compared(self, id: str, now: Now) -> Outcome:
        level, tether = self._levels[id], self._facility.tethers[id]
        calm = now.seconds - level.since_s >= self._calm_s(id, now)
        return rule.seen(id, tether.zone, self._states.get(id), level.is_cut, calm)

    def _calm_s(self, id: str, now: Now) -> float:
        return rule.calm_s(self._cuts.get(id, ()), now.seconds)


def _states(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("select tether, state from tether_state").fetchall())
