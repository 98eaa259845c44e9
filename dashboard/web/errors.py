"""Pages for what went wrong: what it is, and what to do now, in the reader's language. Codes and traces stay in the log."""

import structlog
from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, ServiceUnavailable, TooManyRequests

from dashboard.outbox import OutboxFull

log = structlog.get_logger()

SHOWN = (400, 401, 403, 404, 405, 413, 429, 500, 503)


def install(app: Flask) -> None:
    """Answers every HTTP error with a page, or with JSON where a program asked."""
    app.register_error_handler(CSRFError, lambda error: _page(error, reason="token"))
    app.register_error_handler(HTTPException, _page)
    app.register_error_handler(DBAPIError, _no_database)
    app.register_error_handler(OutboxFull, lambda error: _page(TooManyRequests(), reason="outbox"))


def _no_database(error: DBAPIError) -> tuple[str, int] | tuple[dict[str, int], int]:
    """A full disk, or a database that is away, is nobody's mistake at the page. Where even reading fails, a bare word."""
    log.error("the database failed", error=type(error).__name__, endpoint=request.endpoint)
    try:
        return _page(ServiceUnavailable(), reason="database")
    except DBAPIError:
        return "503\n", 503


def _page(error: HTTPException, reason: str = "") -> tuple[str, int] | tuple[dict[str, int], int]:
    code = error.code or 500
    if request.path.startswith(("/api/", "/live")):
        return {"error": code}, code
    shown = code if code in SHOWN else (400 if code < 500 else 500)
    return render_template("error.html", code=shown, reason=reason), code
