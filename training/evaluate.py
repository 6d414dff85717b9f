"""How good a predictor is on given rows: the figures of the report, models beside baselines."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.distribution import Curves, fewest_days, ready_if_home
from models.predictor import Predictor
from training.baselines import Cohort, baseline_figures
from training.cohort import Prepared, planned_days, stays_digest
from training.metrics import LAST_DAY, Figures, censoring_weights, date_figures, readmission_figures
from training.outcomes import READY_RECORDED_SHARE, criteria_recorded_shares, ready_state
from training.returning import deaths_after_leaving
from training.split import folds

FEW_ADMISSIONS = 5_000  # a test of 15 % of the patients then holds about a hundred readmissions
Floats = npt.NDArray[np.float64]


def figures(
    predictor: Predictor, test: Prepared, train: Prepared | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return the evaluation of the design's part 9 on every row of `test`, and notes for the report.

    Baselines learn from `train` where it is given, else from the other half of the patients of `test`.
    Parts that the source cannot support are None.
    """
    measured = {
        "release": predictor.release,
        "source": test.hospital.source,
        "dates": test.hospital.dates,
        "rows": len(test.rows),
        "readmission": readmission(predictor, test),
        "same_issue": same_issue(predictor, test),
        **dates(predictor, test),
    }
    measured["baselines"], notes = baselines(predictor, test, train)
    return measured, [*test.hospital.notes, *source_notes(test), *notes]


def readmission(predictor: Predictor, test: Prepared) -> Figures | None:
    """Return the readmission figures on discharge rows, with board and admission rows beside."""
    if predictor.readmission is None:
        return None
    known = test.pick(test.for_readmission())
    risk = pd.Series(predictor.readmission.risk(predictor.encoder.matrix(known.table)), index=known.rows.index)
    return risk_figures(risk, known.rows)


def same_issue(predictor: Predictor, test: Prepared) -> Figures | None:
    """Return the figures of coming back for the same issue, over stays of which it is known."""
    if predictor.readmission is None or predictor.same_issue is None:
        return None
    known = test.pick(test.for_same_issue())
    matrix = predictor.encoder.matrix(known.table)
    risk = predictor.readmission.risk(matrix) * predictor.same_issue.risk(matrix)
    happened = ((known.rows["readmitted"] == 1) & (known.rows["same_issue"] == 1)).astype("float64")
    return risk_figures(pd.Series(risk, index=known.rows.index), known.rows.assign(readmitted=happened))


def risk_figures(risk: pd.Series, rows: pd.DataFrame) -> Figures:
    """Return the figures of risks by kind of moment: discharge, with board and admission beside."""
    parts = {}
    for moment in ("discharge", "board", "admission"):
        chosen = rows["moment"] == moment
        if chosen.any():
            own = rows[chosen]
            parts[moment] = readmission_figures(risk[chosen], own["readmitted"], own["readmission_weight"])
    main = parts.pop("discharge", None) or readmission_figures([], [])
    return {**main, "board": parts.get("board"), "admission": parts.get("admission")}


def dates(predictor: Predictor, test: Prepared) -> dict[str, Figures | None]:
    """Return the ready and discharge figures on board rows, with admission rows beside.

    A source without dates has admission rows only.
    """
    parts: dict[str, Figures | None] = {"ready": None, "discharge": None}
    if predictor.date_model is None:
        return parts
    moments = ["board", "admission"] if test.hospital.dates != "none" else ["admission"]
    for moment in moments:
        some = test.pick((test.rows["moment"] == moment).to_numpy())
        if some.rows.empty:
            continue
        curves = predictor.curves(some.table, some.days())
        for name, measured in (
            ("discharge", discharge_figures(some, curves)),
            ("ready", ready_figures(some, curves)),
        ):
            if measured is None:
                continue
            held = parts[name]
            alone = len(moments) == 1  # a source without dates is measured at admission only
            first_part = {**measured, "admission": measured if alone else None}
            parts[name] = first_part if held is None else {**held, "admission": measured}
    return parts


def baselines(
    predictor: Predictor, test: Prepared, train: Prepared | None
) -> tuple[dict[str, Figures], list[str]]:
    """Return the baselines' figures on the rows of `test`.

    Without training rows they learn from half of the patients and are scored on the other half, where
    the models are scored again beside them.
    """
    if train is not None:
        return baseline_figures(_weighed(train), _weighed(test), test.hospital.facts, _planned(test))
    halves = folds(test.rows["patient_id"], 2)
    other, own = test.pick(halves == 0), test.pick(halves == 1)
    found, notes = baseline_figures(_weighed(other), _weighed(own), test.hospital.facts, _planned(own))
    same = {"readmission": readmission(predictor, own), "same_issue": same_issue(predictor, own)}
    found = {"homeward_same_rows": {**same, **dates(predictor, own)}, **found}
    return found, [*notes, "baselines learnt from half of the patients; all are scored on the other half"]


def source_notes(rows: Prepared) -> list[str]:
    """Say what the source's dates and records do not allow, and when there is too little to go by."""
    hospital = rows.hospital
    notes = {
        "none": "this source has no dates: length of stay and readmission only, split by patient alone",
        "per_patient": "dates are shifted for each patient: no calendar features, split by patient alone",
    }
    said = [notes[hospital.dates]] if hospital.dates in notes else []
    shares = criteria_recorded_shares(hospital).fillna(0)
    for site, share in shares[~(shares >= READY_RECORDED_SHARE)].items():
        where = f" at site {site}" if len(shares) > 1 else ""
        said.append(
            f"no ready date{where}: criteria_to_reside (1 or 0) is recorded on {share:.0%} of inpatient-days, "
            f"{READY_RECORDED_SHARE:.0%} are needed"
        )
    if deaths_after_leaving(hospital).empty:
        said.append("deaths after discharge are not recorded: who died at home counts as not back")
    if hospital.admissions["discharge_method"].isna().all():
        said.append("discharge_method is not given: deaths count as going home")
    if len(hospital.admissions) < FEW_ADMISSIONS:
        count = len(hospital.admissions)
        said.append(f"{count:,} admissions are few: figures on less than {FEW_ADMISSIONS:,} mean little")
    if rows.rows["same_issue"].notna().sum() == 0:
        said.append("no same issue: main diagnoses coded after both stays (coded_diagnosis, ICD-10) are needed")
    return said


def learnt_notes(known: Mapping[str, Any], test: Prepared) -> list[str]:
    """Say how far a release, by what is kept with it, may have learnt from the rows it is measured on."""
    if known.get("stays_digest") == stays_digest(test.hospital):
        return ["THE RELEASE LEARNT FROM THESE VERY ROWS: its figures flatter it; see those of `fit`"]
    if known.get("learnt_until") and test.hospital.dates == "comparable":
        until = pd.Timestamp(known["learnt_until"])
        share = float((test.rows["at"] <= until).mean())
        if share > 0:
            said = f"{share:.0%} of the rows are no later than {until:%d %B %Y}, until when the release learnt"
            return [f"{said}: if they are of the same hospital, the figures flatter it"]
    return []


def discharge_figures(some: Prepared, curves: Curves) -> Figures:
    """Return how well curves of leaving fit the rows."""
    goals, kind = some.targets, some.rows["exit_kind"].to_numpy(str)
    home_day = np.where(goals.went_home, goals.exit_day, np.nan)
    weight = censoring_weights(goals.observed_days, goals.exit_day, kind)
    first, last = (edge.astype(np.float64) for edge in fewest_days(curves.home_by))
    return date_figures(curves.home_by[:, : LAST_DAY + 1], home_day, kind, first, last, weight)


def ready_figures(some: Prepared, curves: Curves) -> Figures | None:
    """Return how well curves of becoming ready fit the rows, None where readiness is not known."""
    if curves.ready_by is None:
        return None
    goals = some.targets
    asked = goals.ready_usable
    if not asked.any():
        return None
    ready_day, kind, ended = ready_state(goals, some.rows["exit_kind"].to_numpy(str))
    weight = censoring_weights(goals.ready_observed_days[asked], ended[asked], kind[asked])
    by = curves.ready_by[asked]
    first, last = (edge.astype(np.float64) for edge in fewest_days(ready_if_home(curves)[asked]))
    return date_figures(by[:, : LAST_DAY + 1], ready_day[asked], kind[asked], first, last, weight)


def _weighed(some: Prepared) -> Cohort:
    goals = some.targets
    weight = censoring_weights(goals.observed_days, goals.exit_day, some.rows["exit_kind"].to_numpy(str))
    known = some.for_readmission()
    rows = some.rows.assign(
        weight=weight, readmission_weight=np.where(known, some.rows["readmission_weight"], 0.0)
    )
    return Cohort(some.table, rows)


def _planned(some: Prepared) -> pd.Series | None:
    return planned_days(some) if some.hospital.dates != "none" else None
