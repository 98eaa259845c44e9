"""The services that messages go out by, in a file of their own (`[notify] services_file`), because their URLs hold secrets.

    mail = "mailtos://user:password@smtp.example?to={address}"     # any URL of apprise; {address} is each person's own
    chat = "chatwork://TOKEN/{address}"                            # a room of Chatwork
    works = "lineworks://{address}"                                # an incoming webhook of LINE WORKS
    office = "slack://A/B/C/#office"                               # without {address}: one channel for whoever chooses it

Nothing of a URL is ever said: a mistake names the service.
"""

import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PLACE = "{address}"
LONGEST_ADDRESS = 200
LARGEST = 100_000
MOST = 20
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~@:-]{1,200}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://")


class BadServices(ValueError):
    """The file cannot be used; `mistakes` has one line each, with the service's name and nothing of its URL."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Service:
    """One service. Its URL is not for printing."""

    name: str
    _url: str

    def __repr__(self) -> str:
        return f"Service({self.name!r})"

    @property
    def personal(self) -> bool:
        """Whether everybody has an address of their own there."""
        return PLACE in self._url

    def url(self, address: str) -> str:
        """Where a message for this address goes. What somebody entered as an address stays one: it is quoted."""
        return self._url.replace(PLACE, quote(address, safe="@"))


def is_address(text: str) -> bool:
    """Whether somebody may enter this as their address: an e-mail address, a room, a token; no space, nothing invisible."""
    return _ADDRESS.fullmatch(text) is not None


def load(path: Path) -> Mapping[str, Service]:
    """The services in the file. Raises BadServices, OSError."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise BadServices([f"others may read or change {path.name}: chmod 600 {path}"])
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadServices([f"{path.name} is larger than {LARGEST} bytes"])
    try:
        raw = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise BadServices([f"{path.name} is no TOML: one line a service, name = \"URL\""]) from None
    mistakes = list(_mistakes(raw))
    if mistakes:
        raise BadServices(mistakes)
    return {name: Service(name, url) for name, url in raw.items()}


def _mistakes(raw: dict[str, object]) -> Iterator[str]:
    if not raw:
        yield "there is no service in it"
    if len(raw) > MOST:
        yield f"{len(raw)} services; {MOST} at most"
    for name, url in raw.items():
        if not _NAME.fullmatch(name):
            yield f"{name[:32]!r}: a service is called by lower-case letters, digits, - and _"
        elif not isinstance(url, str) or not _SCHEME.match(url):
            yield f"{name}: expected a URL, as apprise has them"
        elif url.count(PLACE) > 1:
            yield f"{name}: {PLACE} stands in it once at most"
