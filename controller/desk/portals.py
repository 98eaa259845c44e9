"""Requests about doors and zones: release, override, lockdown, evacuation. Each gathers the facts and asks the rule."""

from collections.abc import Callable
from dataclasses import replace

from controller.desk.asked import Asked, Rule
from controller.record.canonical import moment
from controller.record.refusals import Code
from controller.rules import evacuation, interlock, passage, posture
from controller.rules.authority import within
from controller.rules.effects import PlaySignal
from controller.rules.outcome import Outcome, Refusal
from controller.rules.passage import At


def _release_portal(asked: Asked) -> Outcome | Refusal:
    portal = asked.facility.portals.get(asked.body.portal)
    if portal is None:
        return Refusal(Code.SUBJECT, "body.portal")
    if refusal := within(asked.operator, portal.inner, portal.outer):
        return refusal
    if asked.facts.orders().locked_down(*portal.unlocking.zones):
        return Refusal(Code.LOCKDOWN, "zone.lockdown")
    if blocking := interlock.blocking(portal.interlock, asked.portals):
        return Refusal(Code.INTERLOCK, f"portal.{blocking}")
    at = At(portal.id, asked.portals[portal.id], portal.timing, asked.now_s, inner=portal.inner, outer=portal.outer)
    return passage.release(at, asked.operator.operator, asked.private(f"reason-{asked.id}"))


def _override_portal(asked: Asked) -> Outcome | Refusal:
    portal = asked.facility.portals.get(asked.body.portal)
    if portal is None:
        return Refusal(Code.SUBJECT, "body.portal")
    try:
        until = moment(asked.body.until_at)
    except ValueError:
        return Refusal(Code.PURPOSE, "body.until_at")
    reason = asked.private(f"reason-{asked.id}")
    return posture.override(portal.id, portal.unlocking, asked.operator, asked.body.posture, until, reason, asked.now)


def _resume_portal(asked: Asked) -> Outcome | Refusal:
    portal = asked.facility.portals.get(asked.body.portal)
    if portal is None:
        return Refusal(Code.SUBJECT, "body.portal")
    return posture.resume(portal.id, portal.unlocking, asked.operator, asked.facts.orders())


def _begin_lockdown(asked: Asked) -> Outcome | Refusal:
    return _lockdown(asked, posture.begin_lockdown, "lockdown")


def _end_lockdown(asked: Asked) -> Outcome | Refusal:
    return _lockdown(asked, posture.end_lockdown, "idle_locked")


def _begin_evacuation(asked: Asked) -> Outcome | Refusal:
    if not _is_place(asked, asked.body.zone):
        return Refusal(Code.SUBJECT, "body.zone")
    reason = asked.private(f"reason-{asked.id}")
    return evacuation.begin(asked.body.zone, "operator", asked.operator, reason, asked.facts.orders())


def _end_evacuation(asked: Asked) -> Outcome | Refusal:
    if not _is_place(asked, asked.body.zone):
        return Refusal(Code.SUBJECT, "body.zone")
    reason = asked.private(f"reason-{asked.id}")
    return evacuation.end(asked.body.zone, asked.operator, reason, asked.facts.orders())


def _is_place(asked: Asked, zone: str) -> bool:
    """Whether it is a zone, or the whole site."""
    return zone == posture.SITE or zone in asked.facility.zones


def _lockdown(asked: Asked, rule: Callable[..., Outcome | Refusal], shown: str) -> Outcome | Refusal:
    zone = asked.body.zone
    if not _is_place(asked, zone):
        return Refusal(Code.SUBJECT, "body.zone")
    outcome = rule(zone, asked.operator, asked.private(f"reason-{asked.id}"), asked.facts.orders())
    if isinstance(outcome, Refusal):
        return outcome
    concerned = [p.id for p in asked.facility.portals.values() if zone in (posture.SITE, *p.unlocking.zones)]
    return replace(outcome, effects=tuple(PlaySignal(portal, shown) for portal in concerned))


RULES: dict[str, Rule] = {
    "portal.release": _release_portal,
    "portal.override": _override_portal,
    "portal.resume": _resume_portal,
    "lockdown.begin": _begin_lockdown,
    "lockdown.end": _end_lockdown,
    "evacuation.begin": _begin_evacuation,
    "evacuation.end": _end_evacuation,
}
