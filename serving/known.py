"""What is known of some stays at a moment, from the census, from a request, or from both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sql

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from features.hospital import Facts
from features.observations import all_states
from features.parsing import as_text
from features.tables import Hospital, check
from features.timeline import microseconds, positions
from serving.census import stay_of
from serving.store import facts as kept

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
        return check(
            _table(self.stays, ADMISSION_COLUMNS), self.events, facts, source="the service", where=where
        )

    def joined(self, other: "Record") -> "Record":
        """Return both, each stay and event once; where both have a stay, this one's is right."""
        own = {row["admission_id"] for row in self.stays}
        stays = (*self.stays, *(row for row in other.stays if row["admission_id"] not in own))
        if other.events.empty:
            return Record(stays, self.events)
        if self.events.empty:
            return Record(stays, other.events)
        events = pd.concat([_instants(self.events), other.events])
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
    if not rows:
        return _nothing()
    events = kept.event_table(connection, [row["admission_id"] for row in rows], at, events_upto)
    return Record(rows, events)


@cache
def _nothing() -> Record:
    """Return the record of nobody: most questions are about people whom the census does not know."""
    return record_of((), ())


def record_of(rows: Sequence[Row], events: Sequence[Row]) -> Record:
    """Return rows of JSON as a record; instants are texts, as they were sent."""
    return Record(tuple(rows), _table(events, EVENT_COLUMNS))


def as_rows(events: pd.DataFrame) -> list[dict[str, Any]]:
    """Return events as rows of JSON, without what is empty."""
    names = [str(name) for name in events]
    columns = [_plain(values) for _, values in events.items()]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]


def _plain(values: pd.Series) -> list[Any]:
    """Return a column as JSON holds it, None for what is empty; pandas takes ten times as long."""
    if isinstance(values.dtype, pd.StringDtype):
        return list(pa.array(values.array).to_pylist())
    plain = _written(values) if isinstance(values.dtype, pd.DatetimeTZDtype) else values.tolist()
    return [None if empty else value for value, empty in zip(plain, values.isna().tolist(), strict=True)]


def _written(instants: pd.Series) -> list[str]:
    """Return instants in ISO 8601, whole seconds of UTC all at once."""
    since = microseconds(instants)
    if str(instants.dt.tz) != "UTC" or (since % 1_000_000).any():
        return [instant.isoformat() for instant in pd.DatetimeIndex(instants).to_pydatetime()]
    texts = np.datetime_as_string(since.view("datetime64[us]"), unit="s").tolist()
    return [f"{text}+00:00" for text in texts]


def known_now(hospital: Hospital, at: pd.Timestamp, stays: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Return ward, bed and the person's planned date of each stay as recorded by the moment."""
    events, names = hospital.events, list(dict.fromkeys(stays))
    shown = [hospital.facts.events[name] for name in SHOWN_ON_THE_BOARD if name in hospital.facts.events]
    moments = np.full(len(names), microseconds(pd.Series([at]))[0])
    columns: dict[str, list[str | None]] = {name: [None] * len(names) for name in SHOWN_ON_THE_BOARD}
    if shown and names:
        own = positions(events["admission_id"], names)
        for name, known in all_states(events, own, shown, moments).items():
            columns[name] = known.at(np.arange(len(names)), moments).plain()
    return {stay: {name: column[place] for name, column in columns.items()} for place, stay in enumerate(names)}


def _table(rows: Sequence[Row], columns: Sequence[Column]) -> pd.DataFrame:
    """Return rows as a table, column by column: pandas takes ten times as long to find columns in rows."""
    return pd.DataFrame(
        {it.name: _column([row.get(it.name) for row in rows], it) for it in columns}, copy=False
    )


def _column(values: list[Any], column: Column) -> Any:
    if column.kind in ("integer", "number"):
        return np.array(values, np.float64)
    return as_text(pa.array(values, pa.large_string()))


def _as_sent(row: Row) -> dict[str, Any]:
    return {name: it.isoformat() if isinstance(it, datetime) else it for name, it in row.items()}


def _instants(events: pd.DataFrame) -> pd.DataFrame:
    """Return events with instants read, or as they are if one cannot be: the check names it then."""
    read = {
        name: pd.to_datetime(events[name], utc=True, errors="coerce", format="ISO8601").dt.as_unit("us")
        for name in ("happened_at", "recorded_at")
    }
    return events if any(column.isna().any() for column in read.values()) else events.assign(**read)
