"""The log: JSON lines on standard error, for journald. Ids and codes only; whoever a record is about stands in no line."""

import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

_SHARED: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]


class Stderr:
    """Standard error as far as it takes what is written: a full disk behind it must not end what guards doors."""

    def write(self, text: str) -> int:
        """Writes it, or drops it."""
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Writes what waits, or lets it wait."""
        with suppress(OSError):
            sys.stderr.flush()


def write_log() -> None:
    """Sends everything that is logged, by us and by libraries, to standard error. Called once, by `main`."""
    structlog.configure(
        processors=[*_SHARED, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Stderr())),
    )
    libraries = logging.StreamHandler(Stderr())
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])
    logging.captureWarnings(True)
