"""The dashboard's disk is full: nothing is acknowledged unstored, pages say so, and afterwards nothing is missing."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from broker import running_broker
from example_house import PASSWORD, House
from mounts import drain, fill, tmpfs
from site_on_air import on_air, wait_for
from site_peer import SitePeer

from controller.record.asks import RegisterPerson
from controller.record.kinds import door
from dashboard import database as db
from dashboard.composition import following, make_runtime
from dashboard.config import FILE
from dashboard.outbox import MOST_OF_ALL, MOST_OF_ONE, OutboxFull
from dashboard.pins import pin


def test_records_that_come_on_a_full_disk_are_there_afterwards(tmp_path: Path) -> None:
    """What a full disk did not take was not acknowledged: with room again every record is there, once."""
    peer = SitePeer(f"site-{os.urandom(4).hex()}").company().visits(20)
    with running_broker() as broker, tmpfs(tmp_path / "data", 6144) as data:
        (data / FILE).write_text(f"[broker]\nport = {broker.port}\n")
        pin(data, peer.name, peer.keys.public)
        runtime = make_runtime(data)

        def stored() -> int:
            with runtime.engine.connect() as connection:
                return connection.execute(sa.select(sa.func.count()).select_from(db.record)).scalar_one()

        with following(runtime), on_air(peer, runtime.keys.public, broker.host, broker.port) as site:
            site.say(peer.say_all(runtime.keys.public))
            wait_for(lambda: stored() == len(peer.records))
            fill(data)
            before = len(peer.records)
            for _ in range(300):
                peer.write(door.DoorForced("front", "forced"))
            site.say([peer.record(seq) for seq in range(before + 1, len(peer.records) + 1)])
            wait_for(lambda: runtime.storing.fails)
            assert stored() < len(peer.records)

            drain(data)
            site.say(peer.online(), peer.checkpoint())

            wait_for(lambda: stored() == len(peer.records))
            wait_for(lambda: not runtime.storing.fails)
        with runtime.engine.connect() as connection:
            kept = connection.execute(sa.select(db.record.c.bytes).order_by(db.record.c.seq)).scalars().all()
        assert kept == peer.records
        runtime.engine.dispose()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[House, Path]]:
    """A settled dashboard whose folder is a small disk."""
    with tmpfs(tmp_path / "data", 8192) as data:
        house = House(data).settle()
        yield house, data
        house.engine.dispose()


def test_pages_on_a_full_disk(house: tuple[House, Path]) -> None:
    """Signing in on a full disk is answered in plain words; who is signed in can read; with room again it works."""
    made, data = house
    app = made.app()
    browser, other = app.test_client(), app.test_client()

    def sign_in(client: object) -> object:
        page = client.get("/sign-in?lang=en")  # type: ignore[attr-defined]
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        return client.post(  # type: ignore[attr-defined]
            "/sign-in?lang=en", data={"csrf_token": token[1], "name": "guard", "password": PASSWORD}
        )

    assert sign_in(browser).status_code == 303  # type: ignore[attr-defined]
    fill(data)
    answers = [sign_in(other) for _ in range(20)]
    refused = [answer for answer in answers if answer.status_code == 503]  # type: ignore[attr-defined]
    assert refused, [answer.status_code for answer in answers]  # type: ignore[attr-defined]
    assert "Nothing was saved" in refused[-1].text  # type: ignore[attr-defined]
    assert "Traceback" not in refused[-1].text  # type: ignore[attr-defined]
    made.runtime.storing.failed()
    assert 'data-note="storing"' in browser.get("/").text
    drain(data)
    made.runtime.storing.works()
    assert sign_in(other).status_code == 303  # type: ignore[attr-defined]
    assert 'data-note="storing"' not in browser.get("/").text


def test_so_many_requests_wait_and_no_more(house: tuple[House, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """An account, and all together, can have so many requests waiting; what is answered makes room."""
    monkeypatch.setattr("dashboard.outbox.MOST_OF_ONE", 3)
    monkeypatch.setattr("dashboard.outbox.MOST_OF_ALL", 5)
    made, _ = house
    outbox, site = made.runtime.outbox, made.peer.name
    assert MOST_OF_ONE < MOST_OF_ALL

    ids = [outbox.submit(site, RegisterPerson(), {"name": "名前"}, account=1, operator=1) for _ in range(3)]
    with pytest.raises(OutboxFull):
        outbox.submit(site, RegisterPerson(), {"name": "名前"}, account=1, operator=1)
    for _ in range(2):
        outbox.submit(site, RegisterPerson(), {"name": "名前"}, account=2, operator=2)
    with pytest.raises(OutboxFull):
        outbox.submit(site, RegisterPerson(), {"name": "名前"}, account=2, operator=2)
    made.reply(ids[0])

    assert outbox.submit(site, RegisterPerson(), {"name": "名前"}, account=1, operator=1)
