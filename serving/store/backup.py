"""Copies of a SQLite store while it is in use; a PostgreSQL has its own (`pg_dump`)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sql

from serving.store.database import StoreFault, to_disk

BY_ITS_OWN = "a PostgreSQL database is backed up and restored with its own pg_dump and pg_restore"


def back_up(url: str, to: Path) -> None:
    """Write one state of the store into a new file, while others read and write it.

    Raises StoreFault if the file is there already or cannot be written; then nothing is left of it.
    """
    source = _file(url)
    if not source.is_file():
        raise StoreFault("there is no database to back up")
    if to.exists():
        raise StoreFault(f"{to.name} is there already; a backup is written into a new file")
    part = to.with_name(f"{to.name}.part")
    try:
        part.touch(mode=0o600)
        with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(part)) as copy:
            database.backup(copy)
        _whole(part)
        to_disk(part)
        part.replace(to)
        to_disk(to.parent)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreFault(f"the backup cannot be written: {type(error).__name__}") from error


def restore(url: str, backup: Path) -> None:
    """Make a new store from a backup; raises StoreFault if there is a store already, or the backup is damaged.

    The audit's key is no part of it: back it up apart.
    """
    target = _file(url)
    if target.exists():
        raise StoreFault(f"{target.name} is there already; move it away, with its -wal and -shm files, first")
    try:
        _whole(backup)
    except (sqlite3.Error, OSError) as error:
        raise StoreFault(f"{backup.name} is no whole backup: {type(error).__name__}") from error
    back_up(f"sqlite:///{backup}", target)


def _file(url: str) -> Path:
    address = sql.make_url(url)
    if address.get_backend_name() != "sqlite":
        raise StoreFault(BY_ITS_OWN)
    return Path(str(address.database))


def _whole(file: Path) -> None:
    """Raise an error of SQLite's if a file is no database, or one of its pages is damaged."""
    if not file.is_file():
        raise FileNotFoundError
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        found = database.execute("PRAGMA integrity_check").fetchone()
    if found != ("ok",):
        raise sqlite3.DatabaseError
