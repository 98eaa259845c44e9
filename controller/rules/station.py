"""Who stands at a station: the questions about card, badge and person that a door asks too. No right is asked for here."""

from datetime import datetime

from controller.record.kinds.station import StationRefused
from controller.record.refusals import Code
from controller.rules.access import BadgeFact, Case, Grant, Tap, leave
from controller.rules.effects import PlaySignal
from controller.rules.outcome import Outcome, Refusal
from controller.rules.zone import ZoneRules

GRANTED, REFUSED, WAITING = "granted", "denied", "wait"
"""What a station plays: a step was taken, it came to nothing, another step is awaited."""
NOBODY = Tap("", 0, None, "")


def identify(tap: Tap, known: BadgeFact | None, zone: str, least_assurance: int, now: datetime) -> BadgeFact | Refusal:
    """Whose badge it is, or what is missing for it to count here: card, badge, person, and what was proved."""
    said = leave(Case(tap, known, ZoneRules(zone, least_assurance), now, {}))
    if not isinstance(said, Grant):
        return said
    return said.badge if tap.assurance >= least_assurance else Refusal(Code.ASSURANCE, "station.least_assurance")


def play(station: str, signal: str) -> PlaySignal:
    """A signal at the station."""
    return PlaySignal("", signal, station)


def refused(
    station: str, zone: str, refusal: Refusal, tap: Tap = NOBODY, known: BadgeFact | None = None, thing: str = ""
) -> Outcome:
    """What was held to a station came to nothing."""
    person, badge = (None, None) if known is None or tap.problem is not None else (known.person, known.badge)
    record = StationRefused(
        station, zone, refusal.code, refusal.place, tap.credential, tap.label, person, badge, thing, tap.assurance, 1
    )
    return Outcome((record,), (play(station, REFUSED),))
