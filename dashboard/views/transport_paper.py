"""The words that stand on the papers of a transport."""

from datetime import datetime

from flask import url_for
from flask_babel import gettext as _

from dashboard.paper.transport import Paper
from dashboard.read.names import Names
from dashboard.read.transports import Transport
from dashboard.web.language import clock_text, language, said


def paper_of(transport: Transport, names: Names, made_at: datetime) -> Paper:
    """Both papers of this transport, in the reader's language."""
    zone, site = names.site.timezone, names.site.name(language())
    seals = "  ".join(seal.seal for seal in transport.seals if seal.state != "unknown")
    delivered, handed = transport.times.get("delivered"), transport.times.get("received")
    return Paper(
        slip_title=_("Transport slip"),
        receipt_title=_("Receipt"),
        number=_("No. %(n)s", n=transport.transport),
        facts=(
            (_("Site"), site),
            (_("From"), transport.origin),
            (_("To"), transport.target),
            (_("Carried by"), transport.carried_by),
            (_("Leaves by"), clock_text(transport.dispatch_by, zone)),
            (_("Arrives by"), clock_text(transport.arrive_by, zone)),
            (_("Seals"), seals),
        ),
        heads=(_("No."), _("What"), _("Pieces")),
        contents=[
            (str(one.number), " ".join(part for part in (_named(one.what), one.description) if part), str(one.pieces))
            for one in transport.contents
        ],
        sha256=transport.contents_sha256,
        confirm=[
            (f"{said(stage, 'transport_stage')} {said(side, 'transport_side')}", _confirmed(transport, stage, side, zone))
            for stage, side in (
                ("dispatch", "sender"), ("dispatch", "carrier"), ("arrival", "recipient"), ("arrival", "carrier"),
            )
        ],
        received=_("We have received the following, sealed and complete."),
        signs=(
            (_("Received on"), clock_text(delivered[0], zone) if delivered else ""),
            (_("Received by"), transport.received_by or (_("by a link") if delivered else "")),
            (_("Signature"), ""),
            (_("Handed to the manager"), clock_text(handed[0], zone) if handed else ""),
        ),
        code=url_for("transports.transport", site=names.site.id, id=transport.transport, _external=True),
        foot=f"{site}  {made_at:%Y/%m/%d %H:%M}",
        made_at=made_at,
    )  # fmt: skip


def _named(what: str) -> str:
    return str(_("Catalogue no. %(n)s", n=what.partition(":")[2])) if what.startswith("asset:") else what


def _confirmed(transport: Transport, stage: str, side: str, zone: str) -> str:
    for one in transport.confirmed:
        if (one.stage, one.side) == (stage, side):
            return f"{one.who}  {clock_text(one.at, zone)}  {said(one.how, 'confirmed_how')}"
    return ""
