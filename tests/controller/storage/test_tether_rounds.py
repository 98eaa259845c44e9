"""Rounds over tethered equipment without an input (C8.13): who may, what counts, what stays due, and a restart in between."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sites import TestSite, make_site, people

from controller.record.asks.tether import BeginTetherRound, CheckTether, EndTetherRound, RegisterTether, RetireTether
from controller.record.canonical import moment
from controller.record.facets import facets

GUARD, LOBBY_GUARD, AUDITOR = 2, 3, 4


def tethered(folder: Path) -> TestSite:
    """A site with three things on the list: 1 and 2 in the lab, 3 in the lobby."""
    made = people(make_site(folder))
    for name, place in (("pc-12", "lab"), ("camera-1", "lab"), ("screen", "lobby")):
        assert made.asks(RegisterTether(name, place), private={"name": "測定用PC"}) is None
    return made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    made = tethered(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    """One that everything is refused at."""
    made = tethered(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


def rows(site: TestSite, sql: str) -> list[tuple[Any, ...]]:
    return site.ledger.connection.execute(sql).fetchall()


def due(site: TestSite) -> dict[int, int]:
    """By thing, in how many days it is due."""
    found = rows(site, "select number, due_at from due where sort = 'tether_round'")
    return {number: round((moment(at) - site.clock.now()).total_seconds() / 86400) for number, at in found}


def test_a_round_from_its_begin_to_its_counts(site: TestSite) -> None:
    """Begun, each thing looked at, ended: the record has the counts, deviations are alarms, and each has its new date."""
    assert due(site) == {1: 365, 2: 365, 3: 365}
    site.step(300 * 86400)
    assert site.asks(BeginTetherRound(), GUARD) is None

    assert site.asks(CheckTether(1, 1, "ok"), GUARD) is None
    assert site.asks(CheckTether(1, 2, "damaged"), GUARD, private={"note": "ワイヤーが切れかけている"}) is None
    deviated = next(record for record in site.records() if record.kind == "tether.deviated")
    assert (facets(deviated).result, facets(deviated).zone) == ("alarm", "lab")
    assert due(site) == {1: 365, 2: 7, 3: 65}

    assert site.asks(EndTetherRound(1), GUARD) is None
    ended = next(record.body for record in site.records() if record.kind == "tether.round_ended")
    assert (ended.ok, ended.missing, ended.damaged, ended.unchecked) == (1, 0, 1, 1)
    assert due(site) == {1: 365, 2: 7, 3: 65}, "what nobody looked at stays due when it was"


def test_what_was_said_is_corrected_in_the_same_round(site: TestSite) -> None:
    """A thing said to be missing and then found is in order: both stand in the ledger, the last word counts."""
    assert site.asks(BeginTetherRound("lab"), GUARD) is None
    assert site.asks(CheckTether(1, 1, "missing"), GUARD, private={"note": "机の上にない"}) is None
    assert site.asks(CheckTether(1, 1, "ok"), GUARD) is None
    assert site.asks(EndTetherRound(1), GUARD) is None

    assert rows(site, "select ok, missing, unchecked from tether_round") == [(1, 0, 1)]
    assert rows(site, "select result, note from tethered where tethered = 1") == [("ok", "")]
    assert [kind for kind in site.kinds() if kind in ("tether.checked", "tether.deviated")] == [
        "tether.deviated", "tether.checked",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "operator", "private", "code"),
    [
        (RegisterTether("PC 12", "lab"), 1, {"name": "x"}, "form"),
        (RegisterTether("pc-13", "lab", 4000), 1, {"name": "x"}, "form"),
        (RegisterTether("pc-12", "lab"), 1, {"name": "x"}, "subject"),
        (RegisterTether("pc-13", "cellar"), 1, {"name": "x"}, "subject"),
        (RegisterTether("pc-13", "lab"), AUDITOR, {"name": "x"}, "role"),
        (RetireTether(9), 1, {"reason": "x"}, "subject"),
        (BeginTetherRound(), LOBBY_GUARD, {}, "scope"),
        (BeginTetherRound("lab"), LOBBY_GUARD, {}, "scope"),
        (BeginTetherRound("vault"), GUARD, {}, "subject"),
        (BeginTetherRound("cellar"), GUARD, {}, "subject"),
        (BeginTetherRound(), AUDITOR, {}, "role"),
        (CheckTether(1, 1, "ok"), GUARD, {}, "subject"),
        (EndTetherRound(1), GUARD, {}, "subject"),
    ],
)
def test_what_is_refused(untouched: TestSite, body: Any, operator: int, private: dict[str, str], code: str) -> None:
    """A bad word, another's name, a place that is none, the wrong role or scope, and a round that is none."""
    assert untouched.asks(body, operator, private=private) == code


def test_what_is_refused_within_a_round(site: TestSite) -> None:
    """One round at a time; only its things; a deviation says what; a guard ticks what is in their scope alone."""
    assert site.asks(BeginTetherRound("lobby"), LOBBY_GUARD) is None

    assert site.asks(BeginTetherRound("lab"), GUARD) == "busy"
    assert site.asks(CheckTether(1, 1, "ok"), GUARD) == "subject"
    assert site.asks(CheckTether(1, 3, "missing"), LOBBY_GUARD) == "form"
    assert site.asks(CheckTether(1, 3, "gone"), LOBBY_GUARD) == "form"
    assert site.asks(CheckTether(1, 3, "ok"), LOBBY_GUARD) is None
    assert site.asks(EndTetherRound(1), LOBBY_GUARD) is None
    assert site.asks(CheckTether(1, 3, "ok"), LOBBY_GUARD) == "subject"
    assert site.asks(BeginTetherRound(), GUARD) is None
    assert site.asks(CheckTether(2, 1, "ok"), LOBBY_GUARD) == "scope"


def test_what_is_taken_off_the_list_is_due_no_more(site: TestSite) -> None:
    """A thing taken off is neither due nor of the next round, and cannot be ticked in one that runs; its name is free again."""
    assert site.asks(BeginTetherRound("lab"), GUARD) is None
    assert site.asks(RetireTether(1), private={"reason": "廃棄"}) is None

    assert site.asks(CheckTether(1, 1, "ok"), GUARD) == "subject"
    assert set(due(site)) == {2, 3}
    assert site.asks(RegisterTether("pc-12", "lobby"), private={"name": "新しいPC"}) is None
    assert site.asks(EndTetherRound(1), GUARD) is None
    assert site.asks(BeginTetherRound(), GUARD) is None
    assert rows(site, "select tethered from tether_check where tether_round = 2 order by 1") == [(2,), (3,), (4,)]


def test_a_round_goes_on_after_a_power_cut(tmp_path: Path) -> None:
    """A round that a power cut interrupts is there at the next start, with what was ticked, and goes on or is ended."""
    site = tethered(tmp_path)
    assert site.asks(BeginTetherRound(), GUARD) is None
    assert site.asks(CheckTether(1, 1, "ok"), GUARD) is None
    site.close()
    again = make_site(site.folder, clock=site.clock, boot="boot-2")
    again.dashboard = site.dashboard

    assert again.asks(BeginTetherRound(), GUARD) == "busy"
    assert again.asks(CheckTether(1, 2, "ok"), GUARD) is None
    assert again.asks(EndTetherRound(1), GUARD) is None
    assert rows(again, "select ok, unchecked from tether_round") == [(2, 1)]
    again.close()


def test_days_of_a_thing_of_its_own(site: TestSite) -> None:
    """A thing may have days of its own; found wrong it is due soon, but never later than it would have been."""
    assert site.asks(RegisterTether("drive", "lab", 3), private={"name": "外付けディスク"}) is None
    assert site.asks(BeginTetherRound("lab"), GUARD) is None
    assert site.asks(CheckTether(1, 4, "damaged"), GUARD, private={"note": "ゆるい"}) is None

    assert due(site)[4] == 3


def test_a_forgotten_round_is_chased(site: TestSite) -> None:
    """Nobody looks for a year: every thing is overdue, on record, by the clock's tick alone (C8.13)."""
    site.step(366 * 86400)
    site.turn()

    late = {record.body.number for record in site.records() if record.kind == "due.reached"}
    assert late == {1, 2, 3}
