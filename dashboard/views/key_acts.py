"""What is done with a key by hand: lent, taken back, handed over, reserved, reported lost, sealed, its lock changed (C8.2).

Every act is a request; the site decides. Who a key goes to is looked for by name, reading or number.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from controller.record.asks.key import (
    ChangeLock,
    HandOverKey,
    LendKey,
    LimitKeys,
    ReplaceKey,
    ReportKeyLost,
    ReserveKey,
    RetireKey,
    ReturnKey,
    SealKey,
    UnsealKey,
)
from controller.record.canonical import timestamp
from controller.record.private import Text
from dashboard.read import key_loans, keys, people, rights
from dashboard.read.keys import Key
from dashboard.read.names import Names
from dashboard.read.people import Person
from dashboard.views.ask import ask, to_request
from dashboard.views.keys import key_at, number, since
from dashboard.views.subject import names_at, now_text, person_at
from dashboard.web.context import here, user
from dashboard.web.fields import Fields
from dashboard.web.roles import EVERY

blueprint = Blueprint("key_acts", __name__)

_Answer = Response | str | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that is done with a key: from which states, and what its form turns into."""

    states: tuple[str, ...]
    body: Callable[[int, Fields], msgspec.Struct]
    text: str = ""
    """The private text it takes: `reason`, or none."""


ACTS: dict[str, Act] = {
    "lost": Act(
        ("in_place", "released", "lent", "misplaced", "missing", "suspect", "sealed"),
        lambda key, form: ReportKeyLost(key, form.values.get("lock_down") == "yes"),
        "reason",
    ),
    "replace": Act(("misplaced", "missing", "suspect"), lambda key, form: ReplaceKey(key)),
    "lock": Act(
        ("lost", "suspect"),
        lambda key, form: ChangeLock(
            key,
            form.text("lock", required=_("Write what the new lock is called."), longest=64),
            number(form, "new_key", 2**31 - 1),
        ),
    ),
    "seal": Act(
        ("in_place", "misplaced"),
        lambda key, form: SealKey(
            key,
            form.text("seal", required=_("Write the number printed on the seal."), longest=64),
            form.text("place", required=_("Choose where the envelope lies."), longest=64),
        ),
    ),
    "unseal": Act(("sealed",), lambda key, form: UnsealKey(key), "reason"),
    "retire": Act(
        ("in_place", "misplaced", "missing", "suspect", "sealed"), lambda key, form: RetireKey(key), "reason"
    ),
}


@blueprint.route("/keys/<site>/<int:id>/lost", methods=["GET", "POST"])
def lost(site: str, id: int) -> _Answer:
    """Reports a key lost."""
    return _act(site, id, "lost")


@blueprint.route("/keys/<site>/<int:id>/replace", methods=["GET", "POST"])
def replace(site: str, id: int) -> _Answer:
    """Says that a key is in its place and may be lent again."""
    return _act(site, id, "replace")


@blueprint.route("/keys/<site>/<int:id>/lock", methods=["GET", "POST"])
def lock(site: str, id: int) -> _Answer:
    """Says that the lock of a lost key was changed."""
    return _act(site, id, "lock")


@blueprint.route("/keys/<site>/<int:id>/seal", methods=["GET", "POST"])
def seal(site: str, id: int) -> _Answer:
    """Puts a key into an envelope."""
    return _act(site, id, "seal")


@blueprint.route("/keys/<site>/<int:id>/unseal", methods=["GET", "POST"])
def unseal(site: str, id: int) -> _Answer:
    """Opens a key's envelope."""
    return _act(site, id, "unseal")


@blueprint.route("/keys/<site>/<int:id>/retire", methods=["GET", "POST"])
def retire(site: str, id: int) -> _Answer:
    """Takes a key out of the register."""
    return _act(site, id, "retire")


def _act(site: str, id: int, name: str) -> _Answer:
    act = ACTS[name]
    with here().connect() as connection:
        names = names_at(connection, site)
        found = _own_or_any(key_at(connection, names, id), site)
        others = [one for one in keys.listed(connection, names) if one.key != id and one.opens == found.opens]
        places = names.places
    form = Fields(request.form)
    late = found.state not in act.states
    if request.method == "POST" and not late:
        text: Text = {act.text: form.text(act.text, required=_("Write the reason."))} if act.text else {}
        body = act.body(id, form)
        if not form.errors:
            return to_request(ask(site, body, text))
    page = render_template(
        "key_act.html", site=names.site, key=found, act=name, takes=act.text, form=form, late=late, others=others,
        places=places, zone=found.opens in names.zones, since=since,
    )  # fmt: skip
    return page, 400 if form.errors else 200


def _own_or_any(found: Key, site: str) -> Key:
    """The key, when the account may see any, or has this one."""
    operator = user().operators.get(site)
    if operator is None:
        abort(403)
    if not operator.roles & EVERY and (operator.person is None or found.person != operator.person):
        abort(403)
    return found


# To whom it goes --------------------------------------------------------------------------------------------------------


@blueprint.route("/keys/<site>/<int:id>/lend", methods=["GET", "POST"])
def lend(site: str, id: int) -> _Answer:
    """Hands a key to somebody, or asks others to agree to that first."""
    return _to_somebody(site, id, "lend")


@blueprint.route("/keys/<site>/<int:id>/hand-over", methods=["GET", "POST"])
def hand_over(site: str, id: int) -> _Answer:
    """Lets a key go from who has it to somebody else."""
    return _to_somebody(site, id, "hand_over")


@blueprint.route("/keys/<site>/<int:id>/return", methods=["GET", "POST"], endpoint="give_back")
def give_back(site: str, id: int) -> _Answer:
    """Takes a key back, whoever brings it."""
    return _to_somebody(site, id, "return")


@blueprint.route("/keys/<site>/<int:id>/reserve", methods=["GET", "POST"])
def reserve(site: str, id: int) -> _Answer:
    """Keeps a key for somebody, or for oneself."""
    return _to_somebody(site, id, "reserve")


_FROM = {
    "lend": ("in_place",),
    "hand_over": ("lent",),
    "return": ("lent", "released", "lost", "missing", "misplaced"),
    "reserve": ("in_place", "lent", "released", "misplaced", "missing"),
}


def _to_somebody(site: str, id: int, act: str) -> _Answer:
    form = Fields(request.values)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = key_at(connection, names, id)
        own = _mine(site)
        if own is not None and (found.opens or found.home) not in _entered(connection, names, own):
            abort(404)
        chosen, more, text = _people(connection, names, form)
        ring = keys.on_ring(connection, names, found)
        coming = key_loans.reservations(connection, names, key=id)
    late = found.state not in _FROM[act]
    if request.method == "POST" and not late:
        body, private = _body(names, found, act, form)
        if body is not None and not form.errors:
            return to_request(ask(site, body, private))
    page = render_template(
        "key_to.html", site=names.site, key=found, act=act, form=form, people=chosen, more=more, q=text, late=late,
        ring=ring, coming=coming, since=since, mine=own,
    )  # fmt: skip
    return page, 400 if form.errors else 200


def _mine(site: str) -> int | None:
    """The person who is signed in, where the account may act for nobody else; None where it may."""
    operator = user().operators.get(site)
    if operator is None:
        abort(403)
    return None if operator.roles & EVERY else operator.person or 0


def _people(connection: sa.Connection, names: Names, form: Fields) -> tuple[list[Person], bool, str]:
    """Who may be meant: whom the text names; of an account that acts for itself, that one."""
    own = _mine(names.site.id)
    if own is not None:
        person = people.one(connection, names, own)
        return ([person] if person else []), False, ""
    text = form.values.get("q", "").strip()[:100]
    listed, more = people.listed(connection, names, text, 0) if text else ([], False)
    return [one for one in listed if one.state in ("active", "suspended")], more, text


def _body(names: Names, key: Key, act: str, form: Fields) -> tuple[msgspec.Struct | None, Text]:
    written = form.values.get("person", "")
    person = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None
    if act == "return":
        return ReturnKey(key.key, person), {}
    if person is None:
        form.errors["person"] = _("Choose a person.")
        return None, {}
    purpose: Text = {"purpose": form.text("purpose", required=_("Write what the key is for."))}
    if act == "lend":
        return LendKey(key.key, person), purpose
    if act == "hand_over":
        return HandOverKey(key.key, person), purpose
    begin = form.moment("from", names.site.timezone)
    end = form.moment("until", names.site.timezone)
    if begin is None or end is None:
        return None, purpose
    if end <= begin:
        form.errors["until"] = _("The end is behind the beginning.")
    return ReserveKey(key.key, person, timestamp(begin), timestamp(end)), purpose


def _entered(connection: sa.Connection, names: Names, person: int) -> set[str]:
    """The places that somebody has a right in force to."""
    held = rights.of_person(connection, names, person, now_text())
    return {right.zone for right in held if right.state == "active"}


@blueprint.get("/keys/<site>/mine")
def mine(site: str) -> str:
    """Which keys one may reserve for oneself: those to places that one may enter."""
    with here().connect() as connection:
        names = names_at(connection, site)
        operator = user().operators.get(site)
        person = None if operator is None else operator.person
        if person is None:
            abort(404)
        zones = _entered(connection, names, person)
        found = [one for one in keys.listed(connection, names) if (one.opens or one.home) in zones]
        return render_template(
            "keys_mine.html",
            site=names.site,
            keys=[one for one in found if one.state in _FROM["reserve"]],
            reservations=key_loans.reservations(connection, names, person=person),
            since=since,
        )


@blueprint.route("/people/<site>/<int:id>/keys", methods=["GET", "POST"])
def limit(site: str, id: int) -> _Answer:
    """Says how many keys a person may have at a time."""
    with here().connect() as connection:
        names = names_at(connection, site)
        found = person_at(connection, names, id)
        now = keys.limit(connection, names, id)
    form = Fields(request.form if request.method == "POST" else {} if now is None else {"most": str(now)})
    if request.method == "POST":
        if not form.values.get("most", "").strip():
            form.errors["most"] = _("Write a number.")
        most = number(form, "most", 1000)
        if not form.errors:
            return to_request(ask(site, LimitKeys(id, most)))
    page = render_template("key_limit.html", site=names.site, person=found, form=form)
    return page, 400 if form.errors else 200
