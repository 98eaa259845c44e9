"""Keys: the grid of all of them, one key with its history, and how each is kept (C8.2)."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from controller.record.asks.key import ChangeKey, RegisterKey
from controller.record.kinds.key import STATES
from dashboard.read import cabinets, key_audits, key_loans, keys
from dashboard.read.key_loans import Wanted
from dashboard.read.keys import Key
from dashboard.read.names import Names
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import chosen_site, names_at
from dashboard.web.context import here
from dashboard.web.fields import Fields
from dashboard.web.language import language

blueprint = Blueprint("keys", __name__)

LONGEST_NAME = 100
HISTORY = 50
_NUMBERS = {"slot": 10_000, "ring": 2**31 - 1, "copy_of": 2**31 - 1, "due_minutes": 366 * 24 * 60, "most": 1000}


@blueprint.get("/keys")
def page() -> str:
    """Where each key is, who has it, and what is overdue."""
    state, text = request.args.get("state", ""), request.args.get("q", "").strip()[:100]
    if state and state not in (*STATES, "late"):
        abort(400)
    now = here().now()
    with here().connect() as connection:
        site, choices = chosen_site(connection, "keys.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        wanted = ("lent",) if state == "late" else (state,) if state else ()
        found = keys.listed(connection, names, states=wanted, text=text)
        late = [one for one in found if one.overdue(now) is not None]
        return render_template(
            "keys.html",
            site=site,
            sites=choices,
            keys=late if state == "late" else found,
            late=late,
            waiting=key_loans.waiting(connection, names),
            audits=[one for one in key_audits.listed(connection, names) if one.state == "open"],
            states=STATES,
            state=state,
            q=text,
            now=now,
            cabinets=cabinets.cabinets(connection, names),
            since=since,
        )


def since(key: Key) -> str:
    """For how long the key should have been back, as people say it; empty where it should not."""
    late = key.overdue(here().now())
    return "" if late is None else spoken(int(late.total_seconds()) // 60)


def spoken(minutes: int) -> str:
    """`2時間10分`: days and hours, hours and minutes, or minutes."""
    days, hours, left = minutes // 1440, minutes // 60 % 24, minutes % 60
    day = ngettext("%(num)s day", "%(num)s days", days)
    hour = ngettext("%(num)s hour", "%(num)s hours", hours)
    minute = ngettext("%(num)s minute", "%(num)s minutes", left)
    joint = "" if language() == "ja" else " "
    if days:
        return f"{day}{joint}{hour}"
    return f"{hour}{joint}{minute}" if hours else str(minute)


def key_at(connection: sa.Connection, names: Names, id: int) -> Key:
    """The key with this number."""
    found = keys.one(connection, names, id)
    if found is None:
        abort(404)
    return found


@blueprint.get("/keys/<site>/<int:id>")
def key(site: str, id: int) -> str:
    """One key: where it is, its ring and duplicates, who has reserved it, and its loans."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = key_at(connection, names, id)
        loans, count = key_loans.register(connection, names, Wanted(id), HISTORY)
        return render_template(
            "key.html",
            site=names.site,
            key=found,
            ring=keys.on_ring(connection, names, found),
            copies=keys.copies(connection, names, id),
            original=keys.one(connection, names, found.copy_of) if found.copy_of else None,
            successor=keys.one(connection, names, found.new_key) if found.new_key else None,
            reservations=key_loans.reservations(connection, names, key=id),
            loans=loans,
            count=count,
            since=since,
        )


@blueprint.route("/keys/<site>/register", methods=["GET", "POST"])
def register(site: str) -> Response | str | tuple[str, int]:
    """Makes a key known."""
    with here().connect() as connection:
        names = names_at(connection, site)
        known = keys.listed(connection, names)
        places = names.places
    form = Fields(request.form)
    if request.method == "POST":
        text, kept = _kept(form, places)
        if not form.errors:
            return to_request(ask(site, RegisterKey(**kept), text))
    page = render_template("key_kept.html", site=names.site, key=None, form=form, places=places, keys=known)
    return page, 400 if form.errors else 200


@blueprint.route("/keys/<site>/<int:id>/change", methods=["GET", "POST"])
def change(site: str, id: int) -> Response | str | tuple[str, int]:
    """Says how a key is kept and lent from now on."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = key_at(connection, names, id)
        known = [one for one in keys.listed(connection, names) if one.key != id]
        places = names.places
    form = Fields(request.form if request.method == "POST" else _values(found))
    if request.method == "POST":
        text, kept = _kept(form, places)
        if not form.errors:
            return to_request(ask(site, ChangeKey(key=id, **kept), text))
    page = render_template("key_kept.html", site=names.site, key=found, form=form, places=places, keys=known)
    return page, 400 if form.errors else 200


def _values(key: Key) -> dict[str, str]:
    """A key as its form has it."""
    texts = ("label", "name", "note", "opens", "home", "cabinet", "due_time", "stays_in")
    numbers = ("slot", "ring", "copy_of", "authorisers", "due_minutes", "most")
    return {name: getattr(key, name) for name in texts} | {
        name: str(value) for name in numbers if (value := getattr(key, name))
    }


def _kept(form: Fields, places: dict[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """What the form says: the texts, and how the key is to be kept."""
    text = {
        "name": form.text("name", required=_("Write what the key is called."), longest=LONGEST_NAME),
        "note": form.text("note"),
    }
    kept: dict[str, Any] = {
        "label": form.text("label", required=_("Write the number stamped on its tag."), longest=64),
        "home": form.choice("home", places, _("Choose where it is kept.")),
        "cabinet": form.text("cabinet", longest=64),
        "due_time": form.text("due_time", longest=5),
        "authorisers": int(form.choice("authorisers", ("0", "1", "2", "3"), _("Choose how many.")) or 0)
        if "authorisers" in form.values
        else 0,
    }
    for name in ("opens", "stays_in"):
        kept[name] = form.choice(name, places, _("Choose a place.")) if form.values.get(name) else ""
    kept |= {name: number(form, name, most) for name, most in _NUMBERS.items()}
    if not kept["due_minutes"] and not kept["due_time"]:
        form.errors["due_time"] = _("Say when it has to be back: a time of day, or minutes.")
    return {name: value for name, value in text.items() if value}, kept


def number(form: Fields, name: str, most: int) -> int:
    """A whole number of the form; nothing written is 0."""
    text = form.values.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= most):
        form.errors[name] = _("Write a whole number, %(most)s at most.", most=most)
        return 0
    return int(text)
