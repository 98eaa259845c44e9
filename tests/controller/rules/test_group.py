"""The rules of groups: no group is a way around the second person, in whichever order (C7.1, C7.3)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.asks import RequestRight
from controller.record.canonical import timestamp
from controller.record.envelope import kind_of
from controller.record.private import PrivateRow
from controller.rules import group, right
from controller.rules.authority import OperatorFact
from controller.rules.group import MOST_GROUPS, MOST_RIGHTS, Membership, Team
from controller.rules.outcome import Outcome, Refusal
from controller.rules.right import Holder, Standing

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DAY = timedelta(days=1)
TEXT = PrivateRow("text-1", 1, {"name": "試作班"}, "00" * 16)
LAB = Team(7, "active", "team-7", 1, ((1, "lab"),))
BOTH = Team(7, "active", "team-7", 1, ((1, "lab"), (2, "vault")))
EMPTY = Team(7, "active", "team-7", 1)
CLOSED = Team(7, "closed", "team-7", 1)


def operator(number: int, scope: str = "*", person: int | None = None) -> OperatorFact:
    return OperatorFact(number, frozenset({"manager"}), frozenset(scope.split()), person, "active")


def said(answer: Outcome | Refusal) -> str:
    """The kinds of the records, or `code@place` of the refusal."""
    if isinstance(answer, Refusal):
        return f"{answer.code}@{answer.place}"
    return " ".join(kind_of(body)[0] for body in answer.records)


def member(
    team: Team = LAB,
    state: str = "requested",
    requester: int | None = None,
    person: int = 14,
    person_state: str | None = "active",
) -> Membership:
    return Membership(5, person, person_state, state, 1, requester, team)


@pytest.mark.parametrize(
    ("expected", "membership", "by"),
    [
        ("membership.approved", member(), operator(2)),
        ("membership.approved", member(EMPTY), operator(2, "lobby")),
        ("membership.approved", member(BOTH), operator(2, "lab vault", person=15)),
        ("second_person@membership.requested_by", member(), operator(1)),
        ("second_person@membership.requested_by", member(EMPTY), operator(1)),
        ("second_person@membership.person", member(), operator(2, person=14)),
        ("second_person@membership.person", member(requester=15), operator(2, person=15)),
        ("scope@operator.scope", member(BOTH), operator(2, "lab")),
        ("scope@operator.scope", member(), operator(2, "vault")),
        ("subject@body.membership", None, operator(2)),
        *(("subject@body.membership", member(state=state), operator(2)) for state in ("active", "declined", "ended")),
        ("subject@body.membership", member(CLOSED), operator(2)),
        *(("subject@membership.person", member(person_state=state), operator(2)) for state in (None, "suspended", "erased")),
    ],
)
def test_joining_needs_a_second_person_who_answers_for_all_of_it(
    expected: str, membership: Membership | None, by: OperatorFact
) -> None:
    """Nobody joins by one operator's word, whether or not the group holds a right yet, nor lets themselves join, nor by
    one who answers for a part of what the group may enter (C7.3)."""
    assert said(group.approve(membership, by)) == expected


@pytest.mark.parametrize(
    ("expected", "team", "changes"),
    [
        ("membership.requested", LAB, {}),
        ("membership.requested", EMPTY, {}),
        ("membership.requested", LAB, {"groups": range(100, 100 + MOST_GROUPS - 1)}),
        ("subject@body.person", LAB, {"groups": range(100, 100 + MOST_GROUPS)}),
        ("subject@body.person", LAB, {"groups": [7]}),
        ("subject@body.person", LAB, {"person_state": None}),
        ("subject@body.person", LAB, {"person_state": "suspended"}),
        ("subject@body.team", None, {}),
        ("subject@body.team", CLOSED, {}),
    ],
)
def test_asking_to_join(expected: str, team: Team | None, changes: dict[str, object]) -> None:
    """Somebody known and active is asked to join a group that there is, once, and not more groups than a tap can look at."""
    fields = {"person_state": "active", "groups": []} | changes
    assert said(group.join(5, 14, team, operator(1, "lab"), TEXT, **fields)) == expected  # type: ignore[arg-type]


def test_asking_is_bound_to_the_scope() -> None:
    """Who answers for none of the zones of a group changes nothing about it."""
    stranger = operator(1, "lobby")
    for answer in (
        group.join(5, 14, LAB, stranger, TEXT, person_state="active", groups=[]),
        group.rename(LAB, TEXT, stranger),
        group.close(LAB, stranger),
        group.decline(member(), stranger),
        group.end(member(state="active"), stranger),
    ):
        assert said(answer) == "scope@operator.scope"
    assert said(group.close(BOTH, operator(1, "lab"))) == "scope@operator.scope"


@pytest.mark.parametrize(
    ("state", "declined", "ended"),
    [
        ("requested", "membership.declined", "membership.ended"),
        ("active", "subject@body.membership", "membership.ended"),
        ("declined", "subject@body.membership", "subject@body.membership"),
        ("ended", "subject@body.membership", "subject@body.membership"),
    ],
)
def test_leaving_waits_for_nobody(state: str, declined: str, ended: str) -> None:
    """One operator ends a membership, at once, also their own request for it; a closed group holds nobody back (C7.4)."""
    assert said(group.decline(member(state=state), operator(1))) == declined
    for team in (LAB, EMPTY, CLOSED):
        assert said(group.end(member(team, state), operator(1, person=14))) == ended


def test_a_group_is_closed_with_all_its_rights() -> None:
    """Closing a group ends every right of it in one transaction; a closed one is neither closed, renamed nor given rights."""
    assert said(group.close(BOTH, operator(1))) == "right.revoked right.revoked group.closed"
    assert said(group.close(EMPTY, operator(1))) == "group.closed"
    for team in (None, CLOSED):
        assert said(group.close(team, operator(1))) == "subject@body.team"
        assert said(group.rename(team, TEXT, operator(1))) == "subject@body.team"
    assert said(group.rename(LAB, TEXT, operator(1))) == "group.renamed"


# Rights of groups -------------------------------------------------------------------------------------------------------


def asked(person: int | None, team: int | None, manner: str = "own", until: datetime = NOW + DAY) -> RequestRight:
    return RequestRight(person, "lab", "office", timestamp(NOW), timestamp(until), team, manner)


@pytest.mark.parametrize(
    ("expected", "body", "holder"),
    [
        ("right.requested", asked(14, None), Holder("active")),
        ("right.requested", asked(None, 7), Holder(team=LAB)),
        ("right.requested", asked(None, 7, "escorted"), Holder(team=EMPTY)),
        ("right.requested", asked(14, None, "escort"), Holder("active")),
        ("form@body.manner", asked(14, None, "alone"), Holder("active")),
        ("form@body.person", asked(14, 7), Holder("active", team=LAB)),
        ("form@body.person", asked(None, None), Holder("active", team=LAB)),
        ("subject@body.team", asked(None, 7), Holder(team=None)),
        ("subject@body.team", asked(None, 7), Holder(team=CLOSED)),
        ("subject@body.team", asked(None, 7), Holder(team=Team(7, "active", "t", 1, ((1, "lab"),) * MOST_RIGHTS))),
        ("right.requested", asked(14, None, until=NOW + DAY), Holder("active", NOW + DAY)),
        ("validity@body.until_at", asked(14, None, until=NOW + 2 * DAY), Holder("active", NOW + DAY)),
    ],
)
def test_a_right_is_one_persons_or_one_groups(expected: str, body: RequestRight, holder: Holder) -> None:
    """A right names a person or a group, never both or neither; a person's does not outlast the day they leave (C7.1, C7.2)."""
    answer = right.request(
        body, operator(1), number=1, purpose=TEXT, holder=holder, zones={"lab"}, schedules={"office"}, now=NOW
    )

    assert said(answer) == expected


@pytest.mark.parametrize(
    ("expected", "team", "in_group"),
    [
        ("right.approved", 7, False),
        ("second_person@right.team", 7, True),
        ("right.approved", None, False),
    ],
)
def test_who_is_in_a_group_does_not_approve_its_rights(expected: str, team: int | None, in_group: bool) -> None:
    """A right of a group that the approver is in, or waits to join, is a right of their own (C7.3)."""
    standing = Standing(1, 14 if team is None else None, "lab", "requested", NOW + DAY, 1, team=team)

    assert said(right.approve(standing, operator(2, person=15), NOW, in_group)) == expected


# Any of it --------------------------------------------------------------------------------------------------------------

zones = st.sampled_from(["lab", "vault", "lobby"])
humans = st.sampled_from([None, 14, 15])
operators = st.builds(
    OperatorFact,
    st.integers(1, 3),
    st.just(frozenset({"manager"})),
    st.one_of(st.just(frozenset({"*"})), st.frozensets(zones)),
    humans,
    st.just("active"),
)
teams = st.builds(
    Team,
    st.just(7),
    st.sampled_from(["active", "active", "closed"]),
    st.just("team-7"),
    st.just(1),
    st.lists(st.tuples(st.integers(1, 9), zones), max_size=3).map(tuple),
)
memberships = st.builds(
    Membership,
    st.just(5),
    st.sampled_from([14, 15]),
    st.sampled_from(["active", "active", "suspended", None]),
    st.sampled_from(["requested", "requested", "active", "declined", "ended"]),
    st.integers(1, 3),
    humans,
    teams,
)


@given(memberships, operators)
def test_nobody_is_let_in_but_by_another_who_answers_for_it(membership: Membership, by: OperatorFact) -> None:
    """Whatever the membership and whoever approves: it is done exactly where a second human, in scope of every zone, lets an
    active person into an open group, and nothing else comes of it (C7.3)."""
    known = {membership.person, membership.requester} - {None}
    allowed = (
        membership.state == "requested"
        and membership.person_state == "active"
        and membership.team.state == "active"
        and by.operator != membership.requested_by
        and by.person not in known
        and all("*" in by.scope or zone in by.scope for _, zone in membership.team.rights)
    )
    answer = group.approve(membership, by)

    assert isinstance(answer, Outcome) == allowed
    assert not allowed or said(answer) == "membership.approved"


@given(memberships, operators)
def test_what_only_takes_away_asks_for_no_second_person(membership: Membership, by: OperatorFact) -> None:
    """Whoever has one of the group's zones in scope ends a membership alone, their own and what they asked for too (C7.4)."""
    scoped = not membership.team.rights or any("*" in by.scope or zone in by.scope for _, zone in membership.team.rights)
    ended = isinstance(group.end(membership, by), Outcome)

    assert ended == (scoped and membership.state in ("active", "requested"))
