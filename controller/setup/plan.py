"""What a first run shall do: only what is not there yet, and only when every answer is good."""

from dataclasses import dataclass, field

from controller.record.keys import PublicKeys
from controller.setup.people import Given


@dataclass
class Plan:
    """The text of a new `site.toml` (empty: it stays), operators to register, a start by one, a dashboard to trust."""

    settings: str = ""
    operators: list[Given] = field(default_factory=list)
    alone: bool = False
    dashboard: PublicKeys | None = None
