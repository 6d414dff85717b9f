"""What the report shows beside the main table: calibration, figures by days so far, and intervals."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.distribution import fewest_days
from models.predictor import Predictor
from training.benefit import TABLE, benefit_table
from training.by_group import by_group
from training.cohort import Prepared
from training.metrics import (
    LAST_DAY,
    Figures,
    bootstrap_interval,
    calibration_bins,
    censoring_weights,
    date_figures,
    readmission_figures,
)

MOST_DAYS_SO_FAR = 21
RISK = "risk of coming back, at discharge"
BY_DAYS = "Leaving, on the board, by days so far"
RISK_BY_GROUP = "Back as an emergency within 30 days, at discharge, by group of at least 20 patients"
DATES_BY_GROUP = "Leaving, on the board, by group of at least 20 patients"
RISK_SHOWN = ("n", "events", "auroc", "ece", "observed_over_expected")
SHOWN = ("n", "mae_days", "signed_error_days", "within_1_day", "crps", "coverage_80", "width_80")


@dataclass(frozen=True)
class Detail:
    """Tables, calibration bins and 95 % intervals by patient, as `training.report.write_report` takes them."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calibration: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)


def detail(predictor: Predictor, test: Prepared) -> Detail:
    """Return what the report shows beside the main table, on the same rows."""
    found = Detail()
    if predictor.readmission is not None:
        _add_readmission(found, predictor, test)
    if predictor.date_model is not None and test.hospital.dates != "none":
        _add_days_so_far(found, predictor, test)
    return found


def _add_readmission(found: Detail, predictor: Predictor, test: Prepared) -> None:
    assert predictor.readmission is not None
    asked = test.for_readmission() & (test.rows["moment"] == "discharge").to_numpy()
    known = test.pick(asked)
    if known.rows.empty:
        return
    risk, outcome = predictor.readmission.risk(predictor.encoder.matrix(known.table)), known.rows["readmitted"]
    found.calibration[RISK] = calibration_bins(risk, outcome)
    found.tables[TABLE] = benefit_table(risk, known)

    def figures(some: npt.NDArray[np.bool_]) -> Figures:
        return readmission_figures(risk[some], outcome[some])

    found.tables[RISK_BY_GROUP] = by_group(known, figures, RISK_SHOWN)
    _note(found, "readmission.auroc", bootstrap_interval("auroc", known.rows["patient_id"], risk, outcome))


def _add_days_so_far(found: Detail, predictor: Predictor, test: Prepared) -> None:
    board = test.pick((test.rows["moment"] == "board").to_numpy())
    if board.rows.empty:
        return
    goals, kind = board.targets, board.rows["exit_kind"].to_numpy(str)
    home_by = predictor.curves(board.table, board.days()).home_by
    first, last = (edge.astype(np.float64) for edge in fewest_days(home_by))
    home_day = np.where(goals.went_home, goals.exit_day, np.nan)
    weight = censoring_weights(goals.observed_days, goals.exit_day, kind)
    near = home_by[:, : LAST_DAY + 1]
    so_far = np.minimum(board.rows["days_so_far"].to_numpy(), MOST_DAYS_SO_FAR)

    def measured(at: npt.NDArray[np.bool_]) -> Figures:
        return date_figures(near[at], home_day[at], kind[at], first[at], last[at], weight[at])

    rows = []
    for days in np.unique(so_far):
        figures = measured(so_far == days)
        label = f"{days} and more" if days == MOST_DAYS_SO_FAR else str(days)
        rows.append({"days_so_far": label, **{name: figures[name] for name in SHOWN}})
    found.tables[BY_DAYS] = rows
    found.tables[DATES_BY_GROUP] = by_group(board, measured, SHOWN)
    interval = bootstrap_interval(
        "crps", board.rows["patient_id"], near, home_day, kind, weight=pd.Series(weight)
    )
    _note(found, "discharge.crps", interval)


def _note(found: Detail, place: str, interval: tuple[float, float] | None) -> None:
    if interval is not None:
        found.intervals[place] = interval
