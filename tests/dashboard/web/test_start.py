"""A site begun by one person: what every page says, what the second person sees, and what they may confirm (design §5)."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from example_house import House

from controller.record.kinds import person, start, trust
from controller.record.requests import read_body, read_envelope
from dashboard import database as db
from dashboard.intake.rebuild import rebuild

from .conftest import Browser

SignIn = Callable[[str], Browser]
ALONE, REVIEW = "was begun by one person", "/start/factory"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """The example site, begun by its administrator alone; the others were registered later."""
    return House(tmp_path).settle(alone=True)


def upto(house: House) -> int:
    """The last record."""
    return len(house.peer.records)


def asked(house: House) -> list[object]:
    """What the dashboard has asked of the site."""
    with house.engine.connect() as connection:
        found = connection.execute(sa.select(db.outbox.c.bytes).order_by(db.outbox.c.created_at)).scalars()
        return [read_body(read_envelope(bytes(data))) for data in found]


@pytest.mark.parametrize("name", ["admin", "manager", "guard", "auditor"])
def test_every_page_says_so_until_it_is_reviewed(house: House, signed_in: SignIn, name: str) -> None:
    """Whoever is signed in reads on every page who acts alone since when; after the review it is gone."""
    browser = signed_in(name)
    pages = ["/", "/ledger", "/people", "/people/factory/1", "/portals/factory/lab", "/nowhere"]

    for page in pages:
        said = browser.get(page).text
        assert ALONE in said and "adminさん has acted alone since 2026/11/2" in said, page
        assert (f'href="{REVIEW}"' in said) == (name != "guard")
        assert ("Register a second person" in said) == (name == "admin")

    house.write(start.StartReviewed(1, 3, upto(house), "reviewed"), by="operator:3")
    assert not any(ALONE in browser.get(page).text for page in pages)
    assert browser.get(REVIEW).status_code == (403 if name == "guard" else 404)


def test_a_stranger_is_told_nothing(anybody: Browser) -> None:
    """Before the sign-in no page names a site or who runs it."""
    assert ALONE not in anybody.get("/sign-in").text
    assert anybody.get(REVIEW).status_code == 302


def test_the_second_person_sees_everything_and_confirms(house: House, signed_in: SignIn) -> None:
    """What was done is listed in groups with names; the confirmation asks the site, up to the last record of the list."""
    browser = signed_in("suzuki")
    page = browser.get(REVIEW)
    for words in ("People and badges", "山田 花子", "Operators and dashboards", "Everything else"):
        assert words in page.text
    last = upto(house)
    assert f"/start/factory/confirm?upto={last}" in page.text

    confirm = f"{REVIEW}/confirm?upto={last}"
    assert browser.post(f"{REVIEW}/confirm", page=confirm, upto=str(last)).status_code == 400
    assert asked(house) == []
    house.write(person.PersonRegistered(90, house.private("person-90", name="後から").ref(), "active"), by="operator:1")
    answer = browser.post(f"{REVIEW}/confirm", page=confirm, upto=str(last), seen="yes")

    assert answer.status_code == 303 and "/requests/" in answer.location
    assert [(body.start, body.upto) for body in asked(house)] == [(1, last)]  # type: ignore[attr-defined]
    house.reply(answer.location.rpartition("/")[2], "subject", "body.upto")
    assert "Something was done after the list was made" in browser.get(answer.location).text


@pytest.mark.parametrize(("name", "page", "confirm"), [("admin", 200, 200), ("auditor", 200, 403), ("guard", 403, 403)])
def test_who_may_not_review(house: House, signed_in: SignIn, name: str, page: int, confirm: int) -> None:
    """The first person reads and cannot confirm, the auditor reads, the guard does neither."""
    browser = signed_in(name)
    assert browser.get(REVIEW).status_code == page
    assert "/confirm?upto" not in browser.get(REVIEW).text
    at = f"{REVIEW}/confirm?upto={upto(house)}"
    assert browser.get(at).status_code == confirm
    if confirm == 200:
        assert browser.post(f"{REVIEW}/confirm", page=at, upto=str(upto(house)), seen="yes").status_code == 200
    assert asked(house) == []


def test_another_account_of_the_same_human_is_the_first(house: House, signed_in: SignIn) -> None:
    """Who is known to be the same human is told what the first person is told."""
    text = house.private("operator-1", name="adminさん").ref()
    house.write(trust.OperatorRegistered(1, ("administrator",), ("*",), 7, text, "active"))
    house.write(trust.OperatorRegistered(2, ("manager",), ("*",), 7, text, "active"))

    assert "You did this yourself" in signed_in("manager").get(REVIEW).text
    assert "You did this yourself" not in signed_in("suzuki").get(REVIEW).text


@pytest.mark.parametrize("said", ["", "0", "-1", "x", "99999", "1" * 40])
def test_a_list_that_never_was_is_not_confirmed(signed_in: SignIn, said: str) -> None:
    """The confirmation is of records that are here."""
    assert signed_in("suzuki").get(f"{REVIEW}/confirm?upto={said}").status_code == 400


def test_nothing_is_confirmed_while_records_are_missing(house: House, signed_in: SignIn) -> None:
    """With a gap in the ledger the list is not whole, and the page says so instead of going on."""
    seq = house.peer.write(person.PersonRegistered(91, house.private("person-91", name="届かない").ref(), "active"))
    house.write(person.PersonRegistered(92, house.private("person-92", name="届いた").ref(), "active"))

    said = signed_in("suzuki").get(REVIEW).text
    assert "Records are missing here" in said and "confirm?upto" not in said
    assert seq + 1 == upto(house)


def test_a_right_waits_for_the_review(house: House, signed_in: SignIn) -> None:
    """Whoever would approve a right is led to the review first."""
    said = signed_in("suzuki").get("/rights/factory/6/approve").text

    assert "No right takes effect before" in said and f'href="{REVIEW}"' in said
    assert 'action="/rights/factory/6/approve"' not in said


def test_the_ledger_finds_what_is_marked(house: House, signed_in: SignIn) -> None:
    """The mark stands on the lines, on the record, in both exports, and is a filter; a wrong one is named."""
    first = next(n for n, raw in enumerate(house.peer.records, 1) if b'"mark"' in raw)
    house.write(start.StartReviewed(1, 3, upto(house), "reviewed"), by="operator:3")
    house.write(person.PersonRegistered(92, house.private("person-92", name="その後").ref(), "active"))
    marked, last = upto(house) - first - 1, upto(house)
    browser = signed_in("auditor")

    assert f"{marked} records." in browser.get("/ledger?mark=alone").text
    assert 'data-mark="alone"' not in browser.get(f"/ledger?after={last - 2}").text
    assert "Made while one operator was alone" in browser.get(f"/ledger/factory/1/{first}").text
    assert "Made while one operator was alone" not in browser.get(f"/ledger/factory/1/{last}").text
    assert "Did you mean alone?" in browser.get("/ledger?mark=alon").text
    rows = browser.get("/ledger.csv").text.splitlines()
    assert rows[0].endswith(",Mark") and (rows[first].endswith(",alone"), rows[last].endswith(",")) == (True, True)
    assert len(browser.get("/ledger.json?mark=alone").json) == marked  # type: ignore[arg-type]


def test_many_records_are_counted_and_led_to(house: House, signed_in: SignIn) -> None:
    """A group longer than the page shows its first records, and where in the ledger the others are."""
    for n in range(100, 160):
        house.write(person.PersonRegistered(n, house.private(f"person-{n}", name=f"人 {n}").ref(), "active"))

    said = signed_in("suzuki").get(REVIEW).text
    assert "The first 50 are shown" in said and "人 159" not in said
    assert "/ledger?site=factory&amp;mark=alone&amp;kind=person.registered" in said


def test_the_marks_survive_a_rebuild(house: House, signed_in: SignIn) -> None:
    """Folded anew from the stored bytes, the start still waits and the records are still marked."""
    browser = signed_in("suzuki")
    before = browser.get(REVIEW).text.count("chip warn")
    with db.write(house.engine) as connection:
        connection.execute(sa.update(db.record).values(mark=None))
    rebuild(house.engine)

    assert browser.get(REVIEW).text.count("chip warn") == before > 10
