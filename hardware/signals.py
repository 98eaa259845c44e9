"""What is shown and heard at a door: the signals of `signals.toml`, and what each looks like at each millisecond.

Pure. The language is ux.md §4: count the beeps (1 yes, 2 another person is needed, 3 no, long a fault), rhythm before
colour, never more than three flashes a second. A lamp is on or off, so *dim* and *breathing* are steady and slow here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

NAMES = (
    "idle_locked", "idle_open", "seen", "wait", "granted", "denied", "approval", "escort", "granted_offline",
    "denied_offline", "held_open", "forced", "lockdown", "evacuation", "fault", "enrol", "enrol_done", "enrol_failed",
    "key_due", "busy", "pin", "pin_key", "pin_next", "pin_again", "second_person",
    "left_behind", "key_take", "key_wrong",
)  # fmt: skip

Color = Literal["off", "red", "green", "blue", "amber", "white"]
Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=600_000)]

_LAMPS: dict[Color, frozenset[str]] = {
    "off": frozenset(),
    "red": frozenset({"red"}),
    "green": frozenset({"green"}),
    "blue": frozenset({"blue"}),
    "amber": frozenset({"red", "green"}),
    "white": frozenset({"red", "green", "blue"}),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What is on at one moment."""

    lamps: frozenset[str]
    buzzer: bool


DARK = Frame(frozenset(), False)


class Light(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lamp in one colour for a time."""

    color: Color
    ms: Milliseconds


class Sound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The buzzer on or off for a time."""

    on: bool
    ms: Milliseconds


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signal. Lamp and buzzer run side by side: first the lead-in once, then the steps, so many times; 0 for ever.

    `duration_ms` 0 means standing: it stays until another standing signal, and comes back after a passing one.
    """

    duration_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)]
    led: tuple[Light, ...] = ()
    led_lead: tuple[Light, ...] = ()
    led_times: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1
    buzzer: tuple[Sound, ...] = ()
    buzzer_lead: tuple[Sound, ...] = ()
    buzzer_times: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1

    @property
    def standing(self) -> bool:
        """Whether it lasts until another is played."""
        return self.duration_ms == 0

    @property
    def sounds_once(self) -> bool:
        """Whether its sound ends while its light stands: it sounds again for whoever asks again (a tap at a faulty door)."""
        return self.standing and bool(self.buzzer) and self.buzzer_times > 0

    def at(self, elapsed_ms: float) -> tuple[Frame | None, float]:
        """What is on after so long, and for how many more milliseconds at most. None when the signal is over."""
        left = float("inf") if self.standing else self.duration_ms - elapsed_ms
        if left <= 0:
            return None, 0.0
        light, light_ms = _step(self.led_lead, self.led, self.led_times, elapsed_ms)
        sound, sound_ms = _step(self.buzzer_lead, self.buzzer, self.buzzer_times, elapsed_ms)
        lamps = _LAMPS[light.color] if light is not None else frozenset[str]()
        return Frame(lamps, sound is not None and sound.on), min(left, light_ms, sound_ms)


Signals = dict[str, Signal]


def load(path: Path | None = None) -> Signals:
    """The signals of a file, or ours. Raises ValueError if one is missing, unknown or malformed."""
    path = path or Path(__file__).with_name("signals.toml")
    try:
        signals = msgspec.toml.decode(path.read_bytes(), type=dict[str, Signal])
    except (OSError, msgspec.DecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    odd = sorted(set(NAMES) ^ set(signals))
    if odd:
        raise ValueError(f"{path}: missing or unknown signals: {', '.join(odd)}")
    return signals


_S = TypeVar("_S", Light, Sound)


def _step(lead: tuple[_S, ...], steps: tuple[_S, ...], times: int, elapsed_ms: float) -> tuple[_S | None, float]:
    """The step that is on after so long and what is left of it; None when there is no more."""
    lead_ms, round_ms = sum(step.ms for step in lead), sum(step.ms for step in steps)
    if elapsed_ms < lead_ms:
        return _find(lead, elapsed_ms)
    passed_ms = elapsed_ms - lead_ms
    if not steps or (times and passed_ms >= times * round_ms):
        return None, float("inf")
    return _find(steps, passed_ms % round_ms)


def _find(steps: tuple[_S, ...], elapsed_ms: float) -> tuple[_S | None, float]:
    for step in steps:
        if elapsed_ms < step.ms:
            return step, step.ms - elapsed_ms
        elapsed_ms -= step.ms
    return None, float("inf")
