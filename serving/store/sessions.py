"""Who is signed in, and wrong passwords in a row."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sql

from serving.store.digest import digest
from serving.store.tables import SESSIONS, TRIES

Origin = Literal["link", "account", "provider"]
FORGOTTEN_AFTER = timedelta(days=1)
FREE_TRIES, LONGEST_WAIT = 3, timedelta(minutes=5)


@dataclass(frozen=True)
class Session:
    """A session: whose, where they signed in, and what it stands on there (a role, an account, a group)."""

    digest: str
    name: str
    origin: Origin
    stands_on: str
    began_at: datetime
    seen_at: datetime


def begin(connection: sql.Connection, session: Session, lasts: timedelta) -> None:
    """Write a new session, and forget those that are older than any can be."""
    connection.execute(SESSIONS.delete().where(SESSIONS.c.began_at < session.began_at - lasts))
    connection.execute(SESSIONS.insert(), [asdict(session)])


def session_of(connection: sql.Connection, cookie_digest: str) -> Session | None:
    """Return the session of a cookie's digest, None if there is none."""
    row = connection.execute(sql.select(SESSIONS).where(SESSIONS.c.digest == cookie_digest)).first()
    return Session(**row._mapping) if row is not None else None


def sessions(connection: sql.Connection) -> list[Session]:
    """Return every session that has not been ended, the newest first."""
    rows = connection.execute(sql.select(SESSIONS).order_by(SESSIONS.c.began_at.desc()))
    return [Session(**row._mapping) for row in rows]


def seen(connection: sql.Connection, cookie_digest: str, at: datetime) -> None:
    """Note that a session is in use."""
    connection.execute(SESSIONS.update().where(SESSIONS.c.digest == cookie_digest).values(seen_at=at))


def end(connection: sql.Connection, cookie_digest: str) -> None:
    """End a session."""
    connection.execute(SESSIONS.delete().where(SESSIONS.c.digest == cookie_digest))


def end_all_of(connection: sql.Connection, name: str) -> int:
    """End every session of a name and return how many there were."""
    return connection.execute(SESSIONS.delete().where(SESSIONS.c.name == name)).rowcount


def seconds_to_wait(connection: sql.Connection, name: str, at: datetime) -> float:
    """Return the seconds until a name's next password may be tried: twice as many after each wrong one."""
    row = connection.execute(sql.select(TRIES).where(TRIES.c.who == _who(name))).first()
    if row is None or row.failures < FREE_TRIES:
        return 0.0
    wait = min(timedelta(seconds=2.0 ** min(row.failures - FREE_TRIES, 20)), LONGEST_WAIT)
    return max(0.0, (row.last_at + wait - at).total_seconds())


def failed(connection: sql.Connection, name: str, at: datetime) -> None:
    """Count a wrong password for a name, whether it is anybody's or not."""
    connection.execute(TRIES.delete().where(TRIES.c.last_at < at - FORGOTTEN_AFTER))
    before = connection.execute(sql.select(TRIES.c.failures).where(TRIES.c.who == _who(name))).scalar() or 0
    succeeded(connection, name)
    connection.execute(TRIES.insert(), [{"who": _who(name), "failures": before + 1, "last_at": at}])


def succeeded(connection: sql.Connection, name: str) -> None:
    """Forget the wrong passwords of a name."""
    connection.execute(TRIES.delete().where(TRIES.c.who == _who(name)))


def _who(name: str) -> str:
    return digest(name.casefold().encode("utf-8", "surrogatepass"))
