"""A file as Excel writes it, read into rows: UTF-8 with or without its mark, Shift_JIS, UTF-16. All mistakes at once."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LARGEST_FILE = 40_000
"""Bytes."""
MOST_LINES = 200
"""Rows of one file below its head."""
LONGEST_CELL = 500

COLUMNS: dict[str, tuple[str, ...]] = {
    "person": ("番号", "no.", "no", "number"),
    "name": ("氏名", "名前", "name"),
    "kana": ("ふりがな", "フリガナ", "読み", "reading"),
    "department": ("所属", "部署", "department"),
    "title": ("役職", "title"),
    "zone": ("区画", "zone"),
    "schedule": ("時間", "時間割", "hours"),
    "from": ("開始", "開始日", "from"),
    "until": ("終了", "終了日", "期限", "until"),
    "purpose": ("目的", "purpose"),
    "manner": ("入室の条件", "manner"),
}
"""What each column may be called, in any case; the first is what the template says."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a line of the file (0: of the file itself), in a column (empty: of the whole line).

    `code` is what, for the page to say; `said` what was written there.
    """

    line: int
    column: str
    code: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; absent cells are empty."""

    line: int
    cells: dict[str, str]

    def cell(self, column: str) -> str:
        """What is written there."""
        return self.cells.get(column, "")


def decoded(data: bytes) -> str | None:
    """The text in these bytes, without its byte order mark; None for no encoding that Excel writes."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp932"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def read(
    text: str, known: Mapping[str, tuple[str, ...]] = COLUMNS, needed: Sequence[str] = ("person", "name")
) -> tuple[list[Row], list[Mistake]]:
    """The rows of the text, and everything that is wrong with its form. `known`: what columns may be called.

    Of those in `needed` one has to be there.
    """
    first = text.partition("\n")[0]
    delimiter = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        head = next(lines, [])
        columns, mistakes = _columns(head, known, needed)
        if mistakes:
            return [], mistakes
        line = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                rows.append(Row(line, dict(zip(columns, (cell.strip() for cell in cells), strict=False))))
                mistakes += _cells(line, columns, cells)
            line = lines.line_num + 1
            if len(rows) > MOST_LINES:
                return [], [Mistake(0, "", "too_many", str(MOST_LINES))]
    except csv.Error:
        return [], [Mistake(lines.line_num, "", "quotes")]
    return rows, mistakes or ([] if rows else [Mistake(0, "", "empty")])


def _columns(
    head: list[str], columns: Mapping[str, tuple[str, ...]], needed: Sequence[str]
) -> tuple[list[str], list[Mistake]]:
    """What each column of the head is; nothing for a column without a head, which must be empty."""
    known = {called: column for column, names in columns.items() for called in names}
    found: list[str] = []
    mistakes: list[Mistake] = []
    for cell in head:
        column = known.get(cell.strip().lower(), "")
        if cell.strip() and not column:
            mistakes.append(Mistake(1, "", "column", cell.strip()[:40]))
        elif column in found and column:
            mistakes.append(Mistake(1, "", "twice", cell.strip()[:40]))
        found.append(column)
    if not mistakes and not set(needed) & set(found):
        mistakes.append(Mistake(1, "", f"no_{needed[0]}"))
    return found, mistakes


def _cells(line: int, columns: list[str], cells: list[str]) -> list[Mistake]:
    mistakes = []
    for n, cell in enumerate(cells):
        column = columns[n] if n < len(columns) else ""
        if not column and cell.strip():
            mistakes.append(Mistake(line, "", "beyond", cell.strip()[:40]))
        if len(cell.strip()) > LONGEST_CELL:
            mistakes.append(Mistake(line, column, "long", cell.strip()[:40]))
    return mistakes
