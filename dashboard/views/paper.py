"""A file that takes a while to make: so many at a time, and what is too much or cannot be made is said."""

from collections.abc import Callable

from flask import Response, abort

from dashboard.paper import NoFont, Register, TooMuch, register_csv, register_pdf, register_xlsx
from dashboard.web.context import here

SORTS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def as_file(make: Callable[[], bytes], name: str, mimetype: str) -> Response:
    """The bytes as a download; `name` is quoted already. 413: too much; 503: too many at a time, or there is no font."""
    slot = here().exports.take()
    if slot is None:
        abort(503)
    try:
        data = make()
    except TooMuch:
        abort(413)
    except NoFont:
        abort(503)
    finally:
        slot.free()
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(data, mimetype=mimetype, headers=headers)


def register_file(register: Register, sort: str, name: str) -> Response:
    """A register as `csv`, `xlsx` or `pdf`; `name` is without its ending."""
    makers: dict[str, Callable[[], bytes]] = {
        "csv": lambda: "".join(register_csv(register)).encode(),
        "xlsx": lambda: register_xlsx(register),
        "pdf": lambda: register_pdf(register),
    }
    return as_file(makers[sort], f"{name}.{sort}", SORTS[sort])
