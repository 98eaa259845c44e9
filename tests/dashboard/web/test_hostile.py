"""Visitors who mean no good: whatever is typed into an address or a form, the answer is a page that says no, never a fault."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest
from example_house import PASSWORD, House
from hypothesis import given
from hypothesis import strategies as st

from dashboard.paper.cell import plain_cell
from dashboard.web import roles

from .conftest import Browser

SignIn = Callable[[str], Browser]
NASTY = (
    "\0",
    "a\0b",
    "\ud800".encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"),
    "9" * 30,
    "9" * 5000,
    "-1",
    "１２",
    "%",
    "' OR 1=1 --",
    "../../etc/passwd",
    "http://[",
    "//x℀y",
    "\r\nSet-Cookie: x=1",
    "{{7*7}}",
    "<img src=x onerror=alert(1)>",
    "\u202e",
    "𠮷" * 500,
)
PARAMETERS = ("q", "after", "before", "site", "epoch", "kind", "portal", "person", "operator", "result", "code", "from", "to")
PARAMETERS += ("state", "lang", "next", "request", "_external", "_scheme", "endpoint")


def _addresses(house: House) -> list[str]:
    """Every address that can be fetched, its arguments left open."""
    rules = house.app().url_map.iter_rules()
    return sorted({rule.rule for rule in rules if "GET" in (rule.methods or ()) and rule.endpoint != "live.stream"})


def _filled(rule: str, nasty: str, which: str) -> str:
    """The address with nonsense in `all` of its arguments, in the `text`s, or in the `number`s only."""
    good = {"site": "factory", "id": "1", "epoch": "1", "seq": "60", "badge": "1", "reader": "lab-in", "filename": "app.css"}

    def value(found: re.Match[str]) -> str:
        name = found[1].rpartition(":")[2]
        numbers = found[1].startswith("int:")
        spoilt = which == "all" or (which == "number") == numbers
        return quote(nasty, safe="") if spoilt else good.get(name, "1")

    return re.sub(r"<([^>]+)>", value, rule)


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_address_is_a_fault(house: House, signed_in: SignIn, anybody: Browser, nasty: str) -> None:
    """Nonsense in any part of any path, signed in or not, is a page or a refusal: each address meets some of it."""
    manager = signed_in("suzuki")
    open_ones = [rule for rule in _addresses(house) if "<" in rule]
    for rule in open_ones[NASTY.index(nasty) % 5 :: 5]:
        everywhere = _filled(rule, nasty, "all")
        for address in {everywhere, _filled(rule, nasty, "text"), _filled(rule, nasty, "number")} - {_filled(rule, nasty, "")}:
            for browser in (manager, anybody) if address == everywhere else (manager,):
                answer = browser.get(address)
                assert answer.status_code < 500, rule
                assert "<img src=x" not in answer.text
                answer.close()


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_parameter_is_a_fault(signed_in: SignIn, nasty: str) -> None:
    """Nonsense in any parameter of the pages that take some; each parameter meets half of it."""
    manager = signed_in("suzuki")
    pages = ("/", "/ledger", "/ledger.csv", "/ledger.json", "/people", "/rights", "/api/v1/ledger", "/sign-in")
    pages += ("/people/factory/1/enrolment/lab-in",)
    for page in pages:
        for name in PARAMETERS[NASTY.index(nasty) % 2 :: 2]:
            answer = manager.get(f"{page}?{name}={quote(nasty, safe='')}")
            assert answer.status_code < 500, (page, name)
            assert "<img src=x" not in answer.text
            assert "x" not in [cookie.split("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]
            answer.close()


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_form_is_a_fault(signed_in: SignIn, anybody: Browser, nasty: str) -> None:
    """Nonsense in every field of every form, before and after sign-in."""
    fields = ("name", "password", "code", "again", "kana", "reason", "purpose", "zone", "schedule", "from", "until")
    fields += ("reader", "state", "theme", "back")
    form = {name: nasty[:400] for name in fields}
    for page in ("/sign-in", "/welcome"):
        assert anybody.post(page, **form).status_code < 500
    assert anybody.post("/appearance", page="/sign-in", **form).status_code in (400, 413)
    manager = signed_in("suzuki")
    for page in ("/people/factory/register", "/people/factory/1/rights/ask", "/portals/factory/lab/release"):
        assert manager.post(page, **form).status_code < 500
    for page in ("/people/factory/1/suspend", "/people/factory/1/badges/1/retire"):
        assert manager.post(page, **form).status_code < 500


def test_thousands_of_parameters_are_bounded(signed_in: SignIn) -> None:
    """An address full of parameters that nobody knows is answered with a few of them."""
    answer = signed_in("suzuki").get("/ledger?" + "&".join(f"p{n}=x" for n in range(3000)))

    assert answer.status_code == 400 and len(answer.data) < 200_000


@pytest.mark.parametrize(
    "elsewhere",
    ["http://[", "//x℀y", "/\t/evil.example", "/%5Cevil.example/../\\evil.example", "///evil.example", "http:/evil.example"],
)
def test_no_way_leads_elsewhere(anybody: Browser, elsewhere: str) -> None:
    """Whatever stands in `next`, a sign-in leads to a path of this host."""
    answer = anybody.post(f"/sign-in?next={quote(elsewhere, safe='')}", name="manager", password=PASSWORD)

    assert answer.status_code == 303
    assert re.fullmatch(r"/([^/\\].*)?", answer.location)


def test_everything_but_the_listed_needs_a_sign_in(house: House, anybody: Browser) -> None:
    """No address answers a stranger with anything but what is said to be public."""
    app = house.app()
    for rule in app.url_map.iter_rules():
        if rule.endpoint in roles.PUBLIC:
            continue
        for method in (rule.methods or set()) - {"OPTIONS"}:
            answer = anybody.client.open(_filled(rule.rule, "1", "text"), method=method)
            assert answer.status_code in (302, 400, 401, 404), (rule.rule, method)
            assert answer.status_code != 302 or answer.location.startswith("/sign-in")


# Names ---------------------------------------------------------------------------------------------------------------


def test_a_name_cannot_turn_the_line_around(house: House, signed_in: SignIn) -> None:
    """Characters that reverse or hide what follows are shown as what they are not: a replacement character (UTR 36)."""
    house.private("person-1", name="山田\u202eevil\u2066", kana="ヤマダ\x07")
    manager = signed_in("suzuki")
    for page in ("/people", "/people/factory/1", "/ledger.csv", "/ledger.json", "/"):
        answer = manager.get(page)
        text = answer.text
        answer.close()
        assert not set("\u202e\u2066\x07") & set(text), page
    assert "山田\ufffdevil\ufffd" in manager.get("/people/factory/1").text


def test_such_a_name_is_not_taken(signed_in: SignIn) -> None:
    """A form refuses them, and says so; ordinary names of any script are taken."""
    manager = signed_in("suzuki")
    for name in ("山田\u202e花子", "a\x07b", "\u2066x"):
        answer = manager.post("/people/factory/register", name=name)
        assert answer.status_code == 400 and "cannot be used here" in answer.text
    for name in ("山田 花子", "Nguyễn Văn An", "葛\U000e0100城", "محمد", "O'Brien-Łukasz"):
        assert manager.post("/people/factory/register", name=name).status_code == 303
    assert manager.post("/people/factory/1/suspend", reason="two\r\nlines").status_code == 303


@given(st.text(max_size=12))
def test_no_cell_is_a_formula(text: str) -> None:
    """No text that begins, blanks apart, with what starts a formula in some locale is left so (OWASP CSV injection)."""
    cell = str(plain_cell(text))

    assert cell == text or cell == f"'{text}"
    assert not cell.lstrip().startswith(tuple("=+-@＝＋－＠\t\r"))


# Sign-in -------------------------------------------------------------------------------------------------------------


def test_failing_with_anothers_name_does_not_lock_them_out(house: House) -> None:
    """A stranger who fails on purpose with a name locks it for strangers; the device that its owner used still gets in."""
    app = house.app()
    app.testing = True
    own, stranger = Browser(app.test_client()), Browser(app.test_client())
    own.sign_in("manager")
    own.post("/sign-out", page="/")

    for _ in range(6):
        last = stranger.sign_in("manager", "wrong wrong wrong")
    assert last.status_code == 429
    assert own.sign_in("manager").status_code == 303


def test_a_known_device_has_no_endless_tries(house: House) -> None:
    """The device that is known for one name has its own bound, and no credit for another name."""
    app = house.app()
    app.testing = True
    own = Browser(app.test_client())
    own.sign_in("manager")
    own.post("/sign-out", page="/")

    answers = [own.sign_in("manager", "wrong wrong wrong").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    other = Browser(app.test_client())
    answers = [other.sign_in("guard", "wrong wrong wrong").status_code for _ in range(5)]
    assert own.sign_in("guard").status_code == 429


def test_a_name_is_found_as_it_is_typed(anybody: Browser) -> None:
    """Full-width letters from a Japanese keyboard are the same name, as they are where the account is made."""
    assert anybody.sign_in(" ｍａｎａｇｅｒ ").status_code == 303


def test_signing_out_everywhere(house: House) -> None:
    """One button ends every session of the account, and nobody else's."""
    app = house.app()
    app.testing = True
    here, there, other = (Browser(app.test_client()) for _ in range(3))
    for browser, name in ((here, "manager"), (there, "manager"), (other, "guard")):
        browser.sign_in(name)

    here.post("/sign-out", page="/", everywhere="1")

    assert [browser.get("/").status_code for browser in (here, there, other)] == [302, 302, 200]


def test_a_session_from_the_future_is_none(house: House, anybody: Browser) -> None:
    """After the clock was set back, a session does not live on until the old time comes round again."""
    anybody.sign_in("manager")
    house.time -= timedelta(hours=9)

    assert anybody.get("/").status_code == 302


def test_a_cookie_from_before_the_sign_in_is_worth_nothing(house: House) -> None:
    """A session that somebody planted in a browser is not the one that its owner signs in to."""
    app = house.app()
    app.testing = True
    victim, planter = Browser(app.test_client()), Browser(app.test_client())
    planter.get("/sign-in")
    planted = planter.client.get_cookie("sekimori")
    assert planted is not None
    victim.client.set_cookie("sekimori", planted.value)
    victim.sign_in("manager")

    assert planter.get("/").status_code == 302
    signed = victim.client.get_cookie("sekimori")
    assert signed is not None and signed.value != planted.value
