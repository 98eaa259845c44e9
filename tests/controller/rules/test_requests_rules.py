"""The rules of rights, people, badges and operators: roles, scope, the second person, one's own affairs (C7.1, C7.3, C7.4)."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.record.asks import EnrolBadge, RequestRight
from controller.record.canonical import timestamp
from controller.record.envelope import kind_of
from controller.record.keys import KeyPair
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.record.requests import KINDS
from controller.rules import badge, person, right, start, trust
from controller.rules.access import BadgeFact, Tap
from controller.rules.authority import ALLOWED, ROLES, OperatorFact, authorise, for_whom, within
from controller.rules.badge import Enrolment
from controller.rules.effects import ArmReader
from controller.rules.outcome import Outcome, Refusal
from controller.rules.right import LONGEST, Holder, Standing

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DAY = timedelta(days=1)
TEXT = PrivateRow("purpose-1", 1, {"purpose": "試作"}, "00" * 16)


def operator(
    number: int = 1, *roles: str, scope: str = "*", person: int | None = None, state: str = "active"
) -> OperatorFact:
    return OperatorFact(number, frozenset(roles or ("manager",)), frozenset(scope.split()), person, state)


def said(answer: Outcome | Refusal) -> str:
    """The kind of the record, or `code@place` of the refusal."""
    if isinstance(answer, Refusal):
        return f"{answer.code}@{answer.place}"
    return " ".join(kind_of(body)[0] for body in answer.records)


def test_every_changing_request_is_in_the_table() -> None:
    """Each kind of request that changes something has its roles; none is listed that does not exist."""
    assert set(ALLOWED) == {kind for kind in KINDS if not kind.startswith("query/")}
    assert all(roles and roles <= set(ROLES) for roles in ALLOWED.values())


@pytest.mark.parametrize("kind", [*ALLOWED, "query/resend", "door.melt"])
@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_a_role_allows_what_the_table_says_and_nothing_else(kind: str, role: str) -> None:
    """An operator may ask exactly for what one of the roles allows; an unlisted kind is allowed to nobody (C7.3)."""
    refusal = authorise(kind, operator(1, role, person=1))

    assert (refusal is None) == (role in ALLOWED.get(kind, ()))
    assert refusal is None or refusal.code is Code.ROLE
    assert authorise(kind, operator(1, role, state="retired")) == Refusal(Code.OPERATOR, "operator")
    assert authorise(kind, None) == Refusal(Code.OPERATOR, "operator")


def test_an_employee_asks_for_themselves_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only the role `employee` allows is asked by somebody the site knows, for themselves and for nobody else."""
    monkeypatch.setitem(ALLOWED, "lunch.take", frozenset({"manager", "employee"}))
    own, unknown, both = operator(1, "employee", person=7), operator(1, "employee"), operator(1, "employee", "manager")

    assert authorise("lunch.take", own) is None
    assert authorise("lunch.take", unknown) == Refusal(Code.ROLE, "operator.person")
    assert authorise("lunch.take", both) is None
    assert for_whom("lunch.take", own, 7) is None
    assert for_whom("lunch.take", own, 8) == Refusal(Code.ROLE, "operator.person")
    assert for_whom("lunch.take", unknown, None) == Refusal(Code.ROLE, "operator.person")
    assert for_whom("lunch.take", both, 8) is None


@pytest.mark.parametrize(("roles", "person", "good"), [
    (("employee",), None, False), (("employee", "guard"), None, False), (("employee",), 7, True), (("guard",), None, True),
])  # fmt: skip
def test_an_employee_is_somebody_the_site_knows(roles: tuple[str, ...], person: int | None, good: bool) -> None:
    """No operator becomes an employee whose person is not on record, neither when they begin nor later."""
    named = PrivateRow("operator-1", 1, {"name": "山田"}, "00" * 16)
    begun = trust.register_operator(1, named, roles, ("*",), person, frozenset())
    changed = trust.change_operator(operator(1, "manager", person=person), roles, None, frozenset())

    assert [isinstance(one, Outcome) for one in (begun, changed)] == [good, good]


def test_an_employee_is_no_second_person() -> None:
    """One operator who decides and any number of employees are one person, until somebody else decides too (C7.3)."""
    alone, employees = operator(1, person=1), [operator(n, "employee", person=n) for n in (2, 3)]

    assert not start.two_people([alone, *employees])
    assert start.two_people([alone, *employees, operator(4, person=4)])


def test_nobody_who_makes_badges_says_what_they_open() -> None:
    """No single role both enrols badges and approves rights, and an auditor only says that a key is lost (C7.3)."""
    assert not ALLOWED["badge.enrol"] & ALLOWED["right.approve"]
    assert {kind for kind, roles in ALLOWED.items() if "auditor" in roles} == {"key.report_lost"}


@pytest.mark.parametrize(
    ("scope", "zones", "good"),
    [
        ("*", ("lab",), True),
        ("lab", ("lab",), True),
        ("lobby", ("lab",), False),
        ("lobby lab", ("lab", "lobby"), True),
        ("lobby", ("lab", "lobby"), True),
        ("", ("lab",), False),
        ("*", ("",), False),
        ("lab", ("lab", ""), True),
    ],
)
def test_scope(scope: str, zones: tuple[str, ...], good: bool) -> None:
    """An operator's word counts in the zones of the scope alone."""
    assert (within(operator(1, scope=scope), *zones) is None) == good


def ask(**changes: object) -> RequestRight:
    fields = {"person": 14, "zone": "lab", "schedule": "office", "from_at": NOW, "until_at": NOW + DAY} | changes
    fields |= {key: timestamp(value) for key, value in fields.items() if isinstance(value, datetime)}
    return RequestRight(**fields)  # type: ignore[arg-type]


def requested(ask: RequestRight, by: OperatorFact | None = None, state: str | None = "active") -> Outcome | Refusal:
    return right.request(
        ask,
        by or operator(1, scope="lab"),
        number=1,
        purpose=TEXT,
        holder=Holder(state),
        zones={"lab", "vault"},
        schedules={"office"},
        now=NOW,
    )


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("right.requested", {}),
        ("right.requested", {"from_at": NOW - 1000 * DAY}),
        ("right.requested", {"until_at": NOW + LONGEST}),
        ("right.requested", {"from_at": "0001-01-01T00:00:00.000000Z"}),
        ("subject@body.zone", {"zone": "attic"}),
        ("subject@body.schedule", {"schedule": "nightly"}),
        ("scope@operator.scope", {"zone": "vault"}),
        ("validity@body.until_at", {"until_at": NOW}),
        ("validity@body.until_at", {"from_at": NOW + 2 * DAY}),
        ("validity@body.until_at", {"from_at": NOW - 2 * DAY, "until_at": NOW - DAY}),
        ("purpose@body.until_at", {"until_at": NOW + LONGEST + timedelta(microseconds=1)}),
        ("purpose@body.until_at", {"until_at": "9999-12-31T23:59:59.999999Z"}),
        ("form@body.from_at", {"until_at": ""}),
        ("form@body.from_at", {"from_at": "2026-11-24"}),
    ],
)
def test_asking_for_a_right(expected: str, changes: dict[str, object]) -> None:
    """A right names person, zone, schedule, purpose, from and until, and ends; without any of it it is refused (C7.1)."""
    answer = requested(ask(**changes))

    assert said(answer) == expected
    if isinstance(answer, Outcome):
        (record,) = answer.records
        assert record.state == "requested" and record.purpose == TEXT.ref()  # type: ignore[attr-defined]
        assert len(record.from_at) == len(record.until_at) == 27  # type: ignore[attr-defined]


@pytest.mark.parametrize("state", [None, "suspended"])
def test_no_right_for_nobody(state: str | None) -> None:
    """A right for an unknown or suspended person is refused (C7.4)."""
    assert said(requested(ask(), state=state)) == "subject@body.person"


STANDING = Standing(1, 14, "lab", "requested", NOW + DAY, requested_by=1)


@pytest.mark.parametrize(
    ("expected", "standing", "by"),
    [
        ("right.approved", STANDING, operator(2)),
        ("right.approved", STANDING, operator(2, scope="lab", person=15)),
        ("second_person@right.requested_by", STANDING, operator(1)),
        ("second_person@right.person", STANDING, operator(2, person=14)),
        (
            "second_person@right.person",
            Standing(1, 14, "lab", "requested", NOW + DAY, 1, requester=15),
            operator(2, person=15),
        ),
        ("scope@operator.scope", STANDING, operator(2, scope="vault")),
        ("subject@body.access_right", None, operator(2)),
        *(
            ("subject@body.access_right", Standing(1, 14, "lab", state, NOW + DAY, 1), operator(2))
            for state in ("active", "revoked", "declined")
        ),
        ("validity@right.until_at", Standing(1, 14, "lab", "requested", NOW, 1), operator(2)),
    ],
)
def test_approving_needs_a_second_person(expected: str, standing: Standing | None, by: OperatorFact) -> None:
    """A right takes effect only after another operator approved it: not who asked, not the one it is for (C7.3)."""
    assert said(right.approve(standing, by, NOW)) == expected


@pytest.mark.parametrize(
    ("expected", "state", "by"),
    [
        ("right.revoked", "active", operator(1)),
        ("right.revoked", "requested", operator(1)),
        ("subject@body.access_right", "revoked", operator(1)),
        ("subject@body.access_right", "declined", operator(1)),
        ("scope@operator.scope", "active", operator(1, scope="vault")),
    ],
)
def test_revoking(expected: str, state: str, by: OperatorFact) -> None:
    """A right that holds or was asked for is ended by one operator, in scope, at once (C7.4)."""
    assert said(right.revoke(Standing(1, 14, "lab", state, NOW + DAY, 1), by)) == expected
    assert said(right.revoke(None, by)) == "subject@body.access_right"


def test_declining() -> None:
    """A requested right is declined by anybody in scope, also by who asked; another is not."""
    assert said(right.decline(STANDING, operator(1))) == "right.declined"
    assert said(right.decline(STANDING, operator(2, scope="vault"))) == "scope@operator.scope"
    assert said(right.decline(None, operator(2))) == "subject@body.access_right"


def test_people_are_suspended_and_reinstated() -> None:
    """Only the active are suspended and only the suspended reinstated, and nobody reinstates themselves (C7.4)."""
    assert said(person.register(14, TEXT)) == "person.registered"
    assert said(person.suspend(14, "active", TEXT)) == "person.suspended"
    assert said(person.reinstate(14, "suspended", TEXT, operator(1))) == "person.reinstated"
    assert said(person.reinstate(14, "suspended", TEXT, operator(1, person=14))) == "second_person@body.person"
    for state in (None, "suspended"):
        assert said(person.suspend(14, state, TEXT)) == "subject@body.person"
    for state in (None, "active"):
        assert said(person.reinstate(14, state, TEXT, operator(1))) == "subject@body.person"


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("enrolment.opened", {}),
        ("subject@body.person", {"person_state": "suspended"}),
        ("subject@body.person", {"person_state": None}),
        ("subject@body.reader", {"portal": None}),
        ("busy@body.reader", {"busy": True}),
    ],
)
def test_opening_an_enrolment(expected: str, facts: dict[str, object]) -> None:
    """A reader waits for a known, active person's card, one at a time, and for a minute."""
    given = {"portal": "lab-door", "busy": False, "person_state": "active"} | facts
    answer = badge.open_enrolment(EnrolBadge(14, "lab-door/in"), operator(1), now=NOW, **given)  # type: ignore[arg-type]

    assert said(answer) == expected
    if isinstance(answer, Outcome):
        assert ArmReader("lab-door/in", 60) in answer.effects
        assert answer.records[0].until_at == timestamp(NOW + timedelta(seconds=60))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("expected", "tap", "known"),
    [
        ("badge.enrolled", Tap("c", 2, None, "x"), None),
        ("assurance", Tap("c", 1, None, "x"), None),
        ("proof", Tap("c", 2, "proof", "x"), None),
        ("card", Tap("", 0, "card", ""), None),
        ("card", Tap("", 2, None, ""), None),
        ("personalisation", Tap("c", 2, "personalisation", "x"), None),
        ("enrolled", Tap("c", 2, None, "x"), BadgeFact(1, 3, "active", "active")),
        ("active_badge", Tap("c", 2, None, "x"), BadgeFact(1, 14, "lost", "active")),
        ("active_badge", Tap("c", 2, None, "x"), BadgeFact(1, 14, "retired", "active")),
    ],
)
def test_what_a_card_at_a_waiting_reader_becomes(expected: str, tap: Tap, known: BadgeFact | None) -> None:
    """A new card that proves enough becomes a badge; one that is known, lost or unproven ends the enrolment with its code."""
    waiting = Enrolment("lab-door/in", "lab-door", 14, NOW)
    outcome = badge.enrol(waiting, tap, known, number=9, least_assurance=2, personalised=True)
    (record,) = outcome.records

    assert getattr(record, "code", None) or said(outcome) == expected
    assert ArmReader("lab-door/in", 0) in outcome.effects
    if expected == "badge.enrolled":
        assert (record.badge, record.person, record.state) == (9, 14, "active")  # type: ignore[attr-defined]
    else:
        assert record.code == expected  # type: ignore[attr-defined]


def test_retiring_a_badge() -> None:
    """An active badge becomes lost or retired and nothing else, once (C7.4)."""
    active = BadgeFact(9, 14, "active", "active")
    for state in ("lost", "retired"):
        assert said(badge.retire(active, 9, state)) == "badge.retired"
    for state in ("active", "", "stolen"):
        assert said(badge.retire(active, 9, state)) == "form@body.state"
    assert said(badge.retire(None, 9, "lost")) == "subject@body.badge"
    assert said(badge.retire(BadgeFact(9, 14, "lost", "active"), 9, "retired")) == "subject@body.badge"


def test_operators_and_dashboards_are_made_at_the_console() -> None:
    """An operator has a name, known roles and a scope of known zones; a dashboard is trusted once and revoked once."""
    keys = KeyPair.generate().public
    named, unnamed = PrivateRow("o", 1, {"name": "甲"}, "00" * 16), PrivateRow("o", 1, {}, "00" * 16)
    zones = frozenset({"lab"})

    def add(text: PrivateRow, roles: tuple[str, ...], scope: tuple[str, ...]) -> str:
        return said(trust.register_operator(1, text, roles, scope, None, zones))

    assert add(named, ("manager", "guard"), ("lab",)) == "operator.registered"
    assert add(named, ("manager",), ("*",)) == "operator.registered"
    assert add(unnamed, ("manager",), ("*",)) == "form@name"
    for roles in ((), ("king",), ("manager", "king")):
        assert add(named, roles, ("*",)) == "form@roles"
    for scope in ((), ("attic",), ("lab", "attic")):
        assert add(named, ("manager",), scope) == "form@scope"
    assert said(trust.retire_operator(operator(1))) == "operator.retired"
    assert said(trust.retire_operator(operator(1, state="retired"))) == "subject@operator"
    assert said(trust.retire_operator(None)) == "subject@operator"
    assert said(trust.trust(keys, known=False)) == "dashboard.trusted"
    assert said(trust.trust(keys, known=True)) == "subject@dashboard"
    assert said(trust.revoke(keys.id, known=True)) == "dashboard.revoked"
    assert said(trust.revoke(keys.id, known=False)) == "subject@dashboard"
