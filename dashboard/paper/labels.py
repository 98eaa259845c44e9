"""Labels and signs in fixed millimetres: what a container holds, whose it is, and a code that leads to its page (C2.1, C3.1).

Printers scale when nobody stops them: `trial_pdf` is the sheet to lay against a ruler first (試し刷り).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fpdf.enums import MethodReturnValue, WrapMode

from dashboard.paper.document import Document, TooMuch
from dashboard.paper.font import FAMILY
from dashboard.paper.qr import QUIET, qr_matrix
from dashboard.plain import plain

MOST = 500
"""Labels of one document."""
_TO_MM = 25.4 / 72
_LINE = 1.15
_MOST_LINES = 2


@dataclass(frozen=True, slots=True)
class Template:
    """A sheet: its size, and where on it labels lie. All in millimetres."""

    page: tuple[float, float]
    label: tuple[float, float]
    across: int = 1
    down: int = 1
    left: float = 0.0
    top: float = 0.0
    inset: float = 2.0
    """How far from its edge nothing is printed: printers and knives are not exact."""

    @property
    def on_page(self) -> int:
        """How many labels one page has."""
        return self.across * self.down

    def corner(self, n: int) -> tuple[float, float]:
        """The upper left corner of the n-th label of a page, from 0, by rows."""
        row, column = divmod(n, self.across)
        return self.left + column * self.label[0], self.top + row * self.label[1]


LABELS = {
    "tape24": Template((70.0, 24.0), (70.0, 24.0), inset=1.5),
    "sheet24": Template((210.0, 297.0), (70.0, 33.9), 3, 8, 0.0, 12.9, 3.0),
    "card": Template((86.0, 54.0), (86.0, 54.0), inset=3.0),
    "sign": Template((210.0, 297.0), (210.0, 297.0), inset=15.0),
}
"""24 mm tape; A4 with 24 labels of 70 x 33.9 mm (A-One and others); a card of 86 x 54 mm; a sign on A4."""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on one label: the mark (社外秘), the title, lines below it, and what its code says."""

    mark: str
    title: str
    lines: tuple[str, ...]
    code: str


def labels_pdf(labels: Sequence[Label], template: Template, made_at: datetime, start: int = 0) -> bytes:
    """The labels, from place `start` of the first sheet (from 0): a sheet that is half used goes on. Raises NoFont, TooMuch."""
    if len(labels) > MOST:
        raise TooMuch(len(labels), MOST)
    document = Document(made_at, size=template.page)
    document.set_auto_page_break(False)
    document.set_margin(0)
    for n, label in enumerate(labels, start % template.on_page):
        if n % template.on_page == 0 or document.page_no() == 0:
            document.add_page()
        _draw(document, label, template, template.corner(n % template.on_page))
    return document.bytes()


def _draw(document: Document, label: Label, template: Template, corner: tuple[float, float]) -> None:
    """One label: the code to the right, as high as there is room; mark, title and lines to the left of it."""
    x, y = corner[0] + template.inset, corner[1] + template.inset
    width, height = template.label[0] - 2 * template.inset, template.label[1] - 2 * template.inset
    side = min(height, width * 0.42) if label.code else 0.0
    if label.code:
        draw_code(document, label.code, x + width - side, y, side)
    room = width - side - (1.5 if label.code else 0.0)
    scale = template.label[1] / 33.9 if template.label[1] < 100 else 4.0
    document.set_xy(x, y)
    left = height
    for text, style, size in (
        (label.mark, "B", 13.0),
        (label.title, "B", 10.0),
        *((line, "", 7.0) for line in label.lines),
    ):
        left -= _text(document, plain(text), style, size * scale, x, room, left)


def _text(document: Document, text: str, style: str, size: float, x: float, room: float, left: float) -> float:
    """Writes the text in at most two lines, smaller if it must be; answers the height taken. What has no room is left out."""
    if not text:
        return 0.0
    lines, height = [text], left
    for shrunk in (size, size * 0.8, size * 0.64):
        document.set_font(FAMILY, style, shrunk)
        height = shrunk * _TO_MM * _LINE
        lines = _wrapped(document, text, room)
        if len(lines) <= _MOST_LINES and len(lines) * height <= left:
            break
    shown = lines[: max(0, min(_MOST_LINES, int(left / height)))]
    for line in shown:
        document.set_x(x)
        document.cell(room, height, line, new_x="LMARGIN", new_y="NEXT")
    return len(shown) * height


def _wrapped(document: Document, text: str, room: float) -> list[str]:
    """The text in lines of this width: Japanese breaks between any two letters."""
    lines = document.multi_cell(
        room, text=text, dry_run=True, output=MethodReturnValue.LINES, wrapmode=WrapMode.CHAR, align="L"
    )
    return [str(line) for line in lines] if isinstance(lines, list) else [text]


def draw_code(document: Document, text: str, x: float, y: float, side: float) -> None:
    """A QR code in a square of `side` millimetres, its quiet zone within."""
    matrix = qr_matrix(text)
    module = side / (len(matrix) + 2 * QUIET)
    document.set_fill_color(0)
    for row, modules in enumerate(matrix):
        for column, dark in enumerate(modules):
            if dark:
                document.rect(x + (column + QUIET) * module, y + (row + QUIET) * module, module, module, style="F")


def trial_pdf(template: Template, made_at: datetime, words: str) -> bytes:
    """A trial sheet: the edge of every label, and a ruler of ten centimetres, or what fits. Raises NoFont."""
    document = Document(made_at, size=template.page)
    document.set_auto_page_break(False)
    document.set_margin(0)
    document.add_page()
    document.set_line_width(0.1)
    for n in range(template.on_page):
        document.rect(*template.corner(n), *template.label)
    x, y = template.inset, template.page[1] / 2
    length = min(100.0, template.page[0] - 2 * template.inset) // 10 * 10
    for mm in range(int(length) + 1):
        document.line(x + mm, y, x + mm, y - (4 if mm % 10 == 0 else 2.5 if mm % 5 == 0 else 1.5))
    document.line(x, y, x + length, y)
    document.set_font(FAMILY, size=7)
    document.set_xy(x, y + 1)
    document.cell(0, 3, f"{plain(words)} {length:.0f} mm")
    return document.bytes()
