"""The example's tethered equipment: one thing overdue, one damaged, the others in order, and a round under way (C8.13)."""

from collections.abc import Callable

import msgspec

from controller.record.asks.tether import BeginTetherRound, CheckTether, EndTetherRound, RegisterTether
from controller.record.private import Text

Ask = Callable[[str, msgspec.Struct, Text], None]

THINGS = (
    ("pc-cad-1", "rnd", 0, "設計用PC 1号機"),
    ("pc-cad-2", "rnd", 0, "設計用PC 2号機"),
    ("nas-1", "archive", 0, "図面保管用NAS"),
    ("camera-1", "proto", 30, "試作品撮影用カメラ"),
    ("laptop-qa", "office", 0, "検査記録用ノートPC"),
)
"""Label, place, days from one look to the next (0: a year), name."""


def listed(ask: Ask) -> None:
    """The check list, when the example begins."""
    for label, place, days, name in THINGS:
        ask("suzuki", RegisterTether(label, place, days), {"name": name})


def looked_at(ask: Ask) -> None:
    """A round of the R&D room, in which one wire was found damaged."""
    ask("tanaka", BeginTetherRound("rnd"), {})
    ask("tanaka", CheckTether(1, 1, "ok"), {})
    ask("tanaka", CheckTether(1, 2, "damaged"), {"note": "ワイヤーの被覆が破れ、鍵がかかりません"})
    ask("tanaka", EndTetherRound(1), {})


def under_way(ask: Ask) -> None:
    """Somebody goes the round of the whole site just now."""
    ask("tanaka", BeginTetherRound(), {})
    ask("tanaka", CheckTether(2, 1, "ok"), {})
    ask("tanaka", CheckTether(2, 3, "ok"), {})
