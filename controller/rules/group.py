"""Groups and who is in them. To join is to get the group's rights, so another than who asked approves it (C7.1, C7.3).

Theory. Whoever sets a right and whoever lets it hold are two people, and neither is the one who gets it. A group must not be a
way around that, in either order: nobody lets themselves join, nobody approves a right of a group that they are in or wait to
join (`controller.rules.right`), and joining always waits for a second person, whether or not the group holds a right yet: the
right may come a minute later. Who approves a membership answers for every zone that the group's rights lead to, so all of
them have to be in their scope. To leave, and to close a group, only takes away and waits for nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.record.kinds.group import GroupClosed, GroupCreated, GroupRenamed
from controller.record.kinds.membership import (
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipRequested,
)
from controller.record.kinds.right import RightRevoked
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal

MOST_GROUPS = 64
"""Groups that one person may be in: each of them is looked at at every tap."""

MOST_RIGHTS = 200
"""Rights that one group may hold: closing it ends them all in one transaction."""


@dataclass(frozen=True, slots=True)
class Team:
    """A group as recorded, with its rights that hold or were requested: number and zone of each."""

    team: int
    state: str
    private: str
    version: int
    rights: Sequence[tuple[int, str]] = ()

    @property
    def zones(self) -> list[str]:
        """Where its rights lead."""
        return sorted({zone for _, zone in self.rights})


@dataclass(frozen=True, slots=True)
class Membership:
    """A membership as recorded."""

    membership: int
    person: int
    person_state: str | None
    state: str
    requested_by: int
    requester: int | None
    """The person who is that operator, if the site knows."""
    team: Team


def create(number: int, text: PrivateRow, operator: OperatorFact) -> Outcome:
    """Make group `number`: nobody is in it, and it may do nothing."""
    return Outcome((GroupCreated(number, text.ref(), operator.operator, "active"),), private=(text,))


def rename(team: Team | None, text: PrivateRow, operator: OperatorFact) -> Outcome | Refusal:
    """Give the group another name."""
    refusal = _closed(team) or (_anywhere(team, operator) if team else None)
    if refusal or team is None:
        return refusal or Refusal(Code.SUBJECT, "body.team")
    return Outcome((GroupRenamed(team.team, text.ref(), operator.operator),), private=(text,))


def close(team: Team | None, operator: OperatorFact) -> Outcome | Refusal:
    """End the group and every right of it. Who was in it stays on record; it gives them nothing any more."""
    refusal = _closed(team) or (_everywhere(team, operator) if team else None)
    if refusal or team is None:
        return refusal or Refusal(Code.SUBJECT, "body.team")
    revoked = (RightRevoked(right, operator.operator, "revoked") for right, _ in team.rights)
    return Outcome((*revoked, GroupClosed(team.team, operator.operator, "closed")))


def join(
    number: int,
    person: int,
    team: Team | None,
    operator: OperatorFact,
    purpose: PrivateRow,
    *,
    person_state: str | None,
    groups: Sequence[int],
) -> Outcome | Refusal:
    """Ask that the person joins, as membership `number`; `groups` are those that they are in or wait to join."""
    if person_state != "active":
        return Refusal(Code.SUBJECT, "body.person")
    refusal = _closed(team) or (_anywhere(team, operator) if team else None)
    if refusal or team is None:
        return refusal or Refusal(Code.SUBJECT, "body.team")
    if team.team in groups or len(groups) >= MOST_GROUPS:
        return Refusal(Code.SUBJECT, "body.person")
    record = MembershipRequested(number, team.team, person, purpose.ref(), operator.operator, "requested")
    return Outcome((record,), private=(purpose,))


def approve(
    membership: Membership | None, operator: OperatorFact, despite: tuple[str, ...] = ()
) -> Outcome | Refusal:
    """Let them join. Not by who asked for it, not for oneself, and only by who answers for all that the group may enter.

    `despite`: what is open against the person, for the record.
    """
    if membership is None or membership.state != "requested" or membership.team.state != "active":
        return Refusal(Code.SUBJECT, "body.membership")
    if membership.person_state != "active":
        return Refusal(Code.SUBJECT, "membership.person")
    if refusal := _everywhere(membership.team, operator):
        return refusal
    if operator.operator == membership.requested_by:
        return Refusal(Code.SECOND_PERSON, "membership.requested_by")
    if operator.person is not None and operator.person in (membership.requester, membership.person):
        return Refusal(Code.SECOND_PERSON, "membership.person")
    return Outcome((MembershipApproved(membership.membership, operator.operator, "active", despite),))


def decline(membership: Membership | None, operator: OperatorFact) -> Outcome | Refusal:
    """Say no to a membership that was asked for; the one who asked may also take it back so."""
    if membership is None or membership.state != "requested":
        return Refusal(Code.SUBJECT, "body.membership")
    if refusal := _anywhere(membership.team, operator):
        return refusal
    return Outcome((MembershipDeclined(membership.membership, operator.operator, "declined"),))


def end(membership: Membership | None, operator: OperatorFact) -> Outcome | Refusal:
    """Let the person be in the group no more."""
    if membership is None or membership.state not in ("active", "requested"):
        return Refusal(Code.SUBJECT, "body.membership")
    if refusal := _anywhere(membership.team, operator):
        return refusal
    return Outcome((MembershipEnded(membership.membership, operator.operator, "ended"),))


def _closed(team: Team | None) -> Refusal | None:
    return Refusal(Code.SUBJECT, "body.team") if team is None or team.state != "active" else None


def _anywhere(team: Team, operator: OperatorFact) -> Refusal | None:
    """One of the group's zones is in the operator's scope; a group without rights is in everybody's."""
    return within(operator, *team.zones) if team.zones else None


def _everywhere(team: Team, operator: OperatorFact) -> Refusal | None:
    """All of the group's zones are in the operator's scope."""
    return next((refusal for zone in team.zones if (refusal := within(operator, zone))), None)
