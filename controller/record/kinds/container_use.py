"""Who has a badge-driven container open, from its opening to its closing: one person at a time (C8.1)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Delete, Row, RowChange, Upsert


@kind("container.opened")
class ContainerOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The container's door opened. From now on it is in the hands of whoever opened it, until it is shut."""

    zone: str
    """The container."""
    portal: str
    person: int | None
    """Who opened it; the first of them, where two have to. None: nobody knows."""
    people: tuple[int, ...]
    """Everybody it was released for."""
    cause: str
    """As the door's: `entry`, `operator`, `exit`; `forced`; `start`: it was found open at a start."""
    release: int
    """The record that released it; 0 for none."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Who has it open since when."""
        row: Row = {
            "zone": self.zone,
            "portal": self.portal,
            "person": self.person,
            "people": " ".join(map(str, self.people)),
            "cause": self.cause,
            "opened_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("container_use", row),)


@kind("container.closed")
class ContainerClosed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The container is shut: it is in nobody's hands any more."""

    zone: str
    portal: str
    person: int | None
    opened: int
    """The record that says who had opened it."""
    cause: str
    """`closed`; `start`: it was found shut at a start, and nobody saw when that was."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nobody has it open."""
        return (Delete("container_use", {"zone": self.zone}),)
