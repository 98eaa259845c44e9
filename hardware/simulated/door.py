"""The model of one simulated door: its lock, its leaf, and the person in front of it. Pure; time is an argument.

Rule 1: the leaf opens only while the lock is released, or by force.
Rule 2: the lock's line goes through a timer relay. `limit_s` after the last energising command the lock is secure again,
whatever the line says, because a killed process cannot relock (design §3). A door that stands open by schedule is held
released by commanding it again before the limit; `limit_s` 0 means that there is no relay.

Each method first lets pass what was due before `now`, and returns the names of what happened, in order. `now` is in
seconds of one monotonic clock and never goes back.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Door:
    """One door, closed and secure when made."""

    limit_s: float = 10.0
    line: bool = False
    """What the lock output commands."""
    released: bool = False
    """Whether the lock lets the leaf go, behind the relay."""
    leaf_open: bool = False
    rex_pressed: bool = False
    _secures_at: float | None = None
    _closes_at: float | None = None
    _rex_ends_at: float | None = None

    def command(self, now: float, energised: bool) -> list[str]:
        """The lock output commands this. Energising again starts the relay's time anew."""
        events = self.advance(now)
        self.line = energised
        self._secures_at = now + self.limit_s if energised and self.limit_s > 0 else None
        if self.released != energised:
            self.released = energised
            events.append("released" if energised else "secured")
        return events

    def walk(self, now: float, pass_s: float) -> list[str]:
        """Somebody pushes the leaf and, if it gives way, is through after `pass_s`."""
        events = self.advance(now)
        if not self.released and not self.leaf_open:
            return [*events, "pushed_in_vain"]
        self._closes_at = now + pass_s
        return events + self._open("opened")

    def force(self, now: float) -> list[str]:
        """The leaf is opened whatever the lock says, and stays open."""
        events = self.advance(now)
        self._closes_at = None
        return events + self._open("opened" if self.released else "forced")

    def close_leaf(self, now: float) -> list[str]:
        """The leaf is closed."""
        events = self.advance(now)
        self._closes_at = None
        return events + self._close()

    def press_rex(self, now: float, hold_s: float) -> list[str]:
        """The request-to-exit button is pressed for `hold_s`."""
        events = self.advance(now)
        self._rex_ends_at = now + hold_s
        if not self.rex_pressed:
            self.rex_pressed = True
            events.append("rex_pressed")
        return events

    def advance(self, now: float) -> list[str]:
        """Lets what is due until `now` happen, in the order in which it was due."""
        events: list[str] = []
        while (at := self.due_at()) is not None and at <= now:
            events += self._happen(at)
        return events

    def due_at(self) -> float | None:
        """When something happens next by itself."""
        return min(
            (at for at in (self._secures_at, self._closes_at, self._rex_ends_at) if at is not None), default=None
        )

    def _happen(self, at: float) -> list[str]:
        if self._secures_at == at:
            self._secures_at = None
            self.released = False
            return ["secured_by_limit"]
        if self._closes_at == at:
            self._closes_at = None
            return self._close()
        self._rex_ends_at = None
        self.rex_pressed = False
        return ["rex_let_go"]

    def _open(self, event: str) -> list[str]:
        if self.leaf_open:
            return []
        self.leaf_open = True
        return [event]

    def _close(self) -> list[str]:
        if not self.leaf_open:
            return []
        self.leaf_open = False
        return ["closed"]
