"""A file that is imported goes with the form from page to page, packed: it is kept nowhere before somebody confirms it."""

import base64
import binascii
import zlib

from flask import request

from dashboard.importing import reading
from dashboard.importing.reading import LARGEST_FILE

MOST_REQUESTS = reading.MOST_LINES
"""So many at most does one file make."""


def text() -> str | None:
    """What was uploaded, or what the form carries; None for nothing that can be read."""
    if carried := request.form.get("packed", ""):
        return _unpacked(carried)
    file = request.files.get("file")
    data = file.stream.read(LARGEST_FILE + 1) if file is not None else b""
    return reading.decoded(data) if 0 < len(data) <= LARGEST_FILE else None


def unreadable() -> str:
    """Why there was no text: `no_file`, `too_large` or `encoding`."""
    file = request.files.get("file")
    size = file.stream.tell() if file is not None else 0
    return "no_file" if size == 0 else "too_large" if size > LARGEST_FILE else "encoding"


def packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _unpacked(packed: str) -> str | None:
    """The text again. It came back from a browser, which may send anything: no more than a file's worth is unpacked."""
    unpacker = zlib.decompressobj()
    try:
        return unpacker.decompress(base64.b64decode(packed, validate=True), 4 * LARGEST_FILE).decode()
    except (binascii.Error, ValueError, zlib.error):
        return None


def are_ids(said: str) -> bool:
    ids = said.split(",")
    return len(ids) <= MOST_REQUESTS and all(len(id) == 26 and id.isascii() and id.isalnum() for id in ids)
