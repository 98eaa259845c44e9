"""What a dashboard may ask for: information assets: the catalogue (C1.1, C1.2)."""

from typing import Annotated

import msgspec

from controller.record.measures import MOST_MEASURES, OWN_MARK
from controller.record.requests import Number, Word, request_kind

MOST_ALLOWED = 16
"""Places where one asset may be handled."""

MOST_ROWS = 20
"""Assets of one import: it is one transaction, behind which taps wait."""

FIELDS = ("business?", "title", "note?", "users?", "department?", "medium?", "owner?", "contract?")
"""The private texts of one asset, `?` behind those that may be missing."""

_Words = Annotated[tuple[Word, ...], msgspec.Meta(max_length=MOST_MEASURES)]


class Described(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What is said of an asset in codes and ids; see the record's kind for each."""

    secrecy: Word
    place: Word
    marking: Word = OWN_MARK
    measures: _Words = ()
    allowed: _Words = ()
    personal: _Words = ()
    retain_until: Word | None = None
    """The last day of its retention; None without end."""


@request_kind("asset.register", private=FIELDS)
class RegisterAsset(Described, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Enter an asset in the catalogue."""

    registered_on: Word | None = None
    """The day that it was known since; None: today."""


@request_kind("asset.change", private=FIELDS)
class ChangeAsset(Described, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Let the asset be as described here, texts too: also where it is kept."""

    asset: Number


@request_kind("asset.withdraw")
class WithdrawAsset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take an asset out of the catalogue."""

    asset: Number
    reason: Word
    """One of `controller.record.kinds.asset.WITHDRAWALS`."""


class AssetRow(Described, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One line of an import."""

    registered_on: Word | None = None


@request_kind("assets.import", private=tuple(f"{name.rstrip('?')}*" for name in FIELDS))
class ImportAssets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Enter these assets, all of them or none."""

    rows: Annotated[tuple[AssetRow, ...], msgspec.Meta(min_length=1, max_length=MOST_ROWS)]
