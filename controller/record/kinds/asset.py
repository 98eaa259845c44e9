"""Information assets: the catalogue (C1.1, C1.2). What people wrote is private; class, place and measures are on record."""

import msgspec

from controller.record.duty import owed, settled
from controller.record.envelope import Record, kind
from controller.record.measures import NO_CARRY_IN
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

TEXTS = ("business", "title", "note", "users", "department", "medium", "owner", "contract")
"""業務分類, 情報資産名称, 備考, 利用者範囲, 管理部署, 媒体・保存先.

And where another company entrusted it: whose it is, and what its contract asks beside the measures.
"""

WITHDRAWALS = ("disposed", "returned", "declassified", "mistaken")
"""Why an asset is in the catalogue no more: destroyed, given back to its owner, not secret any more, or entered by mistake."""

HELD, WITHDRAWN = "held", "withdrawn"


def asked_of_doors(measures: tuple[str, ...]) -> int:
    """1 where some of these measures are a door's affair, else 0."""
    return int(any(code != NO_CARRY_IN for code in measures))


class _Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    asset: int
    secrecy: str
    """One of `controller.record.measures.SECRECIES`."""
    marking: str
    """One of `MARKS` there."""
    place: str
    """The zone or container that it is kept in."""
    measures: tuple[str, ...]
    """What its contract or class asks of that place: `least_assurance:aes`, `two_person`, `pledge:nda` …"""
    allowed: tuple[str, ...]
    """The places where it may be handled beside the one it is kept in (C8.5)."""
    personal: tuple[str, ...]
    """The sorts of personal information in it, of `PERSONAL` there."""
    retain_until: str | None
    """The last day of its retention, by the site's calendar; None without end."""
    retain_until_at: str | None
    """The moment at which that day is over."""
    registered_on: str
    """The day, by the site's calendar."""
    text: PrivateRef
    """`TEXTS`."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The asset."""
        row: Row = {
            "asset": self.asset,
            "secrecy": self.secrecy,
            "marking": self.marking,
            "place": self.place,
            "measures": " ".join(self.measures),
            "allowed": " ".join(self.allowed),
            "personal": " ".join(self.personal),
            "retain_until": self.retain_until,
            "registered_on": self.registered_on,
            "state": self.state,
            "asks": asked_of_doors(self.measures),
            "private": self.text.id,
            "private_version": self.text.version,
            "operator": self.operator,
            "seq": record.seq,
        }
        return (Upsert("asset", row), self._retention())

    def _retention(self) -> RowChange:
        """What is to become of the asset is due when its retention is over."""
        if self.retain_until_at is None:
            return settled("asset", self.asset)
        return owed("asset", self.asset, self.retain_until_at, self.place)


@kind("asset.registered")
class AssetRegistered(_Asset, frozen=True, forbid_unknown_fields=True):
    """An asset was entered in the catalogue; what it asks for holds in its place from now on."""


@kind("asset.changed")
class AssetChanged(_Asset, frozen=True, forbid_unknown_fields=True):
    """The asset as it is from now on: also where it is kept."""


@kind("asset.withdrawn")
class AssetWithdrawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The asset is in the catalogue no more, and asks for nothing."""

    asset: int
    place: str
    """Where it was kept."""
    reason: str
    """One of `WITHDRAWALS`."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The asset, withdrawn."""
        row: Row = {"asset": self.asset, "state": self.state, "asks": 0, "operator": self.operator, "seq": record.seq}
        return (Upsert("asset", row), settled("asset", self.asset))
