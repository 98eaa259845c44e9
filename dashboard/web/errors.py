"""Pages for what went wrong: what it is, and what to do now, in the reader's language. Codes and traces stay in the log."""

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

SHOWN = (400, 401, 403, 404, 405, 413, 429, 500, 503)


def install(app: Flask) -> None:
    """Answers every HTTP error with a page, or with JSON where a program asked."""
    app.register_error_handler(CSRFError, lambda error: _page(error, reason="token"))
    app.register_error_handler(HTTPException, _page)


def _page(error: HTTPException, reason: str = "") -> tuple[str, int] | tuple[dict[str, int], int]:
    code = error.code or 500
    if request.path.startswith(("/api/", "/live")):
        return {"error": code}, code
    shown = code if code in SHOWN else (400 if code < 500 else 500)
    return render_template("error.html", code=shown, reason=reason), code
