"""The reference patients that reasons start from."""

import numpy as np
import numpy.typing as npt

from models.explanation import groups
from models.predictor import Predictor
from models.reasons import Reference, date_contributions, fit_reference, reference_rows
from training.cohort import Prepared
from training.plan import TrainingPlan


def references(predictor: Predictor, rows: Prepared, plan: TrainingPlan) -> dict[str, Reference]:
    """Return the mean SHAP values of patients like each other, for each booster that is explained."""
    chosen = _chosen(predictor, rows, rows.for_dates(), plan)
    some = rows.pick(chosen)
    matrix, group = predictor.encoder.matrix(some.table), groups(predictor, some.table)
    model = predictor.date_model
    assert model is not None
    references = {"leave": fit_reference(date_contributions(model.explain_leave, matrix, some.days()), group)}
    if model.explain_ready is not None:
        references["ready"] = fit_reference(date_contributions(model.explain_ready, matrix, some.days()), group)
    if predictor.readmission is not None:
        some = rows.pick(_chosen(predictor, rows, rows.for_readmission(), plan))
        shap = predictor.readmission.contributions(predictor.encoder.matrix(some.table))
        references["readmission"] = fit_reference(shap, groups(predictor, some.table))
    return references


def _chosen(
    predictor: Predictor, rows: Prepared, allowed: npt.NDArray[np.bool_], plan: TrainingPlan
) -> npt.NDArray[np.bool_]:
    positions = np.flatnonzero(allowed)
    group = groups(predictor, rows.table[allowed])
    chosen = np.zeros(len(rows.rows), bool)
    chosen[positions[reference_rows(group, plan.seed)]] = True
    return chosen
