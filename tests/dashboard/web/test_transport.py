"""What browsers are told about the way they came: cookies and headers over TLS, warnings, and the page of the authority."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from example_house import House
from serving import made_certificate

from dashboard.config import Config, TlsFiles
from dashboard.tls import certificate
from dashboard.tls.certificate import Served

from .conftest import Browser


def over(house: House, config: Config, served: Served | None = None) -> Browser:
    """A browser at the same house under another configuration."""
    again = House(house.data, house.keys, house.peer, house.time, config=config)
    app = again.app(served)
    app.testing = True
    app.config["PREFERRED_URL_SCHEME"] = "https" if config.secure else "http"  # as the test client's address
    client = app.test_client()
    client.environ_base["HTTP_REFERER"] = "https://localhost/"
    return Browser(client)


@pytest.fixture
def own(tmp_path: Path) -> tuple[Config, Served]:
    """TLS by a certificate of an own authority."""
    served = made_certificate(tmp_path)
    pem = tmp_path / "tls" / "server.pem"
    return Config(tmp_path, tls=TlsFiles(pem, pem, tmp_path / "tls" / "ca.pem")), served


def test_cookies_over_tls_are_for_tls_alone(house: House, own: tuple[Config, Served]) -> None:
    """Over TLS the session's cookie is Secure and bound to this host by its name; so are the others but for the name."""
    browser = over(house, *own)
    answer = browser.sign_in("manager")
    cookies = answer.headers.getlist("Set-Cookie")

    assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-device", "__Host-sekimori"]
    for cookie in cookies:
        assert "Domain" not in cookie
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Secure" in browser.get("/?lang=en").headers["Set-Cookie"]
    assert "Secure" in browser.post("/appearance", page="/", theme="dark").headers["Set-Cookie"]
    assert browser.get("/").headers["Strict-Transport-Security"].startswith("max-age=31")


def test_behind_a_proxy_it_is_the_same(house: House) -> None:
    """With TLS at a proxy the cookies and headers are those of TLS."""
    browser = over(house, Config(house.data, behind_tls=True))

    cookies = browser.sign_in("manager").headers.getlist("Set-Cookie")
    assert all(cookie.startswith("__Host-") for cookie in cookies) and len(cookies) == 2
    assert "Strict-Transport-Security" in browser.get("/").headers


def test_without_tls_there_is_no_promise_of_it(anybody: Browser) -> None:
    """On this machine alone, in clear: no HSTS, which would lock the browser out, and no warning."""
    answer = anybody.get("/sign-in")

    assert "Strict-Transport-Security" not in answer.headers and "in-clear" not in answer.text


def test_in_clear_over_the_network_every_page_warns(house: House) -> None:
    """Plain HTTP to other machines is said on every page, before and after sign-in."""
    browser = over(house, Config(house.data, listen_host="0.0.0.0", plain_http=True))  # noqa: S104 - not bound
    assert 'data-note="in-clear"' in browser.get("/sign-in").text
    browser.sign_in("manager")
    for address in ("/", "/ledger", "/people", "/nowhere"):
        assert 'data-note="in-clear"' in browser.get(address).text


def test_administrators_are_told_that_the_certificate_ends(house: House, own: tuple[Config, Served]) -> None:
    """From thirty days before its end, and after it; nobody else is, and nobody before."""
    config, served = own
    for left, words in ((timedelta(days=40), ""), (timedelta(days=12, hours=1), "12 days"), (-timedelta(1), "ended")):
        served.facts = replace(served.facts, ends_at=house.time + left)
        for name in ("admin", "manager"):
            browser = over(house, config, served)
            browser.sign_in(name)
            text = browser.get("/?lang=en").text
            assert ('data-note="certificate"' in text) == (name == "admin" and bool(words))
            assert words in text or name != "admin"


def test_the_authority_is_there_for_everybody(house: House, own: tuple[Config, Served]) -> None:
    """Without sign-in: its fingerprint and steps in both languages, the file, and the way there from the sign-in."""
    config, served = own
    browser = over(house, config, served)
    assert config.tls is not None and config.tls.ca is not None
    authority = certificate.load(config.tls.ca)

    assert "/certificate" in browser.get("/sign-in").text
    for lang, words in (("ja", "指紋を確かめる"), ("en", "Compare the fingerprint")):
        text = browser.get(f"/certificate?lang={lang}").text
        assert certificate.facts_of(authority).fingerprint in text and words in text
    file = browser.get("/certificate/sekimori-ca.crt")
    assert file.data == certificate.der_of(authority)
    assert (file.mimetype, b"PRIVATE" in file.data) == ("application/x-x509-ca-cert", False)


def test_without_an_authority_there_is_nothing_to_install(house: House, own: tuple[Config, Served]) -> None:
    """With the company's certificate, or no TLS, page and file are not there, and the sign-in does not lead to them."""
    config, served = own
    assert config.tls is not None
    companys = replace(config, tls=replace(config.tls, ca=None))
    gone = replace(config, tls=replace(config.tls, ca=config.data / "gone.pem"))
    for browser in (over(house, companys, served), over(house, Config(house.data))):
        assert "/certificate" not in browser.get("/sign-in").text
        assert browser.get("/certificate").status_code == 404
    assert over(house, gone, served).get("/certificate/sekimori-ca.crt").status_code == 404


def test_warning_is_logged(own: tuple[Config, Served], capfd: pytest.CaptureFixture[str]) -> None:
    """The log says so too, without anybody looking."""
    _, served = own
    served.warn(datetime.now(UTC))
    assert "the certificate ends" not in capfd.readouterr().err
    served.warn(served.facts.ends_at - timedelta(days=3))
    assert "the certificate ends" in capfd.readouterr().err
