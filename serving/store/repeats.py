"""Requests under an Idempotency-Key: the first is answered, its repeats get the same bytes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sql

from serving.store.tables import REPEATS

KEPT = timedelta(hours=24)
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
    return Earlier(row.request_digest == wanted.request_digest, row.answer) if row is not None else None


def claim(connection: sql.Connection, wanted: Claim, at: datetime) -> Earlier | None:
    """Claim a key; returns None where it is ours now, and the earlier request where there is one."""
    connection.execute(REPEATS.delete().where(REPEATS.c.claimed_at < at - KEPT))
    abandoned = REPEATS.c.answer.is_(None) & (REPEATS.c.claimed_at < at - GIVEN_UP)
    connection.execute(REPEATS.delete().where(_own(wanted), abandoned))
    if found := earlier(connection, wanted):
        return found
    own = {"caller": wanted.caller, "key": wanted.key, "request_digest": wanted.request_digest}
    connection.execute(REPEATS.insert(), [{**own, "claimed_at": at}])
    return None


def answered(connection: sql.Connection, own: Claim, answer: bytes) -> None:
    """Keep the answer under its key, in the transaction that makes it true."""
    connection.execute(REPEATS.update().where(_own(own)).values(answer=answer))


def let_go(connection: sql.Connection, own: Claim) -> None:
    """Give a key back whose request was not answered: it may be tried again."""
    connection.execute(REPEATS.delete().where(_own(own), REPEATS.c.answer.is_(None)))


def _own(wanted: Claim) -> sql.ColumnElement[bool]:
    return (REPEATS.c.caller == wanted.caller) & (REPEATS.c.key == wanted.key)
