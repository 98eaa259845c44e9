"""The steps of a transport: decided, packed, confirmed by each side, arrived, its receipt taken, links for outside (C8.6)."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.transport import (
    MOST_PHOTOS,
    MOST_SEALS,
    ApproveTransport,
    ArriveTransport,
    CancelTransport,
    ConfirmTransport,
    DeclineTransport,
    LinkTransport,
    PackTransport,
    ReceiveTransport,
    ReportTransportLost,
    SealAsked,
)
from controller.record.canonical import timestamp
from dashboard.paper import qr_svg
from dashboard.photos import BadPhoto
from dashboard.read.transports import Transport
from dashboard.views.ask import ask, to_request
from dashboard.views.seals import seals_of
from dashboard.views.subject import names_at
from dashboard.views.transports import mine, photos, transport_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields

blueprint = Blueprint("carrying", __name__)


@dataclass(frozen=True, slots=True)
class Act:
    """A step by one button: the states in which it can be, its request, and the parts that may not take it."""

    states: tuple[str, ...]
    body: type[msgspec.Struct]
    kind: str
    never: tuple[str, ...] = ()
    reason: bool = False


ACTS: Mapping[str, Act] = {
    "approve": Act(("ordered",), ApproveTransport, "transport.approve", ("orderer", "carrier")),
    "decline": Act(("ordered",), DeclineTransport, "transport.decline"),
    "cancel": Act(("ordered", "approved", "packed"), CancelTransport, "transport.cancel", reason=True),
    "lost": Act(("dispatched", "arrived"), ReportTransportLost, "transport.report_lost", reason=True),
    "receive": Act(("delivered",), ReceiveTransport, "transport.receive", ("carrier",)),
}
LINK_DAYS = (1, 3, 7, 14)


def _found(site: str, id: int, kind: str) -> Transport:
    """The transport, if this account may ask for this step of it. The site decides again."""
    if not user().may(kind, site):
        abort(403)
    with here().connect() as connection:
        return transport_at(connection, names_at(connection, site), id)


@blueprint.route(
    "/transports/<site>/<int:id>/<any(approve, decline, cancel, lost, receive):act>", methods=["GET", "POST"]
)
def decide(site: str, id: int, act: str) -> Response | str | tuple[str, int]:
    """Approves, declines, calls off, reports a loss, or takes the receipt."""
    step = ACTS[act]
    found = _found(site, id, step.kind)
    form, is_mine = Fields(request.form), mine(found)
    late = found.state not in step.states
    own = any(is_mine[part] for part in step.never) or bool(step.never and not is_mine["known"])
    if request.method == "POST" and not late and not own:
        reason = form.text("reason", required=_("Write the reason.")) if step.reason else ""
        if not form.errors:
            return to_request(ask(site, step.body(id), {"reason": reason} if reason else None))
    page = render_template(
        "transport_act.html", transport=found, site=found.site, act=act, step=step, form=form, late=late, own=own
    )
    return page, 400 if form.errors else 200


@blueprint.route("/transports/<site>/<int:id>/<any(pack, arrive):act>", methods=["GET", "POST"])
def seal(site: str, id: int, act: str) -> Response | str | tuple[str, int]:
    """Packed and sealed, or arrived: which seals there are, with photos of them."""
    found = _found(site, id, f"transport.{act}")
    form = Fields(request.form)
    late = found.state not in (("approved", "packed") if act == "pack" else ("dispatched", "lost")) or (
        act == "arrive" and found.outside
    )
    if request.method == "POST" and not late:
        seals = _seals(form, found, act)
        if act == "pack" and "opaque" not in request.form:
            form.errors["opaque"] = _("Confirm that nobody sees what is inside.")
        kept = _photos(form) if not form.errors else ()
        if not form.errors:
            body = PackTransport(id, seals, kept, opaque=True) if act == "pack" else ArriveTransport(id, seals, kept)
            return to_request(ask(site, body))
    page = render_template(
        "transport_seal.html", transport=found, site=found.site, act=act, form=form, late=late, most=MOST_PHOTOS
    )
    return page, 400 if form.errors else 200


def _seals(form: Fields, found: Transport, act: str) -> tuple[SealAsked, ...]:
    """The seals as they are written; on arrival those that are said to be broken."""
    numbers = seals_of(form, "seals", needed=act == "pack")
    broken = {one.seal for one in found.seals if f"broken-{one.seal}" in form.values}
    if len(numbers) > MOST_SEALS:
        form.errors["seals"] = _("%(most)s seals at most.", most=MOST_SEALS)
    return tuple(SealAsked(number, state="broken" if number in broken else "intact") for number in numbers)


def _photos(form: Fields) -> tuple[str, ...]:
    """The photos that were sent, kept; their hashes."""
    sent = [file for file in request.files.getlist("photos") if file.filename]
    if len(sent) > MOST_PHOTOS:
        form.errors["photos"] = _("%(most)s photos at most.", most=MOST_PHOTOS)
        return ()
    kept: list[str] = []
    for file in sent:
        try:
            kept.append(photos().keep(file.stream.read()))
        except BadPhoto as bad:
            form.errors["photos"] = _bad_photo(bad.why)
        except OSError:
            form.errors["photos"] = _("The photo cannot be stored here now.")
    return tuple(kept)


def _bad_photo(why: str) -> str:
    if why == "size":
        return str(_("A photo is too large."))
    if why == "format":
        return str(_("Only photos in JPEG, PNG or WebP."))
    return str(_("A photo cannot be read."))


@blueprint.route("/transports/<site>/<int:id>/confirm/<any(sender, carrier, recipient):side>", methods=["GET", "POST"])
def confirm(site: str, id: int, side: str) -> Response | str:
    """Confirms the contents as one side, with a request of one's own."""
    found = _found(site, id, "transport.confirm")
    late = not found.stage or found.has(found.stage, side) or side not in sides(found)
    own = mine(found)["carrier"] != (side == "carrier") or not mine(found)["known"]
    if request.method == "POST" and not late and not own:
        return to_request(ask(site, ConfirmTransport(id, side, found.contents_sha256)))
    return render_template("transport_confirm.html", transport=found, site=found.site, side=side, late=late, own=own)


@blueprint.route("/transports/<site>/<int:id>/link/<any(carrier, recipient):side>", methods=["GET", "POST"])
def link(site: str, id: int, side: str) -> str | tuple[str, int]:
    """Makes a link for somebody outside. It is shown in this one answer and kept nowhere: only its hash is sent on."""
    found, form = _found(site, id, "transport.link"), Fields(request.form)
    late = side not in linkable(found)
    own = mine(found)["carrier"] or not mine(found)["known"]
    address, asked = "", ""
    if request.method == "POST" and not late and not own:
        days = form.choice("days", tuple(map(str, LINK_DAYS)), _("Choose how long it holds."))
        if not form.errors:
            token = secrets.token_urlsafe(32)
            until = timestamp(here().now() + timedelta(days=int(days)))
            digest = hashlib.sha256(token.encode()).hexdigest()
            asked = ask(site, LinkTransport(id, side, digest, until))
            address = url_for("handover.page", site=site, id=id, side=side, token=token, _external=True)
    page = render_template(
        "transport_link.html", transport=found, site=found.site, side=side, form=form, late=late, own=own, days=LINK_DAYS,
        address=address, asked=asked, code=qr_svg(address, _("The link as a QR code")) if address else "",
    )  # fmt: skip
    return page, 400 if form.errors else 200


def sides(found: Transport) -> tuple[str, ...]:
    """Who confirms with a badge or a request at the handover that it waits for."""
    far = ("recipient",) if found.stage == "arrival" and not found.outside else ()
    near = ("sender",) if found.stage == "dispatch" else far
    return (*near, "carrier") if found.stage and found.carrier is None else near


def linkable(found: Transport) -> tuple[str, ...]:
    """For whom a link can be made now."""
    stage = {"packed": "dispatch", "dispatched": "arrival", "arrived": "arrival", "lost": "arrival"}.get(
        found.state, ""
    )
    who = ("recipient",) if stage == "arrival" and found.outside else ()
    who = (*who, "carrier") if stage and found.carrier is not None else who
    return tuple(side for side in who if not found.has(stage, side))
