"""A site, the dashboard that follows it and the broker between them, each a process of its own; and ways to lose records.

    with FollowedSite(tmp_path) as house:
        old = house.snapshot()
        house.operator("守 次郎")
        house.caught_up()
        house.site.kill()
        house.put_back(old)
        house.site.start()
"""

import json
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from broker import running_broker
from site_process import SITE, SiteProcess, until
from sites import stored_tables

from controller.console import ask
from controller.ledger.database import open_reader
from controller.ledger.ledger import Ledger
from controller.ledger.verify import Report, verify_file
from controller.record.note import Checkpoint, VerifierKey, origin

SCRIPT = Path(sys.executable).with_name("sekimori-dashboard")
RECOVERY_S = 4


class FollowedSite:
    """Everything runs from the beginning, and the dashboard has every record."""

    def __init__(self, folder: Path, recovery_s: int = RECOVERY_S) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self._dashboard: subprocess.Popen[bytes] | None = None
        self.recovery_s = recovery_s

    def __enter__(self) -> Self:
        with self._stack:
            self._begin()
            self._stack = self._stack.pop_all()
        return self

    def _begin(self) -> None:
        self.broker = self._stack.enter_context(running_broker())
        (self.folder / "site").mkdir()
        self.site = self._stack.enter_context(SiteProcess(self.folder / "site", (self.broker.host, self.broker.port)))
        settings = self.site.data / "site.toml"
        port = f"port = {self.broker.port}\n"
        settings.write_text(settings.read_text().replace(port, f"{port}recovery_s = {self.recovery_s}\n", 1))
        with self.site.past() as past:
            self.yamada = past.person("山田 花子")
            past.right(self.yamada, "office")
            past.badge(self.yamada, "yamada")
        self.place = self.folder / "dashboard"
        self.place.mkdir()
        self.site.dashboard.save(self.place / "dashboard.key")
        (self.place / "dashboard.toml").write_text(
            f'listen = "127.0.0.1:0"\n[broker]\nhost = "{self.broker.host}"\nport = {self.broker.port}\n'
            f'[sites]\n{SITE} = "{self.site.keys.site.public.text()}"\n'
        )
        self._stack.callback(self.stop_dashboard)
        self.start_dashboard()
        self.site.start()
        self.caught_up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # The dashboard ----------------------------------------------------------------------------------------------------------

    def start_dashboard(self) -> None:
        """Starts it; it follows as soon as it can."""
        with (self.folder / "dashboard.log").open("ab") as log:
            self._dashboard = subprocess.Popen(
                [SCRIPT, "run", "--data", str(self.place)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def stop_dashboard(self) -> None:
        """Ends it, as a power cut would."""
        if self._dashboard is not None:
            self._dashboard.kill()
            self._dashboard.wait(10)
            self._dashboard = None

    def dashboard(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of its database; none before there is one."""
        try:
            connection = sqlite3.connect(f"file:{self.place}/dashboard.sqlite3?mode=ro", uri=True)
        except sqlite3.OperationalError:
            return []
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()

    def caught_up(self) -> None:
        """Waits until the dashboard has folded all records, and the broker keeps its word that it holds them."""

        def look() -> bool | None:
            size = self.size()
            rows = self.dashboard("select applied, highest, checkpoint_size from source")
            return (size > 0 and rows == [(size, size, size)]) or None

        until("the dashboard has caught up", look, 60)

    def history(self, epoch: int) -> list[bytes]:
        """The dashboard's copy of one epoch."""
        return [data for (data,) in self.dashboard("select bytes from record where epoch = ? order by seq", epoch)]

    def broken(self) -> str | None:
        """What the dashboard shows of the site's history."""
        ((broken,),) = self.dashboard("select broken from source")
        return None if broken is None else str(broken)

    # The ledger -------------------------------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Path:
        return self.site.data / "ledger.sqlite3"

    def size(self) -> int:
        connection = open_reader(self.ledger)
        try:
            return int(connection.execute("select coalesce(max(seq), 0) from record").fetchone()[0])
        finally:
            connection.close()

    def records(self) -> list[bytes]:
        """All records, as their bytes."""
        connection = open_reader(self.ledger)
        try:
            return [data for (data,) in connection.execute("select bytes from record order by seq")]
        finally:
            connection.close()

    def operator(self, name: str) -> int:
        """A record with a private row: somebody registered at the console; the number."""
        asked = {"name": name, "roles": ["guard"], "scope": ["*"]}
        answer = ask(self.site.data, "operator.add", asked)
        assert answer["code"] is None, answer
        return int(answer["records"][0]["operator"])

    def name(self, operator: int) -> str:
        """The operator's name in the site's private store; empty for none."""
        rows = self.site.query("select text from private where id = ?", f"operator-{operator}")
        return str(json.loads(rows[0][0])["name"]) if rows else ""

    def snapshot(self) -> Path:
        """A copy of the ledger as it is now."""
        path = self.folder / f"snapshot-{self.size()}.sqlite3"
        connection, copy = open_reader(self.ledger), sqlite3.connect(path)
        connection.backup(copy)
        copy.close()
        connection.close()
        return path

    def put_back(self, snapshot: Path, *, cursor: bool = True) -> None:
        """The ledger is an old copy again. `cursor`: the note of what the broker acknowledged is the newer one still."""
        for path in self.site.data.glob("ledger.sqlite3*"):
            path.unlink()
        self.ledger.write_bytes(snapshot.read_bytes())
        if not cursor:
            (self.site.data / "link.json").unlink(missing_ok=True)

    def mark_restored(self) -> None:
        """As `sekimori restore` leaves it."""
        (self.site.data / "restored.json").write_text("{}")

    def verified(self) -> Report:
        """The report on the ledger, whose controller does not run, under the site's key and the dashboard's checkpoint."""
        key = VerifierKey(origin(SITE, 1), self.site.keys.site.public.signing)
        note = self.dashboard("select checkpoint_note from source")[0][0]
        return verify_file(self.ledger, notes=[note], key=key)

    def fold_is_live(self) -> bool:
        """Whether the tables are what the records fold to; the controller does not run."""
        ledger = Ledger(self.ledger, SITE)
        try:
            live = stored_tables(ledger.connection)
            ledger.rebuild()
            return bool(stored_tables(ledger.connection) == live)
        finally:
            ledger.close()

    def witnessed(self) -> Checkpoint:
        """The newest checkpoint that the dashboard holds in full."""
        return Checkpoint.parse(self.dashboard("select checkpoint_note from source")[0][0])
