"""Combination locks: the register with its due dates, who shares which number, reports, the way into a change (C8.2-C8.4)."""

from datetime import timedelta
from functools import partial
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from controller.record.asks.combination import (
    AddKnower,
    AppointCustodian,
    RegisterCombination,
    RelocateCombination,
    RemoveKnower,
    ReportCombination,
    RetireCombination,
)
from controller.record.canonical import moment
from controller.record.kinds.combination import REPORTS, SORTS
from controller.record.words import words
from dashboard.paper import Column, Register
from dashboard.read import combinations
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.paper import SORTS as FILES
from dashboard.views.paper import register_file
from dashboard.views.subject import chosen_site, names_at, now_text
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import day_text, language, last_day_text, zone_of

blueprint = Blueprint("combinations", __name__)

_DIGITS = (3, 12)
_DAYS = (1, 365)
_DIAL_NUMBERS = 3


@blueprint.get("/combinations")
def page() -> str:
    """The locks of a site, what is due first first."""
    with here().connect() as connection:
        site, choices = chosen_site(connection, "combinations.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        found = combinations.locks(connection, names, retired=request.args.get("retired") == "1")
    return render_template("combinations.html", site=site, sites=choices, locks=found, now=now_text())


@blueprint.get("/combinations/<site>/register.<form>", endpoint="file")
def as_file(site: str, form: str) -> Response:
    """The register of locks and of who shares their numbers, as a file (鍵番号の共有の管理簿)."""
    if form not in FILES:
        abort(404)
    with here().connect() as connection:
        names = names_at(connection, site)
        register = _register(connection, names)
    return register_file(register, form, quote(f"combinations-{site}-{register.made_at:%Y%m%d}"))


def _register(connection: sa.Connection, names: Names) -> Register:
    zone, shared = names.site.timezone, partial(_shared, connection, names)
    rows = [
        (
            str(lock.combination), lock.name, lock.place_name, words(lock.sort, names.lang, "combination_sort"),
            lock.custodian_name, _day(lock.changed_at, zone), last_day_text(lock.next_at, zone),
            "、".join(f"{one.name}（{_day(one.since_at, zone)}）" for one in shared(lock)),
        )
        for lock in combinations.locks(connection, names)
    ]  # fmt: skip
    columns = (
        Column("No.", 10), Column(_("Lock"), 40), Column(_("Place"), 35), Column(_("Kind"), 20), Column(_("Custodian"), 28),
        Column(_("Last changed"), 24), Column(_("Due"), 24), Column(_("Who knows the number, since when"), 95),
    )  # fmt: skip
    made = here().now().astimezone(zone_of(zone))
    return Register(_("Register of combinations and who shares them"), names.site.name(names.lang), columns, rows, made)


def _shared(connection: sa.Connection, names: Names, lock: combinations.Lock) -> list[combinations.Knower]:
    return combinations.knowers(connection, names, lock.combination)


def _day(at: str, zone: str) -> str:
    return day_text(at, zone) if len(at) > len("2026-11-22") else at.replace("-", "/")


@blueprint.get("/combinations/<site>/<int:id>")
def lock(site: str, id: int) -> str:
    """One lock: who knows its number, what asks for a change, and the changes so far."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = lock_at(connection, names, id)
        knowers = combinations.knowers(connection, names, id)
        changes = combinations.changes(connection, names, id)
    return render_template(
        "combination.html", lock=found, site=names.site, knowers=knowers, changes=changes, now=now_text(),
    )  # fmt: skip


@blueprint.route("/combinations/<site>/new", methods=["GET", "POST"])
def register(site: str) -> AnyResponse | str | tuple[str, int]:
    """Puts a lock on record; its first change is due at once, unless papers tell of an earlier one."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        people = combinations.entitled(connection, names, form.values.get("place", ""), now_text())
    if request.method == "POST" and "choose" not in form.values:
        body, name = _registered(form, names, people)
        if body is not None:
            return to_request(ask(site, body, {"name": name}))
    page = render_template(
        "combination_new.html", site=names.site, form=form, places=names.places, stations=names.stations, people=people,
        sorts=SORTS,
    )  # fmt: skip
    return page, 400 if form.errors else 200


def _registered(form: Fields, names: Names, people: list[tuple[int, str]]) -> tuple[RegisterCombination | None, str]:
    name = form.text("name", required=_("Write what the lock is called."), longest=100)
    place = form.choice("place", names.places, _("Choose the place."))
    sort = form.choice("sort", SORTS, _("Choose the kind of lock."))
    digits = _DIAL_NUMBERS if sort == "dial" else _number(form, "digits", _DIGITS)
    custodian = form.choice("custodian", {str(id) for id, _name in people}, _("Choose the custodian."))
    station = form.choice("station", names.stations, _("Choose the station."))
    days = _number(form, "max_age_days", _DAYS) if form.values.get("max_age_days", "").strip() else None
    changed = form.values.get("changed_on", "").strip()
    on = form.moment("changed_on", names.site.timezone) if changed else None
    if on is not None and on > here().now():
        form.errors["changed_on"] = _("The day is in the future.")
    if form.errors:
        return None, name
    told = form.values.get("change_when_added") == "1"
    day = on.astimezone(zone_of(names.site.timezone)).date().isoformat() if on is not None else None
    return RegisterCombination(place, sort, digits, int(custodian), station, days, told, day), name


def _number(form: Fields, name: str, between: tuple[int, int]) -> int:
    text = form.values.get(name, "").strip()
    if text.isascii() and text.isdigit() and len(text) < 5 and between[0] <= int(text) <= between[1]:
        return int(text)
    form.errors[name] = _("Write a number from %(least)s to %(most)s.", least=between[0], most=between[1])
    return between[0]


@blueprint.route("/combinations/<site>/<int:id>/report", methods=["GET", "POST"])
def report(site: str, id: int) -> AnyResponse | str | tuple[str, int]:
    """Says that the number may be known, that the lock was found open, locked out or repaired: a change follows by itself."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = lock_at(connection, names, id)
    form = Fields(request.form)
    if request.method == "POST":
        reason = form.choice("reason", REPORTS, _("Choose what happened."))
        note = form.text("note")
        if not form.errors:
            return to_request(ask(site, ReportCombination(id, reason), {"note": note} if note else None))
    page = render_template("combination_report.html", lock=found, site=names.site, form=form, reasons=REPORTS)
    return page, 400 if form.errors else 200


@blueprint.route("/combinations/<site>/<int:id>/share", methods=["GET", "POST"])
def share(site: str, id: int) -> AnyResponse | str | tuple[str, int]:
    """Puts on record that somebody was told the number, and by whom."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = lock_at(connection, names, id)
        knowers = [one for one in combinations.knowers(connection, names, id) if one.state == "knows"]
        known = {one.person for one in knowers}
        people = [one for one in combinations.entitled(connection, names, found.place, now_text()) if one[0] not in known]
    if request.method == "POST":
        person = form.choice("person", {str(one) for one, _name in people}, _("Choose the person."))
        by = form.choice("told_by", {str(one.person) for one in knowers}, _("Choose who told them."))
        if not form.errors:
            return to_request(ask(site, AddKnower(id, int(person), int(by))))
    page = render_template("combination_share.html", lock=found, site=names.site, form=form, people=people, knowers=knowers)
    return page, 400 if form.errors else 200


@blueprint.route("/combinations/<site>/<int:id>/unshare/<int:knower>", methods=["GET", "POST"])
def unshare(site: str, id: int, knower: int) -> AnyResponse | str:
    """Says that somebody shall not know the number any more: it has to be changed."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = lock_at(connection, names, id)
        one = next((one for one in combinations.knowers(connection, names, id) if one.knower == knower), None)
    if one is None or one.state != "knows":
        abort(404)
    if request.method == "POST":
        return to_request(ask(site, RemoveKnower(knower)))
    return render_template("combination_unshare.html", lock=found, site=names.site, knower=one)


@blueprint.route("/combinations/<site>/<int:id>/appoint", methods=["GET", "POST"])
def appoint(site: str, id: int) -> AnyResponse | str | tuple[str, int]:
    """Lets another person keep the lock."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = lock_at(connection, names, id)
        entitled = combinations.entitled(connection, names, found.place, now_text())
    people = [one for one in entitled if one[0] != found.custodian]
    if request.method == "POST":
        person = form.choice("custodian", {str(one) for one, _name in people}, _("Choose the custodian."))
        if not form.errors:
            return to_request(ask(site, AppointCustodian(id, int(person))))
    page = render_template("combination_appoint.html", lock=found, site=names.site, form=form, people=people)
    return page, 400 if form.errors else 200


@blueprint.route("/combinations/<site>/<int:id>/relocate", methods=["GET", "POST"])
def relocate(site: str, id: int) -> AnyResponse | str | tuple[str, int]:
    """Says that the lock is at another place from now on."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = lock_at(connection, names, id)
    if request.method == "POST":
        place = form.choice("place", names.places, _("Choose the place."))
        station = form.choice("station", names.stations, _("Choose the station."))
        if not form.errors:
            return to_request(ask(site, RelocateCombination(id, place, station)))
    page = render_template(
        "combination_relocate.html", lock=found, site=names.site, form=form, places=names.places, stations=names.stations
    )
    return page, 400 if form.errors else 200


@blueprint.route("/combinations/<site>/<int:id>/retire", methods=["GET", "POST"])
def retire(site: str, id: int) -> AnyResponse | str | tuple[str, int]:
    """Takes the lock out of service; it is chased until two people have reset it."""
    form = Fields(request.form)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = lock_at(connection, names, id)
    if request.method == "POST":
        reason = form.text("reason")
        if not form.errors:
            return to_request(ask(site, RetireCombination(id), {"reason": reason} if reason else None))
    page = render_template("combination_retire.html", lock=found, site=names.site, form=form)
    return page, 400 if form.errors else 200


def lock_at(connection: sa.Connection, names: Names, id: int) -> combinations.Lock:
    """The lock with this number; 404."""
    found = combinations.lock(connection, names, id)
    if found is None:
        abort(404)
    return found


def is_custodian(lock: combinations.Lock) -> bool:
    """Whether who is signed in is the person who keeps the lock."""
    operator = user().operators.get(lock.site)
    return operator is not None and operator.person is not None and operator.person == lock.custodian


def left(until: str) -> timedelta:
    """How long until then; nothing when it is over."""
    return max(timedelta(0), moment(until) - here().now()) if until else timedelta(0)
