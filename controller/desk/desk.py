"""The desk itself: opens a request, and asks the rule of its kind."""

from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller.desk import (
    cabinets,
    calendar,
    catalogue,
    combinations,
    conditions,
    custody,
    keys,
    people,
    portals,
    presence,
    rights,
    tethers,
    transports,
)
from controller.desk import start as starting
from controller.desk.asked import Asked, Rule
from controller.desk.freshness import stale
from controller.facility import Facility
from controller.facts import Facts
from controller.record.canonical import moment
from controller.record.keys import KeyPair
from controller.record.note import Checkpoint, read_note
from controller.record.refusals import Code
from controller.record.requests import (
    MalformedRequest,
    Request,
    read_body,
    read_envelope,
    read_private,
    signature_holds,
)
from controller.rules import start
from controller.rules.authority import authorise
from controller.rules.outcome import Outcome, Refusal
from controller.rules.portal import PortalState

RULES: dict[str, Rule] = {
    **people.RULES,
    **rights.RULES,
    **conditions.RULES,
    **presence.RULES,
    **portals.RULES,
    **calendar.RULES,
    **starting.RULES,
    **catalogue.RULES,
    **keys.RULES,
    **cabinets.RULES,
    **combinations.RULES,
    **custody.RULES,
    **transports.RULES,
    **tethers.RULES,
}
"""By kind of request; what is a right to do so is in `rules/authority.py`."""


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

    def __init__(self, facility: Facility, facts: Facts, key: KeyPair, former: Sequence[X25519PrivateKey] = ()) -> None:
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
        self, request: Request, now: datetime, now_s: float, clock: str, standing: dict[str, PortalState]
    ) -> Outcome | Refusal:
        """What becomes of a request that a trusted dashboard signed; `standing`: how each portal stands."""
        refusal = stale(request, now, clock)
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
        issued_at = moment(request.issued_at)
        asked = Asked(request.id, body, text, operator, now, now_s, self._facility, self._facts, standing, issued_at)
        return RULES[request.kind](asked)
