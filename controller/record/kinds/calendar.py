"""The calendar: what `site.toml` says of holidays, special days and unlocking, and the special days operators set (C8.8)."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Delete, Row, RowChange, Upsert


class DaySet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A special day as configured: the hours of one schedule (`*`: of all but `always`), `-` for closed."""

    day: str
    schedule: str
    hours: str
    name_ja: str
    name_en: str


class UnlockingSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A portal that stands unlocked at times: in the hours of `schedule` (empty: never), and in an evacuation, or not."""

    portal: str
    schedule: str
    first_card: bool
    evacuation: bool


@kind("calendar.configured")
class CalendarConfigured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `site.toml` says of days and of unlocking, written at a start when it says something new."""

    national: str
    company: tuple[str, ...]
    special: tuple[DaySet, ...]
    unlocking: tuple[UnlockingSet, ...]
    removed_days: tuple[tuple[str, str], ...]
    """Day and schedule of what the last configuration had and this one has not."""
    removed_unlocking: tuple[str, ...]

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The calendar, its special days, and the portals that stand unlocked at times."""
        row: Row = {
            "calendar": "site",
            "national": self.national,
            "company": " ".join(self.company),
            "at": record.at,
            "seq": record.seq,
        }
        days = [Delete("configured_day", {"day": day, "schedule": schedule}) for day, schedule in self.removed_days]
        portals = [Delete("unlocking", {"portal": portal}) for portal in self.removed_unlocking]
        return (
            Upsert("calendar", row),
            *days,
            *portals,
            *(Upsert("configured_day", msgspec.structs.asdict(day)) for day in self.special),
            *(Upsert("unlocking", _unlocking(portal)) for portal in self.unlocking),
        )


def _unlocking(portal: UnlockingSet) -> Row:
    return {
        "portal": portal.portal,
        "schedule": portal.schedule,
        "first_card": int(portal.first_card),
        "evacuation": int(portal.evacuation),
    }


class _SpecialDayAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    special_day: int
    day: str
    schedule: str
    hours: str
    reason: PrivateRef
    requested_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The special day, waiting or in force by its state."""
        row: Row = {
            "special_day": self.special_day,
            "day": self.day,
            "schedule": self.schedule,
            "hours": self.hours,
            "reason": self.reason.id,
            "requested_by": self.requested_by,
            "requested_at": record.at,
            "state": self.state,
            "seq": record.seq,
        }
        return (Upsert("special_day", row),)


@kind("special_day.requested")
class SpecialDayRequested(_SpecialDayAsked, frozen=True, forbid_unknown_fields=True):
    """An operator asked for other hours on a day, which open more than the settings: another person has to approve them."""


@kind("special_day.set")
class SpecialDaySet(_SpecialDayAsked, frozen=True, forbid_unknown_fields=True):
    """The schedule (`*`: all but `always`) has these hours on this day, `-` for none; they open nothing that was closed."""


@kind("special_day.approved")
class SpecialDayApproved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hours that somebody asked for hold: another person, `decided_by`, approved them."""

    special_day: int
    day: str
    schedule: str
    hours: str
    decided_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The special day, in force."""
        return (Upsert("special_day", _decided(self.special_day, self.state, self.decided_by, record)),)


@kind("special_day.declined")
class SpecialDayDeclined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody said no to the hours that were asked for."""

    special_day: int
    decided_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The special day, declined."""
        return (Upsert("special_day", _decided(self.special_day, self.state, self.decided_by, record)),)


@kind("special_day.cleared")
class SpecialDayCleared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The day has the hours of the settings again, or those of a special day that is set after this."""

    special_day: int
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The special day, over."""
        return (Upsert("special_day", _decided(self.special_day, self.state, self.operator, record)),)


def _decided(number: int, state: str, by: int, record: Record) -> Row:
    return {"special_day": number, "state": state, "decided_by": by, "decided_at": record.at, "seq": record.seq}
