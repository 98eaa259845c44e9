"""Signing in and out: who gets in, who does not, and what a session is worth."""

from datetime import timedelta

import sqlalchemy as sa
from argon2 import extract_parameters
from example_house import PASSWORD, House

from controller.record.canonical import timestamp
from controller.record.kinds.trust import OperatorRetired
from dashboard import database as db
from dashboard.first_code import hash_code
from dashboard.web import password

from .conftest import Browser, plain

NEW = "eight hundred wooden steps"


def test_name_and_password_open_the_first_page(anybody: Browser) -> None:
    """The right password leads to Now, and the cookie is out of scripts' reach and not sent across sites."""
    answer = anybody.sign_in("manager")

    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert anybody.get("/").status_code == 200


def test_an_unknown_name_and_a_wrong_password_get_one_answer(anybody: Browser) -> None:
    """Nobody learns from the answer which names exist."""
    unknown = anybody.sign_in("nobody", "wrong wrong wrong")
    wrong = anybody.sign_in("manager", "wrong wrong wrong")

    assert unknown.status_code == wrong.status_code == 422
    assert plain(unknown).replace("nobody", "manager") == plain(wrong)


def test_an_account_without_a_password_lets_nobody_in(house: House, anybody: Browser) -> None:
    """An account that was made and never welcomed has no password that fits, not even an empty one."""
    with db.write(house.engine) as connection:
        connection.execute(sa.update(db.account).where(db.account.c.name == "guard").values(password_hash=None))

    assert anybody.sign_in("guard").status_code == 422
    assert anybody.sign_in("guard", "").status_code == 422


def test_failed_attempts_are_told_at_the_next_sign_in(house: House, anybody: Browser) -> None:
    """Whoever signs in after others failed with the name learns of it, once."""
    anybody.sign_in("manager", "wrong wrong wrong")
    anybody.sign_in("manager")

    assert "1回失敗しています" in anybody.get("/").text
    assert "失敗しています" not in anybody.get("/").text


def test_who_fails_too_often_waits(anybody: Browser) -> None:
    """The sixth wrong password in a minute is not even looked at, and nor is the right one then; other names go on."""
    for _ in range(5):
        assert anybody.sign_in("manager", "wrong wrong wrong").status_code == 422

    assert anybody.sign_in("manager", "wrong wrong wrong").status_code == 429
    refused = anybody.sign_in("manager")
    assert refused.status_code == 429 and "待って" in refused.text
    assert anybody.sign_in("guard").status_code == 303


def test_a_form_without_its_token_is_refused(anybody: Browser) -> None:
    """A POST that did not come from our page changes nothing and says so."""
    answer = anybody.client.post("/sign-in", data={"name": "manager", "password": PASSWORD})

    assert answer.status_code == 400
    assert anybody.get("/").status_code == 302


def test_signing_out_ends_the_session_here(anybody: Browser) -> None:
    """A copy of the cookie is worth nothing after its owner signed out."""
    anybody.sign_in("manager")
    copy = anybody.client.get_cookie("sekimori")
    assert copy is not None

    anybody.post("/sign-out", page="/")
    anybody.client.set_cookie("sekimori", copy.value)

    assert anybody.get("/").status_code == 302


def test_half_an_hour_without_a_page_ends_the_session(house: House, anybody: Browser) -> None:
    """Somebody who walks away is signed out after thirty minutes, whatever the page asks by itself meanwhile."""
    anybody.sign_in("manager")
    house.time += timedelta(minutes=20)
    assert anybody.get("/").status_code == 200
    for _ in range(3):
        house.time += timedelta(minutes=9)
        assert anybody.get("/api/v1/now").status_code == 200
    house.time += timedelta(minutes=9)

    assert anybody.get("/api/v1/now").status_code == 401
    assert anybody.get("/").status_code == 302


def test_eight_hours_end_the_session_in_any_case(house: House, anybody: Browser) -> None:
    """However busy it was, a session does not outlive a working day."""
    anybody.sign_in("manager")
    for _ in range(24):
        house.time += timedelta(minutes=20)
        assert anybody.get("/").status_code == 200
    house.time += timedelta(minutes=1)

    assert anybody.get("/").status_code == 302


def test_a_retired_operator_sees_nothing_more(house: House, anybody: Browser) -> None:
    """The site's record that an operator is retired takes effect at the next page, without a new sign-in."""
    anybody.sign_in("manager")
    assert anybody.get("/").status_code == 200

    house.write(OperatorRetired(2, "retired"))

    assert anybody.get("/").status_code == 403


def test_sign_in_leads_back_but_never_away(anybody: Browser) -> None:
    """After sign-in one is where one wanted to be, if that is here."""
    asked = anybody.get("/people?q=山田")
    assert asked.status_code == 302 and "next=" in asked.location
    assert anybody.post(asked.location, name="manager", password=PASSWORD).location == "/people?q=%E5%B1%B1%E7%94%B0"

    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        anybody.post("/sign-out", page="/")
        answer = anybody.post(f"/sign-in?next={elsewhere}", name="manager", password=PASSWORD)
        assert answer.location == "/"


def _first_time(house: House, minutes: int = 30) -> None:
    values = {
        "password_hash": None,
        "code_hash": hash_code("4F7K-29QM"),
        "code_expires_at": timestamp(house.time + timedelta(minutes=minutes)),
    }
    with db.write(house.engine) as connection:
        connection.execute(sa.update(db.account).where(db.account.c.name == "manager").values(values))


def test_the_code_from_the_console_is_good_once(house: House, anybody: Browser) -> None:
    """The first operator trades the code for a password and is in; the code is worth nothing after that."""
    _first_time(house)

    answer = anybody.post("/welcome", name="manager", code="4f7k 29qm", password=NEW, again=NEW)
    assert answer.status_code == 303
    assert anybody.get("/").status_code == 200

    anybody.post("/sign-out", page="/")
    assert anybody.post("/welcome", name="manager", code="4F7K-29QM", password=NEW, again=NEW).status_code == 422
    assert anybody.sign_in("manager", NEW).status_code == 303


def test_an_old_or_wrong_code_changes_nothing(house: House, anybody: Browser) -> None:
    """A code past its half hour, a wrong one, and one for nobody get the same answer; so does one that would live for
    hours because the clock was set back."""
    _first_time(house, minutes=120)
    back = anybody.post("/welcome", name="manager", code="4F7K-29QM", password=NEW, again=NEW)
    _first_time(house, minutes=-1)
    old = anybody.post("/welcome", name="manager", code="4F7K-29QM", password=NEW, again=NEW)
    _first_time(house)
    wrong = anybody.post("/welcome", name="manager", code="4F7K-29QX", password=NEW, again=NEW)
    nobody = anybody.post("/welcome", name="nobody", code="4F7K-29QM", password=NEW, again=NEW)

    assert back.status_code == old.status_code == wrong.status_code == nobody.status_code == 422
    assert plain(back) == plain(old) == plain(wrong) == plain(nobody).replace("nobody", "manager")


def test_a_poor_password_is_refused_and_the_code_kept(house: House, anybody: Browser) -> None:
    """Too short, unlike its repetition, or with the name in it: the form says which, and the code can be used again."""
    _first_time(house)
    for new, again in (("elevenchars", "elevenchars"), (NEW, NEW + "!"), ("the Manager's own", "the Manager's own")):
        assert anybody.post("/welcome", name="manager", code="4F7K-29QM", password=new, again=again).status_code == 400

    assert anybody.post("/welcome", name="manager", code="4F7K-29QM", password=NEW, again=NEW).status_code == 303


def test_a_name_that_nobody_has_costs_what_any_does() -> None:
    """What is verified for a name that does not exist was hashed at the cost of every password."""
    made = extract_parameters(password.NOBODY)
    assert (made.type.name, made.time_cost, made.memory_cost, made.parallelism) == ("ID", 3, 32 * 1024, 2)


def test_a_password_of_any_length_is_bounded() -> None:
    """A giant password costs no more than a short one, and never matches."""
    assert not password.matches(password.hashed(""), "x" * 1_000_000)
    assert password.problem("x" * 257, "x" * 257, "manager") == "long"
