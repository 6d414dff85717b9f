"""Fitting a release: measured on patients held out, then refitted on everybody."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from features.catalogue import catalogue
from features.errors import HomewardError
from models.booster import Size
from models.calibration import CurveMaps
from models.discharge_date import Rounds
from models.encoding import Encoder, Matrix
from models.predictor import Predictor
from models.readmission import FOLDS, FittedRisk, fit_readmission
from training.baselines import Cohort, logistic_out_of_fold
from training.calibrate import calibrated, fitted_dates, out_of_fold, unseen_by
from training.cohort import Prepared, Say
from training.detail import Detail, detail
from training.evaluate import figures, risk_figures
from training.outcomes import sites_without_ready
from training.plan import TrainingPlan
from training.reference import references
from training.returning import deaths_after_leaving
from training.split import folds, parts

EXPECTED_SHARE = 0.5  # a feature that most rows have is worth a word when it is missing
NOT_FLAGGED_THEMES = {"earlier stays", "earlier illness", "how they left", "recorded delay", "leave", "pathway"}
FEWEST_LABELS = 50
FEWEST_TREES = 3  # of a stage: few rows may stop it at once
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
    saw.  The refit takes each booster's rounds and size from the first fit, its maps from patients out of fold.
    """
    side = parts(rows.rows, rows.hospital.dates, plan)
    learn, later, test = (rows.pick((side == name).to_numpy()) for name in ("fit", "calibrate", "test"))
    say(f"rows to fit {len(learn.rows):,}, to calibrate {len(later.rows):,}, to test {len(test.rows):,}")
    _enough(learn)
    first = first_fit(learn, later, plan, say)
    measured = calibrated(first.predictor, unseen_by(first.predictor, later, plan), plan)
    say("measuring on patients held out")
    found, notes = figures(measured, test, learn)
    if measured.readmission is None:
        back = int(learn.rows.loc[learn.for_readmission(), "readmitted"].sum())
        notes.append(f"no readmission model: {back} rows of people who came back, {FEWEST_LABELS} are needed")
    beside = detail(measured, test)
    say("refitting on every row")
    predictor, crossed = _refit(rows, first, plan, say)
    if crossed is not None:
        found["out_of_fold"] = crossed
        notes.append(_crossed_note(crossed))
    if crossed is not None and rows.hospital.dates == "none":  # patients alone are split: use all of them
        beside = Detail(calibration={}, intervals={})  # the picture and the interval would be another model's
        found["readmission"] = crossed["readmission"]
        for name, parts_of_it in crossed["baselines"].items():
            found["baselines"][name]["readmission"] = parts_of_it["readmission"]
    say("reasons: the reference patients")
    predictor = replace(predictor, references=references(predictor, rows, plan))
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


@dataclass(frozen=True)
class First:
    """The first fit, with the trees of its date boosters and the sizes of the others, which the refit keeps."""

    predictor: Predictor
    rounds: Rounds
    sizes: dict[str, Size]


def first_fit(learn: Prepared, later: Prepared, plan: TrainingPlan, say: Say) -> First:
    """Fit on one set of patients; another, of later months, stops the date boosters; nothing is mapped yet."""
    encoder = _encoder(learn)
    here = encoder.matrix(learn.table)
    say("fitting the date models")
    dates = fitted_dates(learn, here, learn.for_dates(), encoder, plan, later=later)
    risks = _risks(learn, here, encoder, plan, say, {})
    predictor = Predictor(
        release="not kept yet",
        facts=learn.hospital.facts,
        dates=learn.hospital.dates,
        encoder=encoder,
        date_model=dates.model,
        home_map=CurveMaps(),
        ready_map=CurveMaps(),
        readmission=risks["readmission"].model if "readmission" in risks else None,
        same_issue=risks["same_issue"].model if "same_issue" in risks else None,
        references={},
        expected=_expected(learn, encoder),
        sites_without_ready=tuple(sites_without_ready(learn.hospital)),
        deaths_after_leaving=not deaths_after_leaving(learn.hospital).empty,
    )
    return First(predictor, dates.rounds, {name: fitted.size for name, fitted in risks.items()})


def _risks(
    rows: Prepared, matrix: Matrix, encoder: Encoder, plan: TrainingPlan, say: Say, sizes: dict[str, Size]
) -> dict[str, FittedRisk]:
    """Fit the readmission models, calibrated out of fold; without their sizes these are chosen."""
    known, codes = rows.for_readmission(), encoder.code_positions
    back = known & (rows.rows["readmitted"] == 1).to_numpy()
    coded = back & rows.rows["same_issue"].notna().to_numpy()
    samples = {}
    if back.sum() >= FEWEST_LABELS:
        samples["readmission"] = (rows.readmission_sample(matrix, codes, known, plan), known)
    outcome = rows.rows.loc[coded, "same_issue"]
    if min((outcome == 1).sum(), (outcome == 0).sum()) >= FEWEST_LABELS:
        samples["same_issue"] = (rows.same_issue_sample(matrix, codes, coded, plan), coded)
    found = {}
    for name, (sample, chosen) in samples.items():
        say(f"fitting the {name.replace('_', ' ')} model on {FOLDS} folds of patients")
        own = sizes.get(name) or plan.risk_sizes()
        found[name] = fit_readmission(sample, own, folds(rows.rows.loc[chosen, "patient_id"], FOLDS))
    return found


def _refit(
    rows: Prepared, first: First, plan: TrainingPlan, say: Say
) -> tuple[Predictor, dict[str, Any] | None]:
    """Fit on every row with the rounds and sizes of the first fit, calibrated on patients out of fold."""
    encoder = _encoder(rows)
    matrix = encoder.matrix(rows.table)
    rounds = {name: [max(each, FEWEST_TREES) for each in trees] for name, trees in first.rounds.items()}
    date_model = fitted_dates(rows, matrix, rows.for_dates(), encoder, plan, rounds=rounds).model
    predictor = replace(first.predictor, encoder=encoder, date_model=date_model)
    predictor = calibrated(predictor, out_of_fold(predictor, rows, rounds, plan, say), plan)
    risks = _risks(rows, matrix, encoder, plan, say, first.sizes) if first.sizes else {}
    models = {name: fitted.model for name, fitted in risks.items()}
    predictor = replace(predictor, readmission=models.get("readmission"), same_issue=models.get("same_issue"))
    if "readmission" not in risks:
        return predictor, None
    known = rows.for_readmission()
    held = rows.rows[known]
    chances = pd.Series(risks["readmission"].out_of_fold, index=held.index)
    return predictor, _crossed(Cohort(rows.table[known], held), chances, rows)


def _crossed(known: Cohort, risk: pd.Series, rows: Prepared) -> dict[str, Any]:
    """Return figures in which every patient was held out once; without a calendar, a baseline's beside."""
    crossed: dict[str, Any] = {"readmission": risk_figures(risk, known.rows), "baselines": {}}
    if rows.hospital.dates == "none":
        by_line = logistic_out_of_fold(
            known.at("discharge"), folds(known.at("discharge").rows["patient_id"], FOLDS)
        )
        parts_of_it = {"readmission": risk_figures(by_line, known.rows.loc[by_line.index])}
        crossed["baselines"]["logistic_regression"] = parts_of_it
    return crossed


def _crossed_note(crossed: dict[str, Any]) -> str:
    figures = crossed["readmission"]
    return (
        f"readmission at discharge with every patient held out once, in {FOLDS} folds by patient: "
        f"AUROC {figures['auroc']:.3f}, ECE {figures['ece']:.4f}, {figures['n']:,} rows"
    )


def _expected(learn: Prepared, encoder: Encoder) -> tuple[str, ...]:
    present = learn.table.notna().mean()
    return tuple(
        feature.name
        for feature in encoder.features
        if present[feature.name] >= EXPECTED_SHARE
        and feature.theme not in NOT_FLAGGED_THEMES
        and not feature.name.endswith(("_hours", "_days_ago", "_change"))
    )
