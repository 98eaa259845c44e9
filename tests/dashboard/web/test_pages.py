"""Pages as people meet them: what is stale, missing or broken is said; languages, themes and errors hold everywhere."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from example_house import House
from msgspec.structs import replace

from controller.record.canonical import timestamp
from controller.record.kinds.calendar import CalendarConfigured, UnlockingSet
from controller.record.kinds.clock import ClockDoubted, ClockTrusted
from controller.record.kinds.door import DoorClosed
from controller.record.kinds.person import PersonSuspended
from controller.record.kinds.site import PartRecovered
from dashboard.intake.intake import Message
from dashboard.web.language import local_moment, span_text

from .conftest import Browser

SignIn = Callable[[str], Browser]
DASHBOARD = Path(__file__).parents[3] / "dashboard"


def test_every_sentence_is_in_japanese() -> None:
    """No message of a template or view is missing from the catalogue, and none in it is left over or empty."""
    methods = [("web/**.py", "python"), ("views/**.py", "python"), ("templates/**.html", "jinja2")]
    keywords = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
    used = {
        message if isinstance(message, str) else message[0]
        for _, _, message, _, _ in extract_from_dir(DASHBOARD, methods, keywords=keywords)
    }
    with (DASHBOARD / "translations/ja/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file)
    said = {(m.id if isinstance(m.id, str) else m.id[0]): m.string for m in catalogue if m.id}

    assert used == said.keys()
    assert all(string and all(string) for string in said.values())
    for english, japanese in said.items():
        japanese = japanese if isinstance(japanese, str) else japanese[0]
        names = re.findall(r"%\(\w+\)s|\{n\}", english)
        assert sorted(names) == sorted(re.findall(r"%\(\w+\)s|\{n\}", japanese)), english


def test_the_language_is_chosen_and_kept(anybody: Browser) -> None:
    """The browser's language counts until somebody chooses; the choice stays, and is in the page's lang."""
    assert 'lang="ja"' in anybody.get("/sign-in").text
    assert 'lang="en"' in anybody.get("/sign-in", headers={"Accept-Language": "en-GB,en;q=0.9"}).text
    assert 'lang="ja"' in anybody.get("/sign-in", headers={"Accept-Language": "de"}).text
    anybody.get("/sign-in?lang=en")
    assert "Sign in" in anybody.get("/sign-in").text
    anybody.get("/sign-in?lang=xx")
    assert '<html lang="en"' in anybody.get("/sign-in").text


def test_the_language_link_keeps_the_page_and_stays_here(signed_in: SignIn) -> None:
    """Switching the language keeps the filter; what somebody put into the address cannot bend the link elsewhere."""
    guard = signed_in("guard")

    assert 'href="/ledger?result=refused&amp;lang=ja"' in guard.get("/ledger?result=refused").text
    for odd in ("endpoint=x", "_external=1&_scheme=javascript", "_anchor=x", "values=1", "self=1"):
        text = guard.get(f"/?{odd}").text
        assert f'href="/?{odd.replace("&", "&amp;")}&amp;lang=ja"' in text
    assert 'href="//' not in guard.get("//evil.example/%2e%2e").text


def test_the_theme_is_chosen_without_javascript(anybody: Browser) -> None:
    """As the device, light or dark: a form sets it, and the page carries it."""
    assert "data-bs-theme" not in anybody.get("/sign-in").text
    answer = anybody.post("/appearance", page="/sign-in", theme="dark", back="/sign-in?next=/people")

    assert answer.location == "/sign-in?next=/people"
    assert '<html lang="ja" data-bs-theme="dark">' in anybody.get("/sign-in").text
    assert anybody.post("/appearance", page="/sign-in", theme="pink").status_code == 400
    assert anybody.post("/appearance", page="/sign-in", theme="light", back="//evil.example").location == "/"


def test_every_answer_carries_its_headers(signed_in: SignIn) -> None:
    """Nothing from elsewhere, nothing inline, no frames, no copies in caches."""
    headers = signed_in("guard").get("/").headers

    policy = headers["Content-Security-Policy"]
    for rule in ("default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy and "nonce" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


def test_no_page_has_inline_script_or_style(signed_in: SignIn) -> None:
    """What the policy would block is in no page."""
    manager = signed_in("suzuki")
    for address in (
        "/",
        "/ledger",
        "/people",
        "/people/factory/1",
        "/rights",
        "/portals/factory/lab",
        "/ledger/factory/1/9",
    ):
        text = manager.get(address).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", text), address
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), address


def test_now_says_how_each_door_stands(signed_in: SignIn) -> None:
    """Lock and leaf in words, why and by whom; alarms by word and not only by colour; the part that failed."""
    text = signed_in("guard").get("/").text

    tile = text.split('id="tile-factory-front"')[1].split("</li>")[0]
    assert "Unlocked" in tile and "Closed" in tile and "Entry by badge" in tile and "鈴木 次郎" in tile
    forced = text.split('id="tile-factory-back"')[1].split("</li>")[0]
    assert 'data-status="forced"' in text and "Forced open" in forced and "Opened without permission" in forced
    assert "A part does not answer: reader:server-in" in text


def test_a_part_that_works_again_is_no_alarm(house: House, signed_in: SignIn) -> None:
    """The notice goes when the part answers."""
    house.write(PartRecovered("reader:server-in"))

    assert "A part does not answer" not in signed_in("guard").get("/").text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("full", "nothing can be recorded, and doors stay locked. Exits work by their wires.</strong> It is full"),
        ("low", "disk needs room.</strong> Little space is left"),
    ],
)
def test_a_disk_that_fails_is_shown_though_no_record_says_so(
    house: House, signed_in: SignIn, reason: str, words: str
) -> None:
    """The site's live word on its disk stands on the first page, in both languages, and goes when the site says it is over."""
    guard = signed_in("guard")
    row: dict[str, str | int | None] = {"part": "disk", "state": "failed", "reason": reason, "at": house.peer.now()}
    seq = len(house.peer.records)
    before = guard.get("/api/v1/now").json["sites"][0]["failed"]

    house._take([house.peer.state("part", "disk", row | {"seq": seq}, seq)])

    assert words in guard.get("/").text
    assert "記憶装置" in guard.get("/?lang=ja").text
    assert guard.get("/api/v1/now").json["sites"][0]["failed"] != before
    house._take([house.peer.state("part", "disk", row | {"seq": seq, "state": "ok"}, seq)])
    assert 'data-part="disk"' not in guard.get("/?lang=en").text


def _note(text: str, note: str) -> str:
    found = re.search(rf'data-note="{note}"( hidden)?>', text)
    assert found
    return "hidden" if found[1] else "shown"


def test_old_data_is_said_to_be_old(house: House, signed_in: SignIn) -> None:
    """After thirty seconds without a word of the site the page warns, and after the next word no more; also when the clock here
    was set back, and nobody can say how old it is."""
    guard = signed_in("guard")
    assert _note(guard.get("/").text, "stale") == "hidden"

    house.time += timedelta(seconds=31)
    assert _note(guard.get("/").text, "stale") == "shown"
    assert guard.get("/api/v1/now").get_json()["sites"][0]["stale"] is True
    assert "What is shown may be old." in guard.get("/portals/factory/lab").text

    house.hear()
    assert _note(guard.get("/").text, "stale") == "hidden"

    house.time -= timedelta(seconds=90)
    assert _note(guard.get("/").text, "stale") == "shown"


def test_a_controller_that_left_is_said_to_be_offline(house: House, signed_in: SignIn) -> None:
    """The last will shows at once."""
    said = house.peer.online(up=False)
    house.intake.take([Message(said.topic, said.payload)])

    text = signed_in("guard").get("/").text
    assert "Controller offline" in text and _note(text, "stale") == "shown"


def test_a_gap_is_shown_until_it_is_closed(house: House, signed_in: SignIn) -> None:
    """Two records that are known to exist and are not here are counted on the page, until they come."""
    guard = signed_in("guard")
    first, second, third = (house.peer.write(DoorClosed("dock", "secure")) for _ in range(3))
    house._take([house.peer.record(third)])
    text = guard.get("/").text
    assert _note(text, "missing") == "shown" and re.search(r'data-slot="missing"[^>]*>2<', text)

    house._take([house.peer.record(first), house.peer.record(second)])
    assert _note(guard.get("/").text, "missing") == "hidden"


def test_a_history_that_forked_is_said_in_red(house: House, signed_in: SignIn) -> None:
    """A signed checkpoint that the records contradict is an alert on the first page, with its place."""
    house._take([house.peer.checkpoint(root=b"\x07" * 32)])

    text = signed_in("guard").get("/").text
    assert 'class="notice no" role="alert"' in text and "The ledger has forked" in text and "size 69" in text


def test_a_person_is_found_by_name_reading_and_number(signed_in: SignIn) -> None:
    """Half a name, its reading or the number find the person; an odd sign finds nobody and breaks nothing."""
    guard = signed_in("guard")
    for text in ("髙橋", "サキコ", "4", "#4"):
        assert 'href="/people/factory/4"' in guard.get(f"/people?q={text}".replace("#", "%23")).text, text
    assert "Nobody fits" in guard.get("/people?q=%25").text
    assert "Nobody fits" in guard.get("/people?q=_" + "x" * 500).text


def test_a_suspended_person_is_shown_as_such(house: House, signed_in: SignIn) -> None:
    """The state stands on the list and the page, and the page offers to end it."""
    reason = house.private("reason-9", reason="長期出張").ref()
    house.write(PersonSuspended(1, "suspended", reason), by="operator:2")
    manager = signed_in("manager")

    text = manager.get("/people/factory/1").text
    assert "no badge of this person opens anything" in text and "/people/factory/1/reinstate" in text
    assert "長期出張" in text
    assert "/people/factory/1/enrol" not in signed_in("admin").get("/people/factory/1").text


def test_the_rights_are_listed_for_a_third_to_audit(signed_in: SignIn) -> None:
    """Who asked, who approved, what for and until when, of every right (C7.3)."""
    text = signed_in("auditor").get("/rights?state=active").text

    assert text.count('class="card-plain right-card"') == 5
    assert "managerさん" in text and "suzukiさん" in text and "次期モデルの試作と評価" in text
    assert "2026/11/22 09:12 – 2027/03/31" in text


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize(
    "address", ["/nowhere", "/people/factory/999", "/portals/factory/moon", "/ledger/factory/1/99999"]
)
def test_what_is_not_there_is_a_page_of_ours(signed_in: SignIn, address: str, lang: str) -> None:
    """A 404 is a page in the reader's language with a way on, and no trace of the machine."""
    answer = signed_in("suzuki").get(f"{address}?lang={lang}")

    assert answer.status_code == 404
    assert {"ja": "ページが見つかりません", "en": "Not found"}[lang] in answer.text
    assert "Traceback" not in answer.text and "werkzeug" not in answer.text.lower()


def test_a_bug_is_a_page_too(house: House) -> None:
    """An error of ours shows neither its trace nor its text."""
    app = house.app()
    app.add_url_rule("/sign-in/broken", "static_broken", lambda: 1 / 0)
    app.before_request_funcs[None] = []

    answer = app.test_client().get("/sign-in/broken")

    assert answer.status_code == 500
    assert "division" not in answer.text and "不具合が起きました" in answer.text


def test_times_are_the_sites() -> None:
    """A written day is that day where the site is, whatever the machine's zone; a span to midnight ends the day before."""
    assert timestamp(local_moment("2026/11/22", "Asia/Tokyo")) == "2026-11-21T15:00:00.000000Z"
    assert timestamp(local_moment("2026-11-22", "Asia/Tokyo", end_of_day=True)) == "2026-11-22T15:00:00.000000Z"
    assert timestamp(local_moment("2026-07-01T09:05", "Europe/Berlin")) == "2026-07-01T07:05:00.000000Z"
    span = span_text("2026-11-21T15:00:00.000000Z", "2027-03-31T15:00:00.000000Z", "Asia/Tokyo")
    assert span == "2026/11/22 – 2027/03/31"
    for nonsense in ("", "2026", "22.11.2026", "2026-02-30", "0001-01-01", "9999-12-31", "2026-11-22 09:05Z", "１"):
        with pytest.raises(ValueError):
            local_moment(nonsense, "Asia/Tokyo", end_of_day=True)


def test_orders_are_where_one_looks(house: House, signed_in: SignIn) -> None:
    """Now says which zone is locked down, by whom and why; a door says until when it stands as it does (C8.8)."""
    house.orders()
    guard = signed_in("guard")

    now = guard.get("/").text
    assert "Locked down: Server room" in now and "水漏れの点検" in now
    assert "Business hours (until 18:00)" in now
    dock = guard.get("/portals/factory/dock").text
    assert "搬入のため" in dock and "End the override" in dock
    assert "Set how the door stands" not in dock, "that is a manager's word"


def test_lockdown_page_offers_what_one_may(house: House, signed_in: SignIn) -> None:
    """A guard locks down and cannot lift; what stands cannot be begun again, and a place that is none is not there."""
    house.orders()
    guard, manager = signed_in("guard"), signed_in("suzuki")

    assert "Lift the lockdown" not in guard.get("/lockdown/factory").text
    assert "Lift the lockdown" in manager.get("/lockdown/factory").text
    for address in ("server/begin", "lab/end", "moon/begin", "lab/open"):
        assert guard.get(f"/lockdown/factory/{address}").status_code == 404


@pytest.mark.parametrize("order", ["lockdown", "evacuation"])
def test_an_order_names_the_doors_of_the_zones_within(house: House, signed_in: SignIn, order: str) -> None:
    """Before a zone is locked down or evacuated the page names the doors of the rooms in it too, as the site will see them."""
    configured = house.configured()
    zones = [replace(zone, inside="server") if zone.zone == "lab" else zone for zone in configured.zones]
    marked = UnlockingSet("lab", "", False, True)
    house.write(replace(configured, zones=tuple(zones)), CalendarConfigured("JP", (), (), (marked,), (), ()))
    page = signed_in("suzuki").get(f"/{order}/factory/server/begin").text

    assert "Prototype lab" in page
    assert "Drawing store" not in page


def test_a_clock_that_is_doubted_is_an_alarm_until_it_is_trusted(house: House, signed_in: SignIn) -> None:
    """A site whose clock is not trusted says so on the first page, with the reason, in both languages, as long as it lasts; the
    record is an alarm."""
    guard = signed_in("guard")
    house.write(ClockDoubted("jump", -7200, house.peer.now()))
    alarm = 'data-part="clock"'

    assert alarm in guard.get("/?lang=en").text and "It was set to another time" in guard.get("/").text
    assert "時計を信頼できません" in guard.get("/?lang=ja").text
    assert "時刻が設定し直されました" in guard.get("/ledger?kind=clock.doubted").text
    house.write(ClockTrusted("synced"))
    assert alarm not in guard.get("/?lang=en").text


def test_a_word_that_a_page_writes_itself_is_in_the_readers_language(house: House) -> None:
    """Whoever opened a page first, the next reader has their own: a code in a template is put into words each time."""
    app, said = house.app(), []
    with app.test_request_context("/?lang=en"):  # a template is compiled for whoever comes first
        page = app.jinja_env.from_string('{{ "overdue"|words("due_stage") }}')
    for lang in ("en", "ja", "en"):
        with app.test_request_context(f"/?lang={lang}"):
            said.append(page.render())
    assert said == ["Overdue", "期限超過", "Overdue"]
