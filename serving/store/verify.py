"""Finding what was altered: every row that was written is held by a sealed row of the audit."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sql

from serving.census import StayFact, stay_of
from serving.fhir import details_of
from serving.store import people
from serving.store.accounts import ACCOUNT
from serving.store.database import StoreFault
from serving.store.digest import digest, digest_of_all
from serving.store.erasure import ERASURE, erased_seal
from serving.store.fact_rows import body_of
from serving.store.identities import IDENTITY
from serving.store.log import PREDICTED, ROUND_COLUMNS, Round, round_seal
from serving.store.shadows import SHADOWED
from serving.store.store import BEGINNING, Store
from serving.store.tables import (
    ACCOUNTS,
    AUDIT,
    BOARDS,
    ERASED,
    EVENTS,
    IDENTITIES,
    PREDICTIONS,
    ROUND_WARDS,
    ROUNDS,
    SHADOWS,
    STAY_FACTS,
    STAYS,
    row_seal,
)
from serving.store.vault import Vault, marks, vault_of

STREAMED = 2_000  # rows held at once
TABLE_OF = {
    "stay-facts": STAY_FACTS,
    "events": EVENTS,
    PREDICTED: PREDICTIONS,
    SHADOWED: SHADOWS,
    ACCOUNT: ACCOUNTS,
    IDENTITY: IDENTITIES,
}
Held = Mapping[str, Mapping[int, str]]  # for each kind of entity, the digest that an audit row holds


class Sealed(NamedTuple):
    """A row as the audit holds it: the operation that wrote it, its place there, and its seal.

    `whole` is what is left of all rows of the operation.
    """

    audit: int
    place: int
    seal: str
    whole: bool = False


@dataclass(frozen=True)
class Audited:
    """What a check of the whole store found; `faults` are sentences that name rows by table and number."""

    operations: int
    head: str
    faults: tuple[str, ...]


def verify(store: Store) -> Audited:
    """Check every row of the store against the audit, and the audit against its seals.

    An altered, added, removed or exchanged row is found.  Only the removal of the newest operations with all
    that they wrote cannot be seen from inside: compare `head`, which must be found again in a later check.
    """
    with store.reading() as connection:
        return verified(store, connection)


def verified(store: Store, connection: sql.Connection) -> Audited:
    """Check the state that a connection sees."""
    chain, held = _chain(store, connection)
    faults = list(chain.faults)
    for kind, table, sealed in _sealed(connection):
        faults += _covered(kind, table, held.get(kind, {}), sealed)
    faults += [*_keys(connection), *people.faults(connection), *_index(connection)]
    return Audited(chain.operations, chain.head, tuple(faults))


def holds(store: Store, head: str) -> bool:
    """Tell whether an operation that was noted as the newest is still in the audit."""
    number, _, noted = head.partition(":")
    if not number.isdecimal():
        return False
    with store.reading() as connection:
        found = connection.execute(sql.select(AUDIT.c.seal).where(AUDIT.c.number == int(number))).scalar()
    return bool(found == noted)


def events(store: Store) -> Iterator[str]:
    """Yield every operation as the JSON of a FHIR AuditEvent, in order; erased ones have none."""
    with store.reading() as connection:
        for row in _streamed(connection, sql.select(AUDIT.c.details).order_by(AUDIT.c.number)):
            if row.details is not None:
                yield row.details


def _chain(store: Store, connection: sql.Connection) -> tuple[Audited, Held]:
    faults: list[str] = []
    held: dict[str, dict[int, str]] = {}
    before, number = BEGINNING, 0
    for row in _streamed(connection, sql.select(AUDIT).order_by(AUDIT.c.number)):
        if row.number != number + 1:
            faults.append(f"audit: operations {number + 1} to {row.number - 1} are missing")
        number = row.number
        if row.seal != store.seal(before, number, row.made_at, row.details_digest):
            faults.append(f"audit {number}: was altered, or the one before it")
        if row.details is not None and digest(row.details.encode()) != row.details_digest:
            faults.append(f"audit {number}: its details were altered")
        before = row.seal
        if row.details is not None:
            _hold(held, number, row.details)
    return Audited(number, f"{number}:{before}", tuple(faults)), held


def _hold(held: dict[str, dict[int, str]], number: int, details: str) -> None:
    try:
        event = json.loads(details)
        for kind in (*TABLE_OF, "round", ERASURE):
            if told := details_of(event, kind):
                held.setdefault(kind, {})[number] = told["sha256"]
    except (ValueError, KeyError, TypeError):
        return  # its digest has told already


def _sealed(connection: sql.Connection) -> Iterator[tuple[str, sql.Table, Iterator[Sealed]]]:
    """Yield each table with each of its rows, those erased too, in the order of writing."""
    for kind, table in TABLE_OF.items():
        live = _rows(connection, table, partial(_seal_of, table))
        yield kind, table, merge(live, _erased(connection, table))
    told: dict[int, list[tuple[str, str]]] = {}
    for row in connection.execute(sql.select(ROUND_WARDS)):
        told.setdefault(row.round, []).append((row.ward, row.site))
    yield "round", ROUNDS, _rows(connection, ROUNDS, lambda row: _round_seal(row, told))
    rows = _streamed(connection, sql.select(ERASED).order_by(ERASED.c.by, *ERASED.primary_key.columns))
    yield ERASURE, ERASED, (Sealed(row.by, place, erased_seal(row._mapping)) for place, row in enumerate(rows))


def _seal_of(table: sql.Table, row: Any) -> str:
    return row_seal(table, row._mapping)


def _rows(connection: sql.Connection, table: sql.Table, sealed: Callable[[Any], str]) -> Iterator[Sealed]:
    order = table.primary_key.columns
    for row in _streamed(connection, sql.select(table).order_by(table.c.audit, *order)):
        yield Sealed(row.audit, row._mapping[order[0]], sealed(row))


def _erased(connection: sql.Connection, table: sql.Table) -> Iterator[Sealed]:
    own = sql.select(ERASED).where(ERASED.c.table == table.name).order_by(ERASED.c.audit, ERASED.c.number)
    for row in _streamed(connection, own):
        yield Sealed(row.audit, row.number, row.seal, row.whole)


def _covered(kind: str, table: sql.Table, held: Mapping[int, str], sealed: Iterable[Sealed]) -> list[str]:
    """Compare what each audit row holds with the rows that say they belong to it."""
    faults, seen = [], set()
    for number, rows in groupby(sealed, key=lambda each: each.audit):
        own = list(rows)
        seen.add(number)
        whole = len(own) == 1 and own[0].whole
        if number not in held:
            faults.append(f"{table.name}: {len(own):,} rows of operation {number}, which did not write them")
        elif held[number] != (own[0].seal if whole else digest_of_all(each.seal for each in own)):
            faults.append(f"{table.name}: rows of operation {number} were altered")
    empty = digest_of_all(())
    faults += [
        f"{table.name}: the rows of operation {number} are missing"
        for number, digest_ in held.items()
        if number not in seen and digest_ != empty
    ]
    return faults


def _keys(connection: sql.Connection) -> list[str]:
    """Compare the keys that the database names with those that there are."""
    if marks(connection) == vault_of(connection).keys.read().marks():
        return []
    return [
        "keys: the keys file holds newer ones than the database; where a rotation was interrupted, or a backup "
        "from before one restored, run it again"
    ]


def _stay_fact(vault: Vault, row: Any) -> StayFact | None:
    try:
        return StayFact(
            row.admission_id, row.kind, row.recorded_at, body_of(vault, row.number, row.body), row.void
        )
    except (StoreFault, ValueError):
        return None


def _round_seal(row: Any, wards: Mapping[int, list[tuple[str, str]]]) -> str:
    one = Round(*(getattr(row, column.name) for column in ROUND_COLUMNS))
    return round_seal(one, wards.get(row.number, []))


def _index(connection: sql.Connection) -> list[str]:
    """Compare the index of stays with what their facts come to, and that of boards with the rounds."""
    question = sql.select(STAY_FACTS).order_by(STAY_FACTS.c.admission_id, STAY_FACTS.c.number)
    vault, expected = vault_of(connection), {}
    for name, rows in groupby(_streamed(connection, question), key=lambda row: row.admission_id):
        facts = [_stay_fact(vault, row) for row in rows]
        if None in facts:
            return ["stays: cannot be compared, since a fact cannot be read"]
        if stay := stay_of(fact for fact in facts if fact):
            expected[name] = (
                stay["patient_id"],
                stay.get("site"),
                stay["admission_recorded_at"],
                stay.get("discharge_recorded_at"),
            )
    found = {
        row.admission_id: (row.patient_id, row.site, row.came_at, row.left_at)
        for row in connection.execute(sql.select(STAYS))
    }
    wrong = len({*found.items()} ^ {*expected.items()})
    faults = [f"stays: {wrong:,} rows differ from what their facts come to"] if wrong else []
    newest = sql.select(ROUND_WARDS.c.ward, ROUND_WARDS.c.site, sql.func.max(ROUND_WARDS.c.round))
    expected_boards = {
        tuple(row) for row in connection.execute(newest.group_by(ROUND_WARDS.c.ward, ROUND_WARDS.c.site))
    }
    if expected_boards != {tuple(row) for row in connection.execute(sql.select(BOARDS))}:
        faults.append("boards: a ward's newest round is another")
    return faults


def _streamed(connection: sql.Connection, question: sql.Select[Any]) -> Iterator[Any]:
    return iter(connection.execution_options(yield_per=STREAMED).execute(question))
