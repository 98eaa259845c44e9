"""QR codes (ISO/IEC 18004), with the quiet zone that a reader needs."""

import segno

QUIET = 4
"""Modules of white around it: less, and some phones find nothing."""


def qr_matrix(text: str) -> list[list[bool]]:
    """The code of the text as rows of modules, dark ones True, without the quiet zone. Correction level M."""
    return [[bool(module) for module in row] for row in segno.make(text, error="m", micro=False).matrix]


def qr_svg(text: str, title: str) -> str:
    """The code as an SVG to put into a page; `title` is what is read to whoever does not see it."""
    return str(
        segno.make(text, error="m", micro=False).svg_inline(
            scale=4, border=QUIET, title=title, dark="#000", light="#fff"
        )
    )
