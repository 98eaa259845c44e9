"""The dashboard's tables and its engine: copies of what sites published, and what is the dashboard's own.

Projected tables are those of `controller.record.tables` with `ledger_site` and `epoch` in front of columns and key
(`ledger_site` and not `site`, because the table `site` has a column of that name). Every time in a column is text in the
form of `controller.record.canonical.timestamp`, which sorts as time does.

SQLAlchemy Core and portable SQL only: SQLite by default, PostgreSQL by URL. On SQLite a commit is on the disk
(synchronous=FULL) before a message is acknowledged, and writers begin IMMEDIATE: a transaction that reads first and writes
later would otherwise fail at once with "database is locked" instead of waiting its turn.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from controller.record.tables import TABLES
from controller.record.tables import Table as RecordTable

BUSY_MS = 10_000
"""How long a writer waits for another before it gives up."""

metadata = sa.MetaData()
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(name: str, kind: Any = sa.Text) -> sa.Column[Any]:  # noqa: ANN401 - any column type
    return sa.Column(name, kind, primary_key=True, nullable=False, autoincrement=False)


def _projected(table: RecordTable) -> sa.Table:
    columns = [_key("ledger_site"), _key("epoch", Whole)]
    for name, kind in table.columns.items():
        sort = Whole if kind is int else sa.Text()
        columns.append(_key(name, sort) if name in table.key else sa.Column(name, sort))
    indexes = [sa.Index(f"{table.name}_{'_'.join(names)}", "ledger_site", "epoch", *names) for names in table.indexes]
    return sa.Table(table.name, metadata, *columns, *indexes)


projected: dict[str, sa.Table] = {name: _projected(table) for name, table in TABLES.items()}
"""The folded tables by name: `projected["portal"]`."""

record = sa.Table(
    "record",
    metadata,
    sa.Column("arrival", Whole, primary_key=True, autoincrement=True),
    sa.Column("ledger_site", sa.Text, nullable=False),
    sa.Column("epoch", Whole, nullable=False),
    sa.Column("seq", Whole, nullable=False),
    sa.Column("bytes", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("portal", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("person", Whole),
    sa.Column("operator", Whole),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("mark", sa.Text),
    sa.UniqueConstraint("ledger_site", "epoch", "seq"),
    *(
        sa.Index(f"record_{name}", "ledger_site", "epoch", name, "seq")
        for name in ("at", "kind", "portal", "zone", "person", "operator", "code", "result")
    ),
    sqlite_autoincrement=True,
)
"""Every record that arrived, verbatim, with its facets. `arrival` is the order in which they came, over all sites."""

_marked = record.c.mark.is_not(None)
sa.Index(
    "record_mark", record.c.ledger_site, record.c.epoch, record.c.seq, sqlite_where=_marked, postgresql_where=_marked
)
"""Of marked records alone, which are few: it costs the others nothing."""

source = sa.Table(
    "source",
    metadata,
    _key("ledger_site"),
    sa.Column("epoch", Whole, nullable=False),
    sa.Column("public", sa.Text, nullable=False),
    sa.Column("applied", Whole, nullable=False),
    sa.Column("highest", Whole, nullable=False),
    sa.Column("checkpoint_note", sa.Text),
    sa.Column("checkpoint_size", Whole),
    sa.Column("checkpoint_root", sa.LargeBinary),
    sa.Column("checkpoint_at", sa.Text),
    sa.Column("checkpoint_boot", sa.Text),
    sa.Column("online", sa.Boolean(create_constraint=False)),
    sa.Column("boot", sa.Text),
    sa.Column("link", Whole),
    sa.Column("online_at", sa.Text),
    sa.Column("heard_at", sa.Text),
    sa.Column("broken", sa.Text),
    sa.Column("broken_place", sa.Text),
    sa.Column("broken_at", sa.Text),
    sa.Column("forged", Whole, nullable=False),
    sa.Column("malformed", Whole, nullable=False),
)
"""How each site stands: what is folded (`applied`), what must exist (`highest`), what is witnessed, when it was heard."""

accepted_key = sa.Table(
    "accepted_key",
    metadata,
    _key("ledger_site"),
    sa.Column("pinned", sa.Text, nullable=False),
    sa.Column("public", sa.Text, nullable=False),
    sa.Column("former", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
"""The key by which a site is known now, when it followed the pinned one, and those between them."""

node = sa.Table(
    "node",
    metadata,
    _key("ledger_site"),
    _key("epoch", Whole),
    _key("level", Whole),
    _key("position", Whole),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
"""The larger complete subtrees of each site's Merkle tree, so that any checkpoint is compared in O(log n)."""

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    _key("ledger_site"),
    _key("epoch", Whole),
    _key("size", Whole),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
"""Signed checkpoints of records that are not here yet; each is compared when they are, and then dropped."""

broken = sa.Table(
    "broken",
    metadata,
    _key("ledger_site"),
    _key("epoch", Whole),
    _key("code"),
    sa.Column("applied", Whole, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("evidence", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
"""Where a site's ledger contradicted itself or broke off, with the bytes that show it, and how far it was folded then."""

private_text = sa.Table(
    "private_text",
    metadata,
    _key("ledger_site"),
    _key("id"),
    sa.Column("version", Whole, nullable=False),
    sa.Column("text", sa.JSON, nullable=False),
    sa.Column("salt", sa.Text, nullable=False),
)
"""The newest version of each private row that the site sealed to this dashboard; see `dashboard.intake.erasing`."""

live_state = sa.Table(
    "live_state",
    metadata,
    _key("ledger_site"),
    _key("noun"),
    _key("id"),
    sa.Column("row", sa.JSON, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("epoch", Whole, nullable=False),
    sa.Column("seq", Whole, nullable=False),
    sa.Column("heard_at", sa.Text),
)
"""How things stand now, ahead of the records. `heard_at` NULL: the broker had kept it; the site has not said it since."""

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", Whole, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text),
    sa.Column("code_hash", sa.Text),
    sa.Column("code_expires_at", sa.Text),
    sa.Column("failed", Whole, nullable=False, default=0),
    sa.Column("failed_at", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Who may sign in here. What an account may do is its operators' affair, at each site."""

account_operator = sa.Table(
    "account_operator",
    metadata,
    sa.Column("account", Whole, sa.ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    _key("ledger_site"),
    sa.Column("operator", Whole, nullable=False),
    sa.UniqueConstraint("ledger_site", "operator"),
)
"""Which operator an account is at a site; nobody else is the same one, or a second person would be none."""

web_session = sa.Table(
    "web_session",
    metadata,
    _key("token_hash"),
    sa.Column("account", Whole, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("seen_at", sa.Text, nullable=False),
)
"""Signed-in browsers, so that a session can be ended here."""

outbox = sa.Table(
    "outbox",
    metadata,
    _key("id"),
    sa.Column("ledger_site", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("bytes", sa.LargeBinary, nullable=False),
    sa.Column("account", Whole),
    sa.Column("operator", Whole, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text),
    sa.Column("published_at", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reply_code", sa.Text),
    sa.Column("reply_place", sa.Text),
    sa.Column("first_seq", Whole),
    sa.Column("last_seq", Whole),
    sa.Column("replied_at", sa.Text),
    sa.Index("outbox_state", "state", "published_at"),
    sa.Index("outbox_account", "account", "created_at"),
)
"""Requests, kept until the site replied or they expired: `waiting`, then `accepted`, `refused` or `expired`."""

question = sa.Table(
    "question",
    metadata,
    _key("id"),
    sa.Column("ledger_site", sa.Text, nullable=False),
    sa.Column("account", Whole, nullable=False),
    sa.Column("person", Whole, nullable=False),
    sa.Column("portal", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("before", Whole, nullable=False),
    sa.Column("badge", Whole, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("answer", sa.Text),
    sa.Index("question_site", "ledger_site", "state"),
    sa.Index("question_account", "account", "id"),
    sa.Index("question_expires", "expires_at"),
)
"""Why a door opens or does not, as somebody asked: `waiting`, then `answered`. Gone soon after it expired."""

notice = sa.Table(
    "notice",
    metadata,
    _key("ledger_site"),
    _key("epoch", Whole),
    _key("due"),
    _key("seq", Whole),
    _key("account", Whole),
    sa.Column("urgent", Whole, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("told_at", sa.Text),
    sa.Index("notice_account", "account", "state"),
)
"""What somebody is to be told: that a due thing came to a stage, by the record that says so. `waiting`, `told`, or `moot` when
it was settled or came to a later stage first. Account 0: nobody was there to be told."""

notify_state = sa.Table(
    "notify_state",
    metadata,
    sa.Column("account", Whole, primary_key=True, autoincrement=False),
    sa.Column("told_on", sa.Text),
    sa.Column("urgent_at", sa.Text),
    sa.Column("tries", Whole, nullable=False),
    sa.Column("retry_at", sa.Text),
    sa.Column("failed_at", sa.Text),
)
"""How it stands with telling each account: the day of the last message of the day, and since when its service fails."""

shown_draw = sa.Table(
    "shown_draw",
    metadata,
    _key("ledger_site"),
    _key("change", Whole),
    _key("drawn_at"),
    sa.Column("shown_at", sa.Text, nullable=False),
)
"""Draws of combinations whose one showing was begun: written before the number is drawn, so that none is shown twice."""

shape = sa.Table("shape", metadata, _key("id", Whole), sa.Column("digest", sa.Text, nullable=False))
"""One row: by which program's tables this database is complete, so that an opened one is not looked at table by table."""

fold = sa.Table("fold", metadata, _key("id", Whole), sa.Column("version", Whole, nullable=False))
"""One row: the FOLD_VERSION that the projected tables were folded with."""


def open_engine(url: str) -> sa.Engine:
    """The engine for a database URL, its tables created. Parameters are kept out of error messages: they hold names."""
    engine = sa.create_engine(url, hide_parameters=True, json_serializer=_json)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    if not _is_of_this_program(engine):
        with write(engine) as connection:
            there = sa.inspect(connection).get_table_names()
            metadata.create_all(connection, checkfirst=bool(there))
            if there:
                _complete(connection)
            connection.execute(sa.delete(shape))
            connection.execute(sa.insert(shape).values(id=1, digest=_shape()))
    return engine


def _is_of_this_program(engine: sa.Engine) -> bool:
    """Whether the tables were made or completed by a program with the same ones: then none of them is looked at."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(shape.name):
            return False
        return connection.execute(sa.select(shape.c.digest)).scalar() == _shape()


@cache
def _shape() -> str:
    """What tells the tables of this program from another's: their columns with types, and their indexes."""
    said = [(one.name, _columns(one), sorted(str(index.name) for index in one.indexes)) for one in metadata.sorted_tables]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _columns(table: sa.Table) -> list[str]:
    return [f"{column.name} {column.type}" for column in table.columns]


def _complete(connection: sa.Connection) -> None:
    """Adds the columns and indexes that tables of an older program lack. A fold of another version fills them anew."""
    there, quote = sa.inspect(connection), connection.dialect.identifier_preparer.format_table
    for table in metadata.sorted_tables:
        known = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                said = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"alter table {quote(table)} add column {said}")
        present = {index["name"] for index in there.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in present:
                index.create(connection)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # so that a search by LIKE finds Japanese


def _sqlite_connect(connection: Any, _: object) -> None:  # noqa: ANN401 - a DBAPI connection
    connection.isolation_level = None  # sqlite3 would begin too late, and never for a read
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _sqlite_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("sekimori_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def write(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that will write: committed at the end of the block, rolled back if it raises."""
    with engine.connect() as plain:
        connection = plain.execution_options(sekimori_write=True)
        with connection.begin():
            yield connection


@lru_cache(maxsize=512)
def _upsert(dialect: str, table: sa.Table, columns: tuple[str, ...]) -> sa.Insert:
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    key = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in columns if name not in key}
    if rest:
        return statement.on_conflict_do_update(index_elements=key, set_=rest)
    return statement.on_conflict_do_nothing(index_elements=key)


def upsert(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Inserts the row, or sets its columns in the row with the same key; columns that it does not name stay."""
    connection.execute(_upsert(connection.dialect.name, table, tuple(row)), dict(row))


def upsert_all(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """`upsert` of many rows that name the same columns in the same order, each with another key."""
    connection.execute(_upsert(connection.dialect.name, table, tuple(rows[0])), rows)
