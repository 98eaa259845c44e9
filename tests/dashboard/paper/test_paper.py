"""Registers, labels and codes as they leave the dashboard (C2.1, C4.1)."""

import csv
import io
from datetime import datetime, timedelta, timezone

import openpyxl
import pypdfium2
import pytest
import segno

from dashboard.paper import (
    LABELS,
    Column,
    Label,
    NoFont,
    Register,
    TooMuch,
    labels_pdf,
    qr_matrix,
    register_csv,
    register_pdf,
    register_xlsx,
    trial_pdf,
)
from dashboard.paper.font import font_files
from dashboard.paper.labels import MOST
from dashboard.paper.register import MOST_PDF

MADE = datetime(2026, 11, 24, 17, 0, tzinfo=timezone(timedelta(hours=9)))
COLUMNS = (
    Column("No.", 10),
    Column("対象情報", 40),
    Column("日付", 22, "開始"),
    Column("担当者", 25, "開始"),
    Column("備考", 30),
)
HOSTILE = '=HYPERLINK("http://example.com")'


def _font_here() -> bool:
    try:
        return bool(font_files())
    except NoFont:
        return False


needs_font = pytest.mark.skipif(not _font_here(), reason="fonts-noto-cjk is not installed")


def _register(rows: int = 3) -> Register:
    return Register(
        "管理簿",
        "髙﨑工場 ①",
        COLUMNS,
        [[str(n), "試作図面", "2026/11/24", "山田 花子", HOSTILE] for n in range(rows)],
        MADE,
    )


def _words(data: bytes) -> list[str]:
    """The words of each page, without what separates them."""
    return ["".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(data)]


@needs_font
def test_a_register_is_readable_japanese_with_its_headings_on_every_page() -> None:
    """What is on the paper can be searched, rare characters of names too, and page 2 says what its columns are (C4.1)."""
    pages = _words(register_pdf(_register(80)))
    assert len(pages) > 1
    assert "髙﨑工場①" in pages[0]
    for page in pages:
        assert "開始" in page
        assert "対象情報" in page
        assert "試作図面" in page


def test_a_workbook_has_the_columns_under_their_common_heading_and_no_formula() -> None:
    """Excel shows 開始 over 日付 and 担当者; a cell that begins like a formula is text, unchanged (C4.1)."""
    sheet = openpyxl.load_workbook(io.BytesIO(register_xlsx(_register()))).active
    assert [cell.value for cell in sheet[1]][:3] == ["No.", "対象情報", "開始"]
    assert [cell.value for cell in sheet[2]][2:4] == ["日付", "担当者"]
    assert "C1:D1" in {str(merged) for merged in sheet.merged_cells.ranges}
    assert (sheet["E3"].value, sheet["E3"].data_type) == (HOSTILE, "s")
    assert sheet.max_row == 5


def test_csv_opens_in_excel_in_japan() -> None:
    """UTF-8 with a BOM, CRLF, all rows, and no cell that a spreadsheet would run."""
    text = "".join(register_csv(_register()))
    assert text.startswith("\ufeff")
    assert text.count("\r\n") == 4
    rows = list(csv.reader(io.StringIO(text[1:])))
    assert rows[0] == ["No.", "対象情報", "開始日付", "開始担当者", "備考"]
    assert rows[1][-1] == "'" + HOSTILE


def test_a_pdf_of_more_rows_than_it_takes_is_refused_with_both_numbers() -> None:
    """Nobody gets a register with its end cut off."""
    with pytest.raises(TooMuch) as caught:
        register_pdf(_register(MOST_PDF + 1))
    assert (caught.value.rows, caught.value.most) == (MOST_PDF + 1, MOST_PDF)


@needs_font
@pytest.mark.parametrize("name", ["tape24", "sheet24"])
def test_a_label_is_as_large_as_its_sheet_says(name: str) -> None:
    """Pages have the template's millimetres, and everything of the label is on it (C2.1, C3.1)."""
    template = LABELS[name]
    label = Label("社外秘", "金庫A", ("管理者 鈴木",), "https://sekimori.example/places/works/safe-a")
    data = labels_pdf([label] * 3, template, MADE, start=template.on_page - 1)
    width, height = (side * 25.4 / 72 for side in pypdfium2.PdfDocument(data)[0].get_size())
    assert (width, height) == (pytest.approx(template.page[0], abs=0.1), pytest.approx(template.page[1], abs=0.1))
    words = _words(data)
    assert len(words) == (3 if template.on_page == 1 else 2)
    assert "社外秘金庫A管理者鈴木" in words[0]


def test_labels_lie_side_by_side_within_their_sheet() -> None:
    """No label of a template reaches over the edge of its page or into its neighbour."""
    for template in LABELS.values():
        corners = [template.corner(n) for n in range(template.on_page)]
        assert len(set(corners)) == template.on_page
        assert max(x for x, _ in corners) + template.label[0] <= template.page[0] + 0.01
        assert max(y for _, y in corners) + template.label[1] <= template.page[1] + 0.01


@needs_font
def test_the_trial_sheet_has_a_ruler_of_ten_centimetres() -> None:
    """Whoever lays a ruler against it sees whether the printer scales."""
    assert "試し刷り100mm" in _words(trial_pdf(LABELS["sheet24"], MADE, "試し刷り"))[0]


def test_a_code_says_its_text() -> None:
    """The modules are those of the standard's encoder, correction level M, dark is True."""
    text = "https://sekimori.example/場所/金庫"
    assert qr_matrix(text) == [[bool(m) for m in row] for row in segno.make(text, error="m", micro=False).matrix]


def test_more_labels_than_a_document_takes_are_refused() -> None:
    """A mistyped count prints no thousand pages."""
    with pytest.raises(TooMuch):
        labels_pdf([Label("", "a", (), "")] * (MOST + 1), LABELS["tape24"], MADE)



@pytest.mark.skipif(not _font_here(), reason="no Noto CJK font is installed: apt install fonts-noto-cjk")
@pytest.mark.parametrize("text", ["あ" * 2000, "W" * 2000, "a\n" * 500], ids=["Japanese", "one word", "lines"])
@pytest.mark.parametrize("column", [0, 1, 4])
def test_a_text_longer_than_a_page_goes_on_in_the_next_row(text: str, column: int) -> None:
    """Whatever somebody wrote, the register is a PDF, and has all of it."""
    row = ["x", "x", "x", "x", "x"]
    row[column] = text
    document = pypdfium2.PdfDocument(register_pdf(Register("台帳", "", COLUMNS, [row], MADE)))
    read = "".join(page.get_textpage().get_text_range() for page in document)
    assert read.count(text[0]) >= text.count(text[0])


@pytest.mark.skipif(not _font_here(), reason="no Noto CJK font is installed: apt install fonts-noto-cjk")
def test_nothing_of_what_is_printed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A letter that the font lacks is an empty box on the paper, and no line in the log that quotes the text."""
    register_pdf(Register("台帳", "", COLUMNS, [["1", "😀", "", "", ""]], MADE))
    assert caplog.records == []
