"""A release as an MLflow model from code, in which nothing is pickled."""

import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import pandas as pd

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
    """Keep a release with the run as the artifacts of a pyfunc model, under `model/artifacts/release`.

    Its signature has every column of the feature table, and its input example is the release's golden row: a
    simulated patient, since patients never travel.
    """
    import mlflow

    with tempfile.TemporaryDirectory() as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow has hints about whole numbers, of which there are none
        release, model = shutil.copytree(folder, Path(made) / "release"), Path(made) / "model"
        example = input_example(folder)
        mlflow.pyfunc.save_model(
            model,
            python_model=str(Path(__file__).with_name("pyfunc.py")),
            artifacts={"release": str(release)},
            signature=_signature(example, _kinds(folder)),
            input_example=example,
            pip_requirements=[f"{package}=={installed(package)}" for package in LOADED_WITH],
        )
        client.log_artifacts(run.run_id, str(model), "model")


def input_example(folder: Path) -> pd.DataFrame:
    """Return a golden row of a release as `predict` takes it: its features, and `at` as text with its zone."""
    golden = json.loads((folder / "golden.json").read_text("utf-8"))
    rows = {name: values[:1] for name, values in golden["rows"].items() if name != "index"}
    return pd.DataFrame({**rows, "at": [golden["at"]]})


def _kinds(folder: Path) -> dict[str, str]:
    features = json.loads((folder / "release.json").read_text("utf-8"))["features"]
    return {feature["name"]: feature["kind"] for feature in features}


def _signature(example: pd.DataFrame, kinds: Mapping[str, str]) -> Any:
    """Return the signature: numbers are double; codes, which come as text or category, and `at` are any.

    No column is required by MLflow, whose words for a missing one would repeat the rows: `predict` asks.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType

    inputs = [
        ColSpec(DataType.double if kinds.get(str(name), "code") != "code" else AnyType(), name, required=False)
        for name in example
    ]
    outputs = [ColSpec(*one, required=False) for one in ANSWER]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))
