"""Importing people and rights: a file, what it would change and all that is wrong with it, and only then the requests.

The file is kept nowhere meanwhile: it goes with the form from page to page, packed. What is confirmed is what was shown:
where the site has changed in between, the change is shown again.
"""

from flask import Blueprint, Response, render_template, request
from ulid import ULID
from werkzeug.wrappers import Response as Answer

from dashboard.importing import reading
from dashboard.importing.planning import Plan, plan
from dashboard.importing.reading import COLUMNS, LARGEST_FILE, Mistake
from dashboard.read.names import Names
from dashboard.views import carried, imported
from dashboard.views.subject import names_at
from dashboard.web.context import here, user

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
        return imported.send(site, found.requests(), ids.split(","), "importing.sent")
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
        mistakes=imported.shown(mistakes or [], COLUMNS),
        most=reading.MOST_LINES,
        largest_kb=LARGEST_FILE // 1000,
        columns=imported.heads(COLUMNS),
    )
    return page, 400 if mistakes else 200


@blueprint.get("/people/<site>/import/sent")
def sent(site: str) -> str:
    """What became of the requests of an import: each was done whole or not at all."""
    at, asked = imported.sent(site)
    return render_template("import_sent.html", site=at, asked=asked, over=all(one.over for one in asked))


@blueprint.get("/people/<site>/import/template.csv")
def template(site: str) -> Response:
    """A file with the head that an import reads, for Excel."""
    return imported.template(site, f"{site}-import.csv", imported.heads(COLUMNS))
