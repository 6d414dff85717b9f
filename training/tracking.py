"""Where MLflow keeps runs and versions: under the home, or on the tracking server that is named.

MLflow is imported when it is first needed, since that takes seconds.  Without `MLFLOW_TRACKING_URI` everything
lies under the home: `mlflow.db`, `mlartifacts/`, `releases/` (plain copies) and `bentoml/`, for which
`BENTOML_HOME` may name another place.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from features.errors import HomewardError
from training.store import private

NAME = "homeward"  # of the experiment, the registered model and the model in BentoML's store
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # MLflow's seven keep a person waiting for minutes
}
NO_USER = "UNAUTHENTICATED"
NOT_ALLOWED = "PERMISSION_DENIED"


@dataclass(frozen=True)
class Run:
    """A training being recorded."""

    home: Path
    run_id: str
    started: int  # milliseconds since 1970


def client_of(home: Path) -> Any:
    """Return MLflow's client for this home; nothing phones home, and MLflow keeps its notes to itself."""
    import logging

    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if own_database(home):
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


def reachable(home: Path) -> None:
    """Ask for the experiment, so that a server which refuses is told before hours of work, not after."""
    experiment_of(client_of(home), home)


def troubles() -> tuple[type[Exception], ...]:
    """Return what MLflow raises, for `except`; nothing where a command never imported it."""
    if "mlflow.exceptions" not in sys.modules:
        return ()
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    return MlflowException, RequestException


def sentence(error: Exception) -> str:
    """Return one of `troubles` as a sentence that says what to do; what it says itself may hold anything."""
    server = os.environ.get("MLFLOW_TRACKING_URI", "")
    code = _code(error)
    if not server:
        return f"MLflow's runs under the home cannot be read or written ({code}): is the disk full?"
    where = f"the tracking server {_without_password(server)}"
    if refused(error):
        given = (
            "this user and password"
            if os.environ.get("MLFLOW_TRACKING_USERNAME")
            else "a request without a user"
        )
        asks = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to a user who may write there"
        return f"{where} refuses {given}: {asks}"
    return f"{where}, which MLFLOW_TRACKING_URI names, cannot be used ({code}): does it run?"


def refused(error: Exception) -> bool:
    """Tell whether a server asks for another user, rather than having nothing to give."""
    return _code(error) in (NO_USER, NOT_ALLOWED)


def _code(error: Exception) -> str:
    """Return MLflow's name of an error, for that of HTTP too."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return NO_USER if status == 401 else NOT_ALLOWED
    return str(getattr(error, "error_code", type(error).__name__)) if status is None else f"HTTP {status}"


def _without_password(address: str) -> str:
    """Return an address without the user and password that it may hold.

    >>> _without_password("https://ann:secret@mlflow.example:5000/base")
    'https://mlflow.example:5000/base'
    """
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
