"""Whether the wall clock is to be believed, and what time it is at least while it is not (design §6).

Theory. Two clocks are looked at together: the wall's, which people and programs may set, and the seconds since the machine
started, which nobody can. Their difference stands still, but for the little that NTP slews; when it moves by more than
`JUMP_S` between two looks, somebody has set the wall clock. Then nothing that was known of it holds: it is doubted, until the
machine says *after* the jump that it is synchronised (the kernel forgets that by itself when its clock is set), or somebody at
the console looks at a watch. Every jump is a record, also one that is believed at once: so an auditor sees that the clock was
set, by how much, and what was decided before and after.

A start begins in doubt, unless the kernel is synchronised, the settings trust the host, or a real-time clock set the time
and it is not before what the ledger knows. An RTC is asked at a start alone: after a jump it has nothing to do with the time.

When NTP is lost, the clock is still good for a while (a Pi drifts by 50 ppm, 4 s a day): `holdover` for so long, then doubt.

While doubted, taps are judged by counting: when the clock was last believed in this run, and the seconds since. So a clock that
somebody sets forward opens nobody's hours. (Design §6 says the later of that and the wall clock: that would.) In a run in
which it was never believed there is nothing to count from, and it is the later of the wall clock and the last time that the
ledger knows for sure. A right that was over stays over, however often somebody taps, restarts or sets the clock back. What
the clock said while it was doubted is no such bound: a boot into 2099 refuses what has ended by then, and is forgotten when
trust is regained. Time that is trusted simply counts, also when it is earlier than before: who is believed to
keep the time is believed to correct it, and nothing else would ever end a wrong year. A right may then hold again that had been
refused as over, but not unnoticed: `clock.doubted` (an alarm, with `by_s`) and `clock.trusted` stand between.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from controller.record.canonical import timestamp
from controller.record.kinds.clock import ClockDoubted, ClockTrusted
from controller.record.refusals import Code
from controller.rules.outcome import Refusal

SYNCED, DECLARED, RTC, CONFIRMED, HOLDOVER, UNSYNCED = "synced", "declared", "rtc", "confirmed", "holdover", "unsynced"

JUMP_S = 2.0
"""More than a leap second and than NTP slews between two looks; less than what could matter to a right."""

_FOLLOW_S = 0.1
"""The difference of the clocks is taken anew when it has moved by so much: most looks leave everything as it is."""

EARLIEST_S = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
"""No controller of this version ran before: an RTC that says so has lost its battery."""

CONFIRM_S = 60.0
"""So old may the time be that somebody at the console confirms."""

News = tuple[ClockDoubted | ClockTrusted, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: wall clock (seconds of the epoch), seconds since the machine's start, and what it says of the first."""

    at_s: float
    elapsed_s: float
    said: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the clock stands. `base_s`: wall minus elapsed, now; `known_s`: the same when it was last believed."""

    quality: str
    base_s: float
    known_s: float
    synced_s: float
    """Elapsed seconds when the machine last said that it is synchronised."""
    counted: bool = True
    """Whether `known_s` is of this run, and so what time it is; else it is only the time that it is at least."""


def trusted(quality: str) -> bool:
    """Whether a clock of this quality is believed. The one place that says so."""
    return quality != UNSYNCED


def begin(seen: Seen, floor_s: float | None) -> tuple[Standing, News]:
    """The first look of a run. `floor_s`: the last time that the ledger knows for sure, None for an empty one."""
    base = seen.at_s - seen.elapsed_s
    kept = seen.said in (SYNCED, DECLARED)
    least = floor_s if kept else max(floor_s or 0.0, EARLIEST_S)
    behind = 0.0 if least is None else seen.at_s - least
    if behind < -JUMP_S:
        doubt = _doubted("behind", behind, least or 0.0)
    elif seen.said == UNSYNCED:
        doubt = _doubted("start", 0.0, least or 0.0)
    else:
        return Standing(seen.said, base, base, seen.elapsed_s), ()
    if kept:
        return Standing(seen.said, base, base, seen.elapsed_s), (doubt, ClockTrusted(seen.said))
    known = (least or 0.0) - seen.elapsed_s
    return Standing(UNSYNCED, base, known, seen.elapsed_s, counted=False), (doubt,)


def look(standing: Standing, seen: Seen, holdover_s: float) -> tuple[Standing, News]:
    """What a look makes of it. Mostly the very same standing, and no news."""
    moved = seen.at_s - seen.elapsed_s - standing.base_s
    news: News = ()
    if abs(moved) > JUMP_S:
        standing, news = _jumped(standing, seen, moved)
    elif abs(moved) > _FOLLOW_S:
        standing = replace(standing, base_s=standing.base_s + moved)
    if standing.quality == seen.said and seen.said != SYNCED:
        return standing, news
    if seen.said in (SYNCED, DECLARED):
        if not trusted(standing.quality):
            news = (*news, ClockTrusted(seen.said))
        if standing.quality != seen.said or seen.elapsed_s - standing.synced_s > 1.0:
            standing = replace(standing, quality=seen.said, synced_s=seen.elapsed_s)
        return standing, news
    return _unsaid(standing, seen, holdover_s, news)


def _jumped(standing: Standing, seen: Seen, moved: float) -> tuple[Standing, News]:
    """Somebody set the wall clock, by so many seconds."""
    believed = trusted(standing.quality)
    known = standing.base_s if believed else standing.known_s
    doubt = _doubted("jump", moved, known + seen.elapsed_s)
    counted = believed or standing.counted
    base = standing.base_s + moved
    return replace(standing, quality=UNSYNCED, base_s=base, known_s=known, counted=counted), (doubt,)


def _unsaid(standing: Standing, seen: Seen, holdover_s: float, news: News) -> tuple[Standing, News]:
    """The machine does not say that its clock is synchronised: what it was believed for holds, or holds for a time."""
    if standing.quality not in (SYNCED, HOLDOVER, DECLARED):
        return standing, news
    if standing.quality != DECLARED and seen.elapsed_s - standing.synced_s <= holdover_s:
        return standing if standing.quality == HOLDOVER else replace(standing, quality=HOLDOVER), news
    doubt = _doubted("holdover", 0.0, standing.base_s + seen.elapsed_s)
    return replace(standing, quality=UNSYNCED, known_s=standing.base_s, counted=True), (*news, doubt)


def confirmed(standing: Standing, seen: Seen) -> Standing:
    """Somebody has compared the clock with a watch: believed until the next jump or start."""
    base = seen.at_s - seen.elapsed_s
    return Standing(CONFIRMED, base, base, seen.elapsed_s)


def judged_s(standing: Standing, seen: Seen) -> float:
    """The time to judge at, seconds of the epoch."""
    if trusted(standing.quality):
        return seen.at_s
    known = standing.known_s + seen.elapsed_s
    return known if standing.counted else max(seen.at_s, known)


def confirm(quality: str, shown_at: datetime, now: datetime) -> Refusal | None:
    """Whether the clock may be confirmed now; `shown_at` is the time that was shown to whoever confirms it."""
    if trusted(quality):
        return Refusal(Code.SUBJECT, "clock")
    if abs((now - shown_at).total_seconds()) > CONFIRM_S:
        return Refusal(Code.FRESHNESS, "shown_at")
    return None


def _doubted(reason: str, by_s: float, known_s: float) -> ClockDoubted:
    return ClockDoubted(reason, round(by_s), timestamp(datetime.fromtimestamp(known_s, UTC)))
