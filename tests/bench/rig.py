"""The real loop, ledger and actuator in a thread, on locks that note when they were released: no wall, no broker."""

import threading
from collections.abc import Callable
from time import perf_counter

from controller.actuator import PartsActuator
from controller.clock import SystemClock
from controller.inbox import Inbox, Input
from controller.loop import BATCH
from controller.site import Site
from controller.turn import Committed
from controller.works import Works


class StampLock:
    """A lock whose output is the time at which it was last released. `released` is called from the loop's thread."""

    def __init__(self, released: Callable[[float], None]) -> None:
        self._released = released

    def release(self) -> None:
        """Stamps."""
        self._released(perf_counter())

    def secure(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Rig:
    """A site's loop, turning as in `Controller.run`."""

    def __init__(
        self,
        site: Site,
        told: Callable[[Committed], None] = lambda done: None,
        inbox: Inbox | None = None,
        released: Callable[[float], None] = lambda at: None,
    ) -> None:
        self.inbox = Inbox() if inbox is None else inbox
        self._also_released = released
        self._turned = threading.Condition()
        self._ending = False
        self._left = 0
        self.last_release = 0.0
        clock = SystemClock("host")
        locks = {portal: StampLock(self._released) for portal in site.facility.portals}
        actuator = PartsActuator(locks, {}, {}, {}, self.inbox, clock)
        works = Works(site.data / "poison.json", site.data / "works", site.pepper)
        self._loop = site.loop(clock, actuator, "bench", told, self._reached, works)
        self._thread = threading.Thread(target=self._run, name="loop")

    def __enter__(self) -> "Rig":
        self._loop.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self.inbox.wake()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending:
            self._loop.turn(self.inbox.take(BATCH, self._loop.wait_s()), self.inbox.dropped())

    def _released(self, at: float) -> None:
        self.last_release = at
        self._left -= 1
        self._also_released(at)

    def _reached(self, step: str) -> None:
        if step == "told" and self._left <= 0:
            with self._turned:
                self._turned.notify()

    def walk(self, inputs: list[Input]) -> float:
        """Puts taps that will be granted into the inbox at once; seconds until the last of their locks is released."""
        self._left = len(inputs)
        begin = perf_counter()
        for item in inputs:
            if not self.inbox.put(item):
                raise OverflowError("the inbox is full")
        with self._turned:
            if not self._turned.wait_for(lambda: self._left <= 0, 30):
                raise TimeoutError(f"{self._left} locks were not released")
        return self.last_release - begin
