"""Erasing a person at the page: effects first, another person than who suspended, and what is shown afterwards."""

from collections.abc import Callable

import sqlalchemy as sa
from example_house import House

from controller.record.asks import ErasePerson
from controller.record.kinds import person
from controller.record.requests import read_body, read_envelope
from dashboard import database as db

from .conftest import Browser

SignIn = Callable[[str], Browser]
PAGE = "/people/factory/1/erase"


def suspended(house: House, by: int = 2) -> None:
    why = house.private("reason-9", reason="退職").ref()
    house.write(person.PersonSuspended(1, "suspended", why), by=f"operator:{by}")


def test_the_second_person_sees_the_effects_and_asks(house: House, signed_in: SignIn) -> None:
    """What goes, what stays and who suspended is said before; a reason and the confirmation are asked for; then it is sent."""
    suspended(house)
    suzuki = signed_in("suzuki")
    assert f'href="{PAGE}"' in suzuki.get("/people/factory/1").text

    page = suzuki.get(PAGE).text

    for said in ("This cannot be undone.", "was suspended by managerさん; you are the second person", "山田 花子", "Backups"):
        assert said in page
    wrong = suzuki.post(PAGE, reason="", understood="")
    assert wrong.status_code == 400 and "Choose why." in wrong.text and "Confirm that" in wrong.text
    assert suzuki.post(PAGE, reason="asked", understood="yes").status_code == 303
    with house.engine.connect() as connection:
        data = connection.execute(sa.select(db.outbox.c.bytes)).scalar_one()
    assert read_body(read_envelope(data)) == ErasePerson(1, "asked")


def test_who_suspended_is_told_that_somebody_else_has_to(house: House, signed_in: SignIn) -> None:
    """The one who suspended has no form, a guard no page; and nobody a form for a person who is not suspended."""
    manager, guard = signed_in("manager"), signed_in("guard")
    assert "is not suspended" in manager.get(PAGE).text
    suspended(house)

    page = manager.get(PAGE).text

    assert "Somebody else has to erase" in page and "<button" not in page.partition("<h1>")[2].partition("</main>")[0]
    assert guard.get(PAGE).status_code == 403


def test_an_erased_person_is_a_number_that_says_so(house: House, signed_in: SignIn) -> None:
    """Everywhere the name stood there is the number, with the word for it in the reader's language."""
    suspended(house)
    house.write(person.PersonErased(1, "asked", "erased"), by="operator:3")
    suzuki = signed_in("suzuki")

    page, people = suzuki.get("/people/factory/1").text, suzuki.get("/people?site=factory").text

    assert "#1 (erased)" in page and "#1 (erased)" in people
    for text in ("山田 花子", "ヤマダ ハナコ", "設計部 · 係長", "次期モデルの試作と評価"):
        assert text not in page
    assert "山田 花子" not in people + suzuki.get("/ledger?site=factory").text
    assert "The person asked for it" in page
    assert "#1（消去済み）" in suzuki.get("/people/factory/1?lang=ja").text
    assert "消去済み" in suzuki.get(PAGE + "?lang=ja").text or "すでに消去" in suzuki.get(PAGE).text
