"""Tokens that were shown: each opens once, whichever process it is shown to."""

from datetime import datetime

import sqlalchemy as sql

from serving.store.digest import digest
from serving.store.store import Store
from serving.store.tables import SPENT_TOKENS


def spend(store: Store, system: str, jti: str, ends_at: datetime, at: datetime) -> bool:
    """Note that a token was shown; tells whether it was the first time."""
    name = digest(f"{system} {jti}".encode())
    with store.writing(lasting=False) as connection:
        connection.execute(SPENT_TOKENS.delete().where(SPENT_TOKENS.c.ends_at <= at))
        known = sql.select(SPENT_TOKENS.c.digest).where(SPENT_TOKENS.c.digest == name)
        if connection.execute(known).first() is not None:
            return False
        connection.execute(SPENT_TOKENS.insert(), [{"digest": name, "ends_at": ends_at}])
    return True
