"""The transport slip and the receipt as they lie on the table (C8.6)."""

from dataclasses import replace

import pypdfium2
import pytest

from dashboard.paper import NoFont
from dashboard.paper.transport import Paper, receipt_pdf, slip_pdf

from .test_paper import MADE, needs_font

PAPER = Paper(
    "運搬票",
    "受領証",
    "7 番",
    (("運搬元", "試作室"), ("運搬先", "横浜市西区 髙﨑精工"), ("運搬する人", "箱根運輸"), ("封印", "A-1001  A-1002")),
    ("番号", "内容", "数量"),
    (("1", "試作ギヤ", "2"), ("2", "目録 3 番", "1")),
    "ab" * 32,
    (("発出時 引き渡す人", "田中 守  2026/11/24 10:00"), ("到着時 受け取る人", "")),
    "下記の物を、封印された状態で、すべて受領しました。",
    (("受領日時", ""), ("署名", "")),
    "https://sekimori.example/transports/factory/7",
    "箱根精機 本社工場",
    MADE,
)


def words(data: bytes) -> str:
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(data))


@needs_font
def test_both_papers_say_what_is_carried_and_by_which_hash() -> None:
    """Slip and receipt have the list, its hash and the seals; the slip who confirmed, the receipt where to sign."""
    slip, receipt = words(slip_pdf(PAPER)), words(receipt_pdf(PAPER))

    for said in ("運搬元試作室", "髙﨑精工", "A-1001", "試作ギヤ", "目録3番", "ab" * 32):
        assert said in slip and said in receipt
    assert "運搬票" in slip and "田中守" in slip
    assert "受領証" in receipt and "すべて受領しました" in receipt and "署名" in receipt


@needs_font
def test_a_long_list_and_a_long_address_stay_on_paper() -> None:
    """Twenty lines of a hundred letters and an address of five hundred go over pages, and nothing is lost."""
    lines = [(str(n), "長" * 99 + "終", "99999") for n in range(1, 21)]
    long = replace(PAPER, contents=lines, facts=(("運搬先", "住" * 499 + "末"),))

    document = words(slip_pdf(long))

    assert document.count("終") == 20 and "末" in document
    lines = replace(PAPER, contents=[("1", "a\n" * 50, "1")])
    assert words(slip_pdf(lines)).count("a") >= 50


def test_without_a_font_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no Japanese font is installed there is no paper with empty boxes, but an error that says so."""

    def none() -> dict[str, str]:
        raise NoFont

    monkeypatch.setattr("dashboard.paper.document.font_files", none)
    with pytest.raises(NoFont):
        slip_pdf(PAPER)
