"""The rivals of the date models: each learns from the rows that teach them and answers P(home by day d).

A rival is a function from a `Contest` to an `Answer`.  All see the same features, patients, weights and, where
they stop early, the same later rows; what a method cannot learn from is said in its docstring.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from features.catalogue import catalogue
from models.distribution import PIECE_OF_DAY, PIECE_STARTS, PIECE_STOPS, PIECES, Floats
from models.encoding import Encoder, Matrix
from training.baselines import DAYS_SO_FAR_BANDS, FEWEST_ROWS_OF_A_GROUP, Cohort
from training.baselines import specialty_by_day as specialty_curves
from training.calibrate import calibrated, unseen_by
from training.cohort import Prepared
from training.fit import first_fit
from training.metrics import LAST_DAY, censoring_weights
from training.plan import TrainingPlan

QUANTILES = np.arange(1, 20) / 20
ROUNDS, PATIENCE = 300, 20
SMALLEST_LEAF = 300  # rows; Homeward's 3,000 are rows times pieces of days
MOST_SURVIVAL_ROWS = 10_000  # SurvivalBoost draws its rows anew in every iteration: more takes many minutes
RANKS = 100
CODE_SMOOTHING = 20.0  # rows that the mean of all counts as
DAYS = np.arange(LAST_DAY + 1)

Answer = Callable[[Prepared], Floats]  # (rows, 61), rising, from 0 to 1
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Contest:
    """Rows of people in a bed to learn from, and later ones to stop and calibrate by."""

    learn: Prepared
    later: Prepared
    plan: TrainingPlan
    survival_rows: int = MOST_SURVIVAL_ROWS
    survival_rounds: int = 100

    @cached_property
    def encoder(self) -> Encoder:
        """The columns of every booster."""
        return Encoder.of(self.learn.table, catalogue(self.learn.hospital), self.learn.rows["patient_id"])

    @cached_property
    def matrices(self) -> tuple[Matrix, Matrix]:
        """The encoded rows to learn from and the later ones."""
        return self.encoder.matrix(self.learn.table), self.encoder.matrix(self.later.table)


def homeward(contest: Contest) -> Answer:
    """Fit Homeward's hazards of leaving, going home and becoming ready, with their calibration map."""
    nobody = contest.learn.rows.assign(readmitted=np.nan)  # dates alone: no readmission model is fitted
    learn = Prepared(contest.learn.hospital, Cohort(contest.learn.table, nobody), contest.learn.targets)
    first = first_fit(learn, contest.later, contest.plan, lambda stage: None).predictor
    predictor = calibrated(first, unseen_by(first, contest.later, contest.plan), contest.plan)
    return lambda asked: predictor.curves(asked.table, asked.days()).home_by[:, : LAST_DAY + 1]


def specialty_by_day(contest: Contest) -> Answer:
    """Give each the curve of those of the same specialty and days so far, deaths never home."""
    learn = contest.learn
    weighed = Cohort(learn.table, learn.rows.assign(weight=_weights(learn)))
    return lambda asked: specialty_curves(weighed, Cohort(asked.table, asked.rows))


def aalen_johansen(contest: Contest) -> Answer:
    """Give each the cumulative incidence of going home in its days so far x elective or emergency.

    Kaplan-Meier done right where death and transfer compete; people still in are censored.
    """
    group, goals = _groups(contest.learn), contest.learn.targets
    everybody = cumulative_incidence(goals.exit_day, goals.went_home, goals.observed_days, goals.weight)
    curves = {}
    for one in np.unique(group):
        own = goals.pick(group == one)
        if len(own.exit_day) >= FEWEST_ROWS_OF_A_GROUP:
            curves[one] = cumulative_incidence(own.exit_day, own.went_home, own.observed_days, own.weight)
    return lambda asked: np.array([curves.get(one, everybody) for one in _groups(asked)]).reshape(-1, len(DAYS))


def cumulative_incidence(exit_day: Floats, went_home: Mask, observed_days: Floats, weight: Floats) -> Floats:
    """Return the weighted Aalen-Johansen estimate of P(home by the end of each day), shape (61,).

    Days before `observed_days` are fully seen; `exit_day` is infinite while a person is still in.

    Of four, one goes home today, one is watched for a day only, one goes home tomorrow and one dies.

    >>> exit_day, seen = np.array([0, np.inf, 1, 1]), np.array([9.0, 1, 9, 9])
    >>> cumulative_incidence(exit_day, np.array([True, False, True, False]), seen, np.ones(4))[:3]
    array([0.25 , 0.625, 0.625])
    """
    there = (exit_day[:, None] >= DAYS) & (observed_days[:, None] > DAYS)
    left = there & (exit_day[:, None] == DAYS)
    at_risk = np.maximum(weight @ there, 1e-12)
    still = np.cumprod(1 - weight @ left / at_risk)
    before = np.append(1.0, still[:-1])
    return np.cumsum(before * (weight @ (left & went_home[:, None])) / at_risk)


def quantile_boosting(contest: Contest) -> Answer:
    """Fit LightGBM on 19 quantiles of the day of going home, sorted so that none cross, and made a curve.

    It learns from live discharges only, weighed for those still in; a further booster says who goes home at
    all.  Days are spread evenly over their 24 hours, as quantiles of counts need (Machado and Santos Silva
    2005, doi:10.1198/016214505000000330).
    """
    spread = np.random.default_rng(contest.plan.seed)
    late, home = (lambda rows: rows.targets.went_home), (lambda rows: _weights(rows) > 0)

    def day(rows: Prepared) -> Floats:
        goals = rows.targets
        return np.where(goals.went_home, goals.exit_day, 0) + spread.random(len(goals.exit_day))

    ever = boosted(contest, {"objective": "binary"}, lambda rows: rows.targets.went_home, home)
    boosters = [boosted(contest, {"objective": "quantile", "alpha": part}, day, late) for part in QUANTILES]

    def answer(asked: Prepared) -> Floats:
        matrix = contest.encoder.matrix(asked.table)
        days = np.column_stack([booster.predict(matrix, num_threads=1) for booster in boosters])
        return quantile_curves(days) * ever.predict(matrix, num_threads=1)[:, None]

    return answer


def quantile_curves(days: Floats) -> Floats:
    """Return P(by the end of day d), (rows, 61), through 19 quantiles of a time in days, (rows, 19).

    Straight between quantiles; beyond the last, what is left halves as fast as from the 90th to the 95th.
    """
    ordered = np.sort(np.maximum(days, 0), axis=1)
    padded = np.column_stack([np.zeros(len(ordered)), ordered])
    chances = np.append(0.0, QUANTILES)
    inside = np.array([np.interp(DAYS + 1, row, chances) for row in padded]).reshape(-1, len(DAYS))
    last, halving = ordered[:, [-1]], np.maximum(ordered[:, [-1]] - ordered[:, [-2]], 0.5)
    beyond = 1 - (1 - QUANTILES[-1]) * 0.5 ** np.maximum((DAYS + 1 - last) / halving, 0)
    return np.where(last < DAYS + 1, beyond, inside)


def multiclass_boosting(contest: Contest) -> Answer:
    """Fit LightGBM on which piece of days people go home in, or never: 21 classes, far pieces spread evenly.

    It learns from ended stays only, weighed for those still in, and knows no weekday of the days ahead.
    """

    def piece(rows: Prepared) -> Floats:
        goals = rows.targets
        held = np.searchsorted(PIECE_STARTS, np.where(goals.went_home, goals.exit_day, 0), side="right") - 1
        return np.where(goals.went_home, held, PIECES).astype(np.float64)

    settings = {"objective": "multiclass", "num_class": PIECES + 1}
    booster = boosted(contest, settings, piece, lambda rows: _weights(rows) > 0)

    def answer(asked: Prepared) -> Floats:
        shares = booster.predict(contest.encoder.matrix(asked.table), num_threads=1)[:, :PIECES]
        daily = (shares / (PIECE_STOPS - PIECE_STARTS))[:, PIECE_OF_DAY[: len(DAYS)]]
        return np.minimum(np.cumsum(daily, axis=1), 1.0)

    return answer


def survival_boost(contest: Contest) -> Answer:
    """Fit `hazardous.SurvivalBoost` on home and other exits, people still in censored.

    It takes no weights, so at most 10,000 rows are drawn by their weight; codes become their mean days and
    numbers one of 100 ranks, since it sorts every column anew in each of its iterations.  Its curve may fall
    from a day to the next and is raised to its maximum so far.
    """
    from hazardous import SurvivalBoost

    goals, seed = contest.learn.targets, contest.plan.seed
    left = np.isfinite(goals.exit_day)
    days = np.where(left, goals.exit_day + 0.5, goals.observed_days)
    weight = np.where(days > 0, goals.weight, 0.0)
    count = min(contest.survival_rows, len(days))
    rows = np.random.default_rng(seed).choice(len(days), count, p=weight / weight.sum())
    learnt = contest.matrices[0][rows].astype(np.float64)
    ranked = _ranks(learnt, np.minimum(days[rows], LAST_DAY), contest.encoder.code_positions)
    event = np.where(left, np.where(goals.went_home, 1, 2), 0)[rows]
    model = SurvivalBoost(n_iter=contest.survival_rounds, show_progressbar=False, random_state=seed)
    model.fit(ranked(learnt), {"event": event, "duration": days[rows]})

    def answer(asked: Prepared) -> Floats:
        matrix = ranked(contest.encoder.matrix(asked.table).astype(np.float64))
        home = model.predict_cumulative_incidence(matrix, times=DAYS + 1.0)[:, 1]
        return np.maximum.accumulate(home, axis=1)

    return answer


def _ranks(learnt: Floats, days: Floats, codes: list[int]) -> Callable[[Floats], Floats]:
    """Return a function that ranks each column among the learnt values, -1 if missing; codes: mean days."""
    held = [column[~np.isnan(column)] for column in learnt.T]
    edges = [
        np.unique(np.quantile(column, np.arange(1, RANKS) / RANKS)) if len(column) else column
        for column in held
    ]
    means = {}
    for code in codes:
        values, place = np.unique(learnt[:, code], return_inverse=True)  # a missing code is one value
        sums, counts = np.bincount(place, weights=days), np.bincount(place)
        mean = (sums + CODE_SMOOTHING * days.mean()) / (counts + CODE_SMOOTHING)
        means[code] = (values, mean)

    def ranked(matrix: Floats) -> Floats:
        found = np.zeros_like(matrix)
        for column, numbers in enumerate(matrix.T):
            if column in means:
                values, mean = means[column]
                place = np.minimum(np.searchsorted(values, numbers), len(values) - 1)
                same = (values[place] == numbers) | (np.isnan(values[place]) & np.isnan(numbers))
                found[:, column] = np.where(same, mean[place], days.mean())
            else:
                rank = np.searchsorted(edges[column], numbers, side="right")
                found[:, column] = np.where(np.isnan(numbers), -1, rank)
        return found

    return ranked


RIVALS: Mapping[str, Callable[[Contest], Answer]] = {
    "specialty x days so far": specialty_by_day,
    "Aalen-Johansen by group": aalen_johansen,
    "LightGBM, 19 quantiles": quantile_boosting,
    "LightGBM, 21 classes": multiclass_boosting,
    "hazardous.SurvivalBoost": survival_boost,
}


def boosted(
    contest: Contest,
    objective: Mapping[str, Any],
    label: Callable[[Prepared], npt.NDArray[Any]],
    counts: Callable[[Prepared], Mask],
) -> lgb.Booster:
    """Return a booster of the rows that count, of the leaves and rate of Homeward's; later rows stop it."""
    size, sets = contest.plan.date_size(), []
    for rows, matrix in zip((contest.learn, contest.later), contest.matrices, strict=True):
        used = counts(rows) & (_weights(rows) > 0)
        sets.append((matrix[used], label(rows)[used].astype(np.float64), _weights(rows)[used]))
    settings = {
        **objective,
        "num_leaves": size.leaves,
        "learning_rate": size.learning_rate,
        "min_data_in_leaf": min(SMALLEST_LEAF, max(len(sets[0][0]) // 100, 1)),
        "feature_fraction": 0.6,
        "lambda_l2": 5,
        "seed": size.seed,
        "num_threads": size.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
    learn = lgb.Dataset(*sets[0][:2], weight=sets[0][2], categorical_feature=contest.encoder.code_positions)
    if not len(sets[1][0]):
        return lgb.train(settings, learn, ROUNDS)
    later = learn.create_valid(*sets[1][:2], weight=sets[1][2])
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    return lgb.train(settings, learn, ROUNDS, valid_sets=[later], callbacks=[stop])


def _weights(rows: Prepared) -> Floats:
    """Return what each row weighs for a method that learns from ended stays only; 0 for those still in."""
    goals, kind = rows.targets, rows.rows["exit_kind"].to_numpy(str)
    return goals.weight * censoring_weights(goals.observed_days, goals.exit_day, kind)


def _groups(rows: Prepared) -> npt.NDArray[np.int64]:
    band = np.searchsorted(DAYS_SO_FAR_BANDS, rows.rows["days_so_far"].to_numpy(), side="right")
    elective = rows.hospital.facts.group("admission_method", "elective")
    method = rows.table.get("admission_method", rows.rows["moment"]).astype("str")
    return (2 * band + method.isin(elective)).astype(np.int64)
