"""What a tether's level comes to (C8.13): a cut is an alarm at once, and it is over when the wire has been whole for a while.

Levels count, never edges: the level that stands is compared with the state on record, whenever there is reason to look.
A wire that is touched again and again must not fill the ledger, so each cut within an hour doubles the time that it has to be
whole until it counts as such.
"""

from collections.abc import Sequence

from controller.record.kinds.tether import TetherCut, TetherObserved, TetherRestored
from controller.rules.outcome import Outcome

CALM_S, LONGEST_CALM_S = 5.0, 320.0
HOUR_S = 3600.0


def calm_s(cuts: Sequence[float], now_s: float) -> float:
    """So long the wire has to be whole after these cuts, monotonic seconds each."""
    recent = sum(now_s - cut < HOUR_S for cut in cuts)
    return min(CALM_S * float(1 << max(0, recent - 1)), LONGEST_CALM_S)


def seen(tether: str, zone: str, state: str | None, is_cut: bool, calm: bool) -> Outcome:
    """What a level comes to. `state` is the one on record, None for none yet; `calm`: it has been so for long enough."""
    if is_cut:
        return Outcome() if state == "cut" else Outcome((TetherCut(tether, zone),))
    if state is None:
        return Outcome((TetherObserved(tether, zone),))
    return Outcome((TetherRestored(tether, zone),)) if state == "cut" and calm else Outcome()
