"""The rows of `events` out of a hospital's own files: a column a measurement, or a row an event."""

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.columns import CANCELLED
from features.hospital import Facts
from features.sources import event
from features.sources.mapped_code import counted, known_texts, ours
from features.sources.mapped_file import Opened
from features.sources.mapped_instant import instants
from features.sources.mapped_stay import noting, stay_instants
from features.sources.mapping import ISO, ExtractMapping, Part
from features.timeline import positions

NUMERIC = ("number", "flag")


class Origins:
    """Where the rows of a table came from that was put together of several files' rows."""

    def __init__(self) -> None:
        self.parts: list[tuple[Opened, pd.Index]] = []
        self.starts: list[int] = []
        self.rows = 0

    def add(self, rows: Opened, places: pd.Index) -> None:
        """Note that the next rows of the table come from these places of a file."""
        self.parts.append((rows, places))
        self.starts.append(self.rows)
        self.rows += len(places)

    def named(self, label: int) -> str:
        """Return how a person finds the row that became this one."""
        part = bisect_right(self.starts, label) - 1
        rows, places = self.parts[part]
        return rows.named(int(rows.labels[places[label - self.starts[part]]]))


def event_rows(
    part: Part, rows: Opened, stays: pd.DataFrame, facts: Facts, mapping: ExtractMapping
) -> Iterator[pd.DataFrame]:
    """Yield the events of one part, a table for each name or column; the index is of places in `rows`.

    Rows of no stay in admissions, and facts told from a discharge that has not been, are left out and counted.
    """
    ids = known_texts(rows, part.admission_id)
    given = _instants(part, rows, ids, stays, mapping)
    ids = _of_stays(ids, stays, rows, part)
    for name, values, position in _facts(part, rows, facts):
        values = ours(values, part.codes.get(name), name, rows)
        table = pd.DataFrame({"admission_id": ids, **given, "value": values, "position": position}).loc[
            values.index
        ]
        spell = _kind(name, facts) == "spell"  # its text says why, and may be empty
        told = table["admission_id"].notna() & table["happened_at" if spell else "value"].notna()
        table = _placed(table[told], part, rows)
        yield _events(name, table, part, rows, facts)
        if "ended_at" in given:
            ended = table.assign(happened_at=table["ended_at"], recorded_at=table["end_recorded_at"])
            yield _events(facts.events[name].ends, ended[ended["happened_at"].notna()], part, rows, facts)


def _instants(
    part: Part, rows: Opened, ids: pd.Series, stays: pd.DataFrame, mapping: ExtractMapping
) -> dict[str, pd.Series]:
    told_from_stays = any(spec.after for spec in part.instants.values())
    others = stay_instants(ids, stays) if told_from_stays else {}
    given: dict[str, pd.Series] = {}
    for name, spec in part.instants.items():  # a name comes after those that it may be told from
        with noting(rows, name):
            given[name] = instants(rows, spec, name, {**others, **given}, mapping)
    return given


def _of_stays(ids: pd.Series, stays: pd.DataFrame, rows: Opened, part: Part) -> pd.Series:
    if "admission_id" not in stays:
        return ids
    known = positions(ids, pd.Index(stays["admission_id"].dropna().unique())) >= 0
    if not len(ids) or known.all():
        return ids
    if not known.any():
        rows.faults.column(
            f"none of its {len(ids):,} rows is of a stay in admissions: is {part.admission_id} the column that"
            " holds admission_id?"
        )
    else:
        rows.oddities.column(
            f"{int((~known).sum()):,} of {len(ids):,} rows are of no stay in admissions: left out"
        )
    return ids.where(known)


def _facts(part: Part, rows: Opened, facts: Facts) -> Iterator[tuple[str, pd.Series, pd.Series | float]]:
    """Yield each event name with its values by row, and the position of a code among several."""
    one = pd.to_numeric(known_texts(rows, part.position), errors="coerce") if part.position else np.nan
    for name, columns in part.columns.items():
        for place, column in enumerate(columns, start=1):
            yield name, known_texts(rows, column), float(place) if len(columns) > 1 else one
    for name, value in part.constants.items():
        yield name, pd.Series(value or np.nan, rows.table.index, dtype="str"), one
    if part.name:
        names, values = _names(part, rows), known_texts(rows, part.value)
        for name in names.dropna().unique():
            own = names == name
            yield str(name), values[own], one


def _names(part: Part, rows: Opened) -> pd.Series:
    return ours(known_texts(rows, part.name), part.names, "name", rows)


def _kind(name: str, facts: Facts) -> str:
    return facts.events[name].kind if name in facts.events else "code"


def _placed(table: pd.DataFrame, part: Part, rows: Opened) -> pd.DataFrame:
    """Return the rows that have an instant, where instants are told from an end that may not have been."""
    from_end = [name for name, spec in part.instants.items() if spec.after == "discharged_at"]
    from_end = [name for name in from_end if name in ("happened_at", "recorded_at")]
    waiting = table[from_end].isna().any(axis=1) if from_end else pd.Series(False, table.index)
    if waiting.any():
        rows.oddities.column(f"{int(waiting.sum()):,} rows count from a discharge that has not been: left out")
    return table[~waiting]


def _events(name: str, table: pd.DataFrame, part: Part, rows: Opened, facts: Facts) -> pd.DataFrame:
    """Return rows of `events`, with values as numbers or as texts by the kind of the name."""
    values, numbers, kind = table["value"], table["position"], _kind(name, facts)
    if kind in NUMERIC:
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        wrong = numbers.isna() & values.notna() & (values != CANCELLED)
        if wrong.any():
            rows.faults.rows(table.index[wrong], f"{name} must be a number: {counted(values[wrong])}")
            rows.faults.broken.add("number")
        numbers = numbers * part.factors.get(name, 1.0)
        values = values.where(values == CANCELLED)
    elif kind == "date":
        values = _days(values, rows.about.dates)
    return event.rows(
        name, table["admission_id"], table["happened_at"], table["recorded_at"], number=numbers, text=values
    )


def _days(values: pd.Series, dates: str) -> pd.Series:
    """Return dates as ISO spells them; what is none stays as it is, for the contract's check to find."""
    days = pd.to_datetime(values, format="%Y-%m-%d", errors="coerce")
    for form in [] if dates == ISO else [dates, dates.split(" ")[0]]:
        days = days.fillna(pd.to_datetime(values, format=form, errors="coerce"))
    return days.dt.strftime("%Y-%m-%d").where(days.notna(), values)
