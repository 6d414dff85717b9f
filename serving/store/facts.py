"""The census on disk: facts are only ever added, and the index of stays is made from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sql

from serving.census import EventFact, StayFact, stay_of
from serving.fhir import Action, audit_event, entity
from serving.store import news, people
from serving.store.chunks import chunks
from serving.store.digest import digest_of_all
from serving.store.fact_rows import body_of, digest_of, event_row, said_in, stay_row
from serving.store.numbers import last_number
from serving.store.store import Store
from serving.store.tables import EVENTS, STAY_FACTS, STAYS, row_seal
from serving.store.vault import vault_of

NEWEST = 1_000


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

    An admission is kept under the person of its `patient_id`, who is introduced here.  `newsworthy` names
    the events after which a board is predicted anew; None means that no board is to learn of any of this.
    """
    vault, came = vault_of(connection), {"received_at": receipt.at, "sent_by": receipt.by}
    new_stays = _new(connection, STAY_FACTS, _of_people(connection, stays))
    new_events = _new(connection, EVENTS, events)
    last = last_numbers(connection)
    stay_rows = [
        {**stay_row(vault, new_stays[digest], number), "digest": digest, **came}
        for number, digest in enumerate(new_stays, last[0] + 1)
    ]
    event_rows = [
        {**event_row(vault, new_events[digest], number), "digest": digest, **came}
        for number, digest in enumerate(new_events, last[1] + 1)
    ]
    about = [
        entity(kind, str(len(rows)), sha256=digest_of_all(row_seal(table, row) for row in rows))
        for kind, table, rows in (("stay-facts", STAY_FACTS, stay_rows), ("events", EVENTS, event_rows))
        if rows
    ]
    event = audit_event(receipt.operation, receipt.action, receipt.at, receipt.by, about)
    number = store.audit(connection, receipt.at, event)
    _insert(connection, STAY_FACTS, [{**row, "audit": number} for row in stay_rows])
    _insert(connection, EVENTS, [{**row, "audit": number} for row in event_rows])
    arrived = index_stays(connection, {fact.admission_id for fact in new_stays.values()})
    if newsworthy is not None:
        told = {fact.admission_id for fact in new_events.values() if fact.name in newsworthy}
        news.tell(connection, arrived, told, number)
    return Kept(len(new_stays), len(new_events))


def index_stays(connection: sql.Connection, admission_ids: Iterable[str]) -> set[str]:
    """Make the index of some stays anew from their facts; returns those that are there now and in a bed."""
    ids = sorted(admission_ids)
    facts = stay_facts(connection, ids)
    rows = {name: stay_of(facts[name]) for name in ids if name in facts}
    for some in chunks(ids):
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
    names = ("admission_id", "kind", "recorded_at", "body", "void", "number")
    wanted = sql.select(*(STAY_FACTS.c[name] for name in names)).order_by(STAY_FACTS.c.admission_id)
    if at is not None:
        wanted = wanted.where(STAY_FACTS.c.recorded_at <= at)
    if upto is not None:
        wanted = wanted.where(STAY_FACTS.c.number <= upto)
    vault, found = vault_of(connection), dict[str, list[StayFact]]()
    for some in chunks(admission_ids):
        rows = connection.execute(wanted.where(STAY_FACTS.c.admission_id.in_(some))).all()
        for name, own in groupby(rows, key=lambda row: row[0]):
            found[name] = [
                StayFact(row[0], row[1], row[2], body_of(vault, row[5], row[3]), row[4]) for row in own
            ]
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
    wanted = sql.select(EVENTS.c.number, EVENTS.c.admission_id, *instants, EVENTS.c.name, EVENTS.c.said)
    wanted = wanted.where(EVENTS.c.recorded_at <= at)
    if upto is not None:
        wanted = wanted.where(EVENTS.c.number <= upto)
    if names is not None:
        wanted = wanted.where(EVENTS.c.name.in_(names))
    rows: list[Any] = []
    for some in chunks(admission_ids):
        rows += connection.execute(wanted.where(EVENTS.c.admission_id.in_(some))).all()
    rows.sort(key=itemgetter(0))
    columns = list(zip(*rows, strict=True)) or [()] * 6
    numbers, texts = said_in(vault_of(connection), columns[0], columns[5])
    return pd.DataFrame(
        {
            "admission_id": _texts(columns[1]),
            "happened_at": _instants(columns[2]),
            "recorded_at": _instants(columns[3]),
            "name": _texts(columns[4]),
            "number": numbers,
            "text": _texts(texts),
        },
        copy=False,
    )


def _texts(values: Sequence[Any]) -> pd.api.extensions.ExtensionArray:
    return pd.array(pa.array(values, pa.large_string()), dtype="str")


def _instants(microseconds: Sequence[Any]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.array(microseconds, "datetime64[us]"), tz="UTC")


def last_numbers(connection: sql.Connection) -> tuple[int, int]:
    """Return the numbers of the newest stay fact and event: what is known now is what has at most these."""
    return last_number(connection, STAY_FACTS), last_number(connection, EVENTS)


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


def stay_in_bed(connection: sql.Connection, person: str, at: datetime) -> tuple[str, str] | None:
    """Return the stay and the site of a person who is in a bed at a moment, None if they are in none."""
    there = (STAYS.c.came_at <= at) & (STAYS.c.left_at.is_(None) | (STAYS.c.left_at > at))
    question = sql.select(STAYS.c.admission_id, STAYS.c.site).where(STAYS.c.patient_id == person, there)
    row = connection.execute(question.order_by(STAYS.c.came_at.desc()).limit(1)).first()
    return (row.admission_id, row.site or "") if row else None


def patients_of(connection: sql.Connection, admission_ids: Sequence[str]) -> dict[str, str]:
    """Return the patient of each of some stays."""
    found: dict[str, str] = {}
    for some in chunks(admission_ids):
        wanted = sql.select(STAYS.c.admission_id, STAYS.c.patient_id).where(STAYS.c.admission_id.in_(some))
        found |= _pairs(connection, wanted)
    return found


def stays_of(
    connection: sql.Connection, patient_ids: Iterable[str], sites: Iterable[str] | None = None
) -> dict[str, str]:
    """Return the patient of each stay of some people, at all sites or at some."""
    found: dict[str, str] = {}
    for some in chunks(sorted(set(patient_ids))):
        wanted = sql.select(STAYS.c.admission_id, STAYS.c.patient_id).where(STAYS.c.patient_id.in_(some))
        if sites is not None:
            wanted = wanted.where(sql.func.coalesce(STAYS.c.site, "").in_(sorted(sites)))
        found |= _pairs(connection, wanted)
    return found


def sites_of(connection: sql.Connection, admission_ids: Sequence[str]) -> dict[str, str]:
    """Return the site of each of some stays that the census knows, empty where it has none."""
    found: dict[str, str] = {}
    for some in chunks(admission_ids):
        site = sql.func.coalesce(STAYS.c.site, "")
        found |= _pairs(
            connection, sql.select(STAYS.c.admission_id, site).where(STAYS.c.admission_id.in_(some))
        )
    return found


def _pairs(connection: sql.Connection, question: sql.Select[Any]) -> dict[str, str]:
    return {str(one): str(other) for one, other in connection.execute(question)}


def _of_people(connection: sql.Connection, stays: Sequence[StayFact]) -> list[StayFact]:
    """Return facts that name people in place of what a ward system calls patients."""
    found = people.introduced(
        connection, [fact.body["patient_id"] for fact in stays if "patient_id" in fact.body]
    )
    return [
        replace(fact, body={**fact.body, "patient_id": found[fact.body["patient_id"]]})
        if "patient_id" in fact.body
        else fact
        for fact in stays
    ]


def _new(connection: sql.Connection, table: sql.Table, facts: Sequence[Any]) -> dict[str, Any]:
    """Return the facts that are not kept yet by their digests, in their order."""
    vault = vault_of(connection)
    by_digest = {digest_of(vault, fact): fact for fact in facts}
    for some in chunks(list(by_digest)):
        known = connection.execute(sql.select(table.c.digest).where(table.c.digest.in_(some)))
        for (digest,) in known.all():
            del by_digest[digest]
    return by_digest


def _index_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "admission_id": row["admission_id"],
        "patient_id": row["patient_id"],
        "site": row.get("site"),
        "came_at": row["admission_recorded_at"],
        "left_at": row.get("discharge_recorded_at"),
    }


def _insert(connection: sql.Connection, table: sql.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)
