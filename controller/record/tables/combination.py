"""The tables of combination locks, who knows which number, and changes (C8.2-C8.4).

There is no column for a number, and none may ever be added: not one that is hashed, not one that is sealed (design §11).
"""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = (
    Table(
        "combination",
        {
            "combination": int,
            # the zone or container whose lock it is
            "place": str,
            "sort": str,
            "digits": int,
            "custodian": int,
            # where its changes are confirmed
            "station": str,
            "max_age_days": int,
            "change_when_added": int,
            "state": str,
            "private": str,
            "private_version": int,
            # what the number in force was last accounted with: another manager than this, and standing in other
            # places than these (containers, then the zone), ask for a change
            "manager": int,
            "stands": str,
            # the seal of the envelope in which the number lies, empty for none
            "seal": str,
            # the last day on which it was changed before it was registered here; null where it was installed then
            "changed_on": str,
            "changed_at": str,
            "due_at": str,
            "registered_by": int,
            "registered_at": str,
            "seq": int,
        },
        ("combination",),
        (("place",), ("custodian",), ("state", "due_at")),
    ),
    # who knows it: `knows`, `removed` (may not know it any more, and the number is still the same), `former`
    Table(
        "knower",
        {
            "knower": int,
            "combination": int,
            "person": int,
            "state": str,
            "since_at": str,
            "told_by": int,
            # the change in which they last confirmed that they have it; null: told between two changes
            "combination_change": int,
            "cause": str,
            "removed_at": str,
            "seq": int,
        },
        ("knower",),
        (("combination", "state"), ("person", "state")),
    ),
    # changes: `open`, `planned`, `running`, `broken_off`, `done`; `step` is the last one that was confirmed
    Table(
        "combination_change",
        {
            "combination_change": int,
            "combination": int,
            "state": str,
            "step": str,
            "due_at": str,
            "opened_at": str,
            "custodian": int,
            "witness": int,
            "planned_at": str,
            # both are awaited at the station until then; it is forgotten with a restart
            "station": str,
            "called_until": str,
            "begun_at": str,
            "drawn_at": str,
            "manner": str,
            "set_at": str,
            "tried_at": str,
            "witnessed_at": str,
            "dead_at": str,
            "void_seal": str,
            "seal": str,
            "listed_at": str,
            "code": str,
            "done_at": str,
            "seq": int,
        },
        ("combination_change",),
        (("combination", "state"), ("state", "station")),
    ),
    # why: one trigger a row, with the person whom it is about, 0 for nobody
    Table(
        "combination_reason",
        {"combination_change": int, "reason": str, "person": int, "at": str, "seq": int},
        ("combination_change", "reason", "person"),
    ),
    # who is to know the new number beside custodian and witness, and has confirmed that they do: `expected`, `confirmed`
    Table(
        "combination_sharing",
        {"combination_change": int, "person": int, "state": str, "badge": int, "confirmed_at": str, "seq": int},
        ("combination_change", "person"),
    ),
)
