"""The screen beside a key cabinet: what it says at each step, what it asks for, and what it cannot do (C8.2)."""

import re
from collections.abc import Callable

import house_cabinet as at
import pytest
from example_house import House

from .conftest import Browser
from .test_requests import _asked, _count

SignIn = Callable[[str], Browser]
SCREEN = "/kiosk/cabinet/factory/main"


@pytest.fixture
def house(house: House) -> House:
    return at.with_cabinet(house)


@pytest.fixture
def screen(house: House, signed_in: SignIn) -> Browser:
    """A guard has made this browser the screen, and is signed out by it."""
    browser = signed_in("guard")
    assert browser.post("/kiosk/factory/main/begin", page="/kiosk").location == SCREEN
    browser.get(f"{SCREEN}?lang=en")
    return browser


def test_a_screen_has_nobodys_powers(screen: Browser, anybody: Browser) -> None:
    """Whoever touches the screen can open no other page; a browser that nobody set up shows nothing of the cabinet."""
    assert screen.get(SCREEN).status_code == 200
    for address in ("/", "/kiosk", "/people", "/portals/factory/lab/release"):
        assert screen.get(address).status_code == 302
    assert screen.get("/kiosk/cabinet/factory/other").status_code == 302
    assert anybody.get(SCREEN).status_code == 302
    assert anybody.post(f"{SCREEN}/choose", page="/sign-in", person="1", key="1").status_code == 403


def test_each_step_says_what_to_do(house: House, screen: Browser) -> None:
    """Badge, key, purpose, another's badge, take it, lent, back: each in one sentence, and only keys that one may."""
    assert "Hold your badge to the reader" in screen.get(SCREEN).text
    at.signed_in(house)
    text = screen.get(SCREEN).text.split('id="kiosk"')[1]
    assert "山田 花子, which key do you need?" in text
    assert "K-01" in text.split("<details")[0] and "K-03" not in text.split("<details")[0]
    assert "K-03" in text.split("<details")[1] and "No right to this zone" in text.split("<details")[1]
    for step, said in (
        (at.asked_what_for, "月次の棚卸し"),
        (at.asks_another, "0 of 1 have agreed"),
        (at.opens, "Take No. 2 out."),
        (at.taken, "No. 2 is lent. Due back"),
        (at.brought_back, "K-02 is back. Returned by 鈴木 次郎 (lent to 山田 花子)"),
    ):
        step(house)
        assert said in screen.get(SCREEN).text
    assert "取り出してください" not in screen.get(f"{SCREEN}?lang=ja").text


def test_what_is_wrong_stays_on_the_screen(house: House, screen: Browser) -> None:
    """A key in a wrong slot is told until it is put right, and so are one that is gone and one that nobody knows."""
    at.signed_in(house)
    at.opens(house)
    at.taken(house)
    at.brought_back(house, 4)
    at.torn_out(house)
    text = screen.get(f"{SCREEN}?lang=ja").text
    for said in ("2番の鍵が4番にあります。", "1番の鍵が貸出しなしになくなっています。", "4番に不明な鍵があります。"):
        assert said in text


def test_a_screen_says_nothing_of_what_others_asked_for(house: House, screen: Browser, signed_in: SignIn) -> None:
    """The number of a request by somebody else in its address changes nothing on the screen, not even that it waits."""
    at.signed_in(house)
    other = signed_in("suzuki").post("/keys/factory/1/lost", reason="紛失").location.rsplit("/", 1)[1]
    mine = screen.post(f"{SCREEN}/leave", page=SCREEN, person="1").location
    alone, asked, own = (re.sub("<[^>]*>", "", screen.get(to).text) for to in (SCREEN, f"{SCREEN}?request={other}", mine))
    assert alone == asked != own


def test_what_is_tapped_is_asked_in_the_name_of_who_stands_there(house: House, screen: Browser) -> None:
    """A tile asks the site for that key for that person, a purpose goes sealed, and never mind ends it; who set it up asks."""
    at.signed_in(house)
    answer = screen.post(f"{SCREEN}/choose", page=SCREEN, person="1", key="1", purpose="点検")
    assert answer.status_code == 303
    kind, body, private, operator = _asked(house)
    assert (kind, body, private, operator) == (
        "key.choose", {"cabinet": "main", "person": 1, "key": 1, "option": 0}, {"purpose": "点検"}, 4,
    )  # fmt: skip
    before = _count(house)
    screen.post(f"{SCREEN}/leave", page=SCREEN, person="1")
    assert _count(house) == before + 1
    assert screen.post(f"{SCREEN}/choose", page=SCREEN, person="1", key="x").status_code == 400


def test_who_looks_after_it_sees_each_slot_and_lets_out_what_is_wrong(house: House, signed_in: SignIn) -> None:
    """What hangs where, in words; a slot of a key to be lent has no button; the reason goes sealed with the request."""
    at.torn_out(house)
    custodian, guard = signed_in("suzuki"), signed_in("guard")
    text = custodian.get("/cabinets/factory/main").text
    rows = {n: text.split(f'data-slot="{n}"')[1].split("</tr>")[0] for n in range(1, 5)}
    assert "K-01" in rows[1] and "something unknown" in rows[4] and "/4/open" in rows[4] and "/2/open" not in rows[2]
    assert "/4/open" not in guard.get("/cabinets/factory/main").text
    assert guard.get("/cabinets/factory/main/4/open").status_code == 403
    assert custodian.post("/cabinets/factory/main/4/open").status_code == 400
    assert custodian.post("/cabinets/factory/main/4/open", reason="持ち主を確かめる").status_code == 303
    kind, body, private, operator = _asked(house)
    assert (kind, body, private) == ("cabinet.open_slot", {"cabinet": "main", "slot": 4}, {"reason": "持ち主を確かめる"})
    assert operator == 3
    assert custodian.get("/cabinets/factory/main/9/open").status_code == 404
