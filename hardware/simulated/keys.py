"""The building's keypads: which keys were pressed and not yet taken, and who is asked to press some.

Called under the building's lock. What is pressed stands in no log and in no snapshot.
"""

from collections import deque
from dataclasses import dataclass, field

MOST_KEYS = 64
"""Waiting at one keypad; further ones are pressed in vain."""


@dataclass(slots=True)
class _Keypad:
    wanted: bool = False
    owner: object | None = None
    keys: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_KEYS))


class Keypads:
    """All of the building, by number."""

    def __init__(self) -> None:
        self._keypads: dict[int, _Keypad] = {}

    def take(self, owner: object, number: int, wanted: bool) -> str | None:
        """A controller polls: the oldest key that it has not had, or None. What was pressed unasked is gone."""
        keypad = self._keypads.setdefault(number, _Keypad())
        keypad.owner = owner
        if wanted and not keypad.wanted:
            keypad.keys.clear()
        keypad.wanted = wanted
        return keypad.keys.popleft() if keypad.keys else None

    def wanted(self, number: int) -> bool:
        """Whether a controller asks somebody to press keys here."""
        found = self._keypads.get(number)
        return found is not None and found.wanted

    def press(self, number: int, keys: str) -> None:
        """Somebody presses keys."""
        self._keypads.setdefault(number, _Keypad()).keys.extend(keys)

    def empty(self, number: int) -> bool:
        """Whether every key that was pressed is taken."""
        found = self._keypads.get(number)
        return found is None or not found.keys

    def drop(self, owner: object) -> None:
        """A controller is gone."""
        for keypad in self._keypads.values():
            if keypad.owner is owner:
                keypad.owner, keypad.wanted = None, False
                keypad.keys.clear()
