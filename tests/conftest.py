"""What every test shares: the dashboard's database, logs on standard error as in the product (a thread that an earlier test
left must not write into what a command of this one answers), and Hypothesis without deadlines: the machine may be slow."""

import os
import sys

import databases
import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("sekimori", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
# The same cases in every run, so fewer of them find what is to be found; `make test` by hand draws new ones, and more.
settings.register_profile("ci", settings.get_profile("sekimori"), derandomize=True, max_examples=40)
settings.load_profile("ci" if os.environ.get("CI") else "sekimori")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="of the dashboard in tests")


def pytest_configure(config: pytest.Config) -> None:
    databases.kind = config.getoption("--database")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
