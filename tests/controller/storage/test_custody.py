"""The custody ledger at its site: requests, stations, faults; the tables say what the records say (C4.1, C8.5, C9.1)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sites import (
    STATION_TOML,
    TestSite,
    digest,
    fast_folder,
    fold_of,
    make_site,
    people,
    stored_tables,
    tap,
)

from controller.inbox import DigitsTyped
from controller.record import asks as ask
from controller.record.asks.asset import RegisterAsset
from controller.record.asks.custody import (
    ApproveCustody,
    AskExtension,
    BeginCustody,
    CollectCopies,
    ConfirmCustody,
    DeclineCustody,
    DisposeCustody,
    EndCustody,
    ExtendCustody,
    HandOut,
    RequestCustody,
    WitnessDisposal,
)
from controller.record.asks.sticker import AttachSticker, DetachSticker
from controller.record.asks.thing import RegisterThing, RetireThing
from controller.record.canonical import timestamp
from controller.record.projection import project
from controller.record.tables import Upsert
from controller.rules.outcome import Outcome

TOML = STATION_TOML + """
[[station]]
id = "gate"
name = { ja = "門", en = "Gate" }
zone = "lobby"
device = "nfc+udp://127.0.0.1:54332"
"""
EMPLOYEE, KEEPER, CUSTODIAN = 5, 6, 7
"""Operators: person 1, person 2, person 4. What is kept in the lab is decided by any manager; operator 6 is one."""
TAG = "nfca:04aa"


def furnish(site: TestSite) -> TestSite:
    """People, operators that are known people, a thing in the lab and one that carries a secret asset."""
    people(site)
    for roles, person in ((["employee"], 1), (["manager"], 2), (["custodian"], 4)):
        site.console("operator.add", name="操作者", roles=roles, scope=["*"], person=person)
    asset = RegisterAsset(secrecy="secret", place="lab", allowed=("lobby", "off_site"))
    assert site.asks(asset, KEEPER, private={"title": "図面"}) is None
    for code, carries in (("PC-1", None), ("USB-1", 1)):
        thing = RegisterThing(
            code=code, medium="usb", place="lab", allowed=("lobby", "off_site"), asset=carries
        )
        assert site.asks(thing, KEEPER, private={"label": "測定用"}) is None
    return site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    made = furnish(make_site(tmp_path, text=TOML))
    yield made
    made.close()


def request(site: TestSite, act: str = "take_off", place: str = "off_site", days: float = 2, **changes: Any) -> RequestCustody:
    fields: dict[str, Any] = {"person": 1, "act": act, "place": place, "thing": 1}
    fields["due_at"] = timestamp(site.clock.now() + timedelta(days=days))
    return RequestCustody(**(fields | changes))


def approved(site: TestSite, **changes: Any) -> int:
    """A line that was asked for and approved."""
    number = site.facts.next("custody")
    assert site.asks(request(site, **changes), EMPLOYEE) is None
    assert site.asks(ApproveCustody(number), KEEPER) is None
    return number


def stick(site: TestSite, thing: str = "thing:1", tag: str = TAG) -> None:
    assert site.asks(AttachSticker(thing, "desk"), KEEPER) is None
    assert [record.kind for record in site.turn(tap("desk", tag, assurance=0))] == ["sticker.attached"]


def line(site: TestSite, number: int) -> dict[str, Any]:
    return stored_tables(site.ledger.connection)["custody"][number,]


def kinds(site: TestSite, *taps: object) -> list[str]:
    return [record.kind for record in site.turn(*taps)]  # type: ignore[arg-type]


def test_a_take_out_from_request_to_return(site: TestSite) -> None:
    """Asked for, approved by another, begun, put off, brought back, seen by another: each a record with its people (C4.1)."""
    number = approved(site)
    assert site.asks(BeginCustody(number), EMPLOYEE) is None
    later = timestamp(site.clock.now() + timedelta(days=5))
    due = stored_tables(site.ledger.connection)["due"]["custody:1",]
    assert (due["person"], due["place"]) == (1, "lab")
    assert site.asks(AskExtension(number, later), EMPLOYEE) is None
    assert site.asks(ExtendCustody(number, later), EMPLOYEE) == "role"
    assert site.asks(ExtendCustody(number, later), KEEPER) is None
    assert stored_tables(site.ledger.connection)["due"]["custody:1",]["due_at"] == later
    assert site.asks(EndCustody(number, "returned", 1), EMPLOYEE) is None
    assert "due" not in stored_tables(site.ledger.connection)
    assert site.asks(ConfirmCustody(number), KEEPER) is None

    row = line(site, number)
    assert (row["state"], row["outcome"], row["decided_by"], row["confirmed_by"]) == ("ended", "returned", KEEPER, KEEPER)
    assert site.asks(EndCustody(number, "returned"), KEEPER) == "subject"


def test_nobody_approves_what_they_asked_for_or_carry(site: TestSite) -> None:
    """Neither the one who asked, nor the one who carries it, nor an operator who is nobody the site knows (C4.2)."""
    assert site.asks(request(site, person=2), CUSTODIAN) is None
    assert site.asks(ApproveCustody(1), KEEPER) == "second_person"
    assert site.asks(request(site), EMPLOYEE) is None
    assert [site.asks(ApproveCustody(2), one) for one in (EMPLOYEE, CUSTODIAN, 1, 2)] == [
        "role", "role", "second_person", "second_person",
    ]  # fmt: skip
    assert site.asks(ApproveCustody(2), KEEPER) is None
    assert site.asks(request(site, person=2), EMPLOYEE) == "role"


def test_another_place_is_refused(site: TestSite) -> None:
    """What carries an asset goes where the asset may be handled, and nowhere else (C8.5)."""
    assert site.asks(request(site, "use", "vault"), EMPLOYEE) == "place"
    assert site.asks(request(site, "use", "vault", thing=2), EMPLOYEE) == "place"
    assert site.asks(request(site, "use", "lobby", thing=2), EMPLOYEE) is None


def test_badge_and_thing_at_a_station(site: TestSite) -> None:
    """A badge and then a thing begin what was approved; a badge and the thing again end it, whoever brings it (C9.1)."""
    stick(site)
    number = approved(site)

    assert kinds(site, tap("gate", "card:1")) == []
    assert kinds(site, tap("gate", TAG, assurance=0)) == ["custody.begun"]
    assert kinds(site, tap("gate", TAG, assurance=0)) == [], "it lies on the reader still"
    site.step(60)
    assert kinds(site, tap("desk", "card:2"), tap("desk", TAG, assurance=0)) == ["custody.ended"]
    row = line(site, number)
    assert (row["brought_by"], row["outcome"], row["ended_station"], row["confirmed_by"]) == (2, "returned", "desk", None)


def test_a_thing_alone_is_back_and_nobody_said_so(site: TestSite) -> None:
    """A thing that is held to the station where it was taken is back; who brought it is not known (C9.1)."""
    stick(site)
    number = approved(site)
    kinds(site, tap("gate", "card:1"), tap("gate", TAG, assurance=0))
    site.step(3600)

    assert kinds(site, tap("gate", TAG, assurance=0)) == ["custody.ended"]
    assert line(site, number)["brought_by"] is None


def test_without_an_approval_nothing_is_taken(site: TestSite) -> None:
    """Somebody else's approval, one that is over, and none at all begin nothing; the refusal has the badge and the thing."""
    stick(site)
    approved(site)

    def refused(*taps: object) -> list[tuple[str, int | None]]:
        return [(record.body.code, record.body.person) for record in site.turn(*taps)]  # type: ignore[arg-type]

    assert refused(tap("gate", "card:2"), tap("gate", TAG, assurance=0)) == [("approval", 2)]
    assert refused(tap("desk", TAG, assurance=0)) == [("subject", None)]
    site.step(16)
    kinds(site, tap("gate", "card:1"))
    site.step(16)
    assert kinds(site, tap("gate", TAG, assurance=0)) == ["custody.astray"], "the badge was there too long ago"


def test_a_thing_where_it_should_not_be_is_an_alarm(site: TestSite) -> None:
    """Read where neither its place nor its line has it: an alarm, and the line goes on (C8.5)."""
    stick(site)
    number = approved(site)
    kinds(site, tap("desk", "card:1"), tap("desk", TAG, assurance=0))
    site.step(60)

    (astray,) = site.turn(tap("gate", TAG, assurance=0))
    assert (astray.kind, astray.body.custody, astray.body.place) == ("custody.astray", number, "lobby")
    assert line(site, number)["state"] == "open"


def test_a_badge_and_a_known_sticker_become_no_sticker(site: TestSite) -> None:
    """While a station waits for a sticker, somebody's badge and another thing's sticker are refused, and it waits no more."""
    for credential in ("card:1", TAG):
        if credential == TAG:
            stick(site)
        assert site.asks(AttachSticker("thing:2", "desk"), KEEPER) is None
        assert site.asks(AttachSticker("thing:2", "desk"), KEEPER) == "busy"
        assert kinds(site, tap("desk", credential, assurance=0 if credential == TAG else 2)) == ["sticker.missed"]
    assert site.asks(AttachSticker("thing:2", "desk"), KEEPER) is None
    site.step(61)
    assert kinds(site) == ["sticker.missed"]
    assert site.asks(AttachSticker("thing:9", "desk"), KEEPER) == "subject"
    assert site.asks(DetachSticker(digest(TAG)), KEEPER) is None
    assert kinds(site, tap("desk", TAG, assurance=0)) == ["station.refused"]


class First:
    """A use that takes every badge before the ledger is asked."""

    def presented(self, tap: Any, now: Any) -> Outcome:
        return Outcome()

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: () if name in ("followed", "due") else None


def test_a_badge_that_another_use_took_still_stands_there(site: TestSite) -> None:
    """Where the badge was for something else as well, the thing that follows is that person's (C9.1)."""
    stick(site)
    approved(site)
    storage = site.judgement.storage
    storage.uses = (First(), *storage.uses)  # type: ignore[assignment]

    assert kinds(site, tap("desk", "card:1"), tap("desk", TAG, assurance=0)) == ["custody.begun"]


def test_a_power_cut_between_badge_and_thing_loses_nothing(tmp_path: Path) -> None:
    """Who stood at the station is forgotten; what was approved is not, and begins at the next badge."""
    site = furnish(make_site(tmp_path, text=TOML))
    stick(site)
    approved(site)
    kinds(site, tap("desk", "card:1"))
    site.close()
    again = make_site(tmp_path, text=TOML, boot="boot-2", clock=site.clock)
    again.dashboard = site.dashboard

    assert kinds(again, tap("desk", TAG, assurance=0)) == ["station.refused"]
    assert kinds(again, tap("desk", "card:1"), tap("desk", TAG, assurance=0)) == ["custody.begun"]
    again.close()


def test_a_card_that_was_torn_away_is_nobody(site: TestSite) -> None:
    """A badge that could not be read to the end stands for nobody, and no thing is taken by it."""
    stick(site)
    approved(site)

    assert kinds(site, tap("desk", "card:1", problem="card"), tap("desk", TAG, assurance=0)) == ["station.refused"] * 2
    assert line(site, 1)["state"] == "approved"


def test_two_people_at_once_take_nothing_for_each_other(site: TestSite) -> None:
    """When two badges come before the thing, the later one counts, and the other's approval is not used by it."""
    stick(site)
    approved(site)

    said = site.turn(tap("desk", "card:1"), tap("desk", "card:2"), tap("desk", TAG, assurance=0))
    assert [(record.body.code, record.body.person) for record in said] == [("approval", 2)]
    assert kinds(site, tap("desk", "card:1"), tap("desk", TAG, assurance=0)) == ["custody.begun"]


def test_a_clock_that_is_doubted_lets_nothing_lapse(site: TestSite) -> None:
    """By a clock that jumped no approval lapses; by one that is trusted those that nobody used do."""
    approved(site)
    stick(site)
    site.clock.declare("unsynced")
    site.clock.jump(timedelta(days=30))
    assert kinds(site) == ["clock.doubted"] and line(site, 1)["state"] == "approved"
    assert kinds(site, tap("desk", "card:1")) == []
    site.clock.declare("synced")
    assert "custody.lapsed" in kinds(site) and line(site, 1)["state"] == "lapsed"


def test_numbered_copies_are_collected_one_by_one(site: TestSite) -> None:
    """Handed out by number, within what was approved, collected once each; with the last the line is over (C4.2)."""
    number = approved(site, act="provide", copies=3, thing=2)
    assert site.asks(BeginCustody(number), EMPLOYEE) is None
    assert site.asks(HandOut(number, (2, 0)), EMPLOYEE, private={"name.1": "取引先 太郎"}) is None
    assert site.asks(HandOut(number, (2, 2)), EMPLOYEE) == "approval"
    assert site.asks(HandOut(number, (0,)), EMPLOYEE) == "form"
    assert site.asks(EndCustody(number, "returned"), KEEPER) == "subject"
    assert site.asks(CollectCopies(number, (1, 2), "returned"), EMPLOYEE) is None
    assert site.asks(CollectCopies(number, (1,), "returned"), EMPLOYEE) == "subject"
    assert line(site, number)["state"] == "open"
    assert site.asks(HandOut(number, (4,)), EMPLOYEE) is None
    assert site.asks(CollectCopies(number, (3,), "destroyed"), EMPLOYEE) is None
    assert (line(site, number)["state"], line(site, number)["outcome"]) == ("ended", "collected")


@pytest.mark.parametrize("by_badge", [False, True])
def test_a_disposal_is_watched_by_another_person(site: TestSite, by_badge: bool) -> None:
    """Approved, done by a method that fits, and over when another person says so: by request or by both badges (C4.2)."""
    number = approved(site, act="dispose", place="lab", thing=2)
    stick(site, "thing:2")
    assert site.asks(DisposeCustody(number, "degaussed"), EMPLOYEE) == "form"
    assert site.asks(DisposeCustody(number, "crushed"), EMPLOYEE) is None
    assert site.asks(WitnessDisposal(number), EMPLOYEE) == "second_person"
    if by_badge:
        assert kinds(site, tap("desk", "card:1"), tap("desk", "card:2")) == [], "who only stands in the queue confirms nothing"
        assert kinds(site, DigitsTyped("desk", str(number))) == [], "it is not theirs"
        for watching in ("card:1", "card:2"):
            kinds(site, tap("desk", "card:1"), DigitsTyped("desk", str(number)))
            said = kinds(site, tap("desk", watching))
        assert said == ["custody.disposed"]
    else:
        assert site.asks(WitnessDisposal(number), KEEPER) is None
    row = line(site, number)
    assert (row["state"], row["method"], row["supervisor"], row["person"]) == ("ended", "crushed", 2, 1)
    assert kinds(site, tap("desk", TAG, assurance=0)) == ["custody.astray"], "it was destroyed, and here it is"


def test_a_leavers_things_are_due_at_once_and_their_requests_over(site: TestSite) -> None:
    """Leaving is not refused for what is out: it is due at once; what they asked for begins no more (C7.4)."""
    out, asked = approved(site), approved(site, thing=2)
    assert site.asks(BeginCustody(out), EMPLOYEE) is None
    site.step(60)
    assert site.asks(ask.LeavePerson(1, "")) is None

    due = stored_tables(site.ledger.connection)["due"]["custody:1",]
    assert due["due_at"] <= timestamp(site.clock.now()) and due["place"] == "lab"
    assert (line(site, out)["state"], line(site, asked)["state"]) == ("open", "lapsed")


def test_a_thing_that_is_out_is_given_up_by_nobody(site: TestSite) -> None:
    """A thing in somebody's hands is brought back first, or lost; its number is free again afterwards."""
    number = approved(site)
    assert site.asks(BeginCustody(number), EMPLOYEE) is None

    assert site.asks(RetireThing(1, "retired"), KEEPER) == "subject"
    assert site.asks(RegisterThing(code="PC-1", medium="pc", place="lab"), KEEPER, private={"label": "同じ番号"}) == "form"
    assert site.asks(RetireThing(1, "lost"), KEEPER) is None
    assert site.asks(RegisterThing(code="PC-1", medium="pc", place="lab"), KEEPER, private={"label": "同じ番号"}) is None


@settings(max_examples=4, stateful_step_count=25, deadline=None)
class Lines(RuleBasedStateMachine):
    """Whatever people ask and hold to the stations, in whatever order."""

    @initialize()
    def begin(self) -> None:
        self.site = furnish(make_site(fast_folder(), text=TOML))
        stick(self.site)
        self.seen = self.site.ledger.size
        self.open: dict[int, int] = {}

    @rule(by=st.sampled_from([EMPLOYEE, KEEPER, CUSTODIAN]), act=st.sampled_from(["take_off", "provide", "dispose", "use"]),
          thing=st.sampled_from([1, 2]), person=st.sampled_from([1, 2]))  # fmt: skip
    def ask_for(self, by: int, act: str, thing: int, person: int) -> None:
        place = "off_site" if act in ("take_off", "provide") else "lobby"
        self.site.asks(request(self.site, act, place, thing=thing, person=person, copies=2 if act == "provide" else 0), by)

    @rule(by=st.sampled_from([EMPLOYEE, KEEPER, CUSTODIAN]), number=st.integers(1, 4), body=st.sampled_from(
        [ApproveCustody, BeginCustody, DeclineCustody, ConfirmCustody, WitnessDisposal]))  # fmt: skip
    def decide(self, by: int, number: int, body: Any) -> None:
        self.site.asks(body(number), by)

    @rule(by=st.sampled_from([EMPLOYEE, KEEPER]), number=st.integers(1, 4), outcome=st.sampled_from(["returned", "kept"]))
    def finish(self, by: int, number: int, outcome: str) -> None:
        self.site.asks(EndCustody(number, outcome, 1), by)

    @rule(by=st.sampled_from([EMPLOYEE, KEEPER]), number=st.integers(1, 4),
          copies=st.lists(st.integers(1, 2), min_size=1, max_size=2))  # fmt: skip
    def copies(self, by: int, number: int, copies: list[int]) -> None:
        self.site.asks(HandOut(number, tuple(copies)), by)
        self.site.asks(CollectCopies(number, (copies[0],), "returned"), by)

    @rule(by=st.sampled_from([EMPLOYEE, KEEPER]), number=st.integers(1, 4))
    def destroy(self, by: int, number: int) -> None:
        self.site.asks(DisposeCustody(number, "crushed"), by)

    @rule(station=st.sampled_from(["desk", "gate"]), card=st.sampled_from(["card:1", "card:2", TAG, "nfca:99"]),
          pause=st.sampled_from([1, 20]))  # fmt: skip
    def hold(self, station: str, card: str, pause: int) -> None:
        self.site.step(pause)
        self.site.turn(tap(station, card, assurance=0 if card.startswith("nfca") else 2))

    @invariant()
    def the_ledger_is_sound(self) -> None:
        """No line is out twice or after its end, one thing is out once, nobody decided on their own, and fold is live."""
        if not hasattr(self, "site"):
            return
        records = self.site.records(1)
        for record in records[self.seen :]:
            self.judge(record)
        self.seen = len(records)
        stored = stored_tables(self.site.ledger.connection)
        folded = fold_of(records)
        assert {name: stored.get(name) for name in ("custody", "handout", "thing", "due")} == {
            name: folded.get(name) for name in ("custody", "handout", "thing", "due")
        }

    def judge(self, record: Any) -> None:
        body, tables = record.body, stored_tables(self.site.ledger.connection)
        if record.kind == "custody.begun":
            assert body.custody not in self.open and body.thing not in self.open.values()
            self.open[body.custody] = body.thing
        elif record.kind == "custody.ended":
            assert self.open.pop(body.custody) == body.thing
        elif record.kind in ("custody.approved", "custody.confirmed"):
            number = body.decided_by if record.kind == "custody.approved" else body.confirmed_by
            line, by = tables["custody"][body.custody,], tables["operator"][number,]
            assert number != line["requested_by"] and by["person"] not in (None, line["person"])
        elif record.kind == "custody.collected":
            changes = [change for change in project(record) if isinstance(change, Upsert)]
            before = [r for r in self.site.records(1) if r.kind == record.kind and r.seq < record.seq]
            assert changes and (body.custody, body.number) not in [(r.body.custody, r.body.number) for r in before]
        elif record.kind == "custody.disposed":
            assert body.supervisor != body.person

    def teardown(self) -> None:
        if hasattr(self, "site"):
            self.site.close()


TestLines = Lines.TestCase
