"""Device URLs of `site.toml`, read into values: which part, on which line, with which options.

Pure: nothing is opened here, so that `sekimori check` can say what is wrong with a site without its hardware.
Rule 1: a bad URL raises ValueError with one sentence that says what is wrong and what was expected.
Rule 2: there is no default device. A part that is not named is not there (design §9: never replaced in silence).
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

Pull = Literal["up", "down", "none"]

SCHEMES = ("nfc+udp", "nfc+usb", "nfc+tty", "gpio", "gpio-keypad", "w1", "simulated")
LATER_SCHEMES = ("node", "osdp")
TTY_DRIVERS = ("pn532", "arygon")
HIGHEST_GPIO = 27
HIGHEST_SIMULATED = 9999

# nfcpy hands the path to a shell (`stty -F`), so nothing but a plain device name may pass.
_TTY_PATH = re.compile(r"/dev/[A-Za-z0-9][A-Za-z0-9._:/-]*")
_USB_PLACE = re.compile(r"[0-9]{1,3}(:[0-9]{1,3})?|[0-9a-fA-F]{4}(:[0-9a-fA-F]{4})?")


@dataclass(frozen=True, slots=True)
class UdpAddress:
    """An emulated antenna that nfcpy reaches over UDP."""

    url: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """A USB reader. `path` is nfcpy's: `usb`, `usb:054c:06c3` (vendor, product), `usb:001:002` (bus, device)."""

    url: str
    path: str


@dataclass(frozen=True, slots=True)
class TtyAddress:
    """A reader chip on a serial line, and the nfcpy driver that speaks to it."""

    url: str
    path: str
    driver: str


@dataclass(frozen=True, slots=True)
class PinAddress:
    """One pin. `active_low`: the low level means released, open or pressed. `pull` is for inputs alone.

    The default pull is up, because a contact is wired to ground: a cut wire then reads high, as an open door does.
    """

    url: str
    number: int
    simulated: bool
    active_low: bool = False
    pull: Pull = "up"

    @property
    def secure_level(self) -> bool:
        """The electrical level of an output that is not energised."""
        return self.active_low


@dataclass(frozen=True, slots=True)
class MatrixAddress:
    """A matrix of keys on pins: rows are driven, columns are read. Three columns: 1-9, *, 0, #; a fourth one is A-D, unused."""

    url: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OneWireAddress:
    """A bus of the kernel's 1-Wire with one socket on it: the iButton that is in it says its number."""

    url: str
    master: int


ReaderAddress = UdpAddress | UsbAddress | TtyAddress
KeypadAddress = MatrixAddress | PinAddress
TagAddress = OneWireAddress | PinAddress
Address = ReaderAddress | PinAddress | MatrixAddress | OneWireAddress


def parse(url: str) -> Address:
    """Reads any device URL. Raises ValueError."""
    if not url.isprintable() or " " in url:
        raise ValueError(f"{url!r} contains blanks or control characters; expected a device URL such as gpio:17")
    scheme = url.partition(":")[0]
    match scheme:
        case "nfc+udp":
            return _udp(url)
        case "nfc+usb":
            return _usb(url)
        case "nfc+tty":
            return _tty(url)
        case "gpio" | "simulated":
            return _pin(url, scheme)
        case "gpio-keypad":
            return _matrix(url)
        case "w1":
            return _one_wire(url)
    raise ValueError(_unknown_scheme(url, scheme))


def parse_reader(url: str) -> ReaderAddress:
    """Reads the URL of a badge reader. Raises ValueError."""
    address = parse(url)
    if isinstance(address, PinAddress):
        raise ValueError(f"{url!r} names a pin where a reader was expected, such as nfc+usb: or nfc+udp://HOST:PORT")
    if isinstance(address, MatrixAddress | OneWireAddress):
        what = "keypad" if isinstance(address, MatrixAddress) else "socket for keys"
        raise ValueError(f"{url!r} names a {what} where a reader was expected, such as nfc+usb: or nfc+udp://HOST:PORT")
    return address


def parse_pin(url: str) -> PinAddress:
    """Reads the URL of a lock, contact, lamp or buzzer. Raises ValueError."""
    address = parse(url)
    if not isinstance(address, PinAddress):
        what = {MatrixAddress: "keypad", OneWireAddress: "socket for keys"}.get(type(address), "reader")
        raise ValueError(f"{url!r} names a {what} where a pin was expected, such as gpio:17 or simulated:17")
    return address


def parse_keypad(url: str) -> KeypadAddress:
    """Reads the URL of a keypad: a matrix on pins, or one of the simulated building by its number. Raises ValueError."""
    address = parse(url)
    if isinstance(address, MatrixAddress) or (isinstance(address, PinAddress) and address.simulated):
        return address
    raise ValueError(f"{url!r} is no keypad; expected gpio-keypad:rows=5,6,13,19&cols=12,16,20 or simulated:NUMBER")


def parse_tag(url: str) -> TagAddress:
    """Reads the URL of what tells the key in a slot: a 1-Wire bus, or a socket of the simulated building. Raises ValueError."""
    address = parse(url)
    if isinstance(address, OneWireAddress) or (isinstance(address, PinAddress) and address.simulated):
        return address
    raise ValueError(f"{url!r} tells no key; expected w1:NUMBER, the number of a 1-Wire bus, or simulated:NUMBER")


def pins_of(url: str) -> tuple[str, ...]:
    """What a device of this URL takes for itself, so that two of them are not on one pin. A bad URL takes its own name."""
    try:
        address = parse(url)
    except ValueError:
        return (url.partition("?")[0],)
    if isinstance(address, MatrixAddress):
        return tuple(f"gpio:{number}" for number in (*address.rows, *address.columns))
    return (url.partition("?")[0],)


def _unknown_scheme(url: str, scheme: str) -> str:
    if scheme in LATER_SCHEMES:
        return f"{url!r}: {scheme}: devices are not yet supported; use one of {_listed(SCHEMES)}"
    near = get_close_matches(scheme, SCHEMES, n=1)
    hint = f"; did you mean {near[0]}: ?" if near else ""
    return f"{url!r} does not begin with a known scheme, which are {_listed(SCHEMES)}{hint}"


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"{word}:" for word in words)


def _udp(url: str) -> UdpAddress:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{url!r}: {error}; expected nfc+udp://HOST:PORT with a port from 1 to 65535") from None
    if not host or not port or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{url!r} lacks a host or a port, or has more than that; expected nfc+udp://HOST:PORT")
    return UdpAddress(url, host, port)


def _usb(url: str) -> UsbAddress:
    place = url.removeprefix("nfc+usb:")
    if place and not _USB_PLACE.fullmatch(place):
        raise ValueError(
            f"{url!r}: {place!r} is no place on USB; expected nfc+usb:BUS:DEVICE in decimals (001:002), "
            "nfc+usb:VENDOR:PRODUCT in four hexadecimal digits (054c:06c3), or nfc+usb: for the only reader"
        )
    return UsbAddress(url, f"usb:{place}" if place else "usb")


def _tty(url: str) -> TtyAddress:
    path, _, query = url.removeprefix("nfc+tty://").partition("?")
    if not _TTY_PATH.fullmatch(path) or ".." in path:
        raise ValueError(f"{url!r} names no serial device; expected nfc+tty:///dev/ttyAMA0?driver=pn532")
    options = _options(url, query, ("driver",))
    driver = options.get("driver", "")
    if driver not in TTY_DRIVERS:
        raise ValueError(f"{url!r}: driver={driver or 'nothing'} is unknown; expected one of {', '.join(TTY_DRIVERS)}")
    return TtyAddress(url, path, driver)


def _pin(url: str, scheme: str) -> PinAddress:
    number, _, query = url.removeprefix(f"{scheme}:").partition("?")
    highest = HIGHEST_GPIO if scheme == "gpio" else HIGHEST_SIMULATED
    if not re.fullmatch(r"0|[1-9][0-9]{0,3}", number) or int(number) > highest:
        raise ValueError(f"{url!r}: {number!r} is no pin; expected {scheme}:NUMBER with a number from 0 to {highest}")
    options = _options(url, query, ("active_low", "pull"))
    if options.get("active_low", ""):
        raise ValueError(f"{url!r}: active_low takes no value; write {scheme}:{number}?active_low")
    return PinAddress(url, int(number), scheme == "simulated", "active_low" in options, _pull(url, options))


def _matrix(url: str) -> MatrixAddress:
    options = _options(url, url.removeprefix("gpio-keypad:"), ("rows", "cols"))
    rows, columns = (_numbers(url, name, options.get(name, "")) for name in ("rows", "cols"))
    if len(rows) != 4 or len(columns) not in (3, 4):
        raise ValueError(f"{url!r}: a keypad has 4 rows and 3 or 4 cols; expected gpio-keypad:rows=5,6,13,19&cols=12,16,20")
    if len({*rows, *columns}) < len(rows) + len(columns):
        raise ValueError(f"{url!r}: a pin stands twice; each row and each column has its own")
    return MatrixAddress(url, rows, columns)


def _one_wire(url: str) -> OneWireAddress:
    number = url.removeprefix("w1:")
    if not re.fullmatch(r"[1-9][0-9]?", number):
        raise ValueError(f"{url!r}: {number!r} is no 1-Wire bus; expected w1:NUMBER as w1_bus_masterNUMBER of the kernel")
    return OneWireAddress(url, int(number))


def _numbers(url: str, name: str, text: str) -> tuple[int, ...]:
    words = text.split(",") if text else []
    for word in words:
        if not re.fullmatch(r"0|[1-9][0-9]?", word) or int(word) > HIGHEST_GPIO:
            raise ValueError(f"{url!r}: {name}: {word!r} is no pin; expected numbers from 0 to {HIGHEST_GPIO}")
    return tuple(map(int, words))


def _pull(url: str, options: dict[str, str]) -> Pull:
    match options.get("pull", "up"):
        case "up":
            return "up"
        case "down":
            return "down"
        case "none":
            return "none"
        case other:
            raise ValueError(f"{url!r}: pull={other} is unknown; expected pull=up, pull=down or pull=none")


def _options(url: str, query: str, known: tuple[str, ...]) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"{url!r}: option {name!r} is unknown; expected {' or '.join(known)}{hint}")
        if name in options:
            raise ValueError(f"{url!r}: option {name!r} is given twice")
        options[name] = value
    return options
