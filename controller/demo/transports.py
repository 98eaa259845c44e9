"""The example's transports: one done, one late on its way, one whose seal differs, one to approve; a carrier about to lapse."""

import hashlib
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from controller.record.asks.carrier import ApproveCarrier, AssessCarrier, PledgeCarrier, RegisterCarrier
from controller.record.asks.transport import (
    ApproveTransport,
    ConfirmByLink,
    ConfirmTransport,
    ContentAsked,
    LinkTransport,
    PackTransport,
    ReceiveTransport,
    RequestTransport,
    SealAsked,
)
from controller.record.canonical import timestamp
from controller.record.private import Text

DONE_BEFORE, LATE_BEFORE = 20, 3
"""So many days before now the one was carried that is done, and those that are not."""

Ask = Callable[[str, msgspec.Struct, Text | None], None]

_COMPANIES = (("箱根運輸", "0460-00-1111 配車係", 300), ("相模便", "042-000-2222 営業所", 21))
"""Name, whom to call, and for how many days from now its assessment and pledge still hold."""


class Carrying:
    """Asks for what the example's people carry, by the rules: suzuki orders, takahashi approves, tanaka packs and hands out."""

    def __init__(self, connection: sqlite3.Connection, ask: Ask) -> None:
        self._connection = connection
        self._ask = ask

    def companies(self, now: datetime, days_left: int) -> None:
        """Two companies, assessed by one and approved by another, `days_left` days before the end of the example's past."""
        if self._connection.execute("select 1 from carrier").fetchone() is not None:
            return
        today = now.date()
        for number, (name, contact, days) in enumerate(_COMPANIES, 1):
            until = f"{today + timedelta(days=days_left + days)}"
            sha256 = hashlib.sha256(name.encode()).hexdigest()
            self._ask("suzuki", RegisterCarrier(), {"name": name, "contact": contact})
            self._ask("suzuki", AssessCarrier(number, f"{today - timedelta(days=3)}", until, sha256), None)
            self._ask("takahashi", ApproveCarrier(number), None)
            self._ask("suzuki", PledgeCarrier(number, "2026-04", f"{today - timedelta(days=2)}", until, sha256), None)

    def done(self, now: datetime) -> None:
        """A sample that went to a customer by the company, and whose receipt is here."""
        number = self._leaves(now, 1, ("加工サンプル A-17", "検査成績書"), "神奈川県横浜市 株式会社港北精工", "H-1001 H-1002")
        self._arrives(number, "H-1001 H-1002")
        self._by_link(number, "carrier", "takahashi")
        self._ask("takahashi", ReceiveTransport(number), None)

    def under_way(self, now: datetime) -> None:
        """One that should have arrived, and one that arrived with another seal."""
        self._leaves(now, 2, ("試作ギヤ 3次",), "静岡県沼津市 東海熱処理", "H-1010")
        number = self._leaves(now, 1, ("図面一式（封筒）",), "東京都大田区 城南設計", "H-1011 H-1012")
        self._arrives(number, "H-1011 H-2043")

    def waiting(self, now: datetime) -> None:
        """One that waits for its approval."""
        self._order(now, 1, ("測定データの媒体",), "愛知県豊田市 三河計測")

    def _order(self, now: datetime, company: int, things: tuple[str, ...], address: str) -> int:
        dates = [timestamp(now + timedelta(hours=hours)) for hours in (2, 9, 200)]
        contents = tuple(ContentAsked("", n) for n, _ in enumerate(things, 1))
        text = {f"description.{n}": thing for n, thing in enumerate(things)} | {"address": address}
        self._ask("suzuki", RequestTransport("rnd", "", None, company, None, contents, *dates), text)
        row = self._connection.execute("select max(transport) from transport").fetchone()
        return int(row[0])

    def _leaves(self, now: datetime, company: int, things: tuple[str, ...], address: str, seals: str) -> int:
        number = self._order(now, company, things, address)
        self._ask("takahashi", ApproveTransport(number), None)
        self._ask("tanaka", PackTransport(number, tuple(map(SealAsked, seals.split())), (), True), None)
        self._ask("tanaka", ConfirmTransport(number, "sender", self._digest(number)), None)
        self._by_link(number, "carrier", "suzuki")
        return number

    def _arrives(self, number: int, seals: str) -> None:
        self._by_link(number, "recipient", "suzuki", tuple(map(SealAsked, seals.split())))

    def _by_link(self, number: int, side: str, issuer: str, seals: tuple[SealAsked, ...] = ()) -> None:
        """Somebody outside confirms by a link that `issuer` sent; the example's token is anybody's to read, and used up."""
        token = hashlib.sha256(f"{number} {side} {issuer}".encode()).hexdigest()[:43]
        row = self._connection.execute("select arrive_by from transport where transport = ?", (number,)).fetchone()
        digest = hashlib.sha256(token.encode()).hexdigest()
        self._ask(issuer, LinkTransport(number, side, digest, row[0]), None)
        self._ask(issuer, ConfirmByLink(number, side, self._digest(number), seals), {"token": token})

    def _digest(self, number: int) -> str:
        row = self._connection.execute("select contents_sha256 from transport where transport = ?", (number,)).fetchone()
        return str(row[0])
