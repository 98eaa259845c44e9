"""What every import of a file has in common: mistakes beside their lines, all of it sent or nothing, and what became of it."""

import csv
import io
from collections.abc import Mapping, Sequence

import msgspec
from flask import Response, abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from controller.record.private import Text
from controller.record.requests import name_of
from dashboard.importing.reading import Mistake
from dashboard.read import requests
from dashboard.read.requests import Asked
from dashboard.read.sites import Site
from dashboard.views import carried
from dashboard.views.subject import names_at
from dashboard.web.context import here, user
from dashboard.web.language import language

Columns = Mapping[str, tuple[str, ...]]
"""By column, what it is called in Japanese, and last in English."""


def shown(mistakes: Sequence[Mistake], columns: Columns) -> list[tuple[int, str, str]]:
    """Each mistake as line, column and words."""
    return [(one.line, _called(columns[one.column]) if one.column else "", _words(one)) for one in mistakes]


def heads(columns: Columns, *but: str) -> list[str]:
    """What the columns are called in the reader's language, all but these."""
    return [_called(called) for column, called in columns.items() if column not in but]


def template(site: str, name: str, head: Sequence[str]) -> Response:
    """A file with nothing but this head, for Excel."""
    with here().connect() as connection:
        names_at(connection, site)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(head)
    response = Response("\ufeff" + buffer.getvalue(), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def send(site: str, asked: Sequence[tuple[msgspec.Struct, Text]], ids: Sequence[str], then: str) -> Answer:
    """Hands all of it to the outbox, or nothing; a second time it is the same. Then on to this page."""
    person = user()
    if len(ids) != len(asked):
        abort(400)
    if not all(person.may(name_of(body), site) for body, _text in asked):
        abort(403)
    here().runtime.outbox.submit_all(
        site,
        [(id, body, text) for id, (body, text) in zip(ids, asked, strict=True)],
        account=person.account,
        operator=person.operators[site].operator,
    )
    here().runtime.changed.announce()
    return redirect(url_for(then, site=site, ids=",".join(ids)), 303)


def sent(site: str) -> tuple[Site, list[Asked]]:
    """The requests of an import that this account has sent; 404 where there are none."""
    ids = request.args.get("ids", "")
    if not carried.are_ids(ids):
        abort(404)
    with here().connect() as connection:
        names = names_at(connection, site)
        found = [requests.one(connection, id) for id in ids.split(",")]
    asked = [one for one in found if one is not None and one.site == site and one.account == user().account]
    if not asked:
        abort(404)
    return names.site, asked


def _called(names: tuple[str, ...]) -> str:
    """What a column is called in the reader's language."""
    return names[0] if language() == "ja" else names[-1].capitalize()


def _words(one: Mistake) -> str:
    """What is wrong, in words."""
    said = {
        "no_file": _("Choose a file."),
        "too_large": _("The file is too large."),
        "encoding": _("The file is neither UTF-8 nor Shift_JIS. Save it as CSV in Excel."),
        "too_many": _("There are more than %(n)s rows. Divide the file.", n=one.said),
        "empty": _("There are no rows below the head."),
        "quotes": _("A quotation mark is not closed, or stands in the wrong place."),
        "column": _("There is no column “%(said)s”.", said=one.said),
        "twice": _("The column “%(said)s” is there twice.", said=one.said),
        "no_person": _("A column with the number or the name of people is needed."),
        "no_title": _("A column with the names of the assets is needed."),
        "beyond": _("“%(said)s” stands in a column without a head.", said=one.said),
        "long": _("It is too long: “%(said)s…”", said=one.said),
        "unseen": _("There is a character in it that cannot be used here, because it is not seen."),
        "name": _("A new person needs a name; somebody who is registered, their number."),
        "unknown": _("Nobody has the number “%(said)s”.", said=one.said),
        "inactive": _("No. %(said)s is suspended or has left.", said=one.said),
        "other_name": _("The person with this number is called “%(said)s”.", said=one.said),
        "nothing": _("The row says nothing new: the person is registered, and no zone is written."),
        "zone": _("A zone is missing for this right."),
        "zone_unknown": _("There is no zone “%(said)s”.", said=one.said),
        "scope": _("Your scope does not include %(said)s.", said=one.said),
        "schedule": _("There are no hours “%(said)s”.", said=one.said),
        "manner": _("“%(said)s” is no manner of entering.", said=one.said),
        "purpose": _("Write what the right is for."),
        "date": _("“%(said)s” is no date. Write 2027/03/31.", said=one.said),
        "end": _("A right needs an end."),
        "order": _("The end has to come after the beginning, and after today."),
        "too_long": _("A right lasts three years at most."),
        "leaving": _("The person leaves before that."),
        "asset_known": _("The catalogue has asset no. %(said)s already: change it on its page.", said=one.said),
        "asset_title": _("Write what the asset is called."),
        "asset_secrecy": _("“%(said)s” is no class.", said=one.said),
        "asset_marking": _("“%(said)s” is no marking.", said=one.said),
        "asset_place": _("There is no place “%(said)s”.", said=one.said),
        "too_many_rights": _("There is too much for one new person. Register them first, then import the rights."),
    }
    return str(said[one.code])
