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
    containers,
    custody,
    custody_acts,
    custody_form,
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
from dashboard.web import appearance, chrome, context, errors, language, live, security, signin, transport
from dashboard.web.slots import Slots

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
    pages = (
        now, ledger, people, badges, pin, groups, importing, rights, matrix, portals, orders, schedules,
        evacuation, requests, start, training, my, why, presence, due, notify,
        places, containers, keepers, kiosk, labels, assets, asset_import, tethers,
    )  # fmt: skip
    storage = (keys, key_acts, key_loans, key_audits, custody, custody_form, custody_acts, handouts, things)
    for module in (signin, appearance, transport, live, *pages, leaving, reviews, holders, *storage):
        app.register_blueprint(module.blueprint)
    return app
