"""What says nothing new about a patient changes no answer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from repeats import MINUTE, answers, latest_news2, taken_again, with_events

from features.snapshot import snapshot
from features.table import feature_table
from features.tables import Hospital
from models.predictor import Predictor
from training.cohort import prepared
from training.plan import TrainingPlan
from training.steadiness import flips, retrained, steadiness


@pytest.fixture(scope="module")
def at(small_hospital: Hospital) -> pd.Timestamp:
    return (small_hospital.observed_until - pd.Timedelta(days=3)).floor("h")


def reordered(hospital: Hospital, at: pd.Timestamp) -> Hospital:
    admissions, events = (
        part.sample(frac=1, random_state=4).reset_index(drop=True)
        for part in (hospital.admissions, hospital.events)
    )
    return replace(hospital, admissions=admissions, events=events)


def with_a_bed_noted(hospital: Hospital, at: pd.Timestamp) -> Hospital:
    """An event that is not a feature: the bed's number."""
    assert not hospital.facts.events["bed"].feature
    noted = latest_news2(hospital, at).assign(name="bed", number=np.nan, text="B7")
    return with_events(hospital, noted)


def recorded_again(hospital: Hospital, at: pd.Timestamp) -> Hospital:
    """The same value of the same minute, sent once more just before the moment."""
    return with_events(hospital, latest_news2(hospital, at).assign(recorded_at=at - MINUTE))


@pytest.mark.parametrize("change", [reordered, with_a_bed_noted, recorded_again])
def test_what_says_nothing_new_changes_no_answer(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp, change
) -> None:
    before, after = (answers(small_release, each, at) for each in (small_hospital, change(small_hospital, at)))
    assert len(before) > 30
    assert before.index.equals(after.index)
    np.testing.assert_allclose(after, before, atol=1e-9, rtol=0)


def test_a_clock_a_minute_off_changes_no_answer(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    shifted = {
        name: frame.assign(
            **{
                column: frame[column] + MINUTE
                for column in frame
                if isinstance(frame[column].dtype, pd.DatetimeTZDtype)
            }
        )
        for name, frame in (("admissions", small_hospital.admissions), ("events", small_hospital.events))
    }
    moved = replace(small_hospital, **shifted)
    before, after = answers(small_release, small_hospital, at), answers(small_release, moved, at + MINUTE)
    admitted = small_hospital.admissions.set_index("admission_id").loc[before.index, "admitted_at"]
    same_hour = (admitted.dt.minute < 59).to_numpy()  # the hour of admission is a feature
    assert same_hour.mean() > 0.8
    np.testing.assert_allclose(after[same_hour], before[same_hour], atol=1e-9, rtol=0)


def test_the_same_observation_taken_again_moves_few_dates_by_half_a_day(
    small_release: Predictor, small_hospital: Hospital
) -> None:
    moved = taken_again(small_release, small_hospital, days_back=range(3, 200, 28))
    print(f"less than half a day on {(moved < 0.5).mean():.3f} of {len(moved)}, furthest {moved.max():.2f}")
    assert len(moved) > 100
    assert (moved < 0.5).mean() >= 0.95  # the target of line T12d


def test_an_observation_taken_again_is_the_one_that_stands_and_counts_as_new_after_a_day_only(
    small_hospital: Hospital, at: pd.Timestamp
) -> None:
    standing = latest_news2(small_hospital, at)
    again = standing.assign(happened_at=at - 30 * MINUTE, recorded_at=at - MINUTE)
    before, after = (
        feature_table(snapshot(each, at), each, at).sort_index()
        for each in (small_hospital, with_events(small_hospital, again))
    )
    old = before.index.isin(standing.loc[standing["happened_at"] <= at - pd.Timedelta(days=1), "admission_id"])
    fresh = before.index.isin(again["admission_id"])
    assert fresh.sum() > old.sum() > 0
    assert [name for name in before if not before[name].equals(after[name])] == ["news2_days_ago"]
    assert (before["news2_days_ago"][old] >= 1).all()
    assert (after["news2_days_ago"][fresh] == 0).all()
    pd.testing.assert_frame_equal(before[~old], after[~old])


def test_scoring_again_with_nothing_new_flips_nothing_and_a_release_is_steady_beside_itself(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    table = feature_table(snapshot(small_hospital, at), small_hospital, at)
    moments = pd.Series(at, index=table.index)
    assert flips(small_release, table, moments) == 0
    same = steadiness(small_release, small_release, table, moments)
    assert (same.mean_change, same.change_99th, same.moved) == (0, 0, 0)


def test_a_release_learnt_from_other_draws_of_patients_is_told_apart(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    plan = TrainingPlan(most_rows=9000, date_rounds=30, risk_rounds=60)
    rows = prepared(small_hospital, plan, lambda _: None)
    other = retrained(small_release, rows, plan, seed=2)
    table = feature_table(snapshot(small_hospital, at), small_hospital, at)
    apart = steadiness(small_release, other, table, pd.Series(at, index=table.index))
    assert apart.mean_change is not None
    assert 0 < apart.mean_change < apart.change_99th < 0.8
    assert apart.moved_a_band > 0
    assert apart.moved_a_day == 0  # the date models are the same
