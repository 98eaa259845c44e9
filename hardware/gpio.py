"""Locks, contacts, lamps and buzzers on gpiozero pins, of a real board or of the simulated building.

Rule 1: the factory is an argument. gpiozero's own choice of a factory, which falls back in silence (F3), is never used.
Rule 2: an output is off from the moment it is constructed; `initial_value` is always False (F1).
Rule 3: what a contact says is its level when asked; edges only call the watcher (F4).
Rule 4: whatever gpiozero, lgpio or the building raise comes out as HardwareFault with the part's URL.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from gpiozero import DigitalInputDevice, OutputDevice

from hardware.address import PinAddress
from hardware.protocols import HardwareFault
from hardware.signal_player import SignalPlayer
from hardware.signals import Frame, Signals

_T = TypeVar("_T")

_PULLS: dict[str, bool | None] = {"up": True, "down": False, "none": None}


def pin_factory(chip: int | None = None, revision: int | None = None) -> Any:  # noqa: ANN401 (gpiozero has no types)
    """The factory for the pins of this board: lgpio, and no other. Raises HardwareFault `absent`."""
    try:
        from hardware.lgpio_pins import SecureLGPIOFactory

        return SecureLGPIOFactory(chip, revision)
    except Exception as error:  # lgpio raises its own class, gpiozero several, ctypes OSError
        raise HardwareFault("gpio:", "absent", f"{type(error).__name__}: {error}") from error


def guarded(part: str, reason: str, act: Callable[[], _T]) -> _T:
    """Does it; whatever goes wrong is a fault of this part."""
    try:
        return act()
    except HardwareFault as known:
        fault = HardwareFault(part, known.reason, str(known))
    except Exception as error:  # noqa: BLE001 (lgpio.error and gpiozero's classes have no common base)
        fault = HardwareFault(part, reason, f"{type(error).__name__}: {error}")
    # Raised out here, without a context: a traceback would keep a half-made device alive, and its pin reserved.
    raise fault


class _Output:
    """One output pin, off when made."""

    def __init__(self, address: PinAddress, factory: Any) -> None:  # noqa: ANN401
        self._part = address.url
        make = partial(
            OutputDevice, address.number, active_high=not address.active_low, initial_value=False, pin_factory=factory
        )
        self._device = guarded(self._part, "absent", make)

    def set(self, on: bool) -> None:
        """Raises HardwareFault."""
        guarded(self._part, "silent", self._device.on if on else self._device.off)

    def close(self) -> None:
        """Switches off and gives the pin back; gives it back also when switching off fails."""
        if self._device.closed:
            return
        try:
            self.set(False)
        finally:
            guarded(self._part, "silent", self._device.close)


class GpioLock:
    """A lock output. A `Lock`."""

    def __init__(self, address: PinAddress, factory: Any) -> None:  # noqa: ANN401
        """Secure at once. Raises HardwareFault."""
        self._output = _Output(address, factory)

    def release(self) -> None:
        """Energises the line. Commanding it again starts the lock's own time limit anew, where it has one."""
        self._output.set(True)

    def secure(self) -> None:
        """Takes the energy away."""
        self._output.set(False)

    def close(self) -> None:
        """Secures, and gives the pin back. May be called twice."""
        self._output.close()


class GpioContact:
    """A door position switch or a request-to-exit button. A `Contact`."""

    def __init__(self, address: PinAddress, factory: Any) -> None:  # noqa: ANN401
        """Raises HardwareFault."""
        self._part = address.url
        self._active_low = address.active_low
        pull = _PULLS[address.pull]
        state = True if pull is None else None
        make = partial(DigitalInputDevice, address.number, pull_up=pull, active_state=state, pin_factory=factory)
        self._device = guarded(self._part, "absent", make)

    def active(self) -> bool:
        """The level now. Raises HardwareFault."""
        # The pin itself is asked: gpiozero ties the active state to the pull, and our contacts do not.
        return guarded(self._part, "silent", lambda: bool(self._device.pin.state)) != self._active_low

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls `changed` at each edge, from gpiozero's thread. Raises HardwareFault."""
        for edge in ("when_activated", "when_deactivated"):
            guarded(self._part, "other", partial(setattr, self._device, edge, changed))

    def close(self) -> None:
        """Gives the pin back. May be called twice."""
        guarded(self._part, "silent", self._device.close)


class GpioAnnunciator:
    """A lamp of two or three colours and a buzzer. An `Annunciator`."""

    def __init__(
        self,
        factory: Any,  # noqa: ANN401
        signals: Signals,
        red: PinAddress | None = None,
        green: PinAddress | None = None,
        blue: PinAddress | None = None,
        buzzer: PinAddress | None = None,
    ) -> None:
        """Dark and silent. A door may lack any of the four. Raises HardwareFault."""
        wanted = {"red": red, "green": green, "blue": blue, "buzzer": buzzer}
        self._outputs: dict[str, _Output] = {}
        try:
            for name, address in wanted.items():
                if address is not None:
                    self._outputs[name] = _Output(address, factory)
        except HardwareFault:
            self._close_outputs()
            raise
        self._shown: dict[str, bool] = {}
        self._player = SignalPlayer(signals, self._show)

    def play(self, signal: str) -> None:
        """Starts a signal. Raises HardwareFault if the one before it could not be shown, KeyError for no such signal."""
        self._player.play(signal)

    def close(self) -> None:
        """Dark and silent; gives the pins back. May be called twice."""
        self._player.close()
        self._close_outputs()

    def _show(self, frame: Frame) -> None:
        levels = {name: name in frame.lamps for name in ("red", "green", "blue")} | {"buzzer": frame.buzzer}
        for name, output in self._outputs.items():
            if self._shown.get(name, False) != levels[name]:
                self._shown.pop(name, None)
                output.set(levels[name])
                self._shown[name] = levels[name]

    def _close_outputs(self) -> None:
        outputs, self._outputs = self._outputs, {}
        closings = [partial(output.close) for output in outputs.values()]
        for close in closings:
            try:
                close()
            except HardwareFault:
                continue  # a lamp that is gone is dark
