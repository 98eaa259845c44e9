"""The example's combination locks: one in order, one overdue, one due soon, one found open, one whose change is half done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from controller.demo.company import NUMBER, idm
from controller.record.asks.combination import (
    BeginChange,
    FinishChange,
    PlanChange,
    RegisterCombination,
    ReportCombination,
)
from controller.record.private import Text

STATION = "desk"

LOCKS = (
    ("図面庫 金庫A", "archive", "dial", 6, "takahashi", None),
    ("試作室 保管庫", "proto", "electronic", 6, "suzuki", 372),
    ("図面庫 金庫B", "archive", "dial", 6, "takahashi", 340),
    ("開発室 書類キャビネット", "rnd", "keypad", 4, "suzuki", 120),
    ("開発室 試料庫", "rnd", "dial", 6, "suzuki", None),
)
"""Name, place, sort, digits, custodian, and how many days ago its number was changed by the papers; None: new."""


@dataclass(frozen=True, slots=True)
class Hands:
    """How the example asks for something, and holds a badge to the station a moment later."""

    ask: Callable[[str, msgspec.Struct, Text], None]
    tap: Callable[[bytes], None]

    def badges(self, *logins: str) -> None:
        """These people's badges, one after the other."""
        for login in logins:
            self.tap(idm(NUMBER[login]))


def made(hands: Hands, today: date) -> None:
    """The locks on record; the first one's change done, the one that was found open planned."""
    for name, place, sort, digits, custodian, ago in LOCKS:
        changed_on = None if ago is None else f"{today - timedelta(days=ago)}"
        body = RegisterCombination(place, sort, digits, NUMBER[custodian], STATION, changed_on=changed_on)
        hands.ask("suzuki", body, {"name": name})
    knowers = NUMBER["yamada"], NUMBER["okada"]
    hands.ask("takahashi", PlanChange(1, NUMBER["sato"], knowers), {})
    hands.ask("takahashi", BeginChange(1), {})
    hands.badges("takahashi", "sato", "takahashi", "takahashi", "sato", "takahashi", "sato", "yamada", "okada")
    hands.ask("takahashi", FinishChange(1, "", "K-0041"), {})
    hands.ask("tanaka", ReportCombination(4, "found_open"), {"note": "巡回中、扉が開いたまま無人でした"})


def half_done(hands: Hands, changes: dict[int, int]) -> None:
    """Two people are at the newest lock just now: its number is set and tried. `changes`: by lock, the one that is open."""
    hands.ask("suzuki", PlanChange(changes[4], NUMBER["watanabe"], ()), {})
    hands.ask("suzuki", PlanChange(changes[5], NUMBER["watanabe"], (NUMBER["yamada"],)), {})
    hands.ask("suzuki", BeginChange(changes[5]), {})
    hands.badges("suzuki", "watanabe", "suzuki", "suzuki")
