"""A register (管理簿): its columns, some of them under a common heading, and its rows; as PDF, Excel and CSV alike."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from fpdf.enums import MethodReturnValue, TableHeadingsDisplay, WrapMode
from fpdf.fonts import FontFace
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from dashboard.paper.cell import plain_cell
from dashboard.paper.document import Document, TooMuch
from dashboard.paper.font import FAMILY
from dashboard.plain import plain

MOST_PDF, MOST_XLSX = 2_000, 50_000
"""Rows that a PDF and a workbook take: more would be minutes, and hundreds of megabytes, on a small machine."""

MOST_LINES = 30
"""Lines of one row of a PDF: a longer text goes on in the row below, because no row may be higher than a page."""
_LETTER_MM = 2.5
"""As wide as a letter is at most, but for a few: shorter texts need not be measured."""

_HEAD = "E6E6E6"
_MM_TO_WIDTH = 0.55


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, its width in millimetres on A4, and the heading that it shares with its neighbours."""

    title: str
    width_mm: float = 20.0
    group: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """What is written out: title, what it holds (site, period, filter), columns, rows of finished words."""

    title: str
    about: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    made_at: datetime
    """Aware, in the site's time: it stands on the paper."""

    @property
    def grouped(self) -> bool:
        """Whether some of the columns stand under a common heading."""
        return any(column.group for column in self.columns)

    def groups(self) -> Iterator[tuple[str, list[Column]]]:
        """Neighbouring columns by common heading; one that has none is alone."""
        for _, found in groupby(enumerate(self.columns), lambda at: at[1].group or at[0]):
            columns = [column for _, column in found]
            yield columns[0].group, columns


def register_pdf(register: Register) -> bytes:
    """The register on A4 across, headings repeated on every page. Raises NoFont, TooMuch."""
    if len(register.rows) > MOST_PDF:
        raise TooMuch(len(register.rows), MOST_PDF)
    foot = f"{register.title}  {register.about}  {register.made_at:%Y/%m/%d %H:%M}"
    document = Document(register.made_at, landscape=True, foot=foot)
    document.set_title(register.title)
    document.set_margins(10, 10)
    document.set_auto_page_break(True, margin=14)
    document.add_page()
    document.set_font(FAMILY, "B", 14)
    document.cell(0, 8, plain(register.title), new_x="LMARGIN", new_y="NEXT")
    document.set_font(FAMILY, size=8)
    document.multi_cell(0, 4.5, plain(register.about), new_x="LMARGIN", new_y="NEXT")
    document.ln(2)
    _table(document, register)
    return document.bytes()


def _table(document: Document, register: Register) -> None:
    document.set_font(FAMILY, size=7)
    head = FontFace(emphasis="BOLD", fill_color=(230, 230, 230))
    with document.table(
        col_widths=tuple(column.width_mm for column in register.columns), text_align="LEFT", line_height=3.6, padding=0.8,
        num_heading_rows=2 if register.grouped else 1, headings_style=head,
        repeat_headings=TableHeadingsDisplay.ON_TOP_OF_EVERY_PAGE, wrapmode="CHAR",
    ) as table:  # fmt: skip
        upper, lower = table.row(), table.row() if register.grouped else None
        for group, columns in register.groups():
            if group and lower is not None:
                upper.cell(plain(group), colspan=len(columns), align="CENTER")
                for column in columns:
                    lower.cell(plain(column.title))
            else:
                upper.cell(plain(columns[0].title), rowspan=1 if lower is None else 2)
        for row in register.rows:
            for part in _parts(document, register, row):
                cells = table.row()
                for text in part:
                    cells.cell(text)


def _parts(document: Document, register: Register, row: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The row, as so many rows that each fits on a page."""
    share = document.epw / sum(column.width_mm for column in register.columns)
    columns = [
        _pieces(document, plain(text), column.width_mm * share - 2.0)
        for column, text in zip(register.columns, row, strict=True)
    ]
    for n in range(max(map(len, columns))):
        yield tuple(pieces[n] if n < len(pieces) else "" for pieces in columns)


def _pieces(document: Document, text: str, room: float) -> list[str]:
    """The text of one cell in pieces of a row's lines."""
    if text.count("\n") + len(text) * _LETTER_MM / room < MOST_LINES / 3:
        return [text]
    wrapped = document.multi_cell(
        max(room, _LETTER_MM * 2), text=text, dry_run=True, output=MethodReturnValue.LINES, wrapmode=WrapMode.CHAR, align="L"
    )
    lines = [str(line) for line in wrapped] if isinstance(wrapped, list) else [text]
    if len(lines) <= MOST_LINES:
        return [text]
    return ["\n".join(lines[start : start + MOST_LINES]) for start in range(0, len(lines), MOST_LINES)]


def register_xlsx(register: Register) -> bytes:
    """The register as a workbook of one sheet. What begins like a formula stays text. Raises TooMuch."""
    if len(register.rows) > MOST_XLSX:
        raise TooMuch(len(register.rows), MOST_XLSX)
    book = Workbook()
    sheet = book.create_sheet(_sheet_name(register.title), 0)
    del book[book.sheetnames[1]]
    book.properties.creator, book.properties.title = "Sekimori", register.title
    heads = _xlsx_head(sheet, register)
    for row in register.rows:
        sheet.append([_cell_text(text) for text in row])
    for cells in sheet.iter_rows(min_row=heads + 1):
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if cell.value is not None:
                cell.data_type = "s"  # "=…" stays what it is: text
    sheet.freeze_panes = f"A{heads + 1}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", 9, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"1:{heads}"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _xlsx_head(sheet: Worksheet, register: Register) -> int:
    """Writes the headings; answers how many rows they take."""
    line = Side(style="thin", color="999999")
    heads = 2 if register.grouped else 1
    at = 1
    for group, columns in register.groups():
        if group:
            sheet.cell(1, at, _cell_text(group))
            sheet.merge_cells(start_row=1, end_row=1, start_column=at, end_column=at + len(columns) - 1)
            for n, column in enumerate(columns):
                sheet.cell(2, at + n, _cell_text(column.title))
        else:
            sheet.cell(1, at, _cell_text(columns[0].title))
            if heads > 1:
                sheet.merge_cells(start_row=1, end_row=2, start_column=at, end_column=at)
        at += len(columns)
    for row in sheet.iter_rows(min_row=1, max_row=heads, max_col=len(register.columns)):
        for cell in row:
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=_HEAD)
            cell.border = Border(left=line, right=line, top=line, bottom=line)
            cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
    for n, column in enumerate(register.columns, 1):
        sheet.column_dimensions[get_column_letter(n)].width = max(6.0, column.width_mm * _MM_TO_WIDTH)
    return heads


def _cell_text(text: str) -> str:
    return str(ILLEGAL_CHARACTERS_RE.sub("\ufffd", plain(text)))[:32_767]


def _sheet_name(title: str) -> str:
    return "".join("_" if letter in r"[]:*?/\'" else letter for letter in title)[:31] or "_"


def register_csv(register: Register) -> Iterator[str]:
    """The register as CSV for Excel in Japan: UTF-8 with BOM, CRLF; what begins like a formula gets an apostrophe."""
    yield "\ufeff" + _csv_line(column.group + column.title for column in register.columns)
    for row in register.rows:
        yield _csv_line(row)


def _csv_line(values: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([plain_cell(plain(value)) for value in values])
    return buffer.getvalue()
