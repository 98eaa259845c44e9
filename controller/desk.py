"""The desk: where requests come to be decided. Envelope, signature and operator first, then the kind's rule.

Every kind is one row of `RULES`. What changes something leaves records and its reply in one transaction under its id, so
that a repeated request is answered and not done again (design §5).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller import byhand, days, person_facts, review_facts
from controller.facility import Facility
from controller.facts import Facts
from controller.ledger.ledger import fresh_salt
from controller.record.canonical import moment
from controller.record.conditions import PLEDGE, TRAINING
from controller.record.keys import KeyPair
from controller.record.note import Checkpoint, read_note
from controller.record.private import PrivateRow, Text
from controller.record.refusals import Code
from controller.record.requests import (
    MalformedRequest,
    Request,
    RequestRight,
    read_body,
    read_envelope,
    read_private,
    signature_holds,
)
from controller.rules import (
    badge,
    condition,
    erasure,
    evacuation,
    group,
    interlock,
    leaving,
    passage,
    person,
    pin_keeping,
    posture,
    review,
    right,
    special_day,
    start,
)
from controller.rules.authority import OperatorFact, authorise, within
from controller.rules.clock import trusted
from controller.rules.effects import PlaySignal
from controller.rules.outcome import Outcome, Refusal
from controller.rules.passage import At
from controller.rules.portal import PortalState
from controller.rules.schedule import WallClock

LONGEST_S = {
    "portal.release": 60.0,
    "portal.override": 60.0,
    "portal.resume": 600.0,
    "lockdown.end": 600.0,
    "evacuation.end": 600.0,
    "special_day.set": 600.0,
    "special_day.approve": 600.0,
    "special_day.clear": 600.0,
    "person.reinstate": 600.0,
    "person.change": 600.0,
    "presence.correct": 600.0,
    "presence.forgive": 600.0,
    "review.keep": 600.0,
    "badge.enrol": 60.0,
    "pledge.sign": 3600.0,
    "training.complete": 3600.0,
    "pin.enrol": 60.0,
    "pin.unlock": 600.0,
}
"""Kinds that must expire, and within how many seconds of their issue: a door is not opened for yesterday's reason.

Nor is what was locked since then undone by it: a broker can hold a message back, and hand out a reinstatement behind a later
suspension, or an enrolment in the night. What only takes away never has to expire.
"""

SOON_S = {"evacuation.begin": 600.0}
"""Kinds that may come without an end, so that no doubted clock refuses them; but where it is trusted, not later than this after
their issue: a fire of last week opens no door tonight, whatever a broker has held back."""

CLOCK_SLACK = timedelta(seconds=120)
"""How far a dashboard's clock may be ahead."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose signature, operator and form are good: what the rules need of it."""

    id: str
    body: Any
    text: Text
    operator: OperatorFact
    now: datetime
    now_s: float

    def private(self, id: str, version: int = 1) -> PrivateRow:
        """The request's texts as a new private row, or as a new version of one."""
        return PrivateRow(id, version, self.text, fresh_salt())


class Rejected(Exception):
    """Nobody who counts signed this: no record of its own, only a count. `code` is `form` or `signature`.

    `revoked`: the request, when a dashboard signed it that is trusted no more. It alone may be told so.
    """

    def __init__(self, code: Code, revoked: Request | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.revoked = revoked


class Desk:
    """Decides requests on facts of the moment."""

    def __init__(
        self, facility: Facility, facts: Facts, key: KeyPair, former: Sequence[X25519PrivateKey] = ()
    ) -> None:
        self._facility = facility
        self._facts = facts
        self._key = key
        self._former = tuple(former)

    def open(self, data: bytes) -> Request:
        """The request, if a trusted dashboard signed it for this site. Raises Rejected."""
        try:
            request = read_envelope(data)
        except MalformedRequest as error:
            raise Rejected(Code.FORM) from error
        keys = self._facts.dashboard(request.dashboard)
        if keys is None and self._was_trusted(request):
            raise Rejected(Code.SIGNATURE, request)
        if keys is None or request.site != self._facility.id or not signature_holds(request, keys):
            raise Rejected(Code.SIGNATURE)
        return request

    def _was_trusted(self, request: Request) -> bool:
        keys = self._facts.revoked_dashboard(request.dashboard)
        return keys is not None and request.site == self._facility.id and signature_holds(request, keys)

    def own(self, note: bytes) -> Checkpoint | None:
        """The checkpoint in a note, if this site signed it: with the present key, or with one of before and in its time."""
        for signing, upto in ((self._key.public.signing, None), *self._facts.former_signing()):
            checkpoint = read_note(note, self._facility.id, signing)
            if checkpoint is not None and (upto is None or checkpoint.size <= upto):
                return checkpoint
        return None

    def decide(
        self, request: Request, now: datetime, now_s: float, clock: str, portals: dict[str, PortalState]
    ) -> Outcome | Refusal:
        """What becomes of a request that a trusted dashboard signed."""
        refusal = _stale(request, now, clock)
        if refusal:
            return refusal
        try:
            body = read_body(request)
            text = read_private(request, self._key, self._former)
        except MalformedRequest as error:
            place = str(error).partition(":")[0]
            missing = Code.PURPOSE if place == "private.purpose" else Code.FORM
            return Refusal(missing, str(error)[:200])
        operator = self._facts.operator(request.operator)
        refusal = authorise(request.kind, operator)
        if refusal or operator is None:
            return refusal or Refusal(Code.OPERATOR, "operator")
        if refusal := start.sufficient(request.kind, self._facts.operators(), self._facts.start()):
            return refusal
        return RULES[request.kind](self, Asked(request.id, body, text, operator, now, now_s), portals)

    # One method a kind: gather the facts, ask the rule. ---------------------------------------------------------------

    def _person_register(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        number = self._facts.next("person")
        return person.register(number, asked.private(f"person-{number}"))

    def _person_change(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        profile = person_facts.profile(self._facts.connection, asked.body.person)
        text = profile.next_text(asked.text, fresh_salt()) if profile is not None and asked.text else None
        return person.change(asked.body, profile, text, asked.operator, WallClock(self._facility.timezone, asked.now))

    def _person_leave(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        facts, number = self._facts.connection, asked.body.person
        return leaving.leave(
            asked.body,
            person_facts.profile(facts, number),
            person_facts.held(facts, number),
            asked.operator,
            f"operator:{asked.operator.operator}",
            WallClock(self._facility.timezone, asked.now),
        )

    def _person_suspend(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        state = self._facts.person_state(asked.body.person)
        return person.suspend(asked.body.person, state, asked.private(f"reason-{asked.id}"))

    def _person_reinstate(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        state = self._facts.person_state(asked.body.person)
        return person.reinstate(asked.body.person, state, asked.private(f"reason-{asked.id}"), asked.operator)

    def _person_erase(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        subject, by = self._facts.subject(asked.body.person), f"operator:{asked.operator.operator}"
        return erasure.erase(subject, asked.body.reason, asked.operator, by)

    def _badge_enrol(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        readers = self._facility.readers
        at = readers.get(asked.body.reader)
        open_at = self._facts.enrolments({reader.id: reader.portal for reader in readers.values()})
        return badge.open_enrolment(
            asked.body,
            asked.operator,
            portal=None if at is None else at.portal,
            busy=asked.body.reader in open_at or asked.body.reader in self._facts.pins.enrolments({}),
            person_state=self._facts.person_state(asked.body.person),
            now=asked.now,
        )

    def _badge_retire(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return badge.retire(self._facts.badge(asked.body.badge), asked.body.badge, asked.body.state)

    def _pin_enrol(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        at = self._facility.readers.get(asked.body.reader)
        return pin_keeping.open_enrolment(
            asked.body,
            asked.operator,
            portal=None if at is None or not at.keypad else at.portal,
            busy=asked.body.reader in self._facts.enrolments({}) or asked.body.reader in self._facts.pins.enrolments({}),
            person_state=self._facts.person_state(asked.body.person),
            now=asked.now,
        )

    def _pin_clear(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return pin_keeping.clear(self._facts.pins.standing(asked.body.person))

    def _pin_unlock(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return pin_keeping.unlock(self._facts.pins.standing(asked.body.person), asked.operator)

    def _review_open(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        running = len(review_facts.open_reviews(self._facts.connection))
        wall = WallClock(self._facility.timezone, asked.now)
        number = self._facts.next("review")
        return review.open_(asked.body, asked.operator, number, self._facility.zones, running, wall)

    def _review_keep(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        found = review_facts.reviewed(self._facts.connection, asked.body.access_right)
        if found is None:
            return Refusal(Code.SUBJECT, "body.access_right")
        right_, team = found
        reviews = review_facts.reviews_behind(self._facts.connection, right_.judged_seq)
        in_group = self._facts.groups.is_in(asked.operator.person, team)
        return review.keep(
            asked.body, right_, reviews, asked.operator, self._facility.schedules, asked.now, in_group
        )

    def _right_request(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        number = self._facts.next("access_right")
        return right.request(
            asked.body,
            asked.operator,
            number=number,
            purpose=asked.private(f"purpose-{number}"),
            holder=self._holder(asked.body),
            zones=self._facility.zones,
            schedules=self._facility.schedules,
            now=asked.now,
        )

    def _holder(self, body: RequestRight) -> right.Holder:
        """Whose the right would be."""
        if body.person is None:
            return right.Holder(team=self._facts.groups.team(body.team))
        profile = person_facts.profile(self._facts.connection, body.person)
        return right.Holder() if profile is None else right.Holder(profile.state, profile.leaves_at)

    def _right_approve(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        standing = self._facts.right(asked.body.access_right)
        in_group = standing is not None and self._facts.groups.is_in(asked.operator.person, standing.team)
        return right.approve(standing, asked.operator, asked.now, in_group)

    def _right_decline(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return right.decline(self._facts.right(asked.body.access_right), asked.operator)

    def _right_revoke(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return right.revoke(self._facts.right(asked.body.access_right), asked.operator)

    def _group_create(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        number = self._facts.next("team")
        return group.create(number, asked.private(f"team-{number}"), asked.operator)

    def _group_rename(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        team = self._facts.groups.team(asked.body.team)
        text = asked.private(f"team-{asked.body.team}", 1 if team is None else team.version + 1)
        return group.rename(team, text, asked.operator)

    def _group_close(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return group.close(self._facts.groups.team(asked.body.team), asked.operator)

    def _membership_request(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        number, person, known = self._facts.next("membership"), asked.body.person, self._facts.groups
        return group.join(
            number,
            person,
            known.team(asked.body.team),
            asked.operator,
            asked.private(f"membership-{number}"),
            person_state=self._facts.person_state(person),
            groups=known.groups_of(person),
        )

    def _membership_approve(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return group.approve(self._facts.groups.membership(asked.body.membership), asked.operator)

    def _membership_decline(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return group.decline(self._facts.groups.membership(asked.body.membership), asked.operator)

    def _membership_end(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return group.end(self._facts.groups.membership(asked.body.membership), asked.operator)

    def _pledge_sign(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        ask = asked.body
        return condition.sign(ask, asked.operator, self._entry(asked, f"{PLEDGE}:{ask.pledge}", ask.signed_on))

    def _training_complete(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        ask = asked.body
        entry = self._entry(asked, f"{TRAINING}:{ask.course}", ask.completed_on)
        return condition.complete(ask, asked.operator, entry)

    def _entry(self, asked: Asked, id: str, day: str) -> condition.Entry:
        """The facts for putting this condition on record of the people who are named."""
        known, number = self._facility.conditions.get(id), self._facts.next("fulfilment")
        people = [
            condition.Person(
                one,
                self._facts.person_state(one),
                known is not None and self._facts.conditions.recorded_on(one, known, day),
            )
            for one in asked.body.people
        ]
        notes = [asked.private(f"note-{number + n}") if asked.text else None for n in range(len(people))]
        wall = WallClock(self._facility.timezone, asked.now)
        return condition.Entry(known, self._facility.requiring(id), people, number, notes, wall)

    def _pledge_withdraw(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return self._withdraw(PLEDGE, asked)

    def _training_withdraw(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return self._withdraw(TRAINING, asked)

    def _withdraw(self, sort: str, asked: Asked) -> Outcome | Refusal:
        found = self._facts.conditions.fulfilment(asked.body.fulfilment)
        zones = () if found is None else self._facility.requiring(found.condition)
        return condition.withdraw(sort, found, asked.operator, zones, asked.private(f"reason-{asked.id}"))

    def _presence_correct(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return byhand.correct(
            asked.body, asked.operator, self._facility, self._facts, asked.private(f"reason-{asked.id}"), asked.now
        )

    def _presence_forgive(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return byhand.forgive(asked.body, asked.operator, self._facts, asked.private(f"reason-{asked.id}"), asked.now)

    def _entry_note(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return byhand.note(
            asked.body, asked.operator, self._facility, self._facts, asked.private(f"reason-{asked.id}"), asked.now
        )

    def _entry_confirm(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return byhand.confirm(asked.body.note, asked.operator, self._facility, self._facts, asked.now)

    def _entry_decline(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return byhand.decline(asked.body.note, asked.operator, self._facility, self._facts)

    def _portal_release(self, asked: Asked, portals: dict[str, PortalState]) -> Outcome | Refusal:
        portal = self._facility.portals.get(asked.body.portal)
        if portal is None:
            return Refusal(Code.SUBJECT, "body.portal")
        if refusal := within(asked.operator, portal.inner, portal.outer):
            return refusal
        if self._facts.orders().locked_down(portal.inner, portal.outer):
            return Refusal(Code.LOCKDOWN, "zone.lockdown")
        if blocking := interlock.blocking(portal.interlock, portals):
            return Refusal(Code.INTERLOCK, f"portal.{blocking}")
        at = At(portal.id, portals[portal.id], portal.timing, asked.now_s, inner=portal.inner, outer=portal.outer)
        return passage.release(at, asked.operator.operator, asked.private(f"reason-{asked.id}"))

    def _start_review(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        facts = self._facts
        acted, size = facts.acted(asked.operator.operator), facts.size()
        return start.review(asked.body, asked.operator, facts.start(), acted=acted, size=size)

    def _portal_override(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        portal = self._facility.portals.get(asked.body.portal)
        if portal is None:
            return Refusal(Code.SUBJECT, "body.portal")
        try:
            until = moment(asked.body.until_at)
        except ValueError:
            return Refusal(Code.PURPOSE, "body.until_at")
        reason = asked.private(f"reason-{asked.id}")
        return posture.override(
            portal.id, portal.unlocking, asked.operator, asked.body.posture, until, reason, asked.now
        )

    def _portal_resume(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        portal = self._facility.portals.get(asked.body.portal)
        if portal is None:
            return Refusal(Code.SUBJECT, "body.portal")
        return posture.resume(portal.id, portal.unlocking, asked.operator, self._facts.orders())

    def _evacuation_begin(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        if not self._is_place(asked.body.zone):
            return Refusal(Code.SUBJECT, "body.zone")
        reason = asked.private(f"reason-{asked.id}")
        return evacuation.begin(asked.body.zone, "operator", asked.operator, reason, self._facts.orders())

    def _evacuation_end(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        if not self._is_place(asked.body.zone):
            return Refusal(Code.SUBJECT, "body.zone")
        reason = asked.private(f"reason-{asked.id}")
        return evacuation.end(asked.body.zone, asked.operator, reason, self._facts.orders())

    def _is_place(self, zone: str) -> bool:
        """Whether it is a zone, or the whole site."""
        return zone == posture.SITE or zone in self._facility.zones

    def _special_day_set(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        body, facts = asked.body, self._facts
        return special_day.ask(
            facts.next("special_day"),
            body.schedule,
            body.day,
            body.hours,
            operator=asked.operator,
            reason=asked.private(f"reason-{asked.id}"),
            known=days.hours(self._facility, facts),
            replaced=days.set_there(facts.connection, body.day, body.schedule),
            now=asked.now,
        )

    def _special_day_approve(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        waits = days.standing(self._facts.connection, asked.body.special_day)
        replaced = () if waits is None else days.set_there(self._facts.connection, waits.day, waits.schedule)
        known = days.hours(self._facility, self._facts)
        return special_day.approve(waits, asked.operator, known, replaced, asked.now)

    def _special_day_decline(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return special_day.decline(days.standing(self._facts.connection, asked.body.special_day), asked.operator)

    def _special_day_clear(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return special_day.clear(days.standing(self._facts.connection, asked.body.special_day), asked.operator)

    def _lockdown_begin(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return self._lockdown(asked, posture.begin_lockdown, "lockdown")

    def _lockdown_end(self, asked: Asked, _: dict[str, PortalState]) -> Outcome | Refusal:
        return self._lockdown(asked, posture.end_lockdown, "idle_locked")

    def _lockdown(self, asked: Asked, rule: Callable[..., Outcome | Refusal], shown: str) -> Outcome | Refusal:
        zone = asked.body.zone
        if zone != posture.SITE and zone not in self._facility.zones:
            return Refusal(Code.SUBJECT, "body.zone")
        outcome = rule(zone, asked.operator, asked.private(f"reason-{asked.id}"), self._facts.orders())
        if isinstance(outcome, Refusal):
            return outcome
        concerned = [p.id for p in self._facility.portals.values() if zone in (posture.SITE, p.inner, p.outer)]
        return replace(outcome, effects=tuple(PlaySignal(portal, shown) for portal in concerned))


RULES: dict[str, Callable[[Desk, Asked, dict[str, PortalState]], Outcome | Refusal]] = {
    "person.register": Desk._person_register,
    "person.change": Desk._person_change,
    "person.leave": Desk._person_leave,
    "person.suspend": Desk._person_suspend,
    "person.reinstate": Desk._person_reinstate,
    "person.erase": Desk._person_erase,
    "badge.enrol": Desk._badge_enrol,
    "badge.retire": Desk._badge_retire,
    "pin.enrol": Desk._pin_enrol,
    "pin.clear": Desk._pin_clear,
    "pin.unlock": Desk._pin_unlock,
    "review.open": Desk._review_open,
    "review.keep": Desk._review_keep,
    "right.request": Desk._right_request,
    "right.approve": Desk._right_approve,
    "right.decline": Desk._right_decline,
    "right.revoke": Desk._right_revoke,
    "group.create": Desk._group_create,
    "group.rename": Desk._group_rename,
    "group.close": Desk._group_close,
    "membership.request": Desk._membership_request,
    "membership.approve": Desk._membership_approve,
    "membership.decline": Desk._membership_decline,
    "membership.end": Desk._membership_end,
    "pledge.sign": Desk._pledge_sign,
    "pledge.withdraw": Desk._pledge_withdraw,
    "training.complete": Desk._training_complete,
    "training.withdraw": Desk._training_withdraw,
    "presence.correct": Desk._presence_correct,
    "presence.forgive": Desk._presence_forgive,
    "entry.note": Desk._entry_note,
    "entry.confirm": Desk._entry_confirm,
    "entry.decline": Desk._entry_decline,
    "portal.release": Desk._portal_release,
    "portal.override": Desk._portal_override,
    "portal.resume": Desk._portal_resume,
    "lockdown.begin": Desk._lockdown_begin,
    "lockdown.end": Desk._lockdown_end,
    "evacuation.begin": Desk._evacuation_begin,
    "evacuation.end": Desk._evacuation_end,
    "special_day.set": Desk._special_day_set,
    "special_day.approve": Desk._special_day_approve,
    "special_day.decline": Desk._special_day_decline,
    "special_day.clear": Desk._special_day_clear,
    "start.review": Desk._start_review,
}


def _stale(request: Request, now: datetime, clock: str) -> Refusal | None:
    """Whether the request comes too late or too early; what expires is refused while the clock is not trusted (design §6)."""
    try:
        issued = moment(request.issued_at)
        expires = None if request.expires_at is None else moment(request.expires_at)
    except ValueError:
        return Refusal(Code.FORM, "issued_at")
    longest, longest_without_end = LONGEST_S.get(request.kind), SOON_S.get(request.kind)
    if longest is not None and (expires is None or (expires - issued).total_seconds() > longest):
        return Refusal(Code.FRESHNESS, "expires_at")
    late = longest_without_end is not None and trusted(clock) and now > issued + timedelta(seconds=longest_without_end)
    if late:
        return Refusal(Code.FRESHNESS, "issued_at")
    if expires is None:
        return None
    if not trusted(clock):
        return Refusal(Code.CLOCK, "expires_at")
    if now > expires or issued > now + CLOCK_SLACK:
        return Refusal(Code.FRESHNESS, "expires_at")
    return None
