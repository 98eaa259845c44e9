"""What rules ask to be done. Imperative; performed by the actuator, never by a rule."""

from dataclasses import dataclass, field

from controller.rules.hashed import HashedPin
from controller.rules.pin_choice import Taste


@dataclass(frozen=True, slots=True)
class ReleaseLock:
    """Let the portal's door be opened; performed only after the records that allow it are durable."""

    portal: str


@dataclass(frozen=True, slots=True)
class SecureLock:
    """Hold the portal's door; performed at once, never waiting for a commit."""

    portal: str


@dataclass(frozen=True, slots=True)
class ReleaseSlot:
    """Let the key of a cabinet's slot be taken; performed only after the records that allow it are durable."""

    cabinet: str
    slot: int


@dataclass(frozen=True, slots=True)
class SecureSlot:
    """Hold the key of a cabinet's slot; performed at once, never waiting for a commit."""

    cabinet: str
    slot: int


@dataclass(frozen=True, slots=True)
class PlaySignal:
    """Play a door signal at a reader, or at every reader of the portal when `reader` is empty."""

    portal: str
    signal: str
    reader: str = ""


@dataclass(frozen=True, slots=True)
class ArmReader:
    """Let the reader personalise the next blank card, for so many seconds; 0 disarms."""

    reader: str
    seconds: int


@dataclass(frozen=True, slots=True)
class AskPin:
    """Let somebody type at the reader's keypad for so many seconds: a PIN to be verified, or, with `taste`, one they choose.

    What comes of it names the `ticket`; the digits go nowhere.
    """

    reader: str
    ticket: int
    seconds: int
    hashed: HashedPin | None = field(default=None, repr=False)
    taste: Taste | None = None


@dataclass(frozen=True, slots=True)
class ForgetPin:
    """Nobody is asked at the reader's keypad any more: what was typed there is forgotten."""

    reader: str


Effect = ReleaseLock | SecureLock | ReleaseSlot | SecureSlot | PlaySignal | ArmReader | AskPin | ForgetPin
