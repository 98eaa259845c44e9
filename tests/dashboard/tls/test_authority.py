"""The own authority: what it signs, what a client makes of it, and that its files are whole at every moment."""

import ssl
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from dashboard import certificates
from dashboard.tls import certificate
from dashboard.tls.authority import LASTS, Authority, BadAuthority, BadName, plain_names, replace_file

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = ["dashboard.example", "192.0.2.10", "2001:db8::1"]


def served_by(authority: Authority, issued: bytes, name: str) -> bool:
    """Whether a client that trusts the authority takes this certificate for that name: a handshake in memory."""
    client = ssl.create_default_context(cadata=authority.certificate_pem().decode())
    return handshake(client, issued, name)


def handshake(client: ssl.SSLContext, pem: bytes, name: str) -> bool:
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.load_cert_chain(file.name)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return ours.cipher() is not None


@pytest.mark.parametrize("name", NAMES)
def test_what_it_signs_is_taken_for_each_name(name: str) -> None:
    """A client that installed the authority takes the server for every name and address in the certificate."""
    authority = Authority.make(NAMES, NOW)
    assert served_by(authority, authority.issue(NAMES, NOW), name)


@pytest.mark.parametrize("name", ["evil.example", "dashboard.example.evil", "192.0.2.11", "2001:db8::2"])
def test_another_name_is_not_taken(name: str) -> None:
    """The same client does not take it for a host that is not named."""
    authority = Authority.make(NAMES, NOW)
    assert not served_by(authority, authority.issue(NAMES, NOW), name)


@pytest.mark.parametrize(
    ("own", "forged"),
    [
        (["dashboard.example"], "bank.example"),
        (["dashboard.example"], "192.0.2.10"),
        (["192.0.2.10"], "bank.example"),
        (["192.0.2.10"], "192.0.2.11"),
        (["192.0.2.10"], "2001:db8::1"),
    ],
)
def test_a_stolen_authority_vouches_for_no_other_host(own: list[str], forged: str) -> None:
    """A certificate that a thief signs with the authority's key for another host is refused by whoever trusts it."""
    authority = Authority.make(own, NOW)
    thief = Authority(authority.key, Authority.make([forged], NOW).certificate)
    thief = Authority(authority.key, _renamed(thief, authority.certificate.subject))

    assert not served_by(authority, thief.issue([forged], NOW), forged)
    with pytest.raises(BadName):
        authority.issue([forged], NOW)


def _renamed(thief: Authority, name: x509.Name) -> x509.Certificate:
    """The thief's own idea of the authority: its name and key, with constraints that allow what the thief wants."""
    old = thief.certificate
    builder = x509.CertificateBuilder(name, name, thief.key.public_key(), 1, NOW, NOW + timedelta(days=1))
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(thief.key, old.signature_hash_algorithm)  # type: ignore[arg-type]


def test_form_of_authority_and_certificate() -> None:
    """Path length 0, critical constraints; P-256, server use only, 397 days in all (Apple's and Chrome's bound)."""
    authority = Authority.make(NAMES, NOW)
    made = x509.load_pem_x509_certificate(authority.issue(NAMES, NOW))
    ca = authority.certificate.extensions

    assert ca.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    assert ca.get_extension_for_class(x509.NameConstraints).critical
    assert made.not_valid_after_utc - made.not_valid_before_utc == LASTS
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert set(certificate.facts_of(made).names) == set(NAMES)


def test_nothing_outlives_the_authority() -> None:
    """A certificate ends with its authority; after that none is issued."""
    authority = Authority.make(NAMES, NOW)
    late = authority.certificate.not_valid_after_utc - timedelta(days=3)
    made = x509.load_pem_x509_certificate(authority.issue(NAMES, late))

    assert made.not_valid_after_utc == authority.certificate.not_valid_after_utc
    with pytest.raises(BadAuthority):
        authority.issue(NAMES, late + timedelta(days=4))


@pytest.mark.parametrize(
    "name", ["", "a b", "*.example", "-x", "x-", "a..b", "http://x", "a/b", "x" * 64, "fe80::1%eth0"]
)
def test_what_is_no_host_is_refused(name: str) -> None:
    """A slip of the hand is named, and makes no certificate."""
    with pytest.raises(BadName) as caught:
        plain_names(["good.example", name])
    assert caught.value.names == (name,)


@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_text_is_a_name_or_is_refused(names: list[str]) -> None:
    """Whatever is typed: plain names that can be issued, or BadName."""
    try:
        plain = plain_names(names)
    except BadName:
        return
    assert plain == plain_names(plain)
    x509.load_pem_x509_certificate(Authority.make(plain, NOW).issue(plain, NOW))


def test_files_and_renewal(tmp_path: Path) -> None:
    """Made once, renewed under the same authority with a new key; secrets are the owner's alone."""
    certificates.make(tmp_path, ["Dashboard.Example."], NOW)
    first = {name: (tmp_path / "tls" / name).read_bytes() for name in ("ca.key", "ca.pem", "server.pem")}
    certificates.make(tmp_path, [], NOW + timedelta(days=300))
    second = {name: (tmp_path / "tls" / name).read_bytes() for name in first}

    assert (first["ca.key"], first["ca.pem"]) == (second["ca.key"], second["ca.pem"])
    assert first["server.pem"] != second["server.pem"] and b"PRIVATE KEY" not in second["ca.pem"]
    assert certificate.read(tmp_path / "tls" / "server.pem").names == ("dashboard.example",)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").iterdir()}
    assert (modes["ca.key"], modes["server.pem"]) == (0o600, 0o600)
    certificate.server_context(tmp_path / "tls" / "server.pem", tmp_path / "tls" / "server.pem")


def test_renewal_keeps_to_the_authority_names(tmp_path: Path) -> None:
    """Other names need another authority, said so; with --new-ca it is made, and the old file stays until then."""
    certificates.make(tmp_path, ["dashboard.example"], NOW)
    before = (tmp_path / "tls" / "server.pem").read_bytes()

    with pytest.raises(BadName) as caught:
        certificates.make(tmp_path, ["other.example"], NOW)
    assert (caught.value.why, caught.value.names) == ("constraint", ("other.example",))
    assert (tmp_path / "tls" / "server.pem").read_bytes() == before

    certificates.make(tmp_path, ["other.example"], NOW, new_ca=True)
    assert certificate.read(tmp_path / "tls" / "server.pem").names == ("other.example",)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """What a killed attempt left behind is in nobody's way, and the new file has its own mode."""
    path = tmp_path / "server.pem"
    path.write_bytes(b"old")
    (tmp_path / ".server.pem.new").write_bytes(b"half")

    replace_file(path, b"new", 0o600)

    assert path.read_bytes() == b"new" and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_broken_authorities_are_named(tmp_path: Path) -> None:
    """A key that others read, rubbish, and a key of another certificate: said, and nothing is issued."""
    path = tmp_path / "ca.key"
    one, other = Authority.make(NAMES, NOW), Authority.make(NAMES, NOW)
    for data, mode in ((one.pem(), 0o640), (b"rubbish", 0o600), (Authority(one.key, other.certificate).pem(), 0o600)):
        replace_file(path, data, mode)
        with pytest.raises(BadAuthority, match=r"ca\.key"):
            Authority.load(path)
