"""Numbered copies: which are out, with whom, and which are back (C4.2)."""

from flask import Blueprint, render_template, request

from dashboard.read import custody as read
from dashboard.read.custody import Wanted
from dashboard.read.names import Names
from dashboard.read.responsible import Responsible
from dashboard.views.custody_lines import my_person, narrow
from dashboard.views.subject import chosen_site
from dashboard.web.context import here
from dashboard.web.language import language

blueprint = Blueprint("handouts", __name__)


@blueprint.get("/custody/handouts")
def page() -> str:
    """Lines of which copies were handed out or are to be, with what is out; one's own for who sees no register."""
    now = here().now()
    with here().connect() as connection:
        site, choices = chosen_site(connection, "handouts.page", request.args.get("site", ""))
        names = Names(connection, site, language())
        own = (my_person(site.id) or 0) if narrow(site.id) else None
        places = [] if own is None else Responsible(connection, site).places_of(own)
        every = request.args.get("which") == "all"
        lines, _count = read.listed(connection, names, now, Wanted("ledger" if every else "out", own=own, places=places))
        shown = [line for line in lines if line.row.copies]
        copies = read.copies(connection, names, [line.custody for line in shown])
    by_line = {line.custody: [copy for copy in copies if copy.custody == line.custody] for line in shown}
    return render_template("handouts.html", site=site, sites=choices, lines=shown, copies=by_line, every=every)
