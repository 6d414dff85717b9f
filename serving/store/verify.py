"""Finding what was altered: every row that was written is held by a sealed row of the audit."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sql

from serving.census import EventFact, StayFact, stay_of
from serving.fhir import details_of
from serving.store import accounts, facts, log, shadows
from serving.store.accounts import ACCOUNT
from serving.store.digest import digest, digest_of_all
from serving.store.log import PREDICTED, ROUND_COLUMNS, Round, round_seal
from serving.store.shadows import SHADOWED
from serving.store.store import BEGINNING, Store
from serving.store.tables import (
    ACCOUNTS,
    AUDIT,
    BOARDS,
    EVENTS,
    PREDICTIONS,
    ROUND_WARDS,
    ROUNDS,
    SHADOWS,
    STAY_FACTS,
    STAYS,
)

STREAMED = 2_000  # rows held at once
Held = Mapping[str, Mapping[int, str]]  # for each kind of entity, the digest that an audit row holds


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
    return Audited(chain.operations, chain.head, (*faults, *_index(connection)))


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
        for kind in ("stay-facts", "events", PREDICTED, SHADOWED, "round", ACCOUNT):
            if told := details_of(event, kind):
                held.setdefault(kind, {})[number] = told["sha256"]
    except (ValueError, KeyError, TypeError):
        return  # its digest has told already


def _sealed(connection: sql.Connection) -> Iterator[tuple[str, sql.Table, Iterator[tuple[int, str]]]]:
    """Yield each table with (audit number, seal) of each of its rows, in the order of writing."""
    yield "stay-facts", STAY_FACTS, _rows(connection, STAY_FACTS, _stay_seal)
    yield "events", EVENTS, _rows(connection, EVENTS, _event_seal)
    yield PREDICTED, PREDICTIONS, _rows(connection, PREDICTIONS, lambda row: log.seal(row._mapping))
    yield SHADOWED, SHADOWS, _rows(connection, SHADOWS, lambda row: shadows.seal(row._mapping))
    yield ACCOUNT, ACCOUNTS, _rows(connection, ACCOUNTS, lambda row: accounts.seal(row._mapping))
    told: dict[int, list[tuple[str, str]]] = {}
    for row in connection.execute(sql.select(ROUND_WARDS)):
        told.setdefault(row.round, []).append((row.ward, row.site))
    yield "round", ROUNDS, _rows(connection, ROUNDS, lambda row: _round_seal(row, told))


def _rows(
    connection: sql.Connection, table: sql.Table, sealed: Callable[[Any], str]
) -> Iterator[tuple[int, str]]:
    for row in _streamed(connection, sql.select(table).order_by(table.c.audit, *table.primary_key.columns)):
        yield row.audit, sealed(row)


def _covered(
    kind: str, table: sql.Table, held: Mapping[int, str], sealed: Iterable[tuple[int, str]]
) -> list[str]:
    """Compare what each audit row holds with the rows that say they belong to it."""
    faults, seen = [], set()
    for number, rows in groupby(sealed, key=lambda each: each[0]):
        own = [each for _, each in rows]
        seen.add(number)
        if number not in held:
            faults.append(f"{table.name}: {len(own):,} rows of operation {number}, which did not write them")
        elif held[number] != digest_of_all(own):
            faults.append(f"{table.name}: rows of operation {number} were altered")
    empty = digest_of_all(())
    faults += [
        f"{table.name}: the rows of operation {number} are missing"
        for number, digest_ in held.items()
        if number not in seen and digest_ != empty
    ]
    return faults


def _stay_fact(row: Any) -> StayFact | None:
    try:
        return StayFact(row.admission_id, row.kind, row.recorded_at, json.loads(row.body), row.void)
    except ValueError:
        return None


def _stay_seal(row: Any) -> str:
    fact = _stay_fact(row)
    if fact is None:
        return "unreadable"
    return facts.seal(row._mapping) if fact.digest == row.digest else "altered"


def _event_seal(row: Any) -> str:
    fact = EventFact(row.admission_id, row.happened_at, row.recorded_at, row.name, row.value, row.text)
    return facts.seal(row._mapping) if fact.digest == row.digest else "altered"


def _round_seal(row: Any, wards: Mapping[int, list[tuple[str, str]]]) -> str:
    one = Round(*(getattr(row, column.name) for column in ROUND_COLUMNS))
    return round_seal(one, wards.get(row.number, []))


def _index(connection: sql.Connection) -> list[str]:
    """Compare the index of stays with what their facts come to, and that of boards with the rounds."""
    question = sql.select(STAY_FACTS).order_by(STAY_FACTS.c.admission_id, STAY_FACTS.c.number)
    expected = {}
    for name, rows in groupby(_streamed(connection, question), key=lambda row: row.admission_id):
        facts = [_stay_fact(row) for row in rows]
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
