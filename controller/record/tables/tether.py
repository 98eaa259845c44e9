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
    # the check list of what has no input; `result` is that of the last look, empty before the first
    Table(
        "tethered",
        {
            "tethered": int,
            "equipment": str,
            "place": str,
            "every_days": int,
            "private": str,
            "private_version": int,
            "state": str,
            "result": str,
            "note": str,
            "checked_at": str,
            "checked_by": int,
            "tether_round": int,
            "due_at": str,
            "registered_at": str,
            "seq": int,
        },
        ("tethered",),
        (("state", "place"), ("equipment",)),
    ),
    # rounds, and what was found of each thing in each; `result` empty: nobody has looked yet
    Table(
        "tether_round",
        {
            "tether_round": int,
            "place": str,
            "state": str,
            "begun_by": int,
            "begun_at": str,
            "ended_by": int,
            "ended_at": str,
            "items": int,
            "ok": int,
            "missing": int,
            "damaged": int,
            "unchecked": int,
            "seq": int,
        },
        ("tether_round",),
        (("state",),),
    ),
    Table(
        "tether_check",
        {
            "tether_round": int,
            "tethered": int,
            "result": str,
            "note": str,
            "operator": int,
            "at": str,
            "seq": int,
        },
        ("tether_round", "tethered"),
    ),
)
