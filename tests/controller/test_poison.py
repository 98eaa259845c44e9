"""What is in the works, and what becomes of inputs that stopped the loop."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import TestSite, digest, exit_button, leaf, make_site, people, tap

from controller import works as works_module
from controller.inbox import (
    CheckpointShown,
    ConsoleAsked,
    ContactSeen,
    CredentialPresented,
    Input,
    PartFailing,
    RequestReceived,
)
from controller.judgement import Judgement
from controller.record import asks as ask
from controller.record.kinds.input import InputForgiven, InputPoisoned
from controller.rules import poison as rule
from controller.rules.poison import MOST, Poison
from controller.works import Suspect, Works
from hardware.protocols import Assurance, CardRead


class Bug(Exception):
    """What a rule raises that has one."""


def works_in(folder: Path, key: bytes = b"key") -> Works:
    """The works of a site in this folder."""
    return Works(folder / "poison.json", folder / "works", key)


def answer(_said: dict[str, Any]) -> None:
    """Nobody listens."""


INPUTS: list[Input] = [
    tap("front/in", "card:1"), tap("lab-door/out", "card:1"), leaf("front", True), exit_button("front"),
    RequestReceived(b"{}"), CheckpointShown(b"note"), PartFailing("gpio:1", "silent"),
    ConsoleAsked("trust", {"key": "x"}, answer),
]  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    made = people(make_site(tmp_path))
    made.loop._works = works_in(tmp_path)
    yield made
    with suppress(OSError):  # it was closed for a restart
        made.close()


def stopped_by(site: TestSite, item: Input, monkeypatch: pytest.MonkeyPatch, method: str = "judge") -> TestSite:
    """The site after this input has stopped it once, and it was started again; the bug is still there for what it was."""

    def raises(self: Judgement, given: Input, *others: Any) -> Any:
        if works_module.shape(given) == works_module.shape(item):
            raise Bug
        return real(self, given, *others)

    real: Callable[..., Any] = getattr(Judgement, method)
    monkeypatch.setattr(Judgement, method, raises)
    with pytest.raises(Bug):
        site.turn(tap("front/in", "nobody"), item)
    return again(site)


def again(site: TestSite, version: str = "0") -> TestSite:
    """A restart."""
    site.close()
    made = make_site(site.folder, start=False, boot="boot-n")
    made.loop._works = works_in(site.folder)
    made.loop._version = version
    made.loop.start()
    made.dashboard = site.dashboard
    return made


@pytest.mark.parametrize("item", INPUTS, ids=lambda item: works_module.shape(item)[0] + works_module.shape(item)[1])
def test_any_input_that_raises_is_refused_from_then_on(
    site: TestSite, item: Input, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever sort of input it is: noted before the process ends, on record at the restart, and not tried again."""
    site = stopped_by(site, item, monkeypatch)

    poisoned = [record.body for record in site.records() if isinstance(record.body, InputPoisoned)]
    assert len(poisoned) == 1
    before = site.ledger.size
    site.turn(item, tap("front/in", "card:2"))
    kinds = site.kinds(before + 1)
    told = {
        "tap": "exit.requested" if "out" in str(item) else "entry.refused", "contact": "part.failed",
        "request": "requests.rejected", "checkpoint": "inputs.dropped", "part": "inputs.dropped",
    }  # fmt: skip
    sort = works_module.shape(item)[0]
    assert kinds == [*([told[sort]] if sort in told else []), "entry.granted"]
    site.close()


def test_who_leaves_is_let_out_all_the_same(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A badge that stopped the controller at the inner reader opens nothing by its right; its holder is let out as anybody."""
    site = stopped_by(site, tap("lab-door/out", "card:1"), monkeypatch)

    site.turn(tap("lab-door/out", "card:1"))

    assert (site.records()[-1].kind, site.records()[-1].body.code) == ("exit.requested", "internal")
    assert site.actuator.releases() == ["lab-door"]
    site.close()


def test_a_request_that_stopped_it_is_answered(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its dashboard hears `internal` and sends it no more; if even that stops the controller, it is only counted."""
    request = RequestReceived(site.request(ask.RegisterPerson()))
    site = stopped_by(site, request, monkeypatch)

    for _ in range(2):
        site.turn(request)
    assert [reply.code for reply in site.committed_replies()] == ["internal", "internal"]
    assert site.kinds().count("request.refused") == 1
    site = stopped_by(site, request, monkeypatch, "answer")
    before = site.ledger.size
    site.turn(request)

    assert site.kinds(before + 1) == ["requests.rejected"]
    assert site.committed_replies() == []
    site.close()


def test_a_contact_is_a_failed_part(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact that stopped the controller is a part that fails, once, until it is forgiven."""
    site = stopped_by(site, leaf("front", True), monkeypatch)

    site.turn(leaf("front", False), leaf("front", True))
    failed = [r.body for r in site.records() if r.kind == "part.failed"]
    assert [(body.part, body.reason) for body in failed] == [("simulated:2", "internal")]
    monkeypatch.undo()
    (poison,) = site.facts.poison()
    assert site.console("forgive", poison=poison)["code"] is None
    assert site.kinds()[-2:] == ["input.forgiven", "part.recovered"]
    site.turn(leaf("front", True))
    assert site.kinds()[-1] in ("door.observed", "door.opened", "door.forced")
    assert site.console("forgive", poison=poison)["code"] == "subject"
    site.close()


def test_another_version_tries_again(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stopped one version of the program is tried again by another."""
    site = stopped_by(site, tap("front/in", "card:1"), monkeypatch)
    monkeypatch.undo()

    site = again(site, "1")

    assert any(record.body == InputForgiven(record.body.poison, "version") for record in site.records()
               if isinstance(record.body, InputForgiven))  # fmt: skip
    site.turn(tap("front/in", "card:1"))
    assert site.actuator.releases() == ["front"]
    site.close()


def test_no_card_number_is_in_the_notes(tmp_path: Path) -> None:
    """Neither file gives away what card it was: the digest is keyed."""
    one, other = (works_in(tmp_path, key) for key in (b"a" * 32, b"b" * 32))
    item = tap("front/in", "felica-lite-s:0127000000000001")
    assert one.suspect(item).poison != other.suspect(item).poison
    one.begin(one.suspect(item))
    one.caught()
    for name in ("works", "poison.json"):
        data = (tmp_path / name).read_bytes()
        assert b"0127000000000001" not in data
        assert digest("felica-lite-s:0127000000000001").encode() not in data


def died(folder: Path, *items: Input | None) -> list[Suspect]:
    """What is found after runs that each died with this in the works (None: with nothing)."""
    for item in items:
        works = works_in(folder)
        works.begin(works.suspect(INPUTS[3]))
        works.end()
        if item is not None:
            works.begin(works.suspect(item))
        works.let_go()
    return works_in(folder).found()


def test_two_deaths_in_a_row(tmp_path: Path) -> None:
    """Only the same input at two deaths in a row is blamed; another one, or none, between them begins anew."""
    one, two = INPUTS[0], INPUTS[1]
    cases = {"a": (one,), "b": (one, two, one), "c": (one, None, one), "d": (one, one), "e": (two, one, one)}
    found = {}
    for name, items in cases.items():
        (tmp_path / name).mkdir()
        found[name] = [(suspect.sort, suspect.place) for suspect in died(tmp_path / name, *items)]

    assert found == {"a": [], "b": [], "c": [], "d": [("tap", "front/in")], "e": [("tap", "front/in")]}


def test_a_power_cut_is_nobodys_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was in the works when the machine went down is not counted, however often that happens."""
    boots = tmp_path / "boot_id"
    monkeypatch.setattr(works_module, "_BOOT_ID", boots)
    for boot in range(3):
        boots.write_text(f"{boot:036}")
        assert works_in(tmp_path).found() == []
        assert died(tmp_path, INPUTS[0]) == []


def test_a_disk_that_takes_no_note(tmp_path: Path) -> None:
    """Where nothing can be written, nothing is noted, and nothing is raised."""
    works = works_in(tmp_path / "not there")
    works.begin(works.suspect(INPUTS[0]))
    works.caught()
    works.end()
    assert works.found() == []


@given(st.text(), st.text(), st.one_of(st.none(), st.text()))
def test_any_card_has_a_digest(reader: str, credential: str, problem: str | None) -> None:
    """Whatever a reader says of a card, it is known again, and by nothing else."""
    item = CredentialPresented(reader, CardRead(credential, Assurance(0), "", problem))
    same = CredentialPresented(reader, CardRead(credential, Assurance(2), "x", problem))
    other = CredentialPresented(reader, CardRead(credential + "\ud800", Assurance(0), "", problem))

    shapes = [works_module.shape(one)[2] for one in (item, same, other)]

    assert shapes[0] == shapes[1] != shapes[2]


@given(st.lists(st.integers(0, 300), max_size=200, unique=True), st.lists(st.integers(0, 300), max_size=40, unique=True))
def test_they_are_bounded(known: list[int], found: list[int]) -> None:
    """However many inputs stop the program, so many are known at a time, and the newest are among them."""

    def made(n: int) -> Poison:
        return Poison(f"{n}", "tap", "front/in", "0")

    stands = {f"{n}": made(n) for n in known[:MOST]}
    fresh = [made(n) for n in found]

    bodies = list(rule.at_start(stands, fresh, "0"))

    after = dict.fromkeys(stands)
    for body in bodies:
        if isinstance(body, InputForgiven):
            del after[body.poison]
        elif isinstance(body, InputPoisoned):
            after[body.poison] = None
    assert len(after) <= MOST
    assert {one.poison for one in fresh} <= set(after)


def test_a_contact_of_either_level_is_one(tmp_path: Path) -> None:
    """Opening and closing are the same contact: one that cannot be decided cannot be trusted either way."""
    works = works_in(tmp_path)
    assert works.suspect(ContactSeen("a", "leaf", True)) == works.suspect(ContactSeen("a", "leaf", False))
    assert json.loads(json.dumps(works.suspect(INPUTS[4]).sort)) == "request"
