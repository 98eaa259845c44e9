"""Whose a line of the custody ledger is, who decides on it, and which lines an address asks for."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import abort, request

from controller.record.canonical import timestamp
from controller.record.handling import ACTS
from dashboard.read import custody as read
from dashboard.read.custody import Line, Wanted
from dashboard.read.filters import MOST_PEOPLE, called
from dashboard.read.names import Names
from dashboard.read.responsible import Responsible
from dashboard.read.sites import Site
from dashboard.web import roles
from dashboard.web.context import here, user
from dashboard.web.language import local_moment


def narrow(site: str) -> bool:
    """Whether the account sees nothing there but its own."""
    return not user().operators[site].roles & roles.EVERY


def my_person(site: str) -> int | None:
    """The badge holder who is signed in."""
    operator = user().operators.get(site)
    return None if operator is None else operator.person


def may_ask(site: str) -> bool:
    """Whether the account may ask, and the site knows who asks."""
    return user().may("custody.request", site) and my_person(site) is not None


def is_mine(site: str, line: Line) -> bool:
    """Whether it is the account's own line, to begin, to end, to ask for longer."""
    mine = my_person(site)
    return mine is not None and mine == line.row.person


def is_own(site: str, line: Line) -> bool:
    """Whether who is signed in asked for it or carries it, or cannot be told from them: then somebody else decides."""
    operator = user().operators.get(site)
    return operator is None or operator.person is None or operator.operator == line.row.requested_by or is_mine(site, line)


def decides(site: str, line: Line, responsible: Responsible) -> bool:
    """Whether who is signed in answers for the place: its keeper, or a manager whose scope has it."""
    operator = user().operators.get(site)
    if operator is None or not user().may("custody.approve", site):
        return False
    keeps = operator.person is not None and operator.person in line.keepers
    return keeps or ("manager" in operator.roles and operator.covers(line.row.home, *responsible.around(line.row.home)))


def may_watch(site: str, line: Line) -> bool:
    """Whether who is signed in could have watched the destruction."""
    mine = my_person(site)
    if mine is None or mine == line.row.person or not user().may("custody.witness", site):
        return False
    return mine in line.keepers if line.need.supervisor == "keeper" else True


def line_at(connection: sa.Connection, names: Names, id: int) -> Line:
    """The line with this number; 404 where there is none that the account may see."""
    found = read.one(connection, names, id, here().now())
    if found is None:
        abort(404)
    mine, site = my_person(names.site.id), names.site.id
    seen = not narrow(site) or is_mine(site, found) or mine in found.keepers
    if not seen and found.state != "unwitnessed":
        abort(404)
    return found


def wanted_lines(connection: sa.Connection, names: Names) -> Wanted:
    """What the address asks for. Whoever sees no register is shown their own, whatever it says."""
    site = names.site
    which, act, place = request.args.get("which", "ledger"), request.args.get("act", ""), request.args.get("place", "")[:64]
    if which not in read.WHICH or (act and act not in ACTS):
        abort(400)
    text, thing = request.args.get("person", "").strip()[:100], request.args.get("thing", "")
    number = int(thing) if thing.isascii() and thing.isdigit() and len(thing) < 10 else None
    people = _people(connection, site, text) if text else None
    own = (my_person(site.id) or 0) if narrow(site.id) else None
    kept = [] if own is None else Responsible(connection, site).places_of(own)
    since, until = _day(site, "since"), _day(site, "until")
    return Wanted(which, act, place, number, people, since, until, own, kept)


def _people(connection: sa.Connection, site: Site, text: str) -> tuple[int, ...]:
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit():
        return (int(number[:15]),)
    found: Sequence[Any] = connection.execute(called(site, text).limit(MOST_PEOPLE)).scalars().all()
    return tuple(found)


def _day(site: Site, name: str) -> str:
    written = request.args.get(name, "").strip()
    try:
        return timestamp(local_moment(written, site.timezone, end_of_day=name == "until")) if written else ""
    except (ValueError, OverflowError):
        return ""
