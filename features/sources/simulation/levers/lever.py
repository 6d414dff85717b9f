"""What a lever is, and the few ways in which levers touch the two tables of a hospital."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.columns import CANCELLED
from features.history import READMISSION_WINDOW_DAYS
from features.hospital import EventName
from features.tables import Hospital

HASH_STEPS = 2**53  # as many as a float64 tells apart below 1


@dataclass(frozen=True)
class Lever:
    """One named change of a finished hospital.

    `does` is one sentence; `shows` says what must find it: the row of the leakage table that a leak breaks and
    the sign it leaves, the group figure that a bias moves, or the alarm that a drift raises.  `act` takes a
    hospital, the admission_ids that it may touch and arguments of its own, and returns another hospital.
    `share` is the share of patients that it meets unless told otherwise.
    """

    does: str
    shows: str
    act: Callable[..., Hospital]
    share: float = 1.0


def drawn_stays(hospital: Hospital, seed: int, share: float) -> pd.Index:
    """Return the admission_ids of a share of the patients, each drawn by the seed and their own pseudonym.

    Whether somebody is drawn depends on nobody else, so that a hospital cut at a moment, or one part of it,
    gives the same people; a larger share holds everybody of a smaller one.
    """
    stays = hospital.admissions
    hashes = pd.util.hash_array(stays["patient_id"].to_numpy(object), hash_key=f"{seed % 10**16:016d}")
    draws = (hashes >> np.uint64(11)) / HASH_STEPS
    return pd.Index(stays.loc[draws < share, "admission_id"])


def event_called(hospital: Hospital, name: str) -> EventName:
    """Return an event of the hospital's `hospital.toml`; raises ValueError for a name that is not in it."""
    if name not in hospital.facts.events:
        raise ValueError(f"event must be a name of hospital.toml, found {name!r}")
    return hospital.facts.events[name]


def standing(hospital: Hospital, names: Sequence[str], stays: pd.Index) -> pd.DataFrame:
    """Return the events of some names and stays that say something, that is, are not voids."""
    events = hospital.events
    events = events[events["name"].isin(list(names)) & (events["text"] != CANCELLED)]
    return events[events["admission_id"].isin(stays)]


def of_stay(rows: pd.DataFrame, hospital: Hospital, column: str) -> pd.Series:
    """Return a column of admissions for each row of events."""
    values = hospital.admissions.set_index("admission_id")[column]
    return values.reindex(rows["admission_id"]).set_axis(rows.index)


def first_of_each_stay(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the earliest instant of each stay, with what corrects them."""
    return rows[rows["happened_at"] == rows.groupby("admission_id")["happened_at"].transform("min")]


def last_text(rows: pd.DataFrame) -> pd.Series:
    """Return by admission_id the text that stands at the end."""
    ordered = rows.sort_values(["happened_at", "recorded_at"], kind="stable")
    return ordered.drop_duplicates("admission_id", keep="last").set_index("admission_id")["text"]


def back_dated(hospital: Hospital, rows: pd.DataFrame) -> Hospital:
    """Return the hospital with some events moved to the admission, as if known with it.

    Those of one stay and name keep their order, a second apart, so that none comes to correct another.
    """
    order = rows.groupby(["admission_id", "name"], observed=True)["happened_at"].rank("dense")
    happened = of_stay(rows, hospital, "admitted_at") + pd.to_timedelta(order - 1, unit="s")
    registered = of_stay(rows, hospital, "admission_recorded_at")
    recorded = registered.where(registered >= happened, happened)
    return with_events(hospital, happened_at=happened, recorded_at=recorded)


def with_events(hospital: Hospital, **columns: pd.Series) -> Hospital:
    """Return the hospital with other values in some columns of events, at the index labels given."""
    return replace(hospital, events=_with(hospital.events, columns))


def with_admissions(hospital: Hospital, **columns: pd.Series) -> Hospital:
    """Return the hospital with other values in some columns of admissions, at the index labels given."""
    return replace(hospital, admissions=_with(hospital.admissions, columns))


def _with(table: pd.DataFrame, columns: dict[str, pd.Series]) -> pd.DataFrame:
    changed: dict[str, Any] = {}
    for name, values in columns.items():
        column = table[name].copy()
        column.loc[values.index] = values.astype(column.dtype)
        changed[name] = column
    return table.assign(**changed)


def without_events(hospital: Hospital, gone: pd.Series) -> Hospital:
    """Return the hospital without some of its events, the others in their order."""
    return replace(hospital, events=hospital.events[~gone].reset_index(drop=True))


def days_between(earlier: pd.Series, later: pd.Series) -> pd.Series:
    """Return the midnights between two instants, by local days."""
    first, last = (each.dt.tz_localize(None).dt.normalize() for each in (earlier, later))
    return (last - first).dt.days


def returns(hospital: Hospital) -> pd.DataFrame:
    """Return for each stay, in the order of admissions, whether it `is_return` and whether it `had_return`.

    A return is an emergency admission on days 0 to 29 after the end of the person's stay before.
    """
    stays = hospital.admissions.sort_values(["patient_id", "admitted_at", "admission_id"], kind="stable")
    emergency = stays["admission_method"].isin(hospital.facts.group("admission_method", "emergency"))
    same = stays["patient_id"] == stays["patient_id"].shift()
    gap = days_between(stays["discharged_at"].shift(), stays["admitted_at"])
    back = emergency & same & (gap >= 0) & (gap < READMISSION_WINDOW_DAYS)
    found = pd.DataFrame({"is_return": back, "had_return": back.shift(-1, fill_value=False)})
    return found.reindex(hospital.admissions.index)
