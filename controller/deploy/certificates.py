"""An authority of our own, and the broker's certificate under it: for organisations that have none.

ECDSA on P-256, because every TLS library since 2015 takes it. The authority's key signs servers and nothing else, and
belongs in a safe, not on the broker.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
SERVER_DAYS = 825
"""What the strictest clients take."""
RENEW_DAYS = 60
"""With fewer days left it is time for `--renew`."""
_SKEW = timedelta(days=1)
"""A controller without a clock of its own may be a little behind when it first asks."""


class BadCertificate(ValueError):
    """A file is no certificate or key of ours."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate and the key of it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key from the system's randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def pem(certificate: x509.Certificate) -> str:
    """The certificate as a file holds it."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key as a file holds it, not encrypted: its mode protects it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_key(data: bytes) -> ec.EllipticCurvePrivateKey:
    """The key in a file. Raises BadCertificate."""
    try:
        key = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise BadCertificate("no PEM private key without a pass phrase") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadCertificate("a private key, but not an elliptic one")
    return key


def read_certificate(data: bytes) -> x509.Certificate:
    """The certificate in a file. Raises BadCertificate."""
    try:
        return x509.load_pem_x509_certificate(data)
    except ValueError as error:
        raise BadCertificate("no PEM certificate") from error


def days_left(certificate: x509.Certificate, now: datetime) -> int:
    """Whole days until it ends; negative afterwards."""
    return (certificate.not_valid_after_utc - now).days


def new_authority(name: str, key: ec.EllipticCurvePrivateKey, now: datetime) -> Signer:
    """An authority that may sign servers, and no further authorities."""
    subject = _name(name)
    builder = (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Signer(builder.sign(key, hashes.SHA256()), key)


def server_certificate(
    authority: Signer, key: ec.EllipticCurvePublicKey, hosts: Sequence[str], now: datetime
) -> x509.Certificate:
    """A server's certificate for these DNS names and IP addresses. Raises ValueError for a host that is neither."""
    ends = min(now + timedelta(days=SERVER_DAYS), authority.certificate.not_valid_after_utc)
    builder = (
        _builder(_name(hosts[0]), authority.certificate.subject, key, now, max(0, (ends - now).days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def names_of(certificate: x509.Certificate) -> set[str]:
    """The hosts that a server's certificate is for."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(address) for address in found.get_values_for_type(x509.IPAddress)}
    return addresses | set(found.get_values_for_type(x509.DNSName))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
