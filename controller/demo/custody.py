"""The example's custody ledger: a laptop that is overdue, copies half collected, a disposal, and what waits for somebody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from controller.demo.company import NUMBER, idm
from controller.demo.place import STICKERS
from controller.record.asks.custody import (
    ApproveCustody,
    AskExtension,
    BeginCustody,
    CollectCopies,
    ConfirmCustody,
    DeclineCustody,
    DisposeCustody,
    EndCustody,
    HandOut,
    RequestCustody,
    WitnessDisposal,
)
from controller.record.asks.sticker import AttachSticker
from controller.record.asks.thing import RegisterThing
from controller.record.canonical import timestamp
from controller.record.private import Text
from hardware.protocols import Assurance, CardRead

STATION = "desk"

THINGS = (
    ("PC-014", "pc", "office", "貸出用ノートPC", ("off_site", "rnd")),
    ("USB-007", "usb", "rnd", "測定データ用USBメモリ", ("proto", "off_site")),
    ("書-112", "paper", "archive", "Xモデル 承認図の写し", ("rnd", "proto", "off_site")),
    ("HDD-003", "disk", "office", "退役サーバーのディスク", ()),
    ("HDD-004", "disk", "office", "退役サーバーのディスク（予備）", ()),
    ("試-021", "prototype", "proto", "次期モデル 筐体の試作品", ("rnd", "off_site")),
)
"""Number written on it, medium, where it is kept, what it is called, where else it may be used."""


@dataclass(frozen=True, slots=True)
class Hands:
    """How the example asks for something, and holds a card to the station a moment later."""

    ask: Callable[[str, msgspec.Struct, Text], None]
    show: Callable[[str, CardRead], None]
    now: Callable[[], datetime]

    def badge(self, login: str) -> None:
        """Somebody's badge at the station."""
        number = idm(NUMBER[login])
        self.show(STATION, CardRead(f"felica-lite-s:{number.hex()}", Assurance.MUTUAL, f"{number[6]:02X}:{number[7]:02X}"))

    def sticker(self, n: int) -> None:
        """The nth sticker at the station."""
        uid = STICKERS[n][1]
        self.show(STATION, CardRead(f"nfca:{uid}", Assurance.ID_ONLY, f"{uid[-4:-2].upper()}:{uid[-2:].upper()}"))

    def request(self, login: str, act: str, thing: int, place: str, days: float, purpose: str, **told: str | int) -> None:
        """Somebody asks, for themselves; `told` is whoever gets it and where, and how many copies."""
        copies = told.pop("copies", 0)
        due_at = timestamp(self.now() + timedelta(days=days)) if days else None
        at_once, who = act in ("use", "store"), NUMBER[login]
        body = RequestCustody(
            person=who, act=act, place=place, thing=thing, due_at=due_at, copies=int(copies), begin=at_once
        )
        self.ask(login, body, {"purpose": purpose, **{name: str(text) for name, text in told.items()}})


def begun(hands: Hands) -> None:
    """Twelve days ago: the things and their stickers, and what was taken out then; the laptop is not back."""
    for code, medium, place, label, allowed in THINGS:
        hands.ask("suzuki", RegisterThing(code=code, medium=medium, place=place, allowed=allowed), {"label": label})
    for n, thing in enumerate(("thing:1", "thing:2")):
        hands.ask("suzuki", AttachSticker(thing, STATION), {})
        hands.sticker(n)
    hands.request("yamada", "take_off", 1, "off_site", 7, "顧客先での設計審査", where="名古屋の顧客")
    hands.ask("takahashi", ApproveCustody(1), {})
    hands.badge("yamada")
    hands.sticker(0)
    hands.request("watanabe", "take_off", 2, "off_site", 3, "協力会社での測定", where="協力会社 測定室")
    hands.ask("suzuki", ApproveCustody(2), {})
    hands.badge("watanabe")
    hands.sticker(1)
    hands.request("suzuki", "store", 6, "proto", 0, "試作品の受入れ")


def lately(hands: Hands) -> None:
    """These days: the USB stick is back by somebody else; copies are out; one disk is destroyed, another has no witness."""
    hands.badge("yamamoto")
    hands.sticker(1)
    hands.ask("suzuki", ConfirmCustody(2), {})
    told: dict[str, str | int] = {"copies": 5, "where": "協力会社", "recipient": "協力会社 設計課"}
    hands.request("suzuki", "provide", 3, "off_site", 5, "協力会社との図面照合", **told)
    hands.ask("takahashi", ApproveCustody(4), {})
    hands.ask("suzuki", BeginCustody(4), {})
    hands.ask("suzuki", HandOut(4, (NUMBER["kondo"], NUMBER["murakami"], 0, 0, 0)), {
        "name.2": "協力会社 山内様", "name.3": "協力会社 堀様", "name.4": "協力会社 大西様",
    })  # fmt: skip
    hands.ask("suzuki", CollectCopies(4, (1, 2), "returned"), {})
    for line, thing in ((5, 4), (6, 5)):
        hands.request("watanabe", "dispose", thing, "office", 10, "サーバー更新に伴う廃棄")
        hands.ask("watanabe", DisposeCustody(line, "crushed" if thing == 4 else "degaussed"), {})
    hands.ask("suzuki", WitnessDisposal(5), {})
    hands.request("yamada", "take_off", 6, "off_site", 2, "展示会での説明", where="展示会場")
    hands.ask("suzuki", DeclineCustody(7), {"reason": "公開前の試作品のため、次回の展示会で"})
    hands.request("watanabe", "use", 2, "proto", 1, "試作機の測定")
    hands.ask("watanabe", EndCustody(8, "returned", NUMBER["watanabe"]), {})
    hands.ask("yamada", AskExtension(1, timestamp(hands.now() + timedelta(days=3))), {})
    hands.request("watanabe", "take_off", 2, "off_site", 4, "協力会社での再測定", where="協力会社 測定室")
    hands.request("yamada", "tell", 3, "rnd", 6, "他部署との打合せ", recipient="品質保証部", copies=2)
