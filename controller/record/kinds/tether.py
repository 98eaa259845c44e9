"""Tethers: wires that hold equipment in its place (C8.13)."""

import msgspec


class TetherSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tether with an input as configured, in the record `site.configured`."""

    tether: str
    name_ja: str
    name_en: str
    zone: str
