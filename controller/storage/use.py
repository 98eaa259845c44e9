"""What a station is for: one use a noun. A station is a reader that opens no door, where people confirm with their badges."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import msgspec

from controller.inbox import SlotSeen
from controller.rules.outcome import Outcome
from controller.timekeeper import Now


@dataclass(frozen=True, slots=True)
class Presented:
    """A badge at a station: proven to the station's least assurance, active, and its person present."""

    station: str
    zone: str
    """Where the station stands."""
    person: int
    badge: int
    assurance: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """The sticker of a thing at a station: it proves nothing, it only names the thing."""

    station: str
    zone: str
    thing: str
    """As `sort:number`: `asset:3`, `key:12`."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A card at a station that is nobody's badge and no thing's sticker yet."""

    station: str
    zone: str
    credential: str
    """Keyed digest of what it claims to be."""
    label: str


@dataclass(frozen=True, slots=True)
class Keyed:
    """What was typed at a station's keypad and ended with `#`. Never a secret: it names a slot or a purpose."""

    station: str
    digits: str


class StationUse(Protocol):
    """One noun's share in what happens at stations. Uses are asked in order; the first that answers has it."""

    def presented(self, tap: Presented, now: Now) -> Outcome | None:
        """A badge was held to the station; None: that is nothing to this use."""

    def stuck(self, tap: Stuck, now: Now) -> Outcome | None:
        """A thing was held to the station; None: that is nothing to this use."""

    def keyed(self, keyed: Keyed, now: Now) -> Outcome | None:
        """Something was typed there; None: that is nothing to this use."""

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        """What follows, in the same turn, from records of whatever noun: a person left, so a combination has to be changed.

        Asked before they are appended: the tables say what was before. What follows is asked about in its turn.
        """

    def due(self, now: Now) -> Iterator[Outcome]:
        """Everything of this noun whose time has come."""

    def wait_s(self, now: Now) -> float | None:
        """Seconds until `due` has something; None: nothing waits."""

    def reload(self) -> None:
        """Reads again what is kept from the tables."""

    def lose(self) -> None:
        """A turn could not be recorded: what waited in memory is forgotten, and that is harmless."""


@runtime_checkable
class TakesSlots(Protocol):
    """The use that knows what the slots of key cabinets mean."""

    def seen(self, item: SlotSeen, now: Now) -> Outcome:
        """A slot says that something came or went."""


@runtime_checkable
class TakesUnknown(Protocol):
    """A use that may wait for a card which nobody knows: the sticker that a thing is to get."""

    def unknown(self, tap: Unknown, now: Now) -> Outcome | None:
        """Such a card was held to the station; None: that is nothing to this use."""


@runtime_checkable
class Notices(Protocol):
    """A use to which it matters who stands at a station, whatever they came for: a thing may follow the badge."""

    def noticed(self, tap: Presented, now: Now) -> None:
        """A badge was held to the station, and another use has it."""
