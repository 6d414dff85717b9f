"""The rivals of the date models: proper curves on every row, and a verdict that can go either way."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.tables import Hospital
from training.cohort import Prepared, prepared
from training.plan import TrainingPlan
from training.split import parts

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from rival_curves import (
    DAYS,
    QUANTILES,
    RIVALS,
    Answer,
    Contest,
    homeward,
    quantile_curves,
    specialty_by_day,
)
from rivals import DATE_COLUMNS, HAZARDS, measured, table, verdict

PLAN = TrainingPlan(most_rows=6000, date_rounds=20, risk_rounds=20, threads=1)
SMALL = {"survival_rows": 400, "survival_rounds": 8}


@pytest.fixture(scope="module")
def rows(small_hospital: Hospital) -> Prepared:
    return prepared(small_hospital, PLAN, lambda said: None)


@pytest.fixture(scope="module")
def contest(rows: Prepared) -> Contest:
    side = parts(rows.rows, "comparable", PLAN)
    in_bed = rows.for_dates()
    learn, later = (rows.pick((side == name).to_numpy() & in_bed) for name in ("fit", "calibrate"))
    return Contest(learn, later, PLAN, **SMALL)


@pytest.mark.parametrize("rival", [homeward, *RIVALS.values()])
def test_each_gives_every_row_a_rising_curve_between_0_and_1(
    rival: Callable[[Contest], Answer], contest: Contest, rows: Prepared
) -> None:
    asked = rows.pick(rows.for_dates())
    curves = rival(contest)(asked)
    assert curves.shape == (len(asked.rows), len(DAYS))
    assert np.diff(curves, axis=1).min() >= -1e-12
    assert curves.min() >= 0
    assert curves.max() <= 1 + 1e-9
    assert len(np.unique(curves[:, 7])) > 5, "it tells patients apart"


def test_a_curve_goes_through_its_quantiles_and_crossed_ones_are_sorted() -> None:
    days = np.linspace(1, 19, 19)
    straight, crossed = quantile_curves(np.vstack([days, days[::-1]]))
    np.testing.assert_array_equal(straight, crossed)
    np.testing.assert_allclose(straight[:19], QUANTILES)  # the end of day 0 is day 1
    assert straight[19] == pytest.approx(0.975), "half of the last twentieth a day later"


def late(contest: Contest) -> Answer:
    """Say five days too late."""
    ordinary = specialty_by_day(contest)
    return lambda asked: np.pad(ordinary(asked), ((0, 0), (5, 0)))[:, : len(DAYS)]


def clairvoyant(contest: Contest) -> Answer:
    """Know when each goes home."""
    return lambda asked: ((asked.targets.exit_day[:, None] <= DAYS) & asked.targets.went_home[:, None]).astype(
        float
    )


def test_a_rival_that_errs_is_seen_as_worse_and_one_that_knows_as_better(rows: Prepared) -> None:
    found = measured(rows, PLAN, {"five days late": late})
    low, _ = found["dates"]["five days late"]["crps_interval"]
    assert low > 1
    assert found["dates"]["five days late"]["mae_days"] > found["dates"][HAZARDS]["mae_days"]
    assert found["verdict"] == "no rival beats the hazards on CRPS by more than 2 %"
    assert {"logistic regression", "the ward's planned date"} < set(found["dates"])
    assert set(found["readmission"]) >= {"Homeward", "logistic_regression", "lace"}
    assert len(table(found["dates"], DATE_COLUMNS).splitlines()) == 1 + len(found["dates"])
    beaten = measured(rows, PLAN, {"clairvoyant": clairvoyant})
    assert beaten["verdict"] == "BEATEN on CRPS by more than 2 % by clairvoyant"


def test_an_interval_across_the_limit_is_told_as_such() -> None:
    dates = {HAZARDS: {"crps_interval": (1.0, 1.0)}, "near": {"crps_interval": (0.95, 1.01)}}
    assert verdict(dates).endswith("cannot tell: near")
