"""A PDF to draw on: Japanese throughout, its fonts within, the same bytes for the same content."""

import logging
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from dashboard.paper.font import COLLECTED_AT, FAMILY, font_files
from dashboard.plain import plain

_FOOT_MM = 12.0
logging.getLogger("fpdf").setLevel(logging.ERROR)  # below it, it quotes letters of what is printed: of names, of purposes


class TooMuch(Exception):
    """More rows than a document of this sort takes; a CSV takes all."""

    def __init__(self, rows: int, most: int) -> None:
        super().__init__(f"{rows} rows; {most} at most")
        self.rows, self.most = rows, most


class Document(FPDF):
    """A4 or another size in millimetres. `foot` stands at the bottom of each page beside its number."""

    def __init__(
        self, made_at: datetime, *, size: str | tuple[float, float] = "A4", landscape: bool = False, foot: str = ""
    ) -> None:
        super().__init__(orientation="landscape" if landscape else "portrait", unit="mm", format=size)
        self.set_creation_date(made_at)
        self.set_producer("Sekimori")
        self._foot = plain(foot)
        for style, path in font_files().items():
            self.add_font(FAMILY, style, path, collection_font_number=COLLECTED_AT)
        self.set_font(FAMILY, size=9)

    def footer(self) -> None:
        """The foot of a page: where it is from, and which page of how many."""
        if not self._foot:
            return
        self.set_y(-_FOOT_MM)
        self.set_font(FAMILY, size=7)
        self.cell(0, 4, self._foot, align="L", new_x=XPos.LEFT, new_y=YPos.TOP)
        self.cell(0, 4, f"{self.page_no()}/{{nb}}", align="R")

    def bytes(self) -> bytes:
        """The finished document."""
        return bytes(self.output())
