"""What a zone asks of whoever enters it: the rules of `site.toml`, as the decision sees them."""

from dataclasses import dataclass

from controller.record.conditions import Condition


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """A zone's rules. Everything but the assurance is off unless `site.toml` says it."""

    id: str
    least_assurance: int = 2
    conditions: tuple[Condition, ...] = ()
    """What whoever enters has to have signed and attended, in the order of `site.toml`."""
