"""Numbers of rows, which count up and are never given twice: not even that of a row that was erased."""

import sqlalchemy as sql

from serving.store.tables import ERASED


def last_number(connection: sql.Connection, table: sql.Table) -> int:
    """Return the highest number that a row of a table has or had, 0 where there was none.

    What was known at some time is what had at most a number by then, so a number must not come back.
    """
    erased = sql.select(sql.func.max(ERASED.c.number)).where(ERASED.c.table == table.name)
    there = sql.select(sql.func.max(table.c.number))
    found = connection.execute(sql.select(there.scalar_subquery(), erased.scalar_subquery())).one()
    return max(number or 0 for number in found)
