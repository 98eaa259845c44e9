"""`python -m hardware.simulated PLAN.toml` runs the simulated building."""

import sys

from hardware.simulated.server import main

sys.exit(main(sys.argv[1:]))
