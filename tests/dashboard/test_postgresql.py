"""The dashboard on a real PostgreSQL: the same pages, the same tables, the same refusals as on SQLite.

Every test of intake, read model and pages can be run on it: `pytest --database postgresql tests/dashboard`.
"""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import needs_postgresql, postgresql_in
from example_house import PASSWORD, House
from flask.testing import FlaskClient

from dashboard import accounts
from dashboard import database as db
from dashboard.intake.rebuild import rebuild
from dashboard.metrics import database_bytes

pytestmark = needs_postgresql
PAGES = (
    "/",
    "/ledger",
    "/ledger?result=refused&from=2026/11/22",
    "/ledger?person=%E5%B1%B1%E7%94%B0",
    "/ledger?person=%25",
    "/ledger/factory/1/60",
    "/ledger.csv?kind=entry.refused",
    "/ledger.json",
    "/people",
    "/people?q=%E3%83%A4%E3%83%9E%E3%83%80",
    "/people/factory/1",
    "/rights?state=",
    "/portals/factory/lab",
    "/api/v1/now",
    "/api/v1/ledger?after=0",
)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[House, House]]:
    """The same site followed twice: on SQLite and on PostgreSQL."""
    made = House(tmp_path).settle().a_day()
    other = House(tmp_path, made.keys, made.peer, made.time, database=postgresql_in(tmp_path))
    for name, number in (("admin", 1), ("manager", 2), ("suzuki", 3)):
        other.account(name, number)
    other.hear()
    other._take([made.peer.record(seq) for seq in range(1, len(made.peer.records) + 1)])
    with made.engine.connect() as source, db.write(other.engine) as target:
        texts = [dict(row) for row in source.execute(sa.select(db.private_text)).mappings()]
        target.execute(sa.insert(db.private_text), texts)
    yield made, other
    for house in (made, other):
        house.engine.dispose()


def signed_in(house: House) -> FlaskClient:
    app = house.app()
    app.testing = True
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    form = {"csrf_token": token[1], "name": "suzuki", "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def test_the_same_pages(both: tuple[House, House]) -> None:
    """Every list, filter, search and export says the same on both, down to the letter."""
    one, other = (signed_in(house) for house in both)
    for page in PAGES:
        ours, theirs = (client.get(page) for client in (one, other))
        assert ours.status_code == theirs.status_code == 200, page
        plain = [re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text) for answer in (ours, theirs)]
        assert plain[0] == plain[1], page


def test_the_same_tables_and_the_same_again(both: tuple[House, House]) -> None:
    """Live fold on both, and the fold from the stored records anew, are one."""

    def folded(house: House) -> dict[str, list[dict[str, object]]]:
        with house.engine.connect() as connection:
            return {
                name: sorted(map(dict, connection.execute(sa.select(table)).mappings()), key=repr)
                for name, table in (*db.projected.items(), ("node", db.node))
            }

    sqlite, postgresql = both
    before = folded(postgresql)
    assert folded(sqlite) == before
    rebuild(postgresql.engine)
    assert folded(postgresql) == before


def test_two_consoles_at_once_make_one_account(both: tuple[House, House]) -> None:
    """The same operator is not given to two accounts, however the two commands fall together."""
    house = both[1]
    begin = threading.Barrier(2)
    made: list[str] = []

    def create(name: str) -> None:
        begin.wait(10)
        try:
            accounts.create(house.engine, name, "factory", 9, house.time)
            made.append(name)
        except (accounts.BadAccount, sa.exc.IntegrityError):
            return

    threads = [threading.Thread(target=create, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    with house.engine.connect() as connection:
        held = sa.select(sa.func.count()).where(db.account_operator.c.operator == 9)
        assert (len(made), connection.execute(held).scalar()) == (1, 1)


def test_its_size_is_known(both: tuple[House, House]) -> None:
    """The figure for Prometheus is there on both."""
    for house in both:
        with house.engine.connect() as connection:
            assert database_bytes(connection) > 10_000
