"""The matrix of people and zones: every cell with its reasons, and nothing that is over (C7.1, C7.2)."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from example_house import House

from controller.record.kinds.person import PersonChanged
from controller.record.kinds.right import RightApproved, RightRequested, RightRevoked

from .conftest import Browser

SignIn = Callable[[str], Browser]


@pytest.fixture
def house(house: House) -> House:
    house.groups()
    house.time += timedelta(minutes=30)
    return house


def cells(browser: Browser, person: int, address: str = "/matrix") -> dict[str, str]:
    """The words of each cell of a person's row, by zone; empty cells left out."""
    (row,) = [row for row in browser.get(address).text.split("<tr ") if f'/people/factory/{person}"' in row]
    found = re.findall(r'<td role="cell" class="full" data-label="([^"]+)">(.*?)</td>', row, re.S)
    return {zone: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip() for zone, cell in found}


def test_each_cell_says_why(house: House, signed_in: SignIn) -> None:
    """Own right or by which group, in which hours, until when, what for; what waits is said to wait; all else is empty."""
    suzuki = signed_in("suzuki")

    sato = cells(suzuki, 2)
    assert sato["Prototype lab"] == "Office hours until 2027/03/31 by the group 試作班 班の業務のため"
    assert sato["Office"].startswith("Office hours until 2027/03/31 次期モデル")
    assert "Waiting for approval" in sato["Drawing store"] and set(sato) == {"Office", "Prototype lab", "Drawing store"}
    assert "Waiting for approval" in cells(suzuki, 8)["Office"] and len(cells(suzuki, 8)) == 1


def test_no_end_beyond_the_last_day(house: House, signed_in: SignIn) -> None:
    """Where a leaving date is set, that is the end that is shown (C7.2)."""
    text = house.private("person-2", name="佐藤 一郎").ref()
    house.write(PersonChanged(2, text, "2026-12-31", "2026-12-31T15:00:00.000000Z", "operator:2"))

    assert {cell.partition("until ")[2][:10] for cell in cells(signed_in("suzuki"), 2).values()} == {"2026/12/31"}
    person = signed_in("suzuki").get("/people/factory/2").text
    assert "2026/12/31" in person and "2027/03/31" not in person


def test_what_is_over_is_not_there(house: House, signed_in: SignIn) -> None:
    """A revoked right, and one whose end has passed, lead nowhere; one that begins later says so."""
    house.write(RightRevoked(2, 2, "revoked"))
    purpose = house.private("purpose-200", purpose="過去").ref()
    for number, zone, span in (
        (200, "server", ("2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z")),
        (201, "office", ("2027-01-01T00:00:00.000000Z", "2027-02-01T00:00:00.000000Z")),
    ):
        asked = RightRequested(number, 2, zone, "office", *span, purpose, 2, "requested", None, "escort")
        house.write(asked, RightApproved(number, 3, "active"), by="operator:2")

    row = cells(signed_in("suzuki"), 2)
    assert "Server room" not in row
    assert row["Office"].startswith("Later: Office hours") and "may escort" in row["Office"]


def test_who_may_look(house: House, signed_in: SignIn) -> None:
    """An auditor reads it, a guard does not; it finds by name and knows no zone beyond the last."""
    assert "佐藤" in signed_in("auditor").get("/matrix?q=サトウ").text
    assert signed_in("guard").get("/matrix").status_code == 403
    assert signed_in("auditor").get("/matrix?zone=99").status_code == 404
    assert "Nobody fits" in signed_in("auditor").get("/matrix?q=誰でもない").text
