"""The model of one simulated slot of a key cabinet: its latch, its sensor, the key in it and the hand in front of it. Pure.

Rule 1: a key comes out only while the latch is released, or by force. It can be hung in at any time, if the slot is empty.
Rule 2: the latch's line goes through a timer relay, as a door's does: `limit_s` after the last energising command it holds.
Rule 3: the sensor sees the key, unless it is stuck.

Each method first lets pass what was due before `now`, and returns the names of what happened, in order.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class KeySlot:
    """One slot, holding when made."""

    limit_s: float = 30.0
    key: str | None = None
    """Which key hangs in it."""
    line: bool = False
    """What the latch's output commands."""
    released: bool = False
    stuck: bool | None = None
    """What the sensor says whatever is true; None: it works."""
    _secures_at: float | None = None

    @property
    def seen(self) -> bool:
        """What the sensor says."""
        return self.key is not None if self.stuck is None else self.stuck

    def command(self, now: float, energised: bool) -> list[str]:
        """The latch's output commands this."""
        events = self.advance(now)
        self.line = energised
        self._secures_at = now + self.limit_s if energised and self.limit_s > 0 else None
        if self.released != energised:
            self.released = energised
            events.append("released" if energised else "secured")
        return events

    def pull(self, now: float, force: bool = False) -> list[str]:
        """A hand pulls at the key."""
        events = self.advance(now)
        if self.key is None:
            return [*events, "empty"]
        if not self.released and not force:
            return [*events, "pulled_in_vain"]
        self.key = None
        return [*events, "taken" if self.released else "torn_out"]

    def hang(self, now: float, key: str) -> list[str]:
        """A hand hangs a key into the slot."""
        events = self.advance(now)
        if self.key is not None:
            return [*events, "occupied"]
        self.key = key
        return [*events, "hung"]

    def stick(self, now: float, level: bool | None) -> list[str]:
        """The sensor sticks at this level, or works again."""
        events = self.advance(now)
        self.stuck = level
        return [*events, "sensor_works" if level is None else "sensor_stuck"]

    def advance(self, now: float) -> list[str]:
        """Lets what is due until `now` happen."""
        if self._secures_at is None or self._secures_at > now:
            return []
        self._secures_at = None
        self.released = False
        return ["secured_by_limit"]

    def due_at(self) -> float | None:
        """When something happens next by itself."""
        return self._secures_at
