"""A hospital's rows as a ward system would send them, ward by ward, for the demonstration."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from features.snapshot import as_known, snapshot, zoned
from features.tables import Hospital
from serving.inquiry import NO_WARD, known_now


def last_board_round(hospital: Hospital) -> pd.Timestamp:
    """Return the last morning board round of which the hospital's tables speak."""
    until = zoned(hospital.observed_until, hospital)
    midnight = until.tz_localize(None).normalize()
    rounds = [
        (midnight - pd.Timedelta(days=days)).replace(hour=hospital.facts.board_hour).tz_localize(until.tz)
        for days in (0, 1)
    ]
    return next(one for one in rounds if one <= until)


def ward_questions(hospital: Hospital, at: pd.Timestamp) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each ward with its question: its inpatients, their earlier stays, and what was recorded by then."""
    known = as_known(hospital, at)
    inpatients = snapshot(known, at)
    now = known_now(known, at, list(inpatients["admission_id"]))
    ward_of = inpatients["admission_id"].map(lambda name: now[name]["ward"] or NO_WARD)
    for ward, people in sorted(inpatients.groupby(ward_of)["patient_id"], key=lambda group: str(group[0])):
        stays = known.admissions[known.admissions["patient_id"].isin(people)]
        # Somebody's second open stay is in another ward's question too; only this ward's are asked about.
        facts = known.events[known.events["admission_id"].isin(stays["admission_id"])]
        yield (
            str(ward),
            {
                "at": at.isoformat(),
                "admissions": _rows(stays, ADMISSION_COLUMNS),
                "events": _rows(facts, EVENT_COLUMNS),
            },
        )


def _rows(table: pd.DataFrame, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return a table as JSON rows, leaving out what is empty."""
    texts = {column.name: _texts(table[column.name], column.kind) for column in columns}
    names = list(texts)
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*texts.values(), strict=True)
    ]


def _texts(values: pd.Series, kind: str) -> list[Any]:
    if kind == "instant":
        return [None if pd.isna(value) else value.isoformat() for value in values]
    if kind in ("integer", "number"):
        as_number = int if kind == "integer" else float
        return [None if pd.isna(value) else as_number(value) for value in values]
    return [None if pd.isna(value) else str(value) for value in values]
