"""The risk of an emergency readmission within 30 days, and of those who return for the same issue."""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from models.booster import (
    Floats,
    Matrix,
    Sample,
    Size,
    best_size,
    contributions,
    fitted,
    logit,
    probability,
)
from models.risk_map import RiskMap, fit_risk_map

FOLDS = 5
MOST_TO_CHOOSE_ON = 250_000  # rows; more move the choice of a size little, and cost minutes


@dataclass(frozen=True)
class ReadmissionModel:
    """P(it happens | known now) of one booster, calibrated: P(emergency admission on days 0 to 29 after this
    stay's live discharge), or P(that is for the same issue | it happens).
    """

    booster: lgb.Booster
    risk_map: RiskMap

    def risk(self, matrix: Matrix) -> Floats:
        """Return the calibrated risk of each row."""
        return self.risk_map.applied(logit(probability(self.booster, matrix)))

    def contributions(self, matrix: Matrix) -> Floats:
        """Return exact SHAP values in uncalibrated log-odds, the last column the base value."""
        return contributions(self.booster, matrix)


@dataclass(frozen=True)
class FittedRisk:
    """A model, the size that was chosen, and each row's calibrated risk by boosters that never saw its fold."""

    model: ReadmissionModel
    size: Size
    out_of_fold: Floats


def fit_readmission(sample: Sample, size: Size | Sequence[Size], fold: npt.NDArray[np.int64]) -> FittedRisk:
    """Fit on every row, the risks calibrated out of fold by patient; of several sizes the best is chosen.

    `fold` is each row's fold, the same for all rows of a patient.  Each fold's returned risks are raw risks of
    a booster that never saw the fold, calibrated on the other folds' risks; their boosters did see it, which
    moved a risk by less than 0.01 when labels were flipped.
    """
    size = size if isinstance(size, Size) else _chosen(sample, size, fold)
    raw, risk = np.zeros(len(sample.label)), np.zeros(len(sample.label))
    for one in range(FOLDS):
        out = fold == one
        raw[out] = probability(fitted(picked(sample, ~out), size), sample.matrix[out])
    risk_map = fit_risk_map(raw, sample.label, sample.weight, fold)
    for one in range(FOLDS):
        out = fold == one
        line = fit_risk_map(raw[~out], sample.label[~out], sample.weight[~out], fold[~out], [risk_map.kind])
        risk[out] = line.applied(logit(raw[out]))
    return FittedRisk(ReadmissionModel(fitted(sample, size), risk_map), size, risk)


def _chosen(sample: Sample, sizes: Sequence[Size], fold: npt.NDArray[np.int64]) -> Size:
    if len(sample.label) <= MOST_TO_CHOOSE_ON:
        return best_size(sample, sizes, fold)
    random = np.random.default_rng(sizes[0].seed)
    rows = random.permutation(len(sample.label)) < MOST_TO_CHOOSE_ON
    return best_size(picked(sample, rows), sizes, fold[rows])


def picked(sample: Sample, rows: npt.NDArray[np.bool_]) -> Sample:
    """Return some rows of a sample."""
    return Sample(sample.matrix[rows], sample.label[rows], sample.weight[rows], sample.codes)
