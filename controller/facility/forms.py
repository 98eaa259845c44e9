"""The form of `site.toml`, table by table. What a struct cannot say is in `mistakes.py`."""

from datetime import date

from controller.facility.cabinets import CabinetForm
from controller.facility.combinations import CombinationForm
from controller.facility.stations import StationForm, TetherForm
from controller.facility.tables import AnnunciatorForm, Form, Names
from controller.record.conditions import OCCASIONS


class SiteForm(Form, frozen=True):
    """`[site]`."""

    id: str
    name: Names
    timezone: str = "Asia/Tokyo"


class ClockForm(Form, frozen=True):
    """`[clock]`: `ntp` trusts the clock once the kernel says it is synchronised, `host` always (demo, virtual machines)."""

    trust: str = "ntp"
    rtc: bool = True
    """Whether a clock that a real-time clock set at the machine's start is trusted."""
    holdover_h: int = 72
    """So many hours after the last synchronisation the clock is still trusted."""


class BrokerForm(Form, frozen=True):
    """`[broker]`: absent, the controller works alone.

    Passwords by file, never here; a relative name is one beside `site.toml`.
    """

    host: str
    port: int = 8883
    user: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    recovery_s: int = 60
    """How long a start waits for a dashboard when records are missing, before it begins a new epoch; taps are busy then."""


class DiskForm(Form, frozen=True):
    """`[disk]`: below `low_mb` megabytes free it is an alarm; `reserve_mb` are kept for when there are none. 0: without."""

    low_mb: int = 200
    reserve_mb: int = 8


class RetentionForm(Form, frozen=True):
    """`[retention]`: how long the bytes of records are kept that leave no lasting state: taps and doors. 0: for ever."""

    entries_days: int = 0


class PinForm(Form, frozen=True):
    """`[pin]`: digits at least, seconds to type, wrong ones in a row until the badge is locked out, and for how long."""

    length: int = 6
    wait_s: int = 15
    tries: int = 5
    lockout_min: int = 15


class KeysForm(Form, frozen=True):
    """`[keys]`: how many keys a person may have at a time, 0 for any number; whether two count them (C8.2)."""

    most_per_person: int = 0
    audit_by_two: bool = False


class MetricsForm(Form, frozen=True):
    """`[metrics]`: absent, nobody is answered. `host:port`; the figures hold no personal data, and are not encrypted."""

    listen: str


class SimulationForm(Form, frozen=True):
    """`[simulation]`: where the simulated building listens; needed when a part is `simulated:`."""

    building: str


class BackupForm(Form, frozen=True):
    """`[backup]`: to whom backups are encrypted when the command does not say it; `age1…` each."""

    recipients: tuple[str, ...] = ()


class SpecialForm(Form, frozen=True):
    """`[[calendar.special]]`: a day with other hours (C8.8): a half-day, a Saturday that is worked, an inventory night."""

    date: date
    name: Names
    hours: str | dict[str, str]
    """For every schedule but `always`, or by schedule; empty: closed."""


class CalendarForm(Form, frozen=True):
    """`[calendar]`: national holidays of `JP` (or none), the company's own days, and days with other hours."""

    national: str = "JP"
    company: tuple[date, ...] = ()
    special: tuple[SpecialForm, ...] = ()


class ScheduleForm(Form, frozen=True):
    """`[[schedule]]`: windows by day; `holidays` are closed unless windows or `as_weekday` stand there."""

    id: str
    name: Names
    hours: dict[str, str]


class ZoneForm(Form, frozen=True):
    """`[[zone]]`. `least_assurance` is in words; anything below `mutual` lets in whoever copies a card."""

    id: str
    name: Names
    least_assurance: str = "mutual"
    requires: tuple[str, ...] = ()
    """`pledge:ID` and `training:ID`: what whoever enters has to have signed and attended (C5.1, C7.6)."""
    inside: str = ""
    """The zone that this one lies in; empty: in none."""
    kind: str = "room"
    """`room`, or `container`: a cupboard or a safe, to which people have rights of its own, and in which nobody is."""
    anti_passback: str = "off"
    """`off`, `soft` (let in, and a violation on record) or `hard` (refused): who enters must have left."""
    anti_passback_min: int = 0
    """So many minutes a violation counts; 0: until the person was seen to leave."""
    anti_passback_forgiven_at: str = ""
    """The hour of the day, `04:00`, at which everybody starts anew; empty: never."""
    most_inside: int = 0
    """So many people at a time; 0: no limit."""
    relock_when_empty: bool = False
    """What the first card opened locks again when the last one has left."""
    two_person: bool = False
    """Nobody is let in to be alone: two right holders come together, or two are inside already (C8.9)."""
    together_s: int = 15
    """Within how many seconds those tap who come in together."""
    escort_ratio: int = 4
    """How many people an escort may have inside at once (C7.7); 0: nobody is escorted in."""


class PledgeForm(Form, frozen=True):
    """`[[pledge]]`: a text that people sign. Another `version` or document has to be signed anew."""

    id: str
    name: Names
    version: str
    sha256: str
    """Of the document: `sha256sum FILE` says it."""
    valid_days: int = 0
    """Days after that of the signature on which it still holds; 0: without end."""
    when: tuple[str, ...] = OCCASIONS


class CourseForm(Form, frozen=True):
    """`[[course]]`: what people attend, at least once a year if nothing else is said."""

    id: str
    name: Names
    valid_days: int = 365
    """Days after that of the course on which it still holds."""


class ReaderForm(Form, frozen=True):
    """`[[portal.reader]]`: on side `in` one taps to enter `inner`, on side `out` to leave it."""

    device: str
    side: str = "in"
    annunciator: AnnunciatorForm | None = None
    keypad: str = ""
    """Where PINs are typed, by device URL; empty: nowhere."""


class PortalForm(Form, frozen=True):
    """`[[portal]]`: leads from zone `outer` (absent: outside) into zone `inner` (C8.7: lock and contact are required)."""

    id: str
    name: Names
    inner: str
    lock: str
    contact: str
    reader: tuple[ReaderForm, ...]
    outer: str = ""
    exit_button: str = ""
    release_s: int = 5
    held_open_s: int = 20
    unlock: str = ""
    """The schedule in whose hours the portal stands unlocked (C8.8); empty: never."""
    first_card: bool = True
    """Unlocked only after the first right holder of the day came into the zone."""
    interlock: tuple[str, ...] = ()
    """Portals of which none is let go while this one is not shut and locked, and the other way round (an airlock)."""
    evacuation: str = "free_egress"
    """`release`: stands open in an evacuation; else nothing changes, because the way out is wired hardware."""
    pin: str = ""
    """The schedule in whose hours a PIN is asked for beside the badge: `always`, or one of the site's; empty: never."""
    pin_outside: str = ""
    """The schedule outside whose hours a PIN is asked for; one of the two at most."""


class EvacuationForm(Form, frozen=True):
    """`[evacuation]`: a contact that begins one when it becomes active, of the fire panel say. A person ends it (C8.9)."""

    input: str
    zone: str = "*"
    """What is evacuated then: a zone, or `*` for the whole site."""


class DueForm(Form, frozen=True):
    """`[due]`: by which schedule's hours it is counted until what is overdue is escalated; empty: by the file's first."""

    schedule: str = ""
    tether_days: int = 365
    """From one look at a tethered thing to the next, where nothing else is said of the thing (C8.13)."""


class FacilityForm(Form, frozen=True):
    """The whole file."""

    site: SiteForm
    zone: tuple[ZoneForm, ...]
    portal: tuple[PortalForm, ...]
    clock: ClockForm = ClockForm()
    calendar: CalendarForm = CalendarForm()
    broker: BrokerForm | None = None
    metrics: MetricsForm | None = None
    disk: DiskForm = DiskForm()
    retention: RetentionForm = RetentionForm()
    evacuation: EvacuationForm | None = None
    simulation: SimulationForm | None = None
    backup: BackupForm = BackupForm()
    schedule: tuple[ScheduleForm, ...] = ()
    pledge: tuple[PledgeForm, ...] = ()
    course: tuple[CourseForm, ...] = ()
    pin: PinForm = PinForm()
    due: DueForm = DueForm()
    combination: CombinationForm = CombinationForm()
    station: tuple[StationForm, ...] = ()
    tether: tuple[TetherForm, ...] = ()
    keys: KeysForm = KeysForm()
    cabinet: tuple[CabinetForm, ...] = ()
