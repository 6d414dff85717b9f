"""Whom somebody has put among their own patients; a person who is forgotten is nobody's any more."""

from collections.abc import Collection

import sqlalchemy as sql

from serving.store.chunks import chunks
from serving.store.tables import FOLLOWED


def followed_by(connection: sql.Connection, name: str) -> frozenset[str]:
    """Return the people whom somebody follows."""
    return frozenset(connection.execute(sql.select(FOLLOWED.c.person).where(FOLLOWED.c.by == name)).scalars())


def follow(connection: sql.Connection, name: str, person: str, follows: bool) -> None:
    """Put a person among somebody's own patients, or take them away from these."""
    connection.execute(FOLLOWED.delete().where(FOLLOWED.c.by == name, FOLLOWED.c.person == person))
    if follows:
        connection.execute(FOLLOWED.insert(), [{"by": name, "person": person}])


def forget(connection: sql.Connection, people: Collection[str]) -> None:
    """Take some people away from everybody's own patients."""
    for some in chunks(sorted(people)):
        connection.execute(FOLLOWED.delete().where(FOLLOWED.c.person.in_(some)))
