"""Pages of transports and carriers: forms make requests, each side its own, and the page of who has only a link (C8.6)."""

import hashlib
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from example_house import House
from PIL import Image

from controller.record import requests
from controller.record.canonical import timestamp
from controller.record.kinds import carrier, transport, trust
from controller.record.kinds.transport import Content, Seal
from dashboard.database import outbox
from dashboard.photos import BadPhoto, Photos, made_anew

from ..paper.test_paper import needs_font
from .conftest import Browser

SignIn = Callable[[str], Browser]
SHA = "ab" * 32
TOKEN = "k" * 43


def known(house: House) -> None:
    """The operators are people: manager 2, suzuki 3, guard 4; company 1 may carry, its pledge ends soon."""
    for number, roles in ((2, ("manager",)), (3, ("manager", "custodian")), (4, ("guard",))):
        text = house.private(f"operator-{number}", name="操作者").ref()
        house.write(trust.OperatorRegistered(number, roles, ("*",), number, text, "active"), by="console")
    text = house.private("carrier-1", name="箱根運輸", contact="0460-00-0000").ref()
    far, near = timestamp(house.time + timedelta(days=300)), timestamp(house.time + timedelta(days=20))
    house.write(
        carrier.CarrierRegistered(1, text, 2, "active"),
        carrier.CarrierAssessed(1, 1, "2026-11-01", far, SHA, 2, "requested"),
        carrier.CarrierApproved(1, 1, far, far, 3, "active"),
        carrier.CarrierPledged(1, "2026-04", SHA, "2026-11-01", near, near, 2),
    )


def order(house: House, number: int = 1, upto: str = "dispatched", outside: bool = True) -> None:
    """A transport of the office's by company 1, so far; of two lines, sealed with A-1."""
    texts = (
        {"description.0": "試作基板", "address": "横浜市西区 相模精工"} if outside else {"description.0": "試作基板"}
    )
    text = house.private(f"transport-{number}", **texts).ref()
    dates = [timestamp(house.time + timedelta(hours=hours)) for hours in (1, 4, 48)]
    contents = (Content("", 2), Content("asset:3", 1))
    company = (None, 1) if outside else (5, None)
    to_place = "" if outside else "store"
    steps = {
        "ordered": transport.TransportOrdered(
            number, "office", to_place, *company, None, contents, SHA, text, *dates, 2, "ordered"
        ),
        "approved": transport.TransportApproved(number, "office", 3, "approved"),
        "packed": transport.TransportPacked(number, "office", 1, 4, 4, (Seal("A-1"),), (), True, "packed"),
        "dispatched": transport.TransportDispatched(number, "office", to_place, *company, dates[1], "dispatched"),
    }
    for step, body in steps.items():
        house.write(body)
        if step == upto:
            break


def linked(house: House, side: str = "recipient", stage: str = "arrival", number: int = 1) -> str:
    """A link was made; where it leads."""
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    until = timestamp(house.time + timedelta(days=1))
    house.write(transport.TransportLinked(number, "office", 1, stage, side, digest, until, 2, "open"))
    return f"/handover/factory/{number}/{side}/{TOKEN}"


def asked(house: House) -> list[tuple[str, int, dict[str, object]]]:
    """The requests that wait: kind, operator and body."""
    with house.engine.connect() as connection:
        rows = connection.execute(outbox.select().order_by(outbox.c.created_at, outbox.c.id)).all()
    return [(r.kind, r.operator, requests.read_envelope(r.bytes).body if r.bytes else {}) for r in rows]


def picture(size: tuple[int, int] = (400, 300), form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "green").save(buffer, form)
    return buffer.getvalue()


# Orders -----------------------------------------------------------------------------------------------------------------


def test_an_order_is_asked_for(house: House, signed_in: SignIn) -> None:
    """A form with two lines makes one request, its words private; every mistake is said beside its field."""
    known(house)
    manager = signed_in("manager")
    page = "/transports/factory/order"
    wrong = manager.post(
        page, from_place="office", to_place="office", person="誰か", **{"asset-0": "x", "pieces-1": "0"}
    )
    assert wrong.status_code == 400
    for said in (
        "Choose another place",
        "Nobody has this name",
        "Neither a number of the catalogue",
        "Write a date like",
    ):
        assert said in wrong.text
    good = {
        "from_place": "office", "to_place": "store", "person": "佐藤", "recipient": "#5", "description-0": "図面",
        "pieces-0": "2", "asset-3": "7", "dispatch_by": "2026-11-23T10:00", "arrive_by": "2026-11-23T12:00",
        "receipt_by": "2026-11-24", "note": "箱は一つ",
    }  # fmt: skip
    assert manager.post(page, **good).status_code == 303

    kind, operator, body = asked(house)[0]
    assert (kind, operator, body["person"], body["recipient"], body["carrier"]) == ("transport.request", 2, 2, 5, None)
    assert body["contents"] == [{"what": "", "pieces": 2}, {"what": "asset:7", "pieces": 1}]
    assert body["receipt_by"] == "2026-11-24T15:00:00.000000Z", "a bare day is that whole day, where the site is"
    assert "more" not in good and 'id="f-description-9"' in manager.post(page, more="1", lines="5").text
    assert manager.post(page, **good | {"company": "1"}).status_code == 400
    assert manager.post(page, **good | {"company": "x", "person": ""}).status_code == 400


def test_the_list_says_what_is_late(house: House, signed_in: SignIn) -> None:
    """Under way, late by the deadline of its state, all; the filter says how many are late."""
    order(house)
    order(house, 2, "approved")
    house.time += timedelta(hours=2)
    text = signed_in("auditor").get("/transports").text

    assert text.count("data-transport=") == 2 and 'data-late="1"' in text
    late = signed_in("auditor").get("/transports?which=late").text
    assert 'data-transport="2"' in late and 'data-transport="1"' not in late
    assert signed_in("auditor").get("/transports?which=lost").status_code == 400


def test_the_page_offers_each_step_to_whose_it_is(house: House, signed_in: SignIn) -> None:
    """Who ordered does not approve, who neither is nor hands out does not confirm, and a link is for who is outside."""
    known(house)
    order(house, 1, "ordered")
    assert "/transports/factory/1/approve" not in signed_in("manager").get("/transports/factory/1").text
    assert "/transports/factory/1/approve" in signed_in("suzuki").get("/transports/factory/1").text
    house.write(transport.TransportApproved(1, "office", 3, "approved"))
    house.write(transport.TransportPacked(1, "office", 1, 4, 4, (Seal("A-1"),), (SHA,), True, "packed"))
    text = signed_in("guard").get("/transports/factory/1").text

    assert "/transports/factory/1/confirm/sender" in text and "/transports/factory/1/link/carrier" in text
    assert "confirm/carrier" not in text and "link/recipient" not in text
    assert "/transports/factory/1/pack" not in signed_in("auditor").get("/transports/factory/1").text
    assert signed_in("guard").post("/transports/factory/1/confirm/sender").status_code == 303
    assert asked(house)[-1][0] == "transport.confirm" and asked(house)[-1][2]["contents_sha256"] == SHA
    assert signed_in("suzuki").get("/transports/factory/1/approve").text.count("<button") == signed_in("suzuki").get(
        "/transports/factory/99"
    ).text.count("<button"), "nothing to press any more"


@pytest.mark.parametrize(("upto", "act", "who", "kind"), [
    ("ordered", "approve", "suzuki", "transport.approve"), ("ordered", "decline", "suzuki", "transport.decline"),
    ("approved", "cancel", "manager", "transport.cancel"), ("dispatched", "lost", "guard", "transport.report_lost"),
])  # fmt: skip
def test_a_step_by_a_button(house: House, signed_in: SignIn, upto: str, act: str, who: str, kind: str) -> None:
    """Approved, declined, called off, lost: by a POST, the last two with a reason; the wrong role is kept out."""
    known(house)
    order(house, 1, upto)
    browser = signed_in(who)
    if act in ("cancel", "lost"):
        assert browser.post(f"/transports/factory/1/{act}").status_code == 400
    assert browser.post(f"/transports/factory/1/{act}", reason="誤り").status_code == 303

    assert asked(house)[-1][0] == kind
    assert signed_in("auditor").get(f"/transports/factory/1/{act}").status_code == 403


def test_packed_with_photos(house: House, signed_in: SignIn) -> None:
    """Seals in full-width letters are read, photos are kept anew beside the database, and only their hashes are asked on."""
    known(house)
    order(house, 1, "approved")
    guard = signed_in("guard")
    page = "/transports/factory/1/pack"
    token = re.search(r'name="csrf_token" value="([^"]+)"', guard.get(page).text)
    assert token is not None
    fields = {"csrf_token": token[1], "seals": "Ａ-１　B2", "opaque": "1"}
    bad = guard.client.post(page, data=fields | {"photos": (io.BytesIO(b"<svg/>"), "seal.svg")})
    assert bad.status_code == 400 and "Only photos in JPEG" in bad.text
    twice = guard.client.post(page, data=fields | {"seals": "A-1 A-1"})
    assert "A number stands there twice" in twice.text
    assert "Confirm that nobody sees" in guard.post(page, seals="A-1").text
    good = guard.client.post(page, data=fields | {"photos": (io.BytesIO(picture()), "seal.png")})
    assert good.status_code == 303

    body = asked(house)[-1][2]
    assert [seal["seal"] for seal in body["seals"]] == ["A-1", "B2"]  # type: ignore[index,union-attr]
    (sha256,) = body["photos"]  # type: ignore[misc]
    kept = (house.data / "photos" / f"{sha256}.jpg").read_bytes()
    assert hashlib.sha256(kept).hexdigest() == sha256 and kept[:3] == b"\xff\xd8\xff"
    address = f"/transports/factory/1/photos/{sha256}.jpg"
    assert guard.get(address).status_code == 404, "not before a record names it"
    house.write(transport.TransportPacked(1, "office", 1, 4, 4, (Seal("A-1"),), (sha256,), True, "packed"))
    shown = guard.get(address)
    assert shown.data == kept and shown.mimetype == "image/jpeg"


def test_a_large_form_needs_somebody_signed_in(house: House, anybody: Browser) -> None:
    """Nobody who is not signed in can make the dashboard read a large form."""
    order(house, 1, "approved")
    answer = anybody.client.post("/transports/factory/1/pack", data={"seals": "x" * 100_000})

    assert answer.status_code in (400, 401, 413)


@pytest.mark.parametrize(("data", "why"), [
    (b"", "format"), (b"GIF89a" + bytes(200), "format"), (picture()[:300], "broken"), (bytes(10_000_001), "size"),
    (picture((9000, 9000)), "size"),
])  # fmt: skip
def test_what_is_no_photo(data: bytes, why: str) -> None:
    """Another format, a torn file, and what would burst the memory are refused."""
    with pytest.raises(BadPhoto) as refused:
        made_anew(data)

    assert refused.value.why == why


def test_a_photo_keeps_nothing_but_the_picture(tmp_path: Path) -> None:
    """Where and by which phone it was taken is not in what is kept; it is small, and one that was changed is not shown."""
    taken = Image.new("RGB", (4000, 3000), "green")
    exif = taken.getexif()
    exif[0x0110], exif[0x0112] = "Phone 7", 6
    buffer = io.BytesIO()
    taken.save(buffer, "JPEG", exif=exif)
    store = Photos(tmp_path / "photos")
    sha256 = store.keep(buffer.getvalue())
    kept = store.read(sha256)
    assert kept is not None and b"Phone 7" not in kept and store.keep(buffer.getvalue()) == sha256

    with Image.open(io.BytesIO(kept)) as made:
        assert made.size == (1536, 2048) and not made.getexif()
    (tmp_path / "photos" / f"{sha256}.jpg").write_bytes(b"another")
    assert store.read(sha256) is None and store.read("../../etc/passwd") is None


@needs_font
def test_slip_and_receipt(house: House, signed_in: SignIn) -> None:
    """運搬票 and 受領証 are PDFs, with a code that leads to the order."""
    order(house)
    for paper in ("slip", "receipt"):
        answer = signed_in("guard").get(f"/transports/factory/1/{paper}.pdf?lang=ja")
        assert answer.status_code == 200 and answer.data[:5] == b"%PDF-" and len(answer.data) > 5_000


# The link ---------------------------------------------------------------------------------------------------------------


def test_a_link_is_made_and_shown_once(house: House, signed_in: SignIn) -> None:
    """The link stands in the answer to one POST; what is asked of the site, and kept, is its hash."""
    known(house)
    order(house)
    manager = signed_in("manager")
    page = "/transports/factory/1/link/recipient"
    assert manager.post(page, days="99").status_code == 400
    text = manager.post(page, days="7").text
    found = re.search(r"/handover/factory/1/recipient/([\w-]{43})<", text)
    assert found is not None

    kind, _, body = asked(house)[-1]
    assert kind == "transport.link" and body["token_sha256"] == hashlib.sha256(found[1].encode()).hexdigest()
    written = b"".join(path.read_bytes() for path in house.data.rglob("*") if path.is_file())
    assert found[1].encode() not in written
    assert "handover/factory" not in manager.get(page).text
    assert "carrier" in signed_in("guard").get("/transports/factory/1/link/carrier").text


def test_the_outside_page_confirms_by_post_alone(house: House, anybody: Browser) -> None:
    """Without an account: opening does nothing, the list has numbers and no words, a POST sends one request, twice is once."""
    order(house)
    address = linked(house)
    first = anybody.get(f"{address}?lang=en")
    assert first.status_code == 200 and "noindex" in first.headers["X-Robots-Tag"]
    assert first.headers["Cache-Control"] == "no-store"
    assert "試作基板" not in first.text and "横浜市" not in first.text and "Catalogue no. 3" in first.text
    assert not asked(house)
    assert "Confirm that you have compared" in anybody.post(address, seals="A-1").text
    assert "letters, digits and hyphens" in anybody.post(address, seals="<b>", checked="1").text
    assert anybody.post(address, seals="A-1", checked="1").status_code == 303
    assert 'data-state="sent"' in anybody.get(address).text

    assert [(kind, operator) for kind, operator, _ in asked(house)] == [("transport.confirm_by_link", 2)]
    assert asked(house)[0][2]["seals"] == [{"seal": "A-1", "how": "number", "state": "intact"}]
    with house.engine.connect() as connection:
        data = connection.execute(outbox.select()).one()
    assert TOKEN.encode() not in data.bytes, "the token goes to the site sealed"
    house.reply(data.id, "clock", "expires_at")
    assert 'data-state="refused"' in anybody.get(address).text
    assert anybody.post(address, checked="1").status_code == 303
    assert len(asked(house)) == 2, "what was refused may be sent again"
    house.time += timedelta(minutes=6)
    house.runtime.outbox.expire()
    assert "it did not answer in time" in anybody.get(address).text, "the broker is away"
    assert anybody.post(address, checked="1").status_code == 303 and len(asked(house)) == 3
    house.write(transport.TransportArrived(1, "office", 1, None, "link", 2, (), (), "arrived"))
    house.write(
        transport.TransportConfirmed(1, "office", 1, "arrival", "recipient", None, "link", 2, "", SHA, "arrived")
    )
    assert 'data-state="done"' in anybody.get(address).text


@pytest.mark.parametrize("address", [
    f"/handover/factory/1/recipient/{'g' * 43}", f"/handover/factory/1/carrier/{TOKEN}",
    f"/handover/factory/9/recipient/{TOKEN}", f"/handover/attic/1/recipient/{TOKEN}", "/handover/factory/1/recipient/x",
    f"/handover/factory/1/sender/{TOKEN}",
])  # fmt: skip
def test_a_wrong_link_opens_nothing(house: House, anybody: Browser, address: str) -> None:
    """A guess, another side, another order: all are the same page that is not there."""
    order(house)
    linked(house)

    assert anybody.get(address).status_code == 404


def test_guessing_is_slow(house: House, anybody: Browser) -> None:
    """After ten wrong links in a minute the address waits, also for a right one; good links do not count."""
    order(house)
    address = linked(house)
    for _ in range(12):
        assert anybody.get(address).status_code == 200
    answers = [anybody.get(f"/handover/factory/1/recipient/{n:043}").status_code for n in range(12)]

    assert answers[:10] == [404] * 10 and answers[10:] == [429, 429]
    assert anybody.get(address).status_code == 429


def test_a_link_that_is_over_says_so(house: House, anybody: Browser) -> None:
    """Past its time it confirms nothing; packed anew, or with a newer link, it is not there any more."""
    order(house, 1, "packed")
    address = linked(house, "carrier", "dispatch")
    house.time += timedelta(days=2)
    assert 'data-state="late"' in anybody.get(address).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', anybody.get("/sign-in").text)
    assert token is not None
    assert anybody.client.post(address, data={"csrf_token": token[1], "checked": "1"}).status_code == 303
    assert not asked(house)
    house.write(transport.TransportPacked(1, "office", 2, 4, 4, (Seal("A-2"),), (), True, "packed"))
    assert anybody.get(address).status_code == 404


# Carriers ---------------------------------------------------------------------------------------------------------------


def test_the_register_of_companies(house: House, signed_in: SignIn) -> None:
    """What holds until when, what ends soon, what lacks; one assesses, another approves, and each is a request."""
    known(house)
    text = house.private("carrier-2", name="相模便").ref()
    far = timestamp(house.time + timedelta(days=300))
    house.write(
        carrier.CarrierRegistered(2, text, 2, "active"),
        carrier.CarrierAssessed(2, 2, "2026-11-20", far, SHA, 2, "requested"),
    )
    manager = signed_in("manager")
    page = manager.get("/carriers").text
    assert "箱根運輸" in page and "data-soon" in page and 'data-lacks="assessment pledge"' in page
    assert 'data-assessment="2"' in page
    assert "/assessments/2/approve" not in manager.get("/carriers/factory/2").text
    assert signed_in("suzuki").post("/carriers/factory/assessments/2/approve").status_code == 303
    assert manager.post("/carriers/factory/register", name="東名急送").status_code == 303
    assess = "/carriers/factory/2/assess"
    bad = manager.post(assess, since="2026-11-30", until="2026-01-01", sha256="xyz")
    assert bad.status_code == 400 and bad.text.count('class="wrong"') == 3
    assert manager.post(assess, since="2026-11-20", until="2027-11-20", sha256=SHA.upper()).status_code == 303
    pledge = {"since": "2026/11/20", "until": "2027-11-20", "sha256": SHA, "version": "2026-04"}
    assert manager.post("/carriers/factory/2/pledge", **pledge).status_code == 303
    assert manager.post("/carriers/factory/2/withdraw", reason="解約").status_code == 303

    assert [kind for kind, _, _ in asked(house)] == [
        "carrier.approve", "carrier.register", "carrier.assess", "carrier.pledge", "carrier.withdraw",
    ]  # fmt: skip
    assert signed_in("guard").get(assess).status_code == 403


def test_an_employee_sees_their_own(house: House, signed_in: SignIn) -> None:
    """Whose role is about themselves alone sees what they carry or receive, and nothing else (C8.6)."""
    text = house.private("operator-4", name="操作者").ref()
    house.write(trust.OperatorRegistered(4, ("employee",), ("*",), 5, text, "active"), by="console")
    order(house, 1, "packed")
    order(house, 2, "packed", outside=False)
    own = signed_in("guard")

    page = own.get("/transports").text
    assert 'data-transport="2"' in page and 'data-transport="1"' not in page
    assert (
        own.get("/transports/factory/1").status_code == 404
        and own.get("/transports/factory/1/slip.pdf").status_code == 404
    )
    assert "/confirm/carrier" in own.get("/transports/factory/2").text
    assert own.post("/transports/factory/2/confirm/carrier").status_code == 303
    assert own.get("/carriers").status_code == 403
    asking = own.get("/transports/factory/order").text
    assert "You carry it yourself" in asking and 'name="person"' not in asking
