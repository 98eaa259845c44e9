"""Whose word counts: dashboards and operators, set at the Pi's console by whoever stands there (design §5)."""

from controller.record.keys import PublicKeys
from controller.record.kinds.trust import (
    DashboardRevoked,
    DashboardTrusted,
    OperatorChanged,
    OperatorRegistered,
    OperatorRetired,
)
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import EMPLOYEE, ROLES, OperatorFact
from controller.rules.outcome import Outcome, Refusal


def trust(keys: PublicKeys, known: bool) -> Outcome | Refusal:
    """Believe what this dashboard signs. Doing it again changes nothing and is refused as such."""
    if known:
        return Refusal(Code.SUBJECT, "dashboard")
    return Outcome((DashboardTrusted(keys.id, keys.text(), "trusted"),))


def revoke(dashboard: str, known: bool) -> Outcome | Refusal:
    """Believe nothing more that this dashboard signs."""
    if not known:
        return Refusal(Code.SUBJECT, "dashboard")
    return Outcome((DashboardRevoked(dashboard, "revoked"),))


def register_operator(
    number: int,
    text: PrivateRow,
    roles: tuple[str, ...],
    scope: tuple[str, ...],
    person: int | None,
    zones: frozenset[str],
) -> Outcome | Refusal:
    """Operator `number` with these roles in these zones (`*` for all)."""
    if not text.text.get("name"):
        return Refusal(Code.FORM, "name")
    if refusal := _unknown(roles, scope, zones) or _nobody(roles, person):
        return refusal
    return Outcome((OperatorRegistered(number, roles, scope, person, text.ref(), "active"),), private=(text,))


def change_operator(
    operator: OperatorFact | None,
    roles: tuple[str, ...] | None,
    scope: tuple[str, ...] | None,
    zones: frozenset[str],
) -> Outcome | Refusal:
    """Other roles or another scope for an active operator; None leaves what is."""
    if operator is None or operator.state != "active":
        return Refusal(Code.SUBJECT, "operator")
    new = OperatorChanged(
        operator.operator,
        tuple(role for role in ROLES if role in operator.roles) if roles is None else tuple(dict.fromkeys(roles)),
        tuple(sorted(operator.scope)) if scope is None else tuple(dict.fromkeys(scope)),
    )
    if refusal := _unknown(new.roles, new.scope, zones | operator.scope) or _nobody(new.roles, operator.person):
        return refusal
    if set(new.roles) == operator.roles and set(new.scope) == operator.scope:
        return Refusal(Code.SUBJECT, "operator")
    return Outcome((new,))


def _unknown(roles: tuple[str, ...], scope: tuple[str, ...], zones: frozenset[str]) -> Refusal | None:
    if not roles or not set(roles) <= set(ROLES):
        return Refusal(Code.FORM, "roles")
    if not scope or not set(scope) <= zones | {"*"}:
        return Refusal(Code.FORM, "scope")
    return None


def _nobody(roles: tuple[str, ...], person: int | None) -> Refusal | None:
    """Who asks for themselves alone is somebody that the site knows."""
    return Refusal(Code.SUBJECT, "person") if EMPLOYEE in roles and person is None else None


def retire_operator(operator: OperatorFact | None) -> Outcome | Refusal:
    """The operator may ask for nothing any more."""
    if operator is None or operator.state != "active":
        return Refusal(Code.SUBJECT, "operator")
    return Outcome((OperatorRetired(operator.operator, "retired"),))
