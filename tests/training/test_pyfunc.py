"""The release as MLflow serves it: rows in, likely days and risks out."""

from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from models.prediction import DateForecast, Prediction, ReadmissionForecast
from training.mlflow_model import ANSWER
from training.pyfunc import ReleaseModel

MORNING = pd.Timestamp("2026-01-10 08:00", tz="Europe/London")


class FakePredictor:
    """Answers every even row in full and every odd row with nothing, and remembers what it was asked."""

    encoder = SimpleNamespace(
        features=(SimpleNamespace(name="age", kind="number"), SimpleNamespace(name="sex", kind="code"))
    )

    def predict(self, table: pd.DataFrame, at: pd.Series, explain: bool) -> list[Prediction]:
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
    loaded.predictor, loaded.columns = FakePredictor(), ("age",)
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
    [
        ({"age": [81.0]}, "must have a column `at`"),
        ({"age": [81.0], "at": ["2026-01-10T08:00"]}, "moment with its time zone"),
        ({"age": [81.0], "at": [None]}, "moment with its time zone"),
        ({"age": [81.0], "at": [["Canary"]]}, "moment with its time zone"),
        ({"sex": ["2"], "at": [MORNING]}, "missing are age"),
        ({"age": ["Canary"], "at": [MORNING]}, "age must hold numbers"),
        ({"age": [81.0], "sex": [2], "at": [MORNING]}, "sex must hold codes as text"),
        ({"age": ["Canary"], "sex": [2], "at": [MORNING]}, "age must hold numbers, sex must hold codes"),
    ],
)
def test_a_frame_that_does_not_fit_is_an_error_that_names_columns_and_no_value(columns, message):
    with pytest.raises(ValueError, match=message) as refused:
        model().predict(None, pd.DataFrame(columns))
    assert "Canary" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_whole_numbers_texts_of_numbers_and_codes_as_text_are_taken():
    loaded = model()
    loaded.predict(None, pd.DataFrame({"age": ["81"], "sex": ["2"], "at": [MORNING]}))
    assert loaded.predictor.table["age"].tolist() == [81.0]
    assert loaded.predictor.table["sex"].tolist() == ["2"]
    assert isinstance(loaded.predictor.table["sex"].dtype, pd.CategoricalDtype)


def test_many_missing_columns_are_named_a_dozen_at_a_time():
    loaded = model()
    loaded.columns = tuple(f"feature_{number}" for number in range(40))
    with pytest.raises(ValueError, match=r"feature_0, .*feature_11 and 28 more"):
        loaded.predict(None, pd.DataFrame({"at": [MORNING]}))
