"""The signals at the door."""

import threading
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest

from hardware.protocols import HardwareFault
from hardware.signal_player import SignalPlayer
from hardware.signals import DARK, NAMES, Frame, Signal, load

SIGNALS = load()
WATCHED_MS = 60_000


def timeline(signal: Signal) -> list[tuple[float, Frame]]:
    """When what is on changes, over a minute at most."""
    at, changes = 0.0, []
    while at < WATCHED_MS:
        frame, left = signal.at(at)
        if frame is None:
            break
        changes.append((at, frame))
        at += left
    return changes


def without_colour(signal: Signal) -> tuple[object, ...]:
    """Rhythm of light and sound: what a colour-blind person notices of a signal, and its time."""
    seen: list[tuple[float, bool, bool]] = []
    for at, frame in timeline(signal):
        now = (bool(frame.lamps), frame.buzzer)
        if not seen or seen[-1][1:] != now:
            seen.append((at, *now))
    return (signal.duration_ms, *seen)


def beeps(name: str) -> list[float]:
    """The lengths of a signal's beeps, in milliseconds."""
    lengths, began = [], None
    for at, frame in [*timeline(SIGNALS[name]), (WATCHED_MS, DARK)]:
        if frame.buzzer and began is None:
            began = at
        if not frame.buzzer and began is not None:
            lengths.append(at - began)
            began = None
    return lengths


def test_no_two_signals_are_alike_without_colour() -> None:
    """No two signals share count of beeps and rhythm with colour ignored, but granted and granted offline by design."""
    alike = defaultdict(list)
    for name, signal in SIGNALS.items():
        alike[without_colour(signal)].append(name)

    assert [] == [names for names in alike.values() if len(names) > 1 and set(names) != {"granted", "granted_offline"}]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *(("granted", 1), ("granted_offline", 1), ("enrol_done", 1)),
        *(("approval", 2), ("escort", 2), ("second_person", 2)),
        *(("denied", 3), ("denied_offline", 3), ("enrol_failed", 3), ("key_due", 3), ("left_behind", 3)),
        *(("key_take", 1), ("key_wrong", 36)),
        *(("pin", 0), ("pin_key", 0), ("pin_next", 1), ("pin_again", 3)),
        *(("idle_locked", 0), ("idle_open", 0), ("lockdown", 0), ("evacuation", 0), ("wait", 0), ("enrol", 0)),
    ],
)
def test_beeps_are_counted(name: str, count: int) -> None:
    """One beep is yes, two call for another person, three are no; who may go but lacks something is two, then one."""
    assert count == len([length for length in beeps(name) if length >= 50])


def test_long_beeps_are_faults() -> None:
    """Only a fault and an alarm have beeps of half a second and more."""
    assert {"fault", "forced"} == {name for name in NAMES if any(length >= 500 for length in beeps(name))}


@pytest.mark.parametrize("name", NAMES)
def test_at_most_three_flashes_a_second(name: str) -> None:
    """No signal flashes more than three times in any second, also where a colour takes the place of another."""
    lit = [at for (_, before), (at, after) in pairwise(timeline(SIGNALS[name])) if after.lamps - before.lamps]

    assert all(fourth - first >= 1000 for first, fourth in zip(lit, lit[3:], strict=False))


def test_every_name_is_there() -> None:
    """The file has every signal that the controller may play."""
    assert set(NAMES) == set(SIGNALS)
    assert {"idle_locked", "idle_open", "lockdown", "evacuation", "held_open", "forced", "fault", "key_wrong"} == {
        name for name, signal in SIGNALS.items() if signal.standing
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[granted]\nduration_ms = 1", "missing or unknown signals"),
        ("[granted]\nduration_ms = -1", "duration_ms"),
        ("[granted]\nduration_ms = 1\nled = [{ color = 'pink', ms = 5 }]", r"led\[0\]\.color|led"),
        ("[granted]\nduration_ms = 1\nled = [{ color = 'red', ms = 0 }]", "ms"),
        ("[granted]\nduration_ms = 1\nblink = true", "blink"),
        ("[granted", "signals.toml"),
    ],
)
def test_bad_signals_say_where(tmp_path: Path, content: str, says: str) -> None:
    """A file of signals with a mistake is refused with the place of the mistake."""
    path = tmp_path / "signals.toml"
    path.write_text(content)

    with pytest.raises(ValueError, match=says):
        load(path)


class Wall:
    """Remembers what was shown, and can be waited for."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.changed = threading.Condition()
        self.broken = False

    def show(self, frame: Frame) -> None:
        with self.changed:
            if self.broken:
                self.changed.notify_all()
                self.broken = False
                raise HardwareFault("gpio:20", "silent")
            self.frames.append(frame)
            self.changed.notify_all()

    def wait(self, *frames: Frame) -> None:
        """Until the last frames shown are these."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.frames[-len(frames) :] == list(frames), 5), self.frames


def lit(*lamps: str, buzzer: bool = False) -> Frame:
    """A frame with these lamps."""
    return Frame(frozenset(lamps), buzzer)


def test_passing_signal_gives_way_to_the_standing_one() -> None:
    """After a passing signal has ended, the last standing one is shown again."""
    wall = Wall()
    player = SignalPlayer(SIGNALS, wall.show)
    player.play("idle_locked")
    wall.wait(lit("red"))
    player.play("seen")
    wall.wait(lit("red", "green", "blue"), lit("red"))
    player.close()

    assert DARK == wall.frames[-1]
    player.close()


def test_new_signal_ends_the_one_being_played() -> None:
    """A signal begins at once, whatever is being played, and `play` returns before it has ended."""
    wall = Wall()
    player = SignalPlayer(SIGNALS, wall.show)
    before = monotonic()
    for name, frame in (("granted", lit("green", buzzer=True)), ("denied", lit("red", buzzer=True))):
        player.play(name)
        wall.wait(frame)

    assert monotonic() - before < 1
    player.close()
    assert DARK == wall.frames[-1]


def test_standing_signal_is_not_begun_again() -> None:
    """Playing the standing signal that stands already changes nothing: a held-open alarm keeps its rhythm."""
    wall = Wall()
    player = SignalPlayer(SIGNALS, wall.show)
    player.play("idle_locked")
    wall.wait(lit("red"))
    shown = len(wall.frames)
    player.play("idle_locked")
    player.play("seen")
    wall.wait(lit("red", "green", "blue"), lit("red"))

    assert lit("red", "green", "blue", buzzer=True) == wall.frames[shown]
    player.close()


def test_lamp_that_fails_is_a_fault_of_the_next_play() -> None:
    """A lamp that fails while a signal is played is raised by the next `play`, which still starts its signal."""
    wall = Wall()
    player = SignalPlayer(SIGNALS, wall.show)
    wall.wait(DARK)
    wall.broken = True
    player.play("idle_locked")
    with wall.changed:
        assert wall.changed.wait_for(lambda: not wall.broken, 5)
    deadline = monotonic() + 5
    with pytest.raises(HardwareFault):
        while monotonic() < deadline:
            player.play("enrol")
    player.play("enrol")
    wall.wait(lit("red", "green", "blue"))
    player.close()


def test_unknown_signal_is_a_bug() -> None:
    """A name that is not in the file is a KeyError, at once."""
    player = SignalPlayer(SIGNALS, lambda frame: None)
    with pytest.raises(KeyError):
        player.play("fireworks")
    player.close()
