"""Reviews of rights, and the register of right holders, on the dashboard's pages (C7.4, C7.5)."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from example_house import House

from controller.record.kinds import condition, person, review, right
from controller.record.private import PrivateRef

from .conftest import Browser
from .test_leaving import asked

SignIn = Callable[[str], Browser]


@pytest.fixture
def opened(house: House) -> House:
    """A review of the office, due in ten days; of its five rights one is kept, one narrowed and one revoked."""
    house.write(review.ReviewOpened(1, ("office",), "2026-12-01", "2026-12-01T15:00:00.000000Z", 3, "open"), by="operator:3")
    until = "2027-03-31T15:00:00.000000Z"
    house.write(
        right.RightRevoked(3, 3, "revoked"),
        review.RightKept(1, 1, 5, "keep", "office", until, "active"),
        review.RightKept(2, 1, 5, "narrow", "office", "2027-01-31T15:00:00.000000Z", "active"),
    )
    return house


def test_the_progress_and_what_waits(opened: House, signed_in: SignIn) -> None:
    """Of five rights three are decided, each under its decision with who decided; the others wait (C7.4)."""
    auditor = signed_in("auditor")

    assert "3 / 5" in auditor.get("/reviews").text
    text = auditor.get("/reviews/factory/1").text
    assert "髙橋" in text and "Nguy" in text and "山田" not in text
    assert "山田" in auditor.get("/reviews/factory/1?status=keep").text
    assert "auditorさん" in auditor.get("/reviews/factory/1?status=narrow").text
    assert "鈴木 次郎" in auditor.get("/reviews/factory/1?status=revoked").text
    assert auditor.get("/reviews/factory/1?status=odd").status_code == 400
    assert auditor.get("/reviews/factory/2").status_code == 404


def test_warned_before_and_red_after(opened: House, signed_in: SignIn) -> None:
    """The first page warns before the due date; afterwards it is red, as long as something is not decided (C7.4)."""
    manager = signed_in("manager")
    assert 'data-review="1"' in manager.get("/").text and 'data-due="soon"' in manager.get("/reviews").text
    opened.write(review.RightSuspended(4, 1, "suspended"), review.RightSuspended(5, 1, "suspended"))
    opened.write(review.ReviewClosed(1, "closed"))
    opened.time += timedelta(days=11)
    opened.hear()
    manager = signed_in("manager")  # the session of ten days ago has ended

    assert 'data-due="overdue"' in manager.get("/reviews").text
    assert "is overdue" in manager.get("/").text
    assert "Suspended, not decided in time" in manager.get("/reviews/factory/1").text
    assert "停止" in manager.get("/rights?state=suspended&lang=ja").text


def test_a_third_person_decides(opened: House, signed_in: SignIn) -> None:
    """Whoever asked for the right or approved it is told so and gets no form; who neither did may not be anybody (C7.3)."""
    for name in ("manager", "suzuki"):  # asked, approved
        giver = signed_in(name)
        assert "another person decides" in giver.get("/reviews/factory/1").text
        text = giver.get("/reviews/factory/rights/4/keep").text
        assert "another person has to decide" in text and "The right is still needed" not in text
    assert signed_in("guard").get("/reviews/factory/rights/4/keep").status_code == 403


def test_keeping_and_narrowing(opened: House, signed_in: SignIn) -> None:
    """The form asks to keep the right, or with an earlier end; a later one is refused at its field (C7.4)."""
    number = len(opened.peer.records)
    opened.ask_right(20, 7, "office", by=1)
    opened.write(right.RightApproved(20, 2, "active"), by="operator:2")
    opened.write(review.ReviewOpened(2, ("*",), "2026-12-01", "2026-12-01T15:00:00.000000Z", 3, "open"), by="operator:3")
    assert len(opened.peer.records) > number
    suzuki = signed_in("suzuki")

    assert suzuki.post("/reviews/factory/rights/20/keep", until="", schedule="").status_code == 303
    assert asked(opened)[1:3] == ("review.keep", {"access_right": 20, "schedule": None, "until_at": None})
    assert suzuki.post("/reviews/factory/rights/20/keep", until="2027-01-31", schedule="always").status_code == 303
    assert asked(opened)[2] == {"access_right": 20, "schedule": "always", "until_at": "2027-01-31T15:00:00.000000Z"}
    late = suzuki.post("/reviews/factory/rights/20/keep", until="2028-01-31", schedule="")
    assert late.status_code == 400 and "not later than it does now" in late.text
    assert suzuki.get("/reviews/factory/rights/3/keep").status_code == 404, "it is revoked"


def test_opening_a_review(house: House, signed_in: SignIn) -> None:
    """Zones and a due day after today are asked for; every zone is one word (C7.4)."""
    manager = signed_in("manager")

    assert manager.post("/reviews/factory/open", due="2026-12-24").status_code == 400
    assert manager.post("/reviews/factory/open", zone="lab", due="2026-11-22").status_code == 400
    assert manager.post("/reviews/factory/open", zone="lab", due="2026-12-24").status_code == 303
    assert asked(house)[1:3] == ("review.open", {"zones": ("lab",), "due_on": "2026-12-24"})
    assert manager.post("/reviews/factory/open", zone="*", due="2026-12-24").status_code == 303
    assert asked(house)[2] == {"zones": ("*",), "due_on": "2026-12-24"}


def test_the_register_of_today_and_of_a_day_before(house: House, signed_in: SignIn) -> None:
    """Name, title, zone, day, who set it and training; yesterday's has nobody, and a day to come is refused (C7.5)."""
    house.write(condition.TrainingCompleted(1, 1, "induction", "2026-11-20", None, 2, None, "recorded"), by="operator:2")
    auditor = signed_in("auditor")

    text = auditor.get("/right-holders").text
    assert "山田 花子" in text and "係長" in text and "managerさん → suzukiさん" in text and "2026/11/20" in text
    assert "小林" not in text, "not approved"
    assert "Nobody held a right then." in auditor.get("/right-holders?day=2026-11-21").text
    assert "Nobody held a right then." in auditor.get("/right-holders?zone=lab").text
    assert auditor.get("/right-holders?day=2026-11-23").status_code == 400
    assert auditor.get("/right-holders?day=never").status_code == 400
    assert auditor.get("/right-holders?zone=attic").status_code == 404
    assert signed_in("guard").get("/right-holders").status_code == 403


def test_a_past_register_is_as_it_was(house: House, signed_in: SignIn) -> None:
    """Who left since is in it; who was erased stands there as erased; who is called otherwise now is marked (C7.5)."""
    house.peer.minutes += 2 * 24 * 60
    house.write(right.RightRevoked(1, 2, "revoked"), person.PersonLeft(1, "operator:2", "left"))
    house.write(right.RightRevoked(2, 2, "revoked"), person.PersonErased(2, "unneeded", "erased"))
    house._take([house.peer.private(house.keys.public, "person-3", {"name": "鈴木 改姓"}, 2)])
    house.write(person.PersonChanged(3, PrivateRef("person-3", 2, "ab" * 32), None, None, None))
    house.time += timedelta(days=3)
    house.hear()
    auditor = signed_in("auditor")

    now, then = auditor.get("/right-holders").text, auditor.get("/right-holders?day=2026-11-22").text

    assert "山田 花子" not in now and "鈴木 改姓" in now and "marked *" not in now
    assert "山田 花子" in then and "#2 (erased)" in then and "marked *" in then and "鈴木 改姓</a>*" in then


def test_the_file_holds_all_of_it_and_no_formula(house: House, signed_in: SignIn) -> None:
    """The CSV has a byte order mark, every line, and no cell that a spreadsheet would run (C7.5)."""
    house.write(right.RightApproved(6, 3, "active"), by="operator:3")
    answer = signed_in("auditor").get("/right-holders.csv")

    assert answer.headers["Content-Disposition"].startswith("attachment") and answer.text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 6
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "@", "+"))]
