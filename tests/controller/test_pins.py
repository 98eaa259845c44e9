"""PIN as second factor in the loop: what is asked, what a typed one leads to, lock-out, duress, what a restart loses."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sites import SITE_TOML, TestSite, give_right, leaf, make_site, people, stored_tables, tap

from controller.inbox import PinChosen, PinTyped
from controller.ledger import pin_store
from controller.ledger.ledger import Ledger
from controller.record import asks as ask
from controller.record.asks.person import LeavePerson
from controller.record.envelope import Record
from controller.rules.effects import AskPin, ForgetPin, PlaySignal, ReleaseLock
from controller.rules.hashed import HALF, HashedPin
from controller.rules.pin_wait import Typed

TEXT = SITE_TOML.replace(
    'inner = "lobby"\nlock', 'inner = "lobby"\npin = "always"\nlock'
).replace('54321"\n', '54321"\nkeypad = "simulated:40"\n').replace(
    'inner = "lab"\nouter', 'inner = "lab"\npin_outside = "office"\nouter'
).replace('54322"\n', '54322"\nkeypad = "simulated:41"\n')  # fmt: skip
OWN, DURESS = b"\x01" * HALF, b"\x02" * HALF


def pinned(folder: Path, text: str = TEXT) -> TestSite:
    """A site whose front asks for a PIN always, and whose lab outside office hours; persons 1 and 2 have one."""
    site = people(make_site(folder, text=text))
    site.turn(leaf("front", False), leaf("lab-door", False))
    for person in (1, 2):
        set_pin(site, person)
    return site


def set_pin(site: TestSite, person: int, own: bytes = OWN) -> dict[str, Any]:
    return site.console("pin.set", person=person, form=1, own=own.hex(), duress=DURESS.hex())


def asked(site: TestSite, reader: str = "front/in") -> AskPin:
    """The newest question at the reader's keypad."""
    found = [e for e in site.actuator.performed if isinstance(e, AskPin) and e.reader == reader]
    return found[-1]


def typed(site: TestSite, what: Typed, reader: str = "front/in") -> list[Record]:
    """The answer to the newest question."""
    return site.turn(PinTyped(reader, asked(site, reader).ticket, what))


def try_pin(site: TestSite, what: Typed, card: str = "card:1", reader: str = "front/in") -> list[Record]:
    """A tap, and what is typed."""
    site.turn()  # whatever time has brought about
    assert site.turn(tap(reader, card)) == []
    return typed(site, what, reader)


def kinds(records: list[Record]) -> list[str]:
    return [record.kind for record in records]


def effects(site: TestSite, after: int) -> list[Any]:
    return site.actuator.performed[after:]


def test_the_right_pin_opens_by_one_record(tmp_path: Path) -> None:
    """A tap that misses nothing but the PIN opens nothing and asks; the right one opens by one record that says so (C7.1)."""
    site = pinned(tmp_path)
    before = len(site.actuator.performed)

    assert site.turn(tap("front/in", "card:1")) == []
    question = asked(site)
    assert effects(site, before) == [PlaySignal("front", "pin", "front/in"), question]
    assert question.hashed == HashedPin(1, OWN, DURESS) and question.seconds == 15
    (granted,) = typed(site, Typed.RIGHT)

    assert (granted.kind, granted.v, granted.body.person, granted.body.pin) == ("entry.granted", 2, 1, 1)
    assert ReleaseLock("front") in effects(site, before)
    site.close()


def test_a_wrong_pin_is_refused_and_counted_in_records(tmp_path: Path) -> None:
    """A wrong PIN opens nothing; the refusal has the code `pin`, and the count survives a restart (C7.1)."""
    site = pinned(tmp_path)
    before = len(site.actuator.performed)

    refused, missed = try_pin(site, Typed.WRONG)
    assert (refused.kind, refused.body.code, missed.kind, missed.body.failures) == (
        "entry.refused", "pin", "pin.missed", 1,
    )  # fmt: skip
    assert ReleaseLock("front") not in effects(site, before)
    site.close()
    site = make_site(tmp_path, text=TEXT, clock=site.clock, boot="boot-2")
    assert [record.body.failures for record in try_pin(site, Typed.WRONG) if record.kind == "pin.missed"] == [2]

    recovered, granted = try_pin(site, Typed.RIGHT)
    assert (recovered.kind, granted.kind) == ("pin.recovered", "entry.granted")
    assert try_pin(site, Typed.WRONG)[1].body.failures == 1
    site.close()


def lock_out(site: TestSite, reader: str = "front/in") -> Record:
    for _ in range(4):
        assert kinds(try_pin(site, Typed.WRONG, reader=reader)) == ["entry.refused", "pin.missed"]
    return try_pin(site, Typed.WRONG, reader=reader)[1]


def test_too_many_wrong_ones_lock_out_until_their_time(tmp_path: Path) -> None:
    """After the fifth wrong PIN in a row the badge is locked out with its own code, at every portal that asks for a PIN and
    over a restart, until its time has passed; then the count begins anew."""
    site = pinned(tmp_path)

    locked = lock_out(site)
    assert (locked.kind, locked.body.failures, locked.body.person) == ("pin.locked", 5, 1)
    (refused,) = site.turn(tap("front/in", "card:1"))
    assert refused.body.code == "pin_lockout"
    site.close()
    site = make_site(tmp_path, text=TEXT, clock=site.clock, boot="boot-2")
    site.step(14 * 60)
    assert site.turn(tap("front/in", "card:1"))[-1].body.code == "pin_lockout"
    assert kinds(try_pin(site, Typed.RIGHT, "card:2")) == ["entry.granted"], "another person is not"
    site.step(61)
    assert kinds(try_pin(site, Typed.WRONG)) == ["entry.refused", "pin.missed"]
    assert kinds(try_pin(site, Typed.RIGHT)) == ["pin.recovered", "entry.granted"]
    site.close()


def test_nobody_ends_their_own_lock_out_by_another_pin(tmp_path: Path) -> None:
    """An administrator who is locked out has no new PIN chosen for themselves, not even once the old one is cleared."""
    site = pinned(tmp_path)
    site.console("operator.add", name="本人", roles=["administrator"], scope=["*"], person=1)
    lock_out(site)

    assert site.asks(ask.EnrolPin(1, "front/in"), 5) == "second_person"
    assert site.asks(ask.ClearPin(1), 5) is None
    assert site.asks(ask.EnrolPin(1, "front/in"), 5) == "second_person"
    assert site.asks(ask.EnrolPin(1, "front/in"), 1) is None
    site.close()


def test_an_operator_ends_a_lock_out_but_nobody_their_own(tmp_path: Path) -> None:
    """A manager lifts a lock-out before its time by a request that expires; whoever is locked out themselves may not (C7.3)."""
    site = pinned(tmp_path)
    site.console("operator.add", name="本人", roles=["manager"], scope=["*"], person=1)
    lock_out(site)

    assert site.asks(ask.UnlockPin(1), 3) == "role"
    assert site.asks(ask.UnlockPin(1), 5) == "second_person"
    assert site.asks(ask.UnlockPin(1), 2, expires_at=None) == "freshness"
    assert site.asks(ask.UnlockPin(2), 2) == "subject"
    assert site.asks(ask.UnlockPin(1), 2) is None
    assert kinds(try_pin(site, Typed.RIGHT)) == ["entry.granted"]
    site.close()


def test_duress_opens_as_ever_and_alarms_beside(tmp_path: Path) -> None:
    """The PIN for duress leads to the same effects and the same entry as the right one, and to one silent record more."""
    site = pinned(tmp_path)
    before = len(site.actuator.performed)
    (granted,) = try_pin(site, Typed.RIGHT)
    right = effects(site, before)
    site.turn(leaf("front", True))
    site.turn(leaf("front", False))

    before = len(site.actuator.performed)
    alarm, forced = try_pin(site, Typed.DURESS)
    assert [type(e) for e in effects(site, before)] == [type(e) for e in right]
    assert [e for e in effects(site, before) if not isinstance(e, AskPin)] == [
        e for e in right if not isinstance(e, AskPin)
    ]
    assert (forced.kind, forced.v, forced.body) == (granted.kind, granted.v, granted.body)
    assert (alarm.kind, alarm.body.person, alarm.body.reader) == ("pin.duress", 1, "front/in")
    site.close()


def test_duress_is_heard_though_nothing_opens(tmp_path: Path) -> None:
    """Where something else keeps the door shut by the time of typing, the call for help is recorded all the same."""
    site = pinned(tmp_path)
    site.turn(tap("front/in", "card:1"))
    assert site.asks(ask.BeginLockdown("*"), 2) is None

    alarm, refused = typed(site, Typed.DURESS)

    assert (alarm.kind, refused.kind, refused.body.code) == ("pin.duress", "entry.refused", "lockdown")
    site.close()


def test_no_pin_in_time(tmp_path: Path) -> None:
    """A tap whose PIN does not come in time is refused with `pin`, not counted, and an answer that comes later is nobody's."""
    site = pinned(tmp_path)
    site.turn(tap("front/in", "card:1"))
    site.step(15 + 4.9)
    assert site.turn() == []
    site.step(0.2)
    before = len(site.actuator.performed)

    (refused,) = site.turn()

    assert (refused.kind, refused.body.code, refused.body.person) == ("entry.refused", "pin", 1)
    assert effects(site, before) == [ForgetPin("front/in"), PlaySignal("front", "denied", "front/in")]
    assert typed(site, Typed.RIGHT) == []
    assert "pin.missed" not in site.kinds()
    site.close()


def test_out_of_hours_only(tmp_path: Path) -> None:
    """A portal with `pin_outside` takes the badge alone in these hours, and asks for a PIN outside them."""
    site = pinned(tmp_path)
    assert kinds(site.turn(tap("lab-door/in", "card:1"))) == ["entry.granted"]

    site.step(11 * 3600)  # 20:00 in Tokyo

    assert kinds(try_pin(site, Typed.RIGHT, reader="lab-door/in")) == ["entry.granted"]
    assert kinds(site.turn(tap("lab-door/out", "card:1"))) == ["entry.granted"], "nobody is asked on the way out"
    site.close()


@pytest.mark.parametrize(
    ("meanwhile", "code"),
    [
        (ask.RetireBadge(1, "lost"), "active_badge"),
        (ask.SuspendPerson(1), "active_person"),
        (ask.BeginLockdown("lobby"), "lockdown"),
        (ask.RevokeRight(1), "right"),
        (ask.ClearPin(1), "pin"),
    ],
)
def test_everything_is_asked_again_when_the_pin_is_known(tmp_path: Path, meanwhile: Any, code: str) -> None:
    """What was revoked between the tap and the PIN opens nothing, whatever was typed (C7.4)."""
    site = pinned(tmp_path)
    site.turn(tap("front/in", "card:1"))
    assert site.asks(meanwhile, 2) is None
    before = len(site.actuator.performed)

    (refused,) = typed(site, Typed.RIGHT)

    assert (refused.kind, refused.body.code) == ("entry.refused", code)
    assert ReleaseLock("front") not in effects(site, before)
    site.close()


def test_another_pin_chosen_meanwhile_was_not_typed(tmp_path: Path) -> None:
    """A PIN verified against one that was replaced before the verdict came is refused, and not counted as wrong."""
    site = pinned(tmp_path)
    site.turn(tap("front/in", "card:1"))
    set_pin(site, 1, b"\x07" * HALF)

    assert [(r.kind, r.body.code) for r in typed(site, Typed.RIGHT)] == [("entry.refused", "pin")]
    site.close()


def test_a_restart_loses_the_tap_and_nothing_else(tmp_path: Path) -> None:
    """A controller that was killed between tap and PIN opens nothing for an answer to the question of before."""
    site = pinned(tmp_path)
    site.turn(tap("front/in", "card:1"))
    ticket = asked(site).ticket
    site.close()

    site = make_site(tmp_path, text=TEXT, clock=site.clock, boot="boot-2")

    assert site.turn(PinTyped("front/in", ticket, Typed.RIGHT)) == []
    assert site.actuator.releases() == []
    assert kinds(try_pin(site, Typed.RIGHT)) == ["entry.granted"]
    site.close()


def test_a_commit_that_fails_leaves_nobody_waiting(tmp_path: Path) -> None:
    """Where the turn that asks or answers does not become durable, an answer opens nothing afterwards."""
    site = pinned(tmp_path)
    site.turn(tap("front/in", "card:1"))
    site.connection.breaks = lambda text: text == "commit"
    with pytest.raises(sqlite3.OperationalError):
        typed(site, Typed.RIGHT)
    site.connection.breaks = lambda text: False

    assert typed(site, Typed.RIGHT) == []
    assert site.actuator.releases() == [] and site.actuator.unrecorded == []
    site.close()


def test_one_taps_over_another(tmp_path: Path) -> None:
    """Somebody else's tap at the reader ends the wait of the first, on record; the first one's answer opens nothing."""
    site = pinned(tmp_path)
    site.turn(tap("front/in", "card:1"))
    first = asked(site).ticket

    (refused,) = site.turn(tap("front/in", "card:2"))
    assert (refused.kind, refused.body.code, refused.body.person) == ("entry.refused", "pin", 1)
    assert site.turn(PinTyped("front/in", first, Typed.RIGHT)) == []
    assert [record.body.person for record in typed(site, Typed.RIGHT)] == [2]

    site.turn(tap("front/in", "card:1"))
    assert site.turn(tap("front/in", "card:1")) == [], "one's own badge again is the same wish"
    assert kinds(typed(site, Typed.RIGHT)) == ["entry.granted"]
    site.close()


def test_two_doors_give_no_further_tries(tmp_path: Path) -> None:
    """Wrong PINs at two doors count together, and a right one typed before the lock-out does not open after it."""
    site = pinned(tmp_path)
    site.step(11 * 3600)
    for _ in range(4):
        try_pin(site, Typed.WRONG)
    site.turn(tap("front/in", "card:1"))
    site.turn(tap("lab-door/in", "card:1"))

    assert kinds(typed(site, Typed.WRONG, "lab-door/in")) == ["entry.refused", "pin.locked"]
    (refused,) = typed(site, Typed.RIGHT)
    assert refused.body.code == "pin_lockout"
    site.close()


def test_nobody_without_a_pin(tmp_path: Path) -> None:
    """Whoever has no PIN, or one whose hash is lost, is refused where one is asked for, and is asked nothing."""
    site = pinned(tmp_path)
    assert site.asks(ask.ClearPin(2), 3) is None
    site.ledger.connection.execute("update pin_secret set own = zeroblob(48) where person = 1")

    for card in ("card:1", "card:2"):
        (refused,) = site.turn(tap("front/in", card))
        assert (refused.kind, refused.body.code) == ("entry.refused", "pin")
    assert not [e for e in site.actuator.performed if isinstance(e, AskPin)]
    site.close()


def test_a_dead_keypad_asks_nobody(tmp_path: Path) -> None:
    """While the keypad does not answer a tap that needs a PIN is refused with `part`; the badge alone does not do."""
    from controller.inbox import PartFailing

    site = pinned(tmp_path)
    site.turn(PartFailing("simulated:40", "silent"))

    (refused,) = site.turn(tap("front/in", "card:1"))

    assert (refused.kind, refused.body.code) == ("entry.refused", "part")
    site.close()


# Choosing one -----------------------------------------------------------------------------------------------------------


def test_a_person_chooses_at_the_door(tmp_path: Path) -> None:
    """An operator opens the enrolment, the person taps their badge and types; the PIN holds, its hash is in no record."""
    site = pinned(tmp_path)
    assert site.asks(ask.EnrolPin(1, "front/in"), 1) is None
    (other,) = [site.turn(tap("front/in", "card:2"))]
    assert other == [] and asked(site).taste is None, "anybody else is judged as ever"

    site.turn(tap("front/in", "card:1"))
    question = asked(site)
    assert question.taste is not None and question.taste.numbers == (1, 1) and question.hashed is None
    fresh = HashedPin(1, b"\x05" * HALF, b"\x06" * HALF)
    (done,) = site.turn(PinChosen("front/in", question.ticket, fresh))

    assert (done.kind, done.body.person, done.body.pin, done.body.reader) == ("pin.set", 1, 3, "front/in")
    assert site.facts.pins.hashed(site.facts.pins.standing(1)) == fresh
    assert stored_tables(site.ledger.connection)["pin_enrolment"]["front/in",]["state"] == "done"
    assert b"\x05" * 8 not in b"".join(row[0] for row in site.ledger.connection.execute("select bytes from record"))
    assert not [row for done in site.committed for row in done.private if "pin" in row.id]
    site.close()


@pytest.mark.parametrize(
    ("body", "operator", "code"),
    [
        (ask.EnrolPin(1, "lab-door/out"), 1, "subject"),
        (ask.EnrolPin(1, "attic/in"), 1, "subject"),
        (ask.EnrolPin(9, "front/in"), 1, "subject"),
        (ask.EnrolPin(3, "front/in"), 1, "subject"),
        (ask.EnrolPin(1, "front/in"), 2, "role"),
        (ask.ClearPin(3), 1, "subject"),
    ],
)
def test_what_nobody_may_ask(tmp_path: Path, body: Any, operator: int, code: str) -> None:
    """An enrolment needs a reader with a keypad, an active person and an administrator; what is not set is not cleared."""
    site = pinned(tmp_path)

    assert site.asks(body, operator) == code
    site.close()


def test_an_enrolment_ends(tmp_path: Path) -> None:
    """An enrolment in which nothing good was typed ends with the reason, and one to which nobody came by its time."""
    site = pinned(tmp_path)
    assert site.asks(ask.EnrolPin(1, "front/in"), 1) is None
    assert site.asks(ask.EnrolPin(2, "front/in"), 1) == "busy"
    assert site.asks(ask.EnrolBadge(2, "front/in"), 1) == "busy"
    site.turn(tap("front/in", "card:1"))
    (closed,) = site.turn(PinChosen("front/in", asked(site).ticket, None, "near"))
    assert (closed.kind, closed.body.code) == ("pin_enrolment.closed", "near")

    assert site.asks(ask.EnrolPin(1, "front/in"), 1) is None
    site.step(190)
    assert [(record.kind, record.body.code) for record in site.turn()] == [("pin_enrolment.closed", "time")]
    site.close()


def test_nobody_who_was_suspended_meanwhile_gets_a_pin(tmp_path: Path) -> None:
    """A person suspended while they choose has no PIN by it."""
    site = pinned(tmp_path)
    site.asks(ask.EnrolPin(1, "front/in"), 1)
    site.turn(tap("front/in", "card:1"))
    site.asks(ask.SuspendPerson(1), 2)

    (closed,) = site.turn(PinChosen("front/in", asked(site).ticket, HashedPin(1, OWN, DURESS)))

    assert (closed.kind, closed.body.code) == ("pin_enrolment.closed", "active_person")
    site.close()


# The store --------------------------------------------------------------------------------------------------------------


def held(site: TestSite) -> set[bytes]:
    """What the file still holds of the hashes that were ever set, the log written back and cut."""
    site.ledger.connection.execute("pragma wal_checkpoint(truncate)")
    data = site.path.read_bytes() + site.path.with_name(site.path.name + "-wal").read_bytes()
    return {bytes([n]) for n in range(1, 250) if bytes([n]) * HALF in data}


def test_what_counts_no_more_is_overwritten(tmp_path: Path) -> None:
    """A replaced PIN, a cleared one and an erased person's leave no byte of their hashes, nor does a rebuild."""
    site = pinned(tmp_path)
    give_right(site, 1, "vault")
    set_pin(site, 1, b"\x09" * HALF)
    assert held(site) == {b"\x01", b"\x02", b"\x09"}
    assert site.asks(ask.ClearPin(2), 1) is None
    assert held(site) == {b"\x02", b"\x09"}

    site.ledger.rebuild()
    assert site.facts.pins.hashed(site.facts.pins.standing(1)) == HashedPin(1, b"\x09" * HALF, DURESS)
    assert site.asks(ask.SuspendPerson(1), 2) is None
    assert site.asks(ask.ErasePerson(1, "asked"), 1) is None
    assert held(site) == set()
    assert site.facts.pins.standing(1).state == "cleared"
    site.close()


def test_a_restored_hash_is_erased_again(tmp_path: Path) -> None:
    """A hash that a restored copy brings back beside the record of its erasure goes when the ledger is folded anew."""
    site = pinned(tmp_path)
    site.asks(ask.SuspendPerson(1), 2)
    assert site.asks(ask.ErasePerson(1, "asked"), 1) is None
    with site.ledger.transaction():
        site.ledger.connection.execute(
            "insert into pin_secret (person, pin, form, own, duress) values (1, 1, 1, ?, ?)", (OWN, DURESS)
        )

    site.ledger.rebuild()

    assert pin_store.of(site.ledger.connection, 1, 1) is None
    site.close()


@pytest.mark.parametrize(
    "arguments",
    [
        {"person": 1},
        {"person": 1, "form": 1, "own": "00", "duress": DURESS.hex()},
        {"person": 1, "form": 1, "own": "zz" * HALF, "duress": DURESS.hex()},
        {"person": 1, "form": 9, "own": OWN.hex(), "duress": DURESS.hex()},
    ],
)
def test_nonsense_at_the_console_is_a_refusal(tmp_path: Path, arguments: dict[str, Any]) -> None:
    """What is no hash of ours is refused, and the message does not repeat it."""
    site = pinned(tmp_path)

    answer = site.console("pin.set", **arguments)

    assert answer["code"] == "form" and DURESS.hex()[:16] not in str(answer)
    site.close()




# With others ------------------------------------------------------------------------------------------------------------

TWO = TEXT.replace('id = "lobby"\n', 'id = "lobby"\ntwo_person = true\n')


def two(folder: Path) -> TestSite:
    """The lobby is one that nobody enters alone; both who come have typed, or will, their PIN."""
    site = pinned(folder, TWO)
    assert kinds(try_pin(site, Typed.RIGHT)) == ["entry.awaited"]
    return site


def test_two_people_each_with_their_pin(tmp_path: Path) -> None:
    """Where two have to come together each types their own PIN, and the door opens for both once the second has."""
    site = two(tmp_path)

    records = try_pin(site, Typed.RIGHT, "card:2")

    assert [(record.kind, record.v) for record in records if record.kind == "entry.granted"] == [("entry.granted", 2)] * 2
    assert site.actuator.releases() == ["front"] and site.actuator.unrecorded == []
    site.close()


@pytest.mark.parametrize("meanwhile", [ask.ClearPin(1), ask.RetireBadge(1, "lost")])
def test_who_waits_for_the_second_is_asked_again(tmp_path: Path, meanwhile: Any) -> None:
    """Whose PIN or badge ended while they waited for the second person is not let in by having typed it before."""
    site = two(tmp_path)
    assert site.asks(meanwhile, 2) is None

    records = try_pin(site, Typed.RIGHT, "card:2")

    assert "entry.granted" not in kinds(records) and site.actuator.releases() == []
    site.close()


def test_duress_of_one_who_waits(tmp_path: Path) -> None:
    """A call for help is heard at once, though the door waits for a second person."""
    site = pinned(tmp_path, TWO)

    assert kinds(try_pin(site, Typed.DURESS)) == ["pin.duress", "entry.awaited"]
    site.close()


def test_a_leavers_pin_ends_with_all_else(tmp_path: Path) -> None:
    """Who leaves has no PIN any more, and nothing of its hash is left (C7.4)."""
    site = pinned(tmp_path)
    assert site.asks(ask.EnrolPin(1, "front/in"), 1) is None

    assert site.asks(LeavePerson(1), 2) is None

    assert site.facts.pins.standing(1).state == "cleared" and site.facts.pins.enrolments({}) == {}
    site.asks(ask.ClearPin(2), 2)
    assert held(site) == set()
    site.close()


def test_a_copy_has_the_pins(tmp_path: Path) -> None:
    """A copy of the ledger's file, as a backup takes it, folded anew as a restore does, still knows who has which PIN."""
    site = pinned(tmp_path)
    site.ledger.connection.execute("vacuum into ?", (str(tmp_path / "copy.sqlite3"),))
    site.close()

    copy = Ledger(tmp_path / "copy.sqlite3", "works")
    copy.rebuild()

    assert pin_store.of(copy.connection, 1, 1) == HashedPin(1, OWN, DURESS)
    copy.close()
