"""Who is inside, on the dashboard: what a form asks of the site, and what the pages tell and offer (C8.9)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from example_house import House

from controller.record.kinds.noted import EntryConfirmed
from controller.record.kinds.presence import PresenceMoved

from .conftest import Browser
from .test_requests import _asked

SignIn = Callable[[str], Browser]


@pytest.fixture
def house(house: House) -> House:
    return house.presence()


@pytest.mark.parametrize(
    ("name", "address", "fields", "kind", "body", "private"),
    [
        (
            "guard",
            "/presence/factory/1/correct",
            {"zone": "outside", "reason": "本人に電話"},
            "presence.correct",
            {"person": 1, "zone": ""},
            {"reason": "本人に電話"},
        ),
        (
            "manager",
            "/presence/factory/1/correct",
            {"zone": "lab", "reason": "巡回で確認"},
            "presence.correct",
            {"person": 1, "zone": "lab"},
            {"reason": "巡回で確認"},
        ),
        (
            "manager",
            "/presence/factory/1/forgive",
            {"until": "2026-11-22T23:00", "reason": "共連れで退室"},
            "presence.forgive",
            {"person": 1, "until_at": "2026-11-22T14:00:00.000000Z"},
            {"reason": "共連れで退室"},
        ),
        (
            "suzuki",
            "/presence/factory/4/note",
            {"portal": "front", "side": "in", "at": "2026-11-22T08:30", "reason": "停電中の受付簿"},
            "entry.note",
            {"person": 4, "portal": "front", "side": "in", "book_at": "2026-11-21T23:30:00.000000Z"},
            {"reason": "停電中の受付簿"},
        ),
        ("guard", "/presence/factory/entries/1/confirm", {}, "entry.confirm", {"note": 1}, {}),
        ("guard", "/presence/factory/entries/1/decline", {}, "entry.decline", {"note": 1}, {}),
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
    """What was typed reaches the site as a request of the operator who is signed in."""
    signed_in(name).post(address, **fields)

    assert _asked(house)[:3] == (kind, body, private)


@pytest.mark.parametrize(
    ("address", "fields", "wrong"),
    [
        ("/presence/factory/1/correct", {"zone": "attic", "reason": "x"}, "zone"),
        ("/presence/factory/1/correct", {"zone": "lab", "reason": " "}, "reason"),
        ("/presence/factory/1/forgive", {"until": "2020-01-01T00:00", "reason": "x"}, "until"),
        ("/presence/factory/1/forgive", {"until": "soon", "reason": "x"}, "until"),
        ("/presence/factory/4/note", {"portal": "attic", "side": "in", "at": "2026-11-22T08:30", "reason": "x"}, "portal"),
        ("/presence/factory/4/note", {"portal": "front", "side": "up", "at": "2026-11-22T08:30", "reason": "x"}, "side"),
        ("/presence/factory/4/note", {"portal": "front", "side": "in", "at": "2027-11-22T08:30", "reason": "x"}, "at"),
        ("/presence/factory/4/note", {"portal": "front", "side": "in", "at": "2026-11-22T08:30", "reason": ""}, "reason"),
    ],
)
def test_mistakes_stand_beside_their_field(
    house: House, signed_in: SignIn, address: str, fields: dict[str, str], wrong: str
) -> None:
    """A wrong form is shown again with the mistake beside its field, what was typed is kept, and nothing is asked."""
    answer = signed_in("manager").post(address, **fields)

    assert answer.status_code == 400 and f'id="w-{wrong}"' in answer.text


def test_who_is_inside(house: House, signed_in: SignIn) -> None:
    """By zone and name, since when, and whether it is certain; the totals say how many are not (C8.9)."""
    text = signed_in("guard").get("/presence?lang=en").text

    assert "3 people inside" in text and "2 not certain" in text
    assert "山田 花子" in text and 'data-doubt="button"' in text and "Somebody left by the exit button" in text
    assert "髙橋 﨑子" not in text


def test_now_says_how_many(house: House, signed_in: SignIn) -> None:
    """The first page says how many are inside, with the way to who they are; so does what keeps it alive."""
    guard = signed_in("guard")

    assert '<a href="/presence?site=factory">' in guard.get("/").text and 'data-slot="inside">3<' in guard.get("/").text
    assert guard.get("/api/v1/now").json["sites"][0]["inside"] == 3


def test_the_list_of_a_zone(house: House, signed_in: SignIn) -> None:
    """The list for a muster has everybody, or those of one zone and of what lies in it; no such zone is no page."""
    guard = signed_in("guard")
    whole, lab = guard.get("/presence/factory/muster?lang=en").text, guard.get("/presence/factory/muster?zone=lab").text

    assert "山田 花子" in whole and "鈴木 次郎" in whole
    assert "山田 花子" not in lab and "鈴木 次郎" in lab
    assert guard.get("/presence/factory/muster?zone=attic").status_code == 404


def test_an_old_copy_says_so(house: House, signed_in: SignIn) -> None:
    """With the site out of reach the list is still there, with the time as of which it is."""
    guard = signed_in("guard")
    house.time += timedelta(minutes=10)

    text = guard.get("/presence/factory/muster?lang=en").text

    assert 'data-note="stale"' in text and "This is how it stood at" in text and "山田 花子" in text


def test_a_move_is_on_the_page(house: House, signed_in: SignIn) -> None:
    """Who has left stands there no more, and who came by the book is marked as such."""
    guard = signed_in("guard")
    house.write(PresenceMoved(3, "lab", "", "lab", 9, True))
    confirmed = EntryConfirmed(1, 4, "front", "in", "office", house.peer.now(), 2, 4, True, True, "confirmed")
    house.write(confirmed, by="operator:4")

    text = guard.get("/presence?lang=en").text

    assert "鈴木 次郎" not in text and "髙橋 﨑子" in text
    assert 'data-source="book"' in text and "By the book" in text


def test_entries_by_hand(house: House, signed_in: SignIn) -> None:
    """What waits for a second name is offered to whoever may give it, with the first name and the reason; not twice."""
    guard, auditor = signed_in("guard"), signed_in("auditor")
    page = guard.get("/presence/factory/entries?lang=en").text

    assert "受付簿 12 ページ" in page and "managerさん" in page and "/presence/factory/entries/1/confirm" in page
    assert "/entries/1/confirm" not in auditor.get("/presence/factory/entries").text
    assert guard.get("/presence/factory/entries/7/confirm").status_code == 404
    assert guard.get("/presence/factory/entries/1/forget").status_code == 404


@pytest.mark.parametrize("address", ["correct", "forgive", "note"])
def test_an_auditor_only_looks(house: House, signed_in: SignIn, address: str) -> None:
    """Who may not put anything right is shown no way to it, and is refused the address."""
    auditor = signed_in("auditor")

    assert auditor.get("/presence").status_code == 200
    assert auditor.get(f"/presence/factory/1/{address}").status_code == 403
    assert f"/presence/factory/1/{address}" not in auditor.get("/people/factory/1").text
    assert f"/presence/factory/1/{address}" in signed_in("manager").get("/people/factory/1").text
