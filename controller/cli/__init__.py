"""The command line `sekimori`, one file a group of commands; each is a few questions to the packages below it.

Exit codes are 0 done, 1 found something wrong (or was refused), 2 could not run; `enroll` has 3 and 4 besides. Results go to
standard output, as one JSON object (or one a line) with `--json`; what went wrong goes to standard error. What commands say
is in `texts.toml` in both languages, the codes' words are those of `controller.record.words`. Nothing secret is taken from
the command line. Names of people are looked up in the private store for the eyes at the console, and are in no log.
"""

import os
import sys

from controller.cli.log import write_log
from controller.cli.program import program
from controller.cli.texts import asked_language


def main() -> None:
    """The entry point of `sekimori`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    write_log()
    program(asked_language(sys.argv[1:], os.environ))()
