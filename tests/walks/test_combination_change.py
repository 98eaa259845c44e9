"""The number of a combination lock is changed by two people, from the badges in the field to the next due date (C8.3, C8.4).

The first walk is the whole edge: emulated cards, a real broker, a killed controller. The others are the same site on a stepped
clock, where any two badges can be minutes apart.
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
from broker import RunningBroker, running_broker
from combination_site import (
    STATION,
    Cast,
    begin,
    cast,
    combination_site,
    finish,
    hold,
    knowers,
    one,
    open_change,
    operator_of,
    plan,
    register,
    restart,
    state,
    tell,
    whole_change,
)
from site_process import SITE, SiteProcess
from sites import TestSite, digest, give_right, tap
from ulid import ULID

from controller.record import asks as ask
from controller.record.asks.combination import (
    AppointCustodian,
    BeginChange,
    BreakOffChange,
    DrawCombination,
    FinishChange,
    PlanChange,
    RegisterCombination,
    ReportCombination,
    RetireCombination,
)
from controller.record.canonical import canonical, moment
from controller.record.requests import make_request
from controller.record.topics import Topics
from controller.rules.effects import PlaySignal
from controller.storage.combinations import IDLE_S

SECOND_BADGE = "card:81"
"""Of person 1."""

DESK = """
[[station]]
id = "desk"
name = {{ ja = "金庫の前", en = "At the safe" }}
zone = "lab"
device = "nfc+udp://127.0.0.1:{port}"
"""


def test_the_whole_edge(tmp_path: Path) -> None:
    """Two badges in the field begin it; the power goes after the number is set and the broker after that; it ends all the same,
    the badges are in its records, and the next change is due in a year less a day (C8.3)."""
    with running_broker() as broker, SiteProcess(tmp_path, (broker.host, broker.port)) as site:
        path = site.data / "site.toml"
        path.write_text(path.read_text("utf-8") + DESK.format(port=site.ports["spare"]), "utf-8")
        with site.past() as past:
            for number in (1, 2, 3):
                past.right(past.person(f"人 {number}"), "lab")
                past.badge(number, f"card-{number}")
            past.console("operator.add", {"name": "管理者", "roles": ["custodian"], "scope": ["*"], "person": 1})
            past.ask(2, RegisterCombination("lab", "dial", 6, 1, "desk"), {"name": "金庫"})
            past.ask(3, PlanChange(1, 2, (3,)))
        site.start()
        _asked(site, broker, BeginChange(1), 3)

        _held(site, "card-1")
        _held(site, "card-2", "combination.change_begun")
        _held(site, "card-1", "combination.number_set")
        site.kill()
        site.start()
        _held(site, "card-1", "combination.number_tried")
        broker.stop()
        _held(site, "card-2", "combination.number_witnessed")
        _held(site, "card-1")
        _held(site, "card-2", "combination.old_number_dead")
        _held(site, "card-3", "combination.knower_confirmed")
        broker.start()
        _asked(site, broker, FinishChange(1), 3)

        done = site.wait_record("combination.changed")
        assert [known.person for known in done.body.knowers] == [1, 2, 3]
        badges = {(r.body.custodian_badge, r.body.witness_badge) for r in site.records() if hasattr(r.body, "witness_badge")}
        assert badges == {(1, 2)}
        assert timedelta(days=364) <= moment(done.body.due_at) - moment(done.at) <= timedelta(days=365)
        assert site.query("select due from due") == [("combination:1",)]
        assert site.stop() == 0


def _held(site: SiteProcess, card: str, kind: str = "") -> None:
    before = site.size()
    site.building.tap(card, "spare", walk=False)
    if kind:
        site.wait_record(kind, before)


def _asked(site: SiteProcess, broker: RunningBroker, body: msgspec.Struct, operator: int) -> None:
    """A request over the broker, until it is answered."""
    now, heard = datetime.now(UTC), threading.Event()
    request = make_request(
        site.dashboard, SITE, site.keys.site.public, id=str(ULID()), body=body, private={}, operator=operator,
        issued_at=now, expires_at=now + timedelta(seconds=30),
    )  # fmt: skip
    topics, data = Topics(SITE), canonical(request)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    # the controller may still be away from a broker that has just started: what says that it is there is retained
    client.on_connect = lambda *_: client.subscribe(topics.online, 1)
    client.on_message = lambda *_: heard.set()
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        assert heard.wait(20)
        client.publish(topics.request, data, qos=1)
        site.wait_record("request.accepted", request=request.id)
    finally:
        client.disconnect()
        client.loop_stop()


# On a stepped clock ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    site = combination_site(tmp_path_factory.mktemp("walk"))
    site.console("enrol.card", person=1, credential=digest(SECOND_BADGE), assurance=2, label="81")
    yield site
    site.close()


@pytest.fixture
def site(shared: TestSite) -> Iterator[TestSite]:
    """The site, with its station free and everybody back."""
    yield shared
    shared.clock.declare("declared")
    query = "select combination_change from combination_change where state = 'running'"
    for (change,) in shared.ledger.connection.execute(query).fetchall():
        assert shared.asks(BreakOffChange(change), 2) is None
    shared.step(200)
    for person in (1, 2, 5, 6, 7):
        if shared.facts.person_state(person) == "suspended":
            assert shared.asks(ask.ReinstatePerson(person), 2) is None
    shared.turn()


def planned(site: TestSite, knowers: tuple[int, ...] = (), witness: int = 2) -> Cast:
    """A new lock, whose change is planned."""
    who = cast(site, register(site), witness=witness, knowers=knowers)
    assert plan(site, who) is None
    return who


def begun(site: TestSite, knowers: tuple[int, ...] = ()) -> Cast:
    """A new lock, at which two people stand."""
    who = planned(site, knowers)
    assert begin(site, who) is None
    hold(site, 1)
    assert [record.kind for record in hold(site, 2)] == ["combination.change_begun"]
    return who


def upto(site: TestSite, who: Cast, step: str) -> None:
    """The badges, until this step was confirmed."""
    while state(site, who.change)[1] != step:
        order = {"begun": (1,), "set": (1,), "tried": (2,), "witnessed": (1, 2)}[state(site, who.change)[1]]
        for person in order:
            hold(site, person)


STEPS = [
    "planned", "combination.change_begun", "combination.number_set", "combination.number_tried",
    "combination.number_witnessed", "combination.old_number_dead", "combination.knower_confirmed", "finished",
]  # fmt: skip


def test_the_power_goes_after_every_step(tmp_path: Path) -> None:
    """A change goes on from its tables after a power cut behind each of its steps, and ends as if there had been none."""
    site = combination_site(tmp_path)
    lock, cuts = register(site), []
    sites: list[TestSite] = []

    def cut(site: TestSite, step: str) -> TestSite:
        cuts.append(step)
        sites.append(restart(site))
        return sites[-1]

    site = restart(site)
    assert whole_change(site, lock, knowers=(5,), seal="S-1", after=cut).change == 1
    site = restart(sites[-1])

    assert cuts == STEPS
    assert knowers(site, lock) == {1, 2, 5} and open_change(site, lock) is None
    assert one(site, "select seal from combination where combination = ?", lock) == "S-1"
    site.close()


def test_a_call_is_forgotten_by_a_power_cut(tmp_path: Path) -> None:
    """Two people who were called before the power went are not awaited after it: the custodian calls again."""
    site = combination_site(tmp_path)
    who = cast(site, register(site))
    assert plan(site, who) is None and begin(site, who) is None
    hold(site, 1)
    site = restart(site)
    assert [record.kind for record in hold(site, 2)] == ["station.refused"]
    assert state(site, who.change) == ("planned", "")
    assert begin(site, who) is None
    hold(site, 1)
    assert [record.kind for record in hold(site, 2)] == ["combination.change_begun"]
    site.close()


@pytest.mark.parametrize("late", [False, True])
def test_two_badges_within_two_minutes(site: TestSite, late: bool) -> None:
    """The second badge begins the change within two minutes of the call; after that nobody is awaited any more (C8.3)."""
    who = planned(site)
    assert begin(site, who) is None
    hold(site, 2)
    site.step(120.0 - 2 * 5.0 - (0.0 if late else 0.1))

    (record,) = hold(site, 1)

    assert record.kind == ("station.refused" if late else "combination.change_begun")


def test_one_person_with_two_badges_is_one_person(site: TestSite) -> None:
    """Neither to begin nor for the old number does a second badge of the same person count as the witness's (C8.3)."""
    who = planned(site)
    assert begin(site, who) is None
    hold(site, 1)
    (record,) = hold(site, 1, SECOND_BADGE)
    assert (record.kind, record.body.code) == ("combination.confirmation_refused", "second_person")
    assert site.actuator.performed[-1] == PlaySignal("", "denied", STATION)
    hold(site, 2)
    upto(site, who, "tried")
    (record,) = hold(site, 1, SECOND_BADGE)
    assert (record.kind, record.body.code) == ("combination.confirmation_refused", "second_person")
    hold(site, 2)
    hold(site, 1, SECOND_BADGE)
    (record,) = hold(site, 1)
    assert record.body.code == "second_person" and state(site, who.change) == ("running", "witnessed")
    assert finish(site, who) == "subject"


def test_a_third_person_confirms_nothing(site: TestSite) -> None:
    """A badge of somebody who has no part in the change is not its affair: the station answers as if none ran there."""
    who = begun(site, (5,))
    for person in (6, 5):
        (record,) = hold(site, person)
        assert record.kind in ("station.refused", "combination.confirmation_refused")
    assert state(site, who.change) == ("running", "begun")


def test_a_badge_held_too_long_is_one_badge(site: TestSite) -> None:
    """A badge that the reader sees twice in a moment confirms one step and not two."""
    who = begun(site)
    hold(site, 1)
    site.step(1.0)
    assert site.turn(tap(STATION, "card:1")) == []
    assert state(site, who.change) == ("running", "set")


def test_nobody_plans_or_ends_it_alone(site: TestSite) -> None:
    """The witness is another person than the custodian; who is not the custodian plans nothing, whatever the role (C8.3)."""
    who = cast(site, register(site))
    assert plan(site, Cast(who.lock, who.change, 1, 1)) == "second_person"
    assert site.asks(PlanChange(who.change, 2), 1) == "custodian", "an administrator who is a manager"
    assert site.asks(PlanChange(who.change, 1), operator_of(site, 2)) == "custodian"
    site.console("operator.add", name="二つ目の口座", roles=["manager"], scope=["*"], person=1)
    second_account = site.facts.next("operator") - 1
    assert site.asks(PlanChange(who.change, 1), second_account) == "second_person"
    assert site.asks(PlanChange(who.change, 3), operator_of(site, 1)) == "active_person"
    assert site.asks(PlanChange(who.change, 99), operator_of(site, 1)) == "subject"
    assert site.asks(FinishChange(who.change), second_account) == "subject"


def test_who_was_custodian_is_no_witness_of_their_own(site: TestSite) -> None:
    """Who replaces themself half-way begins anew: what they confirmed as custodian is void, and both come again (C8.3)."""
    who = begun(site)
    upto(site, who, "tried")
    assert site.asks(BreakOffChange(who.change), operator_of(site, 1), private={"reason": "交代"}) is None

    assert site.asks(AppointCustodian(who.lock, 2), 2) is None
    site.turn()
    assert state(site, who.change) == ("open", "")
    again = Cast(who.lock, who.change, 2, 1)
    assert plan(site, again) is None and begin(site, again) is None
    assert finish(site, again) == "subject"
    hold(site, 1)
    (record,) = hold(site, 2)
    assert (record.kind, record.body.custodian, record.body.witness) == ("combination.change_begun", 2, 1)
    for person, kind in ((2, "number_set"), (2, "number_tried"), (1, "number_witnessed")):
        assert [r.kind for r in hold(site, person)] == [f"combination.{kind}"]
    hold(site, 2)
    hold(site, 1)
    assert finish(site, again) is None


def test_it_is_broken_off_and_goes_on(site: TestSite) -> None:
    """A change that was broken off goes on where it was, once both badges came again; with another witness it begins anew."""
    who = begun(site)
    upto(site, who, "tried")
    assert site.asks(BreakOffChange(who.change), 3) == "role"
    assert site.asks(BreakOffChange(who.change), operator_of(site, 2)) is None, "the witness may"
    assert [record.kind for record in hold(site, 2)] == ["station.refused"]
    assert begin(site, who) is None
    hold(site, 2)
    assert [record.kind for record in hold(site, 1)] == ["combination.change_resumed"]
    assert state(site, who.change) == ("running", "tried")

    assert site.asks(BreakOffChange(who.change), 2) is None
    other = Cast(who.lock, who.change, 1, 6)
    assert plan(site, other) is None
    assert state(site, who.change) == ("planned", "")


def test_nobody_comes_any_more(site: TestSite) -> None:
    """After half an hour without a badge a running change is broken off: the next badge there is for something else."""
    who = begun(site)
    site.step(IDLE_S)
    site.turn()
    assert state(site, who.change) == ("broken_off", "begun")
    assert [record.kind for record in hold(site, 1)] == ["station.refused"]


@pytest.mark.parametrize("step", ["begun", "tried", "dead"])
@pytest.mark.parametrize("person", [1, 2])
def test_who_is_suspended_in_the_middle_breaks_it_off(site: TestSite, person: int, step: str) -> None:
    """When custodian or witness may not be there any more, the change stands still and has to be planned anew (C8.4)."""
    who = begun(site)
    upto(site, who, step)

    assert site.asks(ask.SuspendPerson(person), 2) is None

    assert state(site, who.change) == ("open", "")
    assert finish(site, who) in ("subject", "operator")
    assert open_change(site, who.lock) == who.change, "it is still due"


def test_a_knower_who_leaves_before_the_end_makes_the_number_void(site: TestSite) -> None:
    """Who was told the new number and may not know it any more before the change ends: the number is set again (C8.4)."""
    who = begun(site, (7,))
    upto(site, who, "dead")
    assert [record.kind for record in hold(site, 7)] == ["combination.knower_confirmed"]
    assert site.asks(ask.SuspendPerson(7), 2) is None
    assert state(site, who.change) == ("broken_off", "")
    assert finish(site, who) == "subject"


def test_a_leak_in_the_middle(site: TestSite) -> None:
    """What is reported after the number was set makes it void; before that it is one more reason for the same change (C8.4)."""
    who = begun(site)
    assert site.asks(ReportCombination(who.lock, "leak"), 3) is None
    assert state(site, who.change) == ("running", "begun")
    upto(site, who, "witnessed")
    assert site.asks(ReportCombination(who.lock, "leak"), 3) is None
    assert state(site, who.change) == ("broken_off", "")
    assert begin(site, who) is None
    hold(site, 1)
    assert [record.kind for record in hold(site, 2)] == ["combination.change_begun"]


def test_one_change_at_a_station(site: TestSite) -> None:
    """While one change is awaited or runs at a station another cannot begin there: a badge means one change only."""
    first, second = planned(site), planned(site)
    assert begin(site, first) is None
    assert begin(site, second) == "busy"
    hold(site, 1)
    hold(site, 2)
    assert begin(site, second) == "busy"
    assert site.asks(BreakOffChange(first.change), 2) is None
    assert begin(site, second) is None
    site.step(120)
    assert begin(site, first) is None, "nobody came to the other"


def test_a_clock_that_is_not_trusted_begins_and_ends_nothing(site: TestSite) -> None:
    """What would be due by a wrong clock is refused: neither call nor end; the badges in between count (design §6)."""
    who, other = begun(site), planned(site)
    site.clock.declare("unsynced")
    site.step(300_000)  # past the time in which the last word of a time server holds
    site.turn()
    assert begin(site, other) == "clock"
    assert site.asks(ReportCombination(who.lock, "found_open"), 3, expires_at=None) is None
    upto_before = state(site, who.change)
    assert finish(site, who) in ("clock", "subject") and state(site, who.change) == upto_before


def test_who_has_not_confirmed_knows_it_no_more(site: TestSite) -> None:
    """Each knower confirms with a badge of their own; who does not is in the ledger as one of before (C8.2)."""
    lock = register(site, changed_on="2026-11-01")
    assert open_change(site, lock) is None and knowers(site, lock) == {1}
    assert site.asks(ReportCombination(lock, "repair"), 3) is None
    whole_change(site, lock, knowers=(5, 6))
    assert knowers(site, lock) == {1, 2, 5, 6}
    since = one(site, "select since_at from knower where combination = ? and person = 5", lock)
    assert site.asks(ReportCombination(lock, "repair"), 3) is None
    who = cast(site, lock, knowers=(5, 6))
    assert plan(site, who) is None and begin(site, who) is None
    for person in (1, 2, 1, 1, 2, 1, 2, 5):
        hold(site, person)
    assert finish(site, who) is None

    assert knowers(site, lock) == {1, 2, 5} and knowers(site, lock, ["former"]) == {6}
    assert one(site, "select since_at from knower where combination = ? and person = 5", lock) == since
    assert tell(site, lock, 6, told_by=6) == "subject", "who told it has to know it"
    assert tell(site, lock, 6, told_by=5) is None


def test_a_lock_out_of_service_is_reset(site: TestSite) -> None:
    """Taken out of service a lock is chased until two people have reset it; then nobody knows its number and nothing is due."""
    lock = register(site)
    whole_change(site, lock, seal="S-2")
    assert site.asks(RetireCombination(lock), 2, private={"reason": "買い替え"}) is None
    who = cast(site, lock)
    assert one(site, "select 1 from due where due = ?", f"change:{who.change}") == 1
    assert plan(site, Cast(lock, who.change, 1, 2, (5,))) == "subject"

    whole_change(site, lock)

    row = site.ledger.connection.execute("select state, due_at, seal from combination where combination = ?", (lock,))
    assert row.fetchone() == ("retired", None, "")
    assert knowers(site, lock) == set() and site.asks(ReportCombination(lock, "leak"), 3) == "subject"
    dead = [r.body for r in site.records() if r.kind == "combination.old_number_dead"][-1]
    assert (dead.old, dead.factory) == (True, False)


def test_a_number_is_drawn_once_for_the_custodian(site: TestSite) -> None:
    """That a number was drawn is recorded, for the custodian, before one is set and once; by nobody else (design §11)."""
    who = planned(site)
    assert site.asks(DrawCombination(who.change), operator_of(site, 1)) == "subject"
    assert begin(site, who) is None
    hold(site, 1)
    hold(site, 2)
    assert site.asks(DrawCombination(who.change), operator_of(site, 2)) == "custodian"
    assert site.asks(DrawCombination(who.change), operator_of(site, 1)) is None
    assert site.asks(DrawCombination(who.change), operator_of(site, 1)) == "subject"
    (record,) = hold(site, 1)
    assert (record.kind, record.body.manner) == ("combination.number_set", "drawn")


def test_the_envelope_is_the_one_on_record(site: TestSite) -> None:
    """The void envelope is named by the seal on record, the new one by another, and neither may be the number itself."""
    lock = register(site)
    whole_change(site, lock, seal="S-7")
    assert site.asks(ReportCombination(lock, "repair"), 3) is None
    who = cast(site, lock)
    assert plan(site, who) is None and begin(site, who) is None
    for person in who.badges:
        hold(site, person)
    custodian = operator_of(site, 1)
    assert site.asks(FinishChange(who.change, "", "S-8"), custodian) == "envelope"
    assert site.asks(FinishChange(who.change, "S-7", "S-7"), custodian) == "envelope"
    assert site.asks(FinishChange(who.change, "S-7", "48-29-13"), custodian) == "secrecy"
    assert site.asks(FinishChange(who.change, "S-7", "S-8"), custodian) is None
    row = site.ledger.connection.execute(
        "select void_seal, seal from combination_change where combination_change = ?", (who.change,)
    )
    assert row.fetchone() == ("S-7", "S-8")


@pytest.mark.parametrize("text", ["482913", "新しい番号は 48-29-13"])
def test_no_text_says_the_number(site: TestSite, text: str) -> None:
    """Wherever somebody writes what looks like the lock's number, the request is refused, and no file holds it (design §11)."""
    body = RegisterCombination("lab", "dial", 6, 1, STATION)
    assert site.asks(body, 2, private={"name": text}) == "secrecy"
    who = begun(site)
    assert site.asks(ReportCombination(who.lock, "leak"), 3, private={"note": text}) == "secrecy"
    assert site.asks(BreakOffChange(who.change), 2, private={"reason": text}) == "secrecy"
    assert site.asks(RetireCombination(who.lock), 2, private={"reason": text}) == "secrecy"
    written = b"".join(path.read_bytes() for path in site.folder.rglob("*") if path.is_file())
    assert text.encode() not in written


def test_without_a_right_nobody_keeps_or_learns_a_number(site: TestSite) -> None:
    """Custodian, witness and knowers hold a right in force to the lock's place, or the request is refused (C8.2)."""
    assert site.asks(ask.RegisterPerson()) is None
    stranger = site.facts.next("person") - 1
    body = RegisterCombination("lab", "dial", 6, stranger, STATION)
    assert site.asks(body, 2, private={"name": "金庫"}) == "right"
    who = cast(site, register(site))
    assert plan(site, Cast(who.lock, who.change, 1, stranger)) == "right"
    assert plan(site, Cast(who.lock, who.change, 1, 2, (stranger,))) == "right"
    give_right(site, stranger, "lab")
    assert plan(site, Cast(who.lock, who.change, 1, stranger)) is None
