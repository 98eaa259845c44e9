"""An enrolment at a reader, of a badge or a PIN, as the page that waits for it sees it."""

from typing import Protocol, TypeVar

from controller.record.canonical import moment
from dashboard.read.requests import Asked
from dashboard.web.context import here, user


class Enrolment(Protocol):
    """The last enrolment at a reader, of whatever."""

    @property
    def person(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def until_at(self) -> str: ...
    @property
    def seq(self) -> int: ...


Found = TypeVar("Found", bound=Enrolment)


def own_enrolment(asked: Asked | None, found: Found | None, person: int) -> tuple[Asked | None, Found | None]:
    """The request, if this user made it, and the enrolment that it began.

    Another person's, or one that is older than the answer to the request, is an earlier one at the same reader.
    """
    own = asked if asked is not None and asked.account == user().account else None
    if found is None or found.person != person:
        return own, None
    earlier = own is not None and (own.first is None or found.seq < own.first)
    return own, None if earlier else found


def seconds_left(found: Enrolment) -> int:
    """How long it still waits; 0 when it does no more."""
    if found.state != "open":
        return 0
    return max(0, int((moment(found.until_at) - here().now()).total_seconds()))
