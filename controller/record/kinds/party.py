"""People who may only pass together: who waits for whom, who escorts whom, and who was left without the other (C7.7, C8.9)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import Delete, Row, RowChange, Upsert


@kind("entry.awaited")
class EntryAwaited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tap that misses nothing but somebody else's: it opened nothing, and waits until `until_at`.

    `code` is who is missing: an `escort`, or a `second_person`.
    """

    portal: str
    side: str
    zone: str
    code: str
    person: int
    badge: int
    assurance: int
    waiting: int
    """How many wait there now, with this one."""
    until_at: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """What the portal waits for."""
        row: Row = {"code": self.code, "waiting": self.waiting, "until_at": self.until_at}
        return (Upsert("awaited", {"portal": self.portal, **row, "at": record.at, "seq": record.seq}),)


@kind("party.entered")
class PartyEntered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These people are let in by one opening, none of whom would be alone; each has an `entry.granted` behind this record."""

    portal: str
    zone: str
    people: tuple[int, ...]
    waiting: int
    """How many still wait there for somebody else."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The portal waits for nobody more, or for the last ones."""
        row: Row = {"portal": self.portal, "waiting": self.waiting, "at": record.at, "seq": record.seq}
        return (Upsert("awaited", row if self.waiting else {**row, "code": "", "until_at": None}),)


@kind("escort.begun")
class EscortBegun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`person` is let into the zone together with `escort`, who answers for them from now on (C7.7)."""

    portal: str
    zone: str
    person: int
    escort: int
    """0: nobody's. They came out of a zone inside of this one, and nobody has escorted them there."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Whose they are; one escort at a time."""
        row: Row = {"zone": self.zone, "escort": self.escort, "at": record.at, "seq": record.seq}
        return (Upsert("escorting", {"person": self.person, **row}),)


@kind("escort.ended")
class EscortEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`person` is let out of the zone, or in by a right of their own: nobody escorts them there any more."""

    zone: str
    person: int
    escort: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nobody's."""
        return (Delete("escorting", {"person": self.person}),)


@kind("zone.violated")
class ZoneViolated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`person` is inside the zone without the others that its rules ask for: an alarm. Nobody was kept from leaving.

    `code` is who is missing: their `escort`, or a `second_person`.
    """

    zone: str
    person: int
    code: str
    companion: int | None
    """Who left them: their escort, or whoever was known to leave last; None where nobody knows."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The violation that lasts."""
        row: Row = {"companion": self.companion, "at": record.at, "seq": record.seq}
        return (Upsert("zone_violation", {"zone": self.zone, "person": self.person, "code": self.code, **row}),)


@kind("zone.restored")
class ZoneRestored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A violation of the zone's rules lasts no more: the other came back, the person left, or is not known to be inside."""

    zone: str
    person: int
    code: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """No violation."""
        key: Row = {"zone": self.zone, "person": self.person, "code": self.code}
        return (Delete("zone_violation", key),)
