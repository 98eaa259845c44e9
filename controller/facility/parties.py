"""What is wrong with the rules of a `site.toml` on people who pass together: times, numbers, doors that let anybody in."""

from collections.abc import Iterator

from controller.facility.forms import FacilityForm
from controller.facility.zones import plan_of

MOST_TOGETHER_S = 120
MOST_ESCORTED = 50


def party_mistakes(form: FacilityForm) -> Iterator[str]:
    """Every mistake, with its key path."""
    for n, zone in enumerate(form.zone, 1):
        if not 1 <= zone.together_s <= MOST_TOGETHER_S:
            yield f"zone[{n}].together_s: {zone.together_s}; seconds, 1 to {MOST_TOGETHER_S}"
        if not 0 <= zone.escort_ratio <= MOST_ESCORTED:
            yield f"zone[{n}].escort_ratio: {zone.escort_ratio}; people, 0 to {MOST_ESCORTED}"
    guarded, plan = {zone.id for zone in form.zone if zone.two_person}, plan_of(form.zone)
    for n, portal in enumerate(form.portal, 1):
        inner, outer = ({side, *plan.get(side, ())} for side in (portal.inner, portal.outer))
        for into in sorted(guarded & (inner ^ outer)) if portal.unlock else ():
            yield f"portal[{n}].unlock: zone {into!r} has two_person, and whoever passes an unlocked door is alone"
