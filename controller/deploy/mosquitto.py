"""A broker for some sites and dashboards: everything Mosquitto needs, and what each party needs to reach it.

    broker/             for the broker's machine: mosquitto.conf, acl, passwords, ca.pem, server.pem, server.key
    site-SITE/          for the site's: broker.password, ca.pem, and the lines for site.toml
    dashboard-ID/       for the dashboard's: the same, with the lines for dashboard.toml
    ca.key              for the safe

Made again with more names, what is there stays: secrets and keys are used again, and a settings file that would differ is
written beside the old one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from controller.deploy import certificates
from controller.deploy.accounts import Account, SiteAccount, acl_text, lines_by_user, new_secret, passwords_text
from controller.deploy.certificates import BadCertificate, Signer
from controller.deploy.folder import Folder
from controller.record.topics import LARGEST_MESSAGE

_TEMPLATE = Path(__file__).with_name("mosquitto.conf")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_MEMORY_BYTES = 512 * 1024 * 1024
_SPARE_CONNECTIONS = 8


class BadHost(ValueError):
    """Not the name or address of a machine."""


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """What is asked for. `at`: where `broker/` will lie on the broker's machine; `store`: where it may write."""

    accounts: tuple[Account, ...]
    hosts: tuple[str, ...]
    port: int
    bind: str
    at: Path
    store: Path

    def settings(self) -> str:
        """Mosquitto's own file."""
        return _TEMPLATE.read_text("utf-8").format(
            memory_bytes=_MEMORY_BYTES,
            largest_message=LARGEST_MESSAGE,
            largest_packet=LARGEST_MESSAGE + 1024,
            connections=2 * len(self.accounts) + _SPARE_CONNECTIONS,
            port=self.port,
            bind=f" {self.bind}" if self.bind else "",
            at=self.at,
            store=str(self.store).rstrip("/"),
        )

    def lines(self, account: Account) -> str:
        """The table `[broker]` for this party's settings."""
        return (
            f'[broker]\nhost = "{self.hosts[0]}"\nport = {self.port}\nuser = "{account.user}"\n'
            'password_file = "broker.password"\nca_file = "ca.pem"\n'
        )


def hosts_of(given: Sequence[str]) -> tuple[str, ...]:
    """The broker's names and addresses. Raises BadHost."""
    for host in given:
        if not _HOST.fullmatch(host):
            raise BadHost(f"--host {host!r} is neither a name nor an address")
    return tuple(dict.fromkeys(given))


def write_broker(folder: Folder, plan: BrokerPlan, now: datetime, renew: bool) -> x509.Certificate:
    """Makes what is not there; answers the broker's certificate. Raises BadCertificate, OSError."""
    authority = _authority(folder, now)
    server = _server(folder, authority, plan.hosts, now, renew)
    ca = certificates.pem(authority.certificate)
    passwords = folder.path / "broker/passwords"
    before = passwords.read_text("utf-8") if passwords.exists() else ""
    secrets = {account.user: _secret(folder, account, lines_by_user(before)) for account in plan.accounts}
    for account in plan.accounts:
        folder.public(f"{account.user}/ca.pem", ca)
        toml = "site.toml" if isinstance(account, SiteAccount) else "dashboard.toml"
        folder.public(f"{account.user}/lines-for-{toml}", plan.lines(account))
    folder.secret("broker/passwords", passwords_text(secrets, before).encode())
    folder.public("broker/ca.pem", ca)
    folder.public("broker/acl", acl_text(plan.accounts))
    folder.public("broker/mosquitto.conf", plan.settings())
    return server


def _secret(folder: Folder, account: Account, known: Mapping[str, str]) -> str | None:
    """The party's password; None where the broker has it and the file has gone to its owner."""
    path = folder.path / account.user / "broker.password"
    if not path.exists():
        if account.user in known:
            return None
        folder.secret(f"{account.user}/broker.password", new_secret().encode())
    return path.read_text("utf-8").strip()


@dataclass(frozen=True, slots=True)
class _Authority:
    """Ours. Its key may be in the safe: then it is known, and signs nothing."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | None

    def signer(self) -> Signer:
        """Raises BadCertificate without the key."""
        if self.key is None:
            raise BadCertificate("ca.key is not there; bring it from where it is kept")
        return Signer(self.certificate, self.key)


def _authority(folder: Folder, now: datetime) -> _Authority:
    path, key_path = folder.path / "ca.pem", folder.path / "ca.key"
    if not path.exists() and not key_path.exists():
        folder.secret("ca.key", certificates.key_pem(certificates.new_key()))
    key = certificates.read_key(key_path.read_bytes()) if key_path.exists() else None
    if not path.exists() and key is not None:
        authority = certificates.new_authority("Sekimori broker authority", key, now)
        folder.public("ca.pem", certificates.pem(authority.certificate))
    certificate = certificates.read_certificate(path.read_bytes())
    if key is not None and certificate.public_key() != key.public_key():
        raise BadCertificate(f"{path} is not of {key_path}")
    return _Authority(certificate, key)


def _server(
    folder: Folder, authority: _Authority, hosts: tuple[str, ...], now: datetime, renew: bool
) -> x509.Certificate:
    path, key_path = folder.path / "broker/server.pem", folder.path / "broker/server.key"
    if not key_path.exists():
        folder.secret("broker/server.key", certificates.key_pem(certificates.new_key()))
    elif path.exists() and not renew:
        folder.kept.append(path)
        return certificates.read_certificate(path.read_bytes())
    key = certificates.read_key(key_path.read_bytes())
    made = certificates.server_certificate(authority.signer(), key.public_key(), hosts, now)
    folder.replace("broker/server.pem", certificates.pem(made))
    return made
