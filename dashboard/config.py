"""`dashboard.toml`, read once into frozen values. All mistakes are reported at once, each with its key path.

Secrets are named by file, never written here. What is not in the file has a default that binds to this machine alone.

    listen = "127.0.0.1:8080"
    database = "sqlite:////var/lib/sekimori-dashboard/dashboard.sqlite3"
    behind_tls = true

    [broker]
    host = "broker.example"
    port = 8883
    user = "dashboard"
    password_file = "broker.password"
    ca_file = "ca.pem"

    [sites]
    factory = "sekimori-key-1.…"
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from controller.record.keys import BadKey, PublicKeys

FILE = "dashboard.toml"
SITE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What a site may be called: it stands in topics, file names and URLs."""


class BadConfig(ValueError):
    """The file cannot be used; `mistakes` says why, one line each, with the key path first."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is. `ca_file` means TLS."""

    host: str = "127.0.0.1"
    port: int = 1883
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None

    def password(self) -> str | None:
        """The password in its file, without the newline. Raises OSError."""
        return None if self.password_file is None else self.password_file.read_text().rstrip("\n")


@dataclass(frozen=True, slots=True)
class Config:
    """What a dashboard was told. `data` is the folder of its keys and, by default, of its database."""

    data: Path
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    database: str = ""
    behind_tls: bool = False
    """Browsers reach it through HTTPS: cookies are marked Secure."""
    broker: BrokerAddress = BrokerAddress()
    sites: Mapping[str, PublicKeys] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        """The configured URL, or a file in the data folder."""
        return self.database or f"sqlite:///{self.data / 'dashboard.sqlite3'}"


def load(data: Path) -> Config:
    """The configuration in a data folder; defaults when there is no file. Raises BadConfig, OSError."""
    path = data / FILE
    return parse(path.read_text("utf-8") if path.exists() else "", data)


def parse(text: str, data: Path) -> Config:
    """The configuration in a text; file names in it are relative to `data`. Raises BadConfig."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig([f"{FILE}: {error}"]) from error
    keys = _Keys(raw)
    host, port = keys.address("listen", ("127.0.0.1", 8080))
    config = Config(
        data=data,
        listen_host=host,
        listen_port=port,
        database=keys.take("database", str, ""),
        behind_tls=keys.take("behind_tls", bool, False),
        broker=_broker(keys.table("broker"), data),
        sites=_sites(keys.table("sites")),
    )
    keys.finish()
    return config


_Kind = TypeVar("_Kind", str, int, bool)
_NAMES = {str: "a text", int: "a whole number", bool: "true or false"}


class _Keys:
    """One table of the file: what was asked of it is known, the rest is a mistake."""

    def __init__(self, raw: dict[str, Any], path: str = "", mistakes: list[str] | None = None) -> None:
        self._raw = raw
        self._path = path
        self._asked: list[str] = []
        self._tables: list[_Keys] = []
        self.mistakes = [] if mistakes is None else mistakes

    def wrong(self, key: str, what: str) -> None:
        self.mistakes.append(f"{self._path}{key}: {what}")

    def take(self, key: str, kind: type[_Kind], default: _Kind) -> _Kind:
        self._asked.append(key)
        value = self._raw.get(key, default)
        if type(value) is not kind:
            self.wrong(key, f"must be {_NAMES[kind]}, not {value!r}")
            return default
        return value

    def address(self, key: str, default: tuple[str, int]) -> tuple[str, int]:
        text = self.take(key, str, f"{default[0]}:{default[1]}")
        host, _, port = text.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            self.wrong(key, f'must be "host:port", not {text!r}')
            return default
        return host.strip("[]"), int(port)

    def table(self, key: str) -> "_Keys":
        self._asked.append(key)
        value = self._raw.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, f"must be a table: [{key}]")
            value = {}
        table = _Keys(value, f"{self._path}{key}.", self.mistakes)
        self._tables.append(table)
        return table

    def refuse(self, key: str, what: str) -> None:
        if self._raw.pop(key, None) is not None:
            self.wrong(key, what)

    def names(self) -> list[str]:
        self._asked += self._raw
        return list(self._raw)

    def finish(self) -> None:
        """Raises BadConfig if anything was wrong, here or in a table below."""
        for table in self._tables:
            table.unknown()
        self.unknown()
        if self.mistakes:
            raise BadConfig(sorted(self.mistakes))

    def unknown(self) -> None:
        for key in self._raw.keys() - set(self._asked):
            near = get_close_matches(key, self._asked, 1)
            self.wrong(key, f"not known; did you mean {near[0]}?" if near else "not known")


def _broker(keys: _Keys, data: Path) -> BrokerAddress:
    def file(key: str) -> Path | None:
        name = keys.take(key, str, "")
        if name and not (data / name).is_file():
            keys.wrong(key, f"there is no file {data / name}")
        return data / name if name else None

    keys.refuse("password", "a secret does not stand here; put it into a file and name that as password_file")
    port = keys.take("port", int, 1883)
    if not 0 < port < 65536:
        keys.wrong("port", f"must be 1 to 65535, not {port}")
    return BrokerAddress(
        host=keys.take("host", str, "127.0.0.1"),
        port=port,
        user=keys.take("user", str, ""),
        password_file=file("password_file"),
        ca_file=file("ca_file"),
    )


def _sites(keys: _Keys) -> dict[str, PublicKeys]:
    sites = {}
    for name in keys.names():
        if SITE_NAME.fullmatch(name) is None:
            keys.wrong(name, "a site's name is letters, digits, - and _, 64 at most")
            continue
        try:
            sites[name] = PublicKeys.parse(keys.take(name, str, ""))
        except BadKey as error:
            keys.wrong(name, str(error))
    return sites
