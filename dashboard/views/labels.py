"""Labels and signs of a place: asked for, recorded by the site, and only then handed out as PDF (C2.1, C3.1).

What is printed is what the record says. The paper can be fetched for a short while, so that one record is one print.
"""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from controller.record.asks.label import MOST_LABELS, PrintLabel
from controller.record.canonical import moment
from controller.record.kinds.label import LANGUAGES, TEMPLATES, LabelPrinted
from controller.record.words import words
from dashboard.paper import LABELS, Label, Template, labels_pdf, trial_pdf
from dashboard.read import ledger, requests
from dashboard.read.lines import body_of
from dashboard.read.names import Names
from dashboard.read.places import Plan
from dashboard.read.sites import Site, site_called
from dashboard.views.ask import ask
from dashboard.views.paper import as_file
from dashboard.views.subject import names_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import zone_of

blueprint = Blueprint("labels", __name__)

FETCHED_WITHIN = timedelta(minutes=15)
MOST_SHIFT_MM = 5.0


@blueprint.route("/places/<site>/<id>/labels", methods=["GET", "POST"], endpoint="ask")
def ask_for(site: str, id: str) -> Answer | str | tuple[str, int]:
    """How many of which, in which language, and from which label of a sheet that was begun."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = Plan(connection, names).place(id)
    if found is None:
        abort(404)
    if request.method == "POST":
        template = form.choice("template", TEMPLATES, _("Choose the paper."))
        lang = form.choice("lang", LANGUAGES, _("Choose the language."))
        count = _number(form, "count", MOST_LABELS)
        start = _number(form, "start", LABELS[template].on_page if template in LABELS else 1)
        shift = {name: _shift(form, name) for name in ("right", "down")}
        if not form.errors:
            manager, deputy = (None if one is None else one.person for one in (found.manager, found.deputy))
            asked = ask(site, PrintLabel(id, template, count, lang, found.secrecy, manager, deputy))
            right, down = shift["right"], shift["down"]
            return redirect(url_for("labels.printing", site=site, id=asked, start=start, right=right, down=down), 303)
    page = render_template(
        "labels_ask.html", site=names.site, place=found, templates=TEMPLATES, languages=LANGUAGES, form=form
    )
    return page, 400 if form.errors else 200


def _number(form: Fields, name: str, most: int) -> int:
    """A number from 1 to `most`; 1 where nothing is written."""
    text = form.values.get(name, "").strip() or "1"
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        form.errors[name] = _("Write a number from 1 to %(most)s.", most=most)
        return 1
    return int(text)


def _shift(form: Fields, name: str) -> str:
    """So many millimetres everything is moved, to the right or down: printers take the paper a little askew."""
    text = form.values.get(name, "").strip() or "0"
    if _millimetres(text) is None:
        form.errors[name] = _("Write millimetres from -5 to 5, like 0.5.")
    return text


def _millimetres(text: str) -> float | None:
    good = re.fullmatch(r"-?\d(\.\d)?", text) is not None and abs(float(text)) <= MOST_SHIFT_MM
    return float(text) if good else None


@blueprint.get("/labels/<site>/<id>")
def printing(site: str, id: str) -> str:
    """Whether the print is on record; if so, the way to the paper."""
    with here().connect() as connection:
        names = names_at(connection, site)
        asked, printed = _printed(connection, names, id)
    return render_template(
        "labels_printing.html", site=names.site, asked=asked, printed=printed, over=_is_over(printed),
        query={name: request.args[name] for name in ("start", "right", "down") if name in request.args},
    )  # fmt: skip


@blueprint.get("/labels/<site>/<id>.pdf")
def paper(site: str, id: str) -> Response:
    """The labels of a print that is on record, by whoever asked for it."""
    with here().connect() as connection:
        names = names_at(connection, site)
        _asked, printed = _printed(connection, names, id)
        if printed is None:
            abort(404)
        if _is_over(printed):
            abort(410)
        body, at = printed
        spoken = Names(connection, names.site, body.lang)
        label = _label(connection, spoken, body)
    made_at = moment(at).astimezone(zone_of(names.site.timezone))
    start = min(_start(), LABELS[body.template].on_page) - 1
    template = _shifted(LABELS[body.template])
    name = quote(f"label_{body.place}_{body.label}.pdf")
    return as_file(lambda: labels_pdf([label] * body.count, template, made_at, start), name, "application/pdf")


@blueprint.get("/labels/<site>/trial/<template>.pdf")
def trial(site: str, template: str) -> Response:
    """The sheet to lay against a ruler, and against the labels, before any is wasted (試し刷り)."""
    if template not in LABELS:
        abort(404)
    with here().connect() as connection:
        found = site_called(connection, site)
    if found is None:
        abort(404)
    made_at = here().now().astimezone(zone_of(found.timezone))
    said = _("Print at 100 %. This line is as long as it says:")
    shifted = _shifted(LABELS[template])
    return as_file(lambda: trial_pdf(shifted, made_at, said), f"trial_{template}.pdf", "application/pdf")


def _shifted(template: Template) -> Template:
    """The template, moved as the address says; not at all where it says nonsense."""
    right, down = (_millimetres(request.args.get(name, "0")) or 0.0 for name in ("right", "down"))
    return replace(template, left=template.left + right, top=template.top + down)


def _label(connection: sa.Connection, names: Names, body: LabelPrinted) -> Label:
    """What the record says, in its language."""
    place = Plan(connection, names).place(body.place)
    markings = place.markings if place is not None else ()
    names.learn((body.manager, body.deputy))
    said = [words(body.secrecy, names.lang, "secrecy")] if body.secrecy else []
    said += [words(one, names.lang, "marking") for one in markings]
    people = (("manager", body.manager), ("deputy", body.deputy))
    separator = "　" if names.lang == "ja" else ": "
    lines = [f"{words(duty, names.lang, 'duty')}{separator}{names.person(one)}" for duty, one in people if one is not None]
    mark = ("・" if names.lang == "ja" else ", ").join(said)
    return Label(mark, names.place(body.place), (*lines, body.place), _code(names.site, body.place))


def _code(site: Site, place: str) -> str:
    """The address of the place's page, as people reach it from elsewhere."""
    address = here().runtime.config.address or request.host_url.rstrip("/")
    return f"{address}{url_for('places.place', site=site.id, id=place)}"


def _printed(
    connection: sa.Connection, names: Names, id: str
) -> tuple[requests.Asked, tuple[LabelPrinted, str] | None]:
    """The request, and the record that it left with its time, once both are here."""
    asked = requests.one(connection, id[:26])
    if asked is None or asked.site != names.site.id or asked.kind != "label.print" or asked.account != user().account:
        abort(404)
    row = None if asked.first is None else ledger.row(connection, names.site.id, names.site.epoch, asked.first)
    body = None if row is None or asked.state != "accepted" else body_of(row.bytes)
    return asked, (body, row.at) if row is not None and isinstance(body, LabelPrinted) else None


def _is_over(printed: tuple[LabelPrinted, str] | None) -> bool:
    return printed is not None and here().now() - moment(printed[1]) > FETCHED_WITHIN


def _start() -> int:
    text = request.args.get("start", "1")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 4 and int(text) > 0 else 1
