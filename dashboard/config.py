"""`dashboard.toml`, read once into frozen values. All mistakes are reported at once, each with its key path.

Secrets are named by file, never written here. What is not in the file has a default that binds to this machine alone.

    listen = "0.0.0.0:8443"
    address = "https://sekimori.example:8443"     # where people find the pages; the codes on labels lead there
    database = "sqlite:////var/lib/sekimori-dashboard/dashboard.sqlite3"

    [tls]                            # or behind_tls = true, when a proxy speaks TLS
    certificate = "tls/server.pem"
    key = "tls/server.key"           # left out: it stands in the certificate's file
    ca = "tls/ca.pem"                # offered for download, where the certificate is of an own authority

    [broker]
    host = "broker.example"
    port = 8883
    user = "dashboard"
    password_file = "broker.password"
    ca_file = "ca.pem"
    cert_file = "client.pem"         # where the broker asks for a client's certificate
    key_file = "client.key"

    [metrics]
    listen = "127.0.0.1:9464"        # for Prometheus on this machine

    [notify]                         # who is told what falls due; absent, nobody is
    services_file = "notify.services"   # URLs of services by name: they hold secrets, and others must not read it
    url = "https://dashboard.example:8443"
    daily_at = "08:30"
    quiet = "20:00-07:00"

    [sites]
    factory = "sekimori-key-1.…"
"""

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from controller.record.keys import BadKey, PublicKeys
from dashboard.notify import settings as notify_settings
from dashboard.notify.settings import Settings
from dashboard.toml_table import FILE, BadConfig, TomlTable

__all__ = ["FILE", "BadConfig", "BrokerAddress", "Config", "TlsFiles", "load", "parse"]

_PASSWORD_IN_URL = re.compile(r"://[^/?#@]*:[^/?#]*@|[?&]password=")
SITE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What a site may be called: it stands in topics, file names and URLs."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is. `ca_file` means TLS; `cert_file` and `key_file` are a client's certificate for it."""

    host: str = "127.0.0.1"
    port: int = 1883
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def password(self) -> str | None:
        """The password in its file, without the newline. Raises OSError."""
        return None if self.password_file is None else self.password_file.read_text().rstrip("\n")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What the pages are served with. `ca` is offered to those who are to trust an own authority."""

    certificate: Path
    key: Path
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """What a dashboard was told. `data` is the folder of its keys and, by default, of its database."""

    data: Path
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    database: str = ""
    behind_tls: bool = False
    """Browsers reach it through a proxy that speaks HTTPS, and says in X-Forwarded-For and -Proto who came and how."""
    proxy: str = ""
    """The proxy's address; else this machine's. Nobody else's word about who came is believed."""
    address: str = ""
    """Where people find the pages, `https://sekimori.example:8443`: what the codes on labels lead to. Empty: as whoever prints
    them came here."""
    plain_http: bool = False
    """Other machines may reach it without TLS: said on every page, for as long as it is so."""
    tls: TlsFiles | None = None
    metrics: tuple[str, int] | None = None
    """Where figures for Prometheus are served; a loopback address."""
    notify: Settings | None = None
    """How people are told what falls due; None: they are not."""
    broker: BrokerAddress = BrokerAddress()
    sites: Mapping[str, PublicKeys] = field(default_factory=dict)

    @property
    def trusted_proxy(self) -> str | None:
        """The address that the proxy comes from."""
        if not self.behind_tls:
            return None
        return self.proxy or ("::1" if ":" in self.listen_host else "127.0.0.1")

    @property
    def secure(self) -> bool:
        """Whether browsers speak HTTPS: cookies are for nothing else."""
        return self.behind_tls or self.tls is not None

    @property
    def exposed(self) -> bool:
        """Whether passwords go over a network in clear."""
        return not self.secure and not is_loopback(self.listen_host)

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
    keys = TomlTable(raw)
    host, port = keys.address("listen", ("127.0.0.1", 8080))
    config = Config(
        data=data,
        listen_host=host,
        listen_port=port,
        database=_database(keys),
        behind_tls=keys.take("behind_tls", bool, False),
        proxy=keys.take("proxy", str, ""),
        address=_address(keys),
        plain_http=keys.take("plain_http", bool, False),
        tls=_tls(keys, data),
        metrics=_metrics(keys),
        notify=notify_settings.read(keys.table("notify"), data) if keys.has("notify") else None,
        broker=_broker(keys.table("broker"), data),
        sites=_sites(keys.table("sites")),
    )
    _check_exposure(keys, config)
    keys.finish()
    return config


def _address(keys: TomlTable) -> str:
    """Scheme and host, and a path where the pages are below one; without a slash at its end."""
    url = keys.take("address", str, "")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username):
        keys.wrong("address", "write where people find the pages, like https://sekimori.example:8443")
    return url.rstrip("/")


def _database(keys: TomlTable) -> str:
    url = keys.take("database", str, "")
    if _PASSWORD_IN_URL.search(url):
        keys.wrong("database", "a secret does not stand here; name a file that holds it: …?passfile=/etc/….pgpass")
        return ""
    return url


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_exposure(keys: TomlTable, config: Config) -> None:
    if config.tls is not None and config.behind_tls:
        keys.wrong("behind_tls", "either a proxy speaks TLS or [tls] does, not both")
    if config.exposed and not config.plain_http and not config.behind_tls:
        keys.wrong(
            "listen",
            f"{config.listen_host} is reached from other machines, and passwords would go there in clear: "
            "add [tls] (see `sekimori-dashboard certificate`), or behind_tls = true for a proxy, or plain_http = true",
        )


def _tls(keys: TomlTable, data: Path) -> TlsFiles | None:
    if not keys.has("tls"):
        return None
    table = keys.table("tls")
    certificate, key, ca = (table.file(name, data) for name in ("certificate", "key", "ca"))
    if certificate is None:
        table.wrong("certificate", "the file of the certificate is missing")
        return None
    return TlsFiles(certificate, key or certificate, ca)


def _metrics(keys: TomlTable) -> tuple[str, int] | None:
    if not keys.has("metrics"):
        return None
    table = keys.table("metrics")
    host, port = table.address("listen", ("127.0.0.1", 9464))
    if not is_loopback(host):
        table.wrong("listen", f"{host} is reached from other machines; figures are served on this machine alone")
    return host, port


def _broker(keys: TomlTable, data: Path) -> BrokerAddress:
    keys.refuse("password", "a secret does not stand here; put it into a file and name that as password_file")
    port = keys.take("port", int, 1883)
    if not 0 < port < 65536:
        keys.wrong("port", f"must be 1 to 65535, not {port}")
    ca_file, cert_file, key_file = (keys.file(name, data) for name in ("ca_file", "cert_file", "key_file"))
    if ca_file is None and (cert_file or key_file):
        keys.wrong("ca_file", "a client's certificate needs TLS: name the authority of the broker's certificate")
    if key_file is not None and cert_file is None:
        keys.wrong("cert_file", "a key without its certificate")
    return BrokerAddress(
        host=keys.take("host", str, "127.0.0.1"),
        port=port,
        user=keys.take("user", str, ""),
        password_file=keys.file("password_file", data),
        ca_file=ca_file,
        cert_file=cert_file,
        key_file=key_file,
    )


def _sites(keys: TomlTable) -> dict[str, PublicKeys]:
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
