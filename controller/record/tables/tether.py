"""The tables of tethered equipment and its rounds (C8.13)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = (
    # tethers with an input, as the site last configured them, and how each stands; no row: not seen yet
    Table(
        "tether",
        {"tether": str, "name_ja": str, "name_en": str, "zone": str, "part": str, "position": int},
        ("tether",),
    ),
    Table("tether_state", {"tether": str, "zone": str, "state": str, "at": str, "seq": int}, ("tether",)),
)
