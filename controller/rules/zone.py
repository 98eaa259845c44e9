"""What a zone asks of whoever enters it: the rules of `site.toml`, as the decision sees them."""

from dataclasses import dataclass
from datetime import time

from controller.record.conditions import Condition
from controller.record.measures import Demand, sort_of


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """A zone's rules. Everything but the assurance is off unless `site.toml` says it."""

    id: str
    least_assurance: int = 2
    conditions: tuple[Condition, ...] = ()
    """What whoever enters has to have signed and attended, in the order of `site.toml`."""
    around: tuple[str, ...] = ()
    """The zones that it lies in, the nearest first: who is in it is in them."""
    within: frozenset[str] = frozenset()
    """Itself, and the zones that lie in it."""
    passback: str = "off"
    """Anti-passback: `off`, `soft` or `hard`."""
    passback_min: int = 0
    """How long a violation counts, minutes; 0: until the person was seen to leave."""
    forgiven_at: time | None = None
    """The hour of the day at which all violations are forgiven."""
    most_inside: int = 0
    """So many people at a time; 0: no limit."""
    relock_when_empty: bool = False
    """Whether what the first card opened locks again when nobody is inside any more."""
    two_person: bool = False
    """Nobody is let in to be alone: two right holders come together, or two are certainly inside (C8.9)."""
    together_s: int = 15
    """Within how many seconds those who pass together tap; and leave, before it is an alarm."""
    escort_ratio: int = 4
    """How many people one escort brings in at most (C7.7); 0: nobody is escorted in here."""
    container: bool = False
    """Whether it is a cupboard or a safe: who opens it takes from it, and stays where they are."""
    demands: tuple[Demand, ...] = ()
    """What assets that are kept there ask for beyond `site.toml` (C1.2); the rules above say it already."""

    def asking(self, sort: str) -> tuple[Demand, ...]:
        """The demands of this sort: `least_assurance`, `two_person`, `pledge`, `training`."""
        return tuple(demand for demand in self.demands if sort_of(demand.code) == sort)
