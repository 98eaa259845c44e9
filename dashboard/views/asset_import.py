"""Importing information assets: a file, what it would enter and all that is wrong with it, only then the requests (C1.1)."""

from flask import Blueprint, Response, render_template, request
from ulid import ULID
from werkzeug.wrappers import Response as Answer

from dashboard.importing import reading
from dashboard.importing.assets import COLUMNS, plan
from dashboard.importing.reading import LARGEST_FILE, Mistake
from dashboard.read.names import Names
from dashboard.views import carried, imported
from dashboard.views.subject import names_at
from dashboard.web.context import here

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
        return imported.send(site, found.requests(), ids.split(","), "asset_import.sent")
    page = render_template(
        "asset_import_preview.html", site=names.site, plan=found, names=names, packed=carried.packed(text),
        ids=",".join(str(ULID()) for _ in found.requests()), changed=bool(shown),
    )  # fmt: skip
    return page, 409 if shown else 200


def _form(names: Names, mistakes: list[Mistake] | None = None) -> str | tuple[str, int]:
    page = render_template(
        "asset_import.html", site=names.site, mistakes=imported.shown(mistakes or [], COLUMNS),
        most=reading.MOST_LINES, largest_kb=LARGEST_FILE // 1000, columns=imported.heads(COLUMNS),
    )  # fmt: skip
    return page, 400 if mistakes else 200


@blueprint.get("/assets/<site>/import/sent")
def sent(site: str) -> str:
    """What became of the requests of an import: each was done whole or not at all."""
    at, asked = imported.sent(site)
    return render_template("asset_import_sent.html", site=at, asked=asked, over=all(one.over for one in asked))


@blueprint.get("/assets/<site>/import/template.csv")
def template(site: str) -> Response:
    """A file with the head that an import reads, for Excel; all but the number, which only a catalogue gives."""
    return imported.template(site, f"{site}-assets.csv", imported.heads(COLUMNS, "asset"))
