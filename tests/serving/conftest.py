"""Databases for the tests of the service, SQLite and a real PostgreSQL, and homes with releases."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sql

from serving.store.store import Store
from tests.serving.keys import FixedKeys
from tests.serving.releases import Ward, second_release
from tests.serving.server import postgresql_server
from tests.serving.tabled import give_tables

KEY = b"k" * 32
NUMBERS = count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL with an empty, migrated database as template, and give its address."""
    with postgresql_server() as server:
        address = server.get_uri()
        for quicker in ("fsync = off", "full_page_writes = off"):  # no test pulls the plug
            _run(address, f"ALTER SYSTEM SET {quicker}")
        _run(address, "SELECT pg_reload_conf()")
        _run(address, "CREATE DATABASE migrated")
        Store(
            sql.make_url(address).set(database="migrated").render_as_string(hide_password=False),
            KEY,
            FixedKeys(),
        ).close()
        yield address


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
    give_tables(database_url)
    opened = Store(database_url, KEY, FixedKeys())
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def second(small_release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a release that answers otherwise than the small one."""
    return second_release(small_release_folder, tmp_path_factory.mktemp("made") / "second")


@pytest.fixture
def ward(tmp_path: Path, small_release_folder: Path) -> Ward:
    """Give a home with a promoted release."""
    return Ward(tmp_path, small_release_folder)


def _run(address: str, statement: str) -> None:
    from serving.store.database import Database

    database = Database(address)
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(statement)
    database.close()
