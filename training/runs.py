"""Runs of a training in MLflow: their plan, figures and files; releases are `training.registry`'s."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.tracking import Run, client_of, experiment_of

PARENT = "mlflow.parentRunId"  # the tag by which MLflow nests runs
MOST_PARAMETERS, MOST_METRICS = 100, 1_000  # of one MLflow batch
LONGEST_NAME, LONGEST_VALUE = 250, 500  # characters; older tracking servers take no longer value


@contextmanager
def start_run(
    home: Path, name: str, plan: Mapping[str, Any], tags: Mapping[str, str], within: Run | None = None
) -> Iterator[Run]:
    """Record a training under a name, with every knob of its plan; it ends as finished, failed or killed.

    `within` is the run that this one is a part of, such as the tuning of a trial; MLflow shows it nested.

    The plan is logged twice: as parameters, to compare runs by (long values cut), and whole as `plan.json`.
    """
    client = client_of(home)
    tags = {**tags, PARENT: within.run_id} if within else dict(tags)
    started = client.create_run(experiment_of(client, home), run_name=name, tags=tags)
    run = Run(home, started.info.run_id, started.info.start_time)
    try:
        _log_plan(client, run, plan)
        yield run
    except BaseException as error:
        client.set_terminated(run.run_id, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    client.set_terminated(run.run_id, "FINISHED")


def log_figures(run: Run, figures: Mapping[str, Any], step: int = 0) -> None:
    """Log every number of the figures, nested ones as `part.beside.name`; texts and None are passed over.

    `step` is where they stand on MLflow's axis of a chart, such as the days so far.
    """
    from mlflow.entities import Metric

    numbers = {
        name: float(value)
        for name, value in _flat(figures).items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
    metrics = [Metric(_key(name), value, run.started, step) for name, value in numbers.items()]
    client = client_of(run.home)
    for first in range(0, len(metrics), MOST_METRICS):
        client.log_batch(run.run_id, metrics=metrics[first : first + MOST_METRICS])


def log_folder(run: Run, folder: Path, under: str | None = None) -> None:
    """Keep a folder's files with the run, under a folder of the run's own where it is named."""
    client_of(run.home).log_artifacts(run.run_id, str(folder), under)


def _log_plan(client: Any, run: Run, plan: Mapping[str, Any]) -> None:
    from mlflow.entities import Param

    client.log_text(run.run_id, json.dumps(plan, indent=1, default=str) + "\n", "plan.json")
    parameters = [Param(_key(name), str(value)[:LONGEST_VALUE]) for name, value in _flat(plan).items()]
    for first in range(0, len(parameters), MOST_PARAMETERS):
        client.log_batch(run.run_id, params=parameters[first : first + MOST_PARAMETERS])


def _flat(nested: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings by their dotted place.

    >>> _flat({"seed": 1, "dates": {"trees": 100}})
    {'seed': 1, 'dates.trees': 100}
    """
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return flat


def _key(name: str) -> str:
    """Return a name as MLflow takes it: its letters, and a digest at the end of one that is too long."""
    key = re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII)
    if len(key) <= LONGEST_NAME:
        return key
    return f"{key[: LONGEST_NAME - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
