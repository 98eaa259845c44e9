"""Why a door opens for somebody, or does not: asked of the site, whose rules decide; nothing of that is decided here."""

import re
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import QueryExplain
from controller.record.canonical import timestamp
from controller.record.explained import Explained, Said
from controller.record.kinds.entry import EntryRefused, EntryRefusedBefore
from controller.record.words import codes
from dashboard.questions import QuestionsFull
from dashboard.read import assets, ledger, people, questions
from dashboard.read.lines import Line, body_of, lines
from dashboard.read.names import Names
from dashboard.read.questions import Question
from dashboard.views.subject import names_at, portal_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import said

blueprint = Blueprint("why", __name__)

MOST_FITTING = 12
"""People to choose from when a name fits several."""
MOST_BEHIND = 6
"""Records shown behind one check."""
READS_CHECKS = frozenset({"administrator", "manager", "custodian", "auditor"})
"""Who is shown every check and the records behind it. A guard is told whether it opens, and what is missing first."""


AT_THE_DOOR = frozenset({"pin.typed", "right.manner", "zone.two_person", "asset.two_person"})
"""Places of what is brought to the door and not on record: who lacks nothing else is let in with it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal on record that somebody asks about."""

    line: Line
    body: EntryRefused | EntryRefusedBefore

    def question(self) -> QueryExplain:
        """Why that badge was refused there and then."""
        assert self.body.person is not None  # noqa: S101 - `_refused` leaves others out
        return QueryExplain(self.body.person, self.body.portal, self.line.at, self.line.seq, self.body.badge or 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One check, as the page says it: `passed`, `missing` or `unasked`; `stop`: here the door said no."""

    check: str
    answer: str
    code: str
    place: str
    way: str
    link: tuple[str, str]
    """Address and words of where that is put right; empty for who may not."""
    behind: list[Line]
    more: int
    stop: bool
    asset: tuple[int, str] | None = None
    """Number and name of the asset that is kept there and asks for it (C1.2)."""


@blueprint.route("/why/<site>", methods=["GET", "POST"])
def ask(site: str) -> Response | str | tuple[str, int]:
    """Who, where and when; of a refusal on record all of that is known."""
    given = request.form if request.method == "POST" else request.args
    form = Fields(given)
    fitting: list[people.Person] = []
    with here().connect() as connection:
        names = names_at(connection, site)
        refused = _refused(connection, names, given.get("record", ""))
        body = refused.question() if refused else None
        if request.method == "POST" and body is None:
            body, fitting = _read(connection, names, form)
        person = _person(connection, names, form.values.get("person", ""))
    if request.method == "POST" and body is not None and (answer := _submit(site, body, form)) is not None:
        return answer
    page = render_template(
        "why_ask.html", site=names.site, names=names, form=form, refused=refused, fitting=fitting, person=person
    )
    return page, 400 if form.errors else 200


def _submit(site: str, body: QueryExplain, form: Fields) -> Response | None:
    try:
        id = here().runtime.questions.ask(site, body, user().account)
    except QuestionsFull:
        form.errors["who"] = _("Too many questions wait for an answer. Try again in a few minutes.")
        return None
    return redirect(url_for("why.page", site=site, id=id), 303)


def _refused(connection: sa.Connection, names: Names, seq: str) -> Refused | None:
    """The refusal with this number, of somebody who is known, in the ledger as the site has it now."""
    if not seq:
        return None
    if not (seq.isascii() and seq.isdigit() and len(seq) < 16):
        abort(404)
    found = ledger.row(connection, names.site.id, names.site.epoch, int(seq))
    body = None if found is None else body_of(found.bytes)
    if not isinstance(body, EntryRefused | EntryRefusedBefore) or body.person is None:
        abort(404)
    return Refused(lines([found], names)[0], body)


def _read(connection: sa.Connection, names: Names, form: Fields) -> tuple[QueryExplain | None, list[people.Person]]:
    """What was asked; or None, what is wrong in the form, and the people that the name fits."""
    portal = form.choice("portal", names.portals, _("Choose the door."))
    at = form.moment("at", names.site.timezone) if form.values.get("at", "").strip() else None
    person, fitting = _who(connection, names, form)
    if form.errors or person is None:
        return None, fitting
    return QueryExplain(person, portal, "" if at is None else timestamp(at)), []


def _who(connection: sa.Connection, names: Names, form: Fields) -> tuple[int | None, list[people.Person]]:
    """The person who was chosen or written, by name or number; several where more fit."""
    if (chosen := _person(connection, names, form.values.get("person", ""))) is not None:
        return chosen.person, []
    text = form.text("who", required=_("Write the person's name or number."), longest=100)
    if "who" in form.errors:
        return None, []
    found, more = people.listed(connection, names, text, 0)
    if len(found) == 1 and not more:
        return found[0].person, []
    if not found:
        form.errors["who"] = _("Nobody here has this name or number.")
    elif len(found) > MOST_FITTING:
        form.errors["who"] = _("It fits too many people. Write more of the name.")
    else:
        form.errors["who"] = _("It fits several people. Choose one.")
    return None, found if len(found) <= MOST_FITTING else []


def _person(connection: sa.Connection, names: Names, text: str) -> people.Person | None:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return people.one(connection, names, int(text))


# The answer -------------------------------------------------------------------------------------------------------------


@blueprint.get("/why/<site>/<id>")
def page(site: str, id: str) -> str:
    """Whether it has been answered, and the answer; for who asked alone."""
    with here().connect() as connection:
        found = questions.one(connection, id[:26])
        if found is None or found.site != site or found.account != user().account:
            abort(404)
        names = names_at(connection, site)
        names.learn([found.asked.person])
        reads = _reads_checks(connection, names, found)
        steps = _steps(connection, names, found.found) if found.found is not None and reads else []
        before = found.asked.before
        refused = _refused(connection, names, str(before)) if before and _is_here(connection, names, found.asked) else None
    return render_template(
        "why.html",
        question=found,
        found=found.found,
        site=names.site,
        names=names,
        who=names.person(found.asked.person),
        door=names.portals.get(found.asked.portal, found.asked.portal),
        steps=steps,
        reads=reads,
        refused=refused,
        way=_way(found.found.code or "") if found.found is not None else "",
        brings=_brings(found.found) if found.found is not None else [],
        expired=not found.answered and found.expires_at <= timestamp(here().now()),
        stale=names.site.stale(here().now()),
    )


def _is_here(connection: sa.Connection, names: Names, asked: QueryExplain) -> bool:
    """Whether the record is still the one that was asked about: another epoch may have another there."""
    found = ledger.row(connection, names.site.id, names.site.epoch, asked.before)
    here_is = None if found is None else (found.kind, found.person, found.portal)
    return here_is == ("entry.refused", asked.person, asked.portal)


def _reads_checks(connection: sa.Connection, names: Names, found: Question) -> bool:
    """Whether role and scope let who is signed in see what stands behind: of this door's zones, and of the person."""
    operator = user().operators[names.site.id]
    if found.asked.portal not in names.portals:
        return False
    tile = portal_at(connection, names, found.asked.portal)
    return bool(operator.roles & READS_CHECKS) and operator.covers(tile.inner, tile.outer)


def _steps(connection: sa.Connection, names: Names, found: Explained) -> list[Step]:
    """The checks in order. The door stops at the first that is missing; the others are what would come next."""
    shown = {seq for check in found.checks for seq in check.behind[-MOST_BEHIND:]}
    rows = [ledger.row(connection, names.site.id, names.site.epoch, seq) for seq in sorted(shown)]
    known = {line.seq: line for line in lines([row for row in rows if row is not None], names)}
    first = next((check.check for check in found.checks if check.code is not None), None)
    titles = _titles(connection, names, found)
    return [
        Step(
            check.check,
            _answer(check),
            check.code or "",
            check.place,
            _way(check.code or ""),
            _link(names.site.id, found.person, check),
            [known[seq] for seq in check.behind[-MOST_BEHIND:] if seq in known],
            max(0, len(check.behind) - MOST_BEHIND),
            check.check == first,
            titles.get(check.place),
        )
        for check in found.checks
    ]


def _titles(connection: sa.Connection, names: Names, found: Explained) -> dict[str, tuple[int, str]]:
    """By place of a check the asset that asks for it, as `asset.3.two_person` names it."""
    asked = {check.place: re.fullmatch(r"asset\.([0-9]{1,9})\.[a-z_]+", check.place) for check in found.checks}
    numbers = {place: int(match[1]) for place, match in asked.items() if match}
    known = {number: assets.one(connection, names, number) for number in set(numbers.values())}
    return {place: (number, one.title) for place, number in numbers.items() if (one := known[number]) is not None}


def _answer(check: Said) -> str:
    if not check.asked:
        return "unasked"
    return "passed" if check.code is None else "missing"


def _brings(found: Explained) -> list[str]:
    """What has to be done at the door for it to open; empty where nothing has to, or where that would not be enough."""
    missing = [check for check in found.checks if check.code is not None]
    here_alone = all(re.sub(r"\.[0-9]+", "", check.place) in AT_THE_DOOR for check in missing)
    return [_way(check.code or "") for check in missing] if here_alone and not found.stands else []


def _way(code: str) -> str:
    """What helps against what is missing, in words."""
    return said(code, "way") if code in codes("way") else ""


_AT_PERSON = ("enrolment", "active_badge", "active_person", "pledge", "training", "exit", "pin", "pin_lockout")
_AT_RIGHTS = ("right", "validity", "schedule", "review")


def _link(site: str, person: int, check: Said) -> tuple[str, str]:
    """Where who is signed in can put right what is missing; empty where they cannot."""
    code, may = check.code or "", user().may
    number = re.fullmatch(r"right\.([0-9]{1,10})\.state", check.place)
    if code == "approval" and number and may("rights.approve", site):
        return url_for("rights.approve", site=site, id=int(number[1])), _("Decide on the right")
    if code in _AT_RIGHTS and may("rights.ask", site):
        return url_for("rights.ask", site=site, id=person), _("Request a right")
    if code == "lockdown" and may("orders.lockdowns", site):
        return url_for("orders.lockdowns", site=site), _("See the lockdowns")
    if code in _AT_PERSON and may("people.person", site):
        return url_for("people.person", site=site, id=person), _("To the person")
    return "", ""

