from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shap

from features.errors import HomewardError
from features.tables import Hospital
from models.predictor import Predictor
from training import pictures
from training.cohort import Prepared, measurable
from training.home import golden_rows
from training.pictures import (
    FORMATS,
    Values,
    bed_days,
    draw,
    grouped,
    one_row_a_patient,
    risk_points,
    risk_values,
    simulated_patient,
)


@pytest.fixture(scope="module")
def rows(small_hospital: Hospital) -> Prepared:
    return measurable(small_hospital, 1, lambda _: None)


@pytest.fixture(scope="module")
def left(rows: Prepared) -> Prepared:
    return one_row_a_patient(rows, "discharge", 1)


def test_a_waterfall_ends_at_the_answer(small_release: Predictor) -> None:
    golden, at = golden_rows()
    answer = small_release.predict(golden.head(1), at)[0]
    for values, _ in simulated_patient(small_release).values():
        shown = values.explanation(0, values.names)
        assert shown.base_values + shown.values.sum() == pytest.approx(values.answer[0], abs=1e-6)
    points, days = (
        risk_points(small_release, golden),
        bed_days(small_release, golden, pd.Series(at, golden.index)),
    )
    assert answer.readmission is not None
    assert answer.discharge_reasons is not None
    assert points.answer[0] == pytest.approx(100 * answer.readmission.risk, abs=1e-6)
    assert days.answer[0] == pytest.approx(answer.discharge_reasons.answer, abs=1e-9)


def test_the_values_drawn_are_those_of_the_shap_package(small_release: Predictor, left: Prepared) -> None:
    table = left.table.head(200)
    assert small_release.readmission is not None
    explainer = shap.TreeExplainer(small_release.readmission.booster)
    matrix = pd.DataFrame(small_release.encoder.matrix(table))
    ours = risk_values(small_release, table).explanation()
    np.testing.assert_allclose(ours.values, explainer.shap_values(matrix), atol=1e-6)
    np.testing.assert_allclose(ours.base_values, explainer.expected_value, atol=1e-6)


def test_a_dot_is_the_mean_of_ten_patients_at_least(small_release: Predictor, left: Prepared) -> None:
    assert left.rows["patient_id"].is_unique
    values = risk_values(small_release, left.table)
    dots = grouped(values)
    assert len(dots.amounts) == len(values.amounts) // 10
    age = values.names.index("Age")
    rows = np.array_split(np.lexsort((values.amounts[:, age], values.features[:, age])), len(dots.amounts))
    assert min(map(len, rows)) >= 10
    np.testing.assert_allclose(dots.features[:, age], [values.features[own, age].mean() for own in rows])
    np.testing.assert_allclose(dots.amounts[:, age], [values.amounts[own, age].mean() for own in rows])


def test_a_value_that_fewer_than_ten_hold_is_not_shown() -> None:
    known = np.full((20, 1), np.nan)
    known[:3] = 7.0
    nobody = np.zeros(20)
    dots = grouped(Values(["Rare"], np.ones((20, 1)), nobody, nobody, known, "points"))
    assert np.isnan(dots.features).all()


def test_fewer_than_ten_patients_are_not_drawn(small_release: Predictor, left: Prepared) -> None:
    with pytest.raises(HomewardError, match="10 patients at least, found 9"):
        grouped(risk_values(small_release, left.table.head(9)))


def test_every_picture_is_written_and_not_empty(
    small_release: Predictor, small_hospital: Hospital, tmp_path: Path
) -> None:
    files = draw(small_release, small_hospital, tmp_path / "pictures", lambda _: None)
    kinds = {file.stem.partition("-by-")[0] for file in files}
    assert kinds == {"readmission", "bed-days"} | {
        f"{name}-{kind}" for name in ("readmission", "bed-days") for kind in ("waterfall", "beeswarm")
    }
    assert len(files) == len(set(files)) == len(FORMATS) * (2 + 2 + 8)
    for file in files:
        assert file.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")
        assert file.stat().st_size > 5_000


def test_few_patients_are_told_so_and_many_are_not(
    small_release: Predictor, small_hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "of_many", lambda *_: ())
    told = {}
    for few in (1, 10_000):
        monkeypatch.setattr(pictures, "FEW_PATIENTS", few)
        said: list[str] = []
        draw(small_release, small_hospital, tmp_path, said.append)
        told[few] = "shows little" in said[-1]
    assert told == {1: False, 10_000: True}


def test_a_release_without_readmission_has_pictures_of_its_dates_alone(small_release: Predictor) -> None:
    assert set(simulated_patient(replace(small_release, readmission=None))) == {"bed-days-waterfall"}
