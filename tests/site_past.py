"""What was before a controller of the tests first ran: people, rights and badges, by the loop itself and without parts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from ulid import ULID

from controller.actuator import NoParts
from controller.clock import SystemClock
from controller.desk import LONGEST_S
from controller.doors import credential_digest
from controller.inbox import ConsoleAsked, RequestReceived
from controller.ledger.ledger import Stamp
from controller.loop import Committed
from controller.record.asks import ApproveRight, RegisterPerson, RequestRight, SuspendPerson
from controller.record.canonical import canonical, timestamp
from controller.record.keys import KeyPair
from controller.record.kinds.review import ReviewOpened
from controller.record.kinds.sticker import StickerAttached
from controller.record.requests import make_request, name_of
from controller.record.topics import Reply
from controller.site import Site


class Past:
    """Appends to a ledger at rest by what its rules allow. Operator 1 asks and operator 2 approves."""

    def __init__(self, site: Site, dashboard: KeyPair, add_card: Callable[[str, str], None]) -> None:
        self._site = site
        self._dashboard = dashboard
        self._add_card = add_card
        self._replies: list[Reply] = []
        self._loop = site.loop(SystemClock("host"), NoParts(), "past", self._told, lambda step: None)
        self._loop.start()
        if site.ledger.connection.execute("select count(*) from operator").fetchone() == (0,):
            self.console("trust", {"key": dashboard.public.text()})
            self.console("operator.add", {"name": "申請 係", "roles": ["administrator", "manager"], "scope": ["*"]})
            self.console("operator.add", {"name": "承認 係", "roles": ["manager", "guard"], "scope": ["*"]})

    @property
    def timezone(self) -> ZoneInfo:
        """The site's."""
        return self._site.facility.timezone

    def person(self, name: str) -> int:
        """Registers somebody; the number."""
        self.ask(1, RegisterPerson(), {"name": name})
        return self._newest("person")

    def suspend(self, person: int) -> None:
        """Suspends somebody."""
        self.ask(1, SuspendPerson(person), {"reason": "試験"})

    def right(
        self, person: int, zone: str, schedule: str = "always", approved: bool = True, manner: str = "own"
    ) -> int:
        """A right for a year; the number."""
        now = datetime.now(UTC)
        body = RequestRight(person, zone, schedule, timestamp(now), timestamp(now + timedelta(days=365)), manner=manner)
        self.ask(1, body, {"purpose": "試験"})
        number = self._newest("access_right")
        if approved:
            self.ask(2, ApproveRight(number))
        return number

    def review_over(self, zone: str) -> None:
        """A review of the rights to the zone whose last day went by while the power was off."""
        now = datetime.now(UTC)
        due_at = timestamp(now - timedelta(seconds=1))
        with self._site.ledger.transaction():
            opened = ReviewOpened(1, (zone,), due_at[:10], due_at, 2, "open")
            self._site.ledger.append(opened, "operator:2", Stamp(timestamp(now), "past", "declared"))

    def badge(self, person: int, card: str, idm: str = "") -> int:
        """A personalised card in the building, and the badge it is; the badge's number."""
        idm = idm or f"0127{person:012x}"
        self._add_card(card, idm)
        digest = credential_digest(self._site.pepper, f"felica-lite-s:{idm}")
        asked = {"person": person, "credential": digest, "assurance": 2, "label": f"{idm[-4:-2]}:{idm[-2:]}".upper()}
        self.console("enrol.card", asked)
        return self._newest("badge")

    def stick(self, tag: str, thing: str, station: str) -> None:
        """A tag that a station has learned as a thing's sticker."""
        digest = credential_digest(self._site.pepper, f"nfca:{tag}")
        with self._site.ledger.transaction():
            learned = StickerAttached(digest, thing, station, tag[-4:].upper(), "attached")
            self._site.ledger.append(learned, "controller", Stamp(timestamp(datetime.now(UTC)), "past", "declared"))

    def console(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """A console command that must be done."""
        answers: list[dict[str, Any]] = []
        self._loop.turn([ConsoleAsked(command, arguments, answers.append)])
        assert answers[0]["code"] is None, answers
        return answers[0]

    def ask(self, operator: int, body: msgspec.Struct, text: dict[str, str] | None = None) -> None:
        """A signed request that must be accepted."""
        expires = datetime.now(UTC) + timedelta(seconds=10) if name_of(body) in LONGEST_S else None
        request = make_request(
            self._dashboard, self._site.facility.id, self._site.key.public, id=str(ULID()), body=body,
            private=text or {}, operator=operator, issued_at=datetime.now(UTC), expires_at=expires,
        )  # fmt: skip
        self._loop.turn([RequestReceived(canonical(request))])
        assert (self._replies[-1].request, self._replies[-1].code) == (request.id, None), self._replies[-1]

    def _told(self, done: Committed) -> None:
        self._replies += [reply for _, reply in done.replies]

    def _newest(self, noun: str) -> int:
        return int(self._site.ledger.connection.execute(f"select max({noun}) from {noun}").fetchone()[0])
