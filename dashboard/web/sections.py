"""The dashboard's sections: what stands at the top, and what stands below it once one is there (seven at most)."""

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a section leads to, and the blueprints whose pages count as being there."""

    endpoint: str
    label: object
    blueprints: tuple[str, ...] = ()

    def has(self, blueprint: str | None) -> bool:
        """Whether pages of this blueprint are part of it."""
        return blueprint is not None and blueprint in (self.endpoint.partition(".")[0], *self.blueprints)


@dataclass(frozen=True, slots=True)
class Section:
    """One entry at the top; its first page that the account may open is where it leads."""

    label: object
    icon: str
    pages: tuple[Page, ...]

    def open_to(self, may: Callable[[str], bool]) -> tuple[Page, ...]:
        """The pages that may be opened."""
        return tuple(page for page in self.pages if may(page.endpoint))

    def has(self, blueprint: str | None) -> bool:
        """Whether pages of this blueprint are part of it."""
        return any(page.has(blueprint) for page in self.pages)


SECTIONS = (
    Section(
        _l("Now"),
        "now",
        (
            Page("now.page", _l("Doors"), ("portals", "orders", "schedules", "evacuation")),
            Page("due.page", _l("Due")),
        ),
    ),
    Section(_l("Inside"), "people", (Page("presence.page", _l("Inside")),)),
    Section(_l("Ledger"), "ledger", (Page("ledger.page", _l("Ledger"), ("start",)),)),
    Section(
        _l("People"),
        "people",
        (Page("people.page", _l("People"), ("badges", "groups", "importing", "training", "why", "pin", "leaving")),),
    ),
    Section(_l("Rights"), "rights", (Page("rights.page", _l("Rights"), ("matrix", "reviews", "holders")),)),
    Section(
        _l("Keys and locks"),
        "locked",
        (
            Page("keys.page", _l("Keys"), ("key_acts", "key_loans", "key_audits", "kiosk", "cabinets")),
            Page("combinations.page", _l("Combinations"), ("changes", "drawing")),
            Page("places.page", _l("Places"), ("labels", "containers", "keepers")),
            Page("tethers.page", _l("Tethers")),
        ),
    ),
    Section(
        _l("Information"),
        "file",
        (
            Page("custody.page", _l("Custody ledger"), ("custody_acts", "custody_form", "things", "handouts")),
            Page("assets.page", _l("Catalogue"), ("asset_import",)),
            Page("transports.page", _l("Transports"), ("carriers", "carrying")),
        ),
    ),
)
"""By frequency (a page that this dashboard does not have is in nobody's way)."""
