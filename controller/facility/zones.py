"""Zones of `site.toml`: how they lie in each other, what each asks of whoever enters, and what is wrong with that."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import time

from controller.facility.forms import FacilityForm, PortalForm, ZoneForm
from controller.facility.settings import did_you_mean
from controller.facility.tables import ASSURANCES
from controller.record.conditions import Condition
from controller.record.nesting import around
from controller.rules.passback import MODES
from controller.rules.zone import ZoneRules

ROOM, CONTAINER = KINDS = ("room", "container")
_MOST_MIN = 7 * 24 * 60
_MOST_INSIDE = 100_000
_HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


Plan = Mapping[str, tuple[str, ...]]
"""By zone, the zones that it lies in, the nearest first; of a circle each ends where it began."""


def plan_of(zones: Sequence[ZoneForm]) -> Plan:
    """How the zones lie in each other."""
    inside = {zone.id: zone.inside for zone in zones}
    return {id: around(id, inside) for id in inside}


def zone_rules(form: ZoneForm, plan: Plan, conditions: tuple[Condition, ...]) -> ZoneRules:
    """What the zone asks, by its table of `site.toml`."""
    at = form.anti_passback_forgiven_at
    return ZoneRules(
        form.id,
        ASSURANCES[form.least_assurance],
        conditions,
        plan[form.id],
        frozenset({form.id} | {zone for zone, around in plan.items() if form.id in around}),
        form.anti_passback,
        form.anti_passback_min,
        time.fromisoformat(at) if at else None,
        form.most_inside,
        form.relock_when_empty,
        form.two_person,
        form.together_s,
        form.escort_ratio,
        container=form.kind == CONTAINER,
    )


def zone_mistakes(form: FacilityForm) -> Iterator[str]:
    """Every mistake in how zones lie in each other and what they ask, with its key path."""
    known, plan = [zone.id for zone in form.zone], plan_of(form.zone)
    for n, zone in enumerate(form.zone, 1):
        place = f"zone[{n}]"
        if zone.inside and zone.inside not in known:
            yield f"{place}.inside: no zone {zone.inside!r}{did_you_mean(zone.inside, known)}"
        elif zone.id in plan[zone.id]:
            yield f"{place}.inside: {zone.inside!r} lies in {zone.id!r} itself"
        yield from _container_mistakes(place, zone)
        yield from _passback_mistakes(place, zone)
        if not 0 <= zone.most_inside <= _MOST_INSIDE:
            yield f"{place}.most_inside: {zone.most_inside}; people, up to {_MOST_INSIDE}, or 0 for no limit"
        yield from _blind_mistakes(place, zone, form.portal, plan)


def _container_mistakes(place: str, zone: ZoneForm) -> Iterator[str]:
    """A container stands in a room, and nobody is in it who could be counted."""
    if zone.kind not in KINDS:
        yield f"{place}.kind: {zone.kind!r} is none of {', '.join(map(repr, KINDS))}{did_you_mean(zone.kind, KINDS)}"
    if zone.kind != CONTAINER:
        return
    if not zone.inside:
        yield f"{place}.inside: a container lies in a zone; write its id"
    counting = {
        "anti_passback": zone.anti_passback != "off",
        "most_inside": zone.most_inside > 0,
        "relock_when_empty": zone.relock_when_empty,
    }
    for key in (key for key, said in counting.items() if said):
        yield f"{place}.{key}: nobody is in a container; say it of the zone around it"


def _passback_mistakes(place: str, zone: ZoneForm) -> Iterator[str]:
    if zone.anti_passback not in MODES:
        yield (
            f"{place}.anti_passback: {zone.anti_passback!r} is none of {', '.join(map(repr, MODES))}"
            + did_you_mean(zone.anti_passback, MODES)
        )
    if not 0 <= zone.anti_passback_min <= _MOST_MIN:
        yield f"{place}.anti_passback_min: {zone.anti_passback_min}; minutes, up to {_MOST_MIN}, or 0"
    at = zone.anti_passback_forgiven_at
    if at and not _HOUR.fullmatch(at):
        yield f"{place}.anti_passback_forgiven_at: {at!r}; write \"04:00\""


def _blind_mistakes(place: str, zone: ZoneForm, portals: Sequence[PortalForm], plan: Plan) -> Iterator[str]:
    """What needs to see people leave does not work where they leave unseen."""
    needs = [
        key
        for key, needed in (
            ("anti_passback", zone.anti_passback != "off" and zone.anti_passback_min == 0),
            ("most_inside", zone.most_inside > 0),
            ("relock_when_empty", zone.relock_when_empty),
        )
        if needed
    ]
    blind = [portal.id for portal in portals if _leads_out(portal, zone.id, plan) and not _reads_exits(portal)]
    for key in needs if blind else ():
        yield (
            f"{place}.{key}: people leave unseen at {', '.join(map(repr, blind))}; give it a reader on side 'out'"
            + (", or set anti_passback_min" if key == "anti_passback" else "")
        )
    opens = any(portal.inner == zone.id and portal.unlock and portal.first_card for portal in portals)
    if zone.relock_when_empty and not opens:
        yield f"{place}.relock_when_empty: no portal into {zone.id!r} is unlocked by hours after a first card"


def _leads_out(portal: PortalForm, zone: str, plan: Plan) -> bool:
    """Whether going out by this portal leaves the zone."""
    inner, outer = ((side, *plan.get(side, ())) for side in (portal.inner, portal.outer))
    return zone in inner and zone not in outer


def _reads_exits(portal: PortalForm) -> bool:
    return any(reader.side == "out" for reader in portal.reader)
