"""Requests under an Idempotency-Key: the first is answered, its repeats get the same bytes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sql

from serving.store.tables import REPEATS
from serving.store.vault import vault_of

KEPT = timedelta(hours=24)
PLACE = f"{REPEATS.name}.answer"
GIVEN_UP = timedelta(seconds=60)  # twice the longest answer: whoever claimed the key has died


@dataclass(frozen=True)
class Claim:
    """A caller's key and the digest of what was asked under it."""

    caller: str
    key: str
    request_digest: str


@dataclass(frozen=True)
class Earlier:
    """The request that holds a key: `answer` is None while it is still being answered."""

    same: bool
    answer: bytes | None


def earlier(connection: sql.Connection, wanted: Claim) -> Earlier | None:
    """Return the request that holds a key, None if there is none."""
    row = connection.execute(sql.select(REPEATS).where(_own(wanted))).first()
    if row is None:
        return None
    return Earlier(row.request_digest == _asked(connection, wanted), opened(connection, row))


def claim(connection: sql.Connection, wanted: Claim, at: datetime) -> Earlier | None:
    """Claim a key; returns None where it is ours now, and the earlier request where there is one."""
    tidy(connection, at)
    abandoned = REPEATS.c.answer.is_(None) & (REPEATS.c.claimed_at < at - GIVEN_UP)
    connection.execute(REPEATS.delete().where(_own(wanted), abandoned))
    if found := earlier(connection, wanted):
        return found
    own = {"caller": wanted.caller, "key": wanted.key, "request_digest": _asked(connection, wanted)}
    connection.execute(REPEATS.insert(), [{**own, "claimed_at": at}])
    return None


def tidy(connection: sql.Connection, at: datetime) -> None:
    """Take away what is older than a day."""
    connection.execute(REPEATS.delete().where(REPEATS.c.claimed_at < at - KEPT))


def answered(connection: sql.Connection, own: Claim, answer: bytes) -> None:
    """Keep the answer under its key, in the transaction that makes it true."""
    closed = vault_of(connection).encrypted(PLACE, f"{own.caller} {own.key}", answer)
    connection.execute(REPEATS.update().where(_own(own)).values(answer=closed))


def let_go(connection: sql.Connection, own: Claim) -> None:
    """Give a key back whose request was not answered: it may be tried again."""
    connection.execute(REPEATS.delete().where(_own(own), REPEATS.c.answer.is_(None)))


def opened(connection: sql.Connection, row: sql.Row[Any]) -> bytes | None:
    """Return the answer of a row, None while there is none."""
    if row.answer is None:
        return None
    return vault_of(connection).decrypted(PLACE, f"{row.caller} {row.key}", row.answer)


def _asked(connection: sql.Connection, wanted: Claim) -> str:
    """Return a digest of what was asked that nobody can guess who has the database alone."""
    return vault_of(connection).digest(wanted.request_digest.encode())


def _own(wanted: Claim) -> sql.ColumnElement[bool]:
    return (REPEATS.c.caller == wanted.caller) & (REPEATS.c.key == wanted.key)
