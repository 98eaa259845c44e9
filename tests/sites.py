"""A small site for tests: three zones, three portals, a loop under a stepped clock, and an actuator that remembers.

`make_site(folder)` gives a `TestSite` whose loop runs on a real ledger file. `people()` adds a trusted dashboard, operators and
right holders through the loop, as the console and a dashboard would.
"""

import hashlib
import hmac
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from ulid import ULID

from controller.clock import SteppedClock
from controller.desk import Desk
from controller.facility import Facility, load_facility
from controller.facts import Facts
from controller.inbox import ConsoleAsked, ContactSeen, CredentialPresented, Input, RequestReceived
from controller.judgement import Judgement
from controller.ledger.ledger import Ledger
from controller.loop import Loop
from controller.record import asks as ask
from controller.record import requests
from controller.record.canonical import canonical, timestamp
from controller.record.envelope import Record, decode
from controller.record.keys import KeyPair
from controller.record.note import VerifierKey
from controller.record.projection import project
from controller.record.requests import make_request
from controller.record.tables import TABLES, Delete
from controller.rules.effects import Effect, ReleaseLock, ReleaseSlot, SecureLock, SecureSlot
from controller.turn import Committed
from hardware.protocols import Assurance, CardRead

BEGAN = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
"""A Tuesday, 09:00 in Tokyo; neither it nor its neighbours are holidays but Monday the 23rd is."""

PEPPER = bytes(range(32))

SITE_TOML = """
[site]
id = "works"
name = { ja = "試験工場", en = "Test works" }
timezone = "Asia/Tokyo"

[clock]
trust = "host"

[calendar]
national = "JP"
company = [2026-12-29, 2026-12-30]

[simulation]
building = "building.sock"

[[schedule]]
id = "office"
name = { ja = "業務時間", en = "Office hours" }
hours = { weekdays = "08:00-19:00" }

[[zone]]
id = "lobby"
name = { ja = "玄関", en = "Lobby" }
least_assurance = "id only"

[[zone]]
id = "lab"
name = { ja = "試作室", en = "Prototype lab" }

[[zone]]
id = "vault"
name = { ja = "保管庫", en = "Vault" }

[[portal]]
id = "front"
name = { ja = "正面", en = "Front door" }
inner = "lobby"
lock = "simulated:1"
contact = "simulated:2"
exit_button = "simulated:3"
[[portal.reader]]
device = "nfc+udp://127.0.0.1:54321"

[[portal]]
id = "lab-door"
name = { ja = "試作室の扉", en = "Lab door" }
inner = "lab"
outer = "lobby"
lock = "simulated:4"
contact = "simulated:5"
[[portal.reader]]
device = "nfc+udp://127.0.0.1:54322"
[[portal.reader]]
device = "nfc+udp://127.0.0.1:54323"
side = "out"

[[portal]]
id = "vault-door"
name = { ja = "保管庫の扉", en = "Vault door" }
inner = "vault"
outer = "lab"
release_s = 8
held_open_s = 15
lock = "simulated:6"
contact = "simulated:7"
exit_button = "simulated:8"
[[portal.reader]]
device = "nfc+udp://127.0.0.1:54324"
"""

STATION_TOML = (
    SITE_TOML
    + """
[[station]]
id = "desk"
name = { ja = "鍵の受付", en = "Key desk" }
zone = "lab"
device = "nfc+udp://127.0.0.1:54331"
keypad = "simulated:31"
"""
)
"""The same site with a station in the lab, at which one taps as at any reader: `tap("desk", "card:1")`."""


CABINET_TOML = (
    STATION_TOML
    + """
[[cabinet]]
id = "main"
name = { ja = "鍵箱", en = "Key cabinet" }
zone = "lab"
station = "desk"
[[cabinet.slot]]
number = 1
release = "simulated:51"
present = "simulated:61"
[[cabinet.slot]]
number = 2
release = "simulated:52"
present = "simulated:62"
[[cabinet.slot]]
number = 3
release = "simulated:53"
present = "simulated:73"
tag = "simulated:63"
fob = "01-3"
[[cabinet.slot]]
number = 4
release = "simulated:54"
present = "simulated:74"
tag = "simulated:64"
fob = "01-4"
"""
)
"""The same with a key cabinet beside the station: two slots that see a key, and two that also tell which it is."""


def small_facility(folder: Path, text: str = SITE_TOML) -> Facility:
    """The facility in this TOML text, by way of a file in `folder`."""
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return load_facility(path)


def digest(credential: str) -> str:
    """What records say of a credential at these sites."""
    return hmac.new(PEPPER, credential.encode(), hashlib.sha256).hexdigest()


ALLOWING = {"entry.granted", "exit.requested", "portal.released"}


@dataclass
class RecordingActuator:
    """Remembers effects, and what stood committed in the ledger's file when each was performed."""

    path: Path
    performed: list[Effect] = field(default_factory=list)
    unrecorded: list[tuple[str, int]] = field(default_factory=list)
    """Releases for which no committed record of the present turn allowed it: must stay empty."""
    turn_from: int = 0
    """Records up to here were committed before the present turn."""

    def perform(self, effect: Effect) -> None:
        self.performed.append(effect)
        if isinstance(effect, ReleaseLock) and not self._allowed(effect.portal):
            self.unrecorded.append((effect.portal, self.turn_from))
        if isinstance(effect, ReleaseSlot) and not self._slot_allowed(effect.slot):
            self.unrecorded.append((f"{effect.cabinet}/{effect.slot}", self.turn_from))

    def _slot_allowed(self, slot: int) -> bool:
        """Whether a committed record of this turn lets somebody have what hangs in the slot."""
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            rows = connection.execute("select bytes from record where seq > ?", (self.turn_from,)).fetchall()
            slots = dict(connection.execute("select lock_key, slot from lock_key").fetchall())
        finally:
            connection.close()
        for record in (decode(data) for (data,) in rows):
            by_hand = record.kind == "key.lent" and record.body.how == "hand"
            if (record.kind == "key.released" or by_hand) and slots[record.body.key] == slot:
                return True
            if record.kind in ("cabinet.slot_opened", "cabinet.slot_let_go") and record.body.slot == slot:
                return True
        return False

    def _allowed(self, portal: str) -> bool:
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            rows = connection.execute("select bytes from record where seq > ?", (self.turn_from,)).fetchall()
        finally:
            connection.close()
        records = [decode(data) for (data,) in rows]
        allowed = any(r.kind in ALLOWING and r.body.portal == portal and r.body.status == "released" for r in records)
        return allowed or self._stands(portal)

    def _stands(self, portal: str) -> bool:
        """Whether the newest committed word on how the portal stands since the start is that it is unlocked (C8.8)."""
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            newest = connection.execute("select bytes from record order by seq desc")
            for record in (decode(data) for (data,) in newest):
                if record.kind == "controller.started":
                    return False
                if record.kind in ("portal.unlocked", "portal.locked") and record.body.portal == portal:
                    return record.kind == "portal.unlocked"
        finally:
            connection.close()
        return False

    def releases(self) -> list[str]:
        """The portals released, in order."""
        return [effect.portal for effect in self.performed if isinstance(effect, ReleaseLock)]

    def slots(self) -> list[tuple[str, int]]:
        """What was done to slots, in order: released or secured."""
        names = {ReleaseSlot: "released", SecureSlot: "secured"}
        return [(names[type(one)], one.slot) for one in self.performed if isinstance(one, ReleaseSlot | SecureSlot)]

    def secured(self) -> list[str]:
        """The portals secured, in order."""
        return [effect.portal for effect in self.performed if isinstance(effect, SecureLock)]


class BreakingConnection:
    """A connection on which the statement that `breaks` names raises, as a full or dying card does."""

    def __init__(self, inner: sqlite3.Connection) -> None:
        self._inner = inner
        self.breaks: Callable[[str], bool] = lambda text: False
        self.code = sqlite3.SQLITE_IOERR

    def execute(self, text: str, *arguments: Any) -> sqlite3.Cursor:
        if self.breaks(text):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self.code
            raise error
        return self._inner.execute(text, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@dataclass
class TestSite:
    """A data directory with a loop over it. `turn` is one turn of the loop; `committed` all that it told."""

    __test__ = False

    folder: Path
    facility: Facility
    key: KeyPair
    ledger: Ledger
    clock: SteppedClock
    actuator: RecordingActuator
    loop: Loop
    judgement: Judgement
    connection: BreakingConnection
    committed: list[Committed] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    dashboard: KeyPair = field(default_factory=KeyPair.generate)

    @property
    def facts(self) -> Facts:
        return Facts(self.ledger.connection)

    @property
    def vkey(self) -> VerifierKey:
        """The site's verifier key."""
        return VerifierKey(self.ledger.origin, self.key.public.signing)

    @property
    def path(self) -> Path:
        return self.ledger.path

    def turn(self, *inputs: Input) -> list[Record]:
        """One turn; answers the records it committed."""
        self.actuator.turn_from = before = self.ledger.size
        self.loop.turn(list(inputs))
        return self.records(before + 1)

    def records(self, first: int = 1) -> list[Record]:
        """The committed records from `first` on, read from the file."""
        rows = self.ledger.connection.execute("select bytes from record where seq >= ? order by seq", (first,))
        return [decode(data) for (data,) in rows.fetchall()]

    def kinds(self, first: int = 1) -> list[str]:
        return [record.kind for record in self.records(first)]

    def step(self, seconds: float) -> None:
        """Lets time pass."""
        self.clock.step(timedelta(seconds=seconds))

    def console(self, command: str, **arguments: Any) -> dict[str, Any]:
        """A command at the console, answered."""
        answers: list[dict[str, Any]] = []
        self.turn(ConsoleAsked(command, arguments, answers.append))
        assert len(answers) == 1
        return answers[0]

    def request(self, body: msgspec.Struct, operator: int = 1, *, key: KeyPair | None = None, **changes: Any) -> bytes:
        """The bytes of a request, good unless `changes` (of `make_request`'s arguments) say otherwise."""
        now = self.clock.now()
        fields = {name.rstrip("?"): "理由" for name in requests.PRIVATE_FIELDS[requests.name_of(body)] if name[-1] not in "?*"}
        arguments: dict[str, Any] = {
            "id": str(ULID()),
            "body": body,
            "private": fields,
            "operator": operator,
            "issued_at": now,
            "expires_at": now + timedelta(seconds=10),
        }
        signer = key or self.dashboard
        return canonical(make_request(signer, self.facility.id, self.key.public, **(arguments | changes)))

    def asks(self, body: msgspec.Struct, operator: int = 1, **changes: Any) -> str | None:
        """Sends a good request; answers the reply's code."""
        self.turn(RequestReceived(self.request(body, operator, **changes)))
        return self.committed_replies()[-1].code

    def committed_replies(self) -> list[Any]:
        return [reply for done in self.committed for _, reply in done.replies]

    def close(self) -> None:
        self.ledger.close()


def make_site(
    folder: Path,
    *,
    text: str = SITE_TOML,
    clock: SteppedClock | None = None,
    start: bool = True,
    boot: str = "boot-1",
    reached: Callable[[str], None] = lambda step: None,
) -> TestSite:
    """A site in `folder`, its loop started. Called again on the same folder after `close`, it is a restart."""
    facility = small_facility(folder, text)
    key = KeyPair.load_or_create(folder / "site.key")
    ledger = Ledger(folder / "ledger.sqlite3", facility.id)
    facts = Facts(ledger.connection)
    connection = BreakingConnection(ledger.connection)
    ledger.connection = connection  # type: ignore[assignment]
    clock = clock or SteppedClock(BEGAN)
    judgement = Judgement(facility, facts, Desk(facility, facts, key), PEPPER)
    actuator = RecordingActuator(ledger.path)
    committed: list[Committed] = []
    steps: list[str] = []

    def note(step: str) -> None:
        steps.append(step)
        reached(step)

    loop = Loop(facility, ledger, key, judgement, clock, actuator, boot, "0", committed.append, note)
    site = TestSite(folder, facility, key, ledger, clock, actuator, loop, judgement, connection, committed, steps)
    if start:
        actuator.turn_from = ledger.size
        loop.start()
    return site


def people(site: TestSite) -> TestSite:
    """Operators 1 (administrator, manager), 2 (manager, guard), 3 (guard of the lobby), 4 (auditor); persons 1 to 4 with
    badges `card:1` to `card:4` and active rights to lobby and lab around the clock; person 3 is suspended, badge 4 lost."""
    site.console("trust", key=site.dashboard.public.text())
    for roles, scope in (
        (["administrator", "manager"], ["*"]),
        (["manager", "guard"], ["*"]),
        (["guard"], ["lobby"]),
        (["auditor"], ["*"]),
    ):
        site.console("operator.add", name="操作者", roles=roles, scope=scope)
    for number in range(1, 5):
        assert site.asks(ask.RegisterPerson()) is None
        site.console("enrol.card", person=number, credential=digest(f"card:{number}"), assurance=2, label=f"{number}")
        for zone in ("lobby", "lab"):
            give_right(site, number, zone)
    assert site.asks(ask.SuspendPerson(3)) is None
    assert site.asks(ask.RetireBadge(4, "lost")) is None
    return site


def give_right(
    site: TestSite, person: int, zone: str, schedule: str = "always", days: int = 365, manner: str = "own"
) -> int:
    """A right asked for by operator 1 and approved by operator 2."""
    number = site.facts.next("access_right")
    now = site.clock.now()
    body = ask.RequestRight(
        person, zone, schedule, timestamp(now), timestamp(now + timedelta(days=days)), manner=manner
    )
    assert site.asks(body, 1) is None
    assert site.asks(ask.ApproveRight(number), 2) is None
    return number


def fast_folder() -> Path:
    """A folder in memory where there is one: thousands of commits, and no disk is under test."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="sekimori-", dir=memory if os.access(memory, os.W_OK) else None))


# Inputs ----------------------------------------------------------------------------------------------------------------


def tap(reader: str, credential: str, assurance: int = 2, problem: str | None = None) -> CredentialPresented:
    return CredentialPresented(reader, CardRead(credential, Assurance(assurance), credential[-5:], problem))


def leaf(portal: str, is_open: bool) -> ContactSeen:
    return ContactSeen(portal, "leaf", is_open)


def exit_button(portal: str, pressed: bool = True) -> ContactSeen:
    return ContactSeen(portal, "exit", pressed)


# The fold, done by hand --------------------------------------------------------------------------------------------------

Folded = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


def fold_into(folded: Folded, record: Record) -> None:
    """One step of the fold, on dictionaries."""
    for change in project(record):
        table = TABLES[change.table]
        rows = folded.setdefault(change.table, {})
        if isinstance(change, Delete):
            rows.pop(tuple(change.key[column] for column in table.key), None)
            continue
        key = tuple(change.row[column] for column in table.key)
        rows[key] = rows.get(key, dict.fromkeys(table.columns)) | change.row


def fold_of(records: Sequence[Record]) -> Folded:
    """The tables of these records."""
    folded: Folded = {}
    for record in records:
        fold_into(folded, record)
    return {table: rows for table, rows in folded.items() if rows}


def stored_tables(connection: Any) -> Folded:
    """The tables as they stand in a ledger's file; empty ones left out."""
    stored: Folded = {}
    for table in TABLES.values():
        columns = list(table.columns)
        rows = connection.execute(f'select {", ".join(columns)} from "{table.name}"').fetchall()
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        if found:
            stored[table.name] = {tuple(row[column] for column in table.key): row for row in found}
    return stored
