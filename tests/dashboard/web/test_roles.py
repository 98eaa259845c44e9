"""Who may see and do what: the table is complete, it is the controller's, and it is kept."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from example_house import House

from controller.record.kinds.trust import OperatorRegistered
from controller.record.requests import KINDS
from controller.rules import authority
from dashboard import database as db
from dashboard.web import roles

from .conftest import Browser

SignIn = Callable[[str], Browser]


def test_every_endpoint_has_its_roles(house: House) -> None:
    """An endpoint that nobody decided about does not exist, and no row of the table is for one that is gone."""
    endpoints = {rule.endpoint for rule in house.app().url_map.iter_rules()}

    assert endpoints == roles.PUBLIC | roles.SIGNED_IN | roles.PAGES.keys()


def test_requests_are_allowed_as_the_controller_allows_them() -> None:
    """The dashboard offers what the controller's rules accept, and nothing that they refuse."""
    assert roles.REQUESTS == authority.ALLOWED
    assert roles.REQUESTS.keys() == {kind for kind in KINDS if not kind.startswith("query/")}
    assert roles.ROLES == authority.ROLES


def test_an_endpoint_outside_the_table_is_refused(house: House) -> None:
    """Deny by default: a new view that somebody forgot to list answers 403 even to a signed-in manager."""
    app = house.app()
    app.testing = True
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    browser = Browser(app.test_client())
    browser.sign_in("manager")

    assert browser.get("/forgotten").status_code == 403


def test_nobody_signed_in_gets_no_page(house: House, anybody: Browser) -> None:
    """Every page sends a stranger to sign in, programs get 401, and neither learns anything."""
    for rule in house.app().url_map.iter_rules():
        if rule.endpoint in roles.PUBLIC or "GET" not in (rule.methods or set()):
            continue
        values = {"site": "factory", "reader": "front-in", "zone": "lab", "act": "begin", "template": "tape24"}
        values |= dict.fromkeys(("sort", "format", "form"), "csv")
        address = re.sub(r"<any\(([^,)]+)[^>]*>", r"\1", rule.rule)  # the first of a choice
        for name in rule.arguments:
            address = address.replace(f"<int:{name}>", values.get(name, "1")).replace(f"<path:{name}>", values.get(name, "1"))
            address = address.replace(f"<{name}>", values.get(name, "1"))
        answer = anybody.get(address)
        assert answer.status_code in (302, 401), address
        assert "山田" not in answer.text


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        ("auditor", "/people/factory/register", 403),
        ("auditor", "/portals/factory/lab/release", 403),
        ("auditor", "/ledger.csv", 200),
        ("guard", "/portals/factory/lab/release", 200),
        ("guard", "/rights", 403),
        ("guard", "/ledger.csv", 403),
        ("admin", "/people/factory/1/enrol", 200),
        ("admin", "/rights/factory/8/approve", 403),
        ("manager", "/people/factory/1/enrol", 403),
        ("manager", "/people/elsewhere/1", 403),
    ],
)
def test_a_role_opens_its_pages_and_no_others(signed_in: SignIn, name: str, address: str, expected: int) -> None:
    """The administrator makes badges and approves nothing; the guard looks up and unlocks; the auditor only reads."""
    assert signed_in(name).get(address).status_code == expected


def test_buttons_are_those_of_the_role(signed_in: SignIn) -> None:
    """A person's page offers each role what it may ask for, and hides the rest."""
    assert "/people/factory/1/enrol" in signed_in("admin").get("/people/factory/1").text
    assert "/people/factory/1/enrol" not in signed_in("manager").get("/people/factory/1").text
    auditor = signed_in("auditor").get("/people/factory/1").text
    assert not any(act in auditor for act in ("/suspend", "/enrol", "/retire", "/revoke", "/ask"))


def test_somebody_without_a_role_gets_a_page_that_says_so(house: House, signed_in: SignIn) -> None:
    """An account whose operator the site does not know is signed in and may see nothing."""
    with db.write(house.engine) as connection:
        connection.execute(sa.delete(db.account_operator))

    answer = signed_in("manager").get("/")

    assert answer.status_code == 403
    assert "no role at any site" in answer.text


def test_a_scope_hides_what_is_outside_it(house: House, signed_in: SignIn) -> None:
    """Who answers for the laboratory is not offered to unlock the server room."""
    text = house.private("operator-4", name="guard").ref()
    house.write(OperatorRegistered(4, ("guard",), ("lab",), None, text, "active"))
    guard = signed_in("guard")

    assert "/portals/factory/lab/release" in guard.get("/portals/factory/lab").text
    assert "/portals/factory/server/release" not in guard.get("/portals/factory/server").text


def test_an_employee_sees_their_own_page_and_no_register(house: House, signed_in: SignIn) -> None:
    """Who asks for themselves alone begins at My page, and is shown no register and nobody else's comings and goings."""
    house.employee(1)
    employee = signed_in("employee")

    assert employee.get("/").location == "/my"
    assert "山田 花子" in employee.get("/my").text
    for address in ("/people", "/people/factory/1", "/ledger", "/rights", "/presence", "/api/v1/now", "/groups", "/holders"):
        assert employee.get(address).status_code in (403, 404), address
