"""What every test shares: Hypothesis without deadlines, because the machine that runs the tests may be busy or slow."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("sekimori", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("sekimori"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "sekimori")
