"""The supervisor: starts the threads, and stops the process when one of them ends by a bug (design §7).

The only place in the controller that catches every exception. systemd starts the process again; the ledger is whole.
"""

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Supervisor:
    """Threads that live as long as the process, and one stop for all."""

    def __init__(self, on_failure: Callable[[], None]) -> None:
        self.stop = threading.Event()
        self.failed: str | None = None
        self._on_failure = on_failure
        self._threads: list[threading.Thread] = []

    def start(self, name: str, run: Callable[[threading.Event], None]) -> None:
        """Runs `run(stop)` in a thread of this name."""
        thread = threading.Thread(target=self._guarded, args=(name, run), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guarded(self, name: str, run: Callable[[threading.Event], None]) -> None:
        try:
            run(self.stop)
        except Exception:
            log.exception("thread failed", thread=name)
            self.failed = self.failed or name
            self._on_failure()

    def alive(self) -> dict[str, bool]:
        """By name, whether each thread lives. Any thread may ask."""
        return {thread.name: thread.is_alive() for thread in list(self._threads)}

    def end(self, wait_s: float = 5.0) -> list[str]:
        """Stops the threads; answers the names of those that did not end in time."""
        self.stop.set()
        for thread in self._threads:
            thread.join(wait_s)
        return [thread.name for thread in self._threads if thread.is_alive()]
