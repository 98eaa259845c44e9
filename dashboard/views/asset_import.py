"""Importing information assets: a file, what it would enter and all that is wrong with it, only then the requests (C1.1)."""

import csv
import io

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from ulid import ULID
from werkzeug.wrappers import Response as Answer

from dashboard.importing import reading
from dashboard.importing.assets import COLUMNS, Plan, plan
from dashboard.importing.reading import LARGEST_FILE, Mistake
from dashboard.read import requests
from dashboard.read.names import Names
from dashboard.views import carried
from dashboard.views.importing import mistake_words
from dashboard.views.subject import names_at
from dashboard.web.context import here, user
from dashboard.web.language import language

blueprint = Blueprint("asset_import", __name__)


@blueprint.route("/assets/<site>/import", methods=["GET", "POST"])
def page(site: str) -> Answer | str | tuple[str, int]:
    """The form; with a file, what it would enter or what is wrong with it; confirmed, the requests."""
    with here().connect() as connection:
        names = names_at(connection, site)
    if request.method == "GET":
        return _form(names)
    text = carried.text()
    if text is None:
        return _form(names, [Mistake(0, "", carried.unreadable())])
    rows, mistakes = reading.read(text, COLUMNS, ("title",))
    found = plan(names, rows)
    if mistakes or found.mistakes:
        return _form(names, sorted([*mistakes, *found.mistakes], key=lambda one: one.line))
    ids, shown = request.form.get("ids", ""), request.form.get("plan", "")
    if request.form.get("act") == "confirm" and shown == found.digest and carried.are_ids(ids):
        return _send(site, found, ids.split(","))
    page = render_template(
        "asset_import_preview.html", site=names.site, plan=found, names=names, packed=carried.packed(text),
        ids=",".join(str(ULID()) for _ in found.requests()), changed=bool(shown),
    )  # fmt: skip
    return page, 409 if shown else 200


def _form(names: Names, mistakes: list[Mistake] | None = None) -> str | tuple[str, int]:
    page = render_template(
        "asset_import.html", site=names.site, mistakes=[(one.line, _column(one), mistake_words(one)) for one in mistakes or []],
        most=reading.MOST_LINES, largest_kb=LARGEST_FILE // 1000, columns=[_called(called) for called in COLUMNS.values()],
    )  # fmt: skip
    return page, 400 if mistakes else 200


def _send(site: str, found: Plan, ids: list[str]) -> Answer:
    """Hands all of it to the outbox, or nothing; a second time it is the same."""
    asked, person = found.requests(), user()
    if len(ids) != len(asked):
        abort(400)
    if not person.may("assets.import", site):
        abort(403)
    here().runtime.outbox.submit_all(
        site,
        [(id, body, text) for id, (body, text) in zip(ids, asked, strict=True)],
        account=person.account,
        operator=person.operators[site].operator,
    )
    here().runtime.changed.announce()
    return redirect(url_for("asset_import.sent", site=site, ids=",".join(ids)), 303)


@blueprint.get("/assets/<site>/import/sent")
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
    return render_template("asset_import_sent.html", site=names.site, asked=asked, over=all(one.over for one in asked))


@blueprint.get("/assets/<site>/import/template.csv")
def template(site: str) -> Response:
    """A file with the head that an import reads, for Excel; all but the number, which only a catalogue gives."""
    with here().connect() as connection:
        names_at(connection, site)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([_called(COLUMNS[one]) for one in COLUMNS if one != "asset"])
    response = Response("\ufeff" + buffer.getvalue(), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{site}-assets.csv"'
    return response


def _column(one: Mistake) -> str:
    return _called(COLUMNS[one.column]) if one.column else ""


def _called(names: tuple[str, ...]) -> str:
    """What a column is called in the reader's language."""
    return names[0] if language() == "ja" else names[-1].capitalize()
