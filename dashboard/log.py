"""The dashboard's log: JSON lines on standard error, ours and libraries'. No name, no account, no address of a browser.

What repeats itself is left out and counted, so that a fault that lasts for days fills no disk.
"""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO, cast

import structlog

from dashboard.stderr import Stderr

_WINDOW_S, _MOST, _MOST_SORTS, _FRAMES = 60.0, 10, 500, 8


class Repeats:
    """Lets a line through ten times a minute; the first one after a pause says how many like it were left out.

    A processor of structlog's. Alike are lines of one level, event and reason. Any thread may call.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counted: dict[tuple[str, str, str], tuple[float, int]] = {}
        self._one = threading.Lock()

    def __call__(self, _logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The line, or structlog.DropEvent."""
        alike = str(line.get("level")), str(line.get("event")), str(line.get("reason", ""))
        now_s = self._monotonic()
        with self._one:
            began_s, count = self._counted.get(alike, (now_s, 0))
            if now_s - began_s >= _WINDOW_S:
                if count > _MOST:
                    line["left_out"] = count - _MOST
                began_s, count = now_s, 0
            if len(self._counted) >= _MOST_SORTS and alike not in self._counted:
                self._counted.clear()
            self._counted[alike] = began_s, count + 1
        if count >= _MOST:
            raise structlog.DropEvent
        return line


def as_filter(repeats: Repeats) -> Callable[[logging.LogRecord], bool]:
    """The same for what libraries log: alike are lines of one wording, whatever is put into it."""

    def passes(record: logging.LogRecord) -> bool:
        try:
            repeats(None, "", {"level": record.levelname, "event": record.msg})
        except structlog.DropEvent:
            return False
        return True

    return passes


def where(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor: of an exception its type and where it was raised, not what it says, which could hold a name."""
    info = line.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        line["error"] = type(error).__name__
        line["at"] = [f"{frame.filename}:{frame.lineno}" for frame in frames[-_FRAMES:]]
    return line


def write_log() -> None:
    """Sends everything that is logged to standard error. Called once, by `run`."""
    shared: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    repeats, json = Repeats(), structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, repeats, where, json],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Stderr())),
    )
    libraries = logging.StreamHandler(Stderr())
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, where, json],
        )
    )
    libraries.addFilter(as_filter(repeats))
    logging.basicConfig(level=logging.WARNING, handlers=[libraries], force=True)
    logging.captureWarnings(True)
