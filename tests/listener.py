"""A dashboard's intake without a network, and the site that it listens to."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from databases import url_in
from site_peer import Said, SitePeer

from controller.record.canonical import timestamp
from controller.record.keys import KeyPair
from dashboard import database as db
from dashboard.intake.intake import Intake, Message
from dashboard.intake.source import Source


@dataclass
class Listener:
    """An intake on a database of its own, at a clock that the test moves."""

    engine: sa.Engine
    peer: SitePeer
    keys: KeyPair = field(default_factory=KeyPair.generate)
    at: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    steady_s: float = 100.0

    def __post_init__(self) -> None:
        self.intake = self.started()

    def started(self) -> Intake:
        """The intake of a process that starts now, on the same database."""
        self.intake = Intake(self.engine, self.keys, {self.peer.name: self.peer.keys.public}, lambda: self.at)
        return self.intake

    @property
    def source(self) -> Source:
        return self.intake.sources[self.peer.name]

    @property
    def now(self) -> str:
        return timestamp(self.at)

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def hear(self, *said: Said | Iterable[Said], retained: bool = False) -> None:
        """One batch, and a moment in which nothing more comes."""
        flat = [one for item in said for one in ([item] if isinstance(item, Said) else item)]
        self.intake.take([Message(one.topic, one.payload, retained) for one in flat])
        self.still()

    def still(self, seconds: float = 1.0) -> bool:
        """Lets the steady clock go on; whether records are missed since."""
        self.intake.settle(self.steady_s)
        self.steady_s += seconds
        return self.intake.settle(self.steady_s)

    def records(self, *seqs: int) -> None:
        """These records, in this order, as one batch."""
        self.hear([self.peer.record(seq) for seq in seqs])

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            key = list(table.primary_key)
            return [dict(row) for row in connection.execute(sa.select(table).order_by(*key)).mappings()]

    def folded(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that follows from the records."""
        tables = {name: self.rows(table) for name, table in (*db.projected.items(), ("node", db.node))}
        tables["record"] = sorted(
            ({k: v for k, v in row.items() if k != "arrival"} for row in self.rows(db.record)), key=lambda r: r["seq"]
        )
        return tables


@contextmanager
def listening(folder: Path) -> Iterator[Listener]:
    """A dashboard that follows one site, which has not said anything yet; its database is in this folder."""
    engine = db.open_engine(url_in(folder, "dashboard"))
    try:
        yield Listener(engine, SitePeer().company())
    finally:
        engine.dispose()
