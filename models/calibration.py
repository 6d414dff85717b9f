"""Maps that make a forecast say what later patients did: one for a curve, one for a risk."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from models.booster import logit, sigmoid

Floats = npt.NDArray[np.float64]
KNOTS = 51
FEWEST_EVENTS = 50  # fewer than this many outcomes cannot move a forecast
PRIOR_ROWS = 200.0  # the identity map counts as so many patients, so that few patients move it little


@dataclass(frozen=True)
class CurveMap:
    """A monotone map of probabilities, the same for every day of a curve, so that curves stay monotone."""

    at: tuple[float, ...] = (0.0, 1.0)
    to: tuple[float, ...] = (0.0, 1.0)

    def applied(self, by: Floats) -> Floats:
        """Return mapped probabilities of the same shape.

        >>> CurveMap((0, 0.5, 1), (0, 0.4, 1)).applied(np.array([[0.25, 0.5]]))
        array([[0.2, 0.4]])
        """
        return np.interp(by, self.at, self.to)


def fit_curve_map(by: Floats, day: Floats, weight: Floats, seed: int) -> CurveMap:
    """Return the map of the randomised probability integral transform of later rows.

    `by` (rows, days) are uncalibrated curves, `day` when it happened (infinite: never, because death or
    transfer came first), `weight` inverse-censoring weights, 0 for those still in.  A calibrated
    curve's transform is uniform (Czado, Gneiting and Held 2009); the map is its distribution function.
    """
    used = weight > 0
    if used.sum() < FEWEST_EVENTS:
        return CurveMap()
    by, day, weight = by[used], day[used], weight[used]
    random = np.random.default_rng(seed).random(len(by))
    padded = np.column_stack([np.zeros(len(by)), by])
    rows = np.arange(len(by))
    seen = day < by.shape[1]
    whole = np.where(seen, day, 0).astype(np.int64)
    low = np.where(seen, padded[rows, whole], by[:, -1])
    high = np.where(seen, padded[rows, whole + 1], 1.0)
    transform = low + random * (high - low)
    at = np.linspace(0, 1, KNOTS)
    order = np.argsort(transform)
    running = np.append(0.0, np.cumsum(weight[order]))
    share = running[np.searchsorted(transform[order], at, side="right")] / running[-1]
    to = (len(by) * share + PRIOR_ROWS * at) / (len(by) + PRIOR_ROWS)
    to[0], to[-1] = 0.0, 1.0
    return CurveMap(tuple(map(float, at)), tuple(map(float, to)))


@dataclass(frozen=True)
class RiskMap:
    """A straight line in log-odds (Platt 1999)."""

    slope: float = 1.0
    intercept: float = 0.0

    def applied(self, log_odds: Floats) -> Floats:
        """Return the calibrated risk of uncalibrated log-odds."""
        return sigmoid(self.intercept + self.slope * log_odds)


def fit_risk_map(risk: Floats, happened: Floats, weight: Floats) -> RiskMap:
    """Return the line that makes these risks, of patients the model did not learn from, say what happened."""
    if happened.sum() < FEWEST_EVENTS or (1 - happened).sum() < FEWEST_EVENTS:
        return RiskMap()
    line = LogisticRegression(C=1e6).fit(logit(risk)[:, None], happened, sample_weight=weight)
    return RiskMap(float(line.coef_[0, 0]), float(line.intercept_[0]))
