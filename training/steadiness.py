"""How steady answers are: between two predictors on the same rows, and when nothing new is known."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.distribution import median_day
from models.predictor import Predictor, band_of
from models.readmission import FOLDS, fit_readmission
from training.cohort import Prepared
from training.plan import TrainingPlan
from training.split import folds


@dataclass(frozen=True)
class Steadiness:
    """How far two predictors are apart on the same rows; None where either cannot give the answer."""

    mean_change: float | None  # of the risk, 0 to 1
    change_99th: float | None
    moved_a_band: float | None  # share of rows
    moved_a_day: float | None

    @property
    def moved(self) -> float:
        """Return the larger share that moved a day or a band: above 0.10 it blocks a promotion."""
        return max(self.moved_a_band or 0.0, self.moved_a_day or 0.0)


def steadiness(one: Predictor, other: Predictor, table: pd.DataFrame, at: pd.Series) -> Steadiness:
    """Return how far the answers of two predictors about the same rows at the same moments are apart."""
    change = band = day = None
    if one.readmission is not None and other.readmission is not None:
        risks = [each.readmission.risk(each.encoder.matrix(table)) for each in (one, other) if each.readmission]
        change = risk_changes(*risks)
        bands = [[band_of(risk) for risk in own.tolist()] for own in risks]
        band = float(np.mean(np.array(bands[0]) != np.array(bands[1])))
    if one.date_model is not None and other.date_model is not None and len(table):
        days = [median_day(each.curves(table, each.days_of(table, at)).home_by) for each in (one, other)]
        day = float(np.mean(np.abs(days[0] - days[1]) >= 1))
    mean, far = (None, None) if change is None else (float(change.mean()), float(np.quantile(change, 0.99)))
    return Steadiness(mean, far, band, day)


def risk_changes(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the absolute change of each row's risk.

    >>> risk_changes(np.array([0.10, 0.30]), np.array([0.12, 0.25])).round(2).tolist()
    [0.02, 0.05]
    """
    return np.asarray(np.abs(one - other))


def flips(predictor: Predictor, table: pd.DataFrame, at: pd.Series) -> int:
    """Return how many answers differ in anything when the same rows are scored twice: 0 is right."""
    first, again = (predictor.predict(table, at, explain=False) for _ in range(2))
    return sum(one.as_json() != other.as_json() for one, other in zip(first, again, strict=True))


def retrained(predictor: Predictor, rows: Prepared, plan: TrainingPlan, seed: int) -> Predictor:
    """Return the predictor with its readmission model fitted on whole patients drawn with replacement.

    A patient drawn twice weighs twice; the number of trees stays.
    """
    assert predictor.readmission is not None
    known = rows.for_readmission()
    people, patient = np.unique(rows.rows.loc[known, "patient_id"], return_inverse=True)
    drawn = np.random.default_rng(seed).integers(len(people), size=len(people))
    times = np.bincount(drawn, minlength=len(people))[patient]
    encoder = predictor.encoder
    sample = rows.readmission_sample(encoder.matrix(rows.table), encoder.code_positions, known, plan)
    some = replace(sample, matrix=sample.matrix[times > 0], label=sample.label[times > 0])
    some = replace(some, weight=(sample.weight * times)[times > 0])
    booster = predictor.readmission.booster
    leaves = max(tree["num_leaves"] for tree in booster.dump_model()["tree_info"])
    own = next((size for size in plan.risk_sizes() if size.leaves >= leaves), plan.risk_sizes()[-1])
    size = replace(own, rounds=booster.num_trees())
    fold = folds(rows.rows.loc[known, "patient_id"][times > 0], FOLDS)
    return replace(predictor, readmission=fit_readmission(some, size, fold).model)
