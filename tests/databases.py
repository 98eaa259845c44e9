"""Where the tests of the dashboard keep its tables: files of SQLite, or with `--database postgresql` a PostgreSQL of their own.

The server is started once for a run, in a temporary folder, on a socket there; by root it is run as `postgres`, because it
refuses root. Each folder that asks for a database gets one of its own, and a copy is made by the server.
"""

import atexit
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

PROGRAMS = [Path(found).parent for found in [shutil.which("pg_ctl")] if found]
PROGRAMS += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
needs_postgresql = pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed (apt install postgresql)")
kind = "sqlite"
"""Set by `--database`."""


def url_in(folder: Path, name: str = "d") -> str:
    """The URL of this folder's database, made now if there is none."""
    return f"sqlite:///{folder / name}.sqlite3" if kind == "sqlite" else postgresql_in(folder, name)


def copied(source: Path, target: Path, name: str = "d") -> None:
    """Copies a folder's database, which nobody uses, to another folder."""
    if kind == "sqlite":
        shutil.copy(source / f"{name}.sqlite3", target)
    else:
        _run(f'CREATE DATABASE "{_called(target, name)}" TEMPLATE "{_called(source, name)}"')


def postgresql_in(folder: Path, name: str = "d") -> str:
    """The URL of this folder's database in PostgreSQL, made now if there is none."""
    called = _called(folder, name)
    known = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
    with _admin().connect() as connection:
        if connection.execute(known, {"name": called}).first() is None:
            connection.exec_driver_sql(f'CREATE DATABASE "{called}"')
    return f"postgresql+psycopg://postgres@/{called}?host={_server()}"


def _called(folder: Path, name: str) -> str:
    return f"t_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}_{name}"


def _run(statement: str) -> None:
    with _admin().connect() as connection:
        connection.exec_driver_sql(statement)


@cache
def _admin() -> sa.Engine:
    url = f"postgresql+psycopg://postgres@/postgres?host={_server()}"
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)


@cache
def _server() -> Path:
    """Starts it; the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    programs = next(found for found in PROGRAMS if (found / "initdb").exists())

    def call(*words: str) -> None:
        with (folder / "log").open("ab") as said:
            subprocess.run(words, check=True, stdout=said, stderr=said, user=user, cwd=folder)

    (folder / "log").touch(0o666)
    (folder / "log").chmod(0o666)
    call(str(programs / "initdb"), "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=200"
    call(str(programs / "pg_ctl"), "-D", "data", "-o", options, "-w", "start")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(call, str(programs / "pg_ctl"), "-D", "data", "-m", "immediate", "-w", "stop")
    return folder
