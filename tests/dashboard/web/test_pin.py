"""PINs on the pages: whether there is one, lock-outs, choosing one at a keypad, and calls for help."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from example_house import House

from controller.record.canonical import timestamp
from controller.record.kinds import pin
from controller.record.requests import read_body, read_envelope
from dashboard import database as db

from .conftest import Browser

SignIn = Callable[[str], Browser]


def locked(house: House) -> None:
    """Person 1 has a PIN and is locked out for a quarter of an hour."""
    until = timestamp(house.time + timedelta(minutes=15))
    house.write(pin.PinSet(1, 1, "", "set"), pin.PinMissed(1, "lab", 1), pin.PinLocked(1, "lab", 2, until))


def test_how_a_pin_stands(house: House, signed_in: SignIn) -> None:
    """The person's page says whether there is a PIN, how many wrong tries there were, and until when it is locked out."""
    page = "/people/factory/1?lang=en"
    guard = signed_in("guard")
    assert "No PIN" in guard.get(page).text

    house.write(pin.PinSet(1, 1, "", "set"), pin.PinMissed(1, "lab", 3))
    assert "PIN set" in guard.get(page).text and "3 wrong tries in a row" in guard.get(page).text
    locked(house)
    assert "Locked out</span>" in guard.get(page).text
    house.time += timedelta(minutes=16)
    assert "Locked out</span>" not in guard.get(page).text and "PIN set" in guard.get(page).text
    house.write(pin.PinCleared(1, 1, "cleared"))
    assert "No PIN" in guard.get(page).text


@pytest.mark.parametrize(
    ("name", "address", "fields", "kind", "body"),
    [
        ("admin", "/people/factory/1/pin/enrol", {"reader": "lab-in"}, "pin.enrol", {"person": 1, "reader": "lab-in"}),
        ("guard", "/people/factory/1/pin/clear", {}, "pin.clear", {"person": 1}),
        ("suzuki", "/people/factory/1/pin/unlock", {}, "pin.unlock", {"person": 1}),
    ],
)
def test_a_form_becomes_a_request(
    house: House, signed_in: SignIn, name: str, address: str, fields: dict[str, str], kind: str, body: dict[str, Any]
) -> None:
    """What is asked for reaches the site as a request of who is signed in; no field of any form takes a digit of a PIN."""
    locked(house)
    browser = signed_in(name)
    assert 'type="password"' not in browser.get(address).text and 'type="text"' not in browser.get(address).text

    assert browser.post(address, **fields).status_code == 303

    with house.engine.connect() as connection:
        data = connection.execute(sa.select(db.outbox.c.bytes).order_by(db.outbox.c.id.desc())).scalar_one()
    request = read_envelope(data)
    assert (request.kind, msgspec.to_builtins(read_body(request))) == (kind, body)
    assert (request.expires_at is None) == (kind == "pin.clear"), "what only takes away waits as long as it takes"


@pytest.mark.parametrize(
    ("name", "act", "may"),
    [
        ("admin", "enrol", True), ("guard", "enrol", False), ("suzuki", "enrol", False),
        ("suzuki", "unlock", True), ("guard", "unlock", False), ("admin", "clear", True), ("auditor", "clear", False),
    ],
)  # fmt: skip
def test_who_may(house: House, signed_in: SignIn, name: str, act: str, may: bool) -> None:
    """Each act is offered to the roles that the site lets do it, and refused to the others' addresses too."""
    locked(house)
    browser = signed_in(name)

    assert (f"/people/factory/1/pin/{act}" in browser.get("/people/factory/1").text) is may
    assert browser.get(f"/people/factory/1/pin/{act}").status_code == (200 if may else 403)


def test_choosing_is_followed(house: House, signed_in: SignIn) -> None:
    """The page tells how it goes at the door: waiting, set, or not and why; an earlier one at the reader is not this one."""
    admin = signed_in("admin")
    house.write(pin.PinEnrolmentOpened("lab-in", 1, 1, timestamp(house.time)), pin.PinEnrolmentClosed("lab-in", 1, "near"))
    page = admin.post("/people/factory/1/pin/enrol", reader="lab-in").location + "&lang=en"
    id = page.partition("request=")[2][:26]
    assert "Asking the site to wait" in admin.get(page).text

    until = timestamp(house.time + timedelta(seconds=180))
    house.write(pin.PinEnrolmentOpened("lab-in", 1, 1, until), by="operator:1")
    house.reply(id)
    assert "180 seconds left" in admin.get(page).text
    house.write(pin.PinEnrolmentClosed("lab-in", 1, "pattern"))
    assert "too easy to guess" in admin.get(page).text
    house.write(pin.PinEnrolmentOpened("lab-in", 1, 1, until), pin.PinSet(1, 2, "lab-in", "set"))
    assert "has a PIN" in admin.get(page).text


def test_a_call_for_help_is_shown_and_seen_live(house: House, signed_in: SignIn) -> None:
    """A PIN for duress is an alarm on the page of what is now, in the feed and in what the page asks for; for hours."""
    guard = signed_in("guard")
    assert "Duress" not in guard.get("/?lang=en").text

    (seq,) = house.write(pin.PinDuress(2, "lab", "lab-in"))

    text = guard.get("/?lang=en").text
    assert "Duress: 佐藤 一郎 typed" in text and f'data-duress="{seq}"' in text and 'role="alert"' in text
    (site,) = guard.get("/api/v1/now").get_json()["sites"]
    assert site["duress"] == str(seq)
    assert "佐藤 一郎" in guard.get("/ledger?kind=pin.duress&lang=en").text
    house.time += timedelta(hours=13)
    assert "Duress:" not in guard.get("/?lang=en").text
