"""The database: durable, patient with a second writer, the same statements for PostgreSQL."""

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from controller.record.tables import TABLES
from dashboard import database as db
from dashboard.read import ledger
from dashboard.read.filters import Filter


@pytest.fixture
def engine(tmp_path):
    """An empty database."""
    engine = db.open_engine(f"sqlite:///{tmp_path}/dashboard.sqlite3")
    yield engine
    engine.dispose()


def test_a_commit_is_on_the_disk(engine):
    """Every connection has WAL, synchronous=FULL, foreign keys, and waits for another writer."""
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            values = [connection.exec_driver_sql(f"pragma {name}").scalar() for name in pragmas]
            assert values == ["wal", 2, 1, db.BUSY_MS]


def test_projected_tables_have_site_and_epoch_in_front():
    """Each table of the published language is here, its key and columns behind ledger_site and epoch, types declared."""
    for name, table in TABLES.items():
        columns = list(db.projected[name].columns)
        assert [column.name for column in columns] == ["ledger_site", "epoch", *table.columns]
        assert [c.name for c in db.projected[name].primary_key] == ["ledger_site", "epoch", *table.key]
        declared = dict(zip(table.columns, columns[2:], strict=True))
        assert all(isinstance(declared[n].type, sa.Integer) == (kind is int) for n, kind in table.columns.items())


def test_a_database_of_an_older_program_gets_what_it_lacks(tmp_path):
    """Opened by this program, an older database has the new columns and indexes, and every row it had."""
    url = f"sqlite:///{tmp_path}/old.sqlite3"
    old = db.open_engine(url)
    row = {"ledger_site": "s", "epoch": 1, "seq": 1, "bytes": b"{}", "at": "", "kind": "k", "portal": "", "zone": ""}
    with db.write(old) as connection:
        connection.execute(sa.insert(db.record).values(row | {"code": "", "result": "", "mark": "alone"}))
        connection.exec_driver_sql("drop index record_mark")
        connection.exec_driver_sql("alter table record drop column mark")
        connection.exec_driver_sql("drop index operator_person")
        connection.exec_driver_sql("alter table operator drop column person")
        connection.exec_driver_sql("update shape set digest = 'of that program'")
    old.dispose()

    new = db.open_engine(url)
    with new.connect() as connection:
        assert connection.execute(sa.select(db.record.c.seq, db.record.c.mark)).all() == [(1, None)]
        assert connection.execute(sa.select(db.projected["operator"].c.person)).all() == []
        assert "record_mark" in {index["name"] for index in sa.inspect(connection).get_indexes("record")}
        assert "operator_person" in {index["name"] for index in sa.inspect(connection).get_indexes("operator")}
    new.dispose()


def test_writers_wait_for_each_other(engine):
    """Transactions that read first and write later do not fail when another thread writes in between."""

    def count_up() -> None:
        for _ in range(50):
            with db.write(engine) as connection:
                version = connection.execute(sa.select(db.fold.c.version)).scalar() or 0
                db.upsert(connection, db.fold, {"id": 1, "version": version + 1})

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with engine.connect() as connection:
        assert connection.execute(sa.select(db.fold.c.version)).scalar() == 200


def test_a_block_that_raises_writes_nothing(engine):
    """An exception in a write block rolls everything back."""
    with pytest.raises(ZeroDivisionError), db.write(engine) as connection:
        db.upsert(connection, db.fold, {"id": 1, "version": 1})
        raise ZeroDivisionError
    with engine.connect() as connection:
        assert connection.execute(sa.select(db.fold)).all() == []


def test_an_upsert_sets_the_columns_it_names(engine):
    """Columns that an upsert does not name stay as they were; one of the key alone changes nothing."""
    badge = db.projected["badge"]
    key = {"ledger_site": "s", "epoch": 1, "badge": 7}
    with db.write(engine) as connection:
        db.upsert(connection, badge, {**key, "state": "active", "label": "…3A7F"})
        db.upsert(connection, badge, {**key, "state": "lost"})
        db.upsert(connection, badge, key)
        row = connection.execute(sa.select(badge)).one()
    assert (row.state, row.label, row.person) == ("lost", "…3A7F", None)


def test_errors_do_not_tell_what_was_written(engine):
    """A failing statement's message has no values in it: they could be names."""
    with pytest.raises(sa.exc.IntegrityError) as caught, db.write(engine) as connection:
        for _ in range(2):
            connection.execute(sa.insert(db.account), {"name": "山田花子", "failed": 0, "created_at": "x"})
    assert "山田" not in str(caught.value)


@pytest.mark.parametrize("table", db.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_can_be_made_on_postgresql(table):
    """Tables, indexes and upserts compile for PostgreSQL, and numbers are 64 bits wide there."""
    dialect = postgresql.dialect()
    ddl = str(CreateTable(table).compile(dialect=dialect))
    assert "CREATE TABLE" in ddl
    for index in table.indexes:
        assert len(index.name) < 64 and "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))
    upsert = db._upsert("postgresql", table, tuple(column.name for column in table.columns))
    assert "ON CONFLICT" in str(upsert.compile(dialect=dialect))


def test_pages_find_records_by_index(engine):
    """What the ledger page filters by is found by an index, newest first, without sorting."""
    for facet in ("kind", "portal", "zone", "person", "operator", "code", "result"):
        with engine.connect() as connection:
            plan = connection.exec_driver_sql(
                f"explain query plan select * from record where ledger_site = 'a' and epoch = 1 and {facet} = 'b'"
                " and seq < 9 order by seq desc limit 50"
            ).all()
        assert [row[3].split(" (")[0] for row in plan] == [f"SEARCH record USING INDEX record_{facet}"], plan


SPAN = {"from_at": "2026-01-01T00:00:00.000000Z"}


@pytest.mark.parametrize("chosen", [SPAN, SPAN | {"until_at": "2026-02-01T00:00:00.000000Z"}, {}], ids=str)
def test_no_page_sorts_or_scans_a_million_rows(engine, chosen):
    """A filter that many records match goes by seq and sorts nothing; one that few match is found by its times."""
    of_filter = Filter("a", 1, **chosen)
    seq = db.record.c.seq

    def plan(query):
        with engine.connect() as connection:
            said = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
            return " / ".join(row[3] for row in connection.exec_driver_sql(f"explain query plan {said}"))

    many = plan(sa.select(db.record).where(*of_filter.where(by_seq=True)).order_by(seq.desc()).limit(51))
    few = plan(sa.select(seq).where(*of_filter.where()).limit(10_001))
    assert "TEMP B-TREE" not in many and "SCAN record" not in f"{many}{few}"
    assert ("record_at" in few) == ("from_at" in chosen)


def test_epochs_are_found_one_by_one(engine):
    """The list of epochs is right, newest first, whatever lies between."""
    row = {"ledger_site": "s", "bytes": b"", "at": "", "kind": "k", "portal": "", "zone": "", "code": "", "result": ""}
    with db.write(engine) as connection:
        rows = [row | {"epoch": epoch, "seq": seq} for epoch in (1, 2, 7) for seq in (1, 2)]
        connection.execute(sa.insert(db.record), [*rows, row | {"ledger_site": "t", "epoch": 9, "seq": 1}])
        assert ledger.epochs(connection, "s") == [7, 2, 1] and ledger.epochs(connection, "nobody") == []
