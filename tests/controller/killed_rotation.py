"""A change of the site's key that kills itself at a step, as a power cut would: `killed_rotation.py DATA STEP`."""

import os
import signal
import sys
from pathlib import Path

from controller.site import rotate_key


def main() -> None:
    """Runs until the step."""

    def reached(now: str) -> None:
        if now == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)

    rotate_key(Path(sys.argv[1]), False, reached)


if __name__ == "__main__":
    main()
