"""What boosters of several sizes gain in CRPS and cost in time, and where the time of one prediction goes.

    python tests/benchmarks/sizes.py [--admissions 12000] [--sizes 50x7 100x15 300x31] [--json out.json]

Trees x leaves are those of the date boosters, with no early stop; the readmission booster is the plan's.  CRPS
is that of the board rows held out, over days 0 to 60.  Milliseconds are medians over 200 patients, each alone
through `Predictor.predict(table, at)` on one thread, their table of one row made before, without reasons and
with those of both dates and the risk.  P4 asks for at most 3 ms without reasons, and with them for 30, then 12.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import models.booster
import models.discharge_date
import models.explanation
import models.gaps
import models.predictor
import models.readmission
import models.shapley
from features.snapshot import snapshot
from features.sources.simulation import simulate
from features.table import feature_table
from models.discharge_date import fit_dates
from models.encoding import Encoder
from models.predictor import Predictor
from training.calibrate import calibrated, unseen_by
from training.cohort import Prepared, Say, prepared
from training.evaluate import discharge_figures
from training.fit import first_fit
from training.plan import TrainingPlan
from training.reference import references
from training.split import parts

SIZES = ("50x7", "100x7", "100x15", "200x15", "300x31", "300x63")
YARDSTICK = "100x15"
PATIENTS = 200
IN_TURN = 20
PLAIN_MS, REASONED_MS, REASONED_LATER_MS = 3.0, 30.0, 12.0  # P4
Owner = Any  # a module or class whose function is timed
# The functions whose own time is counted under each heading; what they call of another heading is not.
WHERE: Mapping[str, Sequence[tuple[Owner, str]]] = {
    "encoding": [(Encoder, "matrix"), (Encoder, "unknown_codes")],
    "boosters": [(models.discharge_date, "probability"), (models.readmission, "probability")],
    "curves and maps": [
        (models.discharge_date.DateModel, "curves"),
        (Predictor, "mapped"),
        (models.predictor, "forecasts"),
        (models.predictor, "waiting_days"),
        (models.predictor, "ready_if_home"),
    ],
    "SHAP": [
        (models.shapley.Patterns, "__call__"),
        (models.shapley, "contributions"),
        (models.readmission, "contributions"),
    ],
    "shares in days": [(models.explanation, "date_reasons"), (models.explanation, "risk_reasons")],
    "words": [
        (models.explanation, "told"),
        (models.explanation.Shares, "reasons"),
        (models.gaps, "warnings_of"),
    ],
}
OTHER = "everything else"
Patients = Sequence[tuple[pd.DataFrame, pd.Timestamp]]  # tables of one row, each with its moment


def measured(
    rows: Prepared, plan: TrainingPlan, sizes: Sequence[str] = SIZES, say: Say = lambda stage: None
) -> dict[str, Any]:
    """Return for each size crps, plain_ms and reasons_ms, with ratios to 100x15, and the split of its time."""
    side = parts(rows.rows, rows.hospital.dates, plan)
    learn, later, test = (rows.pick((side == name).to_numpy()) for name in ("fit", "calibrate", "test"))
    board = test.pick((test.rows["moment"] == "board").to_numpy())
    first = first_fit(learn, later, plan, lambda stage: None).predictor
    # One reference for all sizes: where a path of reasons starts moves no time, and its SHAP values are dear.
    first = replace(first, references=references(first, learn, plan))
    patients = patients_of(rows)
    found: dict[str, dict[str, Any]] = {}
    predictors = {}
    for size in sizes:
        say(f"{size} trees x leaves")
        predictors[size] = _of_size(first, (learn, later), plan, size)
        curves = predictors[size].curves(board.table, board.days())
        found[size] = {"crps": discharge_figures(board, curves)["crps"]}
    say("asking about one patient at a time")
    for name, explain in (("plain_ms", False), ("reasons_ms", True)):
        for size, median in milliseconds(predictors, patients, explain).items():
            found[size][name] = median
    one = predictors.get(YARDSTICK, next(iter(predictors.values())))
    split = {"without reasons": where(one, patients, False), "with reasons": where(one, patients, True)}
    return {"rows": len(board.rows), "sizes": found, "where": split}


def _of_size(first: Predictor, sides: tuple[Prepared, Prepared], plan: TrainingPlan, size: str) -> Predictor:
    trees, leaves = map(int, size.split("x"))
    learn, later = sides
    mine = learn.for_dates()
    booster = replace(plan.date_size(), rounds=trees, leaves=leaves)
    codes, matrix = first.encoder.code_positions, first.encoder.matrix(learn.table)
    dates = fit_dates(matrix[mine], learn.days().pick(mine), learn.targets.pick(mine), codes, booster).model
    predictor = replace(first, date_model=dates)
    return calibrated(predictor, unseen_by(predictor, later, plan), plan)


def patients_of(rows: Prepared) -> Patients:
    """Return a table of one row and its moment for each inpatient of the last days, 200 or all there are."""
    found: list[tuple[pd.DataFrame, pd.Timestamp]] = []
    for days in range(3, 60):
        at = rows.hospital.observed_until - pd.Timedelta(days=days)
        table = feature_table(snapshot(rows.hospital, at), rows.hospital, at)
        found += [(table.iloc[[row]], at) for row in range(len(table))]
        if len(found) >= PATIENTS:
            break
    return found[:PATIENTS]


def milliseconds(predictors: Mapping[str, Predictor], patients: Patients, explain: bool) -> dict[str, float]:
    """Return the median time of one prediction of each, taken in turns: a busy machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in predictors}
    for start in range(0, len(patients), IN_TURN):
        for name, predictor in predictors.items():
            predictor.predict(*patients[start], explain=explain)  # warms up
            for table, at in patients[start : start + IN_TURN]:
                began = time.perf_counter()
                predictor.predict(table, at, explain=explain)
                times[name].append(time.perf_counter() - began)
    return {name: float(1000 * np.median(each)) for name, each in times.items()}


def where(predictor: Predictor, patients: Patients, explain: bool) -> dict[str, float]:
    """Return the median milliseconds of a prediction under each heading of WHERE; they add to about all."""
    each: dict[str, list[float]] = {name: [] for name in (*WHERE, OTHER)}
    with _watched() as own:
        for table, at in patients:
            own.clear()
            began = time.perf_counter()
            predictor.predict(table, at, explain=explain)
            own[OTHER] = time.perf_counter() - began - sum(own.values())
            for name, times in each.items():
                times.append(1000 * own[name])
    return {name: float(np.median(times)) for name, times in each.items()}


@contextmanager
def _watched() -> Iterator[dict[str, float]]:
    """Time the functions of WHERE while inside; a caller's time leaves out that of those it calls."""
    own: dict[str, float] = defaultdict(float)
    inside: list[float] = []

    def timed(heading: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            inside.append(0.0)
            began = time.perf_counter()
            answer = function(*arguments, **named)
            whole = time.perf_counter() - began
            own[heading] += whole - inside.pop()
            if inside:
                inside[-1] += whole
            return answer

        return watched

    kept = [(owner, name, getattr(owner, name)) for pairs in WHERE.values() for owner, name in pairs]
    try:
        for heading, pairs in WHERE.items():
            for owner, name in pairs:
                setattr(owner, name, timed(heading, getattr(owner, name)))
        yield own
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Return the sizes as text, each figure with its ratio to 100x15 in brackets."""
    beside = found.get(YARDSTICK, next(iter(found.values())))
    names = {"crps": "CRPS", "plain_ms": "ms, no reasons", "reasons_ms": "ms, reasons"}
    lines = [f"{'trees x leaves':<16}" + "".join(f"{words:>18}" for words in names.values())]
    for size, row in found.items():
        cells = [f"{row[name]:.3f} (x{row[name] / beside[name]:.3f})" for name in names]
        lines.append(f"{size:<16}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


def _p4(row: Mapping[str, float]) -> str:
    said = [
        f"{name} {row[column]:.1f} ms, at most {most:g}: {'holds' if row[column] <= most else 'DOES NOT HOLD'}"
        for name, column, most in (
            ("without reasons", "plain_ms", PLAIN_MS),
            ("with", "reasons_ms", REASONED_MS),
            ("with, later", "reasons_ms", REASONED_LATER_MS),
        )
    ]
    return f"P4, one prediction of {YARDSTICK}, one thread: " + "; ".join(said)


def _say(stage: str) -> None:
    print(stage, file=sys.stderr, flush=True)


def main() -> None:
    """Measure a simulated hospital and print the table, the split and P4."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--admissions", type=int, default=12_000)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    plan = TrainingPlan()
    hospital = simulate(given.admissions)
    found = measured(prepared(hospital, plan, _say), plan, given.sizes, _say)
    print(f"CRPS on {found['rows']:,} board rows held out\n{table(found['sizes'])}\n")
    for name, split in found["where"].items():
        print(f"ms {name}: " + ", ".join(f"{each} {ms:.2f}" for each, ms in split.items()))
    if YARDSTICK in found["sizes"]:
        print(_p4(found["sizes"][YARDSTICK]))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
