"""How somebody is told what falls due: by which service, where, in which language; or not at all. For them alone."""

from collections.abc import Mapping

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from dashboard.notify import addresses, services, standing
from dashboard.notify.addresses import BadAddresses, Told
from dashboard.notify.console import keep
from dashboard.notify.services import BadServices, Service
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.language import LANGUAGES, language

blueprint = Blueprint("notify", __name__)


@blueprint.route("/my/notifications", methods=["GET", "POST"])
def page() -> Response | str | tuple[str, int]:
    """The form. What is kept as the address is never shown again: it may be a token."""
    settings, data = here().runtime.config.notify, here().runtime.config.data
    if settings is None:
        abort(404)
    form = Fields(request.form)
    broken = False
    try:
        offered = services.load(settings.services_file)
        known = addresses.read(data).get(user().account)
    except (BadServices, BadAddresses, OSError):
        offered, known, broken = {}, None, True
    if request.method == "POST" and not broken:
        told = None if "off" in request.form else _told(form, offered, known)
        if not form.errors:
            keep(here().runtime.engine, data, user().account, told)
            return redirect(url_for("notify.page"), 303)
    with here().connect() as connection:
        failing = standing.failing_since(connection, user().account)
    hours = settings.hours
    page = render_template(
        "notify.html", form=form, offered=offered, known=known, broken=broken, failing=failing, hours=hours,
        personal=any(service.personal for service in offered.values()), lang=known.lang if known else language(),
    )  # fmt: skip
    return page, 400 if form.errors else 200


def _told(form: Fields, offered: Mapping[str, Service], known: Told | None) -> Told | None:
    """How the form says to tell them; None where it is wrong. An empty address keeps the one that is kept."""
    name = form.choice("service", offered, _("Choose how you are told."))
    lang = form.choice("lang", LANGUAGES, _("Choose a language."))
    if form.errors:
        return None
    address = form.text("to", longest=services.LONGEST_ADDRESS)
    if not offered[name].personal:
        return Told(name, "", lang)
    if not address and known is not None and known.service == name:
        return Told(name, known.address, lang)
    if not form.errors and not services.is_address(address):
        form.errors["to"] = _("Write the address without spaces.")
    return None if form.errors else Told(name, address, lang)
