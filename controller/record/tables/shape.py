"""What a table is, and what a record may do to one."""

from dataclasses import dataclass, field

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
