"""What a reader, a lock, a contact, an annunciator and a key cabinet are, and what they may raise.

Drivers and simulated twins satisfy these protocols structurally; one contract suite in the tests runs against all.
Rule 1: a part that fails raises `HardwareFault`, never anything of its library.
Rule 2: nothing here decides. A reader says what a card proved; whether that opens a door is the controller's affair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class HardwareFault(Exception):
    """A part is absent, silent, or answers as it must not.

    `part` is the part's address as in `site.toml`, `reason` one of the codes `absent`, `silent`, `garbled`, `other`;
    `detail` is for the log and never shown at a door.
    """

    def __init__(self, part: str, reason: str, detail: str = "") -> None:
        super().__init__(f"{part}: {reason}" + (f" ({detail})" if detail else ""))
        self.part = part
        self.reason = reason
        self.detail = detail


class Assurance(IntEnum):
    """How a credential was proven (design §11). A zone names the least it takes."""

    ID_ONLY = 0
    """The number the card says of itself: anybody can say it."""
    ONE_WAY = 1
    """A password, or the card alone proved itself."""
    MUTUAL = 2
    """Card and reader proved themselves to each other with a key that only this card has (FeliCa Lite-S)."""
    AES = 3
    """Mutual, with AES (DESFire)."""


@dataclass(frozen=True, slots=True)
class CardRead:
    """One card, presented once, and what it proved.

    `credential` is `<technology>:<hex>`, for example `felica-lite-s:0102030405060708`. With `problem` None it is
    proven to `assurance`. Otherwise it is only what the card claims, or empty when not even that could be read.
    """

    credential: str
    assurance: Assurance
    label: str
    """The last two bytes for people, `07:08`; identifies nobody by itself."""
    problem: str | None = None
    """None, or what is missing: `proof` (wrong key), `personalisation` (factory or empty key), `card` (torn away),
    `identity` (the card draws its number anew each time, so there is nothing to know it by)."""
    personalised: bool = False
    """The reader was armed, has written this card's key, and the card has proven it."""
    sensed_at: float = 0.0
    """`time.monotonic()` when the field found the card."""


class Reader(Protocol):
    """A badge reader. All calls come from the one thread that polls it, but `arm`, which may come from any."""

    def poll(self) -> CardRead | None:
        """One round: the card that has newly come, or None.

        A card that stays in the field is one tap. Returns within about a second. Raises HardwareFault.
        """

    def arm(self, until: float | None) -> None:
        """Until this `time.monotonic()`, a blank card is personalised before it is reported; None disarms."""

    def close(self) -> None:
        """Gives the part back. May be called twice."""


class Lock(Protocol):
    """A lock output. Secure from the moment it is constructed; never energised while being claimed (F1)."""

    def release(self) -> None:
        """Lets the door be opened. Raises HardwareFault."""

    def secure(self) -> None:
        """Holds the door. Raises HardwareFault."""

    def close(self) -> None:
        """Secures, and gives the part back."""


class Contact(Protocol):
    """A two-state input: door position switch (active = open) or request to exit (active = pressed)."""

    def active(self) -> bool:
        """The level now, never a remembered edge (F4). Raises HardwareFault."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls `changed`, from a thread of the library, at each edge. Only a hint to look sooner."""

    def close(self) -> None:
        """Gives the part back."""


class Keypad(Protocol):
    """The keys beside a reader: ten digits, `*` to begin anew, `#` to end. All calls come from the one thread that polls it."""

    def poll(self, wanted: bool) -> str | None:
        """The key that was newly pressed since the last call, or None; one that is held down is pressed once.

        `wanted`: somebody is asked to type; a keypad that can shows it. Raises HardwareFault.
        """

    def close(self) -> None:
        """Gives the part back. May be called twice."""


class Annunciator(Protocol):
    """The light and the buzzer beside the door."""

    def play(self, signal: str) -> None:
        """Plays a signal of `signals.toml`, ending the one being played. Returns at once. Raises HardwareFault."""

    def close(self) -> None:
        """Dark and silent; gives the part back."""


class KeyCabinet(Protocol):
    """Numbered slots: each holds one key, or one ring of keys, by a latch, and sees whether it hangs there (C8.2).

    Every latch holds from the moment the cabinet is constructed. A released one holds again by itself after the cabinet's
    own limit, because a process that hangs cannot secure it. A key can be hung into a slot whose latch holds.
    """

    @property
    def slots(self) -> tuple[int, ...]:
        """The numbers of its slots."""

    def release(self, slot: int) -> None:
        """Lets the key of this slot be taken. Raises HardwareFault."""

    def secure(self, slot: int) -> None:
        """Holds it. Raises HardwareFault."""

    def present(self, slot: int) -> bool:
        """Whether a key hangs in the slot now: the level, never a remembered edge (F4). Raises HardwareFault."""

    def identifies(self, slot: int) -> bool:
        """Whether the slot can tell which key hangs in it."""

    def tag(self, slot: int) -> str | None:
        """The number of the key that hangs there now; None for none, or where nothing can tell. Raises HardwareFault."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls `changed`, from a thread of the library, when a key may have come or gone. Only a hint to look sooner."""

    def close(self) -> None:
        """Secures every slot, and gives the parts back. May be called twice."""
