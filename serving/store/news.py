"""Stays about which a board has something to learn, and whether somebody has come."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sql

from serving.store.tables import NEWS

AT_ONCE = 500


@dataclass(frozen=True)
class News:
    """The newest operation that a board has not seen yet; `arrived` is an admission."""

    audit: int
    arrived: bool


def waiting(connection: sql.Connection) -> dict[str, News]:
    """Return what boards have still to learn, by admission."""
    rows = connection.execute(sql.select(NEWS.c.admission_id, NEWS.c.audit, NEWS.c.arrived))
    return {str(name): News(audit, arrived) for name, audit, arrived in rows}


def heard(connection: sql.Connection, told: Mapping[str, News]) -> None:
    """Take away what a board has learnt; what came meanwhile about the same stays waits on."""
    for name, one in told.items():
        own = (NEWS.c.admission_id == name) & (NEWS.c.audit == one.audit)
        connection.execute(NEWS.delete().where(own))


def tell(connection: sql.Connection, arrived: Collection[str], told: Collection[str], audit: int) -> None:
    """Note that an operation brought news about some stays, of which some have just come in."""
    ids = sorted({*arrived, *told})
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        came = sql.select(NEWS.c.admission_id).where(NEWS.c.admission_id.in_(some), NEWS.c.arrived)
        waiting_since_they_came = set(connection.execute(came).scalars())
        connection.execute(NEWS.delete().where(NEWS.c.admission_id.in_(some)))
        rows = [
            {
                "admission_id": name,
                "audit": audit,
                "arrived": name in arrived or name in waiting_since_they_came,
            }
            for name in some
        ]
        connection.execute(NEWS.insert(), rows)
