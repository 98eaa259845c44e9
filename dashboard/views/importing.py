"""Importing people and rights: a file, what it would change and all that is wrong with it, and only then the requests.

The file is kept nowhere meanwhile: it goes with the form from page to page, packed. What is confirmed is what was shown:
where the site has changed in between, the change is shown again.
"""

import csv
import io

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from ulid import ULID
from werkzeug.wrappers import Response as Answer

from controller.record.requests import name_of
from dashboard.importing import reading
from dashboard.importing.planning import Plan, plan
from dashboard.importing.reading import COLUMNS, LARGEST_FILE, Mistake
from dashboard.read import requests
from dashboard.read.names import Names
from dashboard.views import carried
from dashboard.views.subject import names_at
from dashboard.web.context import here, user
from dashboard.web.language import language

blueprint = Blueprint("importing", __name__)


@blueprint.route("/people/<site>/import", methods=["GET", "POST"])
def page(site: str) -> Answer | str | tuple[str, int]:
    """The form; with a file, what it would change or what is wrong with it; confirmed, the requests."""
    with here().connect() as connection:
        names = names_at(connection, site)
        if request.method == "GET":
            return _form(names)
        text = carried.text()
        if text is None:
            return _form(names, [Mistake(0, "", carried.unreadable())])
        rows, mistakes = reading.read(text)
        found = plan(connection, names, user().operators[site], rows, here().now())
    if mistakes:
        found = Plan(mistakes=tuple(sorted([*mistakes, *found.mistakes], key=lambda one: one.line)))
    if found.mistakes:
        return _form(names, list(found.mistakes))
    ids, shown = request.form.get("ids", ""), request.form.get("plan", "")
    if request.form.get("act") == "confirm" and shown == found.digest and carried.are_ids(ids):
        return _send(site, found, ids.split(","))
    page = render_template(
        "import_preview.html",
        site=names.site,
        plan=found,
        packed=carried.packed(text),
        ids=",".join(str(ULID()) for _ in found.requests()),
        changed=bool(shown),
    )
    return page, 409 if shown else 200


def _form(names: Names, mistakes: list[Mistake] | None = None) -> str | tuple[str, int]:
    page = render_template(
        "import.html",
        site=names.site,
        mistakes=[(one.line, _column(one), mistake_words(one)) for one in mistakes or []],
        most=reading.MOST_LINES,
        largest_kb=LARGEST_FILE // 1000,
        columns=[_called(called) for called in COLUMNS.values()],
    )
    return page, 400 if mistakes else 200


def _send(site: str, found: Plan, ids: list[str]) -> Answer:
    """Hands all of it to the outbox, or nothing; a second time it is the same."""
    asked = found.requests()
    person = user()
    if len(ids) != len(asked):
        abort(400)
    if not all(person.may(name_of(body), site) for body, _ in asked):
        abort(403)
    here().runtime.outbox.submit_all(
        site,
        [(id, body, text) for id, (body, text) in zip(ids, asked, strict=True)],
        account=person.account,
        operator=person.operators[site].operator,
    )
    here().runtime.changed.announce()
    return redirect(url_for("importing.sent", site=site, ids=",".join(ids)), 303)


@blueprint.get("/people/<site>/import/sent")
def sent(site: str) -> str:
    """What became of the requests of an import: each was done whole or not at all."""
    ids = request.args.get("ids", "")
    if not carried.are_ids(ids):
        abort(404)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = [requests.one(connection, id) for id in ids.split(",")]
        asked = [one for one in found if one is not None and one.site == site and one.account == user().account]
    if not asked:
        abort(404)
    return render_template("import_sent.html", site=names.site, asked=asked, over=all(one.over for one in asked))


@blueprint.get("/people/<site>/import/template.csv")
def template(site: str) -> Response:
    """A file with the head that an import reads, for Excel."""
    with here().connect() as connection:
        names_at(connection, site)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([_called(called) for called in COLUMNS.values()])
    response = Response("\ufeff" + buffer.getvalue(), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{site}-import.csv"'
    return response


# Mistakes in words --------------------------------------------------------------------------------------------------------


def _column(one: Mistake) -> str:
    return _called(COLUMNS[one.column]) if one.column else ""


def _called(names: tuple[str, ...]) -> str:
    """What a column is called in the reader's language."""
    return names[0] if language() == "ja" else names[-1].capitalize()


def mistake_words(one: Mistake) -> str:
    """What is wrong, in words."""
    said = {
        "no_file": _("Choose a file."),
        "too_large": _("The file is too large."),
        "encoding": _("The file is neither UTF-8 nor Shift_JIS. Save it as CSV in Excel."),
        "too_many": _("There are more than %(n)s rows. Divide the file.", n=one.said),
        "empty": _("There are no rows below the head."),
        "quotes": _("A quotation mark is not closed, or stands in the wrong place."),
        "column": _("There is no column “%(said)s”.", said=one.said),
        "twice": _("The column “%(said)s” is there twice.", said=one.said),
        "no_person": _("A column with the number or the name of people is needed."),
        "no_title": _("A column with the names of the assets is needed."),
        "beyond": _("“%(said)s” stands in a column without a head.", said=one.said),
        "long": _("It is too long: “%(said)s…”", said=one.said),
        "unseen": _("There is a character in it that cannot be used here, because it is not seen."),
        "name": _("A new person needs a name; somebody who is registered, their number."),
        "unknown": _("Nobody has the number “%(said)s”.", said=one.said),
        "inactive": _("No. %(said)s is suspended or has left.", said=one.said),
        "other_name": _("The person with this number is called “%(said)s”.", said=one.said),
        "nothing": _("The row says nothing new: the person is registered, and no zone is written."),
        "zone": _("A zone is missing for this right."),
        "zone_unknown": _("There is no zone “%(said)s”.", said=one.said),
        "scope": _("Your scope does not include %(said)s.", said=one.said),
        "schedule": _("There are no hours “%(said)s”.", said=one.said),
        "manner": _("“%(said)s” is no manner of entering.", said=one.said),
        "purpose": _("Write what the right is for."),
        "date": _("“%(said)s” is no date. Write 2027/03/31.", said=one.said),
        "end": _("A right needs an end."),
        "order": _("The end has to come after the beginning, and after today."),
        "too_long": _("A right lasts three years at most."),
        "leaving": _("The person leaves before that."),
        "asset_known": _("The catalogue has asset no. %(said)s already: change it on its page.", said=one.said),
        "asset_title": _("Write what the asset is called."),
        "asset_secrecy": _("“%(said)s” is no class.", said=one.said),
        "asset_marking": _("“%(said)s” is no marking.", said=one.said),
        "asset_place": _("There is no place “%(said)s”.", said=one.said),
        "too_many_rights": _("There is too much for one new person. Register them first, then import the rights."),
    }
    return str(said[one.code])
