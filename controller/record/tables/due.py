"""The tables of what falls due, of whatever noun."""

from controller.record.tables.shape import Table

TABLES = (
    # what is owed by a day and not settled (`controller.record.duty`); the tick looks at it next at `next_at`
    Table(
        "due",
        {
            "due": str,
            "sort": str,
            "number": int,
            "due_at": str,
            "place": str,
            "person": int,
            "stage": str,
            "next_at": str,
            "reached_at": str,
            "told": int,
            "seq": int,
        },
        ("due",),
        (("next_at",), ("reached_at",), ("due_at",), ("person",)),
    ),
)
