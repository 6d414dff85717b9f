"""LACE and HOSPITAL, point by point, and the risk that points stand for."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from features.comorbidity import CHARLSON_GROUPS
from training.scores import LACE_ILLNESS, hospital_score, lace, points_risk

NOBODY_ILL = {f"had_{group}": 0.0 for group in CHARLSON_GROUPS}


def lace_points(*, nights: int = 0, **features: object) -> float:
    known = {"admission_method": "11", "emergency_stays_6_months": 0.0, **NOBODY_ILL}
    people = pd.DataFrame([{**known, **features}, known])
    points, _ = lace(people, pd.DataFrame({"days_so_far": [nights, 0]}))
    return points[0]


def hospital_points(*, nights: int = 0, **features: object) -> float:
    known = {
        "admission_method": "11",
        "treatment_function": "300",
        "haemoglobin": 140.0,
        "sodium": 140.0,
        "stays_year": 0.0,
    }
    people = pd.DataFrame([{**known, **features}, known])
    points, _ = hospital_score(people, pd.DataFrame({"days_so_far": [nights, 0]}))
    return points[0]


@pytest.mark.parametrize(
    ("nights", "points"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (6, 4), (7, 5), (13, 5), (14, 7), (90, 7)]
)
def test_lace_points_of_the_length_of_stay(nights, points):
    assert lace_points(nights=nights) == points


@pytest.mark.parametrize(
    ("features", "points"),
    [
        ({"admission_method": "21"}, 3),
        ({"admission_method": None}, 0),
        ({"emergency_stays_6_months": 3.0}, 3),
        ({"emergency_stays_6_months": 9.0}, 4),
        ({"had_ami": 1.0, "had_chf": 1.0}, 3),
        ({"had_dementia": 1.0, "had_ami": 1.0}, 5),  # four and more make five
        ({"had_metacanc": 1.0, "had_aids": 1.0}, 5),
        ({"had_diab": 1.0, "had_diabwc": 1.0}, 2),  # one kind of diabetes
        ({"had_dementia": np.nan}, 0),  # nothing coded yet
    ],
)
def test_lace_points_of_the_rest(features, points):
    assert lace_points(**features) == points


def test_lace_ends_at_nineteen():
    ill = {f"had_{group}": 1.0 for group in LACE_ILLNESS}
    assert lace_points(nights=30, admission_method="2A", emergency_stays_6_months=9.0, **ill) == 19


def test_lace_says_what_it_put_in_another_place():
    X = pd.DataFrame(
        {"admission_method": ["21"], "charlson": [2.0], "emergency_visits_prior_year": [1.0], "age": [80.0]}
    )
    points, sentence = lace(X, pd.DataFrame({"days_so_far": [2]}))
    assert points.item() == 2 + 3 + 2 + 1
    assert "emergency visits of a year" in sentence
    assert "Charlson score" in sentence


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        (["charlson"], "earlier diagnoses"),
        (["admission_method"], "admission method"),
        (["emergency_stays_6_months"], "recent emergency stays"),
        (["charlson", "emergency_stays_6_months"], "no earlier diagnoses, no recent emergency stays"),
    ],
)
def test_lace_names_what_the_source_lacks(dropped, words):
    X = pd.DataFrame({"admission_method": ["21"], "charlson": [2.0], "emergency_stays_6_months": [1.0]})
    points, sentence = lace(X.drop(columns=dropped), pd.DataFrame({"days_so_far": [2]}))
    assert points is None
    assert words in sentence


@pytest.mark.parametrize(
    ("features", "points"),
    [
        ({}, 0),
        ({"haemoglobin": 119.9}, 1),
        ({"haemoglobin": 120.0}, 0),
        ({"haemoglobin": np.nan}, 0),
        ({"sodium": 134.0}, 1),
        ({"treatment_function": "370"}, 2),
        ({"had_canc": 1.0}, 2),
        ({"treatment_function": "370", "had_canc": 1.0, "had_metacanc": 1.0}, 2),
        ({"admission_method": "21"}, 1),
        ({"stays_year": 1.0}, 0),
        ({"stays_year": 2.0}, 2),
        ({"stays_year": 5.0}, 2),
        ({"stays_year": 6.0}, 5),
        ({"nights": 4}, 0),
        ({"nights": 5}, 2),
    ],
)
def test_hospital_points(features, points):
    assert hospital_points(**features) == points


def test_hospital_ends_at_twelve_without_procedures():
    worst = {"haemoglobin": 80.0, "sodium": 120.0, "treatment_function": "303", "admission_method": "28"}
    assert hospital_points(nights=9, stays_year=9.0, **worst) == 12


def test_hospital_names_what_the_source_lacks():
    X = pd.DataFrame({"admission_method": ["21"], "sodium": [np.nan], "treatment_function": ["300"]})
    points, sentence = hospital_score(X, pd.DataFrame({"days_so_far": [2]}))
    assert points is None
    assert "no haemoglobin, no sodium, no stays year" in sentence


def test_the_risk_of_points_is_a_weighted_logistic_fit_on_the_training_rows():
    rng = np.random.default_rng(2)
    points = pd.Series(rng.integers(0, 20, 3_000).astype(float))
    rows = pd.DataFrame(
        {
            "readmitted": (rng.random(3_000) < 1 / (1 + np.exp(3 - points / 6))).astype(float),
            "weight": rng.choice([1.0, 3.0], 3_000),
        }
    )
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(
        points.to_frame(), rows["readmitted"], sample_weight=rows["weight"]
    )
    asked = pd.Series([0.0, 7.0, 19.0])
    expected = oracle.predict_proba(asked.to_frame())[:, 1]
    np.testing.assert_allclose(points_risk(points, rows, asked), expected, atol=1e-4)
    unknown = rows.assign(readmitted=rows["readmitted"].where(points > 4))
    with_unknown = points_risk(points, unknown, asked)
    np.testing.assert_allclose(with_unknown, points_risk(points[points > 4], rows[points > 4], asked))


def test_points_have_no_risk_where_nobody_came_back():
    rows = pd.DataFrame({"readmitted": [0.0, 0.0], "weight": [1.0, 1.0]})
    assert points_risk(pd.Series([1.0, 2.0]), rows, pd.Series([1.0])) is None
