"""`dashboard.toml`: every mistake at once, each with its place; and pinning a site without touching the rest."""

import pytest

from controller.record.keys import KeyPair
from dashboard.config import BadConfig, load, parse
from dashboard.pins import AlreadyPinned, pin

KEYS = KeyPair.generate().public


def test_without_a_file_it_listens_on_this_machine_alone(tmp_path):
    """The defaults bind to 127.0.0.1, and the database lies in the data folder."""
    config = load(tmp_path)
    assert (config.listen_host, config.listen_port, config.broker.host, config.broker.port) == (
        "127.0.0.1",
        8080,
        "127.0.0.1",
        1883,
    )
    assert config.database_url == f"sqlite:///{tmp_path}/dashboard.sqlite3"


def test_a_whole_file_is_read(tmp_path):
    """Every key has its place in the configuration; file names are relative to the data folder."""
    (tmp_path / "broker.password").write_text("s3cret\n")
    (tmp_path / "ca.pem").write_text("-")
    text = f"""
        listen = "[::1]:9000"
        database = "postgresql+psycopg://sekimori@db/sekimori"
        behind_tls = true
        [broker]
        host = "broker.example"
        port = 8883
        user = "dashboard"
        password_file = "broker.password"
        ca_file = "{tmp_path}/ca.pem"
        [sites]
        factory = "{KEYS.text()}"
    """
    config = parse(text, tmp_path)
    assert (config.listen_host, config.listen_port, config.behind_tls) == ("::1", 9000, True)
    assert (config.broker.password(), config.broker.ca_file) == ("s3cret", tmp_path / "ca.pem")
    assert config.database_url.startswith("postgresql") and config.sites == {"factory": KEYS}


def test_all_mistakes_are_told_at_once_with_their_place(tmp_path):
    """Wrong types, unknown keys with a suggestion, missing files, broken keys: one line each, and no secret in them."""
    text = """
        lisen = "127.0.0.1:1"
        listen = 8080
        [broker]
        prot = 1883
        port = 99999
        password = "hunter2"
        ca_file = "nowhere.pem"
        [sites]
        factory = "sekimori-key-1.AAAA"
        "a b" = "x"
    """
    with pytest.raises(BadConfig) as caught:
        parse(text, tmp_path)
    places = [mistake.partition(":")[0] for mistake in caught.value.mistakes]
    assert places == [
        "broker.ca_file",
        "broker.password",
        "broker.port",
        "broker.prot",
        "lisen",
        "listen",
        "sites.a b",
        "sites.factory",
    ]
    assert "did you mean port?" in str(caught.value) and "did you mean listen?" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["listen = ", 'broker = "x"', 'listen = "x:99999"', 'listen = ":1"', "[sites]\na = 1"])
def test_other_nonsense_is_a_mistake_too(tmp_path, text):
    """No text makes it raise anything but BadConfig."""
    with pytest.raises(BadConfig):
        parse(text, tmp_path)


@pytest.mark.parametrize(
    "before",
    ["", "# ours\nlisten = '127.0.0.1:1'\n", "[sites]\n# none yet\n[broker]\nport = 1\n", "[broker]\nport = 1"],
)
def test_pinning_leaves_the_rest_as_it_is(tmp_path, before):
    """A key is pinned in one line, wherever the sites stand; every other line stays."""
    path = tmp_path / "dashboard.toml"
    if before:
        path.write_text(before)
    assert pin(tmp_path, "factory", KEYS) is True
    assert load(tmp_path).sites == {"factory": KEYS}
    assert set(before.splitlines()) <= set(path.read_text().splitlines())
    assert pin(tmp_path, "factory", KEYS) is False


def test_another_key_has_to_be_replaced_in_words(tmp_path):
    """A pinned key is replaced only when that is said."""
    other = KeyPair.generate().public
    pin(tmp_path, "factory", KEYS)
    pin(tmp_path, "second", KEYS)
    with pytest.raises(AlreadyPinned):
        pin(tmp_path, "factory", other)
    assert pin(tmp_path, "factory", other, replace=True) is True
    assert load(tmp_path).sites == {"factory": other, "second": KEYS}


@pytest.mark.parametrize("text", [f'sites = {{ factory = "{KEYS.text()}" }}\n', "listen = 3\n"])
def test_a_file_that_cannot_be_edited_is_left_alone(tmp_path, text):
    """Where the sites have another form, or the file is wrong already, it stays as it is."""
    path = tmp_path / "dashboard.toml"
    path.write_text(text)
    with pytest.raises(BadConfig):
        pin(tmp_path, "second", KEYS)
    assert path.read_text() == text


def test_a_site_needs_a_name_that_can_stand_in_a_topic(tmp_path):
    """Names with slashes, wildcards or nothing are refused."""
    for name in ("", "a/b", "#", "+", "x" * 65, "工場"):
        with pytest.raises(BadConfig):
            pin(tmp_path, name, KEYS)


# Who may listen to what is typed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("listen", ["0.0.0.0:8443", "[::]:8443", "192.0.2.10:80", "dashboard.example:80"])
def test_passwords_do_not_go_in_clear_unless_said(tmp_path, listen):
    """An address that others reach needs TLS, a proxy with TLS, or the plain word that there is none."""
    with pytest.raises(BadConfig, match=r"listen: .*in clear"):
        parse(f'listen = "{listen}"', tmp_path)
    for said in ("plain_http = true", "behind_tls = true"):
        config = parse(f'listen = "{listen}"\n{said}', tmp_path)
        assert config.exposed == (said == "plain_http = true")


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"])
def test_this_machine_alone_needs_no_tls(tmp_path, listen):
    """On loopback nobody else listens."""
    assert not parse(f'listen = "{listen}"', tmp_path).exposed


def test_tls_files_are_read_and_checked(tmp_path):
    """The key may stand in the certificate's file; what is not there, or said twice, is a mistake with its place."""
    (tmp_path / "server.pem").write_text("-")
    config = parse('listen = "0.0.0.0:8443"\n[tls]\ncertificate = "server.pem"', tmp_path)
    assert config.secure and config.tls.key == config.tls.certificate == tmp_path / "server.pem" and config.tls.ca is None
    for text, place in (
        ("[tls]", "tls.certificate"),
        ('[tls]\ncertificate = "no.pem"', "tls.certificate"),
        ('[tls]\ncertificate = "server.pem"\nkey = "no.key"', "tls.key"),
        ('behind_tls = true\n[tls]\ncertificate = "server.pem"', "behind_tls"),
        ('tls = "yes"', "tls"),
        ('[broker]\ncert_file = "server.pem"', "broker.ca_file"),
        ('[broker]\nca_file = "server.pem"\nkey_file = "server.pem"', "broker.cert_file"),
        ('[metrics]\nlisten = "0.0.0.0:9464"', "metrics.listen"),
    ):
        with pytest.raises(BadConfig) as caught:
            parse(text, tmp_path)
        assert place in [mistake.partition(":")[0] for mistake in caught.value.mistakes]


def test_whose_word_on_the_browser_is_believed(tmp_path):
    """The proxy's on this machine, or the named one's; without a proxy nobody's."""
    assert parse("", tmp_path).trusted_proxy is None
    assert parse("behind_tls = true", tmp_path).trusted_proxy == "127.0.0.1"
    assert parse('listen = "[::1]:8080"\nbehind_tls = true', tmp_path).trusted_proxy == "::1"
    assert parse('behind_tls = true\nproxy = "192.0.2.1"', tmp_path).trusted_proxy == "192.0.2.1"


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u:hunter2@db/x", "postgresql+psycopg://u:hunter2@/x", "postgresql://u@db/x?password=hunter2"]
)
def test_a_database_password_does_not_stand_in_the_file(tmp_path, url):
    """A URL with a password is a mistake that does not repeat it; one with a pass file is none."""
    with pytest.raises(BadConfig) as caught:
        parse(f'database = "{url}"', tmp_path)
    assert "database: a secret" in str(caught.value) and "hunter2" not in str(caught.value)
    good = "postgresql+psycopg://u@db:5432/x?passfile=/etc/sekimori-dashboard/pgpass"
    assert parse(f'database = "{good}"', tmp_path).database_url == good


@pytest.mark.parametrize("url", ["sekimori.example", "ftp://sekimori.example", "https://", "https://a@b", "https://a/?x=1"])
def test_where_people_find_the_pages_is_an_address(tmp_path, url):
    """The codes on labels lead there: scheme and host, and no more than a path behind them (C2.1)."""
    with pytest.raises(BadConfig, match="address"):
        parse(f'address = "{url}"', tmp_path)
    assert parse('address = "https://sekimori.example:8443/"', tmp_path).address == "https://sekimori.example:8443"
