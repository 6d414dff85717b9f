"""Maps that make a risk say what happened to patients whom the model never saw: Platt, Beta or isotonic."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.booster import logit, sigmoid
from models.calibration import FEWEST_EVENTS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Kind = Literal["platt", "beta", "isotonic"]
KINDS: tuple[Kind, ...] = ("platt", "beta", "isotonic")
FEWEST_FOR_STEPS = (
    1000  # outcomes; isotonic regression learns noise from fewer (Niculescu-Mizil and Caruana 2005)
)


@dataclass(frozen=True)
class RiskMap:
    """A monotone map from uncalibrated log-odds to a risk.

    Platt (1999) and Beta (Kull et al. 2017) give log-odds `low` * ln(p) - `high` * ln(1 - p) + `intercept`, for
    Platt with `low` = `high`; isotonic regression gives points `at` (log-odds)
    and `to` (risk), joined by lines.
    """

    kind: Kind = "platt"
    low: float = 1.0
    high: float = 1.0
    intercept: float = 0.0
    at: tuple[float, ...] = ()
    to: tuple[float, ...] = ()

    def applied(self, log_odds: Floats) -> Floats:
        """Return the calibrated risk of uncalibrated log-odds, of the same shape.

        >>> RiskMap().applied(np.array([0.0]))
        array([0.5])
        """
        if self.kind == "isotonic":
            return np.interp(log_odds, self.at, self.to)
        odds = self.low * -np.logaddexp(0, -log_odds) + self.high * np.logaddexp(0, log_odds)
        return sigmoid(self.intercept + odds)


def fit_risk_map(
    risk: Floats, happened: Floats, weight: Floats, fold: Integers, kinds: Iterable[Kind] = KINDS
) -> RiskMap:
    """Return the map that makes these risks, of patients the model did not learn from, say what happened.

    Of the kinds the one with the lowest log loss on folds of patients held out is taken; Platt's, the plainest,
    unless another is better by more than a thousandth.  Fewer than FEWEST_EVENTS outcomes move nothing.
    """
    if min(happened.sum(), (1 - happened).sum()) < FEWEST_EVENTS:
        return RiskMap()
    odds = logit(risk)
    allowed = [kind for kind in kinds if kind != "isotonic" or happened.sum() >= FEWEST_FOR_STEPS]
    losses = {kind: _held_out_loss(odds, happened, weight, fold, kind) for kind in allowed}
    best = min(losses, key=lambda kind: losses[kind])
    if "platt" in losses and losses[best] > losses["platt"] * (1 - 1e-3):
        best = "platt"
    return of_kind(best, odds, happened, weight)


def of_kind(kind: Kind, log_odds: Floats, happened: Floats, weight: Floats) -> RiskMap:
    """Return the map of one kind that fits best."""
    from sklearn.isotonic import IsotonicRegression  # only fitting needs it, and importing it takes seconds
    from sklearn.linear_model import LogisticRegression

    if kind == "isotonic":
        steps = IsotonicRegression(y_min=1e-4, y_max=1 - 1e-4, out_of_bounds="clip")
        steps.fit(log_odds, happened, sample_weight=weight)
        at, to = (tuple(map(float, knots)) for knots in (steps.X_thresholds_, steps.y_thresholds_))
        return RiskMap("isotonic", at=at, to=to)
    if kind == "platt":
        line = LogisticRegression(C=1e6).fit(log_odds[:, None], happened, sample_weight=weight)
        slope = max(float(line.coef_[0, 0]), 0.0)
        return RiskMap("platt", slope, slope, float(line.intercept_[0]))
    both = np.column_stack([-np.logaddexp(0, -log_odds), np.logaddexp(0, log_odds)])
    curve = LogisticRegression(C=1e6, max_iter=1000).fit(both, happened, sample_weight=weight)
    low, high = map(float, curve.coef_[0])
    if min(low, high) < 0:  # not monotone: Kull et al. then leave the wrong side out
        return replace(of_kind("platt", log_odds, happened, weight), kind="beta")
    return RiskMap("beta", low, high, float(curve.intercept_[0]))


def _held_out_loss(odds: Floats, happened: Floats, weight: Floats, fold: Integers, kind: Kind) -> float:
    total = 0.0
    for one in np.unique(fold):
        out = fold == one
        risk = of_kind(kind, odds[~out], happened[~out], weight[~out]).applied(odds[out])
        risk = np.clip(risk, 1e-9, 1 - 1e-9)
        losses = happened[out] * np.log(risk) + (1 - happened[out]) * np.log(1 - risk)
        total -= float(weight[out] @ losses)
    return total
