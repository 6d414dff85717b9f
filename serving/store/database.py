"""An open database: durable transactions that either happen whole or not at all."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeDecorator

from features.errors import HomewardError

BUSY_SECONDS = 10
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WRITES, LASTING = "homeward_writes", "homeward_lasting"
POSTGRESQL_PORT = 5432
POSTGRESQL_LOCK = 0x486F6D65  # one writer at a time, as in SQLite: the audit chain has one end


class StoreFault(HomewardError):
    """The store cannot be read or written; what it holds is as it was before."""


class Instant(TypeDecorator[datetime]):
    """An instant, kept as whole microseconds since 1970 in UTC: exact, and quick to read by the million."""

    impl = sql.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sql.Dialect) -> int | None:
        """Refuse an instant without a zone; count the others."""
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant must carry a time zone")
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: sql.Dialect) -> datetime | None:
        """Give the instant back, in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


class Database:
    """A database at an address, SQLite or PostgreSQL; nothing of it is read before it is asked."""

    def __init__(self, url: str) -> None:
        """Prepare for connections; raises StoreFault if a SQLite file cannot be made."""
        self.url = url
        address = sql.make_url(url)
        self.lite = address.get_backend_name() == "sqlite"
        # An error that shows its parameters would show a patient's; so does DEBUG, which shows every row.
        logging.getLogger("sqlalchemy.engine.Engine").disabled = True
        if self.lite:
            self.engine = sql.create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
            sql.event.listen(self.engine, "connect", _concurrent)
            sql.event.listen(self.engine, "begin", _begun)
            _private_file(address.database)
            self._file = _identity(address.database)
        else:
            self.engine = sql.create_engine(
                _for_driver(address),
                hide_parameters=True,
                pool_pre_ping=True,
                connect_args={"timeout": BUSY_SECONDS},
            )
            # A thousand rows a statement: the driver would take a journey to the server for each.
            self.engine.dialect.use_insertmanyvalues_wo_returning = True

    def _still_there(self) -> None:
        """Raise StoreFault if the file was removed or replaced: open connections would write into nothing."""
        if self.lite and _identity(self.engine.url.database) != self._file:
            raise StoreFault(
                "the database file was removed or replaced; put it back, or start the service anew"
            )

    @contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """Give a connection whose questions see one state of the database; raises StoreFault if that fails."""
        self._still_there()
        try:
            with self.engine.connect() as connection:
                if not self.lite:
                    connection = connection.execution_options(isolation_level="REPEATABLE READ")
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            raise StoreFault(
                f"the store cannot be read: {type(error).__name__}"
            ) from None  # PostgreSQL repeats a row

    @contextmanager
    def writing(self, lasting: bool = True) -> Iterator[sql.Connection]:
        """Give the one connection that may write; on disk when this ends, undone if it raises.

        What need not outlast a power failure is not `lasting`, and does not wait for the disk.  Raises
        StoreFault if the database cannot be written, within `BUSY_SECONDS` if others write.
        """
        self._still_there()
        try:
            with self.engine.connect() as connection:
                connection = connection.execution_options(**{WRITES: True, LASTING: lasting})
                with connection.begin():
                    if not self.lite:
                        connection.execute(sql.text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
                        connection.execute(sql.text(f"SELECT pg_advisory_xact_lock({POSTGRESQL_LOCK})"))
                        if not lasting:
                            connection.execute(sql.text("SET LOCAL synchronous_commit = off"))
                    yield connection
        except SQLAlchemyError as error:
            raise StoreFault(f"the store cannot be written: {type(error).__name__}") from None
        self._still_there()

    def scrub(self) -> bool:
        """Bring what was erased out of the files of a SQLite; tells whether nothing of it is left.

        Pages are overwritten as they are freed; this empties the write-ahead log, where they lie too, unless
        somebody reads it for `BUSY_SECONDS`.  A PostgreSQL overwrites rows by its own VACUUM.
        """
        if not self.lite:
            return False
        raw = self.engine.raw_connection()
        try:
            busy = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError:
            return False
        finally:
            raw.close()
        return not busy

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _for_driver(address: sql.URL) -> sql.URL:
    """Return a PostgreSQL address as its driver wants it; `?host=/folder` names the folder of a socket."""
    address = address.set(drivername="postgresql+pg8000")
    folder = address.query.get("host")
    if not isinstance(folder, str):
        return address
    socket = f"{folder}/.s.PGSQL.{address.port or POSTGRESQL_PORT}"
    return address.difference_update_query(["host"]).update_query_dict({"unix_sock": socket})


def _private_file(database: str | None) -> None:
    if not database:
        return
    try:
        Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Path(database).touch(mode=0o600)  # the files beside it take the same mode
    except OSError as error:
        raise StoreFault(
            f"the database of HOMEWARD_DATABASE_URL cannot be opened ({type(error).__name__}); its folder "
            "must exist and be writable"
        ) from error


def to_disk(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on disk; raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _identity(database: str | None) -> tuple[int, int] | None:
    """Return what tells a database file from every other; None for one that is not there, or in memory."""
    try:
        found = os.stat(database or "")
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _concurrent(connection: Any, _: object) -> None:
    """Let readers of a SQLite read while one writes, and overwrite what is deleted."""
    connection.isolation_level = None  # the driver begins nothing by itself: `_begun` does
    for pragma in ("journal_mode=WAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begun(connection: sql.Connection) -> None:
    """Begin as writer at once: a reader that becomes one midway could be refused without waiting.

    FULL brings each commit to disk before it ends.
    """
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get(LASTING, True) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")
