"""Who may see and ask for what, in one table. An endpoint that stands in none of these is refused to everybody.

The site's controller checks every request again by its own table; this one keeps people from what would be refused.
"""

ROLES = ("administrator", "manager", "custodian", "guard", "auditor", "employee")

ANYBODY = frozenset(ROLES)
"""Every role: for what is about oneself alone."""
EVERY = ANYBODY - {"employee"}
"""Every role but that of an employee, who sees no register and nobody's comings and goings but their own."""
REGISTER = frozenset({"administrator", "manager", "custodian", "auditor", "guard"})

REQUESTS: dict[str, frozenset[str]] = {
    "person.register": frozenset({"administrator", "manager"}),
    "person.change": frozenset({"administrator", "manager"}),
    "person.leave": frozenset({"administrator", "manager"}),
    "people.import": frozenset({"administrator", "manager"}),
    "person.suspend": frozenset({"administrator", "manager", "guard"}),
    "person.reinstate": frozenset({"manager"}),
    "person.erase": frozenset({"administrator", "manager"}),
    "badge.enrol": frozenset({"administrator"}),
    "badge.retire": frozenset({"administrator", "manager", "guard"}),
    "pin.enrol": frozenset({"administrator"}),
    "pin.clear": frozenset({"administrator", "manager", "guard"}),
    "pin.unlock": frozenset({"manager"}),
    "review.open": frozenset({"manager", "custodian"}),
    "review.keep": frozenset({"manager", "custodian"}),
    "right.request": frozenset({"administrator", "manager"}),
    "right.approve": frozenset({"manager"}),
    "right.decline": frozenset({"manager"}),
    "right.revoke": frozenset({"administrator", "manager"}),
    "group.create": frozenset({"administrator", "manager"}),
    "group.rename": frozenset({"administrator", "manager"}),
    "group.close": frozenset({"administrator", "manager"}),
    "membership.request": frozenset({"administrator", "manager"}),
    "membership.approve": frozenset({"manager"}),
    "membership.decline": frozenset({"manager"}),
    "membership.end": frozenset({"administrator", "manager"}),
    "pledge.sign": frozenset({"administrator", "manager"}),
    "pledge.withdraw": frozenset({"administrator", "manager"}),
    "training.complete": frozenset({"administrator", "manager"}),
    "training.withdraw": frozenset({"administrator", "manager"}),
    "presence.correct": frozenset({"manager", "guard"}),
    "presence.forgive": frozenset({"manager", "guard"}),
    "entry.note": frozenset({"manager", "guard", "custodian"}),
    "entry.confirm": frozenset({"manager", "guard"}),
    "entry.decline": frozenset({"manager", "guard"}),
    "portal.release": frozenset({"manager", "guard"}),
    "portal.override": frozenset({"manager"}),
    "portal.resume": frozenset({"manager", "guard"}),
    "lockdown.begin": frozenset({"manager", "guard"}),
    "lockdown.end": frozenset({"manager"}),
    "evacuation.begin": frozenset({"administrator", "manager", "custodian", "guard"}),
    "evacuation.end": frozenset({"manager"}),
    "special_day.set": frozenset({"manager"}),
    "special_day.approve": frozenset({"manager"}),
    "special_day.decline": frozenset({"manager"}),
    "special_day.clear": frozenset({"manager"}),
    "container.register": frozenset({"manager", "custodian"}),
    "container.move": frozenset({"manager", "custodian"}),
    "container.retire": frozenset({"manager"}),
    "keeper.propose": frozenset({"administrator", "manager"}),
    "keeper.approve": frozenset({"manager"}),
    "keeper.decline": frozenset({"manager"}),
    "asset.register": frozenset({"manager", "custodian"}),
    "asset.change": frozenset({"manager", "custodian"}),
    "asset.withdraw": frozenset({"manager"}),
    "assets.import": frozenset({"manager", "custodian"}),
    "label.print": frozenset({"manager", "custodian"}),
    "start.review": frozenset({"administrator", "manager", "custodian"}),
}
"""The kinds of requests, as the controller's rules have them."""

PUBLIC = frozenset(
    {
        "static",
        "bootstrap.static",
        "signin.page",
        "signin.sign_in",
        "signin.welcome",
        "signin.choose_password",
        "appearance.theme",
        "transport.page",
        "transport.file",
    }
)
"""What needs no sign-in."""

SIGNED_IN = frozenset({"signin.sign_out"})
"""What every account may do, even one without a role."""

PAGES: dict[str, frozenset[str]] = {
    "now.page": EVERY,
    "live.stream": EVERY,
    "live.records": EVERY,
    "live.states": EVERY,
    "ledger.page": EVERY,
    "ledger.csv": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "ledger.json": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "ledger.row": EVERY,
    "people.page": REGISTER,
    "people.person": REGISTER,
    "people.register": REQUESTS["person.register"],
    "people.suspend": REQUESTS["person.suspend"],
    "people.reinstate": REQUESTS["person.reinstate"],
    "people.erase": REQUESTS["person.erase"],
    "leaving.change": REQUESTS["person.change"],
    "leaving.leave": REQUESTS["person.leave"],
    "leaving.result": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "holders.page": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "holders.csv": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "reviews.page": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "reviews.review": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "reviews.open": REQUESTS["review.open"],
    "reviews.keep": REQUESTS["review.keep"],
    "badges.enrol": REQUESTS["badge.enrol"],
    "badges.enrolment": REQUESTS["badge.enrol"],
    "badges.retire": REQUESTS["badge.retire"],
    "pin.enrol": REQUESTS["pin.enrol"],
    "pin.enrolment": REQUESTS["pin.enrol"],
    "pin.clear": REQUESTS["pin.clear"],
    "pin.unlock": REQUESTS["pin.unlock"],
    "groups.page": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "groups.group": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "groups.create": REQUESTS["group.create"],
    "groups.rename": REQUESTS["group.rename"],
    "groups.close": REQUESTS["group.close"],
    "groups.join": REQUESTS["membership.request"],
    "groups.approve": REQUESTS["membership.approve"],
    "groups.decline": REQUESTS["membership.decline"],
    "groups.end": REQUESTS["membership.end"],
    "rights.ask_group": REQUESTS["right.request"],
    "importing.page": REQUESTS["people.import"],
    "importing.sent": REQUESTS["people.import"],
    "importing.template": REQUESTS["people.import"],
    "matrix.page": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "rights.page": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "rights.ask": REQUESTS["right.request"],
    "rights.approve": REQUESTS["right.approve"],
    "rights.decline": REQUESTS["right.decline"],
    "rights.revoke": REQUESTS["right.revoke"],
    "training.page": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "training.person": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "training.record": REQUESTS["pledge.sign"] & REQUESTS["training.complete"],
    "training.withdraw": REQUESTS["pledge.withdraw"] & REQUESTS["training.withdraw"],
    "my.page": ANYBODY,
    "due.page": ANYBODY,
    "due.csv": ANYBODY,
    "portals.page": EVERY,
    "portals.release": REQUESTS["portal.release"],
    "orders.override": REQUESTS["portal.override"],
    "orders.resume": REQUESTS["portal.resume"],
    "orders.lockdowns": REQUESTS["lockdown.begin"],
    "orders.lockdown": REQUESTS["lockdown.begin"],
    "schedules.page": EVERY,
    "schedules.special": REQUESTS["special_day.set"],
    "schedules.decide": REQUESTS["special_day.set"],
    "evacuation.page": EVERY,
    "evacuation.act": REQUESTS["evacuation.begin"],
    "presence.page": EVERY,
    "presence.muster": EVERY,
    "presence.entries": EVERY,
    "presence.correct": REQUESTS["presence.correct"],
    "presence.forgive": REQUESTS["presence.forgive"],
    "presence.note": REQUESTS["entry.note"],
    "presence.decide": REQUESTS["entry.confirm"],
    "requests.page": ANYBODY,
    "why.ask": EVERY,
    "why.page": EVERY,
    "start.page": frozenset({"administrator", "manager", "custodian", "auditor"}),
    "start.confirm": REQUESTS["start.review"],
}
"""The endpoints and the roles that may use them. A guard looks up; taking the ledger away as a file is others' work."""


def known(endpoint: str) -> bool:
    """Whether somebody has decided who may use the endpoint."""
    return endpoint in PUBLIC or endpoint in SIGNED_IN or endpoint in PAGES


def allows(action: str, held: frozenset[str]) -> bool:
    """Whether one of these roles may use the endpoint, or make the kind of request. What is not listed: no."""
    return bool(held & (PAGES.get(action) or REQUESTS.get(action) or frozenset()))
