"""The register of right holders: who, with what title, where, set when and by whom, with what training; of any day (C7.5)."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _

from controller.record.canonical import timestamp
from dashboard.paper.cell import plain_cell
from dashboard.read import holders
from dashboard.read.holders import Line
from dashboard.read.names import Names
from dashboard.read.sites import Site
from dashboard.views.subject import chosen_site
from dashboard.web.context import here
from dashboard.web.language import clock_text, language, local_moment, said, zone_of

blueprint = Blueprint("holders", __name__)

MOST = 2_000
"""Lines on the page; the file has all of them."""


@blueprint.get("/right-holders")
def page() -> str | tuple[str, int]:
    """The register of a day: today's, or as it was at the end of a past one."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "holders.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        zone = _zone(names)
        day, wrong = _day(site)
        lines = [] if wrong else _lines(connection, names, day, zone)
        began = holders.began(connection, site)
    page = render_template(
        "right_holders.html", site=site, sites=choices, lines=lines[:MOST], count=len(lines), most=MOST, day=day, zone=zone,
        zones=names.places, wrong=wrong, today=_today(site), began=began, newer=any(line.newer for line in lines[:MOST]),
    )  # fmt: skip
    return page, 400 if wrong else 200


@blueprint.get("/right-holders.csv", endpoint="csv")
def as_csv() -> Response:
    """The same for spreadsheets, all of it."""
    with here().connect() as connection:
        site, _choices = chosen_site(connection, "holders.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        zone = _zone(names)
        day, wrong = _day(site)
        if wrong:
            abort(400)
        lines = _lines(connection, names, day, zone)
    text = "".join(_csv(lines, site))
    name = quote(f"right-holders_{site.id}_{zone or 'all'}_{day}.csv")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(text, mimetype="text/csv; charset=utf-8", headers=headers)


def _today(site: Site) -> str:
    return here().now().astimezone(zone_of(site.timezone)).date().isoformat()


def _zone(names: Names) -> str:
    zone = request.args.get("zone", "")
    if zone and zone not in names.places:
        abort(404)
    return zone


def _day(site: Site) -> tuple[str, str]:
    """The day that is asked for, and what is wrong with it; none is today."""
    written = request.args.get("day", "").strip().replace("/", "-")
    try:
        day = date.fromisoformat(written).isoformat() if written else _today(site)
    except ValueError:
        return _today(site), _("Write a date like 2026/11/22.")
    if day > _today(site):
        return day, _("This day is still to come.")
    return day, ""


def _lines(connection: sa.Connection, names: Names, day: str, zone: str) -> list[Line]:
    """The register of that day. Making that of a past one takes a while: so many at a time."""
    past = day < _today(names.site)
    end = local_moment(day, names.site.timezone, end_of_day=True) - timedelta(microseconds=1) if past else here().now()
    slot = here().exports.take()
    if slot is None:
        abort(503)
    try:
        return holders.register(connection, names, timestamp(end), past, zone)
    finally:
        slot.free()


def _csv(lines: list[Line], site: Site) -> Iterator[str]:
    yield "\ufeff" + _row(
        [
            _("No."), _("Name"), _("Title"), _("Department"), _("Zone"), _("Zone code"), _("Hours"), _("From"), _("Until"),
            _("State"), _("Set on"), _("Requested by"), _("Approved by"), _("Training taken"), _("Right no."), _("Group no."),
        ]
    )  # fmt: skip
    for line in lines:
        one = line.holder
        yield _row(
            [
                one.person,
                line.name,
                line.title,
                line.department,
                line.zone,
                one.zone,
                line.schedule,
                clock_text(one.from_at, site.timezone),
                clock_text(one.until_at, site.timezone),
                said(one.state, "state"),
                clock_text(one.set_at, site.timezone),
                line.requested_by,
                line.set_by,
                " / ".join(f"{course} {day}" for course, day in line.training),
                one.access_right,
                one.team,
            ]
        )


def _row(values: list[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([plain_cell(value) for value in values])
    return buffer.getvalue()
