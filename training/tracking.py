"""Where MLflow keeps runs and versions: under the home, or on the tracking server that is named.

MLflow is imported when it is first needed, since that takes seconds.  Without `MLFLOW_TRACKING_URI` everything
lies under the home: `mlflow.db`, `mlartifacts/`, `releases/` (plain copies) and `bentoml/`, for which
`BENTOML_HOME` may name another place.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import HomewardError
from training.store import private

NAME = "homeward"  # of the experiment, the registered model and the model in BentoML's store


@dataclass(frozen=True)
class Run:
    """A training being recorded."""

    home: Path
    run_id: str
    started: int  # milliseconds since 1970


def client_of(home: Path) -> Any:
    """Return MLflow's client for this home; nothing phones home, and MLflow keeps its notes to itself."""
    import logging

    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    private(home)
    return MlflowClient(tracking_uri=tracking_uri(home))


def own_database(home: Path) -> Path | None:
    """Return the database under the home, None where a tracking server is named instead."""
    return None if os.environ.get("MLFLOW_TRACKING_URI") else home.resolve() / "mlflow.db"


def tracking_uri(home: Path) -> str:
    """Return the address of the runs: the server that is named, else the database under the home."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{own_database(home)}"


def experiment_of(client: Any, home: Path) -> str:
    """Return the experiment's id; under a home of our own its files go there, a server decides for itself.

    A home that was moved gets another experiment, since MLflow would go on writing to the old place.
    """
    place = str(home.resolve() / "mlartifacts") if own_database(home) else None
    for name in (NAME, f"{NAME} in {place}"):
        found = client.get_experiment_by_name(name)
        if found is None:
            return str(client.create_experiment(name, artifact_location=place))
        if place in (None, found.artifact_location):
            return str(found.experiment_id)
    raise HomewardError(f"MLflow's experiment {NAME} does not keep its files in {place}")
