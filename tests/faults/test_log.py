"""The logs of controller and dashboard: JSON lines, bounded, and nobody's name, card, words or password in them."""

import json
import logging
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from followed_site import FollowedSite
from mqtt_client import BareClient
from site_process import SITE, SiteProcess, until

import controller.cli.log as site_log
import dashboard.log as dashboard_log
from controller.record.topics import Topics

pytestmark = pytest.mark.long

MODULES = pytest.mark.parametrize("module", [site_log, dashboard_log], ids=["controller", "dashboard"])

NAME, OPERATOR, PURPOSE = "鬼怒川 奇名子", "守殿 特有郎", "蛍光紫の計画のため"
ACCOUNT, PASSWORD, CODE = "hashiguchi.tokuyuu", "Hyakume-Roosoku-77", "ZXQV-9917"
CARD, STRANGER = "0127c0ffee00beef", "0127badd1ce0f00d"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FollowedSite]:
    with FollowedSite(tmp_path) as made:
        yield made


def a_day(house: FollowedSite) -> None:
    """Everything that people and strangers do in a day, and what goes wrong beside it."""
    site = house.site
    site.stop()
    with site.past() as past:
        person = past.person(NAME)
        past.right(person, "office")
        past.badge(person, "own", CARD)
    site.add_card("stranger", STRANGER)
    before = site.size()
    site.start()
    house.operator(OPERATOR)
    site.building.tap("own", "front/in", walk=False)
    site.wait_record("entry.granted", before, person=person)
    for card, reader in (("own", "lab/in"), ("stranger", "front/in"), ("blank", "front/in")):
        site.building.tap(card, reader, walk=False)
    site.wait_record("entry.refused", before, code="right")
    site.wait_record("entry.refused", before, code="enrolment")
    house.caught_up()
    nonsense(house)
    the_web(house)
    house.broker.stop()
    site.building.tap("own", "front/in", walk=False)
    house.broker.start()
    house.stop_dashboard()
    house.start_dashboard()
    house.caught_up()


def nonsense(house: FollowedSite) -> None:
    """What nobody signed, with names in it, on every topic that somebody reads."""
    at = Topics(SITE)
    with BareClient(house.broker.port) as anybody:
        own = house.site.dashboard.public.id
        for topic in (at.request, at.record, at.checkpoint, at.online, at.state("person", NAME), at.private(own, NAME),
                      at.reply(own), at.resent(own), at.witnessed(own), at.recover, at.key):  # fmt: skip
            for payload in (
                NAME.encode(),
                json.dumps({"name": NAME, "token": PASSWORD}).encode(),
                b"\xff" + NAME.encode(),
            ):
                anybody.publish(topic, payload)


def the_web(house: FollowedSite) -> None:
    """Somebody at the pages: signs in wrongly, looks for a name, writes nonsense into every field."""
    log = house.folder / "dashboard.log"
    url = until("the dashboard serves", lambda: re.search(r"http://[\d.:]+", log.read_text()) or None)[0]
    words = {"name": ACCOUNT, "password": PASSWORD, "code": CODE, "reason": PURPOSE, "csrf_token": PASSWORD}
    data = urllib.parse.urlencode(words).encode()
    name = urllib.parse.quote(NAME)
    for path, body in (
        ("/signin", None), ("/signin", data), ("/welcome", data), (f"/people?q={name}", None), (f"/{name}", None),
        (f"/s/{SITE}/people/{name}", data), (f"/ledger?person={name}&after=%00", None), ("/signin?next=" + name, data),
    ):  # fmt: skip
        request = urllib.request.Request(url + path, body, {"Cookie": f"session={PASSWORD}", "X-Name": name})  # noqa: S310
        try:
            urllib.request.urlopen(request, timeout=10).read()  # noqa: S310
        except (urllib.error.HTTPError, urllib.error.URLError):
            pass


def written(word: str) -> set[str]:
    """The ways in which a word could stand in a log."""
    return {
        word, word.split()[0], json.dumps(word)[1:-1], urllib.parse.quote(word), word.encode().hex(),
        repr(word.encode())[2:-1], word.lower(), word.upper(),
    }  # fmt: skip


@pytest.mark.slow
def test_a_day_leaves_nobody_in_the_logs(house: FollowedSite) -> None:
    """After a day of everything neither log holds a name, a purpose, a card, an account or a password; all is JSON."""
    a_day(house)
    logs = {"controller": house.site.log.read_text(), "dashboard": (house.folder / "dashboard.log").read_text()}

    for who, text in logs.items():
        assert len(text.splitlines()) >= 3, who
        for word in (NAME, OPERATOR, PURPOSE, ACCOUNT, PASSWORD, CODE, CARD, STRANGER, "山田 花子"):
            found = [form for form in written(word) if form in text]
            assert [] == found, (
                who,
                found,
                [line for line in text.splitlines() if any(form in line for form in found)],
            )
    lines = [line for line in logs["controller"].splitlines() if line]
    lines += [line for line in logs["dashboard"].splitlines() if line and "http://" not in line]
    for line in lines:
        assert {"event", "level"} <= set(json.loads(line)), line
    assert {"running", "broker"} <= {json.loads(line)["event"] for line in logs["controller"].splitlines()}


def through(processor: Any, **line: str) -> dict[str, Any] | None:
    """The line as it comes out; None when it is left out."""
    try:
        return dict(processor(None, "", dict(line)))
    except structlog.DropEvent:
        return None


@MODULES
def test_what_repeats_itself_is_counted(module: Any) -> None:
    """Ten alike a minute, then silence; the first of a later minute says how many were left out. Others are not held back."""
    now = [100.0]
    repeats = module.Repeats(lambda: now[0])
    alike = {"event": "broker", "level": "warning", "reason": "absent"}
    assert [through(repeats, **alike) is not None for _ in range(50)] == [True] * 10 + [False] * 40
    assert through(repeats, **alike | {"reason": "refused"}) is not None

    now[0] += 61
    assert through(repeats, **alike) == alike | {"left_out": 40}
    assert through(repeats, **alike) == alike


@MODULES
def test_no_flood_of_different_lines_fills_memory(module: Any) -> None:
    """However many sorts of lines there are, what is remembered of them is bounded."""
    repeats = module.Repeats(lambda: 0.0)
    for n in range(5000):
        assert through(repeats, event=f"event {n}", level="info") is not None

    assert len(repeats._counted) <= 500


@MODULES
def test_an_exception_says_where_and_not_what(module: Any) -> None:
    """Of an exception the log has type and place; what it says could hold a name."""
    try:
        raise ValueError(NAME)
    except ValueError as error:
        for info in (True, error, (ValueError, error, error.__traceback__)):
            line = dict(module.where(None, "", {"event": "x", "exc_info": info}))
            assert "ValueError" == line["error"]
            assert line["at"][-1].startswith(__file__)
            assert NAME not in str(line)
    assert dict(module.where(None, "", {"event": "x", "exc_info": False})) == {"event": "x"}


BUG = """
import controller.app, controller.cli.run
from controller.cli import main
class Bug(controller.app.Controller):
    def _turn(self):
        raise KeyError("{name}")
controller.cli.run.Controller = Bug
main()
"""


def test_a_bug_is_one_line_and_code_70(tmp_path: Path) -> None:
    """A bug in the loop secures, logs one line without what the exception says, and ends with 70."""
    with SiteProcess(tmp_path) as site:
        done = subprocess.run(
            [sys.executable, "-c", BUG.format(name=NAME), "run", "--data", site.data], capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
    last = json.loads(done.stderr.splitlines()[-1])
    assert (70, "stopped on a bug", "KeyError") == (done.returncode, last["event"], last["error"])
    assert "鬼" not in done.stderr


@MODULES
def test_libraries_are_logged_alike(module: Any) -> None:
    """What a library warns of again and again is left out as well, whatever it puts into the words."""
    keep = module.as_filter(module.Repeats(lambda: 0.0))
    records = [logging.LogRecord("paho", logging.WARNING, "", 0, "failed %s", (n,), None) for n in range(30)]

    assert 10 == sum(map(keep, records))
