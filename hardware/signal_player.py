"""Plays signals on something that can show a frame: one thread, which waits for the next change and never sleeps."""

import threading
from collections.abc import Callable
from time import monotonic

from hardware.protocols import HardwareFault
from hardware.signals import DARK, Frame, Signal, Signals


class SignalPlayer:
    """One lamp and buzzer. A passing signal gives way to the last standing one. May be used from any thread."""

    def __init__(self, signals: Signals, show: Callable[[Frame], None]) -> None:
        """`show` is called from the player's thread alone, and may raise HardwareFault."""
        self._signals = signals
        self._show = show
        self._changed = threading.Condition()
        self._standing: Signal | None = None
        self._playing: Signal | None = None
        self._started_at = 0.0
        self._turn = 0
        self._fault: HardwareFault | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="annunciator", daemon=True)
        self._thread.start()

    def play(self, name: str) -> None:
        """Starts a signal from its beginning; a standing one that stands already goes on, unless its sound has an end.

        Raises KeyError, and HardwareFault if the lamp failed since the last call: the signal is started all the same.
        """
        signal = self._signals[name]
        with self._changed:
            fault, self._fault = self._fault, None
            if not (signal.standing and self._playing is signal) or signal.sounds_once:
                self._start(signal)
        if fault is not None:
            raise fault

    def close(self) -> None:
        """Ends dark and silent. May be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(5)

    def _start(self, signal: Signal | None) -> None:
        self._playing = signal
        self._started_at = monotonic()
        self._turn += 1
        if signal is not None and signal.standing:
            self._standing = signal
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    break
                frame, until, turn = self._now()
            self._try_to_show(frame)
            with self._changed:
                left = None if until is None else max(0.0, until - monotonic())
                self._changed.wait_for(lambda turn=turn: self._closed or self._turn != turn, left)  # type: ignore[misc]
        self._try_to_show(DARK)

    def _now(self) -> tuple[Frame, float | None, int]:
        """What is on, until when, and which playing this is."""
        if self._playing is None:
            return DARK, None, self._turn
        now = monotonic()
        frame, left_ms = self._playing.at((now - self._started_at) * 1000)
        if frame is None:
            self._start(self._standing)
            return self._now()
        return frame, None if left_ms == float("inf") else now + left_ms / 1000, self._turn

    def _try_to_show(self, frame: Frame) -> None:
        try:
            self._show(frame)
        except HardwareFault as fault:
            with self._changed:
                self._fault = fault
