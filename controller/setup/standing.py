"""What is there already: read from the data directory alone, while a controller runs or not."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from controller.facts import Facts
from controller.keyring import key_paths
from controller.rules.start import two_people
from controller.setup.people import Given


@dataclass(frozen=True, slots=True)
class Standing:
    """A data directory as the first run finds it."""

    settings: bool
    keys: bool
    operators: dict[int, Given] = field(default_factory=dict)
    """The active ones by number."""
    two: bool = False
    """There are, or were, two people."""
    alone: bool = False
    """A single-person start waits for its review."""
    dashboards: frozenset[str] = frozenset()
    """Key ids of those that are trusted."""

    def lacking(self, alone: bool) -> int:
        """How many people it still takes; with `alone`, for a start by one."""
        there = min(len(self.operators), 1)
        return 0 if self.two or self.alone else (1 if alone else 2) - there


def standing(data: Path, ledger: sqlite3.Connection | None) -> Standing:
    """How the data directory stands, with its ledger opened for reading if there is one."""
    settings, keys = (data / "site.toml").exists(), all(path.exists() for path in key_paths(data).values())
    return Standing(settings, keys) if ledger is None else _of_ledger(ledger, settings, keys)


def _of_ledger(ledger: sqlite3.Connection, settings: bool, keys: bool) -> Standing:
    facts = Facts(ledger)
    names = {
        number: str(msgspec.json.decode(text).get("name", ""))
        for number, text in ledger.execute(
            """select operator, text from operator
            left join private on private.id = operator.private and version = private_version where text is not null"""
        )
    }
    known = facts.operators()
    active = {
        one.operator: Given(names.get(one.operator, ""), tuple(sorted(one.roles)))
        for one in known
        if one.state == "active"
    }
    older = ledger.execute("select 1 from sqlite_master where name = 'start'").fetchone() is None
    alone = not older and facts.start() is not None
    trusted = frozenset(keys.id for keys in facts.dashboards())
    return Standing(settings, keys, active, two_people(known), alone, trusted)
