"""PINs: chosen at a keypad of the site, cleared, unlocked. No digit is ever typed here, nor could one be shown."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks import ClearPin, EnrolPin, UnlockPin
from dashboard.read import pin, requests
from dashboard.views.ask import ask, to_request
from dashboard.views.subject import names_at, person_at
from dashboard.views.waiting import own_enrolment, seconds_left
from dashboard.web.context import here
from dashboard.web.fields import Fields

blueprint = Blueprint("pin", __name__)


@blueprint.route("/people/<site>/<int:id>/pin/enrol", methods=["GET", "POST"])
def enrol(site: str, id: int) -> Response | str | tuple[str, int]:
    """Chooses the reader at whose keypad the person will type their PIN."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
    readers = [(reader, names.reader(reader)) for reader, (_portal, side) in names.readers.items() if side == "in"]
    form = Fields(request.form)
    if request.method == "POST":
        reader = form.choice("reader", dict(readers), _("Choose a reader."))
        if not form.errors:
            asked = ask(site, EnrolPin(id, reader))
            return redirect(url_for("pin.enrolment", site=site, id=id, reader=reader, request=asked), 303)
    page = render_template("pin_enrol.html", person=found, site=names.site, readers=readers, form=form)
    return page, 400 if form.errors else 200


@blueprint.get("/people/<site>/<int:id>/pin/enrolment/<path:reader>")
def enrolment(site: str, id: int, reader: str) -> str:
    """How it goes: asked, waiting for badge and digits, set or not."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        asked = requests.one(connection, request.args.get("request", "")[:26])
        state = pin.enrolment(connection, names.site, reader)
    asked, state = own_enrolment(asked, state, id)
    left_s = 0 if state is None else seconds_left(state)
    return render_template(
        "pin_enrolment.html",
        person=found,
        site=names.site,
        reader=names.reader(reader),
        asked=asked,
        state=state,
        left_s=left_s,
    )


@blueprint.route("/people/<site>/<int:id>/pin/clear", methods=["GET", "POST"])
def clear(site: str, id: int) -> Response | str:
    """Lets the person's PIN count no more."""
    return _sure(site, id, "clear")


@blueprint.route("/people/<site>/<int:id>/pin/unlock", methods=["GET", "POST"])
def unlock(site: str, id: int) -> Response | str:
    """Ends a lock-out before its time."""
    return _sure(site, id, "unlock")


def _sure(site: str, id: int, act: str) -> Response | str:
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        standing = pin.of_person(connection, names.site, id, here().now())
    if request.method == "POST":
        return to_request(ask(site, ClearPin(id) if act == "clear" else UnlockPin(id)))
    return render_template("pin_sure.html", person=found, site=names.site, pin=standing, act=act)
