"""What becomes of answers when the same observation is taken again and nothing else is new."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from features.snapshot import snapshot
from features.table import feature_table
from features.tables import Hospital
from models.distribution import HORIZON_DAYS
from models.predictor import Predictor
from models.reasons import BED_DAYS_WINDOW

MINUTE = pd.Timedelta(minutes=1)


def answers(release: Predictor, hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
    """Return risk, P(home by day) and P(in bed by day) of every inpatient, one row an admission, sorted."""
    table = feature_table(snapshot(hospital, at), hospital, at)
    curves = release.curves(table, release.days_of(table, at))
    assert release.readmission is not None
    risk = release.readmission.risk(release.encoder.matrix(table))
    return pd.DataFrame(np.column_stack([risk, curves.home_by, curves.in_bed]), index=table.index).sort_index()


def with_events(hospital: Hospital, more: pd.DataFrame) -> Hospital:
    return replace(hospital, events=pd.concat([hospital.events, more], ignore_index=True))


def latest_news2(hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
    """Return the score that stands at a moment, of each admission whose was taken at least an hour before.

    Who was scored since is left out: the earlier score, noted again, would be another value.
    """
    events = hospital.events
    known = events[(events["name"] == "news2") & (events["recorded_at"] <= at)]
    standing = known.sort_values(["happened_at", "recorded_at"], kind="stable")
    standing = standing.drop_duplicates("admission_id", keep="last")
    return standing[standing["happened_at"] <= at - pd.Timedelta(hours=1)]


def taken_again(release: Predictor, hospital: Hospital, days_back: Iterable[int]) -> pd.Series:
    """Return by how many days the expected leaving moves when the last NEWS2 is taken again half an hour ago.

    One element an inpatient whose score was taken again and moment, named by the admission; moments are full
    hours so many days before the end of the data.
    """
    first = 1 + HORIZON_DAYS
    moved = []
    for back in days_back:
        at = (hospital.observed_until - pd.Timedelta(days=back)).floor("h")
        again = latest_news2(hospital, at).assign(happened_at=at - 30 * MINUTE, recorded_at=at - 20 * MINUTE)
        before, after = (
            answers(release, each, at).iloc[:, first : first + BED_DAYS_WINDOW].sum(axis=1)
            for each in (hospital, with_events(hospital, again))
        )
        moved.append((after - before).abs()[before.index.isin(again["admission_id"])])
    return pd.concat(moved)
