"""What the rule of a request is asked with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.facility import Facility
from controller.facts import Facts
from controller.ledger.ledger import fresh_salt
from controller.record.private import PrivateRow, Text
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.portal import PortalState


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose signature, operator and form are good, and where to find what the rules need to know."""

    id: str
    body: Any
    text: Text
    operator: OperatorFact
    now: datetime
    now_s: float
    facility: Facility
    facts: Facts
    portals: Mapping[str, PortalState]
    issued_at: datetime
    """When the dashboard signed it, by its own clock."""

    def private(self, id: str, version: int = 1) -> PrivateRow:
        """The request's texts as a new private row, or as a new version of one."""
        return PrivateRow(id, version, self.text, fresh_salt())


Rule = Callable[[Asked], Outcome | Refusal]
"""What one kind of request comes to."""
