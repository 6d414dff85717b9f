"""Fitting a release: measured on patients held out, then refitted on everybody."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import catalogue
from features.errors import HomewardError
from models.calibration import CurveMap, fit_curve_map
from models.discharge_date import DateModel, fit_dates
from models.encoding import Encoder
from models.explanation import groups
from models.predictor import Predictor
from models.readmission import FOLDS, ReadmissionModel, fit_readmission, refit_readmission
from models.reasons import Reference, date_contributions, fit_reference, reference_rows
from training.baselines import Cohort, logistic_out_of_fold
from training.cohort import Prepared, Say
from training.detail import Detail, detail
from training.evaluate import figures, risk_figures
from training.metrics import censoring_weights
from training.plan import TrainingPlan
from training.split import folds, parts

EXPECTED_SHARE = 0.5  # a feature that most rows have is worth a word when it is missing
NOT_FLAGGED_THEMES = {"earlier stays", "earlier illness", "how they left", "recorded delay", "leave", "pathway"}
FEWEST_LABELS = 50
FEWEST_LEARNT_FROM = 20  # patients; fewer could be told apart in a release


@dataclass(frozen=True)
class Fitted:
    """What a training gives: the refitted predictor, and figures of the one measured before the refit."""

    predictor: Predictor
    figures: dict[str, Any]
    notes: list[str]
    detail: Detail


def fit(rows: Prepared, plan: TrainingPlan, say: Say) -> Fitted:
    """Fit on one set of patients, calibrate on another, measure on a third, then refit on all.

    The figures are those from before the refit, on patients and months that the measured models never
    saw.  The refit takes each booster's rounds and the curves' maps from the first fit.
    """
    side = parts(rows.rows, rows.hospital.dates, plan)
    learn, later, test = (rows.pick((side == name).to_numpy()) for name in ("fit", "calibrate", "test"))
    say(f"rows to fit {len(learn.rows):,}, to calibrate {len(later.rows):,}, to test {len(test.rows):,}")
    _enough(learn)
    encoder = _encoder(learn)
    measured = _calibrated(_first_fit(learn, later, encoder, plan, say), later, plan)
    say("measuring on patients held out")
    found, notes = figures(measured, test, learn)
    if measured.readmission is None:
        back = int(learn.rows.loc[learn.for_readmission(), "readmitted"].sum())
        notes.append(f"no readmission model: {back} rows of people who came back, {FEWEST_LABELS} are needed")
    beside = detail(measured, test)
    say("refitting on every row")
    predictor, out_of_fold = _refit(rows, measured, plan, say)
    if out_of_fold is not None:
        found["out_of_fold"] = out_of_fold
        notes.append(_out_of_fold_note(out_of_fold))
    if out_of_fold is not None and rows.hospital.dates == "none":  # patients alone are split: use all of them
        beside = Detail(calibration={}, intervals={})  # the picture and the interval would be another model's
        found["readmission"] = out_of_fold["readmission"]
        for name, parts_of_it in out_of_fold["baselines"].items():
            found["baselines"][name]["readmission"] = parts_of_it["readmission"]
    say("reasons: the reference patients")
    predictor = replace(predictor, references=_references(predictor, rows, plan))
    notes.append("figures are from before the refit on every row")
    return Fitted(predictor, found, notes, beside)


def _enough(learn: Prepared) -> None:
    people = learn.rows["patient_id"].nunique()
    left = int(learn.rows.loc[learn.rows["exit_kind"] != "", "patient_id"].nunique())
    if left < FEWEST_LEARNT_FROM:
        raise HomewardError(
            f"too little to learn from: {left} patients with an ended stay among the {people} of the fit part, "
            f"{FEWEST_LEARNT_FROM} are needed. Patients and months are held out, a stay open for years "
            "stretches the period, and children, maternity and day cases are out of scope"
        )


def _encoder(learn: Prepared) -> Encoder:
    return Encoder.of(learn.table, catalogue(learn.hospital), learn.rows["patient_id"])


def _first_fit(learn: Prepared, later: Prepared, encoder: Encoder, plan: TrainingPlan, say: Say) -> Predictor:
    codes = encoder.code_positions
    here, there = encoder.matrix(learn.table), encoder.matrix(later.table)
    say("fitting the date models")
    mine, theirs = learn.for_dates(), later.for_dates()
    date_model = fit_dates(
        here[mine],
        learn.days().pick(mine),
        learn.targets.pick(mine),
        codes,
        plan.date_size(),
        (there[theirs], later.days().pick(theirs), later.targets.pick(theirs)),
    )
    say("fitting the readmission model")
    known, unknown = learn.for_readmission(), later.for_readmission()
    risk = None
    if learn.rows.loc[known, "readmitted"].sum() >= FEWEST_LABELS:
        sample = learn.readmission_sample(here, codes, known, plan)
        risk = fit_readmission(sample, plan.risk_size(), later.readmission_sample(there, codes, unknown, plan))
    return Predictor(
        release="not kept yet",
        facts=learn.hospital.facts,
        dates=learn.hospital.dates,
        encoder=encoder,
        date_model=date_model,
        home_map=CurveMap(),
        ready_map=CurveMap(),
        readmission=risk,
        references={},
        expected=_expected(learn, encoder),
    )


def _calibrated(predictor: Predictor, later: Prepared, plan: TrainingPlan) -> Predictor:
    """Return the predictor with maps fitted on later board rows (admission rows where there are no dates)."""
    moment = "board" if later.hospital.dates != "none" else "admission"
    some = later.pick((later.rows["moment"] == moment).to_numpy())
    assert predictor.date_model is not None
    if some.rows.empty:
        return predictor
    raw = predictor.date_model.curves(predictor.encoder.matrix(some.table), some.days())
    goals, kind = some.targets, some.rows["exit_kind"].to_numpy(str)
    weight = censoring_weights(goals.observed_days, goals.exit_day, kind)
    home = np.where(goals.went_home, goals.exit_day, np.inf)
    predictor = replace(predictor, home_map=fit_curve_map(raw.home_by, home, weight, plan.seed))
    if raw.ready_by is not None:
        seen = np.isfinite(goals.ready_day)
        ended = np.where(seen, goals.ready_day, goals.exit_day)
        state = np.where(seen, "home", np.where(kind == "home", "", kind))
        weight = censoring_weights(goals.ready_observed_days, ended, state) * goals.ready_usable
        predictor = replace(
            predictor, ready_map=fit_curve_map(raw.ready_by, goals.ready_day, weight, plan.seed)
        )
    return predictor


def _refit(
    rows: Prepared, measured: Predictor, plan: TrainingPlan, say: Say
) -> tuple[Predictor, dict[str, Any] | None]:
    encoder = _encoder(rows)
    matrix, codes = encoder.matrix(rows.table), encoder.code_positions
    mine = rows.for_dates()
    assert measured.date_model is not None
    first = measured.date_model
    trees_of = {"leave": first.leave, "home": first.home, "ready": first.ready}
    rounds = {name: max(booster.num_trees(), 10) for name, booster in trees_of.items() if booster}
    date_model: DateModel = fit_dates(
        matrix[mine], rows.days().pick(mine), rows.targets.pick(mine), codes, plan.date_size(), rounds=rounds
    )
    risk: ReadmissionModel | None = None
    out_of_fold = None
    if measured.readmission is not None:
        say(f"calibrating the readmission model on {FOLDS} folds of patients")
        known = rows.for_readmission()
        trees = max(measured.readmission.booster.num_trees(), 10)
        sample = rows.readmission_sample(matrix, codes, known, plan)
        held = rows.rows[known]
        risk, chances = refit_readmission(sample, plan.risk_size(trees), folds(held["patient_id"], FOLDS))
        out_of_fold = _out_of_fold(Cohort(rows.table[known], held), pd.Series(chances, index=held.index), rows)
    return replace(measured, encoder=encoder, date_model=date_model, readmission=risk), out_of_fold


def _out_of_fold(known: Cohort, risk: pd.Series, rows: Prepared) -> dict[str, Any]:
    """Return figures in which every patient was held out once; without a calendar, a baseline's beside."""
    crossed: dict[str, Any] = {"readmission": risk_figures(risk, known.rows), "baselines": {}}
    if rows.hospital.dates == "none":
        by_line = logistic_out_of_fold(
            known.at("discharge"), folds(known.at("discharge").rows["patient_id"], FOLDS)
        )
        parts_of_it = {"readmission": risk_figures(by_line, known.rows.loc[by_line.index])}
        crossed["baselines"]["logistic_regression"] = parts_of_it
    return crossed


def _out_of_fold_note(crossed: dict[str, Any]) -> str:
    figures = crossed["readmission"]
    return (
        f"readmission at discharge with every patient held out once, in {FOLDS} folds by patient: "
        f"AUROC {figures['auroc']:.3f}, ECE {figures['ece']:.4f}, {figures['n']:,} rows"
    )


def _references(predictor: Predictor, rows: Prepared, plan: TrainingPlan) -> dict[str, Reference]:
    chosen = _chosen(predictor, rows, rows.for_dates(), plan)
    some = rows.pick(chosen)
    matrix, group = predictor.encoder.matrix(some.table), groups(predictor, some.table)
    model = predictor.date_model
    assert model is not None
    references = {"leave": fit_reference(date_contributions(model.leave, matrix, some.days()), group)}
    if model.ready is not None:
        references["ready"] = fit_reference(date_contributions(model.ready, matrix, some.days()), group)
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


def _expected(learn: Prepared, encoder: Encoder) -> tuple[str, ...]:
    present = learn.table.notna().mean()
    return tuple(
        feature.name
        for feature in encoder.features
        if present[feature.name] >= EXPECTED_SHARE
        and feature.theme not in NOT_FLAGGED_THEMES
        and not feature.name.endswith(("_hours", "_hours_ago", "_change"))
    )
