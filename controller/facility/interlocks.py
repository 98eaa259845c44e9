"""What is wrong with the interlocks of a `site.toml`: each stands at both of its portals, and one opens by hours at most."""

from collections.abc import Iterator

from controller.facility.forms import PortalForm
from controller.facility.settings import did_you_mean


def interlock_mistakes(portals: tuple[PortalForm, ...]) -> Iterator[str]:
    """Every mistake, with its key path."""
    known = {portal.id: portal for portal in portals}
    for n, portal in enumerate(portals, 1):
        for m, other in enumerate(portal.interlock, 1):
            place = f"portal[{n}].interlock[{m}]"
            if other == portal.id or other in portal.interlock[: m - 1]:
                yield f"{place}: {other!r} is the portal itself, or stands twice"
            elif other not in known:
                yield f"{place}: no portal {other!r}{did_you_mean(other, list(known))}"
            elif portal.id not in known[other].interlock:
                yield f"{place}: {other!r} does not say interlock = [{portal.id!r}]; it holds both ways or not at all"
            elif portal.unlock and known[other].unlock:
                yield f"{place}: {other!r} has unlock hours too, and only one of the two can stand unlocked"
