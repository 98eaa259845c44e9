"""Brokers as in production: TLS alone, a password or a client's certificate; and what is said where it fails.

The controller's connection is tried here beside the dashboard's: what a broker asks of both is the same.
"""

import ipaddress
import queue
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from broker import free_port, running_broker
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mosquitto import needs_mosquitto, running_mosquitto
from site_on_air import wait_for

from controller.broker import Broken, connect
from controller.facility import BrokerForm
from dashboard.config import BrokerAddress
from dashboard.intake.connection import Connection
from dashboard.intake.subscriber import _why

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")


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
    client = made("client", key, "test ca", ca_key, False) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "client.pem").write_bytes(client)
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


def controller_connects(host, port, ca, cert=""):
    """How the controller's connection goes: empty when it does, else what it says."""
    form = BrokerForm(host, port, ca_file=str(ca), cert_file=str(cert))
    try:
        with connect(form, "site", "a", b"", "b", lambda payload: None, threading.Event()):
            return ""
    except Broken as error:
        return str(error)


def dashboard_connects(host, port, ca, cert=None):
    """The same for the dashboard's."""
    connection = Connection(BrokerAddress(host, port, "", None, ca, cert), "test", ["a/#"], queue.Queue(10))
    try:
        connection.open()
        wait_for(lambda: connection.ready.is_set() or connection.lost.is_set())
        return "" if connection.ready.is_set() else "lost"
    except OSError as error:
        return _why(error)
    finally:
        connection.close()


BOTH = pytest.mark.parametrize("connects", [controller_connects, dashboard_connects])


@needs_mosquitto
@BOTH
def test_a_clients_certificate_opens_a_broker_that_asks_for_one(certificate, tmp_path, connects):
    """With certificate and key of the named authority it connects; without them it does not."""
    port = free_port()
    for name in ("ca.pem", "server.pem", "server.key"):
        (tmp_path / name).write_bytes((certificate / name).read_bytes())
    (tmp_path / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nrequire_certificate true\ncafile {tmp_path}/ca.pem\n"
        f"certfile {tmp_path}/server.pem\nkeyfile {tmp_path}/server.key\n"
    )
    with running_mosquitto(tmp_path / "mosquitto.conf", port):
        assert connects("127.0.0.1", port, certificate / "ca.pem", certificate / "client.pem") == ""
        assert connects("127.0.0.1", port, certificate / "ca.pem") != ""


@contextmanager
def tls_server(certificate, newest):
    """Something that speaks TLS up to a version and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificate / "server.pem", certificate / "server.key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                taken, _ = listener.accept()
                context.wrap_socket(taken, server_side=True).close()
            except ssl.SSLError:
                taken.close()
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


@BOTH
def test_old_tls_is_not_spoken(certificate, connects):
    """A broker that knows TLS 1.1 at most is not spoken to."""
    with tls_server(certificate, ssl.TLSVersion.TLSv1_1) as port:
        said = connects("127.0.0.1", port, certificate / "ca.pem").lower()
    assert "version" in said or "protocol" in said


@BOTH
def test_another_host_is_not_taken_for_the_broker(certificate, connects):
    """A certificate for 127.0.0.1 is none for localhost; the message says that it is the certificate, and why."""
    with tls_server(certificate, ssl.TLSVersion.TLSv1_3) as port:
        said = connects("localhost", port, certificate / "ca.pem")
    assert "certificate" in said and "localhost" in said


@BOTH
@pytest.mark.parametrize("which", ["ca", "cert"])
@pytest.mark.parametrize("text", ["rubbish", None])
def test_a_file_that_cannot_be_used_is_named(certificate, tmp_path, connects, which, text):
    """No file, or one with something else in it: the message says which file."""
    bad = tmp_path / "bad.pem"
    if text is not None:
        bad.write_text(text)
    files = {"ca": certificate / "ca.pem", "cert": certificate / "client.pem", which: bad}
    assert "bad.pem" in connects("127.0.0.1", 1, files["ca"], files["cert"])
