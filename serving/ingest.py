"""Filling the census from a hospital's tables: the same facts as a ward system would have sent."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pandas as pd

from features.columns import ADMISSION_COLUMNS
from features.tables import Hospital
from serving.census import EventFact, StayFact
from serving.schema import OF_THE_DISCHARGE
from serving.store.facts import Receipt, keep
from serving.store.store import Store

AT_ONCE = 20_000  # facts of one transaction
OPERATION = "ingest"
Fact = TypeVar("Fact")


def ingest(hospital: Hospital, store: Store, receipt: Receipt) -> Iterator[int]:
    """Keep every fact of a hospital, and yield how many were new, some thousands at a time.

    What was kept before stays as it is, so that an ingest that was stopped can be run again.  No board
    learns of it by itself: `score` predicts.
    """
    for some in _some(sorted(stay_facts(hospital), key=lambda fact: fact.recorded_at)):
        with store.writing() as connection:
            yield keep(store, connection, some, (), receipt).stays
    events = hospital.events.sort_values("recorded_at", kind="stable", ignore_index=True)
    for first in range(0, len(events), AT_ONCE):
        facts = list(event_facts(events.iloc[first : first + AT_ONCE]))
        with store.writing() as connection:
            yield keep(store, connection, (), facts, receipt).events


def stay_facts(hospital: Hospital) -> list[StayFact]:
    """Return the admissions of a hospital, and the discharges of those that ended, as facts."""
    found = []
    for row in _rows(hospital.admissions):
        name, recorded_at = str(row.pop("admission_id")), row["admission_recorded_at"]
        left = {key: row.pop(key) for key in OF_THE_DISCHARGE if key in row}
        found.append(StayFact(name, "admission", recorded_at, _texts(row)))
        if "discharged_at" in left:
            left_recorded_at = left.pop("discharge_recorded_at")
            found.append(StayFact(name, "discharge", left_recorded_at, _texts(left)))
    return found


def sent(admissions: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of the admissions table as a ward system would send them."""
    return [_texts(row) for row in _rows(admissions)]


def event_facts(events: pd.DataFrame) -> Iterator[EventFact]:
    """Yield rows of the events table as facts."""
    happened, recorded = (
        events[name].dt.tz_convert(UTC).dt.to_pydatetime() for name in ("happened_at", "recorded_at")
    )
    texts = events["text"].astype("object").where(events["text"].notna(), None)
    numbers = events["number"].astype("object").where(events["number"].notna(), None)
    columns = (events["admission_id"], happened, recorded, events["name"].astype("str"), numbers, texts)
    for row in zip(*columns, strict=True):
        yield EventFact(*row)


def _rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield rows without what is empty: whole numbers as such, instants in UTC."""
    columns = {}
    for column in ADMISSION_COLUMNS:
        values = table[column.name]
        if column.kind == "instant":
            columns[column.name] = [
                None if pd.isna(it) else it.tz_convert(UTC).to_pydatetime() for it in values
            ]
        elif column.kind == "integer":
            columns[column.name] = [None if pd.isna(it) else int(it) for it in values]
        else:
            columns[column.name] = [None if pd.isna(it) else str(it) for it in values]
    for row in zip(*columns.values(), strict=True):
        yield {name: value for name, value in zip(columns, row, strict=True) if value is not None}


def _texts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: it.isoformat() if isinstance(it, datetime) else it for name, it in row.items()}


def _some(facts: Sequence[Fact]) -> Iterator[Sequence[Fact]]:
    for first in range(0, len(facts), AT_ONCE):
        yield facts[first : first + AT_ONCE]
