"""The key cabinet in the loop: from the badge to the key in the hand and back, and whatever goes wrong (C8.2)."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sites import CABINET_TOML, TestSite, digest, fast_folder, fold_of, make_site, people, stored_tables, tap

from controller.clock import SteppedClock
from controller.disk import Disk
from controller.endurance import Endurance
from controller.inbox import DigitsTyped, Input, PartAnswering, PartFailing, SlotSeen
from controller.record.asks import RegisterPerson
from controller.record.asks.cabinet import ChooseKey, OpenSlot, SignOutOfCabinet
from controller.record.asks.key import LendKey, RegisterKey, ReportKeyLost
from controller.record.envelope import Record
from controller.rules.effects import PlaySignal
from controller.storage.open_slots import SETTLE_S

KEYS = ({}, {"authorisers": 1}, {}, {"stays_in": "lab"})
"""By slot from 1: what is particular about the key that belongs there."""


def furnished(folder: Path, clock: SteppedClock | None = None) -> TestSite:
    """The cabinet with a key in each slot, all of the lab, and each slot seen. People 1 and 2 may borrow them."""
    site = people(make_site(folder, text=CABINET_TOML, clock=clock))
    for slot, more in enumerate(KEYS, 1):
        body = RegisterKey(label=f"K-{slot}", home="lab", opens="lab", cabinet="main", slot=slot, due_minutes=60, **more)
        assert site.asks(body, private={"name": f"鍵{slot}"}) is None
    site.turn(*(hangs(slot) for slot in range(1, 5)))
    site.actuator.performed.clear()
    return site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    made = furnished(tmp_path)
    yield made
    assert made.actuator.unrecorded == []
    made.close()


def hangs(slot: int, key: int | None = None) -> SlotSeen:
    """A key hangs in a slot: its own, unless it is said which."""
    return SlotSeen("main", slot, True, f"01-{key or slot}" if slot > 2 else "")


def empty(slot: int) -> SlotSeen:
    return SlotSeen("main", slot, False)


def typed(digits: str) -> DigitsTyped:
    return DigitsTyped("desk", digits)


def badge(person: int) -> Input:
    return tap("desk", f"card:{person}")


def kinds(records: list[Record]) -> list[str]:
    return [record.kind for record in records]


def shown(site: TestSite) -> list[str]:
    """The signals at the cabinet since they were last asked for."""
    played = [one.signal for one in site.actuator.performed if isinstance(one, PlaySignal)]
    site.actuator.performed.clear()
    return played


def state(site: TestSite, key: int) -> str:
    row = site.ledger.connection.execute("select state from lock_key where lock_key = ?", (key,)).fetchone()
    return str(row[0])


def session(site: TestSite) -> tuple[object, ...]:
    return tuple(site.ledger.connection.execute("select person, step, code from cabinet_session").fetchone())


def borrow(site: TestSite, person: int, slot: int) -> list[Record]:
    """Badge, slot, and, where there is more than one purpose, the first."""
    records = site.turn(badge(person)) + site.turn(typed(str(slot)))
    if session(site)[1] == "purpose":
        records += site.turn(typed("1"))
    return records


def test_a_key_is_lent_with_a_badge_its_number_and_a_hand(site: TestSite) -> None:
    """C8.2: badge, slot number: its slot is released by a record; the sensor sees it go: lent, secured, due in an hour."""
    assert kinds(site.turn(badge(1))) == ["cabinet.signed_in"]
    assert kinds(site.turn(typed("1"))) == ["key.released", "cabinet.key_chosen"]
    assert site.actuator.slots() == [("released", 1)]
    assert shown(site) == ["wait", "key_take"]

    taken = site.turn(empty(1))
    assert kinds(taken) == ["key.lent", "cabinet.signed_out"]
    assert (taken[0].body.person, taken[0].body.keys, taken[0].body.how, taken[1].body.cause) == (1, (1,), "cabinet", "lent")
    assert site.actuator.slots() == [("secured", 1)]
    assert state(site, 1) == "lent"


def test_whoever_may_not_enter_is_refused_and_nothing_opens(site: TestSite) -> None:
    """C8.2: a slot that is nobody's, a key of a place without a right, and a key that is out are refused with the reason."""
    body = RegisterKey(label="K-9", home="lab", opens="vault", due_minutes=60, cabinet="", slot=0)
    assert site.asks(body, private={"name": "保管庫"}) is None
    site.turn(badge(1))
    assert [record.body.code for record in site.turn(typed("77"))] == ["subject"]
    borrow(site, 1, 1)
    site.turn(empty(1))
    refused = borrow(site, 2, 1)[-1]
    assert (refused.kind, refused.body.code, refused.body.person) == ("cabinet.refused", "key", 2)
    assert ("released", 1) not in site.actuator.slots()[2:]


def test_another_who_may_has_to_agree(site: TestSite) -> None:
    """C8.2: where the key asks for one more, it is never the borrower, nor somebody without a right; then the slot opens."""
    site.turn(badge(1))
    assert kinds(site.turn(typed("2"))) == ["key.asked", "cabinet.key_chosen"]
    assert site.actuator.slots() == []
    assert shown(site)[-1] == "second_person"
    assert [(r.kind, r.body.code) for r in site.turn(badge(1))] == [("cabinet.refused", "second_person")]

    agreed = site.turn(badge(2))
    assert kinds(agreed) == ["key.authorised", "key.released", "cabinet.key_chosen"]
    assert agreed[1].body.authorisers == (2,)
    assert site.actuator.slots() == [("released", 2)]
    assert kinds(site.turn(empty(2))) == ["key.lent", "cabinet.signed_out"]


def test_an_authoriser_without_a_right_is_none(site: TestSite) -> None:
    """C8.2: somebody who may not enter the place agrees to nothing."""
    assert site.asks(RegisterPerson()) is None
    site.console("enrol.card", person=5, credential=digest("card:5"), assurance=2, label="5")
    site.turn(badge(1), typed("2"))
    assert [(r.kind, r.body.code) for r in site.turn(badge(5))] == [("cabinet.refused", "right")]
    assert site.actuator.slots() == []
    assert session(site)[1] == "authoriser"


def test_nobody_takes_it(site: TestSite) -> None:
    """C8.2: not taken within its seconds the slot is secured, a moment later the loan is cancelled; the key stays in place."""
    borrow(site, 1, 1)
    site.step(20)
    assert site.turn() == []
    assert site.actuator.slots() == [("released", 1), ("secured", 1)]
    site.step(SETTLE_S)
    over = site.turn()
    assert kinds(over) == ["key.cancelled", "cabinet.signed_out"]
    assert (over[0].body.cause, over[1].body.cause) == ("not_taken", "not_taken")
    assert state(site, 1) == "in_place"


def test_a_hand_in_the_last_moment_has_borrowed_it(site: TestSite) -> None:
    """C8.2: whoever took the key as the slot was secured has it by their loan, and no alarm goes off."""
    borrow(site, 1, 1)
    site.step(20)
    site.turn()
    assert kinds(site.turn(empty(1))) == ["key.lent", "cabinet.signed_out"]


def test_a_return_needs_no_sign_in(site: TestSite) -> None:
    """C8.2: a key that is hung in is back, whoever brought it; whose badge was held just before has returned it."""
    borrow(site, 1, 1)
    site.turn(empty(1))
    site.step(60)
    back = site.turn(hangs(1))
    assert kinds(back) == ["key.returned"]
    assert (back[0].body.person, back[0].body.returned_by, back[0].body.how) == (1, None, "cabinet")

    borrow(site, 1, 1)
    site.turn(empty(1))
    site.step(60)
    site.turn(badge(2))
    back = site.turn(hangs(1))
    assert kinds(back) == ["key.returned", "cabinet.signed_out"]
    assert (back[0].body.person, back[0].body.returned_by, back[1].body.cause) == (1, 2, "returned")


def test_a_key_in_a_wrong_slot_is_told_and_put_right(site: TestSite) -> None:
    """C8.2: known by its fob, a key hangs in another slot: the loan is over, an alarm; whoever may have it puts it right."""
    for slot in (3, 4):
        borrow(site, 1, slot)
        site.turn(empty(slot))
    site.step(60)
    wrong = site.turn(hangs(4, 3))
    assert kinds(wrong) == ["key.returned"]
    assert (wrong[0].body.state, wrong[0].body.cabinet, wrong[0].body.slot) == ("misplaced", "main", 4)
    assert shown(site)[-1] == "key_wrong"
    assert state(site, 4) == "lent"

    site.turn(badge(2))
    opened = site.turn(typed("3"))
    assert kinds(opened) == ["cabinet.slot_opened"]
    assert (opened[0].body.slot, opened[0].body.home) == (4, 3)
    assert kinds(site.turn(empty(4))) == []
    shown(site)
    assert kinds(site.turn(hangs(3))) == ["key.replaced", "cabinet.signed_out"]
    assert state(site, 3) == "in_place"
    assert shown(site) == ["idle_locked", "granted"]


def test_a_key_that_was_to_be_put_right_and_is_not_is_missing(site: TestSite) -> None:
    """C8.2: who takes a key to put it right, and does not, is on record; when their time is over it is gone: an alarm."""
    borrow(site, 1, 3)
    site.turn(empty(3), hangs(4, 3))
    site.turn(badge(2), typed("3"), empty(4))
    site.step(80)
    gone = site.turn()
    assert kinds(gone) == ["cabinet.signed_out", "key.missing"]
    assert state(site, 3) == "missing"


def test_a_key_gone_without_a_loan_is_an_alarm(site: TestSite) -> None:
    """C8.2: an empty slot that nobody opened is a missing key, in the same turn; back in its place it is there again."""
    gone = site.turn(empty(1))
    assert kinds(gone) == ["key.missing"]
    assert shown(site) == ["forced"]
    assert kinds(site.turn(empty(1))) == []
    site.turn(badge(1), typed("0"))
    assert shown(site)[-1] == "key_wrong"
    assert kinds(site.turn(hangs(1))) == ["key.replaced"]
    assert shown(site) == ["idle_locked", "granted"]


def test_what_nobody_knows_ends_nobodys_loan(site: TestSite) -> None:
    """C8.2: a fob of no key hangs in a slot: an alarm, and the loan of the slot's own key goes on; gone, it is told."""
    borrow(site, 1, 3)
    site.turn(empty(3))
    assert kinds(site.turn(hangs(3, 99))) == ["cabinet.stray_found"]
    assert state(site, 3) == "lent"
    assert shown(site)[-1] == "key_wrong"
    assert kinds(site.turn(empty(3))) == ["cabinet.stray_gone"]
    assert shown(site) == ["idle_locked"]
    assert kinds(site.turn(hangs(3))) == ["key.returned"]


def test_two_people_at_once(site: TestSite) -> None:
    """C8.2: the session is the first one's; the second is told to wait, and has theirs when the first's time is over."""
    site.turn(badge(1))
    assert [(r.kind, r.body.code, r.body.person) for r in site.turn(badge(2))] == [("cabinet.refused", "busy", 2)]
    assert session(site)[0] == 1
    site.step(61)
    assert kinds(site.turn()) == ["cabinet.signed_out"]
    assert kinds(site.turn(badge(2))) == ["cabinet.signed_in"]
    assert kinds(site.turn(typed("0"))) == ["cabinet.signed_out"]


def test_a_sensor_that_fails_lends_nothing_and_ends_nothing(site: TestSite) -> None:
    """C8.2: a key whose sensor fails is not lent; one that fails while the slot is open leaves the loan undecided."""
    site.turn(PartFailing("simulated:61", "flapping"))
    assert borrow(site, 1, 1)[-1].body.code == "part"
    site.turn(typed("0"), PartAnswering("simulated:61"))
    borrow(site, 1, 1)
    site.turn(PartFailing("simulated:61", "flapping"))
    for _ in range(4):
        site.step(20)
        site.turn()
    assert state(site, 1) == "released"
    assert site.actuator.slots()[-1] == ("secured", 1)
    assert "key.lent" in kinds(site.turn(PartAnswering("simulated:61"), empty(1)))


def test_a_sensor_that_sticks_is_found_out(site: TestSite) -> None:
    """C8.2: twice in a row nobody could take the key, by the sensor: it is a part that fails, until it moves."""
    for _ in range(2):
        borrow(site, 1, 1)
        for seconds in (20, SETTLE_S):
            site.step(seconds)
            over = site.turn()
    assert [(r.kind, getattr(r.body, "reason", "")) for r in over if r.kind == "part.failed"] == [("part.failed", "stuck")]
    assert "part.recovered" in kinds(site.turn(empty(1)))


def test_a_key_lent_by_hand_comes_out_of_its_slot(site: TestSite) -> None:
    """C8.2: what an operator hands out of a cabinet has its slot opened; left hanging, it is back by itself."""
    assert site.asks(LendKey(1, 1), 2) is None
    assert site.actuator.slots() == [("released", 1)]
    site.turn(empty(1))
    assert state(site, 1) == "lent"
    site.turn(hangs(1))
    assert site.asks(LendKey(1, 1), 2) is None
    for seconds in (20, SETTLE_S):
        site.step(seconds)
        left = site.turn()
    assert kinds(left) == ["key.returned"]
    assert state(site, 1) == "in_place"


def test_the_screen_beside_it_asks_in_the_name_of_who_stands_there(site: TestSite) -> None:
    """C8.2: a purpose in words; for nobody else than who holds the session, and not when it is over."""
    site.turn(badge(1))
    request = ChooseKey("main", 2, 1)
    assert site.asks(request, 2, private={"purpose": "点検"}) == "nothing_waits"
    assert site.asks(ChooseKey("main", 1, 1), 2, private={"purpose": "点検"}) is None
    assert site.actuator.slots() == [("released", 1)]
    assert site.asks(ChooseKey("main", 1, 3), 2, private={"purpose": "点検"}) == "nothing_waits"
    site.turn(empty(1), badge(2))
    assert site.asks(SignOutOfCabinet("main", 2), 2) is None
    assert session(site)[1] == "over"


def test_a_request_of_the_screen_expires_and_needs_the_clock(site: TestSite) -> None:
    """C8.2: what opens a slot must expire; the keypad needs no clock and no network."""
    site.turn(badge(1))
    assert site.asks(ChooseKey("main", 1, 1), 2, private={"purpose": "点検"}, expires_at=None) == "freshness"
    site.clock.declare("unsynced")
    site.turn()
    assert site.asks(ChooseKey("main", 1, 1), 2, private={"purpose": "点検"}) == "clock"
    assert "key.released" in kinds(site.turn(typed("1")))


def restarted(site: TestSite) -> TestSite:
    site.close()
    return make_site(site.folder, text=CABINET_TOML, clock=site.clock, boot="boot-2")


@pytest.mark.parametrize(("taken", "kind"), [(True, "key.lent"), (False, "key.cancelled")])
def test_power_cut_while_a_slot_is_open(tmp_path: Path, taken: bool, kind: str) -> None:
    """C8.2: a loan whose slot was open when the power failed is lent if the key is gone, and cancelled if it hangs there."""
    site = furnished(tmp_path)
    borrow(site, 1, 1)
    again = restarted(site)
    assert ("secured", 1) in again.actuator.slots()
    records = again.turn(empty(1) if taken else hangs(1))
    again.step(SETTLE_S)
    records += again.turn()
    again.step(SETTLE_S)
    records += again.turn()
    assert kind in kinds(records)
    assert "cabinet.signed_out" in kinds(records)
    again.close()


def test_what_happened_while_nobody_watched(tmp_path: Path) -> None:
    """C8.2: at the start a key that is gone without a loan is missing, and a lent one that hangs there is back."""
    site = furnished(tmp_path)
    borrow(site, 1, 1)
    site.turn(empty(1))
    again = restarted(site)
    found = again.turn(hangs(1), hangs(2), empty(3), hangs(4))
    assert kinds(found) == ["key.returned", "key.missing"]
    assert (state(again, 1), state(again, 3)) == ("in_place", "missing")
    again.close()


# Whatever comes -------------------------------------------------------------------------------------------------------------

SLOT = st.integers(1, 4)
STEP = st.one_of(
    st.builds(badge, st.integers(1, 4)),
    st.builds(typed, st.sampled_from(["0", "1", "2", "3", "4", "9"])),
    st.builds(empty, SLOT),
    st.builds(hangs, SLOT, st.one_of(st.none(), st.integers(3, 5))),
    st.sampled_from([0.5, SETTLE_S, 20.0, 61.0]),
    st.builds(PartFailing, st.just("simulated:61"), st.just("flapping")),
    st.builds(PartAnswering, st.just("simulated:61")),
    st.just("restart"),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, max_size=25))
def test_no_sequence_of_inputs_opens_a_slot_without_a_record(steps: list[object]) -> None:
    """C8.2: whatever is tapped, typed, hung and pulled: each released slot has its record; each key is in one state; the
    tables are the fold of the records; nobody agreed to their own loan."""
    site = furnished(fast_folder())
    for step in steps:
        if step == "restart":
            assert site.actuator.unrecorded == []
            site = restarted(site)
        elif isinstance(step, float):
            site.step(step)
            site.turn()
        else:
            site.turn(step)  # type: ignore[arg-type]
    assert site.actuator.unrecorded == []
    records = site.records()
    assert fold_of(records) == stored_tables(site.ledger.connection)
    for record in records:
        if record.kind in ("key.released", "key.lent"):
            assert record.body.person not in record.body.authorisers
            assert len(record.body.authorisers) >= KEYS[record.body.key - 1].get("authorisers", 0)
    site.close()


def test_who_leaves_with_a_key_that_is_to_stay_is_told_and_not_held(site: TestSite) -> None:
    """C8.2: who goes out with a key that stays in the zone is let out, cautioned and recorded; with another they are not."""
    borrow(site, 1, 4)
    site.turn(empty(4))
    site.actuator.performed.clear()
    left = site.turn(tap("lab-door/out", "card:1"))
    carried = next(record.body for record in left if record.kind == "key.carried_out")
    assert (carried.keys, carried.zone, carried.portal, carried.person) == ((4,), "lab", "lab-door", 1)
    assert site.actuator.releases() == ["lab-door"]
    assert "key_due" in shown(site)

    borrow(site, 2, 1)
    site.turn(empty(1))
    assert "key.carried_out" not in kinds(site.turn(tap("lab-door/out", "card:2")))


def test_a_custodian_lets_out_what_is_not_to_be_lent(site: TestSite) -> None:
    """C8.2: something unknown comes out by an operator's word and reason, for seconds; a key that is to be lent never does."""
    assert site.asks(OpenSlot("main", 1), 1) == "key"
    borrow(site, 1, 3)
    site.turn(empty(3), hangs(3, 99))
    assert site.asks(OpenSlot("main", 3), 3) == "role"
    assert site.asks(OpenSlot("main", 3), 1, expires_at=None) == "freshness"
    site.actuator.performed.clear()
    assert site.asks(OpenSlot("main", 3), 1) is None
    assert site.actuator.slots() == [("released", 3)]
    assert kinds(site.turn(empty(3))) == ["cabinet.stray_gone"]
    site.step(20)
    site.turn()
    assert site.actuator.slots()[-1] == ("secured", 3)


def test_what_is_let_out_and_hung_nowhere_is_missing(site: TestSite) -> None:
    """C8.2: a key in a wrong slot that an operator lets out is gone when it hangs nowhere at the end of the time."""
    borrow(site, 1, 3)
    site.turn(empty(3), hangs(4, 3))
    borrow(site, 1, 4)
    assert site.asks(OpenSlot("main", 4), 1) == "key"
    site.turn(empty(4))
    assert site.asks(OpenSlot("main", 4), 1) is None
    site.turn(empty(4))
    site.step(20)
    assert "key.missing" in kinds(site.turn())


def test_a_disk_that_fails_while_a_slot_is_open(site: TestSite) -> None:
    """C8.2: nothing can be recorded: the slot is secured at once, what its sensor said is kept, and the loan goes on by it."""
    endurance = Endurance(
        site.facility, site.ledger, site.loop, Disk(site.folder, 0, 0), site.clock, site.actuator, "boot-1", lambda done: None
    )
    endurance._started = True
    borrow(site, 1, 1)
    site.connection.breaks = lambda text: text.startswith("commit")
    endurance.turn([empty(1)], Counter())
    assert endurance.outage is not None and site.actuator.slots()[-1][0] == "secured"
    site.connection.breaks = lambda text: False
    site.step(1.0)
    site.actuator.turn_from = site.ledger.size
    endurance.turn([], Counter())
    assert endurance.outage is None
    assert state(site, 1) == "lent"


def test_a_loan_that_was_ended_by_word_leaves_nobody_standing(site: TestSite) -> None:
    """C8.2: the key whose slot is open is reported lost: the slot is secured in the same turn, and the session ends."""
    borrow(site, 1, 1)
    assert site.asks(ReportKeyLost(1), 2) is None
    assert site.actuator.slots() == [("released", 1), ("secured", 1)]
    site.step(61)
    site.turn()
    assert session(site)[1] == "over"
    assert state(site, 1) == "lost"
