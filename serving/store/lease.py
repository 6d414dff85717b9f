"""Work that one worker does for all: the prediction loop."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql

from serving.store.tables import LEASES

if TYPE_CHECKING:
    from serving.store.store import Store


def held(store: "Store", name: str, holder: str, at: datetime, lasts: timedelta) -> bool:
    """Tell whether the work is the holder's now, having taken or prolonged the lease if it could be.

    While it is ours for long enough, or another's, nothing is written.
    """
    with store.reading() as connection:
        if is_held(connection, name, holder, at, lasts):
            return True
        if not is_free(connection, name, holder, at, lasts):
            return False
    with store.writing() as connection:
        return take(connection, name, holder, at, lasts)


def is_held(connection: sql.Connection, name: str, holder: str, at: datetime, lasts: timedelta) -> bool:
    """Tell whether the work is the holder's, for at least half of the lease still."""
    row = _row(connection, name)
    return row is not None and row.holder == holder and at + lasts / 2 <= row.until <= at + lasts


def is_free(connection: sql.Connection, name: str, holder: str, at: datetime, lasts: timedelta) -> bool:
    """Tell whether the holder may take or prolong the lease."""
    row = _row(connection, name)
    # A lease far ahead was written under a clock that has since been set right.
    return row is None or row.holder == holder or row.until <= at or row.until > at + 2 * lasts


def take(connection: sql.Connection, name: str, holder: str, at: datetime, lasts: timedelta) -> bool:
    """Take or prolong a lease; tells whether it could be."""
    if not is_free(connection, name, holder, at, lasts):
        return False
    connection.execute(LEASES.delete().where(LEASES.c.name == name))
    connection.execute(LEASES.insert(), [{"name": name, "holder": holder, "until": at + lasts}])
    return True


def give_back(connection: sql.Connection, name: str, holder: str) -> None:
    """End a lease, so that the next worker need not wait for its end."""
    connection.execute(LEASES.delete().where((LEASES.c.name == name) & (LEASES.c.holder == holder)))


def _row(connection: sql.Connection, name: str) -> sql.Row[Any, Any] | None:
    question = sql.select(LEASES.c.holder, LEASES.c.until).where(LEASES.c.name == name)
    return connection.execute(question).first()
