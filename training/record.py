"""What a run keeps beside its plan: data, window, figures by part, by group and by day, plots and the page."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from features.tables import Hospital
from models.predictor import Predictor
from training.dataset import log_data
from training.detail import BY_DAYS, DATES_BY_GROUP, RISK_BY_GROUP, Detail
from training.lineage import lineage_tags, window_tags
from training.plots import write_plots
from training.runs import log_figures, log_folder, start_run
from training.tracking import Run

PARTS = {"dates": ("ready", "discharge"), "readmission": ("readmission",), "same issue": ("same_issue",)}
BOOSTERS = {"dates": ("leave", "home", "ready"), "readmission": ("booster",), "same issue": ("booster",)}
GROUP_TABLES = {"dates": (DATES_BY_GROUP, "discharge"), "readmission": (RISK_BY_GROUP, "readmission")}
DATE_KNOBS = ("date_", "smallest_leaf", "admission_weight", "calibration_", "most_")
RISK_KNOBS = ("risk_", "early_weight")
SHARED_KNOBS = ("seed", "threads", "fit_", "calibrate_", "gap_days")


def tags_of(hospital: Hospital, known: Mapping[str, Any], doing: str, command: str) -> dict[str, str]:
    """Return the tags of a run: window and definitions, what it hung on, and the command that it was."""
    source = {"mlflow.source.name": f"python -m training {command}", "mlflow.source.type": "LOCAL"}
    return {**window_tags(hospital, doing), **lineage_tags(known), **source}


def log_known(run: Run, hospital: Hospital, path: Path | None, known: Mapping[str, Any], doing: str) -> None:
    """Log the data of a run as datasets, and `rerun.json`: everything that a rerun needs."""
    log_data(run, hospital, path, known["data_digest"], doing)
    with tempfile.TemporaryDirectory() as made:
        (Path(made) / "rerun.json").write_text(json.dumps(known, indent=1) + "\n", "utf-8")
        log_folder(run, Path(made))


def log_measured(
    run: Run,
    figures: Mapping[str, Any],
    beside: Detail,
    page: Path,
    predictor: Predictor,
    plan: Mapping[str, Any],
) -> None:
    """Log the headline figures, the report and the plots; each model becomes a run inside, with its details.

    By days so far the days are MLflow's step, as `discharge.by_days_so_far.mae_days`; by group the place is
    such as `readmission.by_group.sex.2.auroc`.  Groups of fewer than 20 patients have no figures.
    """
    log_figures(run, figures)
    log_folder(run, page.parent, "report")
    with tempfile.TemporaryDirectory() as made:
        log_folder(run, write_plots(beside, Path(made)), "plots")
    for part, names in PARTS.items():
        own = {name: figures[name] for name in names if figures.get(name)}
        if own:
            with start_run(run.home, part, _knobs(plan, part), {"part": part}, within=run) as child:
                log_figures(child, {**own, "trees": _trees(predictor, part), **_rivals(figures, names)})
                _log_groups(child, part, beside)
                if part == "dates":
                    _log_days(child, beside)


def _knobs(plan: Mapping[str, Any], part: str) -> dict[str, Any]:
    own = (*SHARED_KNOBS, *(DATE_KNOBS if part == "dates" else RISK_KNOBS))
    return {name: value for name, value in plan.items() if name.startswith(own)}


def _trees(predictor: Predictor, part: str) -> dict[str, int]:
    model = {
        "dates": predictor.date_model,
        "readmission": predictor.readmission,
        "same issue": predictor.same_issue,
    }
    boosters = {name: getattr(model[part], name, None) for name in BOOSTERS[part]}
    return {name: booster.num_trees() for name, booster in boosters.items() if booster is not None}


def _rivals(figures: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    rivals = figures.get("baselines") or {}
    return {
        "baselines": {rival: {name: own.get(name) or {} for name in names} for rival, own in rivals.items()}
    }


def _log_groups(child: Run, part: str, beside: Detail) -> None:
    title, place = GROUP_TABLES.get(part, ("", ""))
    found: dict[str, dict[str, Any]] = {}
    for row in beside.tables.get(title, []):
        found.setdefault(row["group"], {})[row["value"]] = dict(_figures(row, ("group", "value")))
    log_figures(child, {place: {"by_group": found}})


def _log_days(child: Run, beside: Detail) -> None:
    for row in beside.tables.get(BY_DAYS, []):
        day = int(str(row["days_so_far"]).split()[0])  # the last is "21 and more"
        log_figures(child, {"discharge": {"by_days_so_far": dict(_figures(row, ("days_so_far",)))}}, step=day)


def _figures(row: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in row.items() if name not in names)
