"""The play: four processes, and a hand that kills them at random until enough taps were decided."""

import random
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from controller.demo.broker import write_config
from controller.demo.processes import Processes, free_port, script
from controller.ledger.database import open_reader
from controller.record.keys import KeyPair
from tests.bench.measure import rss_mb
from tests.bench.site import SITE, ZONES, make_site, trust, write_settings
from tests.soak.controller import PEOPLE

_PACE_S = 0.2
_AWAY_S = (0.0, 4.0)
_CATCH_UP_S = 900.0


@dataclass
class Memory:
    """What a process held, in MB, each time it was looked at; by process, since it last started."""

    seen: dict[str, list[float]] = field(default_factory=dict)

    def look(self, processes: Processes) -> None:
        """Once more."""
        for name, process in processes.running.items():
            self.seen.setdefault(name, []).append(rss_mb(process.pid))

    def growth(self, name: str) -> tuple[float, float]:
        """The median of the first and of the last quarter, without the first tenth, in which everything is filled."""
        seen = self.seen[name][len(self.seen[name]) // 10 :]
        quarter = max(1, len(seen) // 4)
        return sorted(seen[:quarter])[quarter // 2], sorted(seen[-quarter:])[quarter // 2]


class Play:
    """Everything in one folder. `decided` counts taps by what became of them, as the ledger has them."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        taps_per_s: float,
        say: Callable[[str], None],
        between_s: tuple[float, float] = (3.0, 9.0),
    ) -> None:
        self.data, self.dashboard_data, self.journal = folder / "site", folder / "dashboard", folder / "locks.journal"
        self.decided: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.memory = Memory()
        self._chance = random.Random(seed)
        self._taps_per_s = taps_per_s
        self._say = say
        self._between_s = between_s
        self._port = free_port()
        self._broker_config = folder / "broker.toml"
        self._processes = Processes(folder / "logs")
        self._counted = 0

    def prepare(self) -> None:
        """The site with its people, the dashboard with its pin; nothing runs yet."""
        key = KeyPair.generate()
        site = make_site(self.data, PEOPLE, 10)
        trust(site, key)
        self._counted = site.ledger.size
        public = site.key.public.text()
        site.ledger.close()
        write_settings(self.data, ZONES, broker=self._port)
        write_config(self._broker_config, self._port)
        key.save(self.dashboard_data / "dashboard.key")
        text = f'listen = "127.0.0.1:{free_port()}"\n[broker]\nhost = "127.0.0.1"\nport = {self._port}\n'
        (self.dashboard_data / "dashboard.toml").write_text(f'{text}[sites]\n{SITE} = "{public}"\n')

    def run(self, taps: int, calm: float) -> None:
        """Until so many taps were decided; behind the share `1 - calm` of them nobody is killed any more."""
        try:
            for name in ("broker", "dashboard", "controller"):
                self._start(name)
            self._until(round(taps * (1 - calm)), self._kill_somebody)
            self.memory = Memory()
            self._until(taps, lambda: None)
            self._catch_up()
        finally:
            self._processes.stop()

    def _until(self, taps: int, act: Callable[[], None]) -> None:
        next_s = time.monotonic() + self._chance.uniform(*self._between_s)
        pause = threading.Event()
        while self.decided.total() < taps:
            pause.wait(_PACE_S)
            self._count()
            self.memory.look(self._processes)
            if time.monotonic() >= next_s:
                act()
                next_s = time.monotonic() + self._chance.uniform(*self._between_s)
            if (name := self._processes.ended()) is not None:
                raise RuntimeError(f"{name} ended by itself; its log is in {self._processes.logs}")

    def _kill_somebody(self) -> None:
        name = self._chance.choice(("controller", "controller", "broker", "dashboard"))
        away_s = 0.0 if name == "controller" else self._chance.uniform(*_AWAY_S)
        self._processes.kill(name)
        self.kills[name] += 1
        self._say(f"{self.decided.total():,} taps decided; {name} killed, away for {away_s:.1f} s")
        threading.Event().wait(away_s)
        self._start(name)

    def _start(self, name: str, taps_per_s: float | None = None) -> None:
        match name:
            case "broker":  # with an empty store: what it had acknowledged and not delivered is gone
                self._processes.start(name, [sys.executable, "-m", "controller.demo.broker", str(self._broker_config)])
                self._processes.wait_for_port(name, self._port)
            case "dashboard":
                self._processes.start(name, [script("sekimori-dashboard"), "run", "--data", str(self.dashboard_data)])
            case _:
                rate = self._taps_per_s if taps_per_s is None else taps_per_s
                arguments = (self.data, self.journal, self._chance.randrange(2**31), rate)
                command = [sys.executable, "-m", "tests.soak.controller", *map(str, arguments)]
                self._processes.start(name, command)

    def _count(self) -> None:
        connection = open_reader(self.data / "ledger.sqlite3")
        try:
            rows = connection.execute("select seq, bytes from record where seq > ? order by seq", (self._counted,))
            for seq, data in rows:
                self._counted = seq
                for what in ("granted", "refused"):
                    self.decided[what] += b'"kind":"entry.%b"' % what.encode() in data
        finally:
            connection.close()

    def _catch_up(self) -> None:
        """Nobody taps any more; waits until the dashboard has all that was recorded, the controller's end as well."""
        self._say("no more taps; the dashboard catches up")
        self._end_controller()
        self._start("controller", 0)
        self._wait_for_dashboard()
        self._end_controller()
        self._wait_for_dashboard()
        self._count()

    def _end_controller(self) -> None:
        process = self._processes.running.pop("controller")
        process.terminate()
        if (code := process.wait(60)) != 0:
            raise RuntimeError(f"the controller ended with {code}; its log is in {self._processes.logs}")

    def _wait_for_dashboard(self) -> None:
        end, pause = time.monotonic() + _CATCH_UP_S, threading.Event()
        while self._applied() < self._size():
            if time.monotonic() > end:
                raise TimeoutError(f"the dashboard has {self._applied():,} of {self._size():,} records")
            pause.wait(_PACE_S)

    def _size(self) -> int:
        connection = open_reader(self.data / "ledger.sqlite3")
        try:
            return int(connection.execute("select max(seq) from record").fetchone()[0])
        finally:
            connection.close()

    def _applied(self) -> int:
        path = self.dashboard_data / "dashboard.sqlite3"
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return int(connection.execute("select coalesce(max(applied), 0) from source").fetchone()[0])
        finally:
            connection.close()
