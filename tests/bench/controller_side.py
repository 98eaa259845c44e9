"""A controller without a wall, in a process of its own: the real loop, ledger and link, on locks that print when they let go.

    python -m tests.bench.controller_side DATA

prints `ready`, then the time (perf_counter, the same clock for every process here) of each release. Ends with its input.
"""

import secrets
import sys
import threading
from pathlib import Path

from controller.clock import SystemClock
from controller.inbox import Inbox
from controller.link import Link
from controller.site import open_site
from tests.bench.bare import say
from tests.bench.rig import Rig


def main() -> None:
    """Runs until standard input ends."""
    site = open_site(Path(sys.argv[1]))
    inbox, stop = Inbox(), threading.Event()
    broker = site.facility.broker
    if broker is None:
        raise ValueError("site.toml names no broker")
    boot, cursor = secrets.token_hex(8), site.data / "link.json"
    link = Link(site.facility, site.ledger.path, cursor, site.key, boot, broker, inbox, SystemClock("host"))
    with Rig(site, told=link.told, inbox=inbox, released=lambda at: say(repr(at))):
        thread = threading.Thread(target=link.run, args=(stop,))
        say("ready")
        sys.stdin.readline()
        thread.start()
        sys.stdin.readline()
        stop.set()
        thread.join()
    site.ledger.close()


if __name__ == "__main__":
    main()
