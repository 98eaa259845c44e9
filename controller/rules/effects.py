"""What rules ask to be done. Imperative; performed by the actuator, never by a rule."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReleaseLock:
    """Let the portal's door be opened; performed only after the records that allow it are durable."""

    portal: str


@dataclass(frozen=True, slots=True)
class SecureLock:
    """Hold the portal's door; performed at once, never waiting for a commit."""

    portal: str


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


Effect = ReleaseLock | SecureLock | PlaySignal | ArmReader
