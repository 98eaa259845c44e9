"""Tethers, stations and open containers on the dashboard: what each form asks, and what each page tells and to whom (C8.13)."""

from collections.abc import Callable
from typing import Any

import pytest
from example_house import House
from tethered_house import tethered

from controller.record.kinds.tether_round import TetherRoundEnded

from .conftest import Browser
from .test_requests import _asked, _count

SignIn = Callable[[str], Browser]
ROUND = "/tethers/factory/rounds/2"


@pytest.fixture
def house(house: House) -> House:
    return tethered(house)


@pytest.mark.parametrize(
    ("address", "fields", "kind", "body", "private"),
    [
        (
            "/tethers/factory/register",
            {"name": " 測定器 ", "equipment": "gauge-1", "place": "lab", "days": "90"},
            "tether.register",
            {"equipment": "gauge-1", "place": "lab", "every_days": 90},
            {"name": "測定器"},
        ),
        ("/tethers/factory/things/1/retire", {"reason": "廃棄"}, "tether.retire", {"tethered": 1}, {"reason": "廃棄"}),
        (f"{ROUND}/things/1/ok", {}, "tether.check", {"tether_round": 2, "tethered": 1, "result": "ok"}, {}),
        (
            f"{ROUND}/things/2",
            {"result": "damaged", "note": "ゆるんでいる"},
            "tether.check",
            {"tether_round": 2, "tethered": 2, "result": "damaged"},
            {"note": "ゆるんでいる"},
        ),
        (f"{ROUND}/end", {}, "tether.end_round", {"tether_round": 2}, {}),
    ],
)
def test_a_form_becomes_a_signed_request(
    house: House,
    signed_in: SignIn,
    address: str,
    fields: dict[str, str],
    kind: str,
    body: dict[str, Any],
    private: dict[str, str],
) -> None:
    """What was typed or ticked reaches the site as a request of the operator who is signed in."""
    assert signed_in("manager").post(address, **fields).status_code == 303

    assert _asked(house)[:3] == (kind, body, private)


@pytest.mark.parametrize(
    ("address", "fields", "wrong"),
    [
        ("/tethers/factory/register", {"name": "x", "equipment": "PC 1", "place": "lab"}, "equipment"),
        ("/tethers/factory/register", {"name": "", "equipment": "pc-9", "place": "lab"}, "name"),
        ("/tethers/factory/register", {"name": "x", "equipment": "pc-9", "place": "moon"}, "place"),
        ("/tethers/factory/register", {"name": "x", "equipment": "pc-9", "place": "lab", "days": "0"}, "days"),
        ("/tethers/factory/things/1/retire", {"reason": " "}, "reason"),
        (f"{ROUND}/things/1", {"result": "damaged", "note": ""}, "note"),
        (f"{ROUND}/things/1", {"result": "ok", "note": "x"}, "result"),
    ],
)
def test_a_wrong_field_is_named(
    house: House, signed_in: SignIn, address: str, fields: dict[str, str], wrong: str
) -> None:
    """A mistake is said at its field, and nothing is asked."""
    answer = signed_in("manager").post(address, **fields)

    assert answer.status_code == 400 and _count(house) == 0
    assert f'href="#f-{wrong}"' in answer.text


def test_the_page_says_what_is_cut_overdue_and_under_way(house: House, signed_in: SignIn) -> None:
    """The cut wire, the thing that is overdue, and the round that goes on; an auditor sees it and is offered nothing."""
    text = signed_in("manager").get("/tethers").text
    assert 'data-tether="cmm" data-state="cut"' in text and "1 wire is cut." in text
    assert text.count("Overdue</span>") == 1 and "Go on with the round" in text
    assert "not looked at 1" in text

    text = signed_in("auditor").get("/tethers").text
    assert "CMM computer" in text and "/tethers/factory/register" not in text and "retire" not in text
    assert "/ok" not in signed_in("auditor").get(ROUND).text


def test_what_was_ticked_says_that_it_is_on_its_way(house: House, signed_in: SignIn) -> None:
    """Until the site has answered, the thing is neither in order nor open to a second tick."""
    guard = signed_in("manager")
    assert guard.post(f"{ROUND}/things/1/ok").headers["Location"].endswith(f"{ROUND}#items")

    text = guard.get(ROUND).text
    assert "On its way: In order" in text and f"{ROUND}/things/1/ok" not in text
    assert "In order 1, missing 0, damaged 0, not looked at 2" in text


def test_now_and_the_door_say_in_whose_hands_a_container_is(house: House, signed_in: SignIn) -> None:
    """The open container with both names, the cut wire and the station are on Now; the ledger names the station."""
    manager = signed_in("manager")
    text = manager.get("/").text
    assert 'data-open="store"' in text and 'data-cut="cmm"' in text and 'data-station="desk"' in text
    assert "in the hands of" in manager.get("/portals/factory/store").text
    assert "Desk" in manager.get("/ledger?kind=station.refused").text
    assert 'value="desk"' in signed_in("admin").get("/people/factory/1/enrol").text


def test_a_second_round_is_not_offered(house: House, signed_in: SignIn) -> None:
    """While one goes on, the page says so, and a POST by hand asks nothing."""
    manager = signed_in("manager")

    assert "A round is under way." in manager.get("/tethers/factory/begin").text
    manager.post("/tethers/factory/begin", place="")
    assert _count(house) == 0


def test_what_is_due_leads_to_the_thing(house: House, signed_in: SignIn) -> None:
    """The list of what is due leads to the thing where it stands: in the round that goes on, and only then on the list."""
    manager = signed_in("manager")
    assert "/tethers/factory/things/1" in manager.get("/due?which=all").text
    assert manager.get("/tethers/factory/things/1").headers["Location"].endswith(f"{ROUND}#thing-1")
    house.write(TetherRoundEnded(2, "", 3, 1, 0, 0, 2, "ended"), by="operator:3")
    assert manager.get("/tethers/factory/things/1").headers["Location"].endswith("/tethers?site=factory#thing-1")
