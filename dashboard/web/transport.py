"""How browsers reach the pages: what to say where passwords go in clear or the certificate ends, and the page of the authority.

The page is open to everybody, because who has not installed the authority has not signed in yet.
"""

from flask import Blueprint, Flask, Response, abort, render_template
from flask_login import current_user

from dashboard.tls import certificate
from dashboard.tls.certificate import WARN_BEFORE, BadCertificate, Facts
from dashboard.web.context import here
from dashboard.web.session import User

blueprint = Blueprint("transport", __name__)


def install(app: Flask) -> None:
    """Lets templates ask."""
    app.add_template_global(in_clear, "in_clear")
    app.add_template_global(certificate_days, "certificate_days")
    app.add_template_global(has_authority, "has_authority")


def in_clear() -> bool:
    """Whether what is typed here goes over a network without TLS."""
    return here().runtime.config.exposed


def certificate_days() -> int | None:
    """Days until the certificate ends, for administrators, once it is near; negative: it has ended."""
    served, person = here().served, current_user._get_current_object() if current_user else None
    if served is None or not isinstance(person, User) or not _administers(person):
        return None
    now = here().now()
    return served.facts.days_left(now) if served.facts.left(now) < WARN_BEFORE else None


def has_authority() -> bool:
    """Whether there is an authority to install."""
    tls = here().runtime.config.tls
    return tls is not None and tls.ca is not None


@blueprint.get("/certificate")
def page() -> str:
    """Fingerprint and steps. Not there where the certificate is somebody else's: then there is nothing to install."""
    return render_template("certificate.html", authority=_authority()[0])


@blueprint.get("/certificate/sekimori-ca.crt")
def file() -> Response:
    """The authority's certificate, as phones and PCs take it."""
    response = Response(_authority()[1], mimetype="application/x-x509-ca-cert")
    response.headers["Content-Disposition"] = "attachment; filename=sekimori-ca.crt"
    return response


def _authority() -> tuple[Facts, bytes]:
    tls = here().runtime.config.tls
    if tls is None or tls.ca is None:
        abort(404)
    try:
        found = certificate.load(tls.ca)
    except (OSError, BadCertificate):
        abort(404)
    return certificate.facts_of(found), certificate.der_of(found)


def _administers(person: User) -> bool:
    return any("administrator" in operator.roles for operator in person.operators.values())
