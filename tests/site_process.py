"""A whole site for tests: a simulated building and `sekimori run`, each a process of its own, over a data directory.

    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.badge(yamada, "yamada")
        site.start()
        site.building.tap("yamada", "front/in")
        site.wait_record("entry.granted", person=yamada)

The building outlives the controller, which may be stopped, killed and started again. What happened before the first start
is made by the loop itself, from signed requests, without parts. Everything ends with the block.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

from site_past import Past

from controller.console import NotRunning, ask
from controller.keyring import site_keys
from controller.ledger.database import open_reader
from controller.record.envelope import Record, decode
from controller.record.keys import KeyPair
from controller.site import open_site
from hardware.simulated.client import BuildingClient

Found = TypeVar("Found")

SITE = "works"
WITHIN_S = 20.0
SCRIPT = Path(sys.executable).with_name("sekimori")
LAMPS = ("red", "green", "blue", "buzzer")

PORTALS = (("front", "office", "", ("in",)), ("lab", "lab", "office", ("in", "out")))
"""Id, zone it leads into, zone it leads from, sides with a reader."""

HEAD = """\
[site]
id = "works"
name = {{ ja = "試験工場", en = "Test works" }}
[clock]
trust = "host"
[simulation]
building = "{building}"
[[zone]]
id = "office"
name = {{ ja = "事務所", en = "Office" }}
[[zone]]
id = "lab"
name = {{ ja = "開発室", en = "Lab" }}
[[schedule]]
id = "never"
name = {{ ja = "なし", en = "Never" }}
hours = {{}}
"""
BROKER = """\
[broker]
host = "{host}"
port = {port}
"""


def until(what: str, look: Callable[[], Found | None], within_s: float = WITHIN_S) -> Found:
    """The first answer of `look` that is not None. Raises AssertionError saying `what` did not happen in time."""
    end, pause = monotonic() + within_s, threading.Event()
    while True:
        if (found := look()) is not None:
            return found
        assert monotonic() < end, f"not within {within_s} s: {what}"
        pause.wait(0.005)


def site_toml(building: str, ports: dict[str, int], broker: tuple[str, int] | None = None) -> str:
    """The settings of the site: `ports` are the readers' UDP ports by id (`front/in`)."""
    text = HEAD.format(building=building)
    text += BROKER.format(host=broker[0], port=broker[1]) if broker else ""
    for n, (id, inner, outer, sides) in enumerate(PORTALS, 1):
        text += f'[[portal]]\nid = "{id}"\nname = {{ ja = "{id}の扉", en = "{id} door" }}\ninner = "{inner}"\n'
        text += f'outer = "{outer}"\n' if outer else ""
        text += f'lock = "simulated:{n}00"\ncontact = "simulated:{n}01"\nexit_button = "simulated:{n}02?active_low"\n'
        text += "release_s = 3\nheld_open_s = 5\n"
        for m, side in enumerate(sides, 1):
            lamps = ", ".join(f'{lamp} = "simulated:{n}{m}{k}"' for k, lamp in enumerate(LAMPS))
            text += f'[[portal.reader]]\nside = "{side}"\ndevice = "nfc+udp://127.0.0.1:{ports[f"{id}/{side}"]}"\n'
            text += f"annunciator = {{ {lamps} }}\n"
    return text


def keypad_url(portal: int, reader: int) -> str:
    """The keypad that hangs beside each reader in the building; `site.toml` names it only where a test says so."""
    return f"simulated:{portal}{reader}9"


def building_toml(folder: Path) -> str:
    """The plan of the building: the same doors, a spare antenna at the console, a wire, a key cabinet, and one blank card."""
    lines = [f'log = "{folder}/building.log"', f'state = "{folder}/cards.json"']
    lines += [
        f'[[reader]]\nid = "{id}/{side}"\nkeypad = "{keypad_url(n, m)}"'
        for n, (id, _, _, sides) in enumerate(PORTALS, 1)
        for m, side in enumerate(sides, 1)
    ]
    lines += ['[[reader]]\nid = "spare"\nkeypad = "simulated:990"', '[[tether]]\nid = "pc-1"\ninput = "simulated:991"']
    for n, (id, _, _, sides) in enumerate(PORTALS, 1):
        lines += [f'[[door]]\nid = "{id}"', *(f'reader_{side} = "{id}/{side}"' for side in sides)]
        lines += [f'lock = "simulated:{n}00"', f'dps = "simulated:{n}01"', f'rex = "simulated:{n}02?active_low"']
    lines += ['[[cabinet]]\nid = "main"', *map(_slot_toml, range(1, 5)), '[[key]]\nname = "odd"\ntag = "01-99"']
    lines += [f'[[key]]\nname = "k{n}"\ntag = "01-{n}"' for n in range(1, 5)]
    lines += ['[[card]]\nname = "blank"\nkind = "felica-lite-s"\nidm = "0127eeeeeeee0001"']
    return "\n".join(lines) + "\n"


def slot_pins(number: int) -> dict[str, str]:
    """What is screwed on at a slot of the building's key cabinet `main`; `site.toml` names it only where a test says so."""
    return {key: f"simulated:{base + number}" for key, base in (("release", 700), ("present", 710), ("tag", 720))}


def _slot_toml(number: int) -> str:
    pins = "\n".join(f'{key} = "{url}"' for key, url in slot_pins(number).items())
    return f'[[cabinet.slot]]\nnumber = {number}\n{pins}\nkey = "k{number}"'


class SiteProcess:
    """The building runs from the beginning; the controller from `start`."""

    def __init__(self, folder: Path, broker: tuple[str, int] | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "controller.log"
        self.controller: subprocess.Popen[bytes] | None = None
        plan = folder / "building.toml"
        plan.write_text(building_toml(folder))
        words = folder / "building.err"
        with words.open("wb") as errors:
            self._house = subprocess.Popen(
                [sys.executable, "-m", "hardware.simulated", str(plan)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._house.stdout is not None
        line = self._house.stdout.readline()
        assert line, f"the building did not start: {words.read_text()}"
        said = json.loads(line)
        self.endpoint: str = said["listen"]
        self.ports: dict[str, int] = said["readers"]
        self.building = BuildingClient(self.endpoint)
        self.data.mkdir(mode=0o700)
        (self.data / "site.toml").write_text(site_toml(self.endpoint, self.ports, broker), encoding="utf-8")
        self.keys = site_keys(self.data)
        self.dashboard = KeyPair.generate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.controller is not None and self.controller.poll() is None:
                self.kill()
        finally:
            self.building.close()
            self._house.terminate()
            self._house.wait(10)
            assert self._house.stdout is not None
            self._house.stdout.close()

    # The controller's process ---------------------------------------------------------------------------------------------

    def start(self, program: Sequence[str | Path] | None = None) -> None:
        """Starts `sekimori run`, or another program that runs it, and waits until every door was seen."""
        before = self.size()
        self.launch(program)
        until(f"the controller runs ({self.log})", self._answers)
        seen = lambda: sum(record.kind == "door.observed" for record in self.records(before)) >= len(PORTALS)  # noqa: E731
        until("every door was seen", lambda: seen() or None)

    def launch(self, program: Sequence[str | Path] | None = None) -> None:
        """Starts it, and waits for nothing."""
        with self.log.open("ab") as log:
            self.controller = subprocess.Popen(
                program or [SCRIPT, "run", "--data", str(self.data)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _answers(self) -> bool | None:
        assert self.controller is not None
        assert self.controller.poll() is None, f"the controller has ended: {self.log.read_text()[-2000:]}"
        try:
            return bool(ask(self.data, "", {})) or None
        except (NotRunning, OSError, ValueError):
            return None

    def stop(self) -> int:
        """Ends the controller in order; its exit code."""
        assert self.controller is not None
        self.controller.terminate()
        return self.controller.wait(WITHIN_S)

    def kill(self) -> None:
        """Ends the controller as a power cut would."""
        assert self.controller is not None
        self.controller.send_signal(signal.SIGKILL)
        self.controller.wait(WITHIN_S)

    def sekimori(
        self, *arguments: str, lang: str = "en_US.UTF-8", within_s: float = 90.0
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command of the command line over this site, to its end."""
        return subprocess.run(
            [SCRIPT, *arguments, "--data", str(self.data)], capture_output=True, text=True, timeout=within_s,
            env=os.environ | {"LC_ALL": lang}, check=False,
        )  # fmt: skip

    # The ledger -----------------------------------------------------------------------------------------------------------

    def size(self) -> int:
        """The number of records."""
        return len(self.records())

    def records(self, after: int = 0) -> list[Record]:
        """The records past `after`; none while there is no ledger."""
        path = self.data / "ledger.sqlite3"
        if not path.exists():
            return []
        connection = open_reader(path)
        try:
            rows = connection.execute("select bytes from record where seq > ? order by seq", (after,))
            return [decode(data) for (data,) in rows]
        finally:
            connection.close()

    def wait_record(self, kind: str, after: int = 0, **fields: object) -> Record:
        """The first record past `after` of this kind whose body has these fields."""

        def look() -> Record | None:
            return next((record for record in self.records(after) if record.kind == kind and fits(record.body)), None)

        def fits(body: object) -> bool:
            return all(getattr(body, name, None) == value for name, value in fields.items())

        return until(f"{kind} {fields}", look)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the tables."""
        connection = open_reader(self.data / "ledger.sqlite3")
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    # What was before ------------------------------------------------------------------------------------------------------

    @contextmanager
    def past(self) -> Iterator[Past]:
        """The loop without parts, while no controller runs."""
        site = open_site(self.data)
        try:
            yield Past(site, self.dashboard, self.add_card)
        finally:
            site.ledger.close()

    def add_card(self, name: str, idm: str, key: str | None = None) -> None:
        """Puts a card into the building: with the site's own key for its number, or with another one."""
        self.building.add_card(name, "felica-lite-s", idm, key=key or self.keys.cards.key(bytes.fromhex(idm)).hex())
