"""The feature table: one row an inpatient and moment, one column a feature of the catalogue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import Feature, catalogue
from features.history import history_columns
from features.hospital import EventName
from features.observations import States, all_states, observation_columns
from features.rows import Rows
from features.snapshot import zoned
from features.state import state_columns
from features.tables import Hospital
from features.timeline import Floats, coded
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


@dataclass(frozen=True)
class Columns:
    """The columns of a feature table by name, without a frame; a code that is missing is no category.

    For one patient pandas takes longer to frame the columns, and to find them again, than all models together.
    """

    index: pd.Index
    arrays: Mapping[str, Any]

    @classmethod
    def of(cls, table: "pd.DataFrame | Columns") -> "Columns":
        """Return the columns of a feature table, or columns as they are."""
        if isinstance(table, Columns):
            return table
        return cls(table.index, {str(name): values.array for name, values in table.items()})

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.index)

    def codes(self, name: str) -> "pd.Categorical[Any]":
        """Return a column of codes."""
        values = self.arrays[name]
        return values if isinstance(values, pd.Categorical) else pd.Categorical(values)

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers or flags, as an array of its own."""
        return np.array(self.arrays[name], np.float64)

    def plain(self, name: str) -> list[Any]:
        """Return a column as a list, a missing code as None."""
        values = self.arrays[name]
        if not isinstance(values, pd.Categorical):
            return list(values.tolist())
        names = [*values.categories.tolist(), None]
        return [names[code] for code in values.codes.tolist()]

    def among(self, name: str, wanted: Collection[str]) -> npt.NDArray[np.bool_]:
        """Tell which rows hold one of some codes; "" is a code that is missing."""
        values = self.codes(name)
        found = [*(str(code) in wanted for code in values.categories), "" in wanted]
        return np.array(found)[values.codes]


def feature_table(
    inpatients: pd.DataFrame,
    hospital: Hospital,
    at: pd.Timestamp | pd.Series,
    state: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the features of each inpatient at a moment (or at each row's own), in catalogue order.

    `inpatients` comes from `snapshot` or `at_moments`; the index is kept.  Numbers and flags are
    float64 with NaN for missing, codes are categories with missing kept apart from any code.  Only what
    was recorded by the moment takes part.  `state` comes from `hospital_state` of the whole hospital; it is
    all that a row takes from other patients, so that with it a part of the patients gets the same bits as
    all of them.  Without it how full the hospital is stays missing: a few people's stays cannot tell.
    Raises ValueError if a moment has no zone.
    """
    columns = feature_columns(inpatients, hospital, at, state)
    return pd.DataFrame(columns.arrays, index=columns.index, copy=False)


def feature_columns(
    inpatients: pd.DataFrame,
    hospital: Hospital,
    at: pd.Timestamp | pd.Series,
    state: pd.DataFrame | None = None,
) -> Columns:
    """Return the columns of `feature_table`, without a frame around them."""
    moments = zoned(at, hospital) if isinstance(at, pd.Timestamp) else at
    inpatients = inpatients.assign(at=moments)
    if not isinstance(inpatients["at"].dtype, pd.DatetimeTZDtype):
        raise ValueError("every moment must carry a time zone")
    features = catalogue(hospital)
    rows = Rows.of(inpatients, hospital)
    columns: dict[str, Any] = {name: inpatients[name].array for name in AS_THEY_ARE}
    columns |= _clock_columns(inpatients, hospital)
    columns |= history_columns(hospital, rows)
    facts = _facts(hospital, rows)
    for event in _wanted(hospital):
        columns |= observation_columns(facts, event, rows.stays, rows.at)
    wards = facts["ward"].at(rows.stays, rows.at).codes()
    columns |= state_columns(state, inpatients["site"], wards, rows.at)
    typed = {feature.name: _typed(columns[feature.name], feature) for feature in features}
    return Columns(inpatients.index, typed)


def _clock_columns(inpatients: pd.DataFrame, hospital: Hospital) -> Mapping[str, Any]:
    local = pd.DatetimeIndex(inpatients["at"]).tz_convert(hospital.facts.time_zone)
    admitted = pd.DatetimeIndex(inpatients["admitted_at"])
    columns: dict[str, Any] = {
        "diagnosis_group": inpatients["provisional_diagnosis"].str[:3].array,
        "hour": local.hour,
        "admitted_hour": admitted.hour,
    }
    if hospital.dates == "comparable":
        days = calendar(local.tz_localize(None).normalize(), hospital.facts.nation)
        columns["weekday"] = days["weekday"]
        columns["working_day"] = days["working_day"]
        columns["admitted_weekday"] = admitted.day_of_week
    return columns


def _wanted(hospital: Hospital) -> list[EventName]:
    return [event for event in hospital.facts.events.values() if event.feature]


def _facts(hospital: Hospital, rows: Rows) -> dict[str, States]:
    """Return the states of every event that becomes a feature, that ends one, or that tells the ward."""
    events, wanted = hospital.facts.events, _wanted(hospital)
    names = [events["ward"], *wanted, *(events[event.ends] for event in wanted if event.ends)]
    return all_states(rows.events, rows.event_stays, list(dict.fromkeys(names)), rows.last_of_stays())


def _typed(values: Any, feature: Feature) -> pd.Categorical | Floats:
    if feature.kind == "code":
        return values if isinstance(values, pd.Categorical) else coded(values)
    return np.asarray(values, dtype=np.float64)
