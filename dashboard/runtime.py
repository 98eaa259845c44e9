"""What the parts of one running dashboard share, made once by `cli.run` (or a test) and passed by hand."""

import threading
from dataclasses import dataclass, field

import sqlalchemy as sa

from controller.record.keys import KeyPair
from dashboard.config import Config
from dashboard.keyring import KeyRing
from dashboard.measures import Measures
from dashboard.outbox import Outbox
from dashboard.questions import Questions


class Changes:
    """Tells waiting streams that something was committed. Any thread may call it; a waiter never misses a change."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self._closed = False

    @property
    def count(self) -> int:
        """How many changes there have been. Read it before the tables, and wait for more than it."""
        with self._condition:
            return self._count

    @property
    def closed(self) -> bool:
        """Whether the dashboard is stopping: streams should end."""
        with self._condition:
            return self._closed

    def announce(self) -> None:
        """Something was committed: wakes every waiter."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def close(self) -> None:
        """The dashboard is stopping: wakes every waiter for the last time."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def wait(self, after: int, timeout_s: float) -> int:
        """Blocks until there were more than `after` changes, or it is time, or closed; the count then."""
        with self._condition:
            self._condition.wait_for(lambda: self._count > after or self._closed, timeout_s)
            return self._count


class Storing:
    """Whether what sites say can be stored. Set by the one thread that stores it, read by any."""

    def __init__(self) -> None:
        self.fails = False

    def works(self) -> None:
        """Something was stored."""
        self.fails = False

    def failed(self) -> None:
        """The database did not take it: its disk is full, or it does not answer."""
        self.fails = True


@dataclass(frozen=True, slots=True)
class Runtime:
    """A dashboard's parts. `keys` are its own; `session_key` signs its cookies."""

    config: Config
    engine: sa.Engine
    outbox: Outbox
    questions: Questions
    keys: KeyPair
    session_key: bytes
    changed: Changes
    storing: Storing = field(default_factory=Storing)
    measures: Measures = field(default_factory=Measures)
    ring: KeyRing = field(default_factory=lambda: KeyRing({}))
    """By which keys sites are known now."""
