"""The release as MLflow serves it: rows in, likely days and risks out."""

from datetime import date

import pandas as pd
import pytest

from models.prediction import DateForecast, Prediction, ReadmissionForecast
from training.mlflow_model import ANSWER
from training.pyfunc import ReleaseModel

MORNING = pd.Timestamp("2026-01-10 08:00", tz="Europe/London")


class FakePredictor:
    """Answers every even row in full and every odd row with nothing, and remembers what it was asked."""

    def predict(self, table: pd.DataFrame, at: pd.Series) -> list[Prediction]:
        self.table, self.at = table, at
        full = {
            "ready": DateForecast(date(2026, 1, 11), date(2026, 1, 10), date(2026, 1, 13), {}),
            "discharge": DateForecast(date(2026, 1, 12), date(2026, 1, 11), date(2026, 1, 15), {}),
            "home_within_30_days": 0.9,
            "readmission": ReadmissionForecast(0.12, "medium"),
        }
        return [
            Prediction(str(name), moment, "a1b2c3", **(full if row % 2 == 0 else {}))
            for row, (name, moment) in enumerate(zip(table.index, at, strict=True))
        ]


def model() -> ReleaseModel:
    loaded = ReleaseModel()
    loaded.predictor = FakePredictor()
    return loaded


def test_each_row_gets_its_likely_days_range_and_risks():
    asked = pd.DataFrame({"age": [81.0, 40.0], "at": [MORNING, MORNING]}, index=["A1", "A2"])
    answers = model().predict(None, asked)
    assert answers.loc["A1"].to_dict() == {
        "release": "a1b2c3",
        "ready_likely": date(2026, 1, 11),
        "discharge_likely": date(2026, 1, 12),
        "discharge_earliest": date(2026, 1, 11),
        "discharge_latest": date(2026, 1, 15),
        "home_within_30_days": 0.9,
        "readmission_risk": 0.12,
    }
    assert answers.loc["A2"].drop("release").isna().all()


def test_the_moment_is_no_feature_and_may_come_as_text():
    loaded = model()
    asked = pd.DataFrame({"age": [81.0], "at": ["2026-01-10T08:00:00+00:00"]})
    loaded.predict(None, asked)
    assert list(loaded.predictor.table.columns) == ["age"]
    assert loaded.predictor.at[0] == MORNING


def test_the_registered_signature_lists_what_each_row_gets():
    asked = pd.DataFrame({"age": [81.0], "at": [MORNING]})
    assert [name for _, name in ANSWER] == list(model().predict(None, asked))


def test_no_rows_give_no_answers():
    asked = pd.DataFrame({"age": [], "at": pd.Series([], dtype="datetime64[us, UTC]")})
    assert model().predict(None, asked).empty


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"age": [81.0]}, "must have a column `at`"), ({"at": ["2026-01-10T08:00"]}, "must carry a time zone")],
)
def test_a_moment_without_a_zone_or_none_at_all_is_an_error(columns, message):
    with pytest.raises(ValueError, match=message):
        model().predict(None, pd.DataFrame(columns))
