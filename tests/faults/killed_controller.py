"""A controller that kills itself, as a power cut would, at a named step: `killed_controller.py DATA STEP ARMED`.

It dies at the first time that it reaches STEP with the file ARMED there, so that it starts and runs before.
"""

import os
import signal
import sys
from pathlib import Path

from controller.app import Controller


def main() -> int:
    """Runs until the step, or until it is ended."""
    data, step, armed = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])

    def reached(now: str) -> None:
        if now == step and armed.exists():
            os.kill(os.getpid(), signal.SIGKILL)

    return Controller(data, reached).run()


if __name__ == "__main__":
    raise SystemExit(main())
