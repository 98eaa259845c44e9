"""How somebody says by what they are told (ux §1.10): on a page of their own, which never shows the address again."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from example_house import House

from dashboard.database import notify_state, upsert, write
from dashboard.notify import addresses
from dashboard.notify.addresses import Told
from dashboard.notify.settings import Settings

from .conftest import Browser

SignIn = Callable[[str], Browser]
HIDDEN = "hunter2"


@pytest.fixture
def house(house: House) -> House:
    """With two services, one of them with an address for each."""
    path = house.data / "notify.services"
    path.write_text(f'mail = "mailtos://u:{HIDDEN}@smtp.example?to={{address}}"\noffice = "slack://{HIDDEN}/B/C/#office"\n')
    path.chmod(0o600)
    config = replace(house.runtime.config, notify=Settings(path))
    house.runtime = replace(house.runtime, config=config)
    return house


def test_choosing_changing_and_turning_off(house: House, signed_in: SignIn) -> None:
    """Service, address and language are kept; without a new address the old one stays; off is off. Nothing secret is shown."""
    guard = signed_in("guard")
    assert "Notifications" in guard.get("/my").text and "You are told nothing" in guard.get("/my/notifications").text

    assert guard.post("/my/notifications", service="mail", to="not one", lang="en").status_code == 400
    assert guard.post("/my/notifications", service="odd", to="a@b.example", lang="en").status_code == 400
    assert guard.post("/my/notifications", service="mail", to="guard@b.example", lang="en").status_code == 303
    (account,) = addresses.read(house.data)
    assert addresses.read(house.data)[account] == Told("mail", "guard@b.example", "en")
    text = guard.get("/my/notifications").text
    assert "You are told by: mail" in text and "guard@b.example" not in text and HIDDEN not in text
    guard.post("/my/notifications", service="mail", to="", lang="ja")
    assert addresses.read(house.data)[account] == Told("mail", "guard@b.example", "ja")
    guard.post("/my/notifications", service="office", to="", lang="ja")
    assert addresses.read(house.data)[account] == Told("office", "", "ja")
    guard.post("/my/notifications", off="1")
    assert addresses.read(house.data) == {}


def test_what_fails_is_shown(house: House, signed_in: SignIn) -> None:
    """To whom it concerns on their page, and to administrators on the first page; to nobody else."""
    guard = signed_in("guard")
    guard.post("/my/notifications", service="office", to="", lang="en")
    (account,) = addresses.read(house.data)
    with write(house.engine) as connection:
        row = {"account": account, "tries": 3, "failed_at": "2026-11-22T01:00:00.000000Z"}
        upsert(connection, notify_state, row)

    assert 'data-note="failing"' in guard.get("/my/notifications").text
    assert "Messages to 1 person" in signed_in("admin").get("/").text and "Messages to" not in guard.get("/").text
    guard.post("/my/notifications", service="office", to="", lang="en")
    assert "Messages to" not in signed_in("admin").get("/").text, "it is tried anew"


def test_damaged_settings_are_said_and_nothing_is_lost(house: House, signed_in: SignIn) -> None:
    """A file that others may read is used by nobody; the page says that something is wrong, and not what is in it."""
    addresses.put(house.data, 1, Told("mail", "a@b.example", "ja"))
    (house.data / "notify.services").chmod(0o644)
    text = signed_in("guard").get("/my/notifications").text

    assert "cannot be set now" in text and HIDDEN not in text
    assert addresses.read(house.data)[1].address == "a@b.example"


def test_without_services_there_is_no_page(house: House) -> None:
    """Where the settings have no services, nobody is offered any."""
    house.runtime = replace(house.runtime, config=replace(house.runtime.config, notify=None))
    app = house.app()
    app.testing = True
    guard = Browser(app.test_client())
    guard.sign_in("guard")

    assert guard.get("/my/notifications").status_code == 404 and "/my/notifications" not in guard.get("/my").text
