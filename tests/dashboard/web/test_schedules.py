"""Zones and schedules, special days, evacuations: what is drawn is what the rules say, what is asked is what was typed."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from example_house import House

from controller.record.envelope import decode
from controller.record.kinds import evacuation, posture, site
from controller.record.requests import read_body, read_envelope, read_private
from controller.record.schedule import Calendar, Schedule, SpecialDay, Window
from controller.record.timetable import Sources, plan, read_schedules
from dashboard import database as db

from .conftest import Browser

SignIn = Callable[[str], Browser]
BASE = "/schedules/factory/special"


def asked(house: House) -> tuple[str, dict[str, Any], dict[str, str]]:
    """The newest request, opened as the site opens it."""
    with house.engine.connect() as connection:
        data = connection.execute(sa.select(db.outbox.c.bytes).order_by(db.outbox.c.id.desc())).scalar()
    assert data is not None, "nothing was asked"
    request = read_envelope(data)
    return request.kind, msgspec.to_builtins(read_body(request)), read_private(request, house.peer.keys)


def count(house: House) -> int:
    with house.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(db.outbox)).scalar_one())


def days(text: str, heading: str) -> dict[str, tuple[str, str, list[tuple[int, int, str]]]]:
    """What the page says and draws of each day under a heading: hours, why, and the bars."""
    section = re.search(rf'<h3 id="s-[^"]*">{heading}</h3>.*?</table>', text, re.S)
    assert section, heading
    found = {}
    for row in re.findall(r'<tr data-why="\w+".*?</tr>', section[0], re.S):
        day = re.search(r'datetime="([\d-]+)"', row)
        hours, because = re.search(r'hours">(.*?)</td>', row, re.S), re.search(r'because">(.*?)</td>', row, re.S)
        bars = re.findall(r'class="b-(hours|open|locked)" x="(\d+)" y="\d+" width="(\d+)"', row)
        assert day and hours and because
        why = " ".join(unescape(re.sub(r"<[^>]+>", "", because[1])).split())
        found[day[1]] = (hours[1].strip(), why, [(int(x), int(width), sort) for sort, x, width in bars])
    return found


def test_picture_says_when_and_why(house: House, signed_in: SignIn) -> None:
    """Each day of the coming weeks with its hours, drawn and in words, and why: holiday by name, special day by name or by the
    reason of who set it, and an override with its time (C8.8)."""
    house.calendar().orders()

    text = signed_in("guard").get("/schedules").text

    front, dock = days(text, "Front door"), days(text, "Loading dock")
    assert next(iter(front)) == "2026-11-22" and len(front) == 14
    assert front["2026-11-23"] == ("closed", "Holiday Labor Thanksgiving Day", [])
    assert front["2026-11-24"] == ("09:00–18:00", "", [(540, 540, "hours")])
    assert front["2026-11-27"] == ("09:00–12:00", "Special day Half-day", [(540, 180, "hours")])
    assert front["2026-11-28"] == ("closed", "", []), "it waits for a second person"
    assert front["2026-12-01"][0] == "09:00–18:00 22:00–24:00"
    assert front["2026-12-02"] == ("00:00–02:00 09:00–18:00", "", [(0, 120, "hours"), (540, 540, "hours")])
    assert front["2026-12-04"] == ("closed", "Special day 社員旅行", [])
    ((begin, width, sort),) = dock["2026-11-22"][2]
    assert (begin + width, sort) == (1080, "open")
    assert dock["2026-11-22"][1] == f"Unlocked {begin // 60:02}:{begin % 60:02}–18:00"
    assert "Locked down: Server room. Its doors stay locked" in text
    assert "半日操業" in signed_in("guard").get("/schedules?lang=ja").text


def test_weeks_and_beginning_are_asked_for(house: House, signed_in: SignIn) -> None:
    """Earlier and later weeks are an address away; one that makes no sense is today's."""
    house.calendar()
    guard = signed_in("guard")

    new_year = days(guard.get("/schedules?from=2026-12-28&weeks=1").text, "Front door")
    assert list(new_year) == [f"2026-12-{n}" for n in range(28, 32)] + [f"2027-01-0{n}" for n in range(1, 4)]
    assert (new_year["2026-12-30"][1], new_year["2027-01-01"][1]) == ("Holiday Company holiday", "Holiday New Year's Day")
    for nonsense in ("from=soon", "from=9999-12-31", "from=0001-01-01", "weeks=9", "weeks=-1", "from=&weeks="):
        assert "2026-11-22" in days(guard.get(f"/schedules?{nonsense}").text, "Front door")


def test_hours_that_cannot_be_read_are_said_so(house: House, signed_in: SignIn) -> None:
    """A site whose rows say hours that are none gets a page with a warning, and no guess."""
    house.calendar()
    odd = site.ScheduleSet("office", "業務時間", "Office hours", "nine to five")
    configured = next(body for body in map(_body, house.peer.records) if isinstance(body, site.SiteConfigured))
    house.write(msgspec.structs.replace(configured, schedules=(odd,)))

    answer = signed_in("guard").get("/schedules")

    assert answer.status_code == 200 and "hours cannot be read here" in answer.text


def test_rows_read_as_the_settings_were_written() -> None:
    """The schedules that are read out of rows are those that the site decides by, day for day over three years."""
    week = ((Window(*map(_time, ("08:30", "17:15"))),),) * 5 + ((), ())
    half = SpecialDay(date(2028, 2, 29), "office", (Window(*map(_time, ("08:30", "12:00"))),), "半日", "Half-day")
    company = frozenset({date(2026, 12, 30), date(2027, 8, 13)})
    mine = Schedule("office", week, (), calendar=Calendar("JP", company).with_special([half]))
    rows = read_schedules(
        Sources(
            "UTC",
            [{"schedule": "office", "hours": "mon-fri 08:30-17:15; sat-sun -; holiday -"}],
            {"national": "JP", "company": "2026-12-30 2027-08-13"},
            [{"day": "2028-02-29", "schedule": "office", "hours": "08:30-12:00", "name_ja": "半日", "name_en": "Half-day"}],
            [],
        )
    )

    assert plan(rows["office"], date(2026, 1, 1), 1096) == plan(mine, date(2026, 1, 1), 1096)


def _body(data: bytes) -> Any:
    return decode(data).body


def _time(text: str) -> Any:
    return datetime.strptime(text, "%H:%M").replace(tzinfo=UTC).time()


@pytest.mark.parametrize(
    ("fields", "hours"),
    [
        ({"how": "closed"}, "-"),
        ({"how": "open", "hours": "8:30-12:00"}, None),
        ({"how": "open", "hours": "08:30-12:00"}, "08:30-12:00"),
        ({"how": "open", "hours": " 08：30〜12:00、13:00–15:00 "}, "08:30-12:00 13:00-15:00"),
        ({"how": "open", "hours": "22:00-02:00"}, "22:00-02:00"),
        ({"how": "open", "hours": ""}, None),
        ({"how": "open", "hours": "25:00-26:00"}, None),
        ({"how": ""}, None),
        ({"how": "closed", "day": "2026-11-21"}, None),
        ({"how": "closed", "day": "2028-11-21"}, None),
        ({"how": "closed", "day": "tomorrow"}, None),
        ({"how": "closed", "reason": " "}, None),
        ({"how": "closed", "schedule": "always"}, None),
    ],
)
def test_special_day_is_asked_for_as_typed(
    house: House, signed_in: SignIn, fields: dict[str, str], hours: str | None
) -> None:
    """A manager's special day is a signed request with the hours as typed, also in Japanese signs; what is none stays a form
    with the mistake beside its field, and nothing is sent."""
    before, form = count(house), {"day": "2026-12-28", "schedule": "*", "reason": "棚卸し"} | fields

    answer = signed_in("manager").post(BASE, **form)

    if hours is None:
        assert (answer.status_code, count(house)) == (400, before)
        assert 'id="mistakes"' in answer.text
    else:
        body = {"day": "2026-12-28", "schedule": "*", "hours": hours}
        assert asked(house) == ("special_day.set", body, {"reason": "棚卸し"})


def test_second_person_decides(house: House, signed_in: SignIn) -> None:
    """Who asked is told that somebody else has to approve; another manager approves; a guard is shown no such page (C7.3)."""
    house.calendar()
    own = signed_in("manager").get(f"{BASE}/2/approve").text
    assert "another person has to approve" in own and "<form method" not in own.split("<main")[1]
    before = count(house)

    assert signed_in("guard").get(f"{BASE}/2/approve").status_code == 403
    assert signed_in("suzuki").post(f"{BASE}/2/approve").status_code == 303
    assert asked(house)[:2] == ("special_day.approve", {"special_day": 2})
    assert signed_in("suzuki").post(f"{BASE}/1/clear").status_code == 303
    assert asked(house)[:2] == ("special_day.clear", {"special_day": 1})
    for wrong in ("1/approve", "2/clear"):
        assert "not in a state" in signed_in("suzuki").get(f"{BASE}/{wrong}").text
    for gone in ("9/approve", "2/burn"):
        assert signed_in("suzuki").get(f"{BASE}/{gone}").status_code == 404
    assert count(house) == before + 2


# Evacuations -------------------------------------------------------------------------------------------------------------


def test_evacuation_is_an_alarm_on_every_page(house: House, signed_in: SignIn) -> None:
    """While an evacuation stands every page says so, where, by whom and why, to every role; and no more after it (C8.9)."""
    auditor, pages = signed_in("auditor"), ("/", "/ledger", "/people", "/schedules", "/portals/factory/lab")
    assert not [page for page in pages if "data-evacuation" in auditor.get(page).text]
    before = auditor.get("/api/v1/now").json["sites"][0]["lockdowns"]

    house.calendar().evacuate()

    for page in pages:
        text = auditor.get(page).text
        assert 'data-evacuation="factory/*"' in text and 'data-evacuation="factory/lab"' in text
        assert "煙感知器が作動" in text and "Begun at the site&#39;s console" in text
        for muster in re.findall(r'href="(/presence/factory/muster[^"]*)"', text):
            assert auditor.get(muster).status_code == 200
        assert text.count("/presence/factory/muster") >= 2, "of the site, and of the zone"
    assert auditor.get("/api/v1/now").json["sites"][0]["lockdowns"] != before
    assert "The whole site</td>" in re.sub(r"\s+<", "<", auditor.get("/ledger?kind=evacuation.begun").text)
    ended = evacuation.EvacuationEnded("*", 2, house.private("reason-7", reason="誤報").ref())
    house.write(ended, evacuation.EvacuationEnded("lab", None, None))
    assert not [page for page in pages if "data-evacuation" in auditor.get(page).text]


def test_guard_begins_and_a_manager_ends(house: House, signed_in: SignIn) -> None:
    """A guard begins with a reason, and is told which doors will stand open; only a manager ends; it is said once (C8.9)."""
    house.calendar()
    guard, manager = signed_in("guard"), signed_in("manager")
    page = guard.get("/evacuation/factory/all/begin").text
    assert "Front door" in page.split("<main")[1] and "Server room" not in page.split("<main")[1]
    assert guard.post("/evacuation/factory/all/begin", reason=" ").status_code == 400
    assert guard.post("/evacuation/factory/all/begin", reason="火災").status_code == 303
    assert asked(house) == ("evacuation.begin", {"zone": "*"}, {"reason": "火災"})

    house.evacuate()

    assert guard.get("/evacuation/factory/all/begin").status_code == 404
    assert guard.get("/evacuation/factory/all/end").status_code == 404
    assert "End the evacuation" not in guard.get("/evacuation/factory").text
    assert manager.post("/evacuation/factory/all/end", reason="確認済み").status_code == 303
    assert asked(house)[:2] == ("evacuation.end", {"zone": "*"})
    assert signed_in("auditor").get("/evacuation/factory/lab/begin").status_code == 403
    assert guard.get("/evacuation/factory/moon/begin").status_code == 404


def test_request_of_a_beginning_has_no_end_and_the_end_has(house: House, signed_in: SignIn) -> None:
    """The beginning waits for no trusted clock and carries no end; the end of it is only good for minutes (design §6)."""
    signed_in("guard").post("/evacuation/factory/all/begin", reason="火災")
    with house.engine.connect() as connection:
        begun = read_envelope(connection.execute(sa.select(db.outbox.c.bytes)).scalar_one())
    house.calendar().evacuate()
    signed_in("manager").post("/evacuation/factory/all/end", reason="確認済み")
    with house.engine.connect() as connection:
        query = sa.select(db.outbox.c.bytes).order_by(db.outbox.c.id.desc())
        ended = read_envelope(connection.execute(query).scalars().first() or b"")

    assert begun.expires_at is None and ended.expires_at is not None
    life = datetime.fromisoformat(ended.expires_at) - datetime.fromisoformat(ended.issued_at)
    assert life <= timedelta(minutes=5)


def test_marked_door_stands_open_for_it(house: House, signed_in: SignIn) -> None:
    """The tile of a door that stands open for an evacuation says why, and the page of zones which doors are marked."""
    house.calendar().evacuate()
    house.write(posture.PortalUnlocked("front", "evacuation", None, "standing"))
    guard = signed_in("guard")

    assert 'data-slot="why">Evacuation<' in guard.get("/").text
    assert guard.get("/schedules").text.count("opens in an evacuation") == 2
