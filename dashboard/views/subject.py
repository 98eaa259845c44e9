"""What an address is about: the site with its names, the person, the portal. What is not there is a 404."""

import sqlalchemy as sa
from flask import abort

from controller.record.canonical import timestamp
from dashboard.read import groups, people, portals, rights
from dashboard.read.names import Names
from dashboard.read.sites import Site, site_called, sites
from dashboard.web.context import here, user
from dashboard.web.language import language


def names_at(connection: sa.Connection, site: str) -> Names:
    """The names of the site in the reader's language."""
    found = site_called(connection, site)
    if found is None:
        abort(404)
    return Names(connection, found, language())


def allowed_sites(connection: sa.Connection, action: str) -> list[Site]:
    """The sites at which the account may do this."""
    return sites(connection, user().sites(action))


def chosen_site(connection: sa.Connection, action: str, asked: str) -> tuple[Site, list[Site]]:
    """The site that an address asks for, or the first; and all there are to choose from."""
    found = allowed_sites(connection, action)
    if not found:
        abort(404)
    for site in found:
        if site.id == asked:
            return site, found
    if asked:
        abort(404)
    return found[0], found


def person_at(connection: sa.Connection, names: Names, id: int) -> people.Person:
    """The person with this number."""
    found = people.one(connection, names, id)
    if found is None:
        abort(404)
    return found


def badge_of(connection: sa.Connection, names: Names, person: int, id: int) -> people.Badge:
    """The badge with this number, if it is that person's."""
    found = people.badge(connection, names.site, id)
    if found is None or found.person != person:
        abort(404)
    return found


def right_at(connection: sa.Connection, names: Names, id: int) -> rights.Right:
    """The right with this number."""
    found = rights.one(connection, names, id, now_text())
    if found is None:
        abort(404)
    return found


def group_at(connection: sa.Connection, names: Names, id: int) -> groups.Group:
    """The group with this number."""
    found = groups.one(connection, names, id)
    if found is None:
        abort(404)
    return found


def membership_at(connection: sa.Connection, names: Names, id: int) -> groups.Membership:
    """The membership with this number."""
    found = groups.membership(connection, names, id)
    if found is None:
        abort(404)
    return found


def portal_at(connection: sa.Connection, names: Names, id: str) -> portals.Tile:
    """The portal with this id."""
    found = portals.tiles(connection, names, id)
    if not found:
        abort(404)
    return found[0]


def now_text() -> str:
    """The present time as it stands in records."""
    return timestamp(here().now())
