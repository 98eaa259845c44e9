"""Doors that stand unlocked by their hours, by an operator's word, or not at all in a lockdown, through the loop (C8.8)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, exit_button, fold_of, give_right, leaf, make_site, people, stored_tables, tap

from controller.record.asks import BeginLockdown, EndLockdown, OverridePortal, ReleasePortal, ResumePortal
from controller.record.canonical import timestamp

TEXT = SITE_TOML.replace('inner = "lab"\n', 'inner = "lab"\nunlock = "office"\n')
"""The lab's door stands unlocked from 08:00 to 19:00 on working days, once somebody has come in. It is Tuesday, 09:00."""

EVENING = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
"""19:00 in Tokyo."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The site with its people; every leaf is closed."""
    made = people(make_site(tmp_path, text=TEXT))
    made.turn(leaf("front", False), leaf("lab-door", False), leaf("vault-door", False))
    yield made
    assert made.actuator.unrecorded == []
    assert stored_tables(made.ledger.connection) == {k: v for k, v in fold_of(made.records()).items() if v}
    made.close()


def status(site: TestSite, portal: str = "lab-door") -> str:
    """How the portal stands."""
    return str(site.loop.portals[portal].status)


def come_in(site: TestSite, person: int = 1) -> list[str]:
    """Somebody taps at the lab's door and walks in; the kinds of what was recorded."""
    first = site.ledger.size + 1
    site.turn(tap("lab-door/in", f"card:{person}"))
    site.turn(leaf("lab-door", True))
    site.turn(leaf("lab-door", False))
    return site.kinds(first)


def at(site: TestSite, when: datetime) -> None:
    """Lets time pass until then, and what is due happen."""
    site.step((when - site.clock.now()).total_seconds())
    site.turn()


def test_first_to_come_in_opens_the_hours(site: TestSite) -> None:
    """In its hours the door stays locked until the first right holder has come in; at their end it locks by itself."""
    assert status(site) == "secure"

    assert [kind for kind in come_in(site) if not kind.startswith("presence.")] == [
        "entry.granted", "door.opened", "zone.opened", "portal.unlocked", "door.closed"
    ]  # fmt: skip

    assert status(site) == "standing"
    unlocked = next(record.body for record in site.records() if record.kind == "portal.unlocked")
    assert (unlocked.cause, unlocked.until_at) == ("schedule", timestamp(EVENING))
    at(site, EVENING)
    assert (status(site), site.actuator.secured()[-1]) == ("secure", "lab-door")
    assert "portal.locked" in site.kinds()[-3:]


def test_granted_but_nobody_came(site: TestSite) -> None:
    """A tap alone opens no hours: somebody has to have come in."""
    site.turn(tap("lab-door/in", "card:1"))
    site.step(6)
    site.turn()

    assert (status(site), "zone.opened" in site.kinds()) == ("secure", False)


def test_standing_lock_is_kept_released(site: TestSite) -> None:
    """A lock that stands unlocked is told so again before its own time limit would secure it, and leaves no record of that."""
    come_in(site)
    size, before = site.ledger.size, len(site.actuator.releases())

    for _ in range(5):
        site.step(4)
        site.turn()

    assert site.actuator.releases()[before:] == ["lab-door"] * 5
    assert site.ledger.size == size


def test_leaf_moves_as_it_likes(site: TestSite) -> None:
    """While the door stands unlocked nobody is an intruder and no leaf is held; when it locks, an open leaf has its time."""
    come_in(site)
    site.turn(leaf("lab-door", True))
    site.step(3600)
    site.turn()
    assert status(site) == "standing_open"

    at(site, EVENING)

    assert (status(site), site.actuator.secured()[-1]) == ("open", "lab-door")
    site.step(20)
    site.turn()
    assert status(site) == "held"
    assert not {"door.forced"} & set(site.kinds())


def test_who_taps_is_recorded_all_the_same(site: TestSite) -> None:
    """A badge held at a door that stands unlocked is an entry by name, and one without a right is refused (C8.9)."""
    come_in(site)
    first = site.ledger.size + 1

    site.turn(tap("lab-door/in", "card:2"), tap("lab-door/in", "card:9"))

    assert site.kinds(first) == ["entry.granted", "presence.moved", "entry.refused"]
    assert status(site) == "standing"


@pytest.mark.parametrize(
    ("later", "expected"), [(timedelta(hours=1), "standing"), (timedelta(hours=12), "secure"), (timedelta(days=1), "secure")]
)
def test_restart_finds_the_posture_again(tmp_path: Path, later: timedelta, expected: str) -> None:
    """After a restart every lock is secure first; then it stands as the tables and the hour of waking say."""
    before = people(make_site(tmp_path, text=TEXT))
    before.turn(leaf("lab-door", False))
    come_in(before)
    before.close()
    before.clock.step(later)

    after = make_site(tmp_path, text=TEXT, clock=before.clock, boot="boot-2")

    assert after.actuator.releases() == []
    assert "lab-door" in after.actuator.secured()
    after.turn(leaf("lab-door", False))
    assert status(after) == expected
    assert after.actuator.unrecorded == []
    after.close()


def test_unseen_leaf_is_not_unlocked(tmp_path: Path) -> None:
    """A door whose contact does not answer does not stand unlocked, whatever its hours say."""
    site = people(make_site(tmp_path, text=TEXT.replace('unlock = "office"', 'unlock = "office"\nfirst_card = false')))

    site.step(60)
    site.turn()

    assert (status(site), site.actuator.releases()) == ("unknown", [])
    site.close()


def test_lockdown_locks_and_lets_out(site: TestSite) -> None:
    """In a lockdown nobody enters, whatever their rights, and the operator's button opens nothing; whoever is in gets out."""
    come_in(site)

    assert site.asks(BeginLockdown("lab"), 2, expires_at=None) is None

    assert (status(site), site.actuator.secured()[-1]) == ("secure", "lab-door")
    site.turn(tap("lab-door/in", "card:1"))
    refused = site.records()[-1]
    assert (refused.kind, refused.body.code) == ("entry.refused", "lockdown")
    assert site.asks(ReleasePortal("lab-door"), 2) == "lockdown"
    site.turn(tap("lab-door/out", "card:1"))
    assert status(site) == "released"
    site.turn(exit_button("front"))
    assert status(site, "front") == "released"


def test_lifted_lockdown_stands_as_before(site: TestSite) -> None:
    """A lockdown is lifted by a manager alone, and then the door stands by its hours again."""
    come_in(site)
    assert site.asks(BeginLockdown("*"), 2, expires_at=None) is None
    site.turn(tap("front/in", "card:1"))
    assert site.records()[-1].body.code == "lockdown"

    assert site.asks(EndLockdown("*"), 3) == "role"
    assert site.asks(EndLockdown("*"), 2) is None

    assert status(site) == "standing"


def test_lockdown_survives_a_restart(tmp_path: Path) -> None:
    """A lockdown holds until it is lifted, also over a power cut."""
    before = people(make_site(tmp_path, text=TEXT))
    before.turn(leaf("lab-door", False))
    come_in(before)
    before.asks(BeginLockdown("*"), 2, expires_at=None)
    before.close()

    after = make_site(tmp_path, text=TEXT, clock=before.clock, boot="boot-2")
    after.turn(leaf("lab-door", False), tap("lab-door/in", "card:1"))

    assert (status(after), after.records()[-1].body.code) == ("secure", "lockdown")
    after.close()


def test_override_ends_by_itself(site: TestSite) -> None:
    """An operator lets a door stand open for a reason and a time; then it locks, and both are records."""
    until = site.clock.now() + timedelta(hours=1)

    assert site.asks(OverridePortal("front", "open", timestamp(until)), 2) is None

    assert status(site, "front") == "standing"
    at(site, until)
    assert status(site, "front") == "secure"
    assert [kind for kind in site.kinds()[-4:] if kind != "presence.doubted"] == ["override.ended", "portal.locked"]


def test_override_locks_and_is_ended(site: TestSite) -> None:
    """A door that stands in its hours is locked by an operator's word, and stands again when that is taken back."""
    come_in(site)
    until = timestamp(site.clock.now() + timedelta(hours=2))

    assert site.asks(OverridePortal("lab-door", "locked", until), 2) is None
    assert status(site) == "secure"
    assert come_in(site)[:1] == ["entry.granted"], "badges open it all the same"
    assert site.asks(ResumePortal("lab-door"), 2) is None

    assert status(site) == "standing"


def test_override_is_refused_without_an_end(site: TestSite) -> None:
    """An override names its end, within a day, comes in time, and is a manager's word."""
    tomorrow = timestamp(site.clock.now() + timedelta(hours=25))
    soon = timestamp(site.clock.now() + timedelta(hours=1))

    assert site.asks(OverridePortal("front", "open", tomorrow), 2) == "purpose"
    assert site.asks(OverridePortal("front", "open", "later"), 2) == "purpose"
    assert site.asks(OverridePortal("front", "open", soon), 3) == "role"
    assert site.asks(OverridePortal("front", "open", soon), 2, expires_at=None) == "freshness"
    assert status(site, "front") == "secure"


def test_doubted_clock_unlocks_nothing(site: TestSite) -> None:
    """When the clock is trusted no more, what stands unlocked locks; once it is good, the next to come in opens (design §6)."""
    come_in(site)

    site.clock.declare("unsynced")
    site.turn()

    assert status(site) == "secure"
    locked = next(record for record in reversed(site.records()) if record.kind != "presence.doubted")
    assert (locked.kind, locked.body.cause) == ("portal.locked", "clock")
    site.clock.declare("declared")
    site.turn()
    assert status(site) == "secure"
    come_in(site)
    assert status(site) == "standing"


def test_clock_set_forward_opens_nobodys_hours(site: TestSite) -> None:
    """A right that holds by day does not hold at night because somebody has set the clock to the day (design §6)."""
    give_right(site, 2, "vault", "office")
    at(site, datetime(2026, 11, 24, 18, 0, tzinfo=UTC))  # 03:00 in Tokyo
    site.turn(tap("vault-door/in", "card:2"))
    assert site.records()[-1].body.code == "schedule"

    site.clock.jump(timedelta(hours=6))
    site.clock.declare("unsynced")
    first = site.ledger.size + 1
    site.turn(tap("vault-door/in", "card:2"))

    assert "clock.doubted" in site.kinds(first)
    assert site.records()[-1].body.code == "schedule"


def test_override_by_a_wrong_clock_ends_with_it(site: TestSite) -> None:
    """A door let stand open for an hour by a clock that was a day ahead is not open for a day when the clock is corrected."""
    until = timestamp(site.clock.now() + timedelta(hours=1))
    assert site.asks(OverridePortal("front", "open", until), 2) is None
    come_in(site)
    assert (status(site, "front"), status(site)) == ("standing", "standing")

    site.clock.jump(timedelta(hours=-20))
    site.turn()

    assert (status(site, "front"), status(site)) == ("secure", "secure")
    assert "override.ended" in site.kinds()
