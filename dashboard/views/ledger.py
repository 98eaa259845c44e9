"""The ledger: filtered by its address, page by page, one record, or everything as a file."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _

from controller.record.canonical import moment
from controller.record.envelope import KINDS
from controller.record.husk import leaf_of
from controller.record.private import private_refs
from controller.record.words import codes
from dashboard.paper.cell import plain_cell
from dashboard.read import filters, ledger
from dashboard.read.breaks import breaks
from dashboard.read.filters import BadFilter, Filter
from dashboard.read.lines import Line, body_of, lines
from dashboard.read.names import Names
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here
from dashboard.web.language import clock_text, language, local_moment

blueprint = Blueprint("ledger", __name__)

COUNTED = 10_000
"""The page counts no further: a number that nobody reads is not worth a scan."""


@blueprint.get("/ledger")
def page() -> str | tuple[str, int]:
    """A page of records, or what is wrong with the address, with everything that was typed still there."""
    given = request.args.to_dict()
    with here().connect() as connection:
        site, choices = chosen_site(connection, "ledger.page", given.get("site", ""))
        names = Names(connection, site, language())
        shown = {
            "site": site,
            "sites": choices,
            "epochs": ledger.epochs(connection, site.id),
            "breaks": breaks(connection, site),
            "portals": names.portals,
            "kinds": sorted({kind for kind, _v in KINDS}),
            "codes": codes("code"),
            "results": codes("result"),
            "marks": codes("mark"),
            "given": given,
            "link": _link(given),
            "filtered": any(given.get(name, "").strip() for name in filters.FILTERS),
        }
        try:
            chosen = filters.read_filter(connection, site, given, local_moment)
        except BadFilter as error:
            return render_template("ledger.html", mistakes=error.mistakes, **shown), 400
        number = ledger.counted(connection, chosen, COUNTED + 1)
        most = number > COUNTED
        found = ledger.page(connection, chosen, many=most)
        rows = lines(found.rows, names)
    return render_template("ledger.html", page=found, lines=rows, number=min(number, COUNTED), most=most, **shown)


def _link(given: dict[str, str]) -> Callable[..., dict[str, str]]:
    def link(**changes: object) -> dict[str, str]:
        """The address's parameters with these changed, the position dropped."""
        kept = {
            name: value
            for name, value in given.items()
            if name in filters.KNOWN and name not in filters.POSITION and value
        }
        kept.pop("lang", None)
        return kept | {name: str(value) for name, value in changes.items() if value is not None}

    return link


@blueprint.get("/ledger/<site>/<int:epoch>/<int:seq>")
def row(site: str, epoch: int, seq: int) -> str:
    """One record: in words, as its bytes, and the leaf hash under which the ledger holds it."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = ledger.row(connection, site, epoch, seq)
        if found is None:
            abort(404)
        line = lines([found], names)[0]
        older, newer = (ledger.row(connection, site, epoch, seq + step) is not None for step in (-1, 1))
        texts = names.private(ref.id for ref in private_refs(body_of(found.bytes)).values())
    pretty = json.dumps(json.loads(found.bytes), ensure_ascii=False, indent=2, sort_keys=True)
    private = [(field, value) for text in texts.values() for field, value in text.items()]
    return render_template(
        "record.html",
        clock=str(json.loads(found.bytes).get("clock", "")),  # a husk says none
        line=line,
        site=names.site,
        pretty=pretty,
        hash=leaf_of(found.bytes).hex(),
        private=private,
        older=older,
        newer=newer,
        witnessed=epoch == names.site.epoch and seq <= names.site.checkpoint_size,
    )


@blueprint.get("/ledger.csv", endpoint="csv")
def as_csv() -> Response:
    """All records of the filter as CSV: UTF-8 with a byte order mark and CRLF, as Excel in Japan opens it."""
    return _export("csv", "text/csv; charset=utf-8", partial(_csv, _csv_head()))


@blueprint.get("/ledger.json", endpoint="json")
def as_json() -> Response:
    """All records of the filter as one JSON array, each with its words and its record."""
    return _export("json", "application/json", _json)


def _export(
    suffix: str, mimetype: str, write: Callable[[Iterator[tuple[Line, bytes]], Names], Iterator[str]]
) -> Response:
    given = {name: value for name, value in request.args.items() if name not in filters.POSITION}
    with here().connect() as connection:
        site, _choices = chosen_site(connection, f"ledger.{suffix}", given.get("site", ""))
        try:
            chosen = filters.read_filter(connection, site, given, local_moment)
        except BadFilter as error:
            return Response(f"{error}\n", 400, mimetype="text/plain")
        number, top = ledger.count(connection, chosen)
    slot = here().exports.take()
    if slot is None:
        abort(503)
    engine, lang = here().runtime.engine, language()

    def chunks() -> Iterator[str]:
        with engine.connect() as own:
            names = Names(own, site, lang)
            yield from write(_all(ledger.every(own, chosen, top), names), names)

    response = Response(chunks(), mimetype=mimetype)
    response.call_on_close(slot.free)
    name = quote(f"{_file_name(chosen, given, number)}.{suffix}")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


def _all(chunks: Iterator[Sequence[Any]], names: Names) -> Iterator[tuple[Line, bytes]]:
    for rows in chunks:
        for line, found in zip(lines(rows, names), rows, strict=True):
            yield line, found.bytes


def _file_name(chosen: Filter, given: dict[str, str], number: int) -> str:
    """What the file holds: `ledger_factory_kind-entry.refused_12`; what people typed is kept to safe letters."""
    parts = [f"{name}-{given[name].strip()}" for name in filters.FILTERS if given.get(name, "").strip()]
    plain = "_".join(["ledger", chosen.site, *parts, str(number)])
    return "".join(letter if letter.isalnum() or letter in "-_.#" else "-" for letter in plain)[:150]


def _csv_head() -> list[object]:
    """The columns' names; said while there is a request, because the rows are written after it."""
    return [
        _("No."),
        _("Time"),
        _("Time (UTC)"),
        _("Kind"),
        _("Kind code"),
        _("Result"),
        _("Place"),
        _("Place code"),
        _("Side"),
        _("Zone code"),
        _("Person"),
        _("Person no."),
        _("Operator"),
        _("Reason"),
        _("Reason code"),
        _("Epoch"),
        _("Leaf hash"),
        _("Mark"),
    ]


def _csv(head: list[object], found: Iterator[tuple[Line, bytes]], names: Names) -> Iterator[str]:
    yield "\ufeff" + _csv_row(head)
    for line, data in found:
        yield _csv_row(
            [
                line.seq,
                clock_text(line.at, names.site.timezone),
                line.at,
                line.what,
                line.kind,
                line.result_words,
                line.where,
                line.portal,
                line.side,
                line.zone,
                line.who,
                line.person,
                line.by,
                line.why,
                line.code,
                line.epoch,
                leaf_of(data).hex(),
                line.mark,
            ]
        )


def _csv_row(values: list[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([plain_cell(value) for value in values])
    return buffer.getvalue()


def _json(found: Iterator[tuple[Line, bytes]], names: Names) -> Iterator[str]:
    yield "["
    between = "\n"
    for line, data in found:
        said = {
            "site": line.site,
            "epoch": line.epoch,
            "seq": line.seq,
            "time": moment(line.at).isoformat(),
            "what": line.what,
            "result": line.result,
            "where": line.where,
            "who": line.who,
            "by": line.by,
            "why": line.why,
            "mark": line.mark,
            "leaf_hash": leaf_of(data).hex(),
        }
        yield f'{between}{json.dumps(said, ensure_ascii=False)[:-1]}, "record": {data.decode()}}}'
        between = ",\n"
    yield "\n]\n"
