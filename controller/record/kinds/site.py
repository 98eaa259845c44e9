"""The site itself: its ledger's beginning, what is screwed on, starts, and parts that fail."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.cabinet import CabinetSet
from controller.record.kinds.station import StationSet
from controller.record.kinds.tether import TetherSet
from controller.record.tables import Delete, Row, RowChange, Upsert


@kind("ledger.opened")
class LedgerOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first record of a ledger. A later epoch of it begins with version 2 of this kind."""

    site: str
    epoch: int
    previous: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The epoch."""
        row: Row = {"opening": self.epoch, "previous": self.previous, "at": record.at, "seq": record.seq}
        return (Upsert("opening", row),)


@kind("ledger.opened", 2)
class LedgerReopened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new epoch begins behind the records that are here: a checkpoint that the site once signed is not kept any more.

    The records before this one stay; those that the old checkpoint covers and that are not among them are lost (design §4).
    """

    site: str
    epoch: int
    previous: str
    """The checkpoint with which the ledger breaks, as a signed note; empty when none is known."""
    reason: str
    """`lost`: it covers more records than are here. `fork`: it covers others. `restored`: a backup was put back, and
    nobody could be asked what came after it."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The epoch, and why it was begun."""
        row: Row = {
            "opening": self.epoch,
            "previous": self.previous,
            "reason": self.reason,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("opening", row),)


@kind("ledger.recovered")
class LedgerRecovered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The records from `first` to `last` were missing here and came back from a dashboard's copy, as they once were signed."""

    first: int
    last: int
    texts: int
    """How many private rows that they refer to came with them."""
    dashboard: str
    """Whose copy it was."""
    checkpoint: str
    """The signed note that they were checked against."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing."""
        return ()


@kind("controller.started")
class ControllerStarted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run began. Every lock was commanded secure before this."""

    version: str
    boot: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing."""
        return ()


@kind("controller.stopped")
class ControllerStopped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run ended in order; after a crash this record is missing."""

    boot: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing."""
        return ()


class ZoneSetBefore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A zone as version 1 of `site.configured` says it."""

    zone: str
    name_ja: str
    name_en: str
    least_assurance: int


class ZoneSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A zone as configured."""

    zone: str
    name_ja: str
    name_en: str
    least_assurance: int
    requires: tuple[str, ...] = ()
    """The conditions that whoever enters has to fulfil: `pledge:nda`, `training:induction` (C5.1, C7.6)."""
    inside: str = ""
    """The zone that it lies in; empty for none."""
    most_inside: int = 0
    """So many people at a time; 0: no limit."""
    two_person: bool = False
    """Whether nobody may be alone in it (C8.9)."""
    together_s: int = 15
    """Within how many seconds those tap who pass together."""
    escort_ratio: int = 4
    """How many people an escort may have inside (C7.7)."""
    zone_kind: str = "room"
    """`room`, or `container`: a cupboard or a safe."""


class ConditionSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pledge's text or a course as configured; see `controller.record.conditions`."""

    condition: str
    name_ja: str
    name_en: str
    version: str
    sha256: str
    valid_days: int
    occasions: tuple[str, ...]


class ReaderSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reader as configured: at which portal, on which side."""

    reader: str
    side: str


class PortalSetBefore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A portal as version 1 of `site.configured` says it."""

    portal: str
    name_ja: str
    name_en: str
    inner: str
    outer: str
    readers: tuple[ReaderSet, ...]


class PortalSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A portal as configured: leads from zone `outer` (empty: outside) into zone `inner`."""

    portal: str
    name_ja: str
    name_en: str
    inner: str
    outer: str
    readers: tuple[ReaderSet, ...]
    interlock: tuple[str, ...] = ()
    """Portals of which none is let go while this one is not secure."""


class ScheduleSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A schedule as configured; `hours` is its text form for people."""

    schedule: str
    name_ja: str
    name_en: str
    hours: str


class _Configured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    site: str
    name_ja: str
    name_en: str
    timezone: str

    def _fixed(
        self,
        record: Record,
        zones: tuple[msgspec.Struct, ...],
        portals: tuple[PortalSet | PortalSetBefore, ...],
        schedules: tuple[ScheduleSet, ...],
        removed: tuple[tuple[str, str], ...],
    ) -> list[RowChange]:
        """The fixed tables that every version of this kind tells of."""
        names = {"name_ja": self.name_ja, "name_en": self.name_en}
        rows: list[RowChange] = [Delete(table, {table: key}) for table, key in removed]
        rows += [Delete("portal_state", {table: key}) for table, key in removed if table == "portal"]
        rows.append(
            Upsert("site", {"site": self.site, **names, "timezone": self.timezone, "at": record.at, "seq": record.seq})
        )
        rows += [Upsert("zone", _row(zone, n)) for n, zone in enumerate(zones)]
        rows += [Upsert("schedule", _row(schedule, n)) for n, schedule in enumerate(schedules)]
        for n, portal in enumerate(portals):
            row = _row(portal, n)
            del row["readers"]
            rows.append(Upsert("portal", row))
            rows += [
                Upsert("reader", {"reader": reader.reader, "portal": portal.portal, "side": reader.side, "position": n})
                for reader in portal.readers
            ]
        return rows


def _row(described: msgspec.Struct, position: int) -> Row:
    """What is said of one thing, as a row; a list of words as one text."""
    fields = msgspec.structs.asdict(described)
    words = {name: " ".join(value) for name, value in fields.items() if name in ("requires", "occasions", "interlock")}
    flags = {name: int(value) for name, value in fields.items() if isinstance(value, bool)}
    return {**fields, **words, **flags, "position": position}


@kind("site.configured")
class SiteConfiguredBefore(_Configured, frozen=True, forbid_unknown_fields=True):
    """What `site.toml` says, as it was written before zones could require anything of people."""

    zones: tuple[ZoneSetBefore, ...]
    portals: tuple[PortalSetBefore, ...]
    schedules: tuple[ScheduleSet, ...]
    removed: tuple[tuple[str, str], ...]
    """Table and id of what the last configuration had and this one has not."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The fixed tables."""
        return tuple(self._fixed(record, self.zones, self.portals, self.schedules, self.removed))


@kind("site.configured", 2)
class SiteConfiguredWithoutStations(_Configured, frozen=True, forbid_unknown_fields=True):
    """What `site.toml` says, as it was written before a site could have stations."""

    zones: tuple[ZoneSet, ...]
    portals: tuple[PortalSet, ...]
    schedules: tuple[ScheduleSet, ...]
    removed: tuple[tuple[str, str], ...]
    """Table and id of what the last configuration had and this one has not."""
    conditions: tuple[ConditionSet, ...] = ()

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The fixed tables."""
        rows = self._fixed(record, self.zones, self.portals, self.schedules, self.removed)
        return (*rows, *(Upsert("condition", _row(one, n)) for n, one in enumerate(self.conditions)))


@kind("site.configured", 3)
class SiteConfigured(_Configured, frozen=True, forbid_unknown_fields=True):
    """What `site.toml` says, written at a start when it says something new."""

    zones: tuple[ZoneSet, ...]
    portals: tuple[PortalSet, ...]
    schedules: tuple[ScheduleSet, ...]
    removed: tuple[tuple[str, str], ...]
    """Table and id of what the last configuration had and this one has not."""
    conditions: tuple[ConditionSet, ...] = ()
    stations: tuple[StationSet, ...] = ()
    tethers: tuple[TetherSet, ...] = ()
    cabinets: tuple[CabinetSet, ...] = ()

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The fixed tables; what was known of a tether that is gone goes with it."""
        rows = self._fixed(record, self.zones, self.portals, self.schedules, self.removed)
        rows += [Delete("container_use", {table: key}) for table, key in self.removed if table == "zone"]
        rows += [Delete("tether_state", {table: key}) for table, key in self.removed if table == "tether"]
        more = (("condition", self.conditions), ("station", self.stations), ("tether", self.tethers))
        rows += [Upsert(table, _row(one, n)) for table, said in more for n, one in enumerate(said)]
        rows += [Delete("cabinet_session", {table: key}) for table, key in self.removed if table == "cabinet"]
        return (*rows, *(row for n, one in enumerate(self.cabinets) for row in one.rows(n)))


@kind("part.failed")
class PartFailed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reader, lock or contact stopped answering: an alarm. It is never replaced in silence."""

    part: str
    reason: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The part has failed."""
        row: Row = {"part": self.part, "state": "failed", "reason": self.reason, "at": record.at, "seq": record.seq}
        return (Upsert("part", row),)


@kind("part.recovered")
class PartRecovered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part answers again."""

    part: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The part works."""
        row: Row = {"part": self.part, "state": "ok", "reason": "", "at": record.at, "seq": record.seq}
        return (Upsert("part", row),)


@kind("inputs.dropped")
class InputsDropped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """More came than can be taken in; so many inputs of this sort were answered `busy` and not decided.

    `sort` is an input's; or `query/` or `request/` and the id of a dashboard that asks faster than it is answered.
    """

    sort: str
    count: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing."""
        return ()
