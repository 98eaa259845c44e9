"""The tables of electronic key cabinets: what is screwed on, and who stands at them (C8.2). Keys are in `key`."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = (
    Table(
        "cabinet",
        {
            "cabinet": str,
            "name_ja": str,
            "name_en": str,
            "zone": str,
            "station": str,
            "take_s": int,
            "position": int,
        },
        ("cabinet",),
    ),
    # `cabinet/number`; `stray_since`: something hangs there that nobody knows
    Table(
        "cabinet_slot",
        {"cabinet_slot": str, "cabinet": str, "slot": int, "identified": int, "stray_since": str, "position": int},
        ("cabinet_slot",),
        (("cabinet",),),
    ),
    # who stands there, at which step; `code` and `place` are why the last thing asked for was refused. `options` are private
    # rows: the purposes that can be chosen by their place
    Table(
        "cabinet_session",
        {
            "cabinet": str,
            "person": int,
            "step": str,
            "lock_key": int,
            "slot": int,
            "loan": int,
            "options": str,
            "code": str,
            "place": str,
            "until_at": str,
            "at": str,
            "seq": int,
        },
        ("cabinet",),
    ),
)
