"""Fitting and calibrating date curves: the maps of nested groups, from patients whom the boosters never saw."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.calibration import CurveMaps, Happened, fit_curve_maps
from models.discharge_date import FittedDates, Rounds, fit_dates
from models.distribution import Curves
from models.encoding import Encoder, Matrix
from models.explanation import groups
from models.predictor import Predictor
from models.reasons import PARENTS
from training.cohort import Prepared, Say
from training.metrics import censoring_weights
from training.outcomes import ready_state
from training.plan import TrainingPlan
from training.split import folds

MOST_CALIBRATED_ON = 60_000  # board rows; each has three curves of 180 days
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Unseen:
    """Rows with curves, uncalibrated, of boosters that never saw their patients."""

    rows: Prepared
    curves: Curves


def fitted_dates(
    rows: Prepared,
    matrix: Matrix,
    chosen: Rows,
    encoder: Encoder,
    plan: TrainingPlan,
    later: Prepared | None = None,
    rounds: Rounds | None = None,
) -> FittedDates:
    """Fit the date boosters on the chosen rows, encoded in `matrix`; those of `later` stop them where given."""
    stopping = None
    if later is not None:
        theirs = later.for_dates()
        encoded = encoder.matrix(later.table)[theirs]
        stopping = (encoded, later.days().pick(theirs), later.targets.pick(theirs))
    return fit_dates(
        matrix[chosen],
        rows.days().pick(chosen),
        rows.targets.pick(chosen),
        encoder.code_positions,
        plan.date_size(),
        stopping,
        rounds,
        plan.most_rows,
    )


def unseen_by(predictor: Predictor, later: Prepared, plan: TrainingPlan) -> Unseen:
    """Return later patients' board rows with the predictor's own curves."""
    some = later.pick(_to_calibrate_on(later, plan))
    assert predictor.date_model is not None
    return Unseen(some, predictor.date_model.curves(predictor.encoder.matrix(some.table), some.days()))


def out_of_fold(predictor: Predictor, rows: Prepared, rounds: Rounds, plan: TrainingPlan, say: Say) -> Unseen:
    """Return board rows with the curves of boosters fitted on the other folds of patients, fold by fold."""
    asked, learnt = _to_calibrate_on(rows, plan), rows.for_dates()
    matrix = predictor.encoder.matrix(rows.table)
    fold = folds(rows.rows["patient_id"], plan.calibration_folds)
    parts, chosen = [], []
    for one in range(plan.calibration_folds):
        say(f"calibrating the date models: fold {one + 1} of {plan.calibration_folds}")
        mine, out = learnt & (fold != one), asked & (fold == one)
        model = fitted_dates(rows, matrix, mine, predictor.encoder, plan, rounds=rounds).model
        parts.append(model.curves(matrix[out], rows.days().pick(out)))
        chosen.append(np.flatnonzero(out))
    order = np.argsort(np.concatenate(chosen))
    ready = [part.ready_by for part in parts if part.ready_by is not None]
    curves = Curves(
        np.concatenate([part.in_bed for part in parts])[order],
        np.concatenate([part.home_by for part in parts])[order],
        np.concatenate(ready)[order] if len(ready) == len(parts) else None,
    )
    return Unseen(rows.pick(asked), curves)


def calibrated(predictor: Predictor, unseen: Unseen, plan: TrainingPlan) -> Predictor:
    """Return the predictor with the maps that make these curves say what happened."""
    rows, goals = unseen.rows, unseen.rows.targets
    if rows.rows.empty:
        return predictor
    kind = rows.rows["exit_kind"].to_numpy(str)
    group, stay = groups(predictor, rows.table), pd.factorize(rows.rows["admission_id"])[0].astype(np.int64)
    weight = censoring_weights(goals.observed_days, goals.exit_day, kind) * goals.weight
    home = Happened(np.where(goals.went_home, goals.exit_day, np.inf), weight, stay)
    home_map = fit_curve_maps(unseen.curves.home_by, home, group, PARENTS, plan.seed)
    ready_map, ready_by = CurveMaps(), unseen.curves.ready_by
    if ready_by is not None:
        _, state, ended = ready_state(goals, kind)
        weight = censoring_weights(goals.ready_observed_days, ended, state) * goals.weight * goals.ready_usable
        ready = Happened(goals.ready_day, weight, stay)
        ready_map = fit_curve_maps(ready_by, ready, group, PARENTS, plan.seed)
    return replace(predictor, home_map=home_map, ready_map=ready_map)


def _to_calibrate_on(rows: Prepared, plan: TrainingPlan) -> Rows:
    """Choose board rows (admission rows where there are no dates), at most MOST_CALIBRATED_ON at random."""
    moment = "board" if rows.hospital.dates != "none" else "admission"
    asked = (rows.rows["moment"] == moment).to_numpy()
    places = np.random.default_rng(plan.seed).permutation(np.flatnonzero(asked))[:MOST_CALIBRATED_ON]
    chosen = np.zeros(len(asked), bool)
    chosen[places] = True
    return chosen
