"""The tables of what is kept where, and who answers for it (C1.1, C2.1, C3.1)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = (
    # containers with a physical key or a combination; one that a badge opens is a zone (C8.1)
    Table(
        "container",
        {
            "container": str,
            "container_sort": str,
            "zone": str,
            "lock": str,
            "state": str,
            "private": str,
            "private_version": int,
            "registered_at": str,
            "moved_at": str,
            "seq": int,
        },
        ("container",),
        (("zone",),),
    ),
    # in whose hands a badge-driven container is while it is open (C8.1); several numbers where it asks for two people
    Table(
        "container_use",
        {"zone": str, "portal": str, "person": int, "people": str, "cause": str, "opened_at": str, "seq": int},
        ("zone",),
    ),
    # who answers for a place: one row a duty, `keeper` is `place:duty:appointment`
    Table(
        "keeper",
        {
            "keeper": str,
            "place": str,
            "duty": str,
            "person": int,
            "appointment": int,
            "state": str,
            "since": str,
            "seq": int,
        },
        ("keeper",),
        (("place",), ("person",)),
    ),
    Table(
        "appointment",
        {
            "appointment": int,
            "place": str,
            "manager": int,
            "deputy": int,
            "state": str,
            "requested_by": int,
            "requested_at": str,
            "decided_by": int,
            "decided_at": str,
            "seq": int,
        },
        ("appointment",),
        (("state",), ("place", "state")),
    ),
    # the catalogue; words in `measures`, `allowed` and `personal` are apart by spaces, `asks` is 1 while a door asks for them
    Table(
        "asset",
        {
            "asset": int,
            "secrecy": str,
            "marking": str,
            "place": str,
            "measures": str,
            "allowed": str,
            "personal": str,
            "retain_until": str,
            "registered_on": str,
            "state": str,
            "asks": int,
            "private": str,
            "private_version": int,
            "operator": int,
            "seq": int,
        },
        ("asset",),
        (("place", "state"), ("asks",)),
    ),
    Table(
        "label",
        {
            "label": int,
            "place": str,
            "template": str,
            "count": int,
            "lang": str,
            "operator": int,
            "at": str,
            "seq": int,
        },
        ("label",),
        (("place",),),
    ),
)
