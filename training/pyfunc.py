"""A release as MLflow serves it: a model from code, which MLflow runs as a file, so that nothing is pickled.

Homeward must be installed where it is loaded.  The service never answers through it: it is for scoring in a
notebook or behind `mlflow models serve`.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from models.prediction import DateForecast, Prediction


class ReleaseModel(PythonModel):
    """Likely dates and risks of feature rows, by the release among the model's artifacts."""

    predictor: Any

    def load_context(self, context: Any) -> None:
        """Load the release, which checks its digests and its golden rows."""
        from models.release import load

        self.predictor = load(Path(context.artifacts["release"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return a row for each row of a feature table, with its index: likely days, range and risks.

        `model_input` is a feature table with one more column, `at`: the moment of each row, with its zone.
        Days are the hospital's local days; what a release cannot answer is missing.  `params` are not used.
        """
        if "at" not in model_input:
            raise ValueError("model_input must have a column `at`, the moment of each row with its time zone")
        table, at = model_input.drop(columns="at"), _instants(model_input["at"])
        answers = [_as_row(prediction) for prediction in self.predictor.predict(table, at)]
        return pd.DataFrame(answers, columns=list(_as_row(None)), index=model_input.index)


def _instants(at: pd.Series) -> pd.Series:
    if isinstance(at.dtype, pd.DatetimeTZDtype):
        return at
    instants = pd.Series([pd.Timestamp(each) for each in at], index=at.index)
    if any(each.tzinfo is None for each in instants):
        raise ValueError("every `at` must carry a time zone, such as 2026-01-10T08:00:00+00:00")
    return pd.to_datetime(instants, utc=True)


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
