"""The feature table: one row an inpatient and moment, one column a feature of the catalogue."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.catalogue import Feature, catalogue
from features.history import Rows, history_columns
from features.observations import observation_columns, states
from features.snapshot import zoned
from features.tables import Hospital
from features.timeline import Integers, microseconds
from features.working_days import calendar

AS_THEY_ARE = (
    "age",
    "sex",
    "admission_method",
    "admission_source",
    "intended_management",
    "treatment_function",
    "site",
    "deprivation_decile",
    "usual_residence",
    "hours_so_far",
    "discharge_method",
    "discharge_destination",
)


def feature_table(inpatients: pd.DataFrame, hospital: Hospital, at: pd.Timestamp | pd.Series) -> pd.DataFrame:
    """Return the features of each inpatient at a moment (or at each row's own), in catalogue order.

    `inpatients` comes from `snapshot` or `at_moments`; the index is kept.  Numbers and flags are
    float64 with NaN for missing, codes are categories with missing kept apart from any code.  Only what
    was recorded by the moment takes part.  Raises ValueError if a moment has no zone.
    """
    moments = zoned(at, hospital) if isinstance(at, pd.Timestamp) else at
    rows = inpatients.assign(at=moments)
    if not isinstance(rows["at"].dtype, pd.DatetimeTZDtype):
        raise ValueError("every moment must carry a time zone")
    features = catalogue(hospital)
    admissions = pd.Index(hospital.admissions["admission_id"])
    positions = admissions.get_indexer(pd.Index(rows["admission_id"])).astype(np.int64)
    at_us = microseconds(rows["at"])
    columns: dict[str, object] = {name: rows[name] for name in AS_THEY_ARE}
    columns |= _clock_columns(rows, hospital)
    columns |= _history(hospital, rows, at_us)
    columns |= _observed(hospital, admissions, positions, at_us)
    return pd.DataFrame({f.name: _typed(columns[f.name], f, rows.index) for f in features}, index=rows.index)


def _clock_columns(rows: pd.DataFrame, hospital: Hospital) -> Mapping[str, object]:
    local = rows["at"].dt.tz_convert(hospital.facts.time_zone)
    admitted = rows["admitted_at"]
    columns: dict[str, object] = {
        "diagnosis_group": rows["provisional_diagnosis"].str[:3],
        "hour": local.dt.hour,
        "admitted_hour": admitted.dt.hour,
    }
    if hospital.dates == "comparable":
        days = calendar(local.dt.tz_localize(None).dt.normalize(), hospital.facts.nation)
        columns["weekday"] = days["weekday"]
        columns["working_day"] = days["working_day"]
        columns["admitted_weekday"] = admitted.dt.day_of_week
    return columns


def _history(hospital: Hospital, rows: pd.DataFrame, at: Integers) -> Mapping[str, object]:
    patients = pd.Index(hospital.admissions["patient_id"].unique())
    people = patients.get_indexer(pd.Index(rows["patient_id"])).astype(np.int64)
    # A discharge recorded late must not let the person's next stay into the history of this one.
    ended = microseconds(rows["admitted_at"] + pd.to_timedelta(rows["hours_so_far"], unit="h"))
    return history_columns(
        hospital, patients, Rows(people, np.minimum(at, ended), microseconds(rows["admitted_at"]))
    )


def _observed(
    hospital: Hospital, admissions: pd.Index, positions: Integers, at: Integers
) -> Mapping[str, object]:
    columns: dict[str, object] = {}
    for event in hospital.facts.events.values():
        if event.feature:
            ends = hospital.facts.events.get(event.ends)
            ended = states(hospital.events, ends, admissions) if ends else None
            columns |= observation_columns(hospital.events, event, ended, (admissions, positions, at))
    return columns


def _typed(values: object, feature: Feature, index: pd.Index) -> pd.Series:
    column = pd.Series(values if isinstance(values, np.ndarray) else pd.array(values), index=index)  # type: ignore[call-overload]
    return column.astype("category") if feature.kind == "code" else column.astype("float64")
