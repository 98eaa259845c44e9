"""A dashboard of its own folder, on a broker: its parts run in this process, from the block's begin to its end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker import RunningBroker
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.composition import following, make_runtime
from dashboard.runtime import Runtime


class Desk:
    """A dashboard's data folder, and its processes' parts while they run."""

    def __init__(self, folder: Path, broker: RunningBroker) -> None:
        self.data = folder
        folder.mkdir()
        (folder / "dashboard.toml").write_text(f'[broker]\nhost = "{broker.host}"\nport = {broker.port}\n')

    @contextmanager
    def running(self) -> Iterator[Runtime]:
        """It runs, until the end of the block."""
        runtime = make_runtime(self.data)
        try:
            with following(runtime):
                yield runtime
        finally:
            runtime.engine.dispose()

    def asleep(self) -> Runtime:
        """Its parts, none of them running: somebody asks for something while there is no network."""
        return make_runtime(self.data)

    def command(self, *words: str) -> tuple[int, dict[str, Any]]:
        result = CliRunner().invoke(app, [*words, "--data", str(self.data), "--json"])
        return result.exit_code, json.loads(result.stdout)
