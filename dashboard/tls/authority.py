"""An own certificate authority for one dashboard: who trusts it on a phone or PC trusts it for this dashboard's names alone.

Its name constraints (RFC 5280 4.2.1.10, critical) permit the names it was made for and nothing else, so that the key, stolen
from the dashboard's machine, is worth nothing against other sites; `pathlen 0`: it signs no further authority. Certificates
are ECDSA P-256, name hosts in the SAN only, and last 397 days at most, the longest that browsers take without complaint.

Files, in `DATA/tls`, each replaced whole or not at all (killed in between, the old one stands):

    ca.key       the authority's key and certificate, mode 0600
    ca.pem       its certificate alone, for people to install
    server.pem   the server's key and certificate in one file, so that they can never be of two minds; mode 0600
"""

import ipaddress
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = "tls"
CA_LASTS = timedelta(days=3650)
LASTS = timedelta(days=397)
MOST_NAMES = 20
_EARLIER = timedelta(hours=1)
"""Valid from a little before now: phones' clocks differ."""
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_EVERY_ADDRESS = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadName(ValueError):
    """A name that is neither a host's nor an address, or that the authority was not made for; `names` are those."""

    def __init__(self, why: str, names: Sequence[str]) -> None:
        super().__init__(f"{why}: {', '.join(names)}")
        self.why = why
        self.names = tuple(names)


class BadAuthority(ValueError):
    """The authority's files cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA with its key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, names: Sequence[str], now: datetime) -> Self:
        """A new authority for these names and no others. Raises BadName."""
        dns, addresses = _sorted(names)
        key = ec.generate_private_key(ec.SECP256R1())
        title = [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sekimori"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Sekimori CA {names[0]}"[:64]),
        ]
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = (
            _built(x509.Name(title), x509.Name(title), key.public_key(), now, now + CA_LASTS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_constraints(dns, addresses), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(key, made.sign(key, hashes.SHA256()))

    @classmethod
    def load(cls, path: Path) -> Self:
        """The authority in a file. Raises OSError, BadAuthority."""
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadAuthority(f"{path}: others can read this key; chmod 600")
        data = path.read_bytes()
        try:
            key = serialization.load_pem_private_key(data, None)
            certificate = x509.load_pem_x509_certificate(data)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadAuthority(f"{path}: not a key with its certificate") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise BadAuthority(f"{path}: the key is not the certificate's")
        return cls(key, certificate)

    def issue(self, names: Sequence[str], now: datetime) -> bytes:
        """A new key and a certificate for these names, as one PEM. Raises BadName, BadAuthority."""
        dns, addresses = _sorted(names)
        if strangers := [name for name in names if not self._permits(name)]:
            raise BadName("constraint", strangers)
        until = min(now - _EARLIER + LASTS, self.certificate.not_valid_after_utc)
        if until <= now:
            raise BadAuthority("the authority has expired")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        hosts = [*map(x509.DNSName, dns), *map(x509.IPAddress, addresses)]
        issuer_key = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        made = (
            _built(subject, self.certificate.subject, key.public_key(), now, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False)
        )
        return _pem(key) + made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def pem(self) -> bytes:
        """Key and certificate, for `ca.key`."""
        return _pem(self.key) + self.certificate_pem()

    def certificate_pem(self) -> bytes:
        """The certificate alone, for people to install."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def _permits(self, name: str) -> bool:
        try:
            limits = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound as error:
            raise BadAuthority("the authority has no name constraints: it is not one of ours") from error
        allowed = limits.permitted_subtrees
        address = _address(name)
        for subtree in allowed or []:
            if isinstance(subtree, x509.IPAddress) and address is not None:
                if isinstance(subtree.value, Network) and address in subtree.value:
                    return True
            elif isinstance(subtree, x509.DNSName) and address is None:
                if name == subtree.value or name.endswith(f".{subtree.value}"):
                    return True
        return False


def plain_names(names: Sequence[str]) -> list[str]:
    """Host names in lower case and addresses in their short form, each once. Raises BadName."""
    found: list[str] = []
    bad: list[str] = []
    for name in names:
        bare = name.strip().strip("[]").rstrip(".").lower()
        address = _address(bare)
        if (address is None and _HOST.fullmatch(bare) is None) or _is_scoped(address):
            bad.append(name)
        elif (plain := str(address or bare)) not in found:
            found.append(plain)
    if bad or not 0 < len(found) <= MOST_NAMES:
        raise BadName("name", bad or [f"{len(found)}"])
    return found


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Writes the file whole and durable, or leaves the old one. Raises OSError."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def _sorted(names: Sequence[str]) -> tuple[list[str], list[Address]]:
    plain = plain_names(names)
    addresses = [address for address in map(_address, plain) if address is not None]
    return [name for name in plain if _address(name) is None], addresses


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _is_scoped(address: Address | None) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None


def _constraints(dns: list[str], addresses: list[Address]) -> x509.NameConstraints:
    """A form of name that no subtree mentions is free: so names without addresses exclude all of those, and the reverse."""
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in dns or ["invalid"]]
    permitted += [x509.IPAddress(ipaddress.ip_network(address)) for address in addresses]
    excluded = None if addresses else [x509.IPAddress(network) for network in _EVERY_ADDRESS]
    return x509.NameConstraints(permitted, excluded)


def _built(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(until)
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
