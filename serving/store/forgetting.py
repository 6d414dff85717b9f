"""Erasing one person: all that was told of them, and all that was predicted; only seals remain."""

import json
from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sql

from features.errors import HomewardError
from serving.store import facts, followed, people, repeats
from serving.store.chunks import chunks
from serving.store.erasure import Chosen, Erasure, erase
from serving.store.store import Store
from serving.store.tables import EVENTS, IDENTITIES, NEWS, PEOPLE, PREDICTIONS, REPEATS, SHADOWS, STAY_FACTS


class NobodyKnown(HomewardError):
    """There is nobody to erase."""


def person_of(store: Store, patient_id: str) -> str:
    """Return the person of a patient as a ward system calls them; raises NobodyKnown if there is none."""
    with store.reading() as connection:
        found = people.known(connection, [patient_id])
    if patient_id not in found:
        raise NobodyKnown("nobody of that patient_id is known here")
    return found[patient_id]


def forget(store: Store, person: str, erasure: Erasure) -> Mapping[str, int]:
    """Erase a person, as a board shows them, and return how many rows of each table that were.

    Their stays go with all facts and events, their predictions with what a challenger answered, and the
    answers kept for repeats that name a stay of theirs.  Raises NobodyKnown if there is no such person.
    """
    with store.writing() as connection:
        if not people.remaining(connection, [person]):
            raise NobodyKnown("there is no person of that name; a board shows ten letters and digits")
        stays, others = _stays(connection, person)
        asked = sql.select(PREDICTIONS.c.admission_id).where(PREDICTIONS.c.person == person).distinct()
        named = stays | set(connection.execute(asked).scalars())
        counts = erase(store, connection, _rows(stays, person), erasure)
        facts.index_stays(connection, stays | others)
        _unheard(connection, stays)
        _unrepeated(connection, named)
        connection.execute(PEOPLE.delete().where(PEOPLE.c.person == person))
        followed.forget(connection, [person])
    return counts


def stay_rows(admission_ids: Collection[str]) -> Iterator[tuple[sql.Table, sql.ColumnElement[bool]]]:
    """Yield which rows are about some stays: their facts, and who is behind them."""
    for some in chunks(sorted(admission_ids)):
        for table in (STAY_FACTS, EVENTS, IDENTITIES):
            yield table, table.c.admission_id.in_(some)


def prediction_rows(which: sql.ColumnElement[bool]) -> Iterator[tuple[sql.Table, sql.ColumnElement[bool]]]:
    """Yield which rows belong to some predictions: what challengers answered, and themselves."""
    yield SHADOWS, SHADOWS.c.prediction.in_(sql.select(PREDICTIONS.c.number).where(which))
    yield PREDICTIONS, which


def _stays(connection: sql.Connection, person: str) -> tuple[set[str], set[str]]:
    """Return the stays of a person, those that do not stand too, and others that were theirs by mistake."""
    ever = sql.select(STAY_FACTS.c.admission_id).where(STAY_FACTS.c.person == person).distinct()
    named = set(connection.execute(ever).scalars())
    whose = facts.patients_of(connection, sorted(named))
    others = {name for name in named if whose.get(name, person) != person}
    return named - others, others


def _rows(stays: Collection[str], person: str) -> Chosen:
    yield from prediction_rows(PREDICTIONS.c.person == person)
    for some in chunks(sorted(stays)):
        yield from prediction_rows(PREDICTIONS.c.admission_id.in_(some))
    yield from stay_rows(stays)
    yield STAY_FACTS, STAY_FACTS.c.person == person


def _unheard(connection: sql.Connection, stays: Collection[str]) -> None:
    for some in chunks(sorted(stays)):
        connection.execute(NEWS.delete().where(NEWS.c.admission_id.in_(some)))


def _unrepeated(connection: sql.Connection, named: Collection[str]) -> None:
    """Take away the answers kept for repeats that name some stays."""
    for row in connection.execute(sql.select(REPEATS)).all():
        said = json.loads(repeats.opened(connection, row) or b"{}")
        if any(one["admission_id"] in named for one in said.get("predictions", ())):
            connection.execute(REPEATS.delete().where(REPEATS.c.caller == row.caller, REPEATS.c.key == row.key))
