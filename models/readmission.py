"""The risk of an emergency readmission within 30 days: one booster and its calibration."""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from models.booster import Floats, Matrix, Sample, Size, contributions, fitted, logit, probability
from models.calibration import RiskMap, fit_risk_map

FOLDS = 5


@dataclass(frozen=True)
class ReadmissionModel:
    """P(emergency admission on days 0 to 29 after this stay's live discharge | known now)."""

    booster: lgb.Booster
    risk_map: RiskMap

    def risk(self, matrix: Matrix) -> Floats:
        """Return the calibrated risk of each row."""
        return self.risk_map.applied(logit(probability(self.booster, matrix)))

    def contributions(self, matrix: Matrix) -> Floats:
        """Return exact SHAP values in uncalibrated log-odds, the last column the base value."""
        return contributions(self.booster, matrix)


def fit_readmission(sample: Sample, size: Size, later: Sample) -> ReadmissionModel:
    """Fit on one set of patients, stop and calibrate on another."""
    booster = fitted(sample, size, later, patience=40)
    return ReadmissionModel(
        booster, fit_risk_map(probability(booster, later.matrix), later.label, later.weight)
    )


def refit_readmission(
    sample: Sample, size: Size, fold: npt.NDArray[np.int64]
) -> tuple[ReadmissionModel, Floats]:
    """Fit on every row, calibrated on out-of-fold predictions by patient; also return those, calibrated.

    `fold` is each row's fold, the same for all rows of a patient.  Each fold's returned risks are raw
    risks of a booster that never saw the fold, calibrated on the other folds' risks; their boosters did
    see it, which moved a risk by less than 0.01 when labels were flipped.
    """
    raw = np.zeros(len(sample.label))
    for one in range(FOLDS):
        out = fold == one
        booster = fitted(picked(sample, ~out), size)
        raw[out] = probability(booster, sample.matrix[out])
    risk = np.zeros(len(raw))
    for one in range(FOLDS):
        out = fold == one
        line = fit_risk_map(raw[~out], sample.label[~out], sample.weight[~out])
        risk[out] = line.applied(logit(raw[out]))
    model = ReadmissionModel(fitted(sample, size), fit_risk_map(raw, sample.label, sample.weight))
    return model, risk


def picked(sample: Sample, rows: npt.NDArray[np.bool_]) -> Sample:
    """Return some rows of a sample."""
    return Sample(sample.matrix[rows], sample.label[rows], sample.weight[rows], sample.codes)
