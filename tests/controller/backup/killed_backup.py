"""A backup or restore that kills itself, as a power cut would: `killed_backup.py backup DATA STEP OUT RECIPIENT`,
`killed_backup.py restore DATA STEP FILE IDENTITY`. STEP is one that the function reaches, or `half` of the bytes.
"""

import os
import signal
import sys
from pathlib import Path

from controller.backup.identities import load_identities
from controller.backup.restoring import Wanted, restore
from controller.backup.taking import take
from controller.site import backup_source, settings_of


def main() -> None:
    """Runs until the step."""
    what, data, step, file, key = sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), sys.argv[5]

    def reached(now: str) -> None:
        if now == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def told(_step: str, done: int, total: int) -> None:
        if 0 < total < 2 * done:
            reached("half")

    at = "2026-11-24T00:00:00.000000Z"
    if what == "backup":
        take(backup_source(data), file, [key], at, "test", told, reached)
    else:
        wanted = Wanted(file, load_identities(Path(key)), data, replace=True)
        restore(wanted, at, "20261124T000000Z", lambda folder: settings_of(folder).id, told, reached)


if __name__ == "__main__":
    main()
