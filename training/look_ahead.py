"""Whether the past changes with the future: a cut hospital beside the whole, an older extract beside a new."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from features.snapshot import as_known, snapshot
from features.state import hospital_state
from features.table import feature_table
from features.tables import RECORDED_AND_HAPPENED, Hospital
from training.sign import Sign

FeaturesAt = Callable[[Hospital, pd.Timestamp], pd.DataFrame]
WHO = "inpatients"  # the row of people who are in one of the two tables only
REMEDY_OF_CODE = "a feature reads what was recorded after the moment; let it take only rows recorded by then"
REMEDY_OF_REWRITING = "the source overwrites what it said; ask for every version with its time, or leave it out"


def features_at(hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
    """Return the features of everybody in a bed at a moment, with how full the hospital was; by admission."""
    inpatients = snapshot(hospital, at)
    return feature_table(inpatients, hospital, at, hospital_state(hospital, at))


def moments(hospital: Hospital, count: int) -> pd.DatetimeIndex:
    """Return moments spread evenly over the time that the data cover, at any minute of day and week."""
    first, last = hospital.admissions["admission_recorded_at"].min(), hospital.observed_until
    share = (np.arange(count) + 0.5) / count
    return pd.DatetimeIndex([first + (last - first) * each for each in share]).round("min")


def differing_values(
    hospital: Hospital, at: pd.Timestamp, features: FeaturesAt = features_at
) -> tuple[pd.Series, int]:
    """Return by feature how many values differ with the future cut off, and how many inpatients there were.

    `features` makes the table, so that another pipeline can be held to the same.  A feature that is there in
    only one of the tables differs for everybody; `inpatients` counts people who are in only one.
    """
    whole, cut = features(hospital, at), features(as_known(hospital, at), at)
    both = whole.index.intersection(cut.index)
    one, other = whole.loc[both], cut.loc[both]
    counts = {name: _differing(one, other, str(name)) for name in one.columns.union(other.columns, sort=False)}
    return pd.Series({WHO: len(whole) + len(cut) - 2 * len(both), **counts}, dtype="int64"), len(whole)


def cut_signs(hospital: Hospital, count: int, features: FeaturesAt = features_at) -> Iterator[Sign]:
    """Yield a sign for each feature of which a value differs, or one for all if none does."""
    found = [differing_values(hospital, at, features) for at in moments(hospital, count)]
    differing = pd.concat([each for each, _ in found], axis=1).fillna(0).sum(axis=1)
    people = sum(inpatients for _, inpatients in found)
    words = f"values at {count} moments that differ once the future is cut off:"
    for name in differing.index[differing > 0]:
        yield Sign(f"features.{name}", words, float(differing[name]), 0, people, REMEDY_OF_CODE, least=1)
    if not differing.any():
        yield Sign("features", words, 0.0, 0, people, REMEDY_OF_CODE, least=1)


def rewritten(earlier: Hospital, later: Hospital) -> Iterator[Sign]:
    """Yield, by column and event, how much of what an earlier extract knew a later one tells otherwise.

    Both are taken as known at the last instant that the earlier one recorded.
    """
    columns = [recorded for recorded, _ in RECORDED_AND_HAPPENED]
    at = max(earlier.events["recorded_at"].max(), earlier.admissions[columns].max().max())
    before, after = as_known(earlier, at), as_known(later, at)
    people = before.admissions["patient_id"].nunique()
    words = f"values known by {at:%d %B %Y} that a later extract tells otherwise:"
    counts = {**_columns_rewritten(before, after), **_events_rewritten(before, after)}
    for name, count in counts.items():
        yield Sign(name, words, float(count), 0, people, REMEDY_OF_REWRITING, least=1)


def _differing(one: pd.DataFrame, other: pd.DataFrame, name: str) -> int:
    if name not in one or name not in other:
        return len(one)
    return int((~_equal(one[name].astype("object"), other[name].astype("object"))).sum())


def _equal(one: pd.Series, other: pd.Series) -> pd.Series:
    return (one == other) | (one.isna() & other.isna())


def _columns_rewritten(before: Hospital, after: Hospital) -> dict[str, int]:
    one, other = (each.admissions.set_index("admission_id").astype("object") for each in (before, after))
    both = one.index.intersection(other.index)
    counts = {f"admissions.{name}": _differing(one.loc[both], other.loc[both], str(name)) for name in one}
    return {"admissions": len(one) + len(other) - 2 * len(both), **counts}


def _events_rewritten(before: Hospital, after: Hospital) -> dict[str, int]:
    one, other = (_rows(each) for each in (before, after))
    gap = one.sub(other, fill_value=0)
    counts = gap.clip(lower=0).groupby("name").sum().combine((-gap).clip(lower=0).groupby("name").sum(), max)
    return {f"events.{name}": int(count) for name, count in counts.items()}


def _rows(hospital: Hospital) -> pd.Series:
    """Return how often each very row of events is there, by name and a hash of the row."""
    events = hospital.events.assign(name=hospital.events["name"].astype("str"))
    hashes = pd.util.hash_pandas_object(events, index=False)
    return pd.DataFrame({"name": events["name"], "row": hashes}).value_counts().astype("int64")
