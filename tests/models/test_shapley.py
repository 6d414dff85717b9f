import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import shapley
from models.booster import contributions
from models.predictor import Predictor
from models.shapley import Patterns, explainer, leaf_shares

CODES = 12


def rows(random: np.random.Generator, count: int, features: int, missing: float) -> np.ndarray:
    """Numbers, a code in the first column, and holes."""
    matrix = random.normal(size=(count, features)).astype(np.float32)
    matrix[:, 0] = random.integers(0, CODES, count)
    matrix[random.random(matrix.shape) < missing] = np.nan
    return matrix


def booster_of(seed: int, leaves: int, missing: float) -> lgb.Booster:
    random = np.random.default_rng(seed)
    matrix = rows(random, 400, 6, missing)
    filled = np.nan_to_num(matrix)
    odds = filled[:, 1] * filled[:, 2] + (filled[:, 0] % 3) - 1
    label = (odds + random.normal(size=400) > 0).astype(float)
    settings = {
        "objective": "binary",
        "num_leaves": leaves,
        "min_data_in_leaf": 3,
        "min_data_per_group": 3,
        "cat_smooth": 1,
        "num_threads": 1,
        "seed": 1,
        "verbose": -1,
    }
    return lgb.train(settings, lgb.Dataset(matrix, label, categorical_feature=[0]), 8)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.sampled_from([0.0, 0.2]))
def test_shap_values_are_those_of_lightgbm(seed: int, leaves: int, missing: float) -> None:
    booster = booster_of(seed, leaves, missing)
    explain = explainer(booster)
    random = np.random.default_rng(seed + 1)
    asked = rows(random, 60, 6, 0.3)
    asked[:6, 0] = [-1, -0.5, CODES, 1e9, 3.7, np.nan]  # codes that no tree has seen, and no whole ones
    asked[6:9, 1] = [np.inf, -np.inf, 0]
    assert isinstance(explain, Patterns)
    np.testing.assert_allclose(explain(asked), contributions(booster, asked), rtol=0, atol=1e-12)


def test_a_row_on_a_threshold_goes_the_way_of_lightgbm() -> None:
    booster = booster_of(5, 15, 0.2)
    splits = [
        (split["split_feature"], split["threshold"])
        for tree in booster.dump_model()["tree_info"]
        for split in shapley._splits(tree["tree_structure"])
        if split["decision_type"] == "<="
    ]
    asked = np.zeros((3 * len(splits), 6), np.float32)
    for row, (feature, threshold) in enumerate(splits):
        near = np.float32(threshold)
        beside = [np.nextafter(near, np.float32(side)) for side in (-99, 99)]
        asked[3 * row : 3 * row + 3, feature] = near, *beside
    np.testing.assert_allclose(explainer(booster)(asked), contributions(booster, asked), rtol=0, atol=1e-12)


def test_the_values_of_a_row_do_not_depend_on_the_rows_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    explain, asked = explainer(booster_of(6, 15, 0.2)), rows(np.random.default_rng(7), 50, 6, 0.2)
    together = explain(asked)
    assert (np.concatenate([explain(row[None]) for row in asked]) == together).all()
    monkeypatch.setattr(shapley, "ROWS_AT_ONCE", 7)
    assert (explain(asked) == together).all()
    assert explain(asked[:0]).shape == (0, 7)


@pytest.mark.parametrize(("limit", "value"), [("MOST_SPLITS", 13), ("MOST_NUMBERS", 500)])
def test_a_booster_of_large_trees_is_explained_by_lightgbm(
    limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    booster, asked = booster_of(8, 15, 0.0), rows(np.random.default_rng(9), 20, 6, 0.1)
    monkeypatch.setattr(shapley, limit, value)
    explain = explainer(booster)
    assert not isinstance(explain, Patterns)
    assert (explain(asked) == contributions(booster, asked)).all()


def test_a_booster_that_learnt_nothing_has_its_base_value_alone() -> None:
    matrix, label = rows(np.random.default_rng(1), 40, 3, 0.0), np.r_[np.zeros(30), np.ones(10)]
    booster = lgb.train(
        {"objective": "binary", "min_data_in_leaf": 30, "verbose": -1}, lgb.Dataset(matrix, label), 2
    )
    found = explainer(booster)(matrix[:5])
    assert (found[:, :-1] == 0).all()
    np.testing.assert_allclose(found[:, -1], booster.predict(matrix[:5], raw_score=True))


def test_shares_of_a_leaf_add_up_to_what_it_gives_above_its_mean() -> None:
    random = np.random.default_rng(3)
    value, passing = random.normal(size=7), random.uniform(0.01, 1, (7, 9))
    ways = np.arange(2**9)[:, None] >> np.arange(9) & 1
    reached = (ways == 1).all(axis=1)  # only who passes every gate comes to the leaf
    expected = value[:, None] * (reached - passing.prod(axis=1)[:, None])
    np.testing.assert_allclose(leaf_shares(value, passing).sum(axis=1), expected, atol=1e-12)


def test_a_release_is_explained_as_by_lightgbm(small_release: Predictor) -> None:
    model = small_release.date_model
    assert model is not None
    assert model.ready is not None
    random = np.random.default_rng(4)
    asked = random.integers(-1, 30, (200, model.leave.num_feature())).astype(np.float32)
    asked[random.random(asked.shape) < 0.3] = np.nan
    for booster, explain in ((model.leave, model.explain_leave), (model.ready, model.explain_ready)):
        assert isinstance(explain, Patterns)
        np.testing.assert_allclose(explain(asked), contributions(booster, asked), rtol=0, atol=1e-11)
