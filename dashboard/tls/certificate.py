"""The certificate that is served: what it says, the TLS settings around it, and taking up a new one from the disk.

TLS 1.2 and 1.3, forward secrecy and AEAD ciphers only, no compression, no renegotiation. A certificate replaced on the disk
is taken up by `refresh`; one that cannot be used, or whose key is not there yet, is logged once and the old one stays.
"""

import ssl
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

WARN_BEFORE = timedelta(days=30)
"""From when on administrators are told that the certificate ends."""
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

log = structlog.get_logger()


class BadCertificate(ValueError):
    """Certificate or key cannot be used; the message names the file and says why."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says. `fingerprint` is the SHA-256 of its DER, as browsers show it."""

    names: tuple[str, ...]
    issuer: str
    begins_at: datetime
    ends_at: datetime
    fingerprint: str

    def left(self, now: datetime) -> timedelta:
        """How long it is still valid; negative when it is over."""
        return self.ends_at - now

    def days_left(self, now: datetime) -> int:
        """Whole days, rounded down: 0 on its last day, negative after."""
        return self.left(now).days


def facts_of(certificate: x509.Certificate) -> Facts:
    """What this certificate says."""
    try:
        said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*said.get_values_for_type(x509.DNSName), *map(str, said.get_values_for_type(x509.IPAddress))]
    except (x509.ExtensionNotFound, ValueError):
        names = []
    return Facts(
        tuple(names),
        certificate.issuer.rfc4514_string(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def der_of(certificate: x509.Certificate) -> bytes:
    """The certificate alone, in the form that phones take."""
    return certificate.public_bytes(serialization.Encoding.DER)


def read(path: Path) -> Facts:
    """The facts of the first certificate in a PEM file. Raises OSError, BadCertificate."""
    return facts_of(load(path))


def load(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file. Raises OSError, BadCertificate."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise BadCertificate(f"{path}: there is no certificate in it (PEM)") from error


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The settings of a server with this certificate. Raises OSError, BadCertificate."""
    if stat.S_IMODE(key.stat().st_mode) & 0o007:
        raise BadCertificate(f"{key}: everybody can read this key; chmod o-rwx")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # else OpenSSL would ask at the terminal
    except ssl.SSLError as error:
        raise BadCertificate(f"{certificate}, {key}: {error.reason or error}") from error
    return context


class Served:
    """The certificate in use. One thread refreshes; any may read."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises OSError, BadCertificate."""
        self._certificate = certificate
        self._key = key
        self._tried = self._stamp()
        self.context = server_context(certificate, key)
        self.facts = read(certificate)

    def refresh(self) -> bool:
        """Takes up what is on the disk if that has changed; whether it did."""
        stamp = self._stamp()
        if stamp == self._tried:
            return False
        self._tried = stamp
        try:
            context, facts = server_context(self._certificate, self._key), read(self._certificate)
        except (OSError, BadCertificate) as error:
            log.error("the new certificate cannot be used; the old one stays", why=str(error))
            return False
        self.context, self.facts = context, facts
        log.info("a new certificate is in use", fingerprint=facts.fingerprint, ends_at=facts.ends_at.isoformat())
        return True

    def warn(self, now: datetime) -> None:
        """Logs that the certificate ends soon, or has ended."""
        if self.facts.left(now) < WARN_BEFORE:
            log.warning("the certificate ends", days_left=self.facts.days_left(now), names=self.facts.names)

    def _stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_stamp(path) for path in (self._certificate, self._key))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced or written; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
