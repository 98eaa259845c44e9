"""`sekimori demo --check`: four taps through everything that is real, and what each of them has to lead to."""

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from controller.demo.place import SITE_ID
from controller.demo.stage import Plan
from controller.facility import Facility, load_facility
from controller.ledger.database import open_reader
from controller.record.envelope import Record, decode
from controller.record.keys import KeyPair
from controller.record.note import Checkpoint, VerifierKey, open_checkpoint
from hardware.simulated.client import BuildingClient, TapOutcome

_WITHIN_S = 30.0
Found = TypeVar("Found")


class CheckFailed(RuntimeError):
    """Something did not happen in time; the message says what."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A tap and what it has to lead to: `code` empty for a granted entry."""

    who: str
    card: str
    portal: str
    code: str


@dataclass(frozen=True, slots=True)
class Tapped:
    """What a tap led to, and how long it took: to the lock, and into the dashboard's database, in milliseconds."""

    who: str
    card: str
    portal: str
    expected: str
    kind: str
    code: str
    seq: int
    lock_ms: float | None
    dashboard_ms: float

    @property
    def good(self) -> bool:
        """Whether it is as it must be: the code, and the lock released exactly when the entry was granted."""
        return self.code == self.expected and (self.lock_ms is not None) == (self.kind == "entry.granted")


def expectations(facility: Facility, now: datetime) -> tuple[Expectation, ...]:
    """The four taps; who is out of hours depends on the hour."""
    late = "yamashita" if facility.schedules["day"].is_open(now) else "mori"
    return (
        Expectation("right holder", "sato", "main", ""),
        Expectation("stranger", "stranger", "main", "enrolment"),
        Expectation("copy of a right holder's IDm without the key", "copy", "main", "proof"),
        Expectation("right holder out of hours", late, "staff", "schedule"),
    )


class Check:
    """Runs the taps against a demo that plays."""

    def __init__(self, plan: Plan) -> None:
        self._data = Path(plan.data)
        self._building = plan.building
        self._facility = load_facility(self._data / "site.toml")
        self._ledger = open_reader(self._data / "ledger.sqlite3")
        self._dashboard = self._data / "dashboard" / "dashboard.sqlite3"

    def run(self) -> dict[str, Any]:
        """The report: `ok`, the taps, the ledger's path, its newest checkpoint and verifier key. Raises CheckFailed."""
        self._until("the controller does not answer", self._running)
        self._until("the dashboard has not caught up", lambda: self._dashboard_has(self._size()) or None)
        taps = [self._tap(expected) for expected in expectations(self._facility, datetime.now(UTC))]
        newest = taps[-1].seq
        note = self._until("no checkpoint covers the taps", lambda: self._checkpoint(newest))
        key = VerifierKey(Checkpoint.parse(note).origin, KeyPair.load(self._data / "keys" / "site.key").public.signing)
        open_checkpoint(note, key)
        return {
            "ok": all(tap.good for tap in taps),
            "taps": [{**{name: getattr(tap, name) for name in tap.__slots__}, "good": tap.good} for tap in taps],
            "ledger": str(self._data / "ledger.sqlite3"),
            "checkpoint": note,
            "verifier_key": key.text(),
        }

    def _running(self) -> bool | None:
        row = self._ledger.execute("select bytes from record order by seq desc limit 200").fetchall()
        kinds = [decode(data).kind for (data,) in row]
        stopped = kinds.index("controller.stopped") if "controller.stopped" in kinds else len(kinds)
        observed = kinds[:stopped].count("door.observed")
        return True if observed >= len(self._facility.portals) else None

    def _tap(self, expected: Expectation) -> Tapped:
        before, outcomes = self._size(), list[TapOutcome]()
        begun = time.monotonic()
        with BuildingClient(self._building) as building:
            tapping = threading.Thread(
                target=lambda: outcomes.append(building.tap(expected.card, f"{expected.portal}/in", timeout_s=1.5))
            )
            tapping.start()
            record = self._until(f"the tap of {expected.card} left no record", lambda: self._entry(before))
            self._until("the dashboard did not get the record", lambda: self._dashboard_has(record.seq) or None)
            dashboard_ms = (time.monotonic() - begun) * 1000
            tapping.join()
        code = getattr(record.body, "code", "")
        lock_ms = None if outcomes[0].ms is None else round(outcomes[0].ms, 1)
        return Tapped(
            expected.who, expected.card, expected.portal, expected.code, record.kind, code, record.seq, lock_ms,
            round(dashboard_ms, 1),
        )  # fmt: skip

    def _size(self) -> int:
        size: int = self._ledger.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        return size

    def _entry(self, after: int) -> Record | None:
        for (data,) in self._ledger.execute("select bytes from record where seq > ? order by seq", (after,)):
            record = decode(data)
            if record.kind in ("entry.granted", "entry.refused"):
                return record
        return None

    def _dashboard_has(self, seq: int) -> bool:
        try:
            with sqlite3.connect(f"file:{self._dashboard}?mode=ro", uri=True) as connection:
                found = connection.execute(
                    "select 1 from record where ledger_site = ? and seq = ?", (SITE_ID, seq)
                ).fetchone()
        except sqlite3.OperationalError:
            return False
        return found is not None

    def _checkpoint(self, covering: int) -> str | None:
        row = self._ledger.execute("select note from checkpoint where size >= ? order by size", (covering,)).fetchone()
        return None if row is None else str(row[0])

    def _until(self, otherwise: str, look: Callable[[], Found | None]) -> Found:
        end, pause = time.monotonic() + _WITHIN_S, threading.Event()
        while time.monotonic() < end:
            if (found := look()) is not None:
                return found
            pause.wait(0.002)
        raise CheckFailed(otherwise)
