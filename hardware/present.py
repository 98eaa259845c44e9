"""Which parts seem to be here, as device URLs to suggest: read from the system's own lists, nothing is opened or touched.

A suggestion is not a choice: somebody has to say yes to it, because a part is never picked in silence (design §9).
"""

from pathlib import Path

from nfc.clf.device import usb_device_map

_SERIAL = ("dev/serial0", "dev/ttyAMA0", "dev/ttyS0")


def readers(root: Path = Path("/")) -> list[str]:
    """URLs of the readers on USB that nfcpy knows; where there is none, of the serial port where a PN532 would be."""
    found = sorted(_usb(place) for place in root.glob("sys/bus/usb/devices/*") if _known(place))
    if len(found) == 1:
        return ["nfc+usb:"]
    if found:
        return found
    return [f"nfc+tty:///{name}?driver=pn532" for name in _SERIAL if (root / name).exists()][:1]


def has_pins(root: Path = Path("/")) -> bool:
    """Whether this machine has GPIO pins."""
    return any(root.glob("dev/gpiochip*"))


def _known(place: Path) -> bool:
    try:
        return (int(_said(place, "idVendor"), 16), int(_said(place, "idProduct"), 16)) in usb_device_map
    except (OSError, ValueError):
        return False


def _usb(place: Path) -> str:
    try:
        return f"nfc+usb:{int(_said(place, 'busnum')):03}:{int(_said(place, 'devnum')):03}"
    except (OSError, ValueError):
        return f"nfc+usb:{_said(place, 'idVendor')}:{_said(place, 'idProduct')}"


def _said(place: Path, name: str) -> str:
    return (place / name).read_text(encoding="ascii").strip()
