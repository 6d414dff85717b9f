"""The census on disk: facts are only ever added, and the index of stays is made from them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sql

from serving.census import EventFact, StayFact, stay_of
from serving.fhir import Action, audit_event, entity
from serving.store import news
from serving.store.digest import canonical, digest_of_all
from serving.store.store import Store
from serving.store.tables import EVENTS, STAY_FACTS, STAYS

NEWEST = 1_000
AT_ONCE = 500  # values of one question; SQLite takes 32,766
Row = TypeVar("Row")


@dataclass(frozen=True)
class Receipt:
    """When facts came, from whom, and by which route or command."""

    at: datetime
    by: str
    operation: str
    action: Action = "C"


@dataclass(frozen=True)
class Kept:
    """How many facts were new; the others had been kept before."""

    stays: int
    events: int


def keep(
    store: Store,
    connection: sql.Connection,
    stays: Sequence[StayFact],
    events: Sequence[EventFact],
    receipt: Receipt,
    *,
    newsworthy: frozenset[str] | None = None,
) -> Kept:
    """Add facts that are not there yet, in one transaction with their audit row.

    `newsworthy` names the events after which a board is predicted anew; None means that no board is to
    learn of any of this.
    """
    new_stays = _new(connection, STAY_FACTS, stays)
    new_events = _new(connection, EVENTS, events)
    last = last_numbers(connection)
    came: dict[str, Any] = {"received_at": receipt.at, "sent_by": receipt.by}
    stay_rows = [{**_stay_row(fact), **came, "number": at} for at, fact in enumerate(new_stays, last[0] + 1)]
    event_rows = [{**_event_row(fact), **came, "number": at} for at, fact in enumerate(new_events, last[1] + 1)]
    about = [
        entity(kind, str(len(rows)), sha256=digest_of_all(map(seal, rows)))
        for kind, rows in (("stay-facts", stay_rows), ("events", event_rows))
        if rows
    ]
    event = audit_event(receipt.operation, receipt.action, receipt.at, receipt.by, about)
    number = store.audit(connection, receipt.at, event)
    _insert(connection, STAY_FACTS, [{**row, "audit": number} for row in stay_rows])
    _insert(connection, EVENTS, [{**row, "audit": number} for row in event_rows])
    arrived = index_stays(connection, {fact.admission_id for fact in new_stays})
    if newsworthy is not None:
        told = {fact.admission_id for fact in new_events if fact.name in newsworthy}
        news.tell(connection, arrived, told, number)
    return Kept(len(new_stays), len(new_events))


def index_stays(connection: sql.Connection, admission_ids: Iterable[str]) -> set[str]:
    """Make the index of some stays anew from their facts; returns those that are there now and in a bed."""
    ids = sorted(admission_ids)
    facts = stay_facts(connection, ids)
    rows = {name: stay_of(facts[name]) for name in ids if name in facts}
    for some in _chunks(ids):
        connection.execute(STAYS.delete().where(STAYS.c.admission_id.in_(some)))
    standing = [row for row in rows.values() if row]
    _insert(connection, STAYS, [_index_row(row) for row in standing])
    return {row["admission_id"] for row in standing if "discharged_at" not in row}


def stay_facts(
    connection: sql.Connection,
    admission_ids: Sequence[str],
    at: datetime | None = None,
    upto: int | None = None,
) -> dict[str, list[StayFact]]:
    """Return the facts of stays, of those recorded by a moment and kept by a number if these are given."""
    wanted = sql.select(
        STAY_FACTS.c.admission_id,
        STAY_FACTS.c.kind,
        STAY_FACTS.c.recorded_at,
        STAY_FACTS.c.body,
        STAY_FACTS.c.void,
    ).order_by(STAY_FACTS.c.admission_id)
    if at is not None:
        wanted = wanted.where(STAY_FACTS.c.recorded_at <= at)
    if upto is not None:
        wanted = wanted.where(STAY_FACTS.c.number <= upto)
    found: dict[str, list[StayFact]] = {}
    for some in _chunks(admission_ids):
        rows = connection.execute(wanted.where(STAY_FACTS.c.admission_id.in_(some))).all()
        for name, own in groupby(rows, key=lambda row: row[0]):
            found[name] = [StayFact(row[0], row[1], row[2], _read(row[3]), row[4]) for row in own]
    return found


def event_table(
    connection: sql.Connection,
    admission_ids: Sequence[str],
    at: datetime,
    upto: int | None = None,
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the events of stays recorded by a moment as the contract's table, in the order they were kept.

    Of all names, or of some.
    """
    instants = [sql.type_coerce(EVENTS.c[name], sql.BigInteger) for name in ("happened_at", "recorded_at")]
    wanted = sql.select(
        EVENTS.c.number, EVENTS.c.admission_id, *instants, EVENTS.c.name, EVENTS.c.value, EVENTS.c.text
    ).where(EVENTS.c.recorded_at <= at)
    if upto is not None:
        wanted = wanted.where(EVENTS.c.number <= upto)
    if names is not None:
        wanted = wanted.where(EVENTS.c.name.in_(names))
    rows: list[Any] = []
    for some in _chunks(admission_ids):
        rows += connection.execute(wanted.where(EVENTS.c.admission_id.in_(some))).all()
    rows.sort(key=itemgetter(0))
    columns = list(zip(*rows, strict=True)) or [()] * 7
    return pd.DataFrame(
        {
            "admission_id": _texts(columns[1]),
            "happened_at": _instants(columns[2]),
            "recorded_at": _instants(columns[3]),
            "name": _texts(columns[4]),
            "number": np.array(columns[5], np.float64),
            "text": _texts(columns[6]),
        },
        copy=False,
    )


def _texts(values: Sequence[Any]) -> pd.api.extensions.ExtensionArray:
    return pd.array(pa.array(values, pa.large_string()), dtype="str")


def _instants(microseconds: Sequence[Any]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.array(microseconds, "datetime64[us]"), tz="UTC")


def last_numbers(connection: sql.Connection) -> tuple[int, int]:
    """Return the numbers of the newest stay fact and event: what is known now is what has at most these."""
    asked = sql.select(
        *(
            sql.select(sql.func.coalesce(sql.func.max(table.c.number), 0)).scalar_subquery()
            for table in (STAY_FACTS, EVENTS)
        )
    )
    stays, events = connection.execute(asked).one()
    return int(stays), int(events)


def newest_recorded(connection: sql.Connection, at: datetime) -> datetime | None:
    """Return when the last of the newest facts was recorded, by a moment; None if there are none.

    It tells whether the ward's system still sends.
    """
    found = []
    for table in (STAY_FACTS, EVENTS):
        last = sql.select(table.c.recorded_at).order_by(table.c.number.desc()).limit(NEWEST).subquery()
        newest = sql.select(sql.func.max(last.c.recorded_at)).where(last.c.recorded_at <= at)
        found.append(connection.execute(newest).scalar())
    return max((instant for instant in found if instant is not None), default=None)


def in_bed(connection: sql.Connection, at: datetime) -> list[str]:
    """Return the stays whose admission was recorded by a moment and discharge was not, as is known now."""
    there = (STAYS.c.came_at <= at) & (STAYS.c.left_at.is_(None) | (STAYS.c.left_at > at))
    question = sql.select(STAYS.c.admission_id).where(there).order_by(STAYS.c.admission_id)
    return [str(name) for name in connection.execute(question).scalars()]


def patients_of(connection: sql.Connection, admission_ids: Sequence[str]) -> dict[str, str]:
    """Return the patient of each of some stays."""
    found: dict[str, str] = {}
    for some in _chunks(admission_ids):
        wanted = sql.select(STAYS.c.admission_id, STAYS.c.patient_id).where(STAYS.c.admission_id.in_(some))
        found |= _pairs(connection, wanted)
    return found


def stays_of(
    connection: sql.Connection, patient_ids: Iterable[str], sites: Iterable[str] | None = None
) -> dict[str, str]:
    """Return the patient of each stay of some people, at all sites or at some."""
    found: dict[str, str] = {}
    for some in _chunks(sorted(set(patient_ids))):
        wanted = sql.select(STAYS.c.admission_id, STAYS.c.patient_id).where(STAYS.c.patient_id.in_(some))
        if sites is not None:
            wanted = wanted.where(sql.func.coalesce(STAYS.c.site, "").in_(sorted(sites)))
        found |= _pairs(connection, wanted)
    return found


def sites_of(connection: sql.Connection, admission_ids: Sequence[str]) -> dict[str, str]:
    """Return the site of each of some stays that the census knows, empty where it has none."""
    found: dict[str, str] = {}
    for some in _chunks(admission_ids):
        site = sql.func.coalesce(STAYS.c.site, "")
        found |= _pairs(
            connection, sql.select(STAYS.c.admission_id, site).where(STAYS.c.admission_id.in_(some))
        )
    return found


def _pairs(connection: sql.Connection, question: sql.Select[Any]) -> dict[str, str]:
    return {str(one): str(other) for one, other in connection.execute(question)}


def _new(connection: sql.Connection, table: sql.Table, facts: Sequence[Any]) -> list[Any]:
    """Return the facts that are not kept yet, each once, in their order."""
    by_digest = {fact.digest: fact for fact in facts}
    for some in _chunks(list(by_digest)):
        known = connection.execute(sql.select(table.c.digest).where(table.c.digest.in_(some)))
        for (digest,) in known.all():
            del by_digest[digest]
    return list(by_digest.values())


def seal(row: Mapping[str, Any]) -> str:
    """Return what the audit holds of a fact: its place, what it says, when it came and from whom."""
    return f"{row['number']} {row['digest']} {row['received_at'].timestamp():.6f} {row['sent_by']}"


def _stay_row(fact: StayFact) -> dict[str, Any]:
    own = {"admission_id": fact.admission_id, "kind": fact.kind, "recorded_at": fact.recorded_at}
    return {**own, "digest": fact.digest, "void": fact.void, "body": canonical(fact.body).decode()}


def _event_row(fact: EventFact) -> dict[str, Any]:
    return {
        "digest": fact.digest,
        "admission_id": fact.admission_id,
        "happened_at": fact.happened_at,
        "recorded_at": fact.recorded_at,
        "name": fact.name,
        "value": fact.number,
        "text": fact.text,
    }


def _index_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "admission_id": row["admission_id"],
        "patient_id": row["patient_id"],
        "site": row.get("site"),
        "came_at": row["admission_recorded_at"],
        "left_at": row.get("discharge_recorded_at"),
    }


def _read(body: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(body)
    return read


def _insert(connection: sql.Connection, table: sql.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _chunks(values: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for first in range(0, len(values), AT_ONCE):
        yield values[first : first + AT_ONCE]
