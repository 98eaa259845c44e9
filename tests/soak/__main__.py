"""`python -m tests.soak`: plays, judges, and prints what happened. Ends with 1 when anything was wrong."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.soak.judge import judge
from tests.soak.play import Play

LARGEST_GROWTH_MB = 8.0
"""What the memory of a process may grow by between the first and the last quarter of the calm part."""


def main() -> int:
    """0 when all was as it must be, 1 when not."""
    asked, console = _arguments(), Console()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sekimori-soak-", dir=asked.folder) as name:
        folder = Path(name)
        play = Play(folder, asked.seed, asked.rate, lambda text: console.print(text, style="dim"))
        play.prepare()
        play.run(asked.taps, asked.calm)
        wrong = [*judge(play.data, play.dashboard_data, play.journal), *_swollen(play)]
        console.print(_table(play, time.monotonic() - begun))
    for text in wrong:
        console.print(text, style="bold red")
    console.print("wrong: " + str(len(wrong)) if wrong else "nothing opened unrecorded, nothing recorded was lost")
    return int(bool(wrong))


def _swollen(play: Play) -> list[str]:
    return [
        f"the memory of {name} grew from {first:.0f} to {last:.0f} MB"
        for name in play.memory.seen
        for first, last in [play.memory.growth(name)]
        if last - first > LARGEST_GROWTH_MB
    ]


def _table(play: Play, took_s: float) -> Table:
    table = Table(title=f"{took_s:.0f} s")
    table.add_column("what")
    table.add_column("how many", justify="right")
    for what, count in (("taps decided", play.decided.total()), *sorted(play.decided.items())):
        table.add_row(what, f"{count:,}")
    for name, count in sorted(play.kills.items()):
        table.add_row(f"{name} killed", f"{count:,}")
    for name in play.memory.seen:
        first, last = play.memory.growth(name)
        table.add_row(f"{name}, MB in the calm part: first, last quarter", f"{first:.0f}, {last:.0f}")
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--taps", type=int, default=200_000, help="how many must be decided (200,000)")
    parser.add_argument("--calm", type=float, default=0.4, help="share at the end in which nobody is killed (0.4)")
    parser.add_argument("--rate", type=float, default=800, help="taps a second (800)")
    parser.add_argument("--seed", type=int, default=1, help="of chance (1)")
    parser.add_argument("--folder", help="where (the system's temporary folder)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
