import itertools

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import shap
from hypothesis import given, settings
from hypothesis import strategies as st

from features.snapshot import snapshot
from features.table import feature_table
from features.tables import Hospital
from models.booster import Sample, Size, contributions, fitted, sigmoid
from models.distribution import HORIZON_DAYS, spread
from models.predictor import Predictor
from models.reasons import BED_DAYS_WINDOW, NEAR_PIECES, days_by_feature, expected_days, points_by_feature


def shares(random: np.random.Generator, rows: int) -> np.ndarray:
    return spread(random.uniform(0.3, 1.5, (rows, HORIZON_DAYS)))[:, :BED_DAYS_WINDOW]


def test_the_gradient_of_expected_days_is_that_of_finite_differences() -> None:
    random = np.random.default_rng(3)
    log_odds, day_shares = random.normal(-1.5, 1.2, (20, NEAR_PIECES)), shares(random, 20)
    _, slope = expected_days(log_odds, day_shares)
    for piece in range(NEAR_PIECES):
        step = np.zeros_like(log_odds)
        step[:, piece] = 1e-5
        up, down = (expected_days(log_odds + sign * step, day_shares)[0] for sign in (1, -1))
        np.testing.assert_allclose(slope[:, piece], (up - down) / 2e-5, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_shares_in_days_add_up_to_a_millionth(seed: int) -> None:
    random = np.random.default_rng(seed)
    patient = random.normal(0, 0.25, (30, NEAR_PIECES, 40))
    reference = random.normal(0, 0.15, (30, NEAR_PIECES, 40))
    patient[:, :, -1] = reference[:, :, -1] = -1.5
    amounts, start, answer = days_by_feature(patient, reference, shares(random, 30))
    np.testing.assert_allclose(start + amounts.sum(axis=1), answer, atol=1e-6)


def test_a_feature_that_does_not_differ_gets_no_days() -> None:
    random = np.random.default_rng(5)
    patient = random.normal(0, 0.3, (10, NEAR_PIECES, 6))
    reference = random.normal(0, 0.3, (10, NEAR_PIECES, 6))
    patient[:, :, 2] = reference[:, :, 2]
    amounts, _, _ = days_by_feature(patient, reference, shares(random, 10))
    assert (amounts[:, 2] == 0).all()


def test_shares_in_points_add_up_even_where_nothing_moves() -> None:
    random = np.random.default_rng(7)
    patient, reference = random.normal(0, 0.5, (20, 9)), random.normal(0, 0.5, (20, 9))
    patient[:, -1] = reference[:, -1]  # the booster's base value is the same for everybody
    patient[0] = reference[0]
    amounts, start, answer = points_by_feature(patient, reference, lambda odds: sigmoid(1.1 * odds - 0.2))
    np.testing.assert_allclose(start + amounts.sum(axis=1), answer, atol=1e-9)


def test_every_answer_of_a_release_adds_up_to_a_millionth(
    small_release: Predictor, small_hospital: Hospital
) -> None:
    answers = small_release.answer(small_hospital, small_hospital.observed_until)
    seen = 0
    for answer in answers:
        for reasons in (answer.ready_reasons, answer.discharge_reasons, answer.readmission_reasons):
            if reasons:
                total = reasons.reference + sum(reason.amount for reason in reasons.reasons)
                assert total == pytest.approx(reasons.answer, abs=1e-6)
                seen += 1
    assert seen > 50


def expected_given(tree: pd.DataFrame, node: str, row: np.ndarray, known: set[int]) -> float:
    """E[tree | the known features], other splits weighed by how many rows went each way (Lundberg 2018)."""
    here = tree.loc[node]
    if pd.isna(here["split_feature"]):
        return float(here["value"])
    feature, left, right = (
        int(here["split_feature"].removeprefix("Column_")),
        here["left_child"],
        here["right_child"],
    )
    if feature in known:
        return expected_given(tree, left if row[feature] <= here["threshold"] else right, row, known)
    counts = [tree.loc[child, "count"] for child in (left, right)]
    parts = [expected_given(tree, child, row, known) for child in (left, right)]
    return float(np.average(parts, weights=counts))


def shapley_by_hand(booster: lgb.Booster, row: np.ndarray) -> np.ndarray:
    """The definition: each feature's mean gain over all orders in which features become known."""
    trees = [tree.set_index("node_index") for _, tree in booster.trees_to_dataframe().groupby("tree_index")]
    orders = list(itertools.permutations(range(len(row))))
    shares = np.zeros(len(row))
    for order in orders:
        for place, feature in enumerate(order):
            before, after = set(order[:place]), set(order[: place + 1])
            for tree in trees:
                root = tree.index[0]
                gain = expected_given(tree, root, row, after) - expected_given(tree, root, row, before)
                shares[feature] += gain / len(orders)
    return shares


def test_contributions_are_the_shapley_values_by_their_definition() -> None:
    random = np.random.default_rng(8)
    matrix = random.normal(size=(800, 4)).astype(np.float32)
    label = (matrix[:, 0] + matrix[:, 1] * matrix[:, 2] + random.normal(size=800) > 0).astype(float)
    size = Size(
        rounds=4,
        leaves=6,
        learning_rate=0.3,
        smallest_leaf=8,
        smoothing=20,
        penalty=5,
        features=0.6,
        seed=1,
        threads=1,
    )
    booster = fitted(Sample(matrix, label, np.ones(800), []), size)
    ours = contributions(booster, matrix[:6])
    for row, shares in zip(matrix[:6].astype(float), ours[:, :-1], strict=True):
        np.testing.assert_allclose(shapley_by_hand(booster, row), shares, atol=1e-6)
    np.testing.assert_allclose(ours.sum(axis=1), booster.predict(matrix[:6], raw_score=True), atol=1e-9)


def test_contributions_are_those_of_the_shap_package(
    small_release: Predictor, small_hospital: Hospital
) -> None:
    at = small_hospital.observed_until
    table = feature_table(snapshot(small_hospital, at), small_hospital, at)
    assert small_release.readmission is not None
    matrix = small_release.encoder.matrix(table)[:20]
    ours = contributions(small_release.readmission.booster, matrix)
    theirs = shap.TreeExplainer(small_release.readmission.booster).shap_values(pd.DataFrame(matrix))
    np.testing.assert_allclose(ours[:, :-1], theirs, atol=1e-9)
