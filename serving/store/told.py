"""Events as they were kept, each with who sent it: what a page shows of who decided what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sql

from serving.store.chunks import chunks
from serving.store.fact_rows import said_in
from serving.store.tables import EVENTS
from serving.store.vault import vault_of


@dataclass(frozen=True)
class Told:
    """One event as it was kept: `number` counts events, and `value` and `text` are what it says."""

    number: int
    admission_id: str
    name: str
    happened_at: datetime
    recorded_at: datetime
    value: float | None
    text: str | None
    by: str


def told_of(
    connection: sql.Connection, admission_ids: Sequence[str], names: Sequence[str], at: datetime
) -> dict[str, list[Told]]:
    """Return the events of some names recorded by a moment, by stay, in the order they were kept."""
    columns = ("number", "admission_id", "name", "happened_at", "recorded_at", "said", "sent_by")
    wanted = sql.select(*(EVENTS.c[name] for name in columns)).order_by(EVENTS.c.number)
    wanted = wanted.where(EVENTS.c.recorded_at <= at, EVENTS.c.name.in_(names))
    found: dict[str, list[Told]] = {}
    for some in chunks(admission_ids):
        rows = connection.execute(wanted.where(EVENTS.c.admission_id.in_(some))).all()
        values, texts = said_in(vault_of(connection), [row[0] for row in rows], [row[5] for row in rows])
        for row, value, text in zip(rows, values.tolist(), texts, strict=True):
            number, stay, name, happened_at, recorded_at, _, by = row
            said = None if value != value else value
            told = Told(number, stay, name, happened_at, recorded_at, said, text, by)
            found.setdefault(stay, []).append(told)
    return found
