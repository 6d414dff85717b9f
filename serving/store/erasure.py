"""Erasing rows so that the audit can still be checked: of each a seal remains that nobody can guess."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sql

from serving.fhir import audit_event, entity
from serving.store.chunks import chunks
from serving.store.digest import digest_of_all, digest_of_row
from serving.store.store import Store
from serving.store.tables import ERASED, row_seal

ERASURE = "erased"
Chosen = Iterable[tuple[sql.Table, sql.ColumnElement[bool]]]  # tables, and which of their rows
PLACES = [column.name for column in ERASED.primary_key.columns]


@dataclass(frozen=True)
class Erasure:
    """When rows are erased, by whom, and by which command."""

    at: datetime
    by: str
    operation: str


def erase(store: Store, connection: sql.Connection, chosen: Chosen, erasure: Erasure) -> Mapping[str, int]:
    """Erase rows with the audit row that covers what remains of them; returns how many of each table.

    What a seal is made of holds a nonce that is erased too, so nobody, even with every key, can find out
    what a row had said.
    """
    gone: dict[sql.Table, list[dict[str, Any]]] = {}
    for table, which in chosen:
        gone.setdefault(table, []).extend(_remains(connection, table, which))
        connection.execute(table.delete().where(which))
    counts = {table.name: len(rows) for table, rows in gone.items() if rows}
    if not counts:
        return {}
    remains = [row for table, rows in gone.items() for row in _whole_operations(connection, table, rows)]
    remains.sort(key=itemgetter(*PLACES))
    sha256 = digest_of_all(map(erased_seal, remains))
    told = entity(ERASURE, str(sum(counts.values())), sha256=sha256, **counts)
    event = audit_event(erasure.operation, "D", erasure.at, erasure.by, [told])
    number = store.audit(connection, erasure.at, event)
    connection.execute(ERASED.insert(), [{**row, "by": number} for row in remains])
    return counts


def erased_seal(row: Mapping[str, Any]) -> str:
    """Return the digest of what remains of a row, but for the number of the audit row that holds it."""
    return digest_of_row(row[column.name] for column in ERASED.columns if column.name != "by")


def _remains(
    connection: sql.Connection, table: sql.Table, which: sql.ColumnElement[bool]
) -> list[dict[str, Any]]:
    first = table.primary_key.columns[0]
    rows = connection.execute(sql.select(table).where(which))
    return [
        {
            "table": table.name,
            "number": row._mapping[first],
            "audit": row.audit,
            "whole": False,
            "seal": row_seal(table, row._mapping),
        }
        for row in rows
    ]


def _whole_operations(
    connection: sql.Connection, table: sql.Table, found: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return one row for each operation of which nothing else is left, and the others as they are."""
    parts = _in_parts(connection, table, sorted({row["audit"] for row in found}))
    remains = []
    for audit, own in groupby(sorted(found, key=itemgetter("audit", "number")), key=itemgetter("audit")):
        rows = list(own)
        if audit in parts:
            remains += rows
        else:
            seal = digest_of_all(row["seal"] for row in rows)
            remains.append({**rows[-1], "whole": True, "seal": seal})
    return remains


def _in_parts(connection: sql.Connection, table: sql.Table, audits: list[int]) -> set[int]:
    """Return which of some operations have rows that are still there, or were erased before."""
    found: set[int] = set()
    for some in chunks(audits):
        live = sql.select(table.c.audit).where(table.c.audit.in_(some)).distinct()
        before = sql.select(ERASED.c.audit).where(ERASED.c.table == table.name, ERASED.c.audit.in_(some))
        for question in (live, before):
            found |= set(connection.execute(question).scalars())
    return found
