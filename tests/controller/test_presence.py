"""Who is where since when, through the loop: people move when the leaf opens; what goes unseen makes it uncertain (C8.9)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sites import (
    SITE_TOML,
    TestSite,
    digest,
    exit_button,
    fold_of,
    give_right,
    leaf,
    make_site,
    people,
    stored_tables,
    tap,
)

from controller import presence_facts
from controller.record.asks import RegisterPerson, ReleasePortal, SuspendPerson

TEXT = SITE_TOML.replace('inner = "lab"\n', 'inner = "lab"\nunlock = "office"\n')


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The site with its people; every leaf is closed."""
    made = people(make_site(tmp_path))
    made.turn(leaf("front", False), leaf("lab-door", False), leaf("vault-door", False))
    yield made
    assert stored_tables(made.ledger.connection) == fold_of(made.records())
    made.close()


def where(site: TestSite) -> dict[int, tuple[str, bool]]:
    """Each person's zone, and whether it is certain, as the tables have it."""
    tables = stored_tables(site.ledger.connection)
    doubts = tables.get("presence_doubt", {}).values()

    def certain(row: dict[str, object]) -> bool:
        doubted = any(
            doubt["zone"] in (row["zone"], "*") and (doubt["standing"] or doubt["seq"] > row["seq"]) for doubt in doubts
        )
        return bool(row["certain"]) and not doubted

    return {row["person"]: (row["zone"], certain(row)) for row in tables.get("presence", {}).values()}


def go(site: TestSite, reader: str, *cards: int) -> None:
    """These people tap, and go through one opening of the door."""
    portal = reader.partition("/")[0]
    site.turn(*(tap(reader, f"card:{card}") for card in cards))
    site.turn(leaf(portal, True))
    site.turn(leaf(portal, False))


def test_a_tap_alone_moves_nobody(site: TestSite) -> None:
    """Granted, and nobody came: whoever tapped is where they were (C8.9)."""
    site.turn(tap("lab-door/in", "card:1"))
    assert where(site) == {}

    site.step(6)
    site.turn()
    site.turn(leaf("lab-door", True))

    assert site.kinds()[-1] == "door.forced" and where(site) == {}


def test_the_leaf_moves_them(site: TestSite) -> None:
    """Whoever it opened for is inside since then, by the record that let them in; on the way out they are where it leads."""
    granted = site.turn(tap("lab-door/in", "card:1"))[0].seq
    moved = next(r.body for r in site.turn(leaf("lab-door", True)) if r.kind == "presence.moved")

    assert (moved.person, moved.from_zone, moved.zone, moved.release) == (1, "lobby", "lab", granted)
    assert where(site) == {1: ("lab", True)}
    site.turn(leaf("lab-door", False))
    go(site, "lab-door/out", 1)
    assert where(site) == {1: ("lobby", True)}


def test_two_taps_one_opening(site: TestSite) -> None:
    """Two tap and go through one opening: both are inside by name; whoever taps twice moves once."""
    go(site, "lab-door/in", 1, 2, 1)

    assert where(site) == {1: ("lab", True), 2: ("lab", True)}
    assert site.kinds().count("presence.moved") == 2


def test_an_open_leaf_lets_the_next_one_pass(site: TestSite) -> None:
    """Who taps while the leaf is open behind another goes in with the tap: there will be no second opening to see."""
    site.turn(tap("lab-door/in", "card:1"), leaf("lab-door", True))
    site.turn(tap("lab-door/in", "card:2"))

    assert where(site) == {1: ("lab", True), 2: ("lab", True)}


def test_a_second_opening_moves_nobody_again(site: TestSite) -> None:
    """Who was moved by one opening is not moved again by the next one, which was another's."""
    go(site, "lab-door/in", 1)
    go(site, "lab-door/out", 1)
    go(site, "lab-door/in", 2)

    assert where(site) == {1: ("lobby", True), 2: ("lab", True)}


def test_nobody_is_kept_in_and_leaving_counts(site: TestSite) -> None:
    """A suspended person who leaves by badge has left, though the record says what is wrong with the badge (C8.9)."""
    go(site, "lab-door/in", 1)
    assert site.asks(SuspendPerson(1), 2) is None

    go(site, "lab-door/out", 1)

    assert where(site) == {1: ("lobby", True)}


def press(site: TestSite) -> None:
    """Somebody leaves the lobby by the button."""
    site.turn(exit_button("front"))
    site.turn(leaf("front", True))
    site.turn(leaf("front", False))


def release(site: TestSite) -> None:
    """An operator lets somebody through the front door."""
    assert site.asks(ReleasePortal("front"), 2) is None
    site.turn(leaf("front", True))
    site.turn(leaf("front", False))


def force(site: TestSite) -> None:
    """Somebody forces the front door."""
    site.turn(leaf("front", True))
    site.turn(leaf("front", False))


def hold(site: TestSite) -> None:
    """Somebody who came with a badge holds the front door open."""
    site.turn(tap("front/in", "card:2"), leaf("front", True))
    site.step(30)
    site.turn()
    site.turn(leaf("front", False))


@pytest.mark.parametrize(
    ("happens", "reason"), [(press, "button"), (release, "released"), (force, "forced"), (hold, "held")]
)
def test_what_goes_unseen_is_doubted(site: TestSite, happens: Callable[[TestSite], None], reason: str) -> None:
    """Where somebody may have passed unseen, who was there is uncertain, once, since then; who taps again is certain again."""
    go(site, "front/in", 1)
    assert where(site)[1] == ("lobby", True)

    happens(site)

    assert where(site)[1] == ("lobby", False)
    doubts = [record.body for record in site.records() if record.kind == "presence.doubted"]
    assert {(body.zone, body.reason) for body in doubts} == {("lobby", reason)}
    happens(site) if reason != "held" else None
    assert site.kinds().count("presence.doubted") == len(doubts), "what is doubted already is not doubted again"
    go(site, "front/in", 1)
    assert where(site)[1] == ("lobby", True)


def test_the_button_alone_is_no_exit(site: TestSite) -> None:
    """A press of the button at a door that nobody opened makes nothing uncertain."""
    go(site, "front/in", 1)
    site.turn(exit_button("front"))
    site.step(6)
    site.turn()

    assert where(site) == {1: ("lobby", True)}


def test_while_it_stands_unlocked_nothing_is_certain(tmp_path: Path) -> None:
    """At a door that stands unlocked a tap moves at once; until it is locked, and after it, who was there is uncertain."""
    site = people(make_site(tmp_path, text=TEXT))
    site.turn(leaf("lab-door", False))
    go(site, "lab-door/in", 1)
    assert "portal.unlocked" in site.kinds()

    site.turn(tap("lab-door/in", "card:2"))
    assert where(site) == {1: ("lab", False), 2: ("lab", False)}

    site.step(11 * 3600)
    site.turn()
    assert "portal.locked" in site.kinds() and where(site) == {1: ("lab", False), 2: ("lab", False)}
    go(site, "lab-door/out", 1)
    assert where(site)[1] == ("lobby", True)
    site.close()


def restarted(site: TestSite) -> TestSite:
    """The same site after its controller was killed."""
    site.close()
    return make_site(site.folder, text=TEXT, clock=site.clock, boot="boot-2")


def test_a_restart_doubts_everybody_once(tmp_path: Path) -> None:
    """After a restart nobody's place is certain, and a doubt is recorded once; a further restart has nothing to add."""
    site = people(make_site(tmp_path))
    site.turn(leaf("lab-door", False))
    go(site, "lab-door/in", 1)

    again = restarted(site)

    assert where(again) == {1: ("lab", False)}
    third = restarted(again)
    assert third.kinds().count("presence.doubted") == 1
    third.turn(leaf("lab-door", False))
    go(third, "lab-door/out", 1)
    assert where(third) == {1: ("lobby", True)}
    third.close()


def test_killed_between_release_and_leaf(tmp_path: Path) -> None:
    """Whoever was let in as the controller died may be inside: that is where they are looked for, and it is not certain."""
    site = people(make_site(tmp_path))
    site.turn(leaf("lab-door", False))
    assert site.asks(RegisterPerson()) is None
    give_right(site, 5, "lab")
    site.console("enrol.card", person=5, credential=digest("card:5"), assurance=2, label="5")
    go(site, "lab-door/in", 5)
    go(site, "lab-door/out", 5)
    site.turn(tap("lab-door/in", "card:1"))
    site.turn(tap("lab-door/in", "card:4"), tap("lab-door/in", "card:2"))

    again = restarted(site)

    assert where(again) == {1: ("lab", False), 2: ("lab", False), 5: ("lobby", False)}
    assert restarted(again).kinds()[-1] == "controller.started"


def test_standing_ends_with_the_process(tmp_path: Path) -> None:
    """A controller that died while a door stood unlocked has no doubt without an end left behind."""
    site = people(make_site(tmp_path, text=TEXT))
    site.turn(leaf("lab-door", False))
    go(site, "lab-door/in", 1)
    assert presence_facts.standing(site.ledger.connection)

    again = restarted(site)

    assert presence_facts.standing(again.ledger.connection) == []
    assert where(again) == {1: ("lab", False)}
    again.close()


def test_a_failing_commit_moves_nobody(site: TestSite) -> None:
    """When the turn of the leaf could not be written, those it was released for still wait, and move when it is told again."""
    site.turn(tap("lab-door/in", "card:1"))
    site.connection.breaks = lambda text: text.startswith("commit")
    with pytest.raises(Exception, match="disk I/O error"):
        site.turn(leaf("lab-door", True))
    site.connection.breaks = lambda text: False
    assert where(site) == {}

    site.turn(leaf("lab-door", True))

    assert where(site) == {1: ("lab", True)}


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (presence_facts.NEWEST, ("lab",)),
        (presence_facts.DOUBT, ("lab",)),
        (presence_facts.WHERE, (1,)),
        (presence_facts.WHY, ("lab", 7)),
        (presence_facts.COUNT.format(places="?, ?", people="?"), ("lab", "vault", 1, 5)),
    ],
)
def test_the_questions_are_answered_by_an_index(site: TestSite, query: str, values: tuple[object, ...]) -> None:
    """What is asked on a tap, and when a leaf opens, looks through no table."""
    plan = [row[3] for row in site.ledger.connection.execute(f"explain query plan {query}", values)]

    assert any("SEARCH" in step for step in plan) and not any("SCAN" in step for step in plan)
