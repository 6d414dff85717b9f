"""A home with an MLflow of its own, for the tests of runs and of promotions."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """Return an MLflow database without runs; making one takes seconds, copying it does not."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def home(empty_database, tmp_path, monkeypatch) -> Path:
    for name in ("MLFLOW_TRACKING_URI", "BENTOML_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    shutil.copy(empty_database, tmp_path / "home" / "mlflow.db")
    return tmp_path / "home"
