"""A record as one line for people: when, what, where, who, and why not."""

import sqlite3
from zoneinfo import ZoneInfo

from rich.cells import set_cell_size

from controller.cli.names import Names
from controller.cli.texts import Lang, printable
from controller.record.canonical import moment
from controller.record.envelope import Record
from controller.record.facets import facets
from controller.record.words import words
from controller.rules.posture import SITE

_KIND_CELLS = 31
"""The column of kinds, in terminal cells: a Japanese letter takes two."""
_GROUPS = {"clock.doubted": "clock_doubt", "person.erased": "erasure"}
"""Where the words for a reason are that means something else elsewhere."""
_STYLES = {"granted": "green", "refused": "yellow", "alarm": "bold red"}


class RecordLine:
    """Turns records into lines. Names come from the private store as it is at that moment."""

    def __init__(self, ledger: sqlite3.Connection, lang: Lang) -> None:
        self._names = Names(ledger)
        self._lang = lang
        self._zone = ZoneInfo(self._names.timezone())

    def of(self, record: Record) -> tuple[str, str]:
        """The line and its colour."""
        about = facets(record)
        parts = [
            f"{moment(record.at).astimezone(self._zone):%Y-%m-%d %H:%M:%S}",
            f"{record.seq:>6}",
            set_cell_size(words(record.kind, self._lang, "kind"), _KIND_CELLS),
            self._place(record, about.portal, about.zone),
            self._who(record, about.person, about.operator),
            words(about.code, self._lang, _GROUPS.get(record.kind, "")) if about.code else "",
            f"[{words(about.mark, self._lang, 'mark')}]" if about.mark else "",
        ]
        return "  ".join(printable(part) for part in parts if part).rstrip(), _STYLES.get(about.result, "")

    def _place(self, record: Record, portal: str, zone: str) -> str:
        side = str(getattr(record.body, "side", ""))
        if portal:
            return " ".join(
                filter(None, (self._names.place("portal", portal, self._lang), words(side, self._lang, "side")))
            )
        reader = str(getattr(record.body, "reader", "") or getattr(record.body, "part", ""))
        if zone == SITE:
            return words(zone, self._lang, "place")
        return self._names.place("zone", zone, self._lang) if zone else reader

    def _named(self, person: int) -> str:
        if name := self._names.person(person):
            return name
        return words("erased", self._lang, "state") if self._names.person_state(person) == "erased" else ""

    def _who(self, record: Record, person: int | None, operator: int | None) -> str:
        who = [] if person is None else [f"{self._named(person)} #{person}".strip()]
        if operator:
            who.append(f"({self._names.operator(operator) or operator})")
        if not who and (label := getattr(record.body, "label", "")):
            who.append(f"…{label}")
        return " ".join(who)
