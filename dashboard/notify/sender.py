"""The thread that tells people: it writes notices, composes, hands over, and marks as told what a service took.

Never in the way of anything: it has connections of its own, holds no transaction while a service answers, and what a service
does is its own affair. The mark comes after the handing over, so that a process that is killed between the two tells the same
once more.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError

from controller.record.canonical import timestamp
from dashboard.database import write
from dashboard.notify import addresses, delivery, notices, services, standing
from dashboard.notify.addresses import BadAddresses, Told
from dashboard.notify.message import Part, compose
from dashboard.notify.notices import Waiting
from dashboard.notify.services import BadServices, Service
from dashboard.notify.settings import Settings
from dashboard.notify.times import State, wanted
from dashboard.notify.webhooks import TIMEOUT_S
from dashboard.read import approvals
from dashboard.read.accounts import Operator, operators_of
from dashboard.read.sites import Site, sites
from dashboard.views.jobs import decidable
from dashboard.web.language import zone_of

LOOK_S = 30.0
"""How long the thread waits when nothing changed: the time of the day comes by itself."""
PAUSE_S = 10.0
"""Between two looks: what comes together is told together, and a busy morning of taps is no reason to look each time."""
KEPT = timedelta(days=60)

log = structlog.get_logger()


class Changes(Protocol):
    """What the thread waits for: `dashboard.runtime.Changes`."""

    @property
    def count(self) -> int:
        """How many changes there have been."""

    def wait(self, after: int, timeout_s: float) -> int:
        """Blocks until there were more, or it is time."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """What one account is told now."""

    kind: str
    title: str
    text: str
    said: list[Waiting]
    moot: list[Waiting]
    day: str


class Sender:
    """Tells the people of one dashboard. `deliver` hands over; `reached` is called between handing over and marking."""

    def __init__(
        self,
        engine: sa.Engine,
        data: Path,
        settings: Settings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        deliver: Callable[[str, str, str], bool] = delivery.deliver,
        counted: Callable[[bool], None] = lambda _taken: None,
        reached: Callable[[str], None] = lambda _step: None,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._engine = engine
        self._data = data
        self._settings = settings
        self._now = now
        self._deliver = deliver
        self._counted = counted
        self._reached = reached
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._swept = ""

    def start(self, changes: Changes) -> None:
        """Begins to tell."""
        delivery.silence()
        self._thread = threading.Thread(target=self._run, args=(changes,), name="notify", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, if it need be while a service answers: what waits stays in the table."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(TIMEOUT_S + 5)

    def _run(self, changes: Changes) -> None:
        seen = changes.count
        while not self._stopping.is_set():
            try:
                self.round()
            except DBAPIError as error:
                log.error("the database failed; notices wait", error=type(error).__name__)
            except (BadServices, BadAddresses) as error:
                log.error("nobody can be told", reason=type(error).__name__, mistakes=str(error))
            except OSError as error:
                log.error("nobody can be told", reason=type(error).__name__)
            if self._stopping.wait(self._pause_s):
                return
            seen = changes.wait(seen, LOOK_S)

    def round(self) -> int:
        """One look at everybody; how many messages were taken. Raises DBAPIError, BadServices, BadAddresses, OSError."""
        self._write_down(self._now())
        known = addresses.read(self._data)
        if not known:
            return 0
        offered = services.load(self._settings.services_file)
        self._forget(known)
        return sum(self._tell(account, told, offered) for account, told in known.items() if not self._stopping.is_set())

    def _write_down(self, now: datetime) -> None:
        """Writes notices of what is new; where nothing is, nobody who writes has to wait for it."""
        with self._engine.connect() as connection:
            fresh = notices.is_fresh(connection)
        if fresh:
            with write(self._engine) as connection:
                while notices.make(connection, timestamp(now)) == notices.MOST:
                    pass
        if self._swept != now.date().isoformat():
            with write(self._engine) as connection:
                notices.sweep(connection, timestamp(now - KEPT))
            self._swept = now.date().isoformat()

    def _forget(self, known: Mapping[int, Told]) -> None:
        """Whoever is an operator nowhere any more has no address kept here."""
        with self._engine.connect() as connection:
            gone = standing.left(connection, list(known))
        for account in gone:
            addresses.put(self._data, account, None)
            with write(self._engine) as connection:
                standing.forget(connection, account)

    def _tell(self, account: int, told: Told, offered: Mapping[str, Service]) -> bool:
        """Tells one account what is to be told now; whether a message went out."""
        now = self._now()
        with self._engine.connect() as connection:
            state = standing.read(connection, account)
            letter = self._letter(connection, account, told, state, now)
        if letter is None:
            return False
        service = offered.get(told.service)
        taken = not letter.text or (
            service is not None and self._deliver(service.url(told.address), letter.title, letter.text)
        )
        self._reached("sent")
        with write(self._engine) as connection:
            if not taken:
                standing.failed(connection, account, state, now)
            else:
                stamp = timestamp(now)
                notices.settle(connection, account, letter.said, "told", stamp)
                notices.settle(connection, account, letter.moot, "moot", stamp)
                standing.told(connection, account, now, day=letter.day, urgent=any(one.urgent for one in letter.said))
        if letter.text:
            self._counted(taken)
            if not taken:
                log.warning("a service did not take a message", service=told.service, tries=state.tries + 1)
        return bool(letter.text) and taken

    def _letter(
        self, connection: sa.Connection, account: int, told: Told, state: State, now: datetime
    ) -> _Letter | None:
        """What the account is told now; None: nothing yet."""
        operators = operators_of(connection, account)
        there = sites(connection, operators)
        if not there:
            return None
        waiting = [one for one in notices.waiting(connection, [account]).get(account, []) if one.site in operators]
        local = now.astimezone(zone_of(there[0].timezone))
        kind = wanted(state, self._settings.hours, local, any(one.urgent and one.current for one in waiting))
        if not kind:
            return None
        chosen = [one for one in waiting if kind == "daily" or one.urgent]
        said = [one for one in chosen if one.current]
        parts = [
            _part(connection, site, operators[site.id], said, told.lang, named=len(there) > 1, daily=kind == "daily")
            for site in there
        ]
        title, text = compose(parts, told.lang, self._settings.url, kind == "urgent")
        moot = [one for one in chosen if not one.current]
        return _Letter(kind, title, text, said, moot, local.date().isoformat() if kind == "daily" else "")


def _part(
    connection: sa.Connection, site: Site, operator: Operator, said: list[Waiting], lang: str, *, named: bool, daily: bool
) -> Part:
    """What one site has to tell."""
    due = [(one.sort, one.stage, one.urgent) for one in said if one.site == site.id]
    waits = approvals.waiting(connection, site, operator, decidable(operator.roles)) if daily else []
    return Part(site.name(lang) if named else "", due, sum(one.count for one in waits))
