"""Databases that have their tables from the beginning: bringing one there takes a third of a second."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sql

from serving.store.database import Database
from serving.store.migrate import migrate


def give_tables(url: str) -> None:
    """Write the newest tables, empty, where a SQLite file is not there yet; migrations have their own tests."""
    address = sql.make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return
    file = Path(address.database)
    if not file.exists() and file.parent.is_dir():
        file.touch(mode=0o600)
        file.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as place:
        file = Path(place) / "homeward.db"
        database = Database(f"sqlite:///{file}")
        migrate(database)
        database.close()
        return file.read_bytes()
