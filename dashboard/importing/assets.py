"""A file of information assets, in the form that the catalogue is taken along in: planned against what the site knows (C1.1).

What was exported can be imported elsewhere. A line with the number of an asset that the catalogue has is a mistake: an asset is
changed on its page, by somebody who sees what it asks for.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from controller.record.asks.asset import MOST_ROWS, AssetRow, ImportAssets
from controller.record.canonical import canonical
from controller.record.kinds.asset import TEXTS
from controller.record.measures import ASSURANCES, LEAST_ASSURANCE, MARKS, NO_CARRY_IN, PERSONAL, SECRECIES, TWO_PERSON
from controller.record.private import Text
from controller.record.words import LANGUAGES, words
from dashboard.importing.reading import Mistake, Row
from dashboard.plain import is_plain
from dashboard.read.names import Names

_PERSONAL_JA, _PERSONAL_EN = "個人情報の種類", "kind of personal information"

COLUMNS: dict[str, tuple[str, ...]] = {
    "business": ("業務分類", "business"),
    "title": ("情報資産名称", "name of the asset"),
    "note": ("備考", "remarks"),
    "users": ("利用者範囲", "who uses it"),
    "department": ("管理部署", "department in charge"),
    "medium": ("媒体・保存先", "medium and place"),
    **{
        sort: (ja, f"{_PERSONAL_JA}{ja}", f"{_PERSONAL_EN}{en}".lower(), en.lower())
        for sort in PERSONAL
        for ja, en in ((words(sort, "ja", "personal"), words(sort, "en", "personal")),)
    },
    "retain_until": ("保存期限", "keep until"),
    "registered_on": ("登録日", "entered on"),
    "secrecy": ("秘密区分", "分類", "class"),
    "marking": ("表示", "marking"),
    "place": ("保管場所", "kept in"),
    "allowed": ("取扱いできる場所", "may be handled in"),
    "owner": ("預け元", "owner"),
    "measures": ("求められる対策", "measures asked for"),
    "asset": ("番号", "asset no."),
}
"""What each column may be called, in any case; the first is what the template says."""

_NOT = frozenset({"", "-", "－", "無", "なし", "no", "×"})
_APART = re.compile(r"\s*[/／、,;；]\s*")
_ROOM = 12_000
"""Bytes of one request's rows and texts: a whole request is smaller than the site takes, with the envelope around it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one line enters."""

    line: int
    row: AssetRow
    text: Text


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file enters; nothing, where something in it is wrong."""

    entries: tuple[Entry, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    @property
    def digest(self) -> str:
        """Stands for the plan: another one has another."""
        return hashlib.sha256(canonical([[one.line, one.row, one.text] for one in self.entries])).hexdigest()

    def requests(self) -> list[tuple[ImportAssets, Text]]:
        """The requests that do it, each whole or not at all."""
        return [_request(part) for part in _parts(self.entries)]


def plan(names: Names, rows: Sequence[Row]) -> Plan:
    """What these rows would enter at this site."""
    places = {said.lower(): id for id, called in names.places.items() for said in (called, id)}
    codes = _measure_codes(names)
    entries: list[Entry] = []
    mistakes: list[Mistake] = []
    for row in rows:
        wrong = list(_wrong(row, places))
        mistakes += wrong
        entries += [] if wrong else [_entry(row, places, codes)]
    return Plan(() if mistakes else tuple(entries), tuple(mistakes))


def _measure_codes(names: Names) -> dict[str, str]:
    """By what a measure may be called: its code."""
    known = [TWO_PERSON, NO_CARRY_IN, *(f"{LEAST_ASSURANCE}:{one}" for one in ASSURANCES)]
    found = {words(code, lang, "measure").lower(): code for code in known for lang in LANGUAGES}
    found |= {called.lower(): code for code, called in names.conditions.items()}
    return found | {code: code for code in (*known, *names.conditions)}


def _wrong(row: Row, places: dict[str, str]) -> Iterator[Mistake]:
    if row.cell("asset"):
        yield Mistake(row.line, "asset", "asset_known", row.cell("asset")[:40])
    if not row.cell("title"):
        yield Mistake(row.line, "title", "asset_title")
    for column in TEXTS:
        if not is_plain(row.cell(column)):
            yield Mistake(row.line, column, "unseen")
    for column, codes in (("secrecy", SECRECIES), ("marking", MARKS)):
        if _code(row.cell(column), column, codes) is None:
            yield Mistake(row.line, column, f"asset_{column}", row.cell(column)[:40])
    if row.cell("place").lower() not in places:
        yield Mistake(row.line, "place", "asset_place", row.cell("place")[:40])
    for said in _said(row.cell("allowed")):
        if said.lower() not in places:
            yield Mistake(row.line, "allowed", "asset_place", said[:40])
    for column in ("retain_until", "registered_on"):
        if row.cell(column) and _day(row.cell(column)) is None:
            yield Mistake(row.line, column, "date", row.cell(column)[:40])


def _said(cell: str) -> list[str]:
    return [one for one in _APART.split(cell.strip()) if one]


def _code(cell: str, group: str, codes: Iterable[str]) -> str | None:
    """The code by itself or by its words in either language; None for no such code."""
    called = {words(code, lang, group).lower(): code for code in codes for lang in LANGUAGES if code}
    return ({code: code for code in codes} | called).get(cell.strip().lower())


def _day(cell: str) -> str | None:
    parts = cell.strip().replace("/", "-").split("-")
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _entry(row: Row, places: dict[str, str], codes: dict[str, str]) -> Entry:
    """What a good row enters. A measure that no lock knows is what else the contract asks."""
    said = _said(row.cell("measures"))
    texts = {name: row.cell(name) for name in TEXTS if row.cell(name)}
    if others := [one for one in said if one.lower() not in codes]:
        texts["contract"] = " / ".join(others)
    asked = AssetRow(
        secrecy=_code(row.cell("secrecy"), "secrecy", SECRECIES) or "",
        place=places[row.cell("place").lower()],
        marking=_code(row.cell("marking"), "marking", MARKS) or "",
        measures=tuple(dict.fromkeys(codes[one.lower()] for one in said if one.lower() in codes)),
        allowed=tuple(dict.fromkeys(places[one.lower()] for one in _said(row.cell("allowed")))),
        personal=tuple(sort for sort in PERSONAL if row.cell(sort).strip().lower() not in _NOT),
        retain_until=_day(row.cell("retain_until")) if row.cell("retain_until") else None,
        registered_on=_day(row.cell("registered_on")) if row.cell("registered_on") else None,
    )
    return Entry(row.line, asked, texts)


def _parts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in as few parts as fit requests."""
    part: list[Entry] = []
    for one in entries:
        if part and (len(part) == MOST_ROWS or _weight([*part, one]) > _ROOM):
            yield part
            part = []
        part = [*part, one]
    if part:
        yield part


def _weight(entries: Iterable[Entry]) -> int:
    return sum(len(canonical(one.row)) + 2 * len(canonical(one.text)) for one in entries)


def _request(part: Sequence[Entry]) -> tuple[ImportAssets, Text]:
    text = {f"{name}.{n}": said for n, one in enumerate(part) for name, said in one.text.items()}
    return ImportAssets(tuple(one.row for one in part)), text
