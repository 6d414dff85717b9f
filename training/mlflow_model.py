"""A release as an MLflow model from code, in which nothing is pickled."""

import shutil
import tempfile
import warnings
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from training.tracking import Run

LOADED_WITH = (
    "lightgbm",
    "numpy",
    "pandas",
    "pandera",
    "pyarrow",
    "scikit-learn",
)  # what a release is read and run by
ANSWER = (  # what `pyfunc.ReleaseModel` gives for each row
    ("string", "release"),
    ("datetime", "ready_likely"),
    ("datetime", "discharge_likely"),
    ("datetime", "discharge_earliest"),
    ("datetime", "discharge_latest"),
    ("double", "home_within_30_days"),
    ("double", "readmission_risk"),
)


def log_model(client: Any, run: Run, folder: Path) -> None:
    """Keep a release with the run as the artifacts of a pyfunc model, under `model/artifacts/release`."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    with tempfile.TemporaryDirectory() as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow asks for an example of its input, and patients never travel
        release, model = shutil.copytree(folder, Path(made) / "release"), Path(made) / "model"
        mlflow.pyfunc.save_model(
            model,
            python_model=str(Path(__file__).with_name("pyfunc.py")),
            artifacts={"release": str(release)},
            signature=ModelSignature(outputs=Schema([ColSpec(*one, required=False) for one in ANSWER])),
            pip_requirements=[f"{package}=={installed(package)}" for package in LOADED_WITH],
        )
        client.log_artifacts(run.run_id, str(model), "model")
