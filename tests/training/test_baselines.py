"""Baselines: what they learn, from whom, and the same figures as the models'."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from training.baselines import (
    Cohort,
    baseline_figures,
    date_baselines,
    fewest_days,
    logistic_risk,
    planned_date,
    readmission_baselines,
    specialty_by_day,
)
from training.metrics import date_figures, readmission_figures

DATE_KEYS = set(date_figures(np.zeros((0, 61)), [], [], [], []))
RISK_KEYS = set(readmission_figures([], []))


def cohort(n: int = 1_500, seed: int = 1, *, moment: str | None = None) -> Cohort:
    """Return people whose age, specialty and earlier stays say something of their days and their return."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 100, n).astype(float)
    specialty = rng.choice(["300", "110", "430"], n, p=[0.5, 0.4, 0.1])
    earlier = rng.poisson(0.8, n).astype(float)
    home_day = rng.poisson(np.where(specialty == "430", 9, 3) + age / 40).astype(float)
    kind = rng.choice(["home", "died", "transfer", ""], n, p=[0.85, 0.05, 0.02, 0.08])
    X = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.1, np.nan, age),
            "treatment_function": pd.Categorical(specialty),
            "admission_method": pd.Categorical(rng.choice(["21", "11"], n)),
            "emergency_stays_6_months": earlier,
            "charlson": rng.integers(0, 6, n).astype(float),
            "nothing_measured": np.full(n, np.nan),
        }
    )
    risk = 1 / (1 + np.exp(3 - earlier - np.where(age > 70, 0.7, 0)))
    rows = pd.DataFrame(
        {
            "admission_id": [f"A{number}" for number in range(n)],
            "patient_id": [f"P{number // 2}" for number in range(n)],
            "at": pd.Timestamp("2026-01-05 08:00", tz="Europe/London"),
            "moment": moment or rng.choice(["admission", "board", "discharge"], n),
            "days_so_far": rng.integers(0, 30, n),
            "home_day": np.where(kind == "home", home_day, np.nan),
            "exit_kind": kind,
            "readmitted": np.where(rng.random(n) < 0.05, np.nan, (rng.random(n) < risk).astype(float)),
            "weight": np.where(kind == "", 0.0, 1.1),
        }
    )
    return Cohort(X, rows)


# Logistic regression


def test_logistic_regression_finds_what_there_is_to_find():
    train, test = cohort(3_000), cohort(seed=2)
    risk = logistic_risk(train, test, train.rows["readmitted"])
    known = test.rows["readmitted"].notna()
    assert roc_auc_score(test.rows["readmitted"][known], risk[known]) > 0.65


def test_changing_the_test_rows_changes_no_other_row():
    train, test = cohort(), cohort(300, seed=2)
    risk = logistic_risk(train, test, train.rows["readmitted"])
    X = test.X.copy()
    X.loc[5:, "age"] = 1e6
    X["treatment_function"] = X["treatment_function"].astype("str").where(X.index < 5, "999")
    again = logistic_risk(train, Cohort(X, test.rows), train.rows["readmitted"])
    np.testing.assert_array_equal(again[:5], risk[:5])


def test_identifiers_and_instants_never_take_part():
    train, test = cohort(), cohort(200, seed=2)
    risk = logistic_risk(train, test, train.rows["readmitted"])
    told = [
        Cohort(each.X.assign(**each.rows[["patient_id", "admission_id", "at"]]), each.rows)
        for each in (train, test)
    ]
    np.testing.assert_array_equal(logistic_risk(*told, train.rows["readmitted"]), risk)


def test_a_vanished_column_a_new_code_and_infinity_are_answered():
    train, test = cohort(), cohort(50, seed=2)
    X = test.X.drop(columns="age").assign(charlson=np.inf, treatment_function=pd.Categorical(["XYZ"] * 50))
    risk = logistic_risk(train, Cohort(X, test.rows), train.rows["readmitted"])
    assert ((risk > 0) & (risk < 1)).all()


def test_logistic_regression_needs_both_outcomes():
    train = cohort(100)
    assert logistic_risk(train, train, train.rows["readmitted"] * 0) is None


# Specialty by days so far


def test_a_group_gives_its_own_weighted_distribution_with_deaths_as_never_home():
    rows = pd.DataFrame(
        {
            "days_so_far": [3] * 40,
            "home_day": [1.0] * 20 + [70.0] * 10 + [np.nan] * 10,
            "exit_kind": ["home"] * 30 + ["died"] * 10,
            "weight": [2.0] * 20 + [1.0] * 20,
        }
    )
    train = Cohort(pd.DataFrame({"treatment_function": ["300"] * 40}), rows)
    asked = Cohort(pd.DataFrame({"treatment_function": ["300"]}), pd.DataFrame({"days_so_far": [4]}))
    curve = specialty_by_day(train, asked)[0]
    assert curve[0] == 0
    assert curve[1:] == pytest.approx(40 / 60)


def test_a_small_group_gives_way_to_its_days_so_far_and_these_to_everybody():
    train = cohort(20_000, moment="board")
    rare = pd.Categorical(["999", None, "430"])
    X = pd.DataFrame({"treatment_function": rare})
    curves = specialty_by_day(train, Cohort(X, pd.DataFrame({"days_so_far": [0, 0, 0]})))
    np.testing.assert_array_equal(curves[0], curves[1])
    assert not np.array_equal(curves[0], curves[2])
    few = train.rows["days_so_far"] < 3
    small = Cohort(train.X[few], train.rows[few])
    far = specialty_by_day(small, Cohort(X, pd.DataFrame({"days_so_far": [25, 25, 25]})))
    np.testing.assert_array_equal(far[0], far[2])


def test_people_still_in_teach_nothing():
    train, test = cohort(moment="board"), cohort(20, seed=2)
    left = train.rows["exit_kind"] != ""
    without = Cohort(train.X[left], train.rows[left])
    np.testing.assert_array_equal(specialty_by_day(train, test), specialty_by_day(without, test))


def test_the_range_is_the_fewest_days_with_four_fifths_of_those_who_go_home():
    shares = np.zeros((3, 61))
    shares[0, [2, 10, 11]] = 0.1, 0.25, 0.25
    shares[1, 5] = 0.001
    first, last = fewest_days(np.cumsum(shares, axis=1))
    assert (first[:2].tolist(), last[:2].tolist()) == ([10, 5], [11, 5])
    assert np.isnan([first[2], last[2]]).all()


def test_the_range_is_that_of_a_search_through_all_ranges():
    shares = np.random.default_rng(3).dirichlet(np.full(61, 0.2), 20)
    first, last = fewest_days(np.cumsum(shares, axis=1))
    for row, share in enumerate(shares):
        holds = [
            (end - start, -share[start : end + 1].sum(), start)
            for start in range(61)
            for end in range(start, 61)
            if share[start : end + 1].sum() >= 0.8 - 1e-9
        ]
        width, _, start = min(holds)  # among equally few days those that hold most, as the models choose
        assert (first[row], last[row]) == (start, start + width)


# The ward's own date


def test_the_wards_date_is_measured_where_a_person_had_set_one():
    rows = pd.DataFrame(
        {
            "home_day": [3.0, 4.0, np.nan, 9.0, np.nan],
            "exit_kind": ["home", "home", "died", "home", ""],
            "weight": [1.0, 3.0, 1.0, 1.0, 0.0],
        }
    )
    figures = planned_date(rows, pd.Series([2.0, -1.0, 5.0, np.nan, 1.0]))
    assert figures["mae_days"] == pytest.approx((1 * 1 + 3 * 5) / 4)
    assert figures["signed_error_days"] == pytest.approx(-(1 * 1 + 3 * 5) / 4)
    assert figures["within_1_day"] == pytest.approx(1 / 4)
    assert figures["n"] == 3
    assert figures["crps"] is None
    assert set(figures) == DATE_KEYS


# All together


def test_every_baseline_has_the_figures_of_the_models():
    train, test = cohort(3_000), cohort(seed=2)
    planned = test.rows["home_day"].where(test.rows.index % 3 == 0) - 1
    figures, notes = baseline_figures(train, test, planned_discharge_day=planned)
    assert list(figures) == ["logistic_regression", "lace", "specialty_by_day", "planned_date"]
    for name, parts in figures.items():
        assert set(parts) == {"readmission", "same_issue", "ready", "discharge"}
        assert (parts["same_issue"], parts["ready"]) == (None, None)
        if parts["readmission"]:
            assert set(parts["readmission"]) == RISK_KEYS | {"board", "admission"}
            assert set(parts["readmission"]["board"]) == RISK_KEYS
        if parts["discharge"]:
            assert set(parts["discharge"]) == DATE_KEYS | {"admission"}, name
    assert figures["lace"]["discharge"] is None
    assert figures["planned_date"]["readmission"] is None
    assert figures["planned_date"]["discharge"]["signed_error_days"] == pytest.approx(-1)
    assert figures["logistic_regression"]["readmission"]["auroc"] > 0.6
    assert figures["logistic_regression"]["discharge"]["home_by_24h_auroc"] > 0.5
    assert figures["logistic_regression"]["discharge"]["mae_days"] is None
    assert figures["specialty_by_day"]["discharge"]["mae_days"] < 4
    assert sum("HOSPITAL cannot be computed: these rows have no haemoglobin" in note for note in notes) == 1


def test_baselines_are_scored_on_the_rows_they_are_given():
    train, test = cohort(3_000), cohort(seed=2).at("board")
    figures = date_baselines(train, test)["specialty_by_day"]
    assert figures["n"] == (test.rows["weight"] > 0).sum()
    risks, _ = readmission_baselines(train, test)
    assert risks["lace"]["n"] == (test.rows["readmitted"].notna() & (test.rows["weight"] > 0)).sum()


def test_readmission_has_a_weight_of_its_own_where_there_is_one():
    train, test = cohort(3_000), cohort(seed=2)
    own = Cohort(test.X, test.rows.assign(readmission_weight=1.0))
    figures, _ = baseline_figures(train, own)
    assert figures["lace"]["readmission"]["n"] > (baseline_figures(train, test)[0]["lace"]["readmission"]["n"])


def test_a_source_without_board_rows_still_has_admission_figures():
    train, test = cohort(moment="admission"), cohort(seed=2, moment="admission")
    figures, notes = baseline_figures(train, test)
    discharge = figures["specialty_by_day"]["discharge"]
    assert discharge["mae_days"] is None
    assert discharge["admission"]["mae_days"] > 0
    assert figures["lace"]["readmission"]["auroc"] is None
    assert figures["lace"]["readmission"]["admission"]["auroc"] > 0.5
    assert len(notes) == 2


def test_no_rows_mean_no_baselines():
    train, test = cohort(), cohort(10, moment="any")
    assert baseline_figures(train, test) == ({}, [])
