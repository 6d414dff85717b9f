"""The benchmark of sizes: the split of a prediction's time is whole, and watching leaves nothing behind."""

import sys
from pathlib import Path

import pandas as pd

from features.snapshot import snapshot
from features.table import feature_table
from features.tables import Hospital
from models.predictor import Predictor

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from sizes import OTHER, WHERE, table, where


def test_the_time_of_a_prediction_is_split_and_the_functions_are_put_back(
    small_release: Predictor, small_hospital: Hospital
) -> None:
    at = small_hospital.observed_until - pd.Timedelta(days=3)
    rows = feature_table(snapshot(small_hospital, at), small_hospital, at).head(3)
    before = [getattr(owner, name) for pairs in WHERE.values() for owner, name in pairs]
    split = where(small_release, [(rows.iloc[[row]], at) for row in range(3)], explain=True)
    assert set(split) == {*WHERE, OTHER}
    assert all(milliseconds > 0 for milliseconds in split.values()), split
    plain = where(small_release, [(rows.iloc[[0]], at)], explain=False)
    assert plain["SHAP"] == plain["shares in days"] == 0
    assert before == [getattr(owner, name) for pairs in WHERE.values() for owner, name in pairs]


def test_sizes_are_told_as_ratios_to_the_yardstick() -> None:
    found = {
        size: {"crps": crps, "plain_ms": 2.0, "reasons_ms": 8.0} for size, crps in (("100x15", 2), ("9x3", 3))
    }
    assert "3.000 (x1.500)" in table(found)
