"""Days with other hours, in the settings and by an operator's word, through the loop: doors and taps follow at once (C8.8)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, fold_of, give_right, leaf, make_site, people, stored_tables, tap

from controller.record.asks import ApproveSpecialDay, ClearSpecialDay, DeclineSpecialDay, SetSpecialDay
from controller.record.canonical import timestamp

OPEN = SITE_TOML.replace('inner = "lab"\n', 'inner = "lab"\nunlock = "office"\nfirst_card = false\n')
"""The lab's door stands unlocked from 08:00 to 19:00 on working days. It is Tuesday, 24 November 2026, 09:00."""

HALF_DAY = '[[calendar.special]]\ndate = 2026-11-25\nname = { ja = "半日", en = "Half-day" }\nhours = "08:00-12:00"\n'
SATURDAY = HALF_DAY.replace("11-25", "11-28").replace('"08:00-12:00"', '{ office = "09:00-15:00" }')
TODAY, TOMORROW, SATURDAY_DAY = "2026-11-24", "2026-11-25", "2026-11-28"


def tokyo(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """An instant of 2026 by the wall clock in Tokyo."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=9)


def opened(folder: Path, text: str = OPEN) -> TestSite:
    """A site with people; every leaf is closed; person 2 has a right to the vault in office hours."""
    made = people(make_site(folder, text=text))
    give_right(made, 2, "vault", "office")
    made.turn(leaf("front", False), leaf("lab-door", False), leaf("vault-door", False))
    return made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The site without special days."""
    made = opened(tmp_path)
    yield made
    assert made.actuator.unrecorded == []
    assert stored_tables(made.ledger.connection) == {k: v for k, v in fold_of(made.records()).items() if v}
    made.close()


def status(site: TestSite, portal: str = "lab-door") -> str:
    """How the portal stands."""
    return str(site.loop.portals[portal].status)


def at(site: TestSite, when: datetime) -> None:
    """Lets time pass until then, and what is due happen."""
    site.step((when - site.clock.now()).total_seconds())
    site.turn()


def tapped(site: TestSite) -> str:
    """What becomes of person 2's badge at the vault: a code, or `granted`."""
    said = next(record for record in site.turn(tap("vault-door/in", "card:2")) if record.kind.startswith("entry."))
    site.turn(leaf("vault-door", True), leaf("vault-door", False))
    return "granted" if said.kind == "entry.granted" else str(said.body.code)


def test_half_day_of_the_settings(tmp_path: Path) -> None:
    """On a half-day of site.toml the door locks at noon, and a badge whose right is for office hours opens nothing after."""
    site = opened(tmp_path, OPEN + HALF_DAY)
    at(site, tokyo(25, 11, 59))
    assert (status(site), tapped(site)) == ("standing", "granted")

    at(site, tokyo(25, 12))

    assert (status(site), tapped(site)) == ("secure", "schedule")
    at(site, tokyo(26, 12))
    assert (status(site), tapped(site)) == ("standing", "granted")
    site.close()


def test_saturday_of_the_settings_opens_one_schedule(tmp_path: Path) -> None:
    """A Saturday that is worked by one schedule opens that one from 09:00 to 15:00 and leaves the others as they are."""
    site = opened(tmp_path, OPEN + SATURDAY)
    at(site, tokyo(28, 8, 59))
    assert status(site) == "secure"

    at(site, tokyo(28, 9))

    assert (status(site), tapped(site)) == ("standing", "granted")
    at(site, tokyo(28, 15))
    assert status(site) == "secure"
    site.close()


def test_manager_closes_alone_and_at_once(site: TestSite) -> None:
    """A manager who says at 09:00 that today is over at 12:00 needs nobody; said at 13:00, the door locks in that very turn."""
    assert site.asks(SetSpecialDay(TODAY, "*", "08:00-12:00"), 2) is None
    unlocked = [record.body for record in site.records() if record.kind == "portal.unlocked"]
    assert [body.until_at for body in unlocked] == [timestamp(tokyo(24, 19)), timestamp(tokyo(24, 12))]
    at(site, tokyo(24, 12))
    assert (status(site), tapped(site)) == ("secure", "schedule")

    at(site, tokyo(25, 13))
    assert status(site) == "standing"
    first = site.ledger.size + 1
    assert site.asks(SetSpecialDay(TOMORROW, "office", "08:00-12:00"), 2) is None

    assert site.kinds(first)[:3] == ["special_day.set", "request.accepted", "portal.locked"]
    assert (status(site), tapped(site)) == ("secure", "schedule")


def test_what_opens_more_waits_for_a_second_person(site: TestSite) -> None:
    """A Saturday is opened when another manager has approved it, not who asked for it; until then it stays shut (C7.3)."""
    first = site.ledger.size + 1
    assert site.asks(SetSpecialDay(SATURDAY_DAY, "office", "09:00-15:00"), 2) is None
    assert site.kinds(first) == ["special_day.requested", "request.accepted"]
    at(site, tokyo(28, 10))
    assert (status(site), tapped(site)) == ("secure", "schedule")

    assert site.asks(ApproveSpecialDay(1), 2) == "second_person"
    first = site.ledger.size + 1
    assert site.asks(ApproveSpecialDay(1), 1) is None

    assert site.kinds(first)[:3] == ["special_day.approved", "request.accepted", "portal.unlocked"]
    assert (status(site), tapped(site)) == ("standing", "granted")
    assert site.asks(ApproveSpecialDay(1), 1) == "subject"
    at(site, tokyo(28, 15))
    assert status(site) == "secure"


def test_fewer_hours_of_a_pin_wait_for_a_second_person(tmp_path: Path) -> None:
    """In whose hours a portal asks for a PIN, that schedule is not shortened by one: the badge alone would open it (C7.3)."""
    asks_pin = OPEN.replace('inner = "vault"\n', 'inner = "vault"\npin = "office"\n').replace(
        '54324"\n', '54324"\nkeypad = "simulated:40"\n'
    )
    site = opened(tmp_path, asks_pin)
    for number, (schedule, hours) in enumerate([("office", "-"), ("*", "08:00-12:00")], 1):
        first = site.ledger.size + 1
        assert site.asks(SetSpecialDay(TODAY, schedule, hours), 2) is None
        assert site.kinds(first) == ["special_day.requested", "request.accepted"]
        assert site.asks(ApproveSpecialDay(number), 2) == "second_person"
    assert tapped(site) == "pin"

    first = site.ledger.size + 1
    assert site.asks(SetSpecialDay(TODAY, "office", "08:00-19:00"), 2) is None
    assert site.kinds(first)[0] == "special_day.set"
    site.close()


def test_declined_hours_open_nothing(site: TestSite) -> None:
    """Hours that somebody said no to cannot be approved any more."""
    assert site.asks(SetSpecialDay(SATURDAY_DAY, "office", "09:00-15:00"), 2) is None

    assert site.asks(DeclineSpecialDay(1), 2, expires_at=None) is None
    assert site.asks(ApproveSpecialDay(1), 1) == "subject"

    at(site, tokyo(28, 10))
    assert status(site) == "secure"


def test_cleared_day_has_its_hours_again(site: TestSite) -> None:
    """A half-day that is taken back leaves the hours of the settings, in the turn in which that was asked."""
    assert site.asks(SetSpecialDay(TODAY, "*", "-"), 2) is None
    assert (status(site), tapped(site)) == ("secure", "schedule")

    assert site.asks(ClearSpecialDay(1), 2) is None

    assert (status(site), tapped(site)) == ("standing", "granted")
    assert site.asks(ClearSpecialDay(1), 2) == "subject"


def test_later_word_takes_the_place_of_an_earlier_one(site: TestSite) -> None:
    """Of two special days of one schedule the later holds, and the other is on record as cleared; shorter than an approved one
    needs nobody, longer again does."""
    assert site.asks(SetSpecialDay(SATURDAY_DAY, "office", "09:00-15:00"), 2) is None
    assert site.asks(ApproveSpecialDay(1), 1) is None

    first = site.ledger.size + 1
    assert site.asks(SetSpecialDay(SATURDAY_DAY, "office", "10:00-12:00"), 2) is None
    assert site.kinds(first) == ["special_day.cleared", "special_day.set", "request.accepted"]
    first = site.ledger.size + 1
    assert site.asks(SetSpecialDay(SATURDAY_DAY, "office", "10:00-15:00"), 2) is None

    assert site.kinds(first) == ["special_day.requested", "request.accepted"]
    at(site, tokyo(28, 12))
    assert status(site) == "secure"


def test_who_may_not(site: TestSite) -> None:
    """A special day is a manager's word, of the whole site, of a known schedule, of today or later, and has to come in time."""
    late = {"expires_at": None}

    assert site.asks(SetSpecialDay(TODAY, "*", "-"), 3) == "role"
    assert site.asks(SetSpecialDay(TODAY, "*", "-"), 2, **late) == "freshness"
    assert site.asks(SetSpecialDay(TODAY, "nights", "-"), 2) == "subject"
    assert site.asks(SetSpecialDay(TODAY, "always", "-"), 2) == "subject"
    assert site.asks(SetSpecialDay("2026-11-23", "*", "-"), 2) == "validity"
    assert site.asks(SetSpecialDay("2028-11-23", "*", "-"), 2) == "validity"
    for day in ("20261125", "2026-W48-3", "soon", "2026-02-29", ""):
        assert site.asks(SetSpecialDay(day, "*", "-"), 2) == "form"
    assert site.asks(SetSpecialDay(TODAY, "*", "12"), 2) == "form"
    site.console("operator.change", operator=2, scope=["lab"])
    assert site.asks(SetSpecialDay(TODAY, "*", "-"), 2) == "scope"
    assert (status(site), {"special_day.set", "special_day.requested"} & set(site.kinds())) == ("standing", set())


def test_special_day_survives_a_restart(tmp_path: Path) -> None:
    """What an operator said of a day holds after a power cut; what the settings say of it gives way."""
    before = opened(tmp_path, OPEN + HALF_DAY)
    assert before.asks(SetSpecialDay(TOMORROW, "*", "08:00-10:00"), 2) is None
    before.close()

    after = make_site(tmp_path, text=OPEN + HALF_DAY, clock=before.clock, boot="boot-2")
    after.turn(leaf("lab-door", False), leaf("vault-door", False))
    at(after, tokyo(25, 9, 59))
    assert status(after) == "standing"
    at(after, tokyo(25, 10))

    assert (status(after), tapped(after)) == ("secure", "schedule")
    after.close()


def test_changed_settings_are_on_record_and_hold_from_the_start_on(tmp_path: Path) -> None:
    """A calendar that was changed in site.toml is a record of the next start, with what is no more, and holds at once."""
    before = opened(tmp_path, OPEN + HALF_DAY)
    before.close()
    before.clock.step_to(tokyo(25, 13))

    after = make_site(tmp_path, text=OPEN + SATURDAY, clock=before.clock, boot="boot-2")
    after.turn(leaf("lab-door", False))

    said = next(record.body for record in reversed(after.records()) if record.kind == "calendar.configured")
    assert [(day.day, day.schedule, day.hours) for day in said.special] == [(SATURDAY_DAY, "office", "09:00-15:00")]
    assert said.removed_days == ((TOMORROW, "*"),)
    assert status(after) == "standing"
    assert stored_tables(after.ledger.connection) == {k: v for k, v in fold_of(after.records()).items() if v}
    after.close()


def test_inventory_night_goes_on_after_midnight(site: TestSite) -> None:
    """Hours over midnight belong to the day they were set for, and end on the next morning."""
    assert site.asks(SetSpecialDay(TODAY, "office", "08:00-19:00 22:00-02:00"), 2) is None
    assert site.asks(ApproveSpecialDay(1), 1) is None

    seen = []
    for when in (tokyo(24, 19), tokyo(24, 22), tokyo(25, 0), tokyo(25, 1, 59), tokyo(25, 2), tokyo(25, 8)):
        at(site, when)
        seen.append(status(site))

    assert seen == ["secure", "standing", "standing", "standing", "secure", "standing"]
