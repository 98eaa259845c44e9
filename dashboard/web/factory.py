"""The application, composed: Flask around a running dashboard's parts."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from flask_bootstrap import Bootstrap5

from dashboard.runtime import Runtime
from dashboard.tls.certificate import Served
from dashboard.views import (
    asset_import,
    assets,
    badges,
    cabinets,
    carriers,
    carrying,
    changes,
    combinations,
    containers,
    custody,
    custody_acts,
    custody_form,
    drawing,
    due,
    evacuation,
    groups,
    handouts,
    handover,
    holders,
    importing,
    keepers,
    key_acts,
    key_audits,
    key_loans,
    keys,
    kiosk,
    labels,
    leaving,
    ledger,
    matrix,
    my,
    notify,
    now,
    orders,
    people,
    pin,
    places,
    portals,
    presence,
    requests,
    reviews,
    rights,
    schedules,
    start,
    tethers,
    things,
    training,
    transports,
    why,
)
from dashboard.web import appearance, chrome, context, errors, language, live, security, signin, transport
from dashboard.web.slots import Slots

_VIEWS = (
    asset_import,
    assets,
    badges,
    cabinets,
    changes,
    combinations,
    containers,
    custody,
    custody_acts,
    custody_form,
    drawing,
    due,
    evacuation,
    groups,
    handouts,
    holders,
    importing,
    keepers,
    key_acts,
    key_audits,
    key_loans,
    keys,
    kiosk,
    labels,
    leaving,
    ledger,
    matrix,
    my,
    notify,
    now,
    orders,
    people,
    pin,
    places,
    portals,
    presence,
    requests,
    reviews,
    rights,
    schedules,
    start,
    tethers,
    things,
    training,
    why,
)
"""One blueprint a noun, each on a line of its own."""

MOST_EXPORTS = 4
"""Exports at a time; each pins a server thread while it is fetched."""


def _utc() -> datetime:
    return datetime.now(UTC)


def create_app(runtime: Runtime, *, now_is: Callable[[], datetime] = _utc, served: Served | None = None) -> Flask:
    """The dashboard's web application. `now_is` is its clock, `served` the certificate that it is served with.

    Serve it with `dashboard.server`, whose threads are more than `live.MOST_STREAMS`: a stream pins one.
    """
    app = Flask("dashboard")
    app.secret_key = runtime.session_key
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    parts = context.Here(runtime, now_is, Slots(live.MOST_STREAMS), Slots(MOST_EXPORTS), served)
    context.install(app.extensions, parts)
    Bootstrap5(app)
    security.install(app, parts)
    language.install(app, runtime.config.data)
    appearance.install(app)
    errors.install(app)
    chrome.install(app)
    transport.install(app)
    carried = (transports, carrying, handover, carriers)
    for module in (signin, appearance, transport, live, *_VIEWS, *carried):
        app.register_blueprint(module.blueprint)
    return app
