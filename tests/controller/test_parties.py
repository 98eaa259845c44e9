"""People who may only pass together, through the loop: two persons, escorts, waiting taps, and leaving (C7.7, C8.9)."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from party_site import GUEST, TEXT, THIRD, VISITOR, A, B, C, staffed
from sites import (
    SITE_TOML,
    TestSite,
    digest,
    exit_button,
    fold_of,
    give_right,
    leaf,
    make_site,
    stored_tables,
    tap,
)

from controller import party_facts
from controller.explaining import explained
from controller.facility.settings import BadSettings
from controller.inbox import Input
from controller.record import asks as ask
from controller.record.asks.presence import CorrectPresence
from controller.record.envelope import Record
from controller.rules.effects import PlaySignal


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The site with its people; every leaf is closed."""
    made = staffed(make_site(tmp_path, text=TEXT))
    yield made
    assert made.actuator.unrecorded == []
    assert stored_tables(made.ledger.connection) == {k: v for k, v in fold_of(made.records()).items() if v}
    made.close()


def into(portal: str, *persons: int) -> list[Input]:
    """These people's taps."""
    return [tap(f"{portal}/in", f"card:{person}") for person in persons]


def out_of(portal: str, *persons: int) -> list[Input]:
    """These people's taps on the way out."""
    return [tap(f"{portal}/out", f"card:{person}") for person in persons]


def walk(site: TestSite, *taps: Input) -> list[Record]:
    """The taps, and everybody passes."""
    portal = taps[0].reader.partition("/")[0]  # type: ignore[union-attr]
    return site.turn(*taps) + site.turn(leaf(portal, True)) + site.turn(leaf(portal, False))


def said(records: list[Record], *kinds: str) -> list[tuple[Any, ...]]:
    """Kind, person and code of these records."""
    return [
        (record.kind, getattr(record.body, "person", None), getattr(record.body, "code", ""))
        for record in records
        if record.kind
        in (kinds or ("entry.awaited", "entry.granted", "entry.refused", "zone.violated", "zone.restored"))
    ]


def signals(site: TestSite) -> list[str]:
    """What was played so far."""
    return [effect.signal for effect in site.actuator.performed if isinstance(effect, PlaySignal)]


def after(site: TestSite, seconds: float) -> list[Record]:
    """What is recorded once this time has passed."""
    site.step(seconds)
    return site.turn()


# Two persons ----------------------------------------------------------------------------------------------------------------


def test_two_right_holders_open_together(site: TestSite) -> None:
    """The first tap waits and shows it, the second opens for both: each by name, the lock released once, in one commit."""
    assert said(site.turn(*into("vault-door", A))) == [("entry.awaited", A, "second_person")]
    assert (site.actuator.releases(), signals(site)[-1]) == ([], "second_person")
    site.step(14)

    records = site.turn(*into("vault-door", B))

    assert said(records) == [("entry.granted", A, ""), ("entry.granted", B, "")]
    assert [record.body.people for record in records if record.kind == "party.entered"] == [(A, B)]
    assert (site.actuator.releases(), signals(site)[-1]) == (["vault-door"], "granted")
    moved = site.turn(leaf("vault-door", True))
    assert {record.body.person for record in moved if record.kind == "presence.moved"} == {A, B}
    site.turn(leaf("vault-door", False))
    assert after(site, 60) == []


def test_nobody_comes(site: TestSite) -> None:
    """When nobody else comes in time, the tap is refused with what was missing, and the lock was never touched."""
    site.turn(*into("vault-door", A))

    assert said(after(site, 14)) == []
    assert said(after(site, 1)) == [("entry.refused", A, "second_person")]
    assert (site.actuator.releases(), signals(site)[-1]) == ([], "denied")
    assert said(site.turn(*into("vault-door", B))) == [("entry.awaited", B, "second_person")]


def test_too_late_in_the_same_turn(site: TestSite) -> None:
    """A second tap that is decided after the first one's time, in a turn that was late, does not open."""
    site.turn(*into("vault-door", A))
    site.step(15)

    records = site.turn(*into("vault-door", B))

    assert said(records) == [("entry.refused", A, "second_person"), ("entry.awaited", B, "second_person")]


@pytest.mark.parametrize("card", ["card:1", "card:1b"])
def test_one_person_with_two_badges_is_one(site: TestSite, card: str) -> None:
    """The same badge again, or another badge of the same person, is no second person."""
    site.console("enrol.card", person=A, credential=digest("card:1b"), assurance=2, label="1b")
    site.turn(*into("vault-door", A))

    assert said(site.turn(tap("vault-door/in", card))) == [("entry.awaited", A, "second_person")]
    assert site.actuator.releases() == []


def test_one_more_where_two_are_inside(site: TestSite) -> None:
    """While two are certainly inside, one right holder enters alone; once that is doubted, no more."""
    walk(site, *into("vault-door", A, B))

    assert said(walk(site, *into("vault-door", C))) == [("entry.granted", C, "")]
    site.turn(exit_button("vault-door"))
    site.turn(leaf("vault-door", True))
    site.turn(leaf("vault-door", False))
    assert said(site.turn(*into("vault-door", C))) == [("entry.awaited", C, "second_person")]


def test_granted_but_not_entered_is_nobody_inside(site: TestSite) -> None:
    """Two who were let in and did not come are not inside, nor at the door any more: a third waits."""
    site.turn(*into("vault-door", A, B))
    assert "entry.abandoned" in [record.kind for record in after(site, 8)]

    assert said(site.turn(*into("vault-door", C))) == [("entry.awaited", C, "second_person")]


def test_revoked_meanwhile_opens_nothing(site: TestSite) -> None:
    """Everybody is asked again when the others come: a badge that was reported lost meanwhile does not open, nor count."""
    site.turn(*into("vault-door", A))
    assert site.asks(ask.RetireBadge(A, "lost"), 2) is None

    records = site.turn(*into("vault-door", B))

    assert said(records) == [("entry.refused", A, "active_badge"), ("entry.awaited", B, "second_person")]
    assert site.actuator.releases() == []


def test_locked_down_meanwhile(site: TestSite) -> None:
    """A lockdown while somebody waits refuses the one who waits and the one who comes."""
    site.turn(*into("vault-door", A))
    assert site.asks(ask.BeginLockdown("vault"), 2) is None

    assert said(site.turn(*into("vault-door", B))) == [("entry.refused", B, "lockdown")]
    assert said(after(site, 15)) == [("entry.refused", A, "second_person")]


def test_another_badge_in_between_refuses_itself_alone(site: TestSite) -> None:
    """A stranger's or a lost badge at the same reader is refused, and the wait goes on."""
    site.turn(*into("vault-door", A))
    assert said(site.turn(tap("vault-door/in", "card:99"), tap("vault-door/in", "card:4"))) == [
        ("entry.refused", None, "enrolment"),
        ("entry.refused", 4, "active_badge"),
    ]

    assert said(site.turn(*into("vault-door", B)))[-1] == ("entry.granted", B, "")


def test_taps_at_other_doors_do_not_mix(site: TestSite) -> None:
    """Who waits at one door waits there: a tap at another reader of it, or at another door, is no second person."""
    site.turn(*into("vault-door", A))

    site.turn(*into("lab-door", B))
    site.turn(*out_of("vault-door", B))

    assert "vault-door" in site.actuator.releases()  # for the one who leaves
    assert said(site.turn(*into("vault-door", A))) == [("entry.awaited", A, "second_person")]


def test_lost_at_a_restart(site: TestSite, tmp_path: Path) -> None:
    """After a restart nobody waits: the second tap waits in its turn, and nothing opens."""
    site.turn(*into("vault-door", A))
    site.ledger.close()
    again = make_site(tmp_path, text=TEXT, clock=site.clock, boot="boot-2")
    again.turn(leaf("vault-door", False))

    assert said(again.turn(*into("vault-door", B))) == [("entry.awaited", B, "second_person")]
    assert again.actuator.releases() == []
    site.ledger = again.ledger


def test_a_turn_that_was_not_recorded_opens_nothing_later(site: TestSite) -> None:
    """When the turn in which both were let in fails, nobody of them waits or has passed: the third waits alone."""
    site.turn(*into("vault-door", A))
    site.connection.breaks = lambda text: text.startswith("commit")
    with pytest.raises(sqlite3.OperationalError):
        site.turn(*into("vault-door", B))
    site.connection.breaks = lambda text: False

    assert said(site.turn(*into("vault-door", C))) == [("entry.awaited", C, "second_person")]
    assert site.actuator.releases() == []


def test_a_party_has_a_bound(site: TestSite) -> None:
    """So many people wait at a door at most; one more is refused, whoever it is."""
    for number in range(10, 27):
        assert site.asks(ask.RegisterPerson()) is None
        site.console("enrol.card", person=number, credential=digest(f"card:{number}"), assurance=2, label=f"{number}")
        give_right(site, number, "lab", manner="escorted")

    records = site.turn(*into("lab-door", *range(10, 27)))

    assert said(records) == [
        *[("entry.awaited", number, "escort") for number in range(10, 26)],
        ("entry.refused", 26, "busy"),
    ]


# Escorts --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(VISITOR, A), (A, VISITOR)])
def test_an_escort_opens_for_the_visitor(site: TestSite, order: tuple[int, int]) -> None:
    """In either order of taps both are let in by name, and the record says whose the visitor is (C7.7)."""
    records = site.turn(*into("lab-door", order[0]))
    records += site.turn(*into("lab-door", order[1]))

    assert [(kind, person) for kind, person, _ in said(records, "entry.granted")] == [
        ("entry.granted", person) for person in order
    ]
    begun = [record.body for record in records if record.kind == "escort.begun"]
    assert [(one.person, one.escort, one.zone) for one in begun] == [(VISITOR, A, "lab")]
    assert site.actuator.releases()[-1] == "lab-door"


def test_a_visitor_alone_is_refused_in_the_end(site: TestSite) -> None:
    """Without an escort the visitor's badge opens nothing, whoever else taps; the door asks for an escort."""
    assert said(site.turn(*into("lab-door", VISITOR))) == [("entry.awaited", VISITOR, "escort")]
    assert signals(site)[-1] == "escort"
    assert said(site.turn(*into("lab-door", B))) == [("entry.granted", B, "")]

    assert said(after(site, 15), "entry.refused") == [("entry.refused", VISITOR, "escort")]


def test_the_escort_who_went_in_is_gone_from_the_door(site: TestSite) -> None:
    """Once the leaf has closed behind the escort, a visitor's tap waits for an escort again."""
    walk(site, *into("lab-door", A))

    assert said(site.turn(*into("lab-door", VISITOR))) == [("entry.awaited", VISITOR, "escort")]


def test_an_escort_has_two_hands(site: TestSite) -> None:
    """No escort has more people inside than the zone allows: the next one waits for another escort."""
    walk(site, *into("lab-door", VISITOR, GUEST, A))

    assert said(site.turn(*into("lab-door", THIRD, A))) == [
        ("entry.awaited", THIRD, "escort"),
        ("entry.granted", A, ""),
    ]


def test_an_escort_revoked_while_passing_takes_nobody_in(site: TestSite) -> None:
    """An escort whose badge is reported lost after their own tap is no escort for the visitor behind them."""
    site.turn(*into("lab-door", A))
    assert site.asks(ask.RetireBadge(A, "lost"), 2) is None

    assert said(site.turn(*into("lab-door", VISITOR))) == [("entry.awaited", VISITOR, "escort")]


def test_a_visitor_into_the_vault_takes_three(site: TestSite) -> None:
    """Where two persons and an escort are asked for, a visitor and their escort are not yet enough."""
    assert said(site.turn(*into("vault-door", VISITOR, A))) == [
        ("entry.awaited", VISITOR, "escort"),
        ("entry.awaited", A, "second_person"),
    ]

    records = site.turn(*into("vault-door", B))

    assert [person for _, person, _ in said(records, "entry.granted")] == [VISITOR, A, B]
    assert site.actuator.releases() == ["vault-door"]


def test_several_through_one_opening_are_each_named(site: TestSite) -> None:
    """Also where no such rule holds, whoever taps while the door is released or open is let in by name (C8.9)."""
    site.turn(*into("lab-door", B))
    site.turn(leaf("lab-door", True))

    records = site.turn(*into("lab-door", C))

    assert said(records) == [("entry.granted", C, "")]
    assert [record.body.person for record in records if record.kind == "presence.moved"] == [C]


# Leaving --------------------------------------------------------------------------------------------------------------------


def test_leaving_somebody_alone_is_an_alarm(site: TestSite) -> None:
    """One of two leaves: let out with a caution, and when the other does not follow, that is a violation on record."""
    walk(site, *into("vault-door", A, B))
    records = walk(site, *out_of("vault-door", A))
    assert said(records, "entry.granted") == [("entry.granted", A, "")]
    assert "left_behind" in signals(site)

    assert after(site, 14) == []
    violated = after(site, 1)

    assert said(violated) == [("zone.violated", B, "second_person")]
    assert (violated[0].body.zone, violated[0].body.companion) == ("vault", A)
    assert signals(site)[-1] == "left_behind"
    assert after(site, 60) == []
    assert said(walk(site, *out_of("vault-door", B)), "zone.restored") == [("zone.restored", B, "second_person")]


def test_leaving_together_is_none(site: TestSite) -> None:
    """When the second follows within seconds nothing is violated."""
    walk(site, *into("vault-door", A, B))
    walk(site, *out_of("vault-door", A))
    site.step(10)
    walk(site, *out_of("vault-door", B))

    assert after(site, 60) == []


def test_an_escort_who_leaves_first_is_an_alarm(site: TestSite) -> None:
    """An escort is let out before the visitor, told so at the door, and recorded when the visitor stays (C7.7)."""
    walk(site, *into("lab-door", VISITOR, A))
    records = walk(site, *out_of("lab-door", A))
    assert (said(records, "entry.granted"), "left_behind" in signals(site)) == ([("entry.granted", A, "")], True)

    violated = after(site, 15)

    assert said(violated) == [("zone.violated", VISITOR, "escort")]
    assert violated[0].body.companion == A
    assert said(walk(site, *into("lab-door", A)), "zone.restored") == [("zone.restored", VISITOR, "escort")]


def test_the_visitor_may_leave_first(site: TestSite) -> None:
    """A visitor who leaves before the escort is no alarm and no caution."""
    walk(site, *into("lab-door", VISITOR, A))

    walk(site, *out_of("lab-door", VISITOR))
    walk(site, *out_of("lab-door", A))

    assert after(site, 60) == []
    assert "left_behind" not in signals(site)


def test_a_restart_alarms_nobody_twice(site: TestSite, tmp_path: Path) -> None:
    """A violation that lasts is on record; after a restart, when nobody is certain any more, it ends."""
    walk(site, *into("vault-door", A, B))
    walk(site, *out_of("vault-door", A))
    after(site, 15)
    site.ledger.close()

    again = make_site(tmp_path, text=TEXT, clock=site.clock, boot="boot-2")

    assert said(again.turn(leaf("vault-door", False)), "zone.violated", "zone.restored") == [
        ("zone.restored", B, "second_person")
    ]
    assert said(after(again, 60), "zone.violated") == []
    site.ledger = again.ledger


def test_own_right_ends_the_escort(site: TestSite) -> None:
    """Whoever was escorted once and has a right of their own now comes in as nobody's, and counts as a right holder."""
    walk(site, *into("lab-door", VISITOR, A))
    walk(site, *out_of("lab-door", VISITOR))
    give_right(site, VISITOR, "lab")

    records = walk(site, *into("lab-door", VISITOR))

    ended = [record.body for record in records if record.kind == "escort.ended"]
    assert [(one.person, one.escort) for one in ended] == [(VISITOR, A)]
    walk(site, *out_of("lab-door", A))
    assert said(after(site, 60), "zone.violated") == []


def test_still_the_escorts_in_the_zone_around(site: TestSite) -> None:
    """A visitor who comes out of the vault into the lab is still their escort's there."""
    walk(site, *into("lab-door", VISITOR, A, B))
    walk(site, *into("vault-door", VISITOR, A, B))

    records = walk(site, *out_of("vault-door", VISITOR))

    begun = [record.body for record in records if record.kind == "escort.begun"]
    assert [(one.person, one.escort, one.zone) for one in begun] == [(VISITOR, A, "lab")]
    assert said(after(site, 15), "zone.violated") == [("zone.violated", VISITOR, "escort")]


def test_no_lockdown_makes_a_visitor_a_right_holder(site: TestSite) -> None:
    """A visitor who comes out into a zone that they may not enter just now is their escort's still, and no second person."""
    walk(site, *into("lab-door", VISITOR, A, B))
    walk(site, *into("vault-door", VISITOR, A, B))
    assert site.asks(ask.BeginLockdown("lab"), 2) is None

    walk(site, *out_of("vault-door", VISITOR))

    inside = party_facts.inside(site.ledger.connection, site.facility.zones["lab"].rules)
    assert (inside.holders, inside.escorted) == (frozenset(), {VISITOR: A})
    assert said(after(site, 15), "zone.violated") == [("zone.violated", VISITOR, "escort")]


def test_an_explanation_says_who_is_missing(site: TestSite) -> None:
    """Asked of one person alone, the same checks say what the door waits for: an escort, a second person (C7.7, C8.9)."""

    def code(person: int, portal: str) -> str | None:
        return explained(site.facility, site.ledger.connection, person, portal, site.clock.now(), site.ledger.size).code

    assert (code(VISITOR, "lab-door"), code(A, "lab-door")) == ("escort", None)
    assert (code(VISITOR, "vault-door"), code(A, "vault-door")) == ("escort", "second_person")
    walk(site, *into("vault-door", A, B))
    assert (code(C, "vault-door"), code(A, "vault-door")) == (None, "second_person")


def test_a_party_has_to_find_room(tmp_path: Path) -> None:
    """Each alone would find room and all together do not: whoever comes last is refused, and nobody passes."""
    site = staffed(make_site(tmp_path, text=TEXT.replace("escort_ratio = 2", "escort_ratio = 2\nmost_inside = 2")))
    site.turn(*into("lab-door", VISITOR, GUEST))

    assert said(site.turn(*into("lab-door", A))) == [("entry.refused", A, "room")]
    assert site.actuator.releases() == []
    site.close()


def test_a_zone_inside_a_guarded_one(tmp_path: Path) -> None:
    """A door straight into a zone that lies in one where nobody may be alone asks for two as well; then one is enough."""
    text = SITE_TOML.replace('id = "lab"\n', 'id = "lab"\ntwo_person = true\n', 1)
    text = text.replace('id = "vault"\n', 'id = "vault"\ninside = "lab"\n', 1).replace(
        'outer = "lab"', 'outer = "lobby"'
    )
    site = staffed(make_site(tmp_path, text=text))

    assert said(site.turn(*into("vault-door", A))) == [("entry.awaited", A, "second_person")]
    walk(site, *into("vault-door", B))

    assert said(site.turn(*into("lab-door", C))) == [("entry.granted", C, "")]
    site.close()


def test_who_taps_again_keeps_their_turn(site: TestSite) -> None:
    """A visitor who was let in and taps again does not give their escort's hand to another."""
    site.turn(*into("lab-door", VISITOR, GUEST, A, THIRD))

    records = site.turn(*into("lab-door", VISITOR))

    assert said(records) == [("entry.granted", VISITOR, "")]
    assert said(after(site, 15), "entry.refused") == [("entry.refused", THIRD, "escort")]


def test_who_is_inside_keeps_their_escorts_hand(site: TestSite) -> None:
    """A visitor who is inside and taps outside again does not make room for another beside their escort."""
    walk(site, *into("lab-door", VISITOR, A))

    records = site.turn(*into("lab-door", A, GUEST, THIRD, VISITOR))

    assert [person for _, person, _ in said(records, "entry.granted")] == [A, GUEST, VISITOR]


def test_a_word_is_no_second_person(site: TestSite) -> None:
    """Whom an operator puts into the vault by hand counts for no alarm there, and lets nobody in alone."""
    for person in (A, B):
        assert site.asks(CorrectPresence(person, "vault"), 2) is None

    assert said(site.turn(*into("vault-door", C))) == [("entry.awaited", C, "second_person")]
    assert site.asks(CorrectPresence(A, ""), 2) is None
    assert said(after(site, 15), "zone.violated") == [("zone.violated", B, "second_person")]


def test_a_rule_that_is_gone_is_violated_no_more(site: TestSite, tmp_path: Path) -> None:
    """A violation that lasts ends when the zone's rule, or the zone itself, is taken out of the settings."""
    walk(site, *into("vault-door", A, B))
    walk(site, *out_of("vault-door", A))
    after(site, 15)
    site.ledger.close()

    again = make_site(tmp_path, text=TEXT.replace('"vault"', '"cellar"'), clock=site.clock, boot="boot-2")

    assert said(again.turn(leaf("lab-door", False)), "zone.restored") == [("zone.restored", B, "second_person")]
    site.ledger = again.ledger


def test_container_takes_no_visitor_from_the_escort(tmp_path: Path) -> None:
    """Who opens a container with an escort's badge stays the affair of whoever brought them into the room (C7.7)."""
    text = TEXT.replace("two_person = true\n", 'kind = "container"\ninside = "lab"\n')
    site = staffed(make_site(tmp_path, text=text))
    walk(site, *into("lab-door", VISITOR, A))

    records = walk(site, *into("vault-door", VISITOR, A))

    assert [person for _, person, _ in said(records, "entry.granted")] == [VISITOR, A]
    inside = party_facts.inside(site.ledger.connection, site.facility.zones["lab"].rules)
    assert (inside.holders, inside.escorted) == ({A}, {VISITOR: A})
    walk(site, *out_of("lab-door", A))
    assert said(after(site, 15), "zone.violated") == [("zone.violated", VISITOR, "escort")]
    site.close()


@pytest.mark.parametrize(("inner", "outer"), [("vault", "lab"), ("lab", "vault"), ("rack", "lab")])
def test_no_hours_unlock_a_way_into_a_zone_of_two(tmp_path: Path, inner: str, outer: str) -> None:
    """A door by which one could walk in alone in its hours is a mistake: in either direction, and into a zone within (C8.9)."""
    rack = '[[zone]]\nid = "rack"\nname = { ja = "棚", en = "Rack" }\ninside = "vault"\n'
    unlocked = f'inner = "{inner}"\nouter = "{outer}"\nunlock = "office"\n'

    with pytest.raises(BadSettings) as error:
        make_site(tmp_path, text=TEXT.replace('inner = "vault"\nouter = "lab"\n', unlocked) + rack)

    assert "portal[3].unlock: zone 'vault' has two_person" in str(error.value)
