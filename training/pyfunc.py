"""A release as MLflow serves it: a model from code, which MLflow runs as a file, so that nothing is pickled.

Homeward must be installed where it is loaded.  Who is out of scope (children, maternity, the end of life) is
not known by a feature row: leave them out, as `python -m training predict` and the service do.  The service
never answers through it: it is for scoring in a notebook or behind `mlflow models serve`.  A frame that does
not fit is told by its columns and never by its values, since the rows are patients: MLflow's own words would
repeat them, and are turned off where nobody said otherwise (`MLFLOW_DISABLE_SCHEMA_DETAILS`).
"""

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from models.prediction import DateForecast, Prediction

MOST_NAMED = 12
ZONE = "every `at` must be a moment with its time zone, such as 2026-01-10T08:00:00+00:00"


class ReleaseModel(PythonModel):
    """Likely dates and risks of feature rows, by the release among the model's artifacts."""

    predictor: Any
    columns: tuple[str, ...]

    def load_context(self, context: Any) -> None:
        """Load the release, which checks its digests and its golden rows."""
        from models.release import load

        os.environ.setdefault("MLFLOW_DISABLE_SCHEMA_DETAILS", "true")
        folder = Path(context.artifacts["release"])
        self.predictor = load(folder)
        golden = json.loads((folder / "golden.json").read_text("utf-8"))["rows"]
        self.columns = tuple(name for name in golden if name != "index")

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return a row for each row of a feature table, with its index: likely days, range and risks.

        `model_input` is a feature table with one more column, `at`: the moment of each row, with its zone.
        Days are the hospital's local days; what a release cannot answer is missing.  `params` are not used.
        Raises ValueError that names the columns which are missing or hold something else.
        """
        _complete(model_input, self.columns)
        kinds = {feature.name: feature.kind for feature in self.predictor.encoder.features}
        table, at = _fitting(model_input.drop(columns="at"), kinds), _instants(model_input["at"])
        answers = [_as_row(prediction) for prediction in self.predictor.predict(table, at, explain=False)]
        return pd.DataFrame(answers, columns=list(_as_row(None)), index=model_input.index)


def _complete(frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    if "at" not in frame:
        raise ValueError("model_input must have a column `at`, the moment of each row with its time zone")
    if missing := [name for name in columns if name not in frame]:
        raise ValueError(
            f"model_input must be a whole feature table; missing are {_named(missing)}. `features.table."
            "feature_table` makes one, and the model's input example shows its columns"
        )


def _fitting(table: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with codes as categories and the rest as numbers; raises ValueError where it cannot."""
    made, faults = {}, []
    for name, values in table.items():
        kind = kinds.get(str(name))
        made[name] = values if kind is None else _codes(values) if kind == "code" else _numbers(values)
        if (made[name].isna() & values.notna()).any():
            faults.append(f"{name} must hold {'codes as text' if kind == 'code' else 'numbers'}")
    if faults:
        raise ValueError(f"model_input does not fit: {_named(faults)}")
    return pd.DataFrame(made, index=table.index)


def _codes(values: pd.Series) -> pd.Series:
    """Return codes as categories; what is no text, such as 11.0 for "11", becomes missing."""
    texts = values.astype("object")
    return texts.where(texts.map(lambda each: isinstance(each, str)).astype(bool)).astype("category")


def _numbers(values: pd.Series) -> pd.Series:
    return pd.to_numeric(values.astype("object"), errors="coerce").astype("float64")


def _instants(at: pd.Series) -> pd.Series:
    if isinstance(at.dtype, pd.DatetimeTZDtype):
        return at
    try:
        instants = [pd.Timestamp(each) for each in at]
    except (TypeError, ValueError):
        raise ValueError(ZONE) from None  # its words repeat the value
    if any(pd.isna(each) or each.tzinfo is None for each in instants):
        raise ValueError(ZONE)
    return pd.to_datetime(pd.Series(instants, index=at.index, dtype="object"), utc=True)


def _named(several: list[str]) -> str:
    more = f" and {len(several) - MOST_NAMED:,} more" if len(several) > MOST_NAMED else ""
    return ", ".join(several[:MOST_NAMED]) + more


def _as_row(prediction: Prediction | None) -> dict[str, date | float | str | None]:
    ready, discharge = (prediction.ready, prediction.discharge) if prediction else (None, None)
    readmission = prediction.readmission if prediction else None
    return {
        "release": prediction.release if prediction else None,
        "ready_likely": _likely(ready),
        "discharge_likely": _likely(discharge),
        "discharge_earliest": discharge.earliest if discharge else None,
        "discharge_latest": discharge.latest if discharge else None,
        "home_within_30_days": prediction.home_within_30_days if prediction else None,
        "readmission_risk": readmission.risk if readmission else None,
    }


def _likely(forecast: DateForecast | None) -> date | None:
    return forecast.likely if forecast else None


set_model(ReleaseModel())
