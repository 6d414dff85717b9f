"""How well risks and dates fit what happened: the figures of every report, in plain numpy.

A figure that cannot be computed (no rows, one outcome only, nobody went home) is None, never an exception.
All figures are weighted means over rows, so that weighted rows speak for the whole board.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from models import distribution

Numbers = npt.NDArray[Any]
Figures = dict[str, Any]

LAST_DAY = 60  # a curve holds P(home by the end of day d) for d = 0 to 60
CALIBRATION_BINS = 10
MOST_CENSORING_WEIGHT = 20.0  # one late stay must not outvote twenty
SMALLEST_RISK = 1e-6  # a risk of 0 or 1 has no logit


def readmission_figures(
    risk: npt.ArrayLike, readmitted: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> Figures:
    """Return discrimination and calibration of risks, over rows whose outcome is known and weight above 0.

    `ece` is the weighted mean of |mean risk - rate| over 10 bins of equally many rows in order of risk, ties
    in the order given.  `slope` is that of a logistic regression of the outcome on logit(risk): below 1 the
    risks are too extreme (Van Calster et al. 2019).  `observed_over_expected` divides the readmissions by the
    sum of the risks.  `n` and `events` count rows without weights.  Raises ValueError for a risk outside 0..1.

    >>> figures = readmission_figures([0.1, 0.2, 0.6, 0.9], [0, 1, 0, 1])
    >>> round(figures["auroc"], 2), round(figures["brier"], 3), figures["n"], figures["events"]
    (0.75, 0.255, 4, 2)
    """
    risks, happened, weights = _known(risk, readmitted, weight)
    line = logistic_line(_logit(risks), happened, weights)
    expected = float(weights @ risks)
    bins = calibration_bins(risks, happened, weights)
    gaps = [abs(each["risk"] - each["rate"]) for each in bins]
    return {
        "auroc": auroc(risks, happened, weights),
        "auprc": auprc(risks, happened, weights),
        "brier": weighted_mean((risks - happened) ** 2, weights),
        "ece": weighted_mean(np.array(gaps), np.array([each["weight"] for each in bins])),
        "slope": line and line[1],
        "observed_over_expected": float(weights @ happened) / expected if expected > 0 else None,
        "n": len(risks),
        "events": int(happened.sum()),
    }


def calibration_bins(
    risk: npt.ArrayLike, readmitted: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> list[dict[str, float]]:
    """Return the bins behind `ece`, lowest risk first: mean `risk`, `rate`, sum of `weight`, rows `n`."""
    risks, happened, weights = _known(risk, readmitted, weight)
    bins = []
    for rows in np.array_split(np.argsort(risks, kind="stable"), min(CALIBRATION_BINS, len(risks)) or 1):
        total = float(weights[rows].sum())
        if total > 0:
            mean_risk, rate = weights[rows] @ risks[rows] / total, weights[rows] @ happened[rows] / total
            bins.append({"risk": float(mean_risk), "rate": float(rate), "weight": total, "n": len(rows)})
    return bins


def date_figures(
    home_by: npt.ArrayLike,
    home_day: npt.ArrayLike,
    exit_kind: npt.ArrayLike,
    range_first: npt.ArrayLike,
    range_last: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    board_at_eight: npt.ArrayLike | None = None,
) -> Figures:
    """Return how well curves and ranges of days fit the day people went home.

    `home_by` (n, 61) is P(home by the end of local day d after the moment's day), d = 0 to 60; `home_day` the
    day of the live discharge, NaN unless `exit_kind` is "home"; other kinds are "died", "transfer" and "" for
    still in, which counts nothing: `weight` is the inverse-censoring weight that makes up for it.

    `mae_days`, `within_1_day` and `signed_error_days` (positive: said too late) compare the median day of the
    curve, the smallest with half of the curve's own total, with the real day (however late) of live
    discharges.  `crps` is the sum over days 0 to 60 of (F(d) - 1{home by d})^2; deaths and transfers are never
    home.  `coverage_80` is the share of live discharges within the range, `width_80` the mean number of days
    shown.  `home_by_24h` ranks F(1) against home by the end of the next day, on rows where `board_at_eight`
    holds (all rows if None).  Raises ValueError for arrays that do not fit together.
    """
    curves, days, kinds, weights = _scored(home_by, home_day, exit_kind, weight)
    first, last = (np.asarray(edge, dtype="float64") for edge in (range_first, range_last))
    at_eight = np.ones(len(days), bool) if board_at_eight is None else np.asarray(board_at_eight, bool)
    went_home = kinds == "home"
    error = np.where(went_home, median_day(curves) - days, np.nan)
    inside = np.where(went_home & ~np.isnan(first).all(), (first <= days) & (days <= last), np.nan)
    next_day = (curves[at_eight, 1], (days <= 1)[at_eight].astype("float64"), weights[at_eight])
    return {
        "mae_days": weighted_mean(np.abs(error), weights),
        "signed_error_days": weighted_mean(error, weights),
        "within_1_day": weighted_mean(np.where(went_home, np.abs(error) <= 1, np.nan), weights),
        "crps": weighted_mean(curve_losses(curves, days), weights),
        "coverage_80": weighted_mean(inside, weights),
        "width_80": weighted_mean(last - first + 1, weights),
        "home_by_24h_auroc": auroc(*next_day),
        "home_by_24h_auprc": auprc(*next_day),
        "n": int((weights > 0).sum()),
    }


def curve_losses(home_by: Numbers, home_day: Numbers) -> Numbers:
    """Return the CRPS of each row in days; `home_day` is NaN for people who never went home."""
    losses = np.zeros(len(home_day))
    for day in range(LAST_DAY + 1):  # by day, since a copy of all curves may not fit in memory
        losses += (home_by[:, day] - (home_day <= day)) ** 2
    return losses


def median_day(home_by: Numbers) -> Numbers:
    """Return the smallest day by which half of each curve's own total has gone home; 60 for an empty curve.

    >>> median_day(np.vstack([np.linspace(0, 0.6, 61), np.zeros(61)])).tolist()
    [30.0, 60.0]
    """
    curves = home_by[:, : LAST_DAY + 1]
    return np.where(curves[:, LAST_DAY] > 0, distribution.median_day(curves), float(LAST_DAY))


def auroc(score: Numbers, happened: Numbers, weight: Numbers) -> float | None:
    """Return the weighted chance that a row where it happened outranks one where it did not, ties half."""
    with_it, without = _by_score(score, happened, weight)
    pairs = with_it.sum() * without.sum()
    outranked = np.cumsum(without) - without / 2
    return float(with_it @ outranked / pairs) if pairs > 0 else None


def auprc(score: Numbers, happened: Numbers, weight: Numbers) -> float | None:
    """Return the average precision: the mean precision over the rows where it happened, no interpolation."""
    with_it, without = (sums[::-1] for sums in _by_score(score, happened, weight))
    if not (with_it.sum() > 0 and without.sum() > 0):
        return None
    chosen = np.cumsum(with_it + without)
    precision = np.cumsum(with_it) / np.where(chosen > 0, chosen, 1)
    return float(with_it @ precision / with_it.sum())


def weighted_mean(values: Numbers, weight: Numbers) -> float | None:
    """Return the weighted mean of the values that are not NaN, None where they weigh nothing."""
    counted = ~np.isnan(values) & (weight > 0)
    total = weight[counted].sum()
    return float(weight[counted] @ values[counted] / total) if total > 0 else None


def logistic_line(x: Numbers, happened: Numbers, weight: Numbers) -> tuple[float, float] | None:
    """Return intercept and slope of the weighted logistic regression of an outcome on one number.

    None where there is no finite answer: one outcome only, one value of x, or x separates the outcomes.
    """
    rate, spread = weighted_mean(happened, weight), float(np.std(x)) if len(x) else 0.0
    if rate is None or not 0 < rate < 1 or spread < 1e-12:
        return None
    mean = float(np.mean(x))
    design = np.column_stack([np.ones(len(x)), (x - mean) / spread])
    line = np.array([np.log(rate / (1 - rate)), 0.0])
    for _ in range(100):
        chance = 1 / (1 + np.exp(np.clip(-design @ line, -300, 300)))
        curvature = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        if np.linalg.det(curvature) <= 0 or np.abs(line).max() > 30:  # separated: the slope has no end
            return None
        step = np.linalg.solve(curvature, design.T @ (weight * (happened - chance)))
        line = line + step * min(1.0, 2 / max(np.abs(step).max(), 1e-12))  # a full step may overshoot
        if np.abs(step).max() < 1e-10:
            slope = line[1] / spread
            return float(line[0] - slope * mean), float(slope)
    return None


def censoring_weights(
    observed_days: npt.ArrayLike, exit_day: npt.ArrayLike, exit_kind: npt.ArrayLike
) -> Numbers:
    """Return the weight of each row that makes up for people who are still in: 1 / G(exit day-), at most 20.

    G is the Kaplan-Meier estimate of still being watched, from `observed_days` (days from the moment to the
    end of the data) of those still in, `exit_kind` "", who weigh 0 themselves; of rows that end together,
    exits come before ends of observation.  The cap leaves a small bias where G is under 5 %, for steadiness.

    >>> censoring_weights([9, 2, 9], [1, np.nan, 7], ["home", "", "died"]).tolist()
    [1.0, 0.0, 2.0]
    """
    left = np.asarray(exit_kind).astype(str) != ""
    day = np.where(left, np.asarray(exit_day, "float64"), np.asarray(observed_days, "float64"))
    if np.isnan(day).any():
        raise ValueError("each row must have its exit_day, or its observed_days if still in; found NaN")
    ends, ended = np.unique(day[~left], return_counts=True)
    every, exits = np.sort(day), np.sort(day[left])
    at_risk = (len(day) - np.searchsorted(every, ends)) - (
        np.searchsorted(exits, ends, side="right") - np.searchsorted(exits, ends)
    )
    watched = np.concatenate([[1.0], np.cumprod(1 - ended / at_risk)])
    chance = watched[np.searchsorted(ends, day)]  # ends of observation strictly before the exit
    return np.where(left, 1 / np.maximum(chance, 1 / MOST_CENSORING_WEIGHT), 0.0)


def bootstrap_interval(
    figure: str,
    patients: npt.ArrayLike,
    *rows: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    seed: int = 1,
    draws: int = 200,
) -> tuple[float, float] | None:
    """Return the 95 % interval of a figure when whole patients are drawn again with replacement.

    `rows` are (risk, outcome) for "auroc", "auprc" and "brier", and (home_by, home_day, exit_kind) for "crps"
    and "mae_days".  None where fewer than half of the draws have a figure; ValueError for another figure.
    """
    of_weights, weights = _figure_of_weights(figure, rows, weight)
    people, patient = np.unique(np.asarray(patients), return_inverse=True)
    rng, count = np.random.default_rng(seed), len(people)
    found = []
    for _ in range(draws):
        times = np.bincount(rng.integers(max(count, 1), size=count), minlength=count)
        if (value := of_weights(times[patient] * weights)) is not None:
            found.append(value)
    if len(found) < draws / 2:
        return None
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _figure_of_weights(
    figure: str, rows: tuple[Any, ...], weight: npt.ArrayLike | None
) -> tuple[Callable[[Numbers], float | None], Numbers]:
    """Return a function from weights to the figure, and the weights before any drawing."""
    if figure in ("auroc", "auprc"):
        rank = auroc if figure == "auroc" else auprc
        score, happened, weights = _with_weight(*rows, weight=weight)
        order = np.argsort(score, kind="stable")  # sorted once: every draw then sorts sorted rows
        return (lambda times: rank(score[order], happened[order], times[order])), weights
    if figure == "brier":
        risk, happened, weights = _with_weight(*rows, weight=weight)
        losses = (risk - happened) ** 2
    elif figure in ("crps", "mae_days"):
        curves, days, _, weights = _scored(rows[0], rows[1], rows[2], weight)
        losses = curve_losses(curves, days) if figure == "crps" else np.abs(median_day(curves) - days)
    else:
        raise ValueError(f"figure must be auroc, auprc, brier, crps or mae_days; found {figure!r}")
    return (lambda times: weighted_mean(losses, times)), weights


def _known(
    risk: npt.ArrayLike, happened: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[Numbers, Numbers, Numbers]:
    """Return risk, outcome and weight of the rows that count."""
    risks, outcomes, weights = _with_weight(risk, happened, weight=weight)
    counted = weights > 0
    if not ((risks[counted] >= 0) & (risks[counted] <= 1)).all():
        raise ValueError("risk must be from 0 to 1 in every row that counts; found a row that is not")
    return risks[counted], outcomes[counted], weights[counted]


def _with_weight(*rows: npt.ArrayLike, weight: npt.ArrayLike | None) -> tuple[Numbers, Numbers, Numbers]:
    """Return score, outcome and weight as floats of one length; an unknown outcome weighs nothing."""
    score, happened = (np.asarray(row, dtype="float64") for row in rows)
    weights = np.ones(len(score)) if weight is None else np.asarray(weight, dtype="float64")
    if not len(score) == len(happened) == len(weights):
        raise ValueError(f"rows must be equally many; found {len(score)}, {len(happened)}, {len(weights)}")
    unknown = np.isnan(happened)
    return score, np.where(unknown, 0.0, happened), np.where(unknown, 0.0, weights)


def _scored(
    home_by: npt.ArrayLike, home_day: npt.ArrayLike, exit_kind: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    curves, days = np.asarray(home_by), np.asarray(home_day, dtype="float64")
    kinds = np.asarray(exit_kind).astype(str)
    weights = np.ones(len(days)) if weight is None else np.asarray(weight, dtype="float64")
    if curves.shape != (len(days), LAST_DAY + 1) or not len(days) == len(kinds) == len(weights):
        raise ValueError(
            f"home_by must be (n, {LAST_DAY + 1}) and n the same everywhere; found home_by {curves.shape}, "
            f"home_day {days.shape}, exit_kind {kinds.shape}, weight {weights.shape}"
        )
    if not np.array_equal(kinds == "home", ~np.isnan(days)):
        raise ValueError("home_day must be given where exit_kind is home, and only there")
    return curves, days, kinds, np.where(kinds == "", 0.0, weights)


def _logit(risk: Numbers) -> Numbers:
    kept = np.clip(risk, SMALLEST_RISK, 1 - SMALLEST_RISK)
    return np.log(kept / (1 - kept))


def _by_score(score: Numbers, happened: Numbers, weight: Numbers) -> tuple[Numbers, Numbers]:
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=np.nan) != 0)  # NaN, so that the first row starts a group
    with_it = (weight * happened)[order]
    return np.add.reduceat(with_it, starts), np.add.reduceat(weight[order] - with_it, starts)
