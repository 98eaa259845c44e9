"""The screen beside a key cabinet (K1): which key, what for, who agrees; take it out, hang it back (C8.2, ux §3.4)."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from flask_login import logout_user
from werkzeug.wrappers import Response

from controller.record.asks.cabinet import ChooseKey, SignOutOfCabinet
from controller.record.canonical import timestamp
from controller.record.kinds.cabinet import AUTHORISER, KEY, OVER, PURPOSE, PUT_RIGHT, TAKE
from dashboard.read import cabinets, keys, requests
from dashboard.read.cabinets import Cabinet, Slot, Standing
from dashboard.read.keys import Key
from dashboard.read.names import Names
from dashboard.read.requests import Asked
from dashboard.views.subject import allowed_sites, names_at
from dashboard.web import kiosk, session
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.kiosk import Screen
from dashboard.web.language import day_text, language, said

blueprint = Blueprint("kiosk", __name__)

SHOWN = timedelta(seconds=30)
"""So long the screen says how the last session ended."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the screen says at this moment: a sentence, and what kind of news it is."""

    title: str
    text: str = ""
    kind: str = ""


@blueprint.get("/kiosk")
def page() -> str:
    """The cabinets whose screen this browser can become."""
    with here().connect() as connection:
        found = []
        for site in allowed_sites(connection, "kiosk.page"):
            names = Names(connection, site, language())
            found.append((site, cabinets.cabinets(connection, names)))
    return render_template("kiosks.html", sites=found)


@blueprint.post("/kiosk/<site>/<id>/begin")
def begin(site: str, id: str) -> Response:
    """Makes this browser the screen of the cabinet, and signs out whoever did so."""
    with here().connect() as connection:
        cabinet_at(connection, names_at(connection, site), id)
    answer = make_response(redirect(url_for("kiosk.cabinet", site=site, id=id), 303))
    kiosk.begin(answer, user().account, site, id)
    session.end(here().runtime.engine, user().token)
    logout_user()
    cookie.clear()
    return answer


@blueprint.get("/kiosk/cabinet/<site>/<id>")
def cabinet(site: str, id: str) -> Response | str:
    """The screen."""
    screen = kiosk.screen_of(site, id)
    if screen is None:
        return redirect(url_for("kiosk.page"))
    with here().connect() as connection:
        names = names_at(connection, site)
        at = cabinet_at(connection, names, id)
        standing = cabinets.standing(connection, names, id)
        slots = cabinets.slots(connection, names, id)
        asked = requests.one(connection, request.args.get("request", "")[:26])
        if asked is not None and (asked.site, asked.account) != (site, screen.account):
            asked = None  # what others asked for is nobody's business at a screen that anybody can touch
        chosen = keys.one(connection, names, standing.key) if standing.key else None
        places = set() if standing.person is None else cabinets.entitled(connection, names, standing.person)
        shown = _shown(connection, names, standing, chosen, slots, asked)
    offered = [slot for slot in slots if slot.free and slot.key is not None and slot.places <= places]
    return render_template(
        "kiosk.html",
        site=names.site,
        cabinet=at,
        standing=standing,
        shown=shown,
        slots=slots,
        offered=offered,
        others=[(slot, _why(slot, places)) for slot in slots if slot.own and slot not in offered],
        wrong=[(key, slot.slot) for slot in slots for key in slot.guests],
        gone=[slot for slot in slots if any(key.state == "missing" for key in slot.own)],
        strays=[slot for slot in slots if slot.stray_since],
        waiting=asked is not None and not asked.over,
        stale=names.site.stale(here().now()),
    )


def cabinet_at(connection: sa.Connection, names: Names, id: str) -> Cabinet:
    """The cabinet with this id."""
    found = next((one for one in cabinets.cabinets(connection, names) if one.cabinet == id), None)
    if found is None:
        abort(404)
    return found


def _why(slot: Slot, places: set[str]) -> str:
    """Why a key is not offered to who stands there."""
    key = slot.key
    if key is None or not slot.free:
        return said(key.state, "key_state") if key is not None else ""
    return "" if slot.places <= places else said("right", "code")


def _shown(
    connection: sa.Connection,
    names: Names,
    standing: Standing,
    chosen: Key | None,
    slots: list[Slot],
    asked: Asked | None,
) -> Shown:
    """The sentence for the step, or how the last session ended."""
    if standing.step == OVER or standing.person is None:
        return _ended(connection, names, standing, chosen, slots)
    slot, called = standing.slot, "" if chosen is None else chosen.called
    wrong = _refusal(standing, asked)
    match standing.step:
        case step if step == KEY:
            return Shown(_("%(name)s, which key do you need?", name=standing.name), wrong, "no" if wrong else "")
        case step if step == PURPOSE:
            return Shown(_("No. %(slot)s %(key)s: what is it for?", slot=slot, key=called), wrong, "no" if wrong else "")
        case step if step == AUTHORISER:
            have = _("%(have)s of %(need)s have agreed", have=standing.agreed, need=standing.needed)
            return Shown(_("Whoever agrees to it: hold your badge to the reader (somebody else)"), wrong or have, "warn")
        case step if step == TAKE:
            due = "" if chosen is None else day_text(chosen.due_at, names.site.timezone)
            return Shown(_("Take No. %(slot)s out.", slot=slot), _("Due back %(time)s", time=due) if due else "", "ok")
        case step if step == PUT_RIGHT:
            text = _("This is key No. %(home)s. Hang it into No. %(home)s.", home=standing.place)
            return Shown(text, _("It hangs in No. %(slot)s, which is open now.", slot=slot), "warn")
    return Shown(said(standing.step, "cabinet_step"))


def _refusal(standing: Standing, asked: Asked | None) -> str:
    """Why what was asked for last is refused, here or at the cabinet's keypad and reader."""
    if asked is not None and asked.state in ("refused", "expired"):
        return said(asked.code or asked.state, "code" if asked.code else "answer")
    return said(standing.code, "code") if standing.code else ""


def _ended(
    connection: sa.Connection, names: Names, standing: Standing, chosen: Key | None, slots: list[Slot]
) -> Shown:
    """Hold your badge there; and for a while, what came of the last session or the last return."""
    title, after = _("Hold your badge to the reader"), timestamp(here().now() - SHOWN)
    numbers = [key.key for slot in slots for key in slot.own]
    back = cabinets.last_return(connection, names, numbers, after)
    if back is not None and back.at >= standing.at:
        if back.by:
            text = _("%(key)s is back. Returned by %(by)s (lent to %(name)s)", key=back.label, by=back.by, name=back.name)
        else:
            text = _("%(key)s is back (%(name)s).", key=back.label, name=back.name)
        return Shown(title, text, "ok")
    if standing.at < after or not standing.code:
        return Shown(title)
    text = said(standing.code, "cabinet_end")
    if chosen is not None and standing.code == "lent":
        due = day_text(chosen.due_at, names.site.timezone)
        text = _("No. %(slot)s is lent. Due back %(time)s", slot=standing.slot, time=due)
    return Shown(title, text, "ok" if standing.code in ("lent", "returned", "replaced") else "warn")


# What the screen asks for ------------------------------------------------------------------------------------------------


@blueprint.post("/kiosk/cabinet/<site>/<id>/choose")
def choose(site: str, id: str) -> Response:
    """The person who stands there wants this key, or says what for."""
    screen, person = _standing(site, id)
    form = Fields(request.form)
    number, option = form.values.get("key", ""), form.values.get("option", "0")
    purpose = form.text("purpose")
    if form.errors or not _is_number(number) or not _is_number(option):
        abort(400)
    body = ChooseKey(id, person, int(number), int(option))
    return _asked(site, id, screen, body, {"purpose": purpose} if purpose else {})


@blueprint.post("/kiosk/cabinet/<site>/<id>/leave")
def leave(site: str, id: str) -> Response:
    """They want nothing any more."""
    screen, person = _standing(site, id)
    return _asked(site, id, screen, SignOutOfCabinet(id, person), {})


def _standing(site: str, id: str) -> tuple[Screen, int]:
    """The screen, and the person that it showed."""
    screen = kiosk.screen_of(site, id)
    person = request.form.get("person", "")
    if screen is None or not _is_number(person):
        abort(403)
    return screen, int(person)


def _asked(
    site: str, id: str, screen: Screen, body: ChooseKey | SignOutOfCabinet, private: dict[str, str]
) -> Response:
    outbox = here().runtime.outbox
    asked = outbox.submit(site, body, private or None, account=screen.account, operator=screen.operator)
    here().runtime.changed.announce()
    return redirect(url_for("kiosk.cabinet", site=site, id=id, request=asked), 303)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
