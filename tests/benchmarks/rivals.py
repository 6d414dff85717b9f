"""Homeward and its rivals in one benchmark, on the same rows, as one table for dates and one for readmission.

    python tests/benchmarks/rivals.py [--source simulated] [--path DIR] [--admissions 20000] [--json out.json]

Without `--path` a hospital is simulated.  All learn from the patients and months of `fit`, stop and calibrate
by those of `calibrate` and answer the board rows of `test` (admission rows where a source has no dates); the
figures are those of the report, over days 0 to 60, the models' before the refit.  Each has its ratio to
Homeward's in the same run.  The bottom line says whether a rival's CRPS is over 2 % below that of the hazards,
by the 95 % interval of the ratio when whole patients are drawn again.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rival_curves import RIVALS, Answer, Contest, homeward

from features.sources import read
from features.sources.simulation import simulate
from models.distribution import Floats
from models.readmission import FOLDS, fit_readmission
from training.baselines import Cohort, fewest_days, logistic_risk, planned_date, readmission_baselines
from training.cohort import Prepared, planned_days, prepared
from training.metrics import (
    LAST_DAY,
    Figures,
    censoring_weights,
    curve_losses,
    date_figures,
    readmission_figures,
)
from training.plan import TrainingPlan
from training.split import folds, parts

HAZARDS = "Homeward's hazards"
BEATEN_BELOW = 0.98  # a rival's CRPS over Homeward's: 2 %
DRAWS = 500
DATE_COLUMNS = {
    "crps": "CRPS",
    "mae_days": "MAE days",
    "within_1_day": "within 1",
    "home_by_24h_auroc": "AUROC 24h",
    "coverage_80": "cover 80",
    "width_80": "width 80",
    "fit_seconds": "fit s",
    "answer_seconds": "answer s",
}
RISK_COLUMNS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier",
    "ece": "ECE",
    "slope": "slope",
    "fit_seconds": "fit s",
}
Rivals = Mapping[str, Callable[[Contest], Answer]]


def measured(rows: Prepared, plan: TrainingPlan, rivals: Rivals = RIVALS, **limits: int) -> dict[str, Any]:
    """Return `dates`, `readmission` (None without labels) and the `verdict` of all on the rows held out.

    Each row of `dates` has the figures of `date_figures`, seconds, and for a whole curve its CRPS over the
    hazards' with `crps_interval`.  `limits` are those of SurvivalBoost in `Contest`.
    """
    side = parts(rows.rows, rows.hospital.dates, plan)
    learn, later, test = (rows.pick((side == name).to_numpy()) for name in ("fit", "calibrate", "test"))
    contest = Contest(learn.pick(learn.for_dates()), later.pick(later.for_dates()), plan, **limits)
    moment = "admission" if rows.hospital.dates == "none" else "board"
    asked = test.pick((test.rows["moment"] == moment).to_numpy())
    dates, curves = _curves(contest, asked, {HAZARDS: homeward, **rivals})
    dates |= _by_tomorrow(contest, asked, moment) | _planned(asked, curves[HAZARDS])
    return {
        "source": rows.hospital.source,
        "rows": {"learnt": len(contest.learn.rows), "asked": len(asked.rows), "moment": moment},
        "dates": dates,
        "readmission": readmission(learn, later, test, plan),
        "verdict": verdict(dates),
    }


def _curves(contest: Contest, asked: Prepared, rivals: Rivals) -> tuple[dict[str, Figures], dict[str, Floats]]:
    _ = contest.matrices  # encoded once, and charged to nobody
    found, curves = {}, {}
    losses: dict[str, Floats] = {}
    for name, fit in rivals.items():
        began = time.perf_counter()
        answer = fit(contest)
        fitted = time.perf_counter()
        curves[name] = answer(asked)
        seconds = {"fit_seconds": fitted - began, "answer_seconds": time.perf_counter() - fitted}
        losses[name] = curve_losses(curves[name], home_day(asked))
        paired = crps_ratio(asked, losses[name], losses[HAZARDS])
        found[name] = {**scored(asked, curves[name]), **seconds, "crps_interval": paired}
    return found, curves


def scored(asked: Prepared, curves: Floats) -> Figures:
    """Return the figures of curves by day 60, (rows, 61), as the report has them."""
    kind = asked.rows["exit_kind"].to_numpy(str)
    return date_figures(curves, home_day(asked), kind, *fewest_days(curves), ended_weight(asked))


def home_day(asked: Prepared) -> Floats:
    """Return the day each went home, NaN for the others."""
    return np.where(asked.targets.went_home, asked.targets.exit_day, np.nan)


def ended_weight(asked: Prepared) -> Floats:
    """Return what each row counts, so that the ended make up for those still in."""
    goals = asked.targets
    return censoring_weights(goals.observed_days, goals.exit_day, asked.rows["exit_kind"].to_numpy(str))


def crps_ratio(asked: Prepared, losses: Floats, others: Floats, seed: int = 1) -> tuple[float, float] | None:
    """Return the 95 % interval of a CRPS over another's when whole patients are drawn again, rows paired."""
    _, patient = np.unique(asked.rows["patient_id"].to_numpy(str), return_inverse=True)
    weight, count = ended_weight(asked), int(patient.max(initial=-1)) + 1
    sums = np.column_stack([np.bincount(patient, weight * each, count) for each in (losses, others)])
    if count == 0 or sums[:, 1].sum() <= 0:
        return None
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), DRAWS)
    ratios = (times @ sums)[:, 0] / np.maximum((times @ sums)[:, 1], 1e-12)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def verdict(dates: Mapping[str, Figures]) -> str:
    """Say which rivals beat the hazards on CRPS by more than 2 %, and of which that cannot be told."""
    ends = {name: row["crps_interval"] for name, row in dates.items() if row.get("crps_interval")}
    ends.pop(HAZARDS, None)
    won = [name for name, (_, high) in ends.items() if high < BEATEN_BELOW]
    open_ = [name for name, (low, high) in ends.items() if low < BEATEN_BELOW <= high]
    if won:
        return f"BEATEN on CRPS by more than 2 % by {', '.join(won)}"
    if open_:
        return (
            f"no rival is shown to beat the hazards on CRPS by more than 2 %; cannot tell: {', '.join(open_)}"
        )
    return "no rival beats the hazards on CRPS by more than 2 %"


def _by_tomorrow(contest: Contest, asked: Prepared, moment: str) -> dict[str, Figures]:
    """Return logistic regression, which answers only whether a person is home by the end of the next day."""
    chosen = contest.learn.pick((contest.learn.rows["moment"] == moment).to_numpy())
    known = Cohort(chosen.table, chosen.rows.assign(weight=ended_weight(chosen)))
    began = time.perf_counter()
    risk = logistic_risk(
        known, Cohort(asked.table, asked.rows), (known.rows["home_day"] <= 1).astype("float64")
    )
    if risk is None:
        return {}
    whole = scored(asked, np.repeat(risk[:, None], LAST_DAY + 1, axis=1))
    kept = {name: whole[name] for name in ("home_by_24h_auroc", "home_by_24h_auprc", "n")}
    return {"logistic regression": {**kept, "fit_seconds": time.perf_counter() - began}}


def _planned(asked: Prepared, hazards: Floats) -> dict[str, Figures]:
    """Return the ward's own planned dates, and Homeward on the rows that have one."""
    if asked.hospital.dates == "none":
        return {}
    planned = planned_days(asked)
    has_one = planned.notna().to_numpy()
    if not has_one.any():
        return {}
    theirs = planned_date(asked.rows.assign(weight=ended_weight(asked)), planned)
    ours = scored(asked.pick(has_one), hazards[has_one])
    return {"hazards, where planned": ours, "the ward's planned date": theirs}


def readmission(
    learn: Prepared, later: Prepared, test: Prepared, plan: TrainingPlan
) -> dict[str, Figures] | None:
    """Return figures of the readmission risk on discharge rows, None where too few people came back."""
    known = learn.for_readmission()
    asked = test.pick(test.for_readmission() & (test.rows["moment"] == "discharge").to_numpy())
    if learn.rows.loc[known, "readmitted"].sum() < 1 or asked.rows["readmitted"].nunique() < 2:
        return None
    contest = Contest(learn, later, plan)
    began = time.perf_counter()
    sample = learn.readmission_sample(contest.matrices[0], contest.encoder.code_positions, known, plan)
    fold = folds(learn.rows.loc[known, "patient_id"], FOLDS)
    model = fit_readmission(sample, plan.risk_sizes(), fold).model
    seconds = time.perf_counter() - began
    risk = model.risk(contest.encoder.matrix(asked.table))
    weight = asked.rows["readmission_weight"]
    ours = readmission_figures(risk, asked.rows["readmitted"], weight)
    at_discharge = learn.pick(known & (learn.rows["moment"] == "discharge").to_numpy())
    theirs, _ = readmission_baselines(_cohort(at_discharge), _cohort(asked), learn.hospital.facts)
    return {"Homeward": {**ours, "fit_seconds": seconds}, **theirs}


def _cohort(rows: Prepared) -> Cohort:
    return Cohort(rows.table, rows.rows.assign(weight=rows.rows["readmission_weight"]))


def table(found: Mapping[str, Figures], columns: Mapping[str, str]) -> str:
    """Return the figures as text, each with its ratio to the first row's in brackets.

    The ward's planned date is beside the hazards on the rows that have one.
    """
    lines = [f"{'':<26}" + "".join(f"{words:>18}" for words in columns.values())]
    first = next(iter(found.values()))
    for name, row in found.items():
        beside = found["hazards, where planned"] if name == "the ward's planned date" else first
        cells = [_cell(row.get(column), beside.get(column)) for column in columns]
        lines.append(f"{name:<26}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


def _cell(value: float | None, beside: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f} (x{value / beside:.2f})" if beside else f"{value:.3f}"


def main() -> None:
    """Measure one source and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="simulated")
    parser.add_argument("--path", type=Path)
    parser.add_argument("--admissions", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    made_here = given.source == "simulated" and given.path is None
    hospital = simulate(given.admissions) if made_here else read(given.source, given.path)
    plan = TrainingPlan()
    found = measured(prepared(hospital, plan, lambda said: print(said, file=sys.stderr)), plan)
    counts = found["rows"]
    print(
        f"{found['source']}: learnt from {counts['learnt']:,} rows, "
        f"asked on {counts['asked']:,} {counts['moment']} rows"
    )
    print(table(found["dates"], DATE_COLUMNS))
    if found["readmission"]:
        print("\nreadmission, on discharge rows\n" + table(found["readmission"], RISK_COLUMNS))
    for name, row in found["dates"].items():
        if name != HAZARDS and row.get("crps_interval"):
            print("CRPS of {} over the hazards': {:.3f} to {:.3f}".format(name, *row["crps_interval"]))
    print(found["verdict"])
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
