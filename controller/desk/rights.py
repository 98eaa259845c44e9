"""Requests about rights: asked for, decided, reviewed, and held by groups. Each gathers the facts and asks the rule."""

from collections.abc import Iterable

from controller import person_facts, review_facts, violation_facts
from controller.desk.asked import Asked, Rule
from controller.record.asks import RequestRight
from controller.record.refusals import Code
from controller.rules import group, review, right
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock
from controller.storage_facts.places import Places


def _open_review(asked: Asked) -> Outcome | Refusal:
    running = len(review_facts.open_reviews(asked.facts.connection))
    wall = WallClock(asked.facility.timezone, asked.now)
    number = asked.facts.next("review")
    return review.open_(asked.body, asked.operator, number, Places(asked.facts.connection), running, wall)


def _keep_review(asked: Asked) -> Outcome | Refusal:
    found = review_facts.reviewed(asked.facts.connection, asked.body.access_right)
    if found is None:
        return Refusal(Code.SUBJECT, "body.access_right")
    right_, team = found
    reviews = review_facts.reviews_behind(asked.facts.connection, right_.judged_seq)
    in_group = asked.facts.groups.is_in(asked.operator.person, team)
    return review.keep(asked.body, right_, reviews, asked.operator, asked.facility.schedules, asked.now, in_group)


def _request_right(asked: Asked) -> Outcome | Refusal:
    number = asked.facts.next("access_right")
    return right.request(
        asked.body,
        asked.operator,
        number=number,
        purpose=asked.private(f"purpose-{number}"),
        holder=_holder(asked, asked.body),
        zones=Places(asked.facts.connection),
        schedules=asked.facility.schedules,
        now=asked.now,
    )


def _approve_right(asked: Asked) -> Outcome | Refusal:
    standing = asked.facts.right(asked.body.access_right)
    in_group = standing is not None and asked.facts.groups.is_in(asked.operator.person, standing.team)
    despite = _despite(asked, standing.person, [standing.zone]) if standing is not None else ()
    return right.approve(standing, asked.operator, asked.now, in_group, despite)


def _despite(asked: Asked, person: int | None, zones: Iterable[str]) -> tuple[str, ...]:
    """What is open against the person who would be let into these zones; nothing against a group."""
    if person is None:
        return ()
    return violation_facts.open_against(asked.facts.connection, asked.facility, person, zones, asked.now)


def _decline_right(asked: Asked) -> Outcome | Refusal:
    return right.decline(asked.facts.right(asked.body.access_right), asked.operator)


def _revoke_right(asked: Asked) -> Outcome | Refusal:
    return right.revoke(asked.facts.right(asked.body.access_right), asked.operator)


def _create_group(asked: Asked) -> Outcome | Refusal:
    number = asked.facts.next("team")
    return group.create(number, asked.private(f"team-{number}"), asked.operator)


def _rename_group(asked: Asked) -> Outcome | Refusal:
    team = asked.facts.groups.team(asked.body.team)
    text = asked.private(f"team-{asked.body.team}", 1 if team is None else team.version + 1)
    return group.rename(team, text, asked.operator)


def _close_group(asked: Asked) -> Outcome | Refusal:
    return group.close(asked.facts.groups.team(asked.body.team), asked.operator)


def _request_membership(asked: Asked) -> Outcome | Refusal:
    number, person, known = asked.facts.next("membership"), asked.body.person, asked.facts.groups
    return group.join(
        number,
        person,
        known.team(asked.body.team),
        asked.operator,
        asked.private(f"membership-{number}"),
        person_state=asked.facts.person_state(person),
        groups=known.groups_of(person),
    )


def _approve_membership(asked: Asked) -> Outcome | Refusal:
    found = asked.facts.groups.membership(asked.body.membership)
    despite = _despite(asked, found.person, found.team.zones) if found is not None else ()
    return group.approve(found, asked.operator, despite)


def _decline_membership(asked: Asked) -> Outcome | Refusal:
    return group.decline(asked.facts.groups.membership(asked.body.membership), asked.operator)


def _end_membership(asked: Asked) -> Outcome | Refusal:
    return group.end(asked.facts.groups.membership(asked.body.membership), asked.operator)


def _holder(asked: Asked, body: RequestRight) -> right.Holder:
    """Whose the right would be."""
    if body.person is None:
        return right.Holder(team=asked.facts.groups.team(body.team))
    profile = person_facts.profile(asked.facts.connection, body.person)
    return right.Holder() if profile is None else right.Holder(profile.state, profile.leaves_at)


RULES: dict[str, Rule] = {
    "review.open": _open_review,
    "review.keep": _keep_review,
    "right.request": _request_right,
    "right.approve": _approve_right,
    "right.decline": _decline_right,
    "right.revoke": _revoke_right,
    "group.create": _create_group,
    "group.rename": _rename_group,
    "group.close": _close_group,
    "membership.request": _request_membership,
    "membership.approve": _approve_membership,
    "membership.decline": _decline_membership,
    "membership.end": _end_membership,
}
