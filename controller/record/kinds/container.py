"""Containers with a physical key or a combination: bought, put up, moved, and taken out of service (C8.1).

One that a badge opens is a zone of `site.toml`; both are places, and share their ids.
"""

import msgspec

from controller.record.duty import settled
from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

SORTS = ("safe", "cabinet", "drawer", "box", "rack")
BADGE, KEY, COMBINATION = LOCKS = ("badge", "key", "combination")
"""What opens it. `badge`: a lock of its own that this controller does not drive."""


@kind("container.registered")
class ContainerRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A container was put up: from now on it is a place. A combination still is the one it was bought with (C8.4)."""

    container: str
    container_sort: str
    """One of `SORTS`."""
    zone: str
    """The place that it stands in."""
    lock: str
    """One of `LOCKS`."""
    text: PrivateRef
    """Its name."""
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The container."""
        row: Row = {
            "container": self.container,
            "container_sort": self.container_sort,
            "zone": self.zone,
            "lock": self.lock,
            "state": self.state,
            "private": self.text.id,
            "private_version": self.text.version,
            "registered_at": record.at,
            "seq": record.seq,
        }
        return (Upsert("container", row),)


@kind("container.moved")
class ContainerMoved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The container stands elsewhere, with all that is in it; a combination has to be changed for it (C8.4)."""

    container: str
    from_zone: str
    zone: str
    operator: int
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Where it stands."""
        row: Row = {"container": self.container, "zone": self.zone, "moved_at": record.at, "seq": record.seq}
        return (Upsert("container", row),)


@kind("container.retired")
class ContainerRetired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The container is out of service: what was about it ended just before this. Its id is not used again."""

    container: str
    zone: str
    """Where it stood last."""
    operator: int
    reason: PrivateRef
    state: str
    appointment: int | None = None
    """By which somebody answered for it last; nobody needs to be named any more."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The container, which is none any more."""
        retired = Upsert("container", {"container": self.container, "state": self.state, "seq": record.seq})
        return (retired,) if self.appointment is None else (retired, settled("keeper", self.appointment))
