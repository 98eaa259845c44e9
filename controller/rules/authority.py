"""Who may ask for what (C7.3): the roles of each request, the operator's scope, and the second person.

The dashboard hides what an operator may not do; this table is what counts.
"""

from dataclasses import dataclass

from controller.record.refusals import Code
from controller.rules.outcome import Refusal

ROLES = ("administrator", "manager", "custodian", "guard", "auditor", "employee")

EMPLOYEE = "employee"
"""The role of who asks for nothing but what is their own: their take-outs, their reservations, their carrying."""

DECIDING = tuple(role for role in ROLES if role != EMPLOYEE)
"""The roles that need no badge holder behind them."""

ALLOWED: dict[str, frozenset[str]] = {
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
    "key.choose": frozenset({"manager", "custodian", "guard"}),
    "cabinet.sign_out": frozenset({"manager", "custodian", "guard"}),
    "cabinet.open_slot": frozenset({"manager", "custodian"}),
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
    "carrier.register": frozenset({"administrator", "manager", "custodian"}),
    "carrier.assess": frozenset({"manager", "custodian"}),
    "carrier.approve": frozenset({"manager"}),
    "carrier.decline": frozenset({"manager", "custodian"}),
    "carrier.pledge": frozenset({"manager", "custodian"}),
    "carrier.withdraw": frozenset({"administrator", "manager", "custodian"}),
    "transport.request": frozenset({"manager", "custodian", "employee"}),
    "transport.approve": frozenset({"manager", "custodian"}),
    "transport.decline": frozenset({"manager", "custodian", "employee"}),
    "transport.pack": frozenset({"manager", "custodian", "guard"}),
    "transport.confirm": frozenset({"manager", "custodian", "guard", "employee"}),
    "transport.link": frozenset({"manager", "custodian", "guard"}),
    "transport.confirm_by_link": frozenset({"manager", "custodian", "guard"}),
    "transport.arrive": frozenset({"manager", "custodian", "guard", "employee"}),
    "transport.receive": frozenset({"manager", "custodian"}),
    "transport.cancel": frozenset({"manager", "custodian", "employee"}),
    "transport.report_lost": frozenset({"manager", "custodian", "guard", "employee"}),
    "key.register": frozenset({"manager", "custodian"}),
    "key.change": frozenset({"manager", "custodian"}),
    "key.retire": frozenset({"manager", "custodian"}),
    "key.seal": frozenset({"manager", "custodian"}),
    "key.unseal": frozenset({"manager", "custodian"}),
    "key.limit": frozenset({"manager"}),
    "key.lend": frozenset({"manager", "custodian", "guard"}),
    "key.authorise": frozenset({"manager", "custodian", "guard"}),
    "key.hand_out": frozenset({"manager", "custodian", "guard"}),
    "key.call_off": frozenset({"manager", "custodian", "guard"}),
    "key.return": frozenset({"manager", "custodian", "guard"}),
    "key.hand_over": frozenset({"manager", "custodian", "guard"}),
    "key.report_lost": frozenset({"administrator", "manager", "custodian", "guard", "auditor", "employee"}),
    "key.replace": frozenset({"manager", "custodian"}),
    "key.change_lock": frozenset({"manager", "custodian"}),
    "key.reserve": frozenset({"manager", "custodian", "guard", "employee"}),
    "key.cancel_reservation": frozenset({"manager", "custodian", "guard", "employee"}),
    "key_audit.begin": frozenset({"manager", "custodian"}),
    "key_audit.count": frozenset({"manager", "custodian", "guard"}),
    "key_audit.end": frozenset({"manager", "custodian"}),
    "tether.register": frozenset({"administrator", "manager", "custodian"}),
    "tether.retire": frozenset({"manager", "custodian"}),
    "tether.begin_round": frozenset({"manager", "custodian", "guard"}),
    "tether.check": frozenset({"manager", "custodian", "guard"}),
    "tether.end_round": frozenset({"manager", "custodian", "guard"}),
    "combination.register": frozenset({"manager"}),
    "combination.appoint": frozenset({"manager"}),
    "combination.relocate": frozenset({"manager", "custodian"}),
    "combination.retire": frozenset({"manager", "custodian"}),
    "combination.report": frozenset({"manager", "custodian", "guard", "employee"}),
    "knower.add": frozenset({"manager", "custodian"}),
    "knower.remove": frozenset({"manager", "custodian"}),
    "combination.plan": frozenset({"manager", "custodian"}),
    "combination.begin": frozenset({"manager", "custodian"}),
    "combination.draw": frozenset({"manager", "custodian"}),
    "combination.break_off": frozenset({"manager", "custodian"}),
    "combination.finish": frozenset({"manager", "custodian"}),
    "thing.register": frozenset({"manager", "custodian"}),
    "thing.retire": frozenset({"manager", "custodian"}),
    "sticker.attach": frozenset({"manager", "custodian"}),
    "sticker.detach": frozenset({"manager", "custodian"}),
    "custody.request": frozenset({"manager", "custodian", "employee"}),
    "custody.approve": frozenset({"manager", "custodian", "employee"}),
    "custody.decline": frozenset({"manager", "custodian", "employee"}),
    "custody.begin": frozenset({"manager", "custodian", "guard", "employee"}),
    "custody.ask_extension": frozenset({"manager", "custodian", "employee"}),
    "custody.extend": frozenset({"manager", "custodian", "employee"}),
    "custody.end": frozenset({"manager", "custodian", "guard", "employee"}),
    "custody.confirm": frozenset({"manager", "custodian", "employee"}),
    "custody.hand_out": frozenset({"manager", "custodian", "employee"}),
    "custody.collect": frozenset({"manager", "custodian", "employee"}),
    "custody.dispose": frozenset({"manager", "custodian", "employee"}),
    "custody.witness": frozenset({"manager", "custodian", "employee"}),
    "start.review": frozenset({"administrator", "manager", "custodian"}),
}
"""The administrator keeps accounts and badges and approves nothing: whoever makes badges must not also say what they open."""


@dataclass(frozen=True, slots=True)
class OperatorFact:
    """An operator as recorded. `person` is the same human as a badge holder, if there is one."""

    operator: int
    roles: frozenset[str]
    scope: frozenset[str]
    person: int | None
    state: str

    def covers(self, zone: str) -> bool:
        """Whether the zone is in the operator's scope."""
        return "*" in self.scope or zone in self.scope


CONSOLE = OperatorFact(0, frozenset(), frozenset({"*"}), None, "active")
"""Who stands at the console: number 0."""


def authorise(kind: str, operator: OperatorFact | None) -> Refusal | None:
    """Whether this operator's role allows requests of this kind; None: yes. An unlisted kind is allowed to nobody."""
    if operator is None or operator.state != "active":
        return Refusal(Code.OPERATOR, "operator")
    by = operator.roles & ALLOWED.get(kind, frozenset())
    if not by:
        return Refusal(Code.ROLE, "operator.roles")
    if by == {EMPLOYEE} and operator.person is None:
        return Refusal(Code.ROLE, "operator.person")
    return None


def for_whom(kind: str, operator: OperatorFact, person: int | None) -> Refusal | None:
    """Whether this operator may ask this for that person; None: yes. Who is only an employee asks for themselves alone."""
    if operator.roles & ALLOWED.get(kind, frozenset()) - {EMPLOYEE}:
        return None
    if operator.person is None or operator.person != person:
        return Refusal(Code.ROLE, "operator.person")
    return None


def within(operator: OperatorFact, *zones: str) -> Refusal | None:
    """Whether at least one of the zones is in the operator's scope; None: yes."""
    if any(operator.covers(zone) for zone in zones if zone):
        return None
    return Refusal(Code.SCOPE, "operator.scope")
