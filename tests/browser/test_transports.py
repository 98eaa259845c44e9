"""Transports in a browser: ordered at a desk, packed with a photo, and the page of who has only a link, on a phone (C8.6)."""

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from example_house import House
from PIL import Image
from playwright.sync_api import Browser, expect

from controller.record.canonical import timestamp
from controller.record.kinds import carrier, transport, trust
from controller.record.kinds.transport import Content, Seal

from .conftest import Served
from .test_appearance import Looker

SHA = "ab" * 32
TOKEN = "k" * 43


def carrying(house: House) -> House:
    """Operators who are people, two companies, a transport packed, one that has left, one that came with another seal."""
    for number, roles in ((2, ("manager",)), (3, ("manager", "custodian")), (4, ("guard",))):
        text = house.private(f"operator-{number}", name=("", "", "manager", "suzuki", "guard")[number]).ref()
        house.write(trust.OperatorRegistered(number, roles, ("*",), number, text, "active"), by="console")
    for number, (name, days) in enumerate((("箱根運輸", 300), ("相模便", 20)), 1):
        until = timestamp(house.time + timedelta(days=days))
        house.write(
            carrier.CarrierRegistered(number, house.private(f"carrier-{number}", name=name).ref(), 2, "active"),
            carrier.CarrierAssessed(number, number, "2026-11-01", until, SHA, 2, "requested"),
            carrier.CarrierApproved(number, number, until, until, 3, "active"),
            carrier.CarrierPledged(number, "2026-04", SHA, "2026-11-01", until, until, 2),
        )
    house.write(carrier.CarrierAssessed(3, 2, "2026-11-20", timestamp(house.time + timedelta(days=700)), SHA, 2, "requested"))
    dates = [timestamp(house.time + timedelta(hours=hours)) for hours in (1, 4, 48)]
    for number in (1, 2, 3, 4):
        text = house.private(f"transport-{number}", **{"description.0": "試作基板", "address": "横浜市西区 相模精工"}).ref()
        lines = (Content("", 2), Content("asset:3", 1))
        ordered = transport.TransportOrdered(number, "office", "", None, 1, None, lines, SHA, text, *dates, 2, "ordered")
        house.write(ordered)
    house.write(*(transport.TransportApproved(number, "office", 3, "approved") for number in (2, 3, 4)))
    house.write(*(transport.TransportPacked(n, "office", 1, 4, 4, (Seal("A-1"),), (), True, "packed") for n in (3, 4)))
    house.write(transport.TransportDispatched(3, "office", "", None, 1, dates[1], "dispatched"))
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    until = timestamp(house.time + timedelta(days=1))
    house.write(transport.TransportLinked(3, "office", 1, "arrival", "recipient", digest, until, 2, "open"))
    house.write(transport.TransportDispatched(4, "office", "", None, 1, dates[1], "dispatched"))
    house.write(transport.TransportArrived(4, "office", 1, None, "link", 2, (Seal("B-9"),), (), "arrived"))
    house.write(transport.TransportSealDiffers(4, "office", 1, "A-1", "missing", None))
    house.write(transport.TransportSealDiffers(4, "office", 1, "B-9", "unknown", None))
    house.hear()
    return house


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(carrying(House(tmp_path_factory.mktemp("carried")).settle()))
    yield served
    served.close()


@pytest.mark.parametrize("lang", ["ja", pytest.param("en", marks=pytest.mark.long)])
def test_every_page_in_every_dress(browser: Browser, carried: Served, lang: str) -> None:
    """axe finds nothing on any page of transports and carriers, inside and outside, phone and desk, light and dark."""
    eye = Looker(browser, carried, "suzuki", lang)
    both = ("/transports", "/transports/factory/4", "/transports/factory/order", "/carriers/factory/2")
    for address in both if lang == "en" else (
        "/transports", "/transports/factory/1", "/transports/factory/4", "/transports/factory/order",
        "/transports/factory/1/approve", "/transports/factory/2/pack", "/transports/factory/4/lost",
        "/transports/factory/3/link/recipient", "/carriers", "/carriers/factory/2", "/carriers/factory/2/assess",
        "/carriers/factory/assessments/3/approve", "/carriers/factory/register", "/carriers/factory/1/withdraw",
    ):  # fmt: skip
        eye.go(address)
        eye.in_every_dress(address)
    eye.close()
    outside = Looker(browser, carried, "", lang)
    outside.go(f"/handover/factory/3/recipient/{TOKEN}")
    outside.in_every_dress("handover")
    outside.close()


def test_a_recipient_confirms_on_a_phone(browser: Browser, carried: Served) -> None:
    """Without an account or JavaScript, by thumb: the seals, one tick, one button; a mistake is led to by its link."""
    context = browser.new_context(locale="ja", viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{carried.url}/handover/factory/3/recipient/{TOKEN}")
    expect(page.get_by_role("heading", level=1)).to_have_text("引き渡す物の確認")
    assert "試作基板" not in page.content()
    page.get_by_label("付いている封印の番号").fill("A-1")
    page.locator("main form button").click()
    page.locator("#mistakes a").click()
    page.get_by_label("内容を運搬票と照らし合わせ").check()
    for part in page.locator("main .btn:visible, main .pick").all():
        box = part.bounding_box()
        assert box is not None and box["height"] >= 44
    page.locator("main form button").click()
    expect(page.locator('[data-state="sent"]')).to_be_visible()
    context.close()


def test_packed_with_a_photo_at_the_desk(browser: Browser, carried: Served, tmp_path: Path) -> None:
    """A guard chooses a photo, writes the seal and says that nothing is seen; the request's page follows."""
    buffer = io.BytesIO()
    Image.effect_noise((1600, 1200), 90).convert("RGB").save(buffer, "JPEG", quality=95)
    assert len(buffer.getvalue()) > 1_000_000, "as large as a phone's"
    (tmp_path / "seal.jpg").write_bytes(buffer.getvalue())
    context = browser.new_context(locale="ja")
    page = context.new_page()
    carried.sign_in(page, "guard")
    page.goto(f"{carried.url}/transports/factory/2")
    page.get_by_role("link", name="梱包・封印を記録する").click()
    page.get_by_label("封印の番号").fill("Ｃ－７")
    page.set_input_files("#f-photos", str(tmp_path / "seal.jpg"))
    page.get_by_label("外から中身が見えないように梱包しました").check()
    page.get_by_role("button", name="梱包・封印を記録する").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("梱包と封印")
    assert len(list((carried.house.data / "photos").glob("*.jpg"))) == 1
    context.close()
