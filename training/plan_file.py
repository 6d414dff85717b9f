"""A training's plan as a JSON file: the knobs that differ from the default, checked before any work."""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.errors import DataFault, HomewardError
from training.plan import TrainingPlan

ANY_NUMBER = (0.0, 1e9)
RANGES: dict[str, tuple[float, float]] = {  # what a knob may be; one that is not here is a number of 0 or more
    "seed": (0, 2**31 - 1),  # LightGBM's largest
    "fit_share": (0.1, 0.9),
    "calibrate_share": (0.02, 0.5),
    "fit_period": (0.1, 0.9),
    "calibrate_period": (0.02, 0.5),
    "gap_days": (0, 365),
    "most_moments": (1_000, 12_000_000),
    "most_rows": (1_000, 12_000_000),
    "calibration_folds": (2, 20),
    "date_rounds": (1, 1_000),
    "date_leaves": (2, 255),
    "date_learning_rate": (0.001, 1.0),
    "risk_rounds": (1, 5_000),
    "risk_leaves": (2, 255),
    "risk_few_leaves": (2, 255),
    "risk_smallest_leaf": (1, 1_000_000),
    "early_weight": (0.0, 1.0),
    "risk_learning_rate": (0.001, 1.0),
    "smallest_leaf": (1, 1_000_000),
    "date_smoothing": (0.0, 1e6),
    "risk_smoothing": (0.0, 1e6),
    "admission_weight": (0.01, 1_000.0),
    "threads": (1, 256),
}
TOGETHER = (("fit_share", "calibrate_share"), ("fit_period", "calibrate_period"))  # with a test part beside


def read_plan(file: Path) -> TrainingPlan:
    """Return the default plan with the knobs of a JSON file; `python -m training tune` writes such a file.

    Raises HomewardError if the file cannot be read, and DataFault with every fault of it at once.
    """
    return plan_of(read_knobs(file), f"the plan {file}")


def read_knobs(file: Path) -> object:
    """Return what a JSON file of knobs holds; raises HomewardError if it cannot be read."""
    try:
        return json.loads(file.read_text("utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise HomewardError(f"the plan {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise HomewardError(f"the plan {file} is not JSON: {error}") from error


def plan_of(knobs: object, where: str = "the plan") -> TrainingPlan:
    """Return the default plan with other knobs; raises DataFault with one sentence for each fault.

    >>> plan_of({"date_leaves": 7}).date_leaves
    7
    >>> plan_of({"date_leaves": 1})
    Traceback (most recent call last):
    features.errors.DataFault: the plan: date_leaves must be from 2 to 255, found 1
    """
    whole = checked_knobs(knobs, TrainingPlan().as_json(), RANGES, where)
    faults = [
        f"{first} and {second} together must be below 1: the rest is the test"
        for first, second in TOGETHER
        if whole[first] + whole[second] >= 1
    ]
    if faults:
        raise DataFault(where, faults)
    return TrainingPlan(**whole)


def checked_knobs(
    knobs: object, default: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]], where: str
) -> dict[str, Any]:
    """Return all knobs of a plan, those given in place of the default; raises DataFault with every fault."""
    if not isinstance(knobs, dict):
        example = json.dumps(dict(list(default.items())[:1]))
        raise DataFault(where, [f"it must be one JSON object of knobs, such as {example}"])
    faults = [fault for name, value in knobs.items() if (fault := _fault(name, value, default, ranges))]
    if faults:
        raise DataFault(where, faults)
    whole = {**default, **knobs}
    reals = {name: float(value) for name, value in whole.items() if isinstance(default[name], float)}
    return {**whole, **reals}


def write_plan(plan: TrainingPlan, file: Path) -> Path:
    """Write every knob of a plan, whole or not at all, and return the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(json.dumps(plan.as_json(), indent=1) + "\n", "utf-8")
    return partial.rename(file)


def _fault(
    name: str, value: object, default: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]
) -> str | None:
    if name not in default:
        near = difflib.get_close_matches(name, default, 1)
        return f"{name} is no knob; " + (
            f"did you mean {near[0]}?" if near else f"knobs are {', '.join(sorted(default))}"
        )
    kind = type(default[name])
    if kind not in (int, float):
        said = f"{name} must be like {json.dumps(default[name])}, found {json.dumps(value)}"
        return None if isinstance(value, kind) else said
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        return f"{name} must be a {'whole ' if kind is int else ''}number, found {json.dumps(value)}"
    low, high = ranges.get(name, ANY_NUMBER)
    if not low <= value <= high:  # false for NaN too
        return f"{name} must be from {low:g} to {high:g}, found {value}"
    return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is given twice")
    return dict(pairs)
