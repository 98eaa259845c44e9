"""`python -m tests.bench`: chooses the rows, measures group by group, prints the table, writes `bench.json`."""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.measure import FULL, QUICK, Row, Run

GROUPS = ("taps", "decisions", "leaver", "muster", "start", "wire", "requests", "verify")


def main() -> int:
    """0 when every target is met, 1 when one is missed, 2 when one could not be measured or is not known."""
    asked = _arguments()
    console = Console(stderr=True)
    groups = [import_module(f"tests.bench.{name}") for name in GROUPS]
    known = [name for group in groups for name in group.NAMES]
    if unknown := set(asked.rows) - set(known):
        console.print(f"not known: {', '.join(sorted(unknown))}; known are {', '.join(known)}")
        return 2
    wanted = [group for group in groups if not asked.rows or set(group.NAMES) & set(asked.rows)]
    rows: list[Row] = []
    broken = False
    with tempfile.TemporaryDirectory(prefix="sekimori-bench-", dir=asked.folder) as folder:
        run = Run(QUICK if asked.quick else FULL, Path(folder), lambda text: console.print(f"  {text}", style="dim"))
        for group in wanted:
            begin = time.monotonic()
            console.print(group.__name__.rpartition(".")[2], style="bold")
            try:
                rows += [row for row in group.rows(run) if not asked.rows or row.name in asked.rows]
            except (AssertionError, OSError, RuntimeError) as error:
                broken = True
                console.print(f"  not measured: {error}", style="red")
            run.say(f"{time.monotonic() - begin:.0f} s")
    Path(asked.json).write_text(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1) + "\n")
    Console().print(_table(rows, asked.quick))
    return 2 if broken else int(any(row.met is False for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What the product costs.")
    parser.add_argument("rows", nargs="*", metavar="row", help="only these rows")
    parser.add_argument("--quick", action="store_true", help="small sizes; the targets are for the full run")
    parser.add_argument("--json", default="bench.json", help="where the rows go (bench.json)")
    parser.add_argument("--folder", help="a folder on the disk to measure (the system's temporary one)")
    return parser.parse_args()


def _table(rows: list[Row], quick: bool) -> Table:
    table = Table(title="quick run: small sizes" if quick else None)
    for heading in ("row", "value", "against", "ratio", "target", ""):
        table.add_column(heading, justify="right" if heading in ("value", "ratio") else "left")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        met = {True: "met", False: "[red]missed[/red]", None: ""}[row.met]
        table.add_row(row.name, f"{row.value:,.{_digits(row.value)}f} {row.unit}", row.against, ratio, row.target, met)
    return table


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 2


if __name__ == "__main__":
    sys.exit(main())
