"""From an opened leaf to people who moved, and from what went unseen to doubts: tables of cases (C8.9)."""

import pytest

from controller.record.kinds.door import DoorForced, DoorHeld, DoorOpened
from controller.record.kinds.posture import PortalLocked, PortalUnlocked
from controller.record.kinds.presence import PresenceDoubted, PresenceMoved
from controller.rules.passage import At, cue, exit_request
from controller.rules.portal import Cue, Passer, PortalState, Status, Timing
from controller.rules.presence import EITHER, Room, begun, passed, unseen, worth_saying

A_IN, A_OUT, B_IN = Passer(1, "lab", 7), Passer(1, "lobby", 9), Passer(2, "lab", 8)
SOMEBODY_OUT, SOMEBODY = Passer(None, "lobby", 6), Passer(None, EITHER, 5)


def moved(person: int, zone: str, release: int) -> PresenceMoved:
    before = "lobby" if zone == "lab" else "lab"
    return PresenceMoved(person, before, zone, "door", release, True)


def doubted(zone: str, reason: str, standing: bool = False) -> PresenceDoubted:
    return PresenceDoubted(zone, "door", reason, standing)


@pytest.mark.parametrize(
    ("passing", "records"),
    [
        ((), ()),
        ((A_IN,), (moved(1, "lab", 7),)),
        ((A_IN, B_IN), (moved(1, "lab", 7), moved(2, "lab", 8))),
        ((A_IN, A_OUT), (moved(1, "lobby", 9),)),
        ((A_OUT, B_IN), (moved(1, "lobby", 9), moved(2, "lab", 8))),
        ((SOMEBODY_OUT,), (doubted("lab", "button"),)),
        ((A_IN, SOMEBODY_OUT), (doubted("lab", "button"), moved(1, "lab", 7))),
        ((SOMEBODY,), (doubted("lab", "released"), doubted("lobby", "released"))),
        ((SOMEBODY, SOMEBODY_OUT), (doubted("lab", "released"), doubted("lobby", "released"))),
    ],
)
def test_who_has_passed(passing: tuple[Passer, ...], records: tuple[object, ...]) -> None:
    """Everybody known moves once, by their last tap; whom nobody knows makes doubtful where they may have come from."""
    assert passed("door", "lab", "lobby", passing) == records


@pytest.mark.parametrize(
    ("record", "doubts"),
    [
        (DoorForced("door", "forced"), (doubted("lab", "forced"), doubted("", "forced"))),
        (DoorHeld("door", "held", 20), (doubted("lab", "held"), doubted("", "held"))),
        (
            PortalUnlocked("door", "schedule", None, "standing"),
            (doubted("lab", "standing", True), doubted("", "standing", True)),
        ),
        (PortalLocked("door", "schedule", "secure"), (doubted("lab", "standing"), doubted("", "standing"))),
        (DoorOpened("door", 7, "entry", "open"), ()),
    ],
)
def test_what_goes_unseen(record: object, doubts: tuple[object, ...]) -> None:
    """A leaf that was forced or held, and a portal that stands unlocked, make both of its sides doubtful, outside too."""
    assert unseen("lab", "", (record,)) == doubts  # type: ignore[arg-type]


def test_a_doubt_of_what_is_doubted_says_nothing() -> None:
    """Only where somebody was seen since is a doubt said again; that a portal stands unlocked, or no more, is always said."""
    bodies = (doubted("lab", "forced"), doubted("lobby", "forced"), doubted("lab", "standing", True), moved(1, "lab", 7))

    assert worth_saying(bodies, lambda zone: zone == "lobby") == bodies[1:]


@pytest.mark.parametrize(
    ("standing", "anybody", "said"),
    [
        ((), False, ()),
        ((), True, (PresenceDoubted("*", "", "restart", False),)),
        ((("lab", "door"),), False, (doubted("lab", "standing"),)),
        ((("lab", "door"),), True, (doubted("lab", "standing"), PresenceDoubted("*", "", "restart", False))),
    ],
)
def test_after_a_time_unwatched(standing: tuple[tuple[str, str], ...], anybody: bool, said: tuple[object, ...]) -> None:
    """What stood unlocked has an end, and everybody is doubted if anybody was seen since the last time."""
    assert begun("restart", standing, anybody) == said


def test_a_release_that_ended_leaves_nobody_waiting() -> None:
    """When the leaf opened, or nobody came, nobody is left who would be moved by another's opening; a bounce ends nothing."""
    state = PortalState(Status.RELEASED, 5.0, 7, "entry", (A_IN, B_IN))
    at = At("door", state, Timing(), 5.0, "", "idle_locked", "lab", "lobby")

    opened, given_up = cue(at, Cue.OPENED), cue(at, Cue.DEADLINE)

    assert [type(body) for body in opened.then] == [PresenceMoved, PresenceMoved] and given_up.then == ()
    for outcome in (opened, given_up):
        assert outcome.moved is not None and outcome.moved.state.passing == ()
    bounced = cue(at, Cue.CLOSED)
    assert bounced.then == () and bounced.moved is not None and bounced.moved.state.passing == (A_IN, B_IN)


def test_pressing_again_and_again_is_one_somebody() -> None:
    """A button that is pressed a thousand times, and a badge that is tapped so often, wait as one each."""
    state = PortalState(Status.SECURE)
    for _ in range(1000):
        outcome = exit_request(At("door", state, Timing(), 0.0, "", "idle_locked", "lab", "lobby"))
        assert outcome.moved is not None
        state = outcome.moved.state

    assert state.passing == (Passer(None, "lobby"),)


@pytest.mark.parametrize(("others", "full"), [(0, False), (2, False), (3, True), (4, True)])
def test_a_room_is_full_at_its_limit(others: int, full: bool) -> None:
    """So many others as may be inside leave no room for one more."""
    assert Room("lab", others, 3).full is full
