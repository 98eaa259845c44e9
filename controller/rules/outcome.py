"""What a rule answers: what shall be recorded and done, or what is missing."""

from dataclasses import dataclass

import msgspec

from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.effects import Effect
from controller.rules.hashed import KeptPin
from controller.rules.portal import PortalState


@dataclass(frozen=True, slots=True)
class Refusal:
    """No. `code` is the noun of what is missing, `place` the field or fact that said so."""

    code: Code
    place: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A portal's state after the outcome; `allowed`: by the outcome's last record, whose `seq` the state shall name."""

    portal: str
    state: PortalState
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Yes: the bodies of the records to append, in order, the private rows beside them, and what to do afterwards."""

    records: tuple[msgspec.Struct, ...] = ()
    effects: tuple[Effect, ...] = ()
    private: tuple[PrivateRow, ...] = ()
    moved: Moved | None = None
    then: tuple[msgspec.Struct, ...] = ()
    """The bodies of records that follow from it, behind those that it consists of. None of them allows anything."""
    pins: tuple[KeptPin, ...] = ()
    """What verifies the PINs that the records speak of; kept beside the ledger and never sent."""

    def followed_by(self, other: "Outcome") -> "Outcome":
        """Both, one after the other; the door stands as the later one says."""
        return Outcome(
            (*self.records, *other.records),
            (*self.effects, *other.effects),
            (*self.private, *other.private),
            other.moved or self.moved,
            (*self.then, *other.then),
            (*self.pins, *other.pins),
        )
