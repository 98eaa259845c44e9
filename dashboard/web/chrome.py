"""What stands around every page: where one can go, what waits, who is signed in."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, request
from flask_babel import gettext as _
from flask_login import current_user

from dashboard.read import groups, orders, rights, start
from dashboard.read.names import Names
from dashboard.read.sites import Site, sites
from dashboard.read.start import Start
from dashboard.web.context import here
from dashboard.web.language import language, said
from dashboard.web.sections import SECTIONS
from dashboard.web.session import User


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation."""

    endpoint: str
    label: str
    icon: str
    current: bool
    waiting: int


def install(app: Flask) -> None:
    """Gives templates `navigation()` and `me()`."""
    app.add_template_global(navigation, "navigation")
    app.add_template_global(within, "within_section")
    app.add_template_global(me, "me")
    app.add_template_global(storing_fails, "storing_fails")
    app.add_template_global(roles_held, "roles_held")
    app.add_template_global(started_alone, "started_alone")
    app.add_template_global(evacuated, "evacuated")
    app.add_template_global(is_first, "first_person")


def storing_fails() -> bool:
    """Whether nothing that sites say can be stored now."""
    return here().runtime.storing.fails


def me() -> User | None:
    """Who is signed in."""
    person = current_user._get_current_object() if current_user else None
    return person if isinstance(person, User) else None


def navigation() -> list[Entry]:
    """The sections of which the account may open a page."""
    person = me()
    if person is None:
        return []
    waits = _waiting(person)
    return [
        Entry(pages[0].endpoint, str(section.label), section.icon, section.has(request.blueprint), waits if rights_there else 0)
        for section in SECTIONS
        if (pages := section.open_to(_open(person)))
        for rights_there in (any(page.endpoint == "rights.page" for page in pages),)
    ]


def within() -> list[Entry]:
    """The pages of the section that one is in, when there is more than one to go to."""
    person = me()
    if person is None:
        return []
    pages = [page for section in SECTIONS if section.has(request.blueprint) for page in section.open_to(_open(person))]
    return [Entry(page.endpoint, str(page.label), "", page.has(request.blueprint), 0) for page in pages if len(pages) > 1]


def _open(person: User) -> Callable[[str], bool]:
    return lambda endpoint: endpoint in current_app.view_functions and person.may(endpoint)


def _waiting(person: User) -> int:
    """How many rights and memberships wait at the sites where this account approves."""
    mine = person.sites("right.approve")
    if not mine:
        return 0
    with here().connect() as connection:
        return sum(
            rights.waiting(connection, site) + groups.count_waiting(connection, site) for site in sites(connection, mine)
        )


def started_alone(site: str = "") -> list[Start]:
    """The sites of this account (or this one of them) that one person has begun, and nobody has reviewed."""
    person = me()
    if person is None:
        return []
    with here().connect() as connection:
        return start.waiting(connection, {site} & set(person.operators) if site else set(person.operators), language())


@dataclass(frozen=True, slots=True)
class Evacuated:
    """An evacuation that stands: where, what the place is called, by whom and why."""

    site: Site
    place: str
    called: str
    order: orders.Order


def evacuated() -> list[Evacuated]:
    """The evacuations at the sites of this account."""
    person = me()
    if person is None:
        return []
    with here().connect() as connection:
        found = orders.evacuated_sites(connection, person.operators)
        standing: list[Evacuated] = []
        for site in sites(connection, found):
            names = Names(connection, site, language())
            for place, order in orders.evacuations(connection, names).items():
                called = _("The whole site") if place == orders.SITE else names.zones.get(place, place)
                standing.append(Evacuated(site, place, called, order))
        return standing


def is_first(begun: Start) -> bool:
    """Whether who is signed in is the one who was alone: the same operator, or known to be the same human."""
    person = me()
    operator = None if person is None else person.operators.get(begun.site.id)
    if operator is None:
        return False
    return operator.operator == begun.operator or (operator.person is not None and operator.person == begun.person)


def roles_held(person: User) -> str:
    """The account's roles at all of its sites, in words."""
    held = {role for operator in person.operators.values() for role in operator.roles}
    return "・".join(said(role, "role") for role in sorted(held))
