"""What can be suggested: read from this machine, opened is nothing. A suggestion is taken by whoever says yes to it."""

import re
import socket
from pathlib import Path
from zoneinfo import ZoneInfo

from hardware import present

_NO_SITE = frozenset({"localhost", "raspberrypi", "debian"})
_PINS = {"lock": "gpio:17", "contact": "gpio:22", "button": "gpio:23?active_low"}
"""The wiring that the README describes."""
_BROKER_PORTS = (8883, 1883)
_CONNECT_S = 0.3


def suggestions(root: Path = Path("/"), host: str | None = None) -> dict[str, str]:
    """Suggested answers by question; a question without one has to be answered."""
    found = {"timezone": _timezone(root), "broker": _broker()}
    name = re.sub(r"[^a-z0-9-]", "-", (socket.gethostname() if host is None else host).partition(".")[0].lower())[:32]
    if re.fullmatch(r"[a-z][a-z0-9-]*", name) and name not in _NO_SITE:
        found["site"] = name
    if readers := present.readers(root):
        found["reader"] = readers[0]
    if present.has_pins(root):
        found |= _PINS
    return {key: answer for key, answer in found.items() if answer}


def _timezone(root: Path) -> str:
    """The machine's zone; that of a machine which was never told is left alone."""
    try:
        said = (root / "etc/timezone").read_text(encoding="ascii").strip()
        return "" if said in ("", "Etc/UTC", "UTC") else ZoneInfo(said).key
    except (OSError, ValueError, KeyError):
        return ""


def _broker() -> str:
    for port in _BROKER_PORTS:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_S):
                return f"127.0.0.1:{port}"
        except OSError:
            continue
    return ""
