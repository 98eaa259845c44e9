"""Stations: whose badge it is, what came to nothing, and that nobody fills the ledger there."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sites import STATION_TOML, TestSite, digest, make_site, people, tap

from controller.inbox import DigitsTyped
from controller.record import asks as ask
from controller.record.kinds.person import PersonSuspended
from controller.record.kinds.site import InputsDropped
from controller.record.kinds.station import StationRefused
from controller.rules import station as rule
from controller.rules.effects import ArmReader, PlaySignal
from controller.rules.outcome import Outcome, Refusal
from controller.storage.repeats import EVERY_S, MOST
from controller.storage.storage import Storage
from controller.storage.use import Keyed, Presented, Stuck, Unknown
from controller.timekeeper import Now


class Waiting:
    """A use that has everything, and notes it; what it answers is a record that changes nothing."""

    def __init__(self) -> None:
        self.seen: list[Presented | Stuck | Keyed | Unknown] = []
        self.follows: list[msgspec.Struct] = []

    def _has(self, seen: Presented | Stuck | Keyed | Unknown) -> Outcome:
        self.seen.append(seen)
        return Outcome((InputsDropped("seen", 1),))

    def presented(self, tap: Presented, now: Now) -> Outcome | None:
        return self._has(tap)

    def stuck(self, tap: Stuck, now: Now) -> Outcome | None:
        return self._has(tap)

    def keyed(self, keyed: Keyed, now: Now) -> Outcome | None:
        return self._has(keyed)

    def unknown(self, tap: Unknown, now: Now) -> Outcome | None:
        return self._has(tap)

    def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
        if any(isinstance(body, PersonSuspended) for body in records):
            return (InputsDropped("follows", 1),)
        again = [body for body in records if isinstance(body, InputsDropped) and body.sort == "follows"]
        return tuple(InputsDropped("again", body.count) for body in again)

    def due(self, now: Now) -> Iterator[Outcome]:
        yield from ()

    def wait_s(self, now: Now) -> float | None:
        return None

    def reload(self) -> None:
        self.seen.clear()

    def lose(self) -> None:
        self.seen.clear()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    site = people(make_site(tmp_path_factory.mktemp("site"), text=STATION_TOML))
    yield site
    site.close()


@pytest.fixture
def desk(shared: TestSite) -> TestSite:
    """The site, with nothing counted, nobody waiting and no sticker on anything."""
    shared.ledger.connection.execute("delete from sticker")
    shared.judgement.storage = Storage(shared.facility, shared.facts)
    shared.actuator.performed.clear()
    return shared


def waits(site: TestSite) -> Waiting:
    use = Waiting()
    site.judgement.storage = Storage(site.facility, site.facts, (use,))
    return use


def refusals(site: TestSite, *taps: object) -> list[StationRefused]:
    return [record.body for record in site.turn(*taps) if isinstance(record.body, StationRefused)]  # type: ignore[arg-type]


def signals(site: TestSite) -> list[str]:
    played = [effect for effect in site.actuator.performed if isinstance(effect, PlaySignal)]
    return [effect.signal for effect in played if (effect.portal, effect.reader) == ("", "desk")]


@pytest.mark.parametrize(
    ("presented", "code", "person"),
    [
        (tap("desk", "card:1"), "nothing_waits", 1),
        (tap("desk", "card:99"), "enrolment", None),
        (tap("desk", "card:3"), "active_person", 3),
        (tap("desk", "card:4"), "active_badge", 4),
        (tap("desk", "card:1", assurance=0), "assurance", 1),
        (tap("desk", "card:1", problem="proof"), "proof", None),
        (tap("desk", "card:1", problem="personalisation"), "personalisation", None),
        (tap("desk", "", problem="identity"), "identity", None),
    ],
)
def test_who_cannot_be_known_is_refused(desk: TestSite, presented: object, code: str, person: int | None) -> None:
    """A badge at a station is refused with the noun that a door would name; nothing opens, and the refusal is heard."""
    (refused,) = refusals(desk, presented)

    assert (refused.code, refused.station, refused.zone, refused.person, refused.count) == (code, "desk", "lab", person, 1)
    assert signals(desk) == ["denied"] and desk.actuator.releases() == []


def test_what_waits_has_the_tap(desk: TestSite) -> None:
    """An active badge that proved enough goes to the use that answers first, and the granted signal is played."""
    use = waits(desk)

    assert desk.turn(tap("desk", "card:2"))[0].kind == "inputs.dropped"
    assert use.seen == [Presented("desk", "lab", 2, 2, 2)] and signals(desk) == ["granted"]


def test_a_stranger_is_nothing_to_a_use_that_waits_for_badges(desk: TestSite) -> None:
    """A use hears of a card that nobody knows only as that; a suspended person's badge it never hears of."""
    use = waits(desk)

    desk.turn(tap("desk", "card:99"), tap("desk", "card:3"), tap("desk", "card:1", problem="proof"))

    assert use.seen == [Unknown("desk", "lab", digest("card:99"), "rd:99")]


def test_a_sticker_names_its_thing_and_proves_nothing(desk: TestSite) -> None:
    """A plain tag that is known as a thing's sticker is that thing, whoever holds it (C9.1)."""
    connection = desk.ledger.connection
    insert = "insert or replace into sticker (sticker, thing, state) values (?, 'folder:3', 'attached')"
    connection.execute(insert, (digest("nfca:04aa"),))
    sticker = tap("desk", "nfca:04aa", assurance=0)

    assert [(r.code, r.thing, r.person) for r in refusals(desk, sticker)] == [("nothing_waits", "folder:3", None)]
    use = waits(desk)
    desk.turn(sticker)
    assert use.seen == [Stuck("desk", "lab", "folder:3")]


def test_a_badge_is_no_sticker(desk: TestSite) -> None:
    """Who registers a badge's number as a sticker does not make the badge's holder a thing."""
    connection = desk.ledger.connection
    insert = "insert or replace into sticker (sticker, thing, state) values (?, 'asset:4', 'attached')"
    connection.execute(insert, (digest("card:1"),))
    use = waits(desk)

    desk.turn(tap("desk", "card:1"))

    assert use.seen == [Presented("desk", "lab", 1, 1, 2)]


def test_digits_go_to_whoever_waits_and_are_recorded_nowhere_else(desk: TestSite) -> None:
    """What is typed when nobody waits is refused with a sound alone: it may be somebody's PIN by mistake."""
    assert desk.turn(DigitsTyped("desk", "4711")) == [] and signals(desk) == ["denied"]
    use = waits(desk)
    desk.turn(DigitsTyped("desk", "12"))
    assert use.seen == [Keyed("desk", "12")]


def test_the_same_again_is_counted(desk: TestSite) -> None:
    """A card held there again and again is one record, and one more with the count when the minute is over."""
    taps = [tap("desk", "card:1") for _ in range(50)]

    assert [refused.count for refused in refusals(desk, *taps)] == [1]
    assert signals(desk) == ["denied"] * 50
    desk.step(EVERY_S)
    assert [(refused.code, refused.count) for refused in refusals(desk)] == [("nothing_waits", 49)]


def test_a_card_that_draws_numbers_does_not_fill_the_ledger(desk: TestSite) -> None:
    """Hundreds of numbers in a minute are a few records, and one with the count of the others."""
    taps = [tap("desk", f"nfca:{n:08x}", assurance=0) for n in range(500)]

    assert len(refusals(desk, *taps)) == MOST
    desk.step(EVERY_S)
    assert [(refused.code, refused.credential, refused.count) for refused in refusals(desk)] == [("busy", "", 480)]


def test_what_stopped_the_program_is_refused_at_the_station_too(desk: TestSite) -> None:
    """Of an input that stopped the controller nothing is looked at but the station."""
    verdict = desk.judgement.refuse(tap("desk", "card:1"), desk.loop._now(), desk.loop.portals)

    assert [(r.code, r.station, r.credential) for r in verdict.outcome.records] == [("internal", "desk", "")]  # type: ignore[attr-defined]


def test_a_badge_is_enrolled_at_the_desk(desk: TestSite) -> None:
    """The next card at a station becomes the person's badge as at a door, and the desk shows it."""
    assert desk.asks(ask.EnrolBadge(1, "desk")) is None
    assert ArmReader("desk", 60) in desk.actuator.performed and signals(desk) == ["enrol"]

    (enrolled,) = desk.turn(tap("desk", "card:77"))

    assert (enrolled.kind, enrolled.body.person, enrolled.body.reader) == ("badge.enrolled", 1, "desk")
    assert signals(desk) == ["enrol", "enrol_done"]
    assert desk.asks(ask.EnrolBadge(1, "nowhere")) == "subject"


def test_what_follows_is_in_the_same_turn_until_nothing_follows(desk: TestSite) -> None:
    """A request's records have in their turn what follows from them, and what follows from that, and then it ends."""
    waits(desk)

    assert desk.asks(ask.SuspendPerson(2)) is None
    kinds = desk.records()[-4:]
    assert [record.kind for record in kinds] == ["person.suspended", "inputs.dropped", "inputs.dropped", "request.accepted"]
    assert [record.body.sort for record in kinds[1:3]] == ["follows", "again"]
    assert desk.asks(ask.ReinstatePerson(2), 2) is None


def test_a_circle_of_what_follows_is_a_bug(desk: TestSite) -> None:
    """What follows from itself for ever does not hang the loop: it stops with an error, as every bug does."""

    class Circle(Waiting):
        def followed(self, records: tuple[msgspec.Struct, ...], now: Now) -> tuple[msgspec.Struct, ...]:
            return records

    storage = Storage(desk.facility, desk.facts, (Circle(),))

    with pytest.raises(RuntimeError, match="does not end"):
        storage.followed((InputsDropped("x", 1),), desk.loop._now())


def test_a_use_that_refuses_is_heard_and_counted(desk: TestSite) -> None:
    """A use's own refusal sounds as one, and the same again is counted like any other."""

    class Refusing(Waiting):
        def presented(self, tap: Presented, now: Now) -> Outcome | None:
            return rule.refused(tap.station, tap.zone, Refusal(rule.Code.SECOND_PERSON, "approver"))

    desk.judgement.storage = Storage(desk.facility, desk.facts, (Refusing(),))

    assert [r.code for r in refusals(desk, tap("desk", "card:1"), tap("desk", "card:1"))] == ["second_person"]
    assert signals(desk) == ["denied", "denied"]


def test_the_record_says_what_is_screwed_on(desk: TestSite) -> None:
    """`site.configured` names the station, and its table has it; the same settings at a restart are no news."""
    row = desk.ledger.connection.execute("select station, name_en, zone, least_assurance, keypad from station").fetchone()

    assert row == ("desk", "Key desk", "lab", 2, 1)


def test_settings_without_the_station_take_it_away(tmp_path: Path) -> None:
    """A station that is in the settings no more is no more in the tables after the next start."""
    make_site(tmp_path, text=STATION_TOML).close()
    site = make_site(tmp_path)

    assert site.ledger.connection.execute("select count(*) from station").fetchone() == (0,)
    assert site.kinds().count("site.configured") == 2
    site.close()
