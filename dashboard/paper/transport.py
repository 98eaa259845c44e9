"""The papers of a transport: the slip that goes with it (運搬票), and the receipt that comes back (受領証) (C8.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fpdf.enums import WrapMode
from fpdf.fonts import FontFace

from dashboard.paper.document import Document
from dashboard.paper.font import FAMILY
from dashboard.paper.labels import draw_code
from dashboard.plain import plain

_CODE_MM = 30.0


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on both, in finished words."""

    slip_title: str
    receipt_title: str
    number: str
    facts: Sequence[tuple[str, str]]
    heads: tuple[str, str, str]
    """Of the list: number, what, pieces."""
    contents: Sequence[tuple[str, str, str]]
    sha256: str
    confirm: Sequence[tuple[str, str]]
    """Who signs the slip, each with what is confirmed already."""
    received: str
    """The sentence of the receipt."""
    signs: Sequence[tuple[str, str]]
    """What the receipt is signed with: day, name; what is known is filled in."""
    code: str
    """What the QR code says: the address of the order's page."""
    foot: str
    made_at: datetime
    """Aware, in the site's time."""


def slip_pdf(paper: Paper) -> bytes:
    """The transport slip on A4. Raises NoFont."""
    document = _begun(paper, paper.slip_title)
    _list(document, paper)
    _signs(document, paper.confirm)
    return document.bytes()


def receipt_pdf(paper: Paper) -> bytes:
    """The receipt on A4. Raises NoFont."""
    document = _begun(paper, paper.receipt_title)
    document.set_font(FAMILY, size=11)
    document.multi_cell(0, 7, plain(paper.received), new_x="LMARGIN", new_y="NEXT")
    document.ln(2)
    _list(document, paper)
    _signs(document, paper.signs)
    return document.bytes()


def _begun(paper: Paper, title: str) -> Document:
    """A document with its head: title, number, facts, and the code to the right of them."""
    document = Document(paper.made_at, foot=paper.foot)
    document.set_title(f"{title} {paper.number}")
    document.set_margins(18, 18)
    document.set_auto_page_break(True, margin=18)
    document.add_page()
    document.set_font(FAMILY, "B", 18)
    document.cell(0, 10, plain(title), new_x="LMARGIN", new_y="NEXT")
    document.set_font(FAMILY, size=10)
    document.cell(0, 6, plain(paper.number), new_x="LMARGIN", new_y="NEXT")
    top = document.get_y() + 2
    draw_code(document, paper.code, document.w - 18 - _CODE_MM, top, _CODE_MM)
    document.set_fill_color(255)
    document.set_y(top)
    for name, value in paper.facts:
        document.set_font(FAMILY, "B", 9)
        document.cell(32, 6, plain(name))
        document.set_font(FAMILY, size=9)
        room = document.w - 36 - 32 - (_CODE_MM + 4 if document.get_y() < top + _CODE_MM else 0)
        document.multi_cell(room, 6, plain(value) or "–", new_x="LMARGIN", new_y="NEXT", wrapmode=WrapMode.CHAR, align="L")
    document.set_y(max(document.get_y(), top + _CODE_MM) + 3)
    return document


def _list(document: Document, paper: Paper) -> None:
    """What is carried, and its hash, by which paper and record are known to be about the same list."""
    document.set_font(FAMILY, size=9)
    head = FontFace(emphasis="BOLD", fill_color=(230, 230, 230))
    with document.table(
        col_widths=(14, 130, 20), text_align="LEFT", line_height=5.5, padding=1, headings_style=head, wrapmode="CHAR"
    ) as table:
        for line in (paper.heads, *paper.contents):
            row = table.row()
            for text in line:
                row.cell(" ".join(plain(text).split()))  # on one line each: no row may be higher than a page
    document.set_font(FAMILY, size=7)
    document.ln(1)
    document.cell(0, 4, f"SHA-256 {paper.sha256}", new_x="LMARGIN", new_y="NEXT")
    document.ln(3)


def _signs(document: Document, signs: Sequence[tuple[str, str]]) -> None:
    """Lines to sign on; what the records know already stands on them."""
    for name, said in signs:
        document.set_font(FAMILY, "B", 9)
        document.cell(42, 10, plain(name))
        document.set_font(FAMILY, size=9)
        document.cell(0, 10, plain(said), border="B", new_x="LMARGIN", new_y="NEXT")
