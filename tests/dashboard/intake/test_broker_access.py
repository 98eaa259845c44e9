"""A broker that wants a password and speaks TLS alone, as in production."""

import ipaddress
import queue
from datetime import UTC, datetime, timedelta

import pytest
from broker import running_broker
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from site_on_air import wait_for

from dashboard.config import BrokerAddress
from dashboard.intake.connection import Connection


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A folder with `ca.pem`, and the broker's `server.pem` and `server.key` for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    now = datetime.now(UTC)

    def made(name, key, issuer, issuer_key, ca):
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    (folder / "ca.pem").write_bytes(made("test ca", ca_key, "test ca", ca_key, True))
    (folder / "server.pem").write_bytes(made("broker", key, "test ca", ca_key, False))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@pytest.fixture(scope="module")
def broker(certificate):
    """TLS, one user."""
    tls = f'[v5.1.tls]\ncertpath = "{certificate}/server.pem"\nkeypath = "{certificate}/server.key"\n'
    with running_broker(more=f'[v5.1.connections.auth]\ndashboard = "s3cret"\n{tls}') as running:
        yield running


def connected(address):
    """Whether a connection to this address comes to its subscriptions."""
    connection = Connection(address, "test", ["a/#"], queue.Queue(10))
    try:
        connection.open()
        wait_for(lambda: connection.ready.is_set() or connection.lost.is_set())
        return connection.ready.is_set()
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("user", "password", "ca", "expected"),
    [
        ("dashboard", "s3cret\n", "ca.pem", True),
        ("dashboard", "wrong", "ca.pem", False),
        ("", "", "ca.pem", False),
        ("dashboard", "s3cret", "server.pem", False),
        ("dashboard", "s3cret", None, False),
    ],
)
def test_only_the_right_password_over_the_right_certificate_connects(
    broker, certificate, tmp_path, user, password, ca, expected
):
    """User and password come from the file; a broker whose certificate is not the named authority's is not spoken to."""
    (tmp_path / "password").write_text(password)
    ca_file = certificate / ca if ca else None
    address = BrokerAddress(broker.host, broker.port, user, tmp_path / "password" if user else None, ca_file)
    assert connected(address) is expected
