"""What is known of some stays at a moment, from the census, from a request, or from both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sql

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS
from features.hospital import Facts
from features.observations import states
from features.tables import Hospital, check
from features.timeline import microseconds
from serving.census import stay_of
from serving.store import facts as kept

STAY_COLUMNS = [column.name for column in ADMISSION_COLUMNS]
EVENT_FIELDS = [column.name for column in EVENT_COLUMNS]
SHOWN_ON_THE_BOARD = ("ward", "bed", "planned_discharge_on")
NO_WARD = "no ward"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """Stays as rows of the contract, and the events of theirs."""

    stays: tuple[Row, ...]
    events: pd.DataFrame

    def hospital(self, facts: Facts, where: str) -> Hospital:
        """Return them as a hospital; raises DataFault with every fault if they do not keep the contract."""
        return check(_table(self.stays, STAY_COLUMNS), self.events, facts, source="the service", where=where)

    def joined(self, other: "Record") -> "Record":
        """Return both, each stay and event once; where both have a stay, this one's is right."""
        own = {row["admission_id"] for row in self.stays}
        stays = (*self.stays, *(row for row in other.stays if row["admission_id"] not in own))
        if other.events.empty:
            return Record(stays, self.events)
        events = pd.concat([_instants(self.events), other.events]) if len(self.events) else other.events
        return Record(stays, events.drop_duplicates(ignore_index=True))


def recorded(
    connection: sql.Connection, admission_ids: Sequence[str], at: datetime, upto: Sequence[int] | None = None
) -> Record:
    """Return what the census had recorded of some stays by a moment.

    With `upto`, only facts kept by then (numbers of stay facts and events) are in it, so that the same
    question has the same answer for ever.
    """
    stays_upto, events_upto = upto if upto is not None else (None, None)
    facts = kept.stay_facts(connection, admission_ids, at, stays_upto)
    stays = [stay_of(facts[name]) for name in admission_ids if name in facts]
    rows = tuple(_as_sent(row) for row in stays if row is not None)
    events = kept.event_table(connection, [row["admission_id"] for row in rows], at, events_upto)
    return Record(rows, events)


def record_of(rows: Sequence[Row], events: Sequence[Row]) -> Record:
    """Return rows of JSON as a record; instants are texts, as they were sent."""
    return Record(tuple(rows), _table(events, EVENT_FIELDS))


def as_rows(events: pd.DataFrame) -> list[dict[str, Any]]:
    """Return events as rows of JSON, without what is empty."""
    texts = events.astype("object")
    for name in ("happened_at", "recorded_at"):
        if isinstance(events[name].dtype, pd.DatetimeTZDtype):
            texts[name] = [instant.isoformat() for instant in events[name]]
    rows = texts.where(events.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items() if value is not None} for row in rows]


def known_now(hospital: Hospital, at: pd.Timestamp, stays: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Return ward, bed and the person's planned date of each stay as recorded by the moment."""
    admissions = pd.Index(hospital.admissions["admission_id"])
    positions = admissions.get_indexer(pd.Index(stays)).astype(np.int64)
    moments = microseconds(pd.Series([at] * len(stays), dtype=f"datetime64[us, {at.tz}]"))
    columns: dict[str, list[str | None]] = {}
    for name in SHOWN_ON_THE_BOARD:
        event = hospital.facts.events.get(name)
        if event is None or not stays:
            columns[name] = [None] * len(stays)
        else:
            texts = states(hospital.events, event, admissions).at(positions, moments).texts()
            columns[name] = [None if pd.isna(text) else str(text) for text in texts]
    return {stay: {name: column[place] for name, column in columns.items()} for place, stay in enumerate(stays)}


def _table(rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows as a table, column by column: pandas takes ten times as long to find columns in rows."""
    return pd.DataFrame({name: [row.get(name) for row in rows] for name in columns})


def _as_sent(row: Row) -> dict[str, Any]:
    return {name: it.isoformat() if isinstance(it, datetime) else it for name, it in row.items()}


def _instants(events: pd.DataFrame) -> pd.DataFrame:
    """Return events with instants read, or as they are if one cannot be: the check names it then."""
    read = {
        name: pd.to_datetime(events[name], utc=True, errors="coerce", format="ISO8601").dt.as_unit("us")
        for name in ("happened_at", "recorded_at")
    }
    return events if any(column.isna().any() for column in read.values()) else events.assign(**read)
