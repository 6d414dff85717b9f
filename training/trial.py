"""What a plan scores: proper scores of people whom the boosters neither learnt from nor stopped on.

Patients of the test part are taken out of the hospital before a feature is made, and of the others only the
rows of the fit and calibrate parts stay.  These patients are dealt into folds: each fold is scored by boosters
that learnt from the other folds and stopped on a share of the patients there, as `fit` stops on others.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import catalogue
from features.errors import HomewardError
from features.tables import Hospital
from models.booster import Floats, Matrix, Sample, fitted, logit, probability
from models.discharge_date import ROWS_AT_ONCE, DateModel, Days, Targets, at_risk, fit_dates
from models.distribution import PIECE_STOPS, compose, raised
from models.encoding import Encoder
from models.readmission import picked
from models.risk_map import fit_risk_map
from training.baselines import Cohort
from training.cohort import Prepared, Say, prepared
from training.fit import FEWEST_LABELS
from training.gain import Losses, Mask, Scored
from training.metrics import LAST_DAY, censoring_weights, curve_losses, weighted_mean
from training.outcomes import ready_state
from training.plan import TrainingPlan
from training.split import folds, parts, patient_draws

FOLDS = 3  # each more costs another fit a trial
STOP_SHARE = 0.15  # of the patients learnt from: about what calibrates and stops in `fit`
FEWEST_PATIENTS = 60  # 20 a fold
PATIENCE = 40  # trees of the readmission booster without a gain
SMALLEST_CHANCE = 1e-12  # a chance of 0 for what happened would cost infinitely much


@dataclass(frozen=True)
class Bench:
    """Rows to tune on, encoded once; `fold` and `stops` are those of each row's patient."""

    rows: Prepared
    base: TrainingPlan
    matrix: Matrix
    codes: list[int]
    fold: npt.NDArray[np.int64]
    stops: Mask

    @classmethod
    def of(cls, rows: Prepared, base: TrainingPlan) -> "Bench":
        """Encode rows that `tunable` gave; raises HomewardError if they are of too few patients."""
        people = rows.rows["patient_id"]
        if people.nunique() < FEWEST_PATIENTS:
            raise HomewardError(
                f"too little to tune on: {people.nunique()} patients in the fit and calibrate parts, "
                f"{FEWEST_PATIENTS} are needed"
            )
        encoder = Encoder.of(rows.table, catalogue(rows.hospital), people)
        stops = patient_draws(people, "homeward-tune-stop-v1") < STOP_SHARE
        matrix = encoder.matrix(rows.table)
        return cls(rows, base, matrix, encoder.code_positions, folds(people, FOLDS), stops)

    def sides(self, fold: int) -> tuple[Mask, Mask, Mask]:
        """Return the rows to learn from, to stop on and to score, no patient in two of them."""
        out = self.fold == fold
        return ~out & ~self.stops, ~out & self.stops, out

    def digest(self) -> str:
        """Return a digest of everything but the code that scores depend on: rows, outcomes and base plan."""
        plan = {name: value for name, value in self.base.as_json().items() if name != "threads"}
        found = hashlib.sha256(json.dumps([plan, FOLDS, STOP_SHARE]).encode())
        for table in (self.rows.table, self.rows.rows, pd.DataFrame(vars(self.rows.targets))):
            found.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
        return found.hexdigest()


def tunable(hospital: Hospital, plan: TrainingPlan, say: Say) -> Prepared:
    """Return the rows of the fit and calibrate parts, with a column `part`; test patients are never read.

    The months are cut as `fit` cuts them, but by the first and last moment of the patients who are left,
    which may lie some hours nearer; the gap between periods is far wider than that.  What became of a stay
    may be seen after its period, as in `fit`.  Raises HomewardError if nobody is left.
    """
    rows = prepared(_without_test_patients(hospital, plan), plan, say)
    part = parts(rows.rows, hospital.dates, plan)
    marked = Prepared(rows.hospital, Cohort(rows.table, rows.rows.assign(part=part)), rows.targets)
    return marked.pick(part.isin(["fit", "calibrate"]).to_numpy())


def _without_test_patients(hospital: Hospital, plan: TrainingPlan) -> Hospital:
    ours = patient_draws(hospital.admissions["patient_id"]) < plan.fit_share + plan.calibrate_share
    if not ours.any():
        raise HomewardError("too little to tune on: every patient is of the test part")
    admissions = hospital.admissions[ours].reset_index(drop=True)
    stays = admissions["admission_id"]
    events = hospital.events[hospital.events["admission_id"].isin(stays)].reset_index(drop=True)
    outcomes = hospital.outcomes
    if outcomes is not None:
        outcomes = outcomes[outcomes["admission_id"].isin(stays)].reset_index(drop=True)
    return replace(hospital, admissions=admissions, events=events, outcomes=outcomes)


def score_dates(bench: Bench, plan: TrainingPlan) -> Scored:
    """Score the date knobs of a plan on board rows (admission rows where there are no dates).

    The objective is the CRPS in days of the uncalibrated curves, the mean of leaving and becoming ready where
    a source has both.  `log_loss` is minus the log of the chance that the hazards of leaving and of going home
    gave to what was seen of a row, in nats.  Beside it, the CRPS on the later months of the calibrate part.
    """
    rows, days, goals = bench.rows, bench.rows.days(), _weighed(bench.rows, plan)
    moment = "admission" if rows.hospital.dates == "none" else "board"
    asked, shown = rows.for_dates(), (rows.rows["moment"] == moment).to_numpy()
    home_by, ready_by = (np.full((len(shown), LAST_DAY + 1), np.nan) for _ in range(2))
    surprise, grown = np.zeros(len(shown)), 0
    for fold in range(FOLDS):
        learn, stop, out = bench.sides(fold)
        mine, theirs = (
            (bench.matrix[some], days.pick(some), goals.pick(some)) for some in (learn & asked, stop & asked)
        )
        model = fit_dates(*mine, bench.codes, plan.date_size(), theirs, most_rows=plan.most_rows).model
        chosen = out & shown
        home_by[chosen], ready_by[chosen], surprise[chosen] = _curves(
            model, bench.matrix[chosen], days.pick(chosen), goals.pick(chosen)
        )
        grown += sum(booster.num_trees() for booster in (model.leave, model.home, model.ready) if booster)
    some = rows.pick(shown)
    crps = date_losses(some, home_by[shown], ready_by[shown])
    scores = {f"{name}_crps": losses.mean() for name, losses in crps.items()}
    scores["discharge_crps_later_months"] = crps["discharge"].mean(crps["discharge"].later)
    weight = some.rows["weight"].to_numpy(np.float64)
    scores["log_loss"] = weighted_mean(surprise[shown], weight) or float("nan")
    size = grown / FOLDS * plan.date_leaves
    objective = float(np.mean([losses.mean() for losses in crps.values()]))
    if not np.isfinite(objective):
        raise HomewardError(f"no dates to tune: no ended stay among the {moment} rows to score")
    return Scored(
        objective, size, {"crps": objective, **scores, "trees_times_leaves": size}, tuple(crps.values())
    )


def score_readmission(bench: Bench, plan: TrainingPlan) -> Scored:
    """Score the readmission knobs of a plan: log loss in nats of calibrated risks, out of fold by patient.

    An early row costs what the base plan says that it weighs, whatever the trial's own early weight.
    Raises HomewardError if too few people came back.
    """
    known = bench.rows.for_readmission()
    rows = bench.rows.rows[known]
    back = int(rows["readmitted"].sum())
    if back < FEWEST_LABELS:
        raise HomewardError(
            f"no readmission to tune: {back} rows of people who came back, {FEWEST_LABELS} needed"
        )
    sample = bench.rows.readmission_sample(bench.matrix, bench.codes, known, plan)
    raw, grown = np.zeros(len(rows)), 0
    for fold in range(FOLDS):
        learn, stop, out = (side[known] for side in bench.sides(fold))
        booster, leaves = _best(picked(sample, learn), picked(sample, stop), plan)
        raw[out] = probability(booster, sample.matrix[out])
        grown += booster.num_trees() * leaves
    risk = np.zeros(len(raw))
    for fold in range(FOLDS):
        out = bench.fold[known] == fold
        line = fit_risk_map(raw[~out], sample.label[~out], sample.weight[~out], bench.fold[known][~out])
        risk[out] = line.applied(logit(raw[out]))
    weighed = bench.rows.readmission_sample(bench.matrix, bench.codes, known, bench.base).weight
    losses = Losses(*_who(rows), _surprise(risk, sample.label == 1), weighed)
    left = (rows["moment"] == "discharge").to_numpy()
    size = grown / FOLDS
    scores = {
        "log_loss": losses.mean(),
        "log_loss_at_discharge": losses.mean(left),
        "log_loss_before": losses.mean(~left),
        "trees_times_leaves": size,
    }
    return Scored(losses.mean(), size, scores, (losses,))


SCORES: dict[str, Callable[[Bench, TrainingPlan], Scored]] = {
    "dates": score_dates,
    "readmission": score_readmission,
}


def _best(learn: Sample, stop: Sample, plan: TrainingPlan) -> tuple[lgb.Booster, int]:
    """Return the booster of the plan's sizes that the stopping patients surprise least, and its leaves."""
    found = []
    for size in plan.risk_sizes():
        booster = fitted(learn, size, stop, patience=PATIENCE)
        cost = _surprise(probability(booster, stop.matrix), stop.label == 1) @ stop.weight
        found.append((float(cost), size.leaves, booster))
    _, leaves, booster = min(found, key=lambda each: each[:2])
    return booster, leaves


def _weighed(rows: Prepared, plan: TrainingPlan) -> Targets:
    """Return the targets with this plan's weight of an admission."""
    admission = (rows.rows["moment"] == "admission").to_numpy()
    return replace(rows.targets, weight=np.where(admission, plan.admission_weight, rows.targets.weight))


def _who(rows: pd.DataFrame) -> tuple[npt.NDArray[np.str_], Mask]:
    return rows["patient_id"].to_numpy(str), (rows["part"] == "calibrate").to_numpy()


def _curves(model: DateModel, matrix: Matrix, days: Days, goals: Targets) -> tuple[Floats, Floats, Floats]:
    """Return P(home by) and P(ready by) the end of days 0 to 60 (rows, 61), and each row's log loss."""
    home_by, ready_by = (np.full((len(matrix), LAST_DAY + 1), np.nan) for _ in range(2))
    surprise = np.zeros(len(matrix))
    for start in range(0, len(matrix), ROWS_AT_ONCE):
        chunk = np.arange(start, min(start + ROWS_AT_ONCE, len(matrix)))
        some = days.pick(chunk)
        hazards = model.hazards(matrix[chunk], some)
        curves = compose(hazards["leave"], hazards["home"], hazards.get("ready"), model.day_shares(some))
        home_by[chunk] = curves.home_by[:, : LAST_DAY + 1]
        if curves.ready_by is not None:
            ready_by[chunk] = raised(curves.ready_by, curves.home_by)[:, : LAST_DAY + 1]
        surprise[chunk] = hazard_log_loss(hazards["leave"], hazards["home"], goals.pick(chunk))
    return home_by, ready_by, surprise


def hazard_log_loss(leave: Floats, home: Floats, goals: Targets) -> Floats:
    """Return each row's log loss in nats over the pieces of days in which it was seen."""
    rows, piece = at_risk(goals.exit_day, goals.observed_days, np.ones(len(leave), bool))
    left = goals.exit_day[rows] < PIECE_STOPS[piece]
    cost = _surprise(leave[rows, piece], left)
    cost += np.where(left, _surprise(home[rows, piece], goals.went_home[rows]), 0.0)
    return np.bincount(rows, cost, len(leave)).astype(np.float64)


def _surprise(chance: Floats, happened: Mask) -> Floats:
    return -np.log(np.maximum(np.where(happened, chance, 1 - chance), SMALLEST_CHANCE))


def date_losses(some: Prepared, home_by: Floats, ready_by: Floats) -> dict[str, Losses]:
    """Return the CRPS of each row and its inverse-censoring weight, for leaving and for becoming ready."""
    goals, kind = some.targets, some.rows["exit_kind"].to_numpy(str)
    (people, later), own = _who(some.rows), some.rows["weight"].to_numpy(np.float64)
    home_day = np.where(goals.went_home, goals.exit_day, np.nan)
    weight = censoring_weights(goals.observed_days, goals.exit_day, kind)
    found = {"discharge": Losses(people, later, curve_losses(home_by, home_day), weight * own)}
    asked = goals.ready_usable & np.isfinite(ready_by).all(axis=1)
    if asked.any():
        ready_day, kind, ended = ready_state(goals, kind)
        weight = censoring_weights(goals.ready_observed_days[asked], ended[asked], kind[asked])
        loss = curve_losses(ready_by[asked], ready_day[asked])
        found["ready"] = Losses(people[asked], later[asked], loss, weight * own[asked])
    return found
