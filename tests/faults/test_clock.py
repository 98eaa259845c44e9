"""Clocks that cannot be trusted: boots into the past and the future, jumps, NTP lost, and a controller whose clock is set.

Judged from the ledger: what was refused, what was done all the same, and that an auditor sees when it was doubted and why.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import sekimori
from site_process import SiteProcess
from sites import (
    BEGAN,
    SITE_TOML,
    TestSite,
    exit_button,
    fold_of,
    give_right,
    leaf,
    make_site,
    people,
    stored_tables,
    tap,
)

from controller.clock import SteppedClock, set_by_rtc
from controller.record import asks as ask
from controller.record.canonical import timestamp
from controller.record.envelope import Record
from controller.record.keys import KeyPair
from controller.rules.badge import ENROLMENT_S

PROGRAM = Path(__file__).with_name("clocked_controller.py")


def news(records: list[Record]) -> list[tuple[str, object]]:
    """What records say of the clock, in short."""
    said = [record for record in records if record.kind.startswith("clock.")]
    return [(r.kind, getattr(r.body, "reason", getattr(r.body, "source", ""))) for r in said]


def judged(site: TestSite, card: str, reader: str = "vault-door/in") -> tuple[str, str | None, str]:
    """A tap's record: its kind, its code, and the clock it carries."""
    records = site.turn(tap(reader, card))
    entry = next(record for record in records if record.kind.startswith("entry."))
    if entry.kind == "entry.granted":
        site.step(30)
        site.turn()
    return entry.kind, getattr(entry.body, "code", None), entry.clock


@dataclass
class Past:
    """A ledger at rest, and the dashboard that it trusts."""

    folder: Path
    dashboard: KeyPair

    def boot(self, at: datetime, quality: str, boot: str) -> TestSite:
        """The site, started with this clock; every door is seen shut."""
        site = make_site(self.folder, clock=SteppedClock(at, quality), boot=boot)
        site.dashboard = self.dashboard
        for portal in site.facility.portals:
            site.turn(leaf(portal, False))
        return site


@pytest.fixture
def past(tmp_path: Path) -> Past:
    """A ledger of a site with people, a right for a day and one for a year, made with a good clock; and who may ask it."""
    site = people(make_site(tmp_path, clock=SteppedClock(BEGAN, "synced")))
    give_right(site, 1, "vault", days=1)
    give_right(site, 2, "vault", days=365)
    site.step(2 * 86400)
    assert judged(site, "card:1")[:2] == ("entry.refused", "validity")
    site.close()
    return Past(tmp_path, site.dashboard)


@pytest.mark.parametrize(
    ("boots", "reason"),
    [
        (datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC), "behind"),
        (BEGAN - timedelta(days=12), "behind"),
        (BEGAN + timedelta(days=2, minutes=5), "start"),
        (datetime(2099, 1, 1, tzinfo=UTC), "start"),
    ],
)
def test_a_boot_without_a_clock(past: Past, boots: datetime, reason: str) -> None:
    """Booted into 1970, two weeks back, by guess or into 2099: taps are judged at no earlier time than is known and marked,
    what expires is refused, what only takes away is done; with NTP the true time counts, whatever the clock had said before."""
    site = past.boot(boots, "unsynced", "boot-2")
    assert news(site.records())[-1] == ("clock.doubted", reason)
    assert site.facts.failed_parts() == {"clock": reason}
    for _ in range(3):
        assert judged(site, "card:1") == ("entry.refused", "validity", "unsynced")
    far = boots.year == 2099
    assert judged(site, "card:2") == (("entry.refused", "validity") if far else ("entry.granted", None)) + ("unsynced",)
    assert site.asks(ask.ReleasePortal("front"), 2) == "clock"
    assert site.asks(ask.SuspendPerson(1), 2, expires_at=None) is None
    assert site.asks(ask.RevokeRight(1), 2, expires_at=None) is None

    site.clock.declare("synced")
    site.clock.jump(BEGAN + timedelta(days=3) - site.clock.now())
    site.turn()
    told = news(site.records())[-2:]
    assert told == [("clock.doubted", "jump"), ("clock.trusted", "synced")]
    assert judged(site, "card:2") == ("entry.granted", None, "synced")
    assert site.asks(ask.ReleasePortal("front"), 2) is None
    assert site.facts.failed_parts() == {}
    assert stored_tables(site.ledger.connection) == fold_of(site.records())
    site.close()


def test_2099_poisons_no_later_start(past: Past) -> None:
    """After a doubted run in 2099, a start in 1970 is judged at the last time that was trusted, and one with NTP at its own."""
    for n, boots in enumerate([datetime(2099, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]):
        site = past.boot(boots, "unsynced", f"boot-{n + 2}")
        site.turn(exit_button("lab-door"))
        site.close()
    assert news(site_records(past.folder))[-1] == ("clock.doubted", "start"), "one doubt, told once"

    site = past.boot(datetime(1970, 1, 1, tzinfo=UTC), "unsynced", "boot-5")
    assert judged(site, "card:2") == ("entry.granted", None, "unsynced")
    assert judged(site, "card:1") == ("entry.refused", "validity", "unsynced")
    site.close()
    site = past.boot(BEGAN + timedelta(days=3), "synced", "boot-6")
    assert news(site.records())[-1] == ("clock.trusted", "synced")
    assert judged(site, "card:2") == ("entry.granted", None, "synced")
    site.close()


def site_records(folder: Path) -> list[Record]:
    """The records of a ledger at rest."""
    site = make_site(folder, start=False)
    found = site.records()
    site.close()
    return found


@pytest.mark.parametrize("by", [timedelta(minutes=5), timedelta(hours=3), timedelta(days=10)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_jump_under_way(tmp_path: Path, by: timedelta, sign: int) -> None:
    """Set by minutes, hours, days, forward or back: doubted in the same turn with the seconds it moved, until NTP speaks after
    it. A release is refused meanwhile, a right that was over stays over."""
    site = people(make_site(tmp_path, clock=SteppedClock(BEGAN, "synced")))
    give_right(site, 1, "vault", days=1)
    site.step(86400 + 60)
    assert judged(site, "card:1") == ("entry.refused", "validity", "synced")

    site.clock.jump(sign * by)
    site.clock.declare("unsynced")

    assert judged(site, "card:1") == ("entry.refused", "validity", "unsynced")
    doubt = next(r.body for r in reversed(site.records()) if r.kind == "clock.doubted")
    assert (doubt.reason, doubt.by_s) == ("jump", sign * by.total_seconds())
    assert doubt.known_at == timestamp(BEGAN + timedelta(seconds=86460))
    assert site.asks(ask.ReleasePortal("front"), 2) == "clock"
    site.step(3600)
    assert judged(site, "card:1") == ("entry.refused", "validity", "unsynced")
    site.clock.jump(-sign * by)
    site.clock.declare("synced")
    site.turn()
    assert news(site.records())[-2:] == [("clock.doubted", "jump"), ("clock.trusted", "synced")]
    assert site.asks(ask.ReleasePortal("front"), 2) is None
    site.close()


def test_a_trusted_correction_is_on_record(tmp_path: Path) -> None:
    """NTP puts the clock back by hours: believed at once, and a right that had been refused as over holds again; but the ledger
    says between the two that the clock was set, by how much and on whose word."""
    site = people(make_site(tmp_path, clock=SteppedClock(BEGAN, "synced")))
    give_right(site, 1, "vault", days=1)
    site.step(86400 + 3600)
    assert judged(site, "card:1")[:2] == ("entry.refused", "validity")
    site.clock.jump(timedelta(hours=-2))

    assert judged(site, "card:1") == ("entry.granted", None, "synced")

    kinds = [r.kind for r in site.records() if r.kind.startswith(("clock.", "entry.granted", "entry.refused"))]
    assert kinds == ["entry.refused", "clock.doubted", "clock.trusted", "entry.granted"]
    site.close()


def test_ntp_lost_for_days_and_back(tmp_path: Path) -> None:
    """Without NTP the site goes on for the hours that the settings say, then doubts its clock, and trusts it with NTP again."""
    text = SITE_TOML.replace('trust = "host"', 'trust = "ntp"\nholdover_h = 48')
    site = people(make_site(tmp_path, text=text, clock=SteppedClock(BEGAN, "synced")))
    site.clock.declare("unsynced")
    codes = []
    for _ in range(6):
        site.step(12 * 3600)
        site.turn()
        codes.append(site.asks(ask.ReleasePortal("front"), 2))
        site.step(30)
        site.turn()
    assert codes == [None, None, None, "clock", "clock", "clock"]
    assert [r.clock for r in site.records() if r.kind == "portal.released"] == ["holdover"] * 3
    site.clock.declare("synced")
    site.turn()
    assert news(site.records()) == [("clock.doubted", "holdover"), ("clock.trusted", "synced")]
    site.close()


def test_the_console_confirms_a_doubted_clock(past: Past) -> None:
    """Whoever stands at the console ends the doubt, on record, until the next jump; not with an old look, and not twice."""
    site = past.boot(BEGAN + timedelta(days=3), "unsynced", "boot-2")
    old = timestamp(site.clock.now() - timedelta(minutes=2))
    assert site.console("clock.confirm", shown_at=old)["code"] == "freshness"
    assert site.console("clock.confirm", shown_at="noon")["code"] == "form"
    assert site.console("clock.confirm", shown_at=timestamp(site.clock.now()))["code"] is None
    record = site.records()[-1]
    assert (record.kind, record.by, site.facts.failed_parts()) == ("clock.confirmed", "console", {})
    assert site.asks(ask.ReleasePortal("front"), 2) is None
    assert site.records()[-1].clock == "confirmed"
    assert site.console("clock.confirm", shown_at=timestamp(site.clock.now()))["code"] == "subject"
    site.clock.jump(timedelta(hours=1))
    assert site.asks(ask.ReleasePortal("front"), 2) == "clock"
    site.close()


def test_a_doubt_that_was_not_recorded_is_told_again(tmp_path: Path) -> None:
    """When the commit fails that a doubt was to be recorded in, it is still doubted and recorded by the next; a confirmation
    that was not recorded confirms nothing."""
    site = people(make_site(tmp_path, clock=SteppedClock(BEGAN, "synced")))
    site.clock.declare("unsynced")
    site.clock.jump(timedelta(hours=1))
    site.connection.breaks = lambda text: text.casefold().startswith("commit")
    with pytest.raises(Exception, match="disk I/O"):
        site.loop.turn([])
    site.connection.breaks = lambda text: False
    site.turn()
    assert news(site.records()) == [("clock.doubted", "jump")]

    site.connection.breaks = lambda text: text.casefold().startswith("commit")
    with pytest.raises(Exception, match="disk I/O"):
        site.console("clock.confirm", shown_at=timestamp(site.clock.now()))
    site.connection.breaks = lambda text: False
    assert site.asks(ask.ReleasePortal("front"), 2) == "clock"
    site.close()


def test_a_door_that_was_locked_stays_so_in_2099(tmp_path: Path) -> None:
    """What an operator locked for an hour is not let go because a start shows a far year; by a good clock it ends in time."""
    site = people(make_site(tmp_path, clock=SteppedClock(BEGAN, "synced")))
    assert site.asks(ask.OverridePortal("front", "locked", timestamp(BEGAN + timedelta(hours=1))), 2) is None
    site.close()
    past = Past(tmp_path, site.dashboard)

    site = past.boot(datetime(2099, 1, 1, tzinfo=UTC), "unsynced", "boot-2")
    site.turn()
    assert "override.ended" not in site.kinds()
    site.clock.jump(BEGAN + timedelta(minutes=30) - site.clock.now())
    site.clock.declare("synced")
    site.turn()
    assert "override.ended" not in site.kinds()
    site.step(1860)
    site.turn()
    assert site.kinds()[-1] == "override.ended"
    site.close()


@pytest.mark.parametrize("by_h", [-5, 5])
@pytest.mark.parametrize("quality", ["synced", "unsynced"])
def test_no_reader_waits_longer_for_a_card(tmp_path: Path, by_h: int, quality: str) -> None:
    """A reader that waits for a card to enrol waits for a minute and no longer, also when the clock is set meanwhile."""
    site = people(make_site(tmp_path, clock=SteppedClock(BEGAN, "synced")))
    assert site.console("enrol", person=1, reader="front/in")["code"] is None
    site.clock.jump(timedelta(hours=by_h))
    site.clock.declare(quality)
    site.step(ENROLMENT_S + 3)

    records = site.turn(tap("front/in", "card:new"))

    assert [r.kind for r in records if r.kind.startswith(("badge", "enrolment"))] == ["enrolment.closed"]
    site.close()


@pytest.mark.parametrize(
    ("hctosys", "behind_s", "elapsed_s", "believed"),
    [
        ("1\n", 0, 60, True),
        ("1\n", 3, 60, True),
        ("1\n", 3600, 60, False),
        ("1\n", -3600, 60, False),
        ("1\n", 60, 7 * 86400, True),
        ("0\n", 0, 60, False),
        (None, 0, 60, False),
    ],
)
def test_what_an_rtc_vouches_for(
    tmp_path: Path, hctosys: str | None, behind_s: int, elapsed_s: float, believed: bool
) -> None:
    """An RTC vouches for the clock that it set at the machine's start and that nobody has set since; one that set nothing, or
    shows another time, does not."""
    rtc = tmp_path / "rtc0"
    if hctosys is not None:
        rtc.mkdir()
        (rtc / "hctosys").write_text(hctosys)
        (rtc / "since_epoch").write_text(f"{int(BEGAN.timestamp()) - behind_s}\n")

    assert set_by_rtc(tmp_path, BEGAN.timestamp(), elapsed_s) is believed


# A real controller -------------------------------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> Iterator[SiteProcess]:
    """A running controller whose clock is in a file, with one right holder."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.badge(yamada, "yamada")
        put_clock(site, 0, "synced")
        site.start([sys.executable, PROGRAM, site.data, site.folder / "clock"])
        yield site
        assert site.stop() == 0


def put_clock(site: SiteProcess, off_s: float, said: str) -> None:
    """Sets the controller's clock, in one step."""
    new = site.folder / "clock.new"
    new.write_text(f"{off_s} {said}")
    os.replace(new, site.folder / "clock")


def test_the_clock_of_a_running_controller_is_set(running: SiteProcess) -> None:
    """Set an hour ahead, a controller doubts its clock within a beat, lets the right holder in with a mark, and says so at the
    console; put back it still doubts, until somebody confirms it, which stands in the ledger as the console's word."""
    site = running
    before = site.size()
    put_clock(site, 3600, "unsynced")
    doubt = site.wait_record("clock.doubted", before)
    assert doubt.body.reason == "jump" and abs(doubt.body.by_s - 3600) <= 1

    site.building.tap("yamada", "front/in")
    assert site.wait_record("entry.granted", before).clock == "unsynced"
    told = sekimori("clock", "--data", site.data, "--json")
    assert (told.code, json.loads(told.out)["reason"]) == (1, "jump")

    put_clock(site, 0, "unsynced")
    site.wait_record("clock.doubted", doubt.seq)
    unsure = sekimori("clock", "confirm", "--data", site.data)
    assert unsure.code == 1 and "compare it with a watch" in unsure.err
    assert sekimori("clock", "confirm", "--yes", "--data", site.data).code == 0
    assert site.wait_record("clock.confirmed", before).by == "console"
    again = sekimori("clock", "confirm", "--yes", "--data", site.data)
    assert again.code == 1 and "trusted already" in again.err
    good = sekimori("clock", "--data", site.data)
    assert good.code == 0 and "Confirmed by hand" in good.out


def test_nobody_confirms_a_clock_without_a_controller(tmp_path: Path) -> None:
    """While no controller runs there is nothing to confirm: it could not run, and nothing is written."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            past.person("山田 花子")
        size = site.size()
        said = sekimori("clock", "confirm", "--yes", "--data", site.data)

        assert said.code == 2 and site.size() == size
