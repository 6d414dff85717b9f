"""Predictions as a table: for the inpatients of a moment, or for every stay of a source without a calendar."""

from typing import Any

import pandas as pd

from features.snapshot import at_moments
from features.table import feature_table
from features.tables import Hospital
from models.distribution import fewest_days, median_day
from models.prediction import Prediction, Reasons
from models.predictor import Predictor
from training.moment import prediction_moments

REASONS_SAID = 3


def inpatients_of(predictor: Predictor, hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
    """Return one row an inpatient at a moment: dates, ranges, risks, reasons and warnings."""
    answers = predictor.answer(hospital, at)
    return pd.DataFrame([_row(answer) for answer in answers])


def every_stay(predictor: Predictor, hospital: Hospital) -> pd.DataFrame:
    """Return one row a stay at admission and one at discharge, for sources whose dates do not compare.

    Days count from the moment; reasons are left out, since they cost more than all the rest.
    """
    moments = prediction_moments(hospital, seed=1)
    moments = moments[moments["moment"].isin(["admission", "discharge"])].reset_index(drop=True)
    rows = at_moments(hospital, moments)
    table = feature_table(rows, hospital, rows["at"])
    left = moments["moment"] == "discharge"
    answers = predictor.predict(table, rows["at"], explain=False, left=left)
    found = pd.DataFrame([_row(answer) for answer in answers]).assign(
        admission_id=moments["admission_id"], moment=moments["moment"]
    )
    invented = ["at"] if hospital.dates == "none" else []
    return found.drop(columns=["discharge_reasons", "ready_reasons", "readmission_reasons", *invented]).join(
        _days(predictor, table, moments)
    )


def _days(predictor: Predictor, table: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    if predictor.date_model is None:
        return pd.DataFrame(index=table.index)
    curves = predictor.curves(table, predictor.days_of(table, moments["at"]))
    first, last = fewest_days(curves.home_by)
    days = pd.DataFrame(
        {"likely_days": median_day(curves.home_by), "fewest_days": first, "most_days": last}, index=table.index
    )
    return days.astype("float64")[moments["moment"] == "admission"].reindex(table.index)


def _row(answer: Prediction) -> dict[str, Any]:
    ready, discharge, risk = answer.ready, answer.discharge, answer.readmission
    return {
        "admission_id": answer.admission_id,
        "at": answer.at,
        "release": answer.release,
        "ready_likely": ready.likely if ready else None,
        "ready_earliest": ready.earliest if ready else None,
        "ready_latest": ready.latest if ready else None,
        "ready_since": answer.ready_since,
        "discharge_likely": discharge.likely if discharge else None,
        "discharge_earliest": discharge.earliest if discharge else None,
        "discharge_latest": discharge.latest if discharge else None,
        "home_within_30_days": answer.home_within_30_days,
        "expected_delay_days": answer.expected_delay_days,
        "readmission_risk": risk.risk if risk else None,
        "readmission_band": risk.band if risk else None,
        "readmission_definition": risk.definition if risk else None,
        "ready_reasons": _said(answer.ready_reasons),
        "discharge_reasons": _said(answer.discharge_reasons),
        "readmission_reasons": _said(answer.readmission_reasons),
        "warnings": "; ".join(warning.text for warning in answer.warnings),
    }


def _said(reasons: Reasons | None) -> str | None:
    return None if reasons is None else "; ".join(reason.text for reason in reasons.reasons[:REASONS_SAID])
