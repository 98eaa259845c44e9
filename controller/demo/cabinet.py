"""The example's key cabinet: eight slots in the office, their keys, and who borrowed them; one is overdue since yesterday."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from controller.demo.company import NUMBER, idm
from controller.facility import Facility
from controller.inbox import DigitsTyped, Input, SlotSeen
from controller.record.asks.key import RegisterKey
from controller.record.private import Text

STATION, CABINET = "keys", "main"
KEYS = (
    ("K-01", "通用口 予備鍵", "office", 0, ""),
    ("K-02", "開発室 予備鍵", "rnd", 1, "office"),
    ("K-03", "試作室 予備鍵", "proto", 1, ""),
    ("K-04", "図面庫 予備鍵", "archive", 2, "office"),
    ("K-05", "書類キャビネット", "office", 0, "office"),
    ("K-06", "開発室 部品棚", "rnd", 0, ""),
    ("K-07", "社用車", "office", 0, ""),
    ("K-08", "試作室 薬品庫", "proto", 1, "proto"),
)
"""By slot from 1: label, name, what it opens, how many others have to agree, and the zone it stays in."""
_BORROWERS = {5: ("aoki", "mori", "murakami"), 6: ("watanabe", "kobayashi"), 7: ("goto", "kondo"), 8: ("shimizu",)}
_AUTHORISER = "suzuki"
LATE = "goto", 7
"""Who took which key on the last working day, and has not brought it back."""

_HEAD = """
[[station]]
id = "keys"
name = {{ ja = "鍵箱の受付", en = "Key cabinet's reader" }}
zone = "office"
device = "nfc+udp://127.0.0.1:{port}"
annunciator = {{ red = "simulated:940", green = "simulated:941", blue = "simulated:942", buzzer = "simulated:943" }}
keypad = "simulated:950"

[[cabinet]]
id = "main"
name = {{ ja = "総務の鍵箱", en = "General affairs' key cabinet" }}
zone = "office"
station = "keys"
"""
_SLOT = """[[cabinet.slot]]
number = {n}
release = "simulated:96{n}"
present = "simulated:97{n}"
tag = "simulated:98{n}"
fob = "01-00000000000{n}"
"""


def settings(port: int) -> str:
    """The cabinet in `site.toml`; `port` is its reader's."""
    return _HEAD.format(port=port) + "".join(_SLOT.format(n=n) for n in range(1, len(KEYS) + 1))


def building(facility: Facility) -> list[str]:
    """The cabinet in the building's plan: the same slots, and a key `k1` to `k8` in each."""
    lines = []
    for cabinet in facility.cabinets.values():
        lines += ["[[cabinet]]", f'id = "{cabinet.id}"']
        for slot in cabinet.slots.values():
            lines += ["[[cabinet.slot]]", f"number = {slot.number}", f'release = "{slot.release}"']
            lines += [f'present = "{slot.present}"', f'tag = "{slot.tag}"', f'key = "k{slot.number}"']
        for slot in cabinet.slots.values():
            lines += ["[[key]]", f'name = "k{slot.number}"', f'tag = "{slot.fob}"']
    return lines


def hung(path: Path, out: set[int]) -> None:
    """Where the building's keys hang after the history: each in its slot, but for those that somebody has."""
    places = {f"{CABINET}/{n}": None if n in out else f"k{n}" for n in range(1, len(KEYS) + 1)}
    path.write_bytes(msgspec.json.encode(places))


@dataclass(frozen=True, slots=True)
class Errand:
    """Somebody comes to the cabinet for the key of a slot, or to hang it back."""

    at: datetime
    login: str
    slot: int
    back: bool = False


@dataclass(frozen=True, slots=True)
class Counter:
    """How the example does something at the cabinet: asks for it, holds a badge there, feeds what the cabinet says."""

    ask: Callable[[str, msgspec.Struct, Text], None]
    tap: Callable[[str, bytes], None]
    feed: Callable[[Input], None]
    open: Callable[[int], bool]
    """Whether a slot is open for somebody."""


def furnished(counter: Counter) -> None:
    """The keys on record, each in its slot."""
    for slot, (label, name, opens, authorisers, stays_in) in enumerate(KEYS, 1):
        body = RegisterKey(
            label=label, home="office", opens=opens, cabinet=CABINET, slot=slot, authorisers=authorisers, stays_in=stays_in,
            due_time="17:30",
        )  # fmt: skip
        counter.ask("takahashi", body, {"name": name})
        counter.feed(SlotSeen(CABINET, slot, True, _fob(slot)))


def errands(morning: datetime, chance: random.Random, last: bool) -> Iterator[Errand]:
    """A working day's; on the last one a key is not brought back."""
    for slot, people in _BORROWERS.items():
        if chance.random() < 0.4 and not (last and slot == LATE[1]):
            at = morning + timedelta(hours=chance.uniform(9.5, 13))
            login = chance.choice(people)
            yield Errand(at, login, slot)
            yield Errand(at + timedelta(hours=chance.uniform(0.5, 3.5)), chance.choice((login, *people)), slot, back=True)
    if last:
        yield Errand(morning + timedelta(hours=15.5), *LATE)


def done(counter: Counter, errand: Errand) -> None:
    """The errand, as far as the rules let it come."""
    if errand.back:
        counter.tap(STATION, idm(NUMBER[errand.login]))
        counter.feed(SlotSeen(CABINET, errand.slot, True, _fob(errand.slot)))
        return
    counter.tap(STATION, idm(NUMBER[errand.login]))
    counter.feed(DigitsTyped(STATION, str(errand.slot)))
    if KEYS[errand.slot - 1][3]:
        counter.tap(STATION, idm(NUMBER[_AUTHORISER]))
    if counter.open(errand.slot):
        counter.feed(SlotSeen(CABINET, errand.slot, False))


def _fob(slot: int) -> str:
    return f"01-00000000000{slot}"
