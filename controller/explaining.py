"""Why a door opens for somebody, or does not: the door's own decision, asked of the tables instead of a reader.

The facts are gathered by the same `Cases`, the checks are those of `rules/access.py`; nothing is decided here.
"""

import sqlite3
from datetime import datetime

from controller.cases import Cases
from controller.facility import Facility
from controller.facts import Facts
from controller.in_force import InForce
from controller.postures import Postures
from controller.presences import Coming
from controller.record.canonical import moment, timestamp
from controller.record.explained import Explained, Said
from controller.rules import access, interlock
from controller.rules.access import BadgeFact, Finding, Grant, Tap
from controller.rules.clock import DECLARED, UNSYNCED
from controller.rules.outcome import Refusal
from controller.rules.portal import PortalState, Status
from controller.rules.posture import posture
from controller.timekeeper import Now


class Unknown(LookupError):
    """No such person, portal, or badge of the person's. The text says which."""


def explained(
    facility: Facility, tables: sqlite3.Connection, person: int, portal: str, at: datetime, seq: int, tapped: int = 0
) -> Explained:
    """What the door would say to the person at that time, by these tables, and what each check says.

    It is asked of the badge `tapped`; for 0, of the one that gets the person furthest.

    Raises Unknown.
    """
    facts = Facts(tables)
    entrance = facility.portals.get(portal)
    if entrance is None:
        raise Unknown("portal")
    state = facts.person_state(person)
    if state is None:
        raise Unknown("person")
    badge, assurance = _badge(tables, person, tapped) if tapped else _best_badge(tables, person, facts)
    postures = Postures(facility, facts)
    postures.reload()
    trusted = not facts.clock_is_doubted()
    now = Now(at, at, 0.0, DECLARED if trusted else UNSYNCED)
    tap, coming = Tap("", assurance, None, ""), Coming(entrance.outer, {})
    blocking = interlock.blocking(entrance.interlock, _portals(facility, tables))
    cases = Cases(facility, facts, postures, InForce(facility, facts))
    into = cases.into(entrance.inner, tap, badge, now, blocking, coming=coming)
    case = cases.alone(cases.with_pin(into, portal, now), portal)
    decision = access.decide(case)
    standing = posture(portal, postures.rule(portal), postures.orders, at, trusted)
    return Explained(
        person,
        badge.badge or None,
        portal,
        entrance.inner,
        timestamp(at),
        seq,
        decision.code if isinstance(decision, Refusal) else None,
        decision.access_right if isinstance(decision, Grant) else None,
        standing.cause if standing.open else "",
        tuple(_said(finding) for finding in access.explain(case)),
    )


def _portals(facility: Facility, tables: sqlite3.Connection) -> dict[str, PortalState]:
    """How the portals stand by the tables; one that no record speaks of is not known to be secure."""
    known = dict(tables.execute("select portal, status from portal_state").fetchall())
    return {portal: PortalState(Status(known.get(portal, Status.UNKNOWN))) for portal in facility.portals}


def _badge(tables: sqlite3.Connection, person: int, number: int) -> tuple[BadgeFact, int]:
    """This badge of the person's, and what it proves. Raises Unknown."""
    row = tables.execute("select assurance from badge where badge = ? and person = ?", (number, person)).fetchone()
    found = None if row is None else Facts(tables).badge(number)
    if found is None:
        raise Unknown("badge")
    return found, row[0]


def _best_badge(tables: sqlite3.Connection, person: int, facts: Facts) -> tuple[BadgeFact, int]:
    """The badge that gets the person furthest, and what it proves; number 0 for somebody without one."""
    row = tables.execute(
        "select badge, assurance from badge where person = ? order by state = 'active' desc, assurance desc, badge desc",
        (person,),
    ).fetchone()
    if row is None:
        whose = tables.execute("select state, seq, leaves_at from person where person = ?", (person,)).fetchone()
        leaves_at = None if whose[2] is None else moment(whose[2])
        return BadgeFact(0, person, "", whose[0], 0, whose[1], leaves_at), 0
    found = facts.badge(row[0])
    if found is None:
        raise Unknown("badge")
    return found, row[1]


def _said(finding: Finding) -> Said:
    refusal = finding.refusal
    behind = tuple(sorted({seq for seq in finding.behind if seq > 0}))
    if refusal is None:
        return Said(finding.check, None, "", behind, finding.asked)
    return Said(finding.check, refusal.code, refusal.place, behind, finding.asked)
