"""Pinning a site's key: the one line of `dashboard.toml` that a command writes. The rest of the file stays as it is."""

import os
import re
from pathlib import Path

from controller.record.keys import PublicKeys
from dashboard.config import FILE, SITE_NAME, BadConfig, parse

_HEADER = re.compile(r"^\s*\[sites\]\s*(#.*)?$")


class AlreadyPinned(ValueError):
    """Another key is pinned for this site; replacing it has to be said."""


def pin(data: Path, site: str, keys: PublicKeys, *, replace: bool = False) -> bool:
    """Pins the key; whether the file changed.

    Raises AlreadyPinned, OSError, and BadConfig: the file or the site's name is wrong, or the file has a form that this
    does not edit. The file is replaced whole or not at all.
    """
    if SITE_NAME.fullmatch(site) is None:
        raise BadConfig([f"sites.{site}: a site's name is letters, digits, - and _, 64 at most"])
    path = data / FILE
    old = path.read_text("utf-8") if path.exists() else ""
    pinned = parse(old, data).sites
    if site in pinned:
        if pinned[site] == keys:
            return False
        if not replace:
            raise AlreadyPinned(site)
    new = _with_line(old.splitlines(), site, f'{site} = "{keys.text()}"')
    if parse(new, data).sites != {**pinned, site: keys}:
        raise BadConfig([f"sites: {FILE} has them in a form that is not edited here; write the line by hand"])
    data.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(new, "utf-8")
    os.replace(fresh, path)
    return True


def _with_line(lines: list[str], site: str, line: str) -> str:
    header = next((n for n, text in enumerate(lines) if _HEADER.match(text)), None)
    if header is None:
        lines = [*lines, *([""] if lines else []), "[sites]", line]
    else:
        own = re.compile(rf'^\s*"?{re.escape(site)}"?\s*=')
        end = next((n for n in range(header + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
        kept = [text for text in lines[header + 1 : end] if not own.match(text)]
        lines = [*lines[: header + 1], line, *kept, *lines[end:]]
    return "\n".join(lines) + "\n"
