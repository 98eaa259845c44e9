"""A key cabinet, from the card in the field and the keys at the keypad to the slot's latch, its sensor and the ledger (C8.2).

The broker is away all the time, and the clock is not synchronised: neither is needed to borrow a key. What happens to power is
judged by the building, which outlives every controller.
"""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from broker import free_port
from site_process import SiteProcess, slot_pins, until

from controller.record.asks.key import RegisterKey
from controller.record.envelope import Record

KILLED = Path(__file__).parent.parent / "faults" / "killed_controller.py"

CABINET = """
[[station]]
id = "desk"
name = {{ ja = "鍵箱の受付", en = "Key desk" }}
zone = "office"
device = "nfc+udp://127.0.0.1:{port}"
annunciator = {{ red = "simulated:980", green = "simulated:981", buzzer = "simulated:983" }}
keypad = "simulated:990"
[[cabinet]]
id = "main"
name = {{ ja = "鍵箱", en = "Key cabinet" }}
zone = "office"
station = "desk"
take_s = 5
"""
PEOPLE = ("yamada", "sato", "suzuki")
"""The third has no right to the lab, which all keys open."""


def furnish(site: SiteProcess) -> None:
    """Four keys of the lab, the second of which another has to agree to; slots 3 and 4 tell which key hangs there."""
    path = site.data / "site.toml"
    text = path.read_text("utf-8").replace('trust = "host"', 'trust = "ntp"\nrtc = false')
    text += CABINET.format(port=site.ports["spare"])
    for number in range(1, 5):
        pins = slot_pins(number)
        text += f'[[cabinet.slot]]\nnumber = {number}\nrelease = "{pins["release"]}"\npresent = "{pins["present"]}"\n'
        text += f'tag = "{pins["tag"]}"\nfob = "01-{number}"\n' if number > 2 else ""
    path.write_text(text, "utf-8")
    with site.past() as past:
        for name in PEOPLE:
            person = past.person(name)
            past.right(person, "office")
            past.badge(person, name)
            if name != "suzuki":
                past.right(person, "lab")
        for number in range(1, 5):
            body = RegisterKey(
                label=f"K-{number}", home="office", opens="lab", cabinet="main", slot=number, due_minutes=60,
                authorisers=int(number == 2),
            )  # fmt: skip
            past.ask(1, body, {"name": f"鍵 {number}"})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteProcess]:
    with SiteProcess(tmp_path_factory.mktemp("cabinet"), ("127.0.0.1", free_port())) as site:
        furnish(site)
        site.start()
        yield site


@pytest.fixture
def still(tmp_path: Path) -> Iterator[SiteProcess]:
    """The same, before its first start."""
    with SiteProcess(tmp_path) as site:
        furnish(site)
        yield site


def choose(site: SiteProcess, person: str, digits: str) -> None:
    """A badge at the cabinet, and a slot's number at its keypad."""
    before = site.size()
    site.building.tap(person, "spare")
    site.wait_record("cabinet.signed_in", before)
    site.building.type_keys("spare", f"{digits}#")


def opens(site: SiteProcess, slot: int) -> None:
    site.building.wait_for(lambda seen: seen.slots[f"main/{slot}"].released)


def holds(site: SiteProcess, slot: int) -> None:
    site.building.wait_for(lambda seen: not seen.slots[f"main/{slot}"].released)


def wait(site: SiteProcess, kind: str, before: int, **fields: object) -> Record:
    return site.wait_record(kind, before, **fields)


def test_a_key_is_borrowed_and_brought_back(running: SiteProcess) -> None:
    """C8.2: badge, number, slot, hand: lent when the sensor saw it go, in order; brought back by anybody without a badge."""
    site, before = running, running.size()
    choose(site, "yamada", "1")
    opens(site, 1)
    assert site.building.pull_key("main", 1) == "k1"
    lent = wait(site, "key.lent", before, person=1, how="cabinet")
    holds(site, 1)
    assert site.building.hang_key("main", 1, "k1")
    back = wait(site, "key.returned", before, loan=lent.body.loan)
    said = [r.kind for r in site.records(before) if r.kind.startswith(("key.", "cabinet."))]
    assert said == ["cabinet.signed_in", "key.released", "cabinet.key_chosen", "key.lent", "cabinet.signed_out", "key.returned"]
    assert (back.body.returned_by, back.clock) == (None, "unsynced")


def test_another_has_to_agree_with_a_badge(running: SiteProcess) -> None:
    """C8.2: a key's slot stays shut for its borrower's badge and a stranger's, and opens for another right holder's."""
    site, before = running, running.size()
    choose(site, "yamada", "2")
    wait(site, "key.asked", before)
    site.building.tap("yamada", "spare")
    wait(site, "cabinet.refused", before, person=1, code="second_person")
    site.building.tap("suzuki", "spare")
    wait(site, "cabinet.refused", before, person=3)
    assert not site.building.look().slots["main/2"].released
    site.building.tap("sato", "spare")
    opens(site, 2)
    site.building.pull_key("main", 2)
    assert wait(site, "key.lent", before).body.authorisers == (2,)
    site.building.hang_key("main", 2, "k2")
    wait(site, "key.returned", before)


def test_a_wrong_slot_is_told_until_it_is_put_right(running: SiteProcess) -> None:
    """C8.2: key 3 in slot 4 is misplaced by its fob, not a return of key 4; another right holder puts it right."""
    site, before = running, running.size()
    for slot in (3, 4):
        choose(site, "yamada", str(slot))
        opens(site, slot)
        site.building.pull_key("main", slot)
        wait(site, "key.lent", before, key=slot)
    site.building.hang_key("main", 4, "k3")
    wrong = wait(site, "key.returned", before, keys=(3,))
    assert (wrong.body.state, wrong.body.slot) == ("misplaced", 4)
    choose(site, "sato", "3")
    opens(site, 4)
    site.building.pull_key("main", 4)
    site.building.hang_key("main", 3, "k3")
    wait(site, "key.replaced", before, keys=(3,))
    assert site.query("select state from lock_key where lock_key = 4") == [("lent",)]
    site.building.hang_key("main", 4, "k4")
    wait(site, "key.returned", before, keys=(4,))


def test_a_key_torn_out_is_an_alarm_within_a_second(running: SiteProcess) -> None:
    """C8.2: a key gone without a loan is a missing key, less than a second after the building saw it go; and there again."""
    site, before = running, running.size()
    site.building.pull_key("main", 1, force=True)
    missing = wait(site, "key.missing", before, keys=(1,))
    lines = [json.loads(line) for line in (site.folder / "building.log").read_text().splitlines()]
    torn = next(datetime.fromisoformat(line["at"]) for line in lines if line["event"] == "torn_out")
    assert (datetime.fromisoformat(missing.at) - torn).total_seconds() < 1.0
    site.building.hang_key("main", 1, "k1")
    wait(site, "key.replaced", before, keys=(1,))


def test_a_sensor_that_sticks_lends_nothing(running: SiteProcess) -> None:
    """C8.2: the sensor sees no key go: the loan is cancelled, no key is lent; twice in a row it is a failed part."""
    site, before = running, running.size()
    site.building.stick_sensor("main", 1, True)
    for _ in range(2):
        at = site.size()
        choose(site, "yamada", "1")
        wait(site, "key.cancelled", at, cause="not_taken")
    wait(site, "part.failed", before, reason="stuck")
    holds(site, 1)
    assert not any(record.kind == "key.lent" for record in site.records(before))


@pytest.mark.parametrize(("taken", "kind"), [(True, "key.lent"), (False, "key.cancelled")])
def test_power_cut_between_released_and_taken(still: SiteProcess, taken: bool, kind: str) -> None:
    """C8.2: the power fails with a slot open: its latch holds; whoever took the key before has borrowed it, else nobody."""
    site = still
    site.start()
    choose(site, "yamada", "1")
    opens(site, 1)
    if taken:
        site.building.stick_sensor("main", 1, True)
        site.building.pull_key("main", 1)
    site.kill()
    holds(site, 1)
    site.building.stick_sensor("main", 1, None)
    before = site.size()
    site.start()
    wait(site, kind, before)
    assert not any(slot.released for slot in site.building.look().slots.values())


def test_power_cut_between_taken_and_commit(still: SiteProcess) -> None:
    """C8.2: the power fails while the taking is being written: the start finds the key gone by its loan, and no alarm."""
    site = still
    armed = site.folder / "armed"
    site.start([sys.executable, KILLED, site.data, "decided", armed])
    choose(site, "yamada", "1")
    opens(site, 1)
    armed.touch()
    site.building.pull_key("main", 1)
    assert site.controller is not None
    site.controller.wait(20)
    holds(site, 1)
    assert not any(record.kind == "key.lent" for record in site.records())
    armed.unlink()
    before = site.size()
    site.start()
    wait(site, "key.lent", before, person=1)
    until("the session is over", lambda: site.query("select step from cabinet_session") == [("over",)] or None)
    assert not any(record.kind == "key.missing" for record in site.records())
