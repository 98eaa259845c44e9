"""Asking a site for something: the form, the signed request in the outbox, and the page that tells what became of it."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from example_house import House
from werkzeug.test import TestResponse

from controller.record.kinds import badge, door, person
from controller.record.requests import read_body, read_envelope, read_private, signature_holds
from dashboard import database as db

from .conftest import Browser

SignIn = Callable[[str], Browser]


def _asked(house: House) -> tuple[str, dict[str, Any], dict[str, str], int]:
    """The newest request, opened as the site opens it: kind, body, private texts, operator."""
    with house.engine.connect() as connection:
        data = connection.execute(sa.select(db.outbox.c.bytes).order_by(db.outbox.c.id.desc())).scalar()
    assert data is not None, "nothing was asked"
    request = read_envelope(data)
    assert signature_holds(request, house.keys.public)
    body = msgspec.to_builtins(read_body(request))
    return request.kind, body, read_private(request, house.peer.keys), request.operator


def _count(house: House) -> int:
    with house.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(db.outbox)).scalar_one())


def _id(answer: TestResponse) -> str:
    found = re.search(r"/requests/(\w{26})$", answer.location or "")
    assert answer.status_code == 303 and found, answer.location
    return found[1]


@pytest.mark.parametrize(
    ("name", "address", "fields", "kind", "body", "private"),
    [
        (
            "manager",
            "/people/factory/register",
            {"name": " 新田 誠 ", "kana": "", "title": "", "department": "設計部"},
            "person.register",
            {},
            {"name": "新田 誠", "department": "設計部"},
        ),
        ("guard", "/people/factory/1/suspend", {"reason": "退職"}, "person.suspend", {"person": 1}, {"reason": "退職"}),
        (
            "guard",
            "/people/factory/1/badges/1/retire",
            {"state": "lost"},
            "badge.retire",
            {"badge": 1, "state": "lost"},
            {},
        ),
        (
            "guard",
            "/portals/factory/lab/release",
            {"reason": "設備の点検"},
            "portal.release",
            {"portal": "lab"},
            {"reason": "設備の点検"},
        ),
        (
            "suzuki",
            "/portals/factory/lab/override",
            {"posture": "open", "until": "2026-11-22T18:00", "reason": "搬入"},
            "portal.override",
            {"portal": "lab", "posture": "open", "until_at": "2026-11-22T09:00:00.000000Z"},
            {"reason": "搬入"},
        ),
        ("guard", "/portals/factory/dock/resume", {}, "portal.resume", {"portal": "dock"}, {}),
        (
            "guard",
            "/lockdown/factory/all/begin",
            {"reason": "不審者"},
            "lockdown.begin",
            {"zone": "*"},
            {"reason": "不審者"},
        ),
        (
            "suzuki",
            "/lockdown/factory/server/end",
            {"reason": "点検終了"},
            "lockdown.end",
            {"zone": "server"},
            {"reason": "点検終了"},
        ),
        (
            "manager",
            "/people/factory/1/rights/ask",
            {"zone": "lab", "schedule": "office", "from": "2026-11-22", "until": "2027-03-31", "purpose": "試作"},
            "right.request",
            {
                "person": 1,
                "zone": "lab",
                "schedule": "office",
                "from_at": "2026-11-21T15:00:00.000000Z",
                "until_at": "2027-03-31T15:00:00.000000Z",
            },
            {"purpose": "試作"},
        ),
        ("suzuki", "/rights/factory/8/approve", {}, "right.approve", {"access_right": 8}, {}),
        ("suzuki", "/rights/factory/1/revoke", {}, "right.revoke", {"access_right": 1}, {}),
    ],
)
def test_a_form_becomes_a_signed_request(
    house: House,
    signed_in: SignIn,
    name: str,
    address: str,
    fields: dict[str, str],
    kind: str,
    body: dict[str, Any],
    private: dict[str, str],
) -> None:
    """What was typed reaches the site as a request of the operator who is signed in, its texts sealed to the site."""
    house.orders()
    browser = signed_in(name)

    answer = browser.post(address, **fields)

    operator = {"admin": 1, "manager": 2, "suzuki": 3, "guard": 4}[name]
    assert _asked(house) == (kind, body, private, operator)
    assert "Waiting for the site" in browser.get(f"/requests/{_id(answer)}").text


@pytest.mark.parametrize(
    ("name", "address", "fields", "wrong"),
    [
        ("manager", "/people/factory/register", {"name": " "}, "name"),
        ("manager", "/people/factory/register", {"name": "x" * 101}, "name"),
        ("guard", "/people/factory/1/suspend", {"reason": ""}, "reason"),
        ("guard", "/portals/factory/lab/release", {"reason": "x" * 501}, "reason"),
        ("suzuki", "/portals/factory/lab/override", {"posture": "ajar"}, "posture"),
        ("suzuki", "/portals/factory/lab/override", {"posture": "open", "until": "2020-01-01"}, "until"),
        ("guard", "/lockdown/factory/lab/begin", {"reason": " "}, "reason"),
        ("admin", "/people/factory/1/enrol", {"reader": "elsewhere"}, "reader"),
        ("guard", "/people/factory/1/badges/1/retire", {"state": "active"}, "state"),
        ("manager", "/people/factory/1/rights/ask", {"until": ""}, "until"),
        ("manager", "/people/factory/1/rights/ask", {"until": "2020-01-01"}, "until"),
        ("manager", "/people/factory/1/rights/ask", {"until": "soon"}, "until"),
        ("manager", "/people/factory/1/rights/ask", {"purpose": ""}, "purpose"),
        ("manager", "/people/factory/1/rights/ask", {"zone": "moon"}, "zone"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_lost(
    house: House, signed_in: SignIn, name: str, address: str, fields: dict[str, str], wrong: str
) -> None:
    """No purpose, no end, no reason: the form comes back with the mistake at its field and the rest as typed (C7.1)."""
    good = {"zone": "lab", "schedule": "office", "from": "2026-11-22", "until": "2027-03-31", "purpose": "試作の評価"}
    sent = {**good, **fields} if "ask" in address else fields

    answer = signed_in(name).post(address, **sent)

    assert answer.status_code == 400 and _count(house) == 0
    assert f'href="#f-{wrong}"' in answer.text and "<title>Error: " in answer.text
    assert "ask" not in address or wrong == "purpose" or "試作の評価" in answer.text


def test_nobody_approves_their_own_request(house: House, signed_in: SignIn) -> None:
    """The operator who asked is shown why not, and a POST made by hand asks the site for nothing (C7.3)."""
    manager = signed_in("manager")

    text = manager.get("/rights/factory/8/approve").text
    assert "You cannot approve your own request." in text and "Withdraw" in text
    answer = manager.post("/rights/factory/8/approve")

    assert answer.status_code == 200 and _count(house) == 0


def test_a_decided_right_is_not_decided_again(house: House, signed_in: SignIn) -> None:
    """Who comes second is told so, without alarm."""
    answer = signed_in("suzuki").post("/rights/factory/1/approve", page="/rights/factory/8/approve")

    assert "has been decided already" in answer.text and "suzukiさん" in answer.text
    assert _count(house) == 0


def test_the_answer_is_shown(house: House, signed_in: SignIn) -> None:
    """Accepted leads to its records, refused says what was missing and where."""
    guard = signed_in("guard")
    released = _id(guard.post("/portals/factory/lab/release", reason="点検"))
    reason = house.private("reason-2", reason="点検").ref()
    house.write(door.PortalReleased("lab", 4, reason, "released", 5), by="operator:4")
    house.reply(released)
    refused = _id(guard.post("/portals/factory/server/release", reason="点検"))
    house.reply(refused, "scope", "operator.scope")

    text = guard.get(f"/requests/{released}").text
    assert "The site has done it." in text and "Unlocked by an operator" in text and "data-waiting" not in text
    text = guard.get(f"/requests/{refused}").text
    assert "outside the operator&#39;s scope" in text and "scope, operator.scope" in text


def test_a_release_that_nobody_answered_expires(house: House, signed_in: SignIn) -> None:
    """After its ten seconds the page says that it will not be done later."""
    guard = signed_in("guard")
    id = _id(guard.post("/portals/factory/lab/release", reason="点検"))

    house.time = house.time.replace(minute=house.time.minute + 1)
    house.runtime.outbox.expire()

    assert "It will not be done later." in guard.get(f"/requests/{id}").text


def test_without_javascript_the_page_asks_again_by_itself(signed_in: SignIn) -> None:
    """A waiting page reloads without a script too, and stops when there is nothing to wait for."""
    guard = signed_in("guard")
    id = _id(guard.post("/portals/factory/lab/release", reason="点検"))

    assert '<noscript><meta http-equiv="refresh"' in guard.get(f"/requests/{id}").text


def test_a_request_is_its_own_business(signed_in: SignIn) -> None:
    """A guard does not find another's request; an auditor may look at all."""
    id = _id(signed_in("manager").post("/people/factory/1/suspend", reason="異動"))

    assert signed_in("guard").get(f"/requests/{id}").status_code == 404
    assert signed_in("auditor").get(f"/requests/{id}").status_code == 200
    assert signed_in("guard").get("/requests/" + "0" * 26).status_code == 404


def test_a_new_person_is_one_click_away(house: House, signed_in: SignIn) -> None:
    """When the site has registered the person, the request's page leads to them."""
    manager = signed_in("manager")
    id = _id(manager.post("/people/factory/register", name="新田 誠"))
    text = house.private("person-9", name="新田 誠").ref()
    house.write(person.PersonRegistered(9, text, "active"), by="operator:2")
    house.reply(id)

    assert 'href="/people/factory/9"' in manager.get(f"/requests/{id}").text
    assert "may enter no zone" in manager.get("/people/factory/9").text


def test_enrolling_by_tapping_is_followed_to_its_end(house: House, signed_in: SignIn) -> None:
    """Asked, waiting for the card with the seconds that are left, enrolled: each is told as it happens."""
    admin = signed_in("admin")
    answer = admin.post("/people/factory/6/enrol", reader="lab-in")
    page = answer.location
    assert answer.status_code == 303 and "Asking the site to wait" in admin.get(page).text

    until = house.time.replace(second=45).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    house.write(badge.EnrolmentOpened("lab-in", 6, 1, until), by="operator:1")
    house.reply(page.split("request=")[1])
    text = admin.get(page).text
    assert "Hold the card on the reader Prototype lab (in)." in text and "45 seconds left" in text

    house.write(badge.BadgeEnrolled(60, 6, "lab-in", "f" * 64, 2, "…3A7F", "active", True), by="operator:1")
    text = admin.get(page).text
    assert "Enrolled for" in text and "…3A7F" in text and "data-waiting" not in text
    assert "The badge opens nothing yet" in text


def test_an_enrolment_that_failed_says_why(house: House, signed_in: SignIn) -> None:
    """No card, or one that belongs to somebody: the reason is in words, with a way to try again."""
    admin = signed_in("admin")
    page = admin.post("/people/factory/6/enrol", reader="lab-in").location
    house.write(badge.EnrolmentOpened("lab-in", 6, 1, "2026-11-22T02:00:00.000000Z"), by="operator:1")
    house.reply(page.split("request=")[1])
    house.write(badge.EnrolmentClosed("lab-in", 6, "enrolled"))

    text = admin.get(page).text
    assert "The card is already enrolled" in text and "Try again" in text


def test_an_earlier_enrolment_at_the_reader_is_not_taken_for_this_one(house: House, signed_in: SignIn) -> None:
    """What a reader did for the same person last week does not read as today's success."""
    house.write(badge.BadgeEnrolled(60, 6, "lab-in", "f" * 64, 2, "…3A7F", "active", True), by="operator:1")

    admin = signed_in("admin")
    page = admin.post("/people/factory/6/enrol", reader="lab-in").location

    assert "Asking the site to wait" in admin.get(page).text
