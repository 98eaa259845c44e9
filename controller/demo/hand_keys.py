"""The example's keys without a cabinet: a ring that is lent, a lost one, a duplicate in its envelope, what waits for a word."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from controller.demo.company import NUMBER
from controller.record.asks.key import LendKey, RegisterKey, ReportKeyLost, ReserveKey, ReturnKey, SealKey
from controller.record.canonical import timestamp
from controller.record.private import Text

Ask = Callable[[str, msgspec.Struct, Text], None]

_WEEK = 7 * 24 * 60
_KEYS = (
    ("H-01", "開発室 書庫（鍵束）", "rnd", "", 0),
    ("H-02", "開発室 薬品棚（鍵束）", "rnd", "H-01", 0),
    ("H-03", "正門", "office", "", 0),
    ("H-04", "通用口 合い鍵", "office", "", 0),
    ("H-05", "開発室 予備扉", "rnd", "", 1),
    ("H-06", "会議室 壁面収納", "office", "", 0),
)
"""Label, name, what it opens, whose ring it hangs on, how many others have to agree."""


def kept(ask: Ask, numbers: Callable[[str], int]) -> None:
    """The keys on record; the ring lent, the gate's key lost by a guard, the duplicate sealed. `numbers`: by label."""
    for label, name, opens, ring, authorisers in _KEYS:
        body = RegisterKey(
            label=label, home="office", opens=opens, ring=numbers(ring) if ring else 0, authorisers=authorisers,
            copy_of=numbers("K-01") if label == "H-04" else 0, due_minutes=_WEEK, due_time="",
        )  # fmt: skip
        ask("takahashi", body, {"name": name})
    ask("takahashi", SealKey(numbers("H-04"), "S-0041", "archive"), {})
    ask("tanaka", LendKey(numbers("H-02"), NUMBER["sato"]), {"purpose": "薬品棚の棚卸し"})
    ask("tanaka", LendKey(numbers("H-06"), NUMBER["takahashi"]), {"purpose": "会議資料の取出し"})
    ask("tanaka", ReturnKey(numbers("H-06"), NUMBER["sato"]), {})
    ask("takahashi", LendKey(numbers("H-03"), NUMBER["fukuda"]), {"purpose": "夜間の巡回"})
    ask("tanaka", ReportKeyLost(numbers("H-03")), {"reason": "巡回中に落とした（正門から駐車場の間）"})


def waiting(ask: Ask, numbers: Callable[[str], int], now: datetime, zone: ZoneInfo) -> None:
    """A loan that waits for somebody's agreement, and a key that is reserved for the day after tomorrow."""
    ask("tanaka", LendKey(numbers("H-05"), NUMBER["sato"]), {"purpose": "空調設備の点検への立会い"})
    day = (now.astimezone(zone) + timedelta(days=2)).replace(hour=10, minute=0, second=0, microsecond=0)
    body = ReserveKey(numbers("H-06"), NUMBER["takahashi"], timestamp(day), timestamp(day + timedelta(hours=2)))
    ask("takahashi", body, {"purpose": "役員会の準備"})
