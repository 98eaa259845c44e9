"""Evacuations through the loop: marked doors stand open and nobody enters, until a person ends it (C8.9)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, fold_of, leaf, make_site, people, small_facility, stored_tables, tap

from controller.facility.settings import BadSettings
from controller.inbox import ContactSeen, Inbox, RequestReceived
from controller.record.asks import (
    BeginEvacuation,
    BeginLockdown,
    EndEvacuation,
    EndLockdown,
    OverridePortal,
    ReleasePortal,
)
from controller.record.canonical import timestamp
from controller.record.envelope import Record
from controller.rules.effects import PlaySignal

TEXT = SITE_TOML.replace('inner = "lab"\n', 'inner = "lab"\nevacuation = "release"\nunlock = "office"\nfirst_card = false\n')
"""The lab's door is marked to stand open in an evacuation; it also stands unlocked in office hours. Tuesday, 09:00."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The site in the evening, every door locked."""
    made = evening(people(make_site(tmp_path, text=TEXT)))
    yield made
    assert made.actuator.unrecorded == []
    assert stored_tables(made.ledger.connection) == {k: v for k, v in fold_of(made.records()).items() if v}
    made.close()


def evening(site: TestSite) -> TestSite:
    site.turn(leaf("front", False), leaf("lab-door", False), leaf("vault-door", False))
    site.step(11 * 3600)
    site.turn()
    return site


def status(site: TestSite, portal: str = "lab-door") -> str:
    """How the portal stands."""
    return str(site.loop.portals[portal].status)


def begin(site: TestSite, zone: str = "*", operator: int = 3) -> str | None:
    return site.asks(BeginEvacuation(zone), operator, expires_at=None)


def refusal(site: TestSite, reader: str = "front/in", card: str = "card:1") -> str:
    record = entry(site, reader, card)
    assert record.kind == "entry.refused", record
    return str(record.body.code)


def entry(site: TestSite, reader: str = "front/in", card: str = "card:1") -> Record:
    """What was decided on a tap."""
    return next(record for record in site.turn(tap(reader, card)) if record.kind.startswith("entry."))


def signals(site: TestSite, portal: str = "lab-door") -> list[str]:
    """The standing signals of a portal, in order."""
    standing = ("idle_locked", "idle_open", "evacuation", "lockdown")
    played = [e for e in site.actuator.performed if isinstance(e, PlaySignal) and e.portal == portal]
    return [effect.signal for effect in played if effect.signal in standing]


def test_marked_door_opens_and_nobody_enters(site: TestSite) -> None:
    """In the turn of the request the marked door stands open and shows it; the others stay as they are; entries are refused."""
    assert status(site) == "secure"
    first = site.ledger.size + 1

    assert begin(site, operator=2) is None

    assert site.kinds(first)[:3] == ["evacuation.begun", "request.accepted", "portal.unlocked"]
    assert site.records(first + 2)[0].body.cause == "evacuation"
    assert [status(site, portal) for portal in ("lab-door", "front", "vault-door")] == ["standing", "secure", "secure"]
    assert signals(site)[-1] == "evacuation"
    assert [refusal(site), refusal(site, "lab-door/in")] == ["evacuation", "evacuation"]
    assert refusal(site, card="card:9") == "enrolment"
    assert status(site) == "standing"


def test_whoever_leaves_is_let_go_and_named(site: TestSite) -> None:
    """Leaving by badge is recorded by name as ever, though it leads into a zone that is being evacuated too (C8.9)."""
    assert begin(site, operator=2) is None

    left = entry(site, "lab-door/out")

    assert (left.kind, left.body.side, left.body.person) == ("entry.granted", "out", 1)


def test_ends_by_a_managers_word_alone(site: TestSite) -> None:
    """It goes on for days until a manager ends it, in time and for a reason; then the door locks and badges open."""
    assert begin(site, operator=2) is None
    site.step(3 * 86400)
    site.turn()
    assert status(site) == "standing"

    assert site.asks(EndEvacuation("*"), 3) == "role"
    assert site.asks(EndEvacuation("*"), 2, expires_at=None) == "freshness"
    assert site.asks(EndEvacuation("lab"), 2) == "subject"
    assert site.asks(EndEvacuation("*"), 2) is None

    assert (status(site), signals(site)[-1]) == ("secure", "idle_locked")
    assert entry(site).kind == "entry.granted"


def test_door_in_its_hours_says_why_it_stands(tmp_path: Path) -> None:
    """A door that stands in its hours stands for the evacuation, says so, and stands in its hours again after it."""
    site = people(make_site(tmp_path, text=TEXT))
    site.turn(leaf("lab-door", False))
    releases = len(site.actuator.releases())

    assert begin(site, operator=2) is None
    assert site.asks(EndEvacuation("*"), 2) is None

    said = [record.body.cause for record in site.records() if record.kind == "portal.unlocked"]
    assert said == ["schedule", "evacuation", "schedule"]
    assert signals(site)[-2:] == ["evacuation", "idle_open"]
    assert len(site.actuator.releases()) == releases, "it never moved"
    site.close()


def test_one_zone(site: TestSite) -> None:
    """An evacuation of one zone opens its marked doors and keeps people out of it alone; a guard begins it in their own."""
    assert begin(site, "lab", 3) == "scope"
    assert begin(site, "attic", 2) == "subject"
    assert begin(site, "lobby", 3) is None, "the lab's door leads out through the lobby"
    assert (status(site), refusal(site)) == ("standing", "evacuation")
    assert begin(site, "lobby", 3) == "subject"
    assert entry(site, "lab-door/in").kind == "entry.granted"

    assert site.asks(EndEvacuation("lobby"), 2) is None
    assert begin(site, "vault", 2) is None

    assert status(site) == "secure"


def test_restart_finds_the_evacuation_again(tmp_path: Path) -> None:
    """After a power cut every lock is secure first; then the marked door stands open again, and still nobody enters."""
    before = evening(people(make_site(tmp_path, text=TEXT)))
    assert begin(before, operator=2) is None
    before.close()

    after = make_site(tmp_path, text=TEXT, clock=before.clock, boot="boot-2")
    assert (status(after), after.actuator.releases()) == ("unknown", [])
    after.turn(leaf("lab-door", False), leaf("front", False))

    assert (status(after), refusal(after), signals(after)[-1]) == ("standing", "evacuation", "evacuation")
    assert after.actuator.unrecorded == []
    after.close()


def test_doubted_clock_keeps_nobody_in(site: TestSite) -> None:
    """An evacuation is begun and stands though the clock is not trusted: it asks for no hour."""
    site.clock.declare("unsynced")
    site.turn()

    assert begin(site, operator=2) is None

    assert status(site) == "standing"
    assert site.asks(EndEvacuation("*"), 2) == "clock"
    assert site.console("evacuation.end", zone="*")["code"] is None
    assert status(site) == "secure"


def test_held_back_word_opens_nothing(site: TestSite) -> None:
    """A beginning that a broker held back for an hour opens no door tonight; repeated, it begins nothing twice."""
    held_back = site.request(BeginEvacuation("*"), 2, expires_at=None)
    site.step(3600)

    site.turn(RequestReceived(held_back))

    assert (site.committed_replies()[-1].code, status(site)) == ("freshness", "secure")
    again = site.request(BeginEvacuation("*"), 2, expires_at=None)
    site.turn(RequestReceived(again))
    assert site.asks(EndEvacuation("*"), 2) is None
    site.turn(RequestReceived(again))
    assert status(site) == "secure"


@pytest.mark.parametrize("first", ["lockdown", "evacuation"])
def test_life_goes_before_a_lockdown(site: TestSite, first: str) -> None:
    """With both at once, begun in either order, the marked door stands open, every other is locked, and nobody enters; when the
    evacuation ends the lockdown still holds."""
    acts = [BeginLockdown("*"), BeginEvacuation("*")]
    for body in acts if first == "lockdown" else reversed(acts):
        assert site.asks(body, 2, expires_at=None) is None

    assert [status(site, portal) for portal in ("lab-door", "front", "vault-door")] == ["standing", "secure", "secure"]
    assert refusal(site) == "lockdown"
    assert site.asks(EndEvacuation("*"), 2) is None
    assert (status(site), signals(site)[-1]) == ("secure", "lockdown")
    assert site.asks(EndLockdown("*"), 2) is None


def test_order_to_lock_gives_way(site: TestSite) -> None:
    """A door that an operator had locked for a day opens for the evacuation, and is locked again after it."""
    until = timestamp(site.clock.now() + timedelta(days=1))
    assert site.asks(OverridePortal("lab-door", "locked", until), 2) is None

    assert begin(site, operator=2) is None
    assert status(site) == "standing"
    assert site.asks(EndEvacuation("*"), 2) is None

    assert status(site) == "secure"


def test_rescuers_are_let_in_by_an_operator(site: TestSite) -> None:
    """A door that is not marked is opened for rescuers by an operator's word, for a reason."""
    assert begin(site, operator=2) is None

    assert site.asks(ReleasePortal("front"), 2) is None

    assert status(site, "front") == "released"


def test_forced_leaf_stays_an_alarm(site: TestSite) -> None:
    """A leaf that was forced is an alarm until it is closed, also in an evacuation; then the door stands open."""
    site.turn(leaf("lab-door", True))
    assert status(site) == "forced"

    assert begin(site, operator=2) is None
    assert status(site) == "forced"
    site.turn(leaf("lab-door", False))

    assert status(site) == "standing"


CONTACT = '[evacuation]\ninput = "simulated:90?active_low"\n'


def test_contact_begins_and_a_person_ends(tmp_path: Path) -> None:
    """The fire panel's contact begins an evacuation, once, without an operator; that it falls back ends nothing, a person does;
    and when it is still active after a power cut, it begins anew what was ended."""
    site = evening(people(make_site(tmp_path, text=TEXT + CONTACT)))
    assert "evacuation.begun" not in site.kinds()

    site.turn(ContactSeen("", "evacuation", True))
    site.turn(ContactSeen("", "evacuation", False), ContactSeen("", "evacuation", True))

    begun = [record for record in site.records() if record.kind == "evacuation.begun"]
    assert [(r.by, r.body.zone, r.body.cause, r.body.operator) for r in begun] == [("controller", "*", "input", None)]
    assert (status(site), refusal(site)) == ("standing", "evacuation")
    site.turn(ContactSeen("", "evacuation", False))
    assert status(site) == "standing"
    assert site.asks(EndEvacuation("*"), 2) is None
    assert status(site) == "secure"
    site.close()
    after = make_site(tmp_path, text=TEXT + CONTACT, clock=site.clock, boot="boot-2")
    after.turn(leaf("lab-door", False), ContactSeen("", "evacuation", True))
    assert status(after) == "standing"
    after.close()


def test_contact_of_one_zone(tmp_path: Path) -> None:
    """A contact may be for one zone; a zone that is none, and a pin that is used already, are mistakes with their place."""
    site = evening(people(make_site(tmp_path, text=TEXT + CONTACT + 'zone = "vault"\n')))
    site.turn(ContactSeen("", "evacuation", True))
    assert (status(site), entry(site).kind) == ("secure", "entry.granted")
    site.close()

    for text, place in (('zone = "attic"\n', "evacuation.zone"), ("", "portal[1].lock")):
        with pytest.raises(BadSettings) as raised:
            small_facility(tmp_path, TEXT + (CONTACT if text else CONTACT.replace("90", "1")) + text)
        assert [line for line in raised.value.mistakes if line.startswith(place)], raised.value.mistakes


def test_alarm_is_not_forgotten_in_a_full_inbox() -> None:
    """When the inbox is full the end of an alarm does not take the place of its beginning, which still waits."""
    inbox = Inbox(bound=1)
    assert inbox.put(ContactSeen("", "evacuation", True))

    inbox.put(ContactSeen("", "evacuation", False))

    assert inbox.take(9, 0)[0] == ContactSeen("", "evacuation", True)


def test_console_begins_and_ends(site: TestSite) -> None:
    """At the Pi's console anybody begins and ends an evacuation, of a zone that there is; both are records of the console's."""
    assert site.console("evacuation.begin", zone="attic")["code"] == "subject"
    assert site.console("evacuation.begin", zone="*")["code"] is None
    begun = next(record for record in site.records() if record.kind == "evacuation.begun")
    assert (begun.by, begun.body.cause, begun.body.operator) == ("console", "console", None)
    assert status(site) == "standing"

    assert site.console("evacuation.end", zone="*")["code"] is None

    assert status(site) == "secure"
    assert site.console("evacuation.end", zone="*")["code"] == "subject"


def test_request_from_the_end_of_time_stops_nothing(site: TestSite) -> None:
    """A request that says it was issued in the last second of the calendar is answered, and the loop goes on."""
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert site.asks(BeginEvacuation("*"), 2, issued_at=end, expires_at=None) is None

    assert refusal(site) == "evacuation"
