"""The demo's broker: rumqttd in a wheel (`iotcore`), on the loopback alone. Production runs Mosquitto."""

import signal
import sys
import threading
from pathlib import Path

_CONFIG = """\
id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "v5"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 524288
    max_inflight_count = 200
    dynamic_filters = true
"""


def write_config(path: Path, port: int) -> None:
    """The broker's settings: MQTT 5 on this port of 127.0.0.1, no password, nothing kept on disk."""
    path.write_text(_CONFIG.format(port=port))


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    from iotcore import Broker

    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    with Broker(config_path=sys.argv[1]):
        ending.wait()


if __name__ == "__main__":
    main()
