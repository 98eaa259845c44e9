"""The tables that records fold into, as data: both sides create them from here, the dashboard with site and epoch in front.

Join columns are declared, INTEGER or TEXT, the same on both sides: an undeclared one made SQLite scan.
`FOLD_VERSION` is raised with every change of a table or of a kind's rows; on a mismatch the tables are folded anew.
"""

from dataclasses import dataclass, field

FOLD_VERSION = 3

Value = int | str | None
Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in order with their types, its key, its indexes."""

    name: str
    columns: dict[str, type[int] | type[str]]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Upsert:
    """Insert the row, or set these columns of the row with the same key; other columns stay."""

    table: str
    row: Row


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the row with this key, if it is there."""

    table: str
    key: Row


@dataclass(frozen=True, slots=True)
class Erase:
    """Beside the tables: delete every version of every private row about this person (`private_of`), with its salt."""

    person: int
    table: str = "private"
    """Not one that is folded: it is beside the ledger, and no rebuild drops it."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Beside the tables: make husks of the records from `first` to `last` of these kinds, but for those in `kept`."""

    first: int
    last: int
    kinds: tuple[str, ...]
    kept: tuple[int, ...]
    table: str = "record"


RowChange = Upsert | Delete | Erase | Drop

_TABLES = (
    # the epochs of the ledger itself; `seq` is the first record of each
    Table("opening", {"opening": int, "previous": str, "reason": str, "at": str, "seq": int}, ("opening",)),
    # what stopped the program, and is refused
    Table(
        "poison", {"poison": str, "sort": str, "place": str, "version": str, "at": str, "seq": int}, ("poison",)
    ),
    # what is screwed on, as the site last configured it
    Table("site", {"site": str, "name_ja": str, "name_en": str, "timezone": str, "at": str, "seq": int}, ("site",)),
    Table(
        "zone",
        {
            "zone": str,
            "name_ja": str,
            "name_en": str,
            "least_assurance": int,
            "requires": str,
            "inside": str,
            "most_inside": int,
            "two_person": int,
            "together_s": int,
            "escort_ratio": int,
            "zone_kind": str,
            "position": int,
        },
        ("zone",),
    ),
    Table(
        "portal",
        {"portal": str, "name_ja": str, "name_en": str, "inner": str, "outer": str, "interlock": str, "position": int},
        ("portal",),
    ),
    Table("reader", {"reader": str, "portal": str, "side": str, "position": int}, ("reader",)),
    Table("schedule", {"schedule": str, "name_ja": str, "name_en": str, "hours": str, "position": int}, ("schedule",)),
    # what a zone can require of people (`pledge:nda`, `training:induction`)
    Table(
        "condition",
        {
            "condition": str,
            "name_ja": str,
            "name_en": str,
            "version": str,
            "sha256": str,
            "valid_days": int,
            "occasions": str,
            "position": int,
        },
        ("condition",),
    ),
    # its days: what the site's settings say, and what operators set
    Table("calendar", {"calendar": str, "national": str, "company": str, "at": str, "seq": int}, ("calendar",)),
    Table(
        "configured_day",
        {"day": str, "schedule": str, "hours": str, "name_ja": str, "name_en": str},
        ("day", "schedule"),
    ),
    Table(
        "special_day",
        {
            "special_day": int,
            "day": str,
            "schedule": str,
            "hours": str,
            "state": str,
            "reason": str,
            "requested_by": int,
            "requested_at": str,
            "decided_by": int,
            "decided_at": str,
            "seq": int,
        },
        ("special_day",),
        (("state", "day"),),
    ),
    Table("unlocking", {"portal": str, "schedule": str, "first_card": int, "evacuation": int}, ("portal",)),
    # how it stands
    Table(
        "portal_state",
        {
            "portal": str,
            "lock": str,
            "leaf": str,
            "status": str,
            "cause": str,
            "cause_seq": int,
            "release_seq": int,
            "until_at": str,
            "at": str,
            "seq": int,
        },
        ("portal",),
    ),
    Table(
        "portal_override",
        {
            "portal": str,
            "posture": str,
            "until_at": str,
            "operator": int,
            "reason": str,
            "at": str,
            "seq": int,
        },
        ("portal",),
    ),
    Table("zone_opening", {"zone": str, "person": int, "until_at": str, "seq": int}, ("zone",)),
    # who waits at a portal for somebody else (`code` empty: nobody), whose escort somebody is, who is left without the others
    Table(
        "awaited",
        {"portal": str, "code": str, "waiting": int, "until_at": str, "at": str, "seq": int},
        ("portal",),
    ),
    Table("escorting", {"person": int, "zone": str, "escort": int, "at": str, "seq": int}, ("person",)),
    Table(
        "zone_violation",
        {"zone": str, "person": int, "code": str, "companion": int, "at": str, "seq": int},
        ("zone", "person", "code"),
    ),
    Table("lockdown", {"zone": str, "operator": int, "reason": str, "at": str, "seq": int}, ("zone",)),
    Table(
        "evacuation",
        {"zone": str, "cause": str, "operator": int, "reason": str, "at": str, "seq": int},
        ("zone",),
    ),
    Table("part", {"part": str, "state": str, "reason": str, "at": str, "seq": int}, ("part",)),
    # by which rules record bytes were dropped; `seq` is the record of each
    Table(
        "retention",
        {
            "seq": int,
            "first": int,
            "last": int,
            "kinds": str,
            "kept": str,
            "count": int,
            "digest": str,
            "at": str,
        },
        ("seq",),
        (("last",),),
    ),
    # people and what they may
    Table(
        "person",
        {
            "person": int,
            "state": str,
            "state_by": str,
            # their last day by the calendar on the site's wall, the moment at which it is over, and whose word that is
            "leaves_on": str,
            "leaves_at": str,
            "leaves_by": str,
            "left_at": str,
            "private": str,
            "private_version": int,
            "registered_at": str,
            "seq": int,
        },
        ("person",),
        (("state",), ("leaves_at",)),
    ),
    # whom a private row is about, so that it can be erased and known again; what is erased stays here without its text
    Table(
        "private_of",
        {"private": str, "version": int, "digest": str, "person": int},
        ("private", "version"),
        (("person",), ("digest",)),
    ),
    Table(
        "badge",
        {
            "badge": int,
            "person": int,
            "credential": str,
            "assurance": int,
            "label": str,
            "state": str,
            "enrolled_at": str,
            "seq": int,
        },
        ("badge",),
        (("credential",), ("person",)),
    ),
    Table(
        "access_right",
        {
            "access_right": int,
            "person": int,
            "team": int,
            "zone": str,
            "schedule": str,
            "from_at": str,
            "until_at": str,
            "manner": str,
            "state": str,
            "purpose": str,
            "requested_by": int,
            "requested_at": str,
            "decided_by": int,
            "decided_at": str,
            # the approval, and the last word of anybody: the approval, or who kept or narrowed it in which review
            "approved_seq": int,
            "judged_by": int,
            "judged_at": str,
            "judged_seq": int,
            "review": int,
            "verdict": str,
            "seq": int,
        },
        ("access_right",),
        (("person", "zone"), ("team", "zone"), ("state", "judged_seq")),
    ),
    Table(
        "review",
        {
            "review": int,
            "zones": str,
            "due_on": str,
            "due_at": str,
            "operator": int,
            "opened_at": str,
            "closed_at": str,
            "state": str,
            "seq": int,
        },
        ("review",),
        (("state",),),
    ),
    # groups; the noun is not SQL's keyword
    Table(
        "team",
        {
            "team": int,
            "state": str,
            "private": str,
            "private_version": int,
            "created_by": int,
            "created_at": str,
            "seq": int,
        },
        ("team",),
    ),
    Table(
        "membership",
        {
            "membership": int,
            "team": int,
            "person": int,
            "state": str,
            "purpose": str,
            "requested_by": int,
            "requested_at": str,
            "decided_by": int,
            "decided_at": str,
            "seq": int,
        },
        ("membership",),
        (("person",), ("team", "state"), ("state",)),
    ),
    # pledges signed and courses attended; `on_day` is a day of the site's calendar, `until_at` null without end
    Table(
        "fulfilment",
        {
            "fulfilment": int,
            "person": int,
            "condition": str,
            "version": str,
            "sha256": str,
            "on_day": str,
            "occasion": str,
            "until_at": str,
            "operator": int,
            "note": str,
            "state": str,
            "recorded_at": str,
            "seq": int,
        },
        ("fulfilment",),
        (("person", "condition"), ("condition", "until_at")),
    ),
    Table(
        "enrolment",
        {
            "reader": str,
            "person": int,
            "state": str,
            "code": str,
            "badge": int,
            "until_at": str,
            "operator": int,
            "seq": int,
        },
        ("reader",),
    ),
    # who is where since when, and since when that is uncertain; `zone` empty is outside, `*` in a doubt is everywhere
    Table(
        "presence",
        {
            "person": int,
            "zone": str,
            "since": str,
            "certain": int,
            "source": str,
            "portal": str,
            "pardon_until": str,
            "seq": int,
        },
        ("person",),
        (("zone", "seq"),),
    ),
    Table(
        "presence_doubt",
        {"zone": str, "portal": str, "reason": str, "standing": int, "at": str, "seq": int},
        ("zone", "portal"),
    ),
    # that a person has a PIN, and how it stands; what verifies it is beside the ledger and never sent
    Table(
        "pin",
        {
            "person": int,
            "pin": int,
            "state": str,
            "failures": int,
            "locked_until": str,
            "set_at": str,
            "seq": int,
        },
        ("person",),
        (("pin",),),
    ),
    Table(
        "pin_enrolment",
        {
            "reader": str,
            "person": int,
            "state": str,
            "code": str,
            "until_at": str,
            "operator": int,
            "seq": int,
        },
        ("reader",),
    ),
    # alarms that no door shows
    Table("duress", {"duress": int, "person": int, "portal": str, "at": str}, ("duress",)),
    # what the reception's book has; numbers from 1, by hand
    Table(
        "noted_entry",
        {
            "note": int,
            "person": int,
            "portal": str,
            "side": str,
            "zone": str,
            "book_at": str,
            "reason": str,
            "noted_by": int,
            "noted_at": str,
            "state": str,
            "decided_by": int,
            "decided_at": str,
            "moved": int,
            "seq": int,
        },
        ("note",),
        (("state",), ("person",)),
    ),
    # whose word counts
    Table(
        "operator",
        {
            "operator": int,
            "roles": str,
            "scope": str,
            "person": int,
            "state": str,
            "private": str,
            "private_version": int,
            "seq": int,
        },
        ("operator",),
        (("person",),),
    ),
    Table(
        "succession",
        {"public": str, "previous": str, "sig": str, "compromised": int, "at": str, "seq": int},
        ("public",),
    ),
    Table("dashboard", {"dashboard": str, "public": str, "state": str, "at": str, "seq": int}, ("dashboard",)),
    Table(
        "start",
        {
            "start": int,
            "state": str,
            "operator": int,
            "at": str,
            "seq": int,
            "reviewed_by": int,
            "reviewed_at": str,
            "reviewed_seq": int,
            "upto": int,
        },
        ("start",),
    ),
    Table(
        "request",
        {
            "request": str,
            "request_kind": str,
            "dashboard": str,
            "operator": int,
            "code": str,
            "first_seq": int,
            "last_seq": int,
            "at": str,
        },
        ("request",),
    ),
)

TABLES = {table.name: table for table in _TABLES}
