"""Training and pledges: who lacks what and what ends soon, putting it on record for one or for many, and withdrawing it."""

from collections.abc import Iterable
from datetime import date

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import CompleteTraining, SignPledge, WithdrawPledge, WithdrawTraining
from controller.record.conditions import OCCASIONS, PLEDGE
from dashboard.read import conditions, fulfilments
from dashboard.read.conditions import Known, When
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at, person_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import language, said, zone_of

blueprint = Blueprint("training", __name__)

MOST = 100
"""People of one request."""


@blueprint.get("/training")
def page() -> str:
    """People by conditions: those for whom something is missing, or ends soon, or all."""
    only, text = request.args.get("only", "missing"), request.args.get("q", "").strip()[:100]
    position = request.args.get("after", "0")
    after = int(position) if position.isascii() and position.isdigit() and len(position) < 16 else 0
    if only not in conditions.FILTERS:
        abort(400)
    with here().connect() as connection:
        site, choices = chosen_site(connection, "training.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        known = conditions.known(connection, names)
        when = present(names)
        rows, more = conditions.matrix(connection, names, known, when, only=only, text=text, after=after)
    return render_template(
        "training.html",
        site=site,
        sites=choices,
        known=known,
        rows=rows,
        more=more,
        only=only,
        q=text,
        after=after,
        filters=conditions.FILTERS,
    )


@blueprint.get("/training/<site>/people/<int:id>")
def person(site: str, id: int) -> str:
    """One person: how they stand to everything, and all that was ever recorded."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        cells = conditions.of_person(connection, names, id, present(names))
        recorded = fulfilments.history(connection, names, id)
    signed = fulfilments.occasions([cell.known for cell in cells], recorded)
    return render_template(
        "training_person.html",
        person=found,
        site=names.site,
        cells=cells,
        recorded=recorded,
        signed=signed,
        own=_is_own(site, id),
    )


@blueprint.route("/training/<site>/record", methods=["GET", "POST"])
def record(site: str) -> Response | str | tuple[str, int]:
    """Puts a signature or a course on record: one form, many people, one request."""
    form = Fields(request.form)
    asked = request.form.getlist("person") if request.method == "POST" else request.args.getlist("person")
    numbers = {int(text) for text in asked if text.isascii() and text.isdigit() and len(text) < 10}
    more, strange = _numbers(form.text("more"))
    with here().connect() as connection:
        names = names_at(connection, site)
        known = conditions.known(connection, names)
        people = fulfilments.people_called(connection, names, sorted(numbers | more)[: MOST + 1])
    if request.method == "POST":
        _check_people(form, people, strange + [str(number) for number in sorted(more - people.keys())], site)
        body = _body(form, known, tuple(people), names)
        note = form.text("note")
        if body is not None and not form.errors:
            return to_request(ask(site, body, {"note": note} if note else {}))
    page = render_template(
        "training_record.html",
        site=names.site,
        known=known,
        people=people,
        form=form,
        today=here().now().astimezone(zone_of(names.site.timezone)).date().isoformat(),
        occasions=[(occasion, said(occasion, "occasion")) for occasion in OCCASIONS],
        preset=request.args.get("condition", ""),
    )
    return page, 400 if form.errors else 200


@blueprint.route("/training/<site>/<int:id>/withdraw", methods=["GET", "POST"])
def withdraw(site: str, id: int) -> Response | str | tuple[str, int]:
    """Lets what was recorded by mistake count no more."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = fulfilments.one(connection, names, id)
        if found is None:
            abort(404)
        person, entry = person_at(connection, names, found[0]), found[1]
    form, own, late = Fields(request.form), _is_own(site, found[0]), entry.state != "recorded"
    if request.method == "POST" and not own and not late:
        reason = form.text("reason", required=_("Write the reason."))
        if not form.errors:
            body = WithdrawPledge(id) if entry.sort == PLEDGE else WithdrawTraining(id)
            return to_request(ask(site, body, {"reason": reason}))
    page = render_template(
        "training_withdraw.html", person=person, site=names.site, entry=entry, form=form, own=own, late=late
    )
    return page, 400 if form.errors else 200


def present(names: Names) -> When:
    """Now, and the days of the site."""
    return When(here().now(), zone_of(names.site.timezone))


def _is_own(site: str, person: int) -> bool:
    """Whether who is signed in is that person: somebody else has to do it then."""
    operator = user().operators.get(site)
    return operator is not None and operator.person == person


def _numbers(text: str) -> tuple[set[int], list[str]]:
    """`14, 15 20-25` as numbers; and what is none. More than a request takes is none either."""
    found: set[int] = set()
    strange = []
    for part in text.replace(",", " ").replace("、", " ").replace("#", " ").split():
        first, dash, last = part.partition("-")
        if not (first.isascii() and first.isdigit() and len(first) < 10):
            strange.append(part[:20])
        elif not dash:
            found.add(int(first))
        elif last.isascii() and last.isdigit() and len(last) < 10 and 0 <= int(last) - int(first) < MOST:
            found |= set(range(int(first), int(last) + 1))
        else:
            strange.append(part[:20])
    return found, strange


def _check_people(form: Fields, people: Iterable[int], strange: list[str], site: str) -> None:
    chosen = list(people)
    if strange:
        form.errors["more"] = _("Nobody has this number: %(numbers)s", numbers=", ".join(strange[:10]))
    elif not chosen:
        form.errors["more"] = _("Choose at least one person.")
    elif len(chosen) > MOST:
        form.errors["more"] = _("Choose %(most)s people at most, and record the others after them.", most=MOST)
    elif any(_is_own(site, person) for person in chosen):
        form.errors["more"] = _("You cannot record your own. Another person has to do it.")


def _body(
    form: Fields, known: list[Known], people: tuple[int, ...], names: Names
) -> SignPledge | CompleteTraining | None:
    """The request, if the form is good."""
    by_id = {one.condition.id: one.condition for one in known}
    chosen = by_id.get(form.choice("condition", by_id, _("Choose a pledge or a course.")))
    day = _day(form, names)
    if chosen is None or day is None:
        return None
    if chosen.sort != PLEDGE:
        return CompleteTraining(people, chosen.name, day.isoformat())
    occasion = form.choice("occasion", chosen.occasions, _("Choose the occasion on which this pledge is signed."))
    return SignPledge(people, chosen.name, chosen.version, chosen.sha256, day.isoformat(), occasion)


def _day(form: Fields, names: Names) -> date | None:
    """The day that was written, if it has come where the site is."""
    zone = zone_of(names.site.timezone)
    at = form.moment("on", names.site.timezone)
    if at is None:
        return None
    day = at.astimezone(zone).date()
    if day > here().now().astimezone(zone).date():
        form.errors["on"] = _("This day has not come yet.")
    return day
