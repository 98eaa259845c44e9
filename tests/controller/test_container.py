"""Containers: a cupboard in a room has rights of its own, and whoever opens it stays where they are (C7.1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sites import SITE_TOML, TestSite, give_right, leaf, make_site, people, tap

from controller.clock import SteppedClock
from controller.facility.settings import BadSettings
from controller.record import asks as ask
from controller.record.asks import ReleasePortal

VAULT = 'en = "Vault" }\n'
CONTAINER = SITE_TOML.replace(VAULT, VAULT + 'kind = "container"\ninside = "lab"\n')


def test_a_right_to_the_room_opens_no_cupboard_in_it(tmp_path: Path) -> None:
    """A container opens by a right to it alone; the person stays in the room, and nobody is doubted to be elsewhere."""
    site = people(make_site(tmp_path, text=CONTAINER))
    (refused,) = site.turn(tap("vault-door/in", "card:1"))
    assert refused.body.code == "right"
    give_right(site, 1, "vault")
    for portal in ("front", "lab-door", "vault-door"):
        site.turn(leaf(portal, False))
    site.turn(tap("lab-door/in", "card:1"))
    site.turn(leaf("lab-door", True))
    site.turn(leaf("lab-door", False))
    before = site.ledger.size

    site.turn(tap("vault-door/in", "card:1"))
    site.turn(leaf("vault-door", True))
    site.turn(leaf("vault-door", False))
    site.turn(leaf("vault-door", True))
    assert site.asks(ReleasePortal("vault-door"), 2) is None

    kinds = site.kinds(before + 1)
    assert kinds[0] == "entry.granted" and "door.opened" in kinds and "door.forced" in kinds
    assert not [kind for kind in kinds if kind.startswith("presence.")]
    where = site.ledger.connection.execute("select zone from presence where person = 1").fetchone()
    assert where == ("lab",)
    assert site.ledger.connection.execute("select zone_kind from zone where zone = 'vault'").fetchone() == ("container",)
    site.close()


def cupboard(folder: Path, clock: SteppedClock | None = None, boot: str = "boot-1") -> TestSite:
    """A cupboard in the lab, shut; persons 1 and 2 have rights to it. Again on the same folder, it is a restart."""
    site = make_site(folder, text=CONTAINER, clock=clock, boot=boot)
    if clock is None:
        people(site)
        for person in (1, 2):
            give_right(site, person, "vault")
        for portal in ("front", "lab-door", "vault-door"):
            site.turn(leaf(portal, False))
    return site


def come(site: TestSite, person: int) -> str:
    """What a tap at the cupboard comes to: the kind of its record, or the code of its refusal."""
    record = site.turn(tap("vault-door/in", f"card:{person}"))[0]
    return record.body.code if record.kind == "entry.refused" else record.kind


def in_hands(site: TestSite) -> list[tuple[str, str]]:
    return site.ledger.connection.execute("select people, cause from container_use").fetchall()


def test_a_container_is_in_one_persons_hands(tmp_path: Path) -> None:
    """From its release to its closing a cupboard is whose badge opened it; another is refused, and may come then (C8.1)."""
    site = cupboard(tmp_path)
    assert come(site, 1) == "entry.granted"
    assert come(site, 2) == "closing", "released for one, it is not released for another"

    (opened,) = [record.body for record in site.turn(leaf("vault-door", True)) if record.kind == "container.opened"]
    assert (opened.zone, opened.person, opened.people, opened.cause) == ("vault", 1, (1,), "entry")
    assert in_hands(site) == [("1", "entry")]
    assert come(site, 2) == "closing"
    site.step(60)
    assert "door.held" in [record.kind for record in site.turn()]
    assert come(site, 2) == "closing" and come(site, 1) == "entry.granted"

    kinds = [record.kind for record in site.turn(leaf("vault-door", False))]
    assert kinds == ["door.closed", "container.closed"] and in_hands(site) == []
    assert come(site, 2) == "entry.granted"
    site.step(60)
    site.turn()
    assert come(site, 1) == "entry.granted", "nobody took it, so it is in nobody's hands"
    site.close()


def test_of_two_taps_at_once_one_has_it(tmp_path: Path) -> None:
    """Two badges in the same turn: the first has the cupboard, the second is refused."""
    site = cupboard(tmp_path)

    records = site.turn(tap("vault-door/in", "card:2"), tap("vault-door/in", "card:1"))

    assert [(record.kind, record.body.person) for record in records] == [("entry.granted", 2), ("entry.refused", 1)]
    site.close()


def test_what_is_forced_or_released_by_an_operator_is_in_nobodys_hands(tmp_path: Path) -> None:
    """A forced cupboard, and one that an operator let open, stand open on record, with nobody who is known to have it."""
    site = cupboard(tmp_path)
    site.turn(leaf("vault-door", True))
    assert in_hands(site) == [("", "forced")]
    site.turn(leaf("vault-door", False))
    assert site.asks(ReleasePortal("vault-door"), 2) is None
    site.turn(leaf("vault-door", True))
    assert in_hands(site) == [("", "operator")]
    site.close()


def test_a_power_cut_takes_no_container_out_of_anybodys_hands(tmp_path: Path) -> None:
    """Open over a power cut it stays whose it was; found shut at the start, the use is ended, and the record says how."""
    first = cupboard(tmp_path)
    come(first, 1)
    first.turn(leaf("vault-door", True))
    first.close()
    second = cupboard(tmp_path, first.clock, "boot-2")
    second.turn(leaf("vault-door", True))
    assert in_hands(second) == [("1", "entry")] and come(second, 2) == "closing"
    second.close()

    third = cupboard(tmp_path, first.clock, "boot-3")
    (closed,) = [record.body for record in third.turn(leaf("vault-door", False)) if record.kind == "container.closed"]
    assert (closed.person, closed.cause) == (1, "start") and in_hands(third) == []
    third.close()


def test_two_people_open_together_and_a_third_is_refused(tmp_path: Path) -> None:
    """Where the cupboard asks for two, it is in the hands of both; a third comes when it is shut (C8.1, C8.9)."""
    text = CONTAINER.replace('kind = "container"\n', 'kind = "container"\ntwo_person = true\n')
    site = people(make_site(tmp_path, text=text))
    assert site.asks(ask.ReinstatePerson(3), 2) is None
    for person in (1, 2, 3):
        give_right(site, person, "vault")
    for portal in ("front", "lab-door", "vault-door"):
        site.turn(leaf(portal, False))
    site.turn(tap("vault-door/in", "card:1"), tap("vault-door/in", "card:2"))
    site.turn(leaf("vault-door", True))

    assert in_hands(site) == [("1 2", "entry")]
    assert come(site, 3) == "closing"
    site.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.sampled_from(["tap 1", "tap 2", "open", "shut", "wait"]), min_size=8, max_size=24))
def test_openings_and_closings_alternate(busy: TestSite, moves: list[str]) -> None:
    """However people tap and leaves move: each opening has its closing, and nobody is let in while another has it open."""
    before = busy.ledger.size
    busy.turn(leaf("vault-door", False))
    for move in moves:
        if move.startswith("tap"):
            busy.turn(tap("vault-door/in", f"card:{move[-1]}"))
        elif move == "wait":
            busy.step(30)
            busy.turn()
        else:
            busy.turn(leaf("vault-door", move == "open"))
    busy.turn(leaf("vault-door", False))

    hands: frozenset[int] | None = None
    for record in busy.records(before + 1):
        match record.kind:
            case "container.opened":
                assert hands is None
                hands = frozenset(record.body.people)
            case "container.closed":
                assert hands is not None
                hands = None
            case "entry.granted":
                assert not hands or record.body.person in hands
    assert hands is None


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    site = cupboard(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('kind = "box"\n', "zone[3].kind: 'box' is none of 'room', 'container'"),
        ('kind = "container"\n', "zone[3].inside: a container lies in a zone"),
        ('kind = "container"\ninside = "lab"\nanti_passback = "hard"\nanti_passback_min = 5\n', "zone[3].anti_passback"),
    ],
)
def test_each_mistake_names_its_place(tmp_path: Path, text: str, place: str) -> None:
    """A container without a room, of no known kind, or in which people should be counted, is a mistake with its key."""
    with pytest.raises(BadSettings) as raised:
        make_site(tmp_path, text=SITE_TOML.replace(VAULT, VAULT + text))

    assert len(raised.value.mistakes) == 1 and raised.value.mistakes[0].startswith(place)
