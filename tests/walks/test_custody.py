"""A thing with a sticker, from the card and the tag in the field to the ledger, over a power cut (C4.1, C9.1)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from site_process import SiteProcess

from controller.record.asks.custody import ApproveCustody, RequestCustody
from controller.record.asks.thing import RegisterThing
from controller.record.canonical import timestamp

STATION = """
[[station]]
id = "desk"
name = {{ ja = "受付", en = "Desk" }}
zone = "office"
device = "nfc+udp://127.0.0.1:{port}"
annunciator = {{ red = "simulated:980", green = "simulated:981", buzzer = "simulated:983" }}
"""
TAG = "04a1b2c3d4e5f0"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteProcess]:
    """Yamada may take the laptop off the site for a day, by the word of Sato."""
    with SiteProcess(tmp_path) as made:
        path = made.data / "site.toml"
        path.write_text(path.read_text("utf-8") + STATION.format(port=made.ports["spare"]), "utf-8")
        with made.past() as past:
            people = [past.person(name) for name in ("山田 花子", "佐藤 一郎")]
            for number, card in zip(people, ("yamada", "sato"), strict=True):
                past.badge(number, card)
            for number, role in zip(people, ("employee", "manager"), strict=True):
                past.console("operator.add", {"name": "操作者", "roles": [role], "scope": ["*"], "person": number})
            thing = RegisterThing(code="PC-1", medium="pc", place="office", allowed=("off_site",))
            past.ask(4, thing, {"label": "貸出用"})
            due = timestamp(datetime.now(UTC) + timedelta(days=1))
            body = RequestCustody(person=people[0], act="take_off", place="off_site", thing=1, due_at=due)
            past.ask(3, body, {"purpose": "顧客訪問", "where": "顧客先"})
            past.ask(4, ApproveCustody(1))
            past.stick(TAG, "thing:1", "desk")
        made.start()
        made.building.add_card("laptop", "nfca", TAG)
        yield made


def test_taken_before_a_power_cut_and_brought_back_after_it(site: SiteProcess) -> None:
    """Badge and sticker take it; the power is cut behind the badge and behind the sticker; another person brings it back."""
    site.building.tap("yamada", "spare")
    site.kill()
    site.start()
    site.building.tap("laptop", "spare")
    assert site.wait_record("station.refused").body.thing == "thing:1", "who stood there was forgotten, and nothing was taken"

    before = site.size()
    site.building.tap("yamada", "spare")
    site.building.tap("laptop", "spare")
    begun = site.wait_record("custody.begun", before).body
    assert (begun.person, begun.station, begun.begun_in) == (1, "desk", "office")
    site.kill()
    site.start()
    assert site.query("select state, person from custody") == [("open", 1)]

    before = site.size()
    site.building.tap("sato", "spare")
    site.building.tap("laptop", "spare")
    ended = site.wait_record("custody.ended", before).body
    assert (ended.brought_by, ended.outcome, ended.station) == (2, "returned", "desk")
    assert site.query("select count(*) from due where sort = 'custody'") == [(0,)]
