"""The custody ledger's rules: who may do what with which thing, by whose word, where and until when (C4.1, C4.2, C8.5).

Theory of a line. It is asked for (`requested`), and by another person allowed (`approved`) where its class and act take that;
what takes no approval is `approved` from the start. It begins when the thing is taken: `open`, and due by a day, or `kept` if
it was created or stored. It ends by being brought back, collected, left with the other side, lost, or destroyed under another
person's eyes. Nobody approves what they asked for or carry, and operators are compared by the humans that they are: one whom
the site does not know cannot prove to be another person.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.record.asks.custody import EndCustody, RequestCustody
from controller.record.canonical import moment, timestamp
from controller.record.handling import (
    ACTS,
    CHASED,
    DISPOSE,
    HANDED,
    LEAVING,
    LOST,
    MEDIA,
    OFF_SITE,
    OUTCOMES,
    TAKE_OFF,
    Need,
    need,
)
from controller.record.kinds.custody import (
    APPROVED,
    DECLINED,
    ENDED,
    KEPT_ON,
    LAPSED,
    OPEN,
    REQUESTED,
    CustodyApproved,
    CustodyBegun,
    CustodyConfirmed,
    CustodyDeclined,
    CustodyEnded,
    CustodyExtended,
    CustodyExtensionAsked,
    CustodyLapsed,
    CustodyRequested,
)
from controller.record.measures import TOP_SECRET
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, for_whom, within
from controller.rules.outcome import Outcome, Refusal

GOOD_FOR = timedelta(days=7)
"""How long an approval is good before it is used."""
LONGEST = timedelta(days=366)
"""Of a take-out."""
WAITS = timedelta(days=30)
"""How long what is due by no day waits for its approval."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where something is kept: the place, the places around it, and who answers for it."""

    place: str
    around: tuple[str, ...] = ()
    manager: int | None = None
    deputy: int | None = None

    @property
    def keepers(self) -> frozenset[int]:
        """The people who answer for it."""
        return frozenset(one for one in (self.manager, self.deputy) if one is not None)


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing or an asset as recorded: `class_` as in `controller.record.handling`, and where it may be handled."""

    thing: int | None
    asset: int | None
    medium: str
    kept: Kept
    class_: str
    allowed: frozenset[str]

    def lets(self, place: str) -> bool:
        """Whether it may be handled there (C8.5)."""
        return place == self.kept.place or place in self.allowed


@dataclass(frozen=True, slots=True)
class Carrier:
    """The person who is to have it. `access`: they have a right to the place where it is kept."""

    state: str | None
    access: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line as recorded, with what its decisions need. `requester`: the person who asked, if the site knows."""

    custody: int
    thing: int | None
    asset: int | None
    act: str
    medium: str
    place: str
    kept: Kept
    subject: Subject | None
    """The thing or asset as it is now; None where it is no more."""
    person: int
    state: str
    begin_by: datetime
    due_at: datetime | None
    requested_by: int
    requester: int | None
    copies: int = 0
    issued: int = 0
    out: frozenset[int] = frozenset()
    """The numbers that are handed out and not collected."""
    method: str = ""
    begun_in: str = ""
    decided_by: int | None = None
    confirmed_by: int | None = None
    brought_by: int | None = None

    @property
    def class_(self) -> str:
        """The class that counts; the strictest where it is not known any more."""
        return TOP_SECRET if self.subject is None else self.subject.class_

    def need(self, *, access: bool) -> Need:
        """What its act takes now."""
        return need(self.class_, self.act, access=access, off_site=self.place == OFF_SITE)


def request(
    ask: RequestCustody, operator: OperatorFact, *, number: int, text: PrivateRow, subject: Subject | None,
    carrier: Carrier, places: Container[str], now: datetime,
) -> Outcome | Refusal:  # fmt: skip
    """Ask for line `number`: of something known, by somebody present, at one of its places, with an end (C8.5)."""
    if ask.act not in ACTS:
        return Refusal(Code.FORM, "body.act")
    if subject is None:
        return Refusal(Code.SUBJECT, "body.thing" if ask.asset is None else "body.asset")
    if subject.medium not in MEDIA:
        return Refusal(Code.FORM, "body.medium")
    if refusal := _who(ask, operator, carrier) or _where(ask, subject, places) or _copies(ask, subject):
        return refusal
    wanted = need(subject.class_, ask.act, access=carrier.access, off_site=ask.place == OFF_SITE)
    if wanted.manager and ask.person != subject.kept.manager:
        return Refusal(Code.ROLE, "keeper.manager")
    until = _until(ask, now)
    if isinstance(until, Refusal):
        return until
    begin_by = until or now + WAITS
    if not wanted.approver:
        begin_by = min(begin_by, now + GOOD_FOR)
    record = CustodyRequested(
        number, subject.thing, subject.asset, ask.act, subject.medium, ask.place, subject.kept.place, ask.person, ask.copies,
        None if until is None else timestamp(until), timestamp(begin_by), text.ref(), operator.operator,
        REQUESTED if wanted.approver else APPROVED,
    )  # fmt: skip
    return Outcome((record,), private=(text,))


def _who(ask: RequestCustody, operator: OperatorFact, carrier: Carrier) -> Refusal | None:
    if refusal := for_whom("custody.request", operator, ask.person):
        return refusal
    if operator.person is None:
        return Refusal(Code.ROLE, "operator.person")
    return None if carrier.state == "active" else Refusal(Code.ACTIVE_PERSON, "body.person")


def _where(ask: RequestCustody, subject: Subject, places: Container[str]) -> Refusal | None:
    off = ask.place == OFF_SITE
    if not off and ask.place not in places:
        return Refusal(Code.SUBJECT, "body.place")
    if (off and ask.act not in LEAVING) or (not off and ask.act == TAKE_OFF):
        return Refusal(Code.FORM, "body.place")
    return None if subject.lets(ask.place) else Refusal(Code.PLACE, "body.place")


def _copies(ask: RequestCustody, subject: Subject) -> Refusal | None:
    wrong = ask.copies > 0 and ask.act not in HANDED
    missing = ask.copies == 0 and ask.act in HANDED and subject.class_ == TOP_SECRET
    return Refusal(Code.FORM, "body.copies") if wrong or missing else None


def _until(ask: RequestCustody, now: datetime) -> datetime | Refusal | None:
    if ask.due_at is None:
        return Refusal(Code.VALIDITY, "body.due_at") if ask.act in CHASED else None
    if ask.act not in CHASED:
        return Refusal(Code.FORM, "body.due_at")
    return day(ask.due_at, now)


def day(due_at: str, now: datetime) -> datetime | Refusal:
    """The moment by which it is to be over: in the future, and not for ever."""
    try:
        until = moment(due_at)
    except ValueError:
        return Refusal(Code.FORM, "body.due_at")
    return until if now < until <= now + LONGEST else Refusal(Code.VALIDITY, "body.due_at")


def may_decide(line: Line, operator: OperatorFact) -> Refusal | None:
    """Whether this operator answers for the line's place: its manager or deputy, or an operator who is manager there (C4.2)."""
    if operator.person is not None and operator.person in line.kept.keepers:
        return None
    if "manager" not in operator.roles:
        return Refusal(Code.ROLE, "keeper")
    return within(operator, line.kept.place, *line.kept.around)


def another(line: Line, operator: OperatorFact) -> Refusal | None:
    """Whether this operator is another person than whoever asked and whoever carries it; who cannot prove it is not."""
    if operator.operator == line.requested_by or operator.person is None or line.requester is None:
        return Refusal(Code.SECOND_PERSON, "custody.requested_by")
    return Refusal(Code.SECOND_PERSON, "custody.person") if operator.person in (line.requester, line.person) else None


def decides(line: Line | None, operator: OperatorFact, state: str) -> Refusal | None:
    """Why this operator does not decide on the line in this state; None: they do."""
    if line is None or line.state != state:
        return Refusal(Code.SUBJECT, "body.custody")
    return may_decide(line, operator) or another(line, operator)


def approve(
    line: Line | None, operator: OperatorFact, carrier: Carrier, now: datetime, despite: tuple[str, ...] = ()
) -> Outcome | Refusal:
    """Allow it, for seven days at most: by another person who answers for the place (C4.2).

    What has changed since it was asked for counts: a place that the asset does not name any more, a class that became stricter.
    """
    if (refusal := decides(line, operator, REQUESTED)) or line is None:
        return refusal or Refusal(Code.SUBJECT, "body.custody")
    if refusal := _still(line, carrier, now):
        return refusal
    begin_by = min(now + GOOD_FOR, line.due_at or now + GOOD_FOR)
    record = CustodyApproved(line.custody, line.person, operator.operator, timestamp(begin_by), APPROVED, despite)
    return Outcome((record,))


def _still(line: Line, carrier: Carrier, now: datetime) -> Refusal | None:
    """Whether it could be asked for now as it was."""
    if line.subject is None:
        return Refusal(Code.SUBJECT, "custody.thing")
    if not line.subject.lets(line.place):
        return Refusal(Code.PLACE, "custody.place")
    if line.need(access=carrier.access).manager and line.person != line.subject.kept.manager:
        return Refusal(Code.ROLE, "keeper.manager")
    if carrier.state != "active":
        return Refusal(Code.ACTIVE_PERSON, "custody.person")
    return Refusal(Code.VALIDITY, "custody.begin_by") if line.begin_by <= now else None


def decline(line: Line | None, operator: OperatorFact, reason: PrivateRow | None) -> Outcome | Refusal:
    """Do not allow it, or not any more before it has begun; whoever asked, or carries it, takes it back without a reason."""
    if line is None or line.state not in (REQUESTED, APPROVED):
        return Refusal(Code.SUBJECT, "body.custody")
    own = operator.operator == line.requested_by or (operator.person is not None and operator.person == line.person)
    if not own:
        if refusal := may_decide(line, operator):
            return refusal
        if reason is None:
            return Refusal(Code.PURPOSE, "private.reason")
    kept = () if reason is None else (reason,)
    ref = None if reason is None else reason.ref()
    return Outcome((CustodyDeclined(line.custody, line.person, operator.operator, ref, DECLINED),), private=kept)


def beginnable(line: Line, *, busy: bool, carrier: Carrier, now: datetime) -> Refusal | None:
    """Why an approved line does not begin now; None: it does. `busy`: somebody has the thing.

    What took no approval when it was asked for, and takes one now, has none.
    """
    if line.state != APPROVED or line.act == DISPOSE:
        return Refusal(Code.APPROVAL, "custody.state")
    return ready(line, busy=busy, carrier=carrier, now=now)


def ready(line: Line, *, busy: bool, carrier: Carrier, now: datetime) -> Refusal | None:
    """Why an approved act may not be done now; None: it may."""
    if refusal := _still(line, carrier, now):
        return refusal
    if line.decided_by is None and line.need(access=carrier.access).approver:
        return Refusal(Code.APPROVAL, "custody.decided_by")
    return Refusal(Code.SUBJECT, "custody.thing") if busy else None


def begun(line: Line, *, begun_in: str, station: str = "", operator: int = 0) -> CustodyBegun:
    """The thing is in the person's hands."""
    due_at = None if line.due_at is None else timestamp(line.due_at)
    state = OPEN if line.act in CHASED else KEPT_ON
    return CustodyBegun(
        line.custody, line.thing, line.person, line.act, line.kept.place, begun_in, station, operator, due_at, state
    )


def begin(line: Line | None, operator: OperatorFact, *, busy: bool, carrier: Carrier, now: datetime) -> Outcome | Refusal:
    """Begin by an operator's word, where there is no station."""
    if line is None:
        return Refusal(Code.SUBJECT, "body.custody")
    if refusal := for_whom("custody.begin", operator, line.person):
        return refusal
    if refusal := beginnable(line, busy=busy, carrier=carrier, now=now):
        return refusal
    return Outcome((begun(line, begun_in=line.kept.place, operator=operator.operator),))


def ask_extension(line: Line | None, due_at: str, operator: OperatorFact, now: datetime) -> Outcome | Refusal:
    """Ask for a later day."""
    if line is None or line.state != OPEN:
        return Refusal(Code.SUBJECT, "body.custody")
    if refusal := for_whom("custody.ask_extension", operator, line.person):
        return refusal
    until = day(due_at, now)
    if isinstance(until, Refusal):
        return until
    return Outcome((CustodyExtensionAsked(line.custody, line.person, timestamp(until), operator.operator),))


def extend(line: Line | None, due_at: str, operator: OperatorFact, now: datetime) -> Outcome | Refusal:
    """Let it be due on another day: approved again, by another person."""
    if (refusal := decides(line, operator, OPEN)) or line is None:
        return refusal or Refusal(Code.SUBJECT, "body.custody")
    until = day(due_at, now)
    if isinstance(until, Refusal):
        return until
    record = CustodyExtended(line.custody, line.person, line.kept.place, timestamp(until), operator.operator)
    return Outcome((record,))


def end(
    line: Line | None, ask: EndCustody, operator: OperatorFact, remarks: PrivateRow | None, known: bool = True
) -> Outcome | Refusal:
    """End a line by an operator's word; not while a numbered copy is out. `known`: there is whoever brought it back.

    Where the operator is another person who may decide, they approve the end by it; to leave it with the other side takes that.
    """
    if line is None or line.state not in (OPEN, KEPT_ON):
        return Refusal(Code.SUBJECT, "body.custody")
    if refusal := for_whom("custody.end", operator, line.person):
        return refusal
    if ask.outcome not in OUTCOMES or not known:
        return Refusal(Code.FORM, "body.outcome" if known else "body.brought_by")
    if line.out and ask.outcome != LOST:
        return Refusal(Code.SUBJECT, "custody.handouts")
    not_other = decides(line, operator, line.state) or (
        Refusal(Code.SECOND_PERSON, "body.brought_by") if operator.person == ask.brought_by else None
    )
    if ask.outcome == "kept" and not_other:
        return not_other
    record = CustodyEnded(
        line.custody, line.thing, line.person, ask.brought_by, ask.outcome, "", operator.operator,
        None if not_other else operator.operator, None if remarks is None else remarks.ref(), ENDED,
    )  # fmt: skip
    return Outcome((record,), private=() if remarks is None else (remarks,))


def confirm(line: Line | None, operator: OperatorFact) -> Outcome | Refusal:
    """Approve an end that nobody has approved: by another person, who did not bring it back either."""
    if (refusal := decides(line, operator, ENDED)) or line is None:
        return refusal or Refusal(Code.SUBJECT, "body.custody")
    if line.confirmed_by is not None:
        return Refusal(Code.SUBJECT, "custody.confirmed_by")
    if operator.person == line.brought_by:
        return Refusal(Code.SECOND_PERSON, "custody.brought_by")
    return Outcome((CustodyConfirmed(line.custody, operator.operator),))


def lapse(line: Line, code: str) -> CustodyLapsed:
    """Nobody began it in time, or nobody is there to begin it."""
    return CustodyLapsed(line.custody, line.person, code, LAPSED)


def at_once(outcome: Outcome, operator: OperatorFact, *, busy: bool) -> Outcome:
    """What was asked for, begun by the same word, where it takes no approval and nobody else has the thing."""
    (asked,) = outcome.records
    if not isinstance(asked, CustodyRequested) or asked.state != APPROVED or asked.act == DISPOSE or busy:
        return outcome
    state = OPEN if asked.act in CHASED else KEPT_ON
    record = CustodyBegun(
        asked.custody, asked.thing, asked.person, asked.act, asked.home, asked.home, "", operator.operator, asked.due_at, state
    )
    return Outcome((asked, record), private=outcome.private)
