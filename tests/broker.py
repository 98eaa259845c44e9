"""A real broker for tests: rumqttd in its own process, on a free port of 127.0.0.1, stopped at the end of the block.

`with running_broker() as broker:` gives host and port, `stop()`, and `start()` on the same port, with nothing retained.
"""

import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from iotcore import Broker

from controller.demo.broker import write_config


@dataclass
class RunningBroker:
    """Where the broker listens for MQTT 5."""

    host: str
    port: int
    config: Path
    process: Broker  # a child of ours: the broker dies with the test

    def stop(self) -> None:
        self.process.stop()

    def start(self) -> None:
        """On the same port as before."""
        self.process = Broker(config_path=str(self.config)).start()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_broker(port: int | None = None, more: str = "", largest: int = 0) -> Iterator[RunningBroker]:
    """A broker until the end of the block; on this port, or a free one. `more` is TOML behind the listener's;
    `largest`: bytes of a message, where that is to be other than the demo's.
    """
    with tempfile.TemporaryDirectory() as folder:
        port = free_port() if port is None else port
        path = Path(folder) / "broker.toml"
        write_config(path, port)
        text = path.read_text() + more
        if largest:
            text = re.sub(r"max_payload_size = \d+", f"max_payload_size = {largest}", text)
        path.write_text(text)
        running = RunningBroker("127.0.0.1", port, path, Broker(config_path=str(path)).start())
        try:
            yield running
        finally:
            running.stop()
