import numpy as np
import pandas as pd
import pytest

from features.catalogue import Feature
from features.snapshot import snapshot
from features.table import feature_table
from features.tables import Hospital
from models.encoding import Encoder
from models.predictor import Predictor

ENCODER = Encoder(
    (
        Feature("ward", "Ward", "ward", "H4", "code"),
        Feature("news2", "NEWS2 score", "NEWS2", "H4"),
        Feature("frail", "Frail", "frailty", "H4", "flag"),
        Feature("absent", "Absent", "ward", "H4", "code"),
    ),
    {"ward": ("3", "W1"), "absent": ("1",)},
)


@pytest.mark.parametrize("ward", ["W1", "W9", None, np.nan, 3, 3.0])
@pytest.mark.parametrize("news2", [7.25, np.nan, np.inf, 1e39])
@pytest.mark.parametrize("frail", [True, np.nan, None])
@pytest.mark.filterwarnings("ignore:overflow")
def test_a_row_alone_is_encoded_as_among_others(ward: object, news2: float, frail: object) -> None:
    table = pd.DataFrame({"ward": pd.Series([ward], dtype=object), "news2": [news2], "frail": [frail]})
    table = table.astype({"frail": "float64"})
    pair = pd.concat([table, table])
    np.testing.assert_array_equal(ENCODER.matrix(table)[0], ENCODER.matrix(pair)[1])
    for name, alone in ENCODER.unknown_codes(ENCODER.matrix(table)).items():
        assert alone[0] == ENCODER.unknown_codes(ENCODER.matrix(pair))[name][1]


def test_a_row_of_numbers_keeps_its_whole_numbers() -> None:
    table = pd.DataFrame({"ward": [3], "news2": [1.5]})
    assert ENCODER.matrix(table)[0, 0] == 0


def test_a_patient_alone_has_the_very_answer_they_have_on_the_board(
    small_release: Predictor, small_hospital: Hospital
) -> None:
    at = small_hospital.observed_until - pd.Timedelta(days=3)
    table = feature_table(snapshot(small_hospital, at), small_hospital, at).head(8)
    alone = [small_release.predict(table.iloc[[row]], at)[0] for row in range(len(table))]
    assert alone == small_release.predict(table, at)
