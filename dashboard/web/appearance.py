"""Light, dark, or as the machine is set: one cookie, one form, no JavaScript."""

from flask import Blueprint, Flask, abort, current_app, redirect, request
from werkzeug.wrappers import Response

from dashboard.web.security import inside

THEMES = ("auto", "light", "dark")
COOKIE = "theme"
_YEAR_S = 365 * 24 * 3600

blueprint = Blueprint("appearance", __name__)


def install(app: Flask) -> None:
    """Lets templates know the choice."""
    app.add_template_global(chosen_theme, "chosen_theme")


def chosen_theme() -> str:
    """`auto`, `light` or `dark`."""
    theme = request.cookies.get(COOKIE, "auto")
    return theme if theme in THEMES else "auto"


@blueprint.post("/appearance")
def theme() -> Response:
    """Remembers the choice and goes back to where it was made."""
    choice = request.form.get("theme", "")
    if choice not in THEMES:
        abort(400)
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response = redirect(inside(request.form.get("back", "/")), 303)
    response.set_cookie(COOKIE, choice, max_age=_YEAR_S, samesite="Lax", httponly=True, secure=secure)
    return response
