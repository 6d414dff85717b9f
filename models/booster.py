"""LightGBM boosters: small, seeded, read and written as text, one thread a prediction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

LEAVES_AT_LEAST = 100  # few rows still allow so many leaves
ROWS_A_PENALTY = 300  # rows that a penalty of 1 needs: a small hospital is not smoothed flat
MOST_OF_A_GROUP = 100  # rows of a code that may be split on alone, unless smoothing asks for more
Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Size:
    """How large a booster may grow, and how it learns."""

    rounds: int
    leaves: int
    learning_rate: float
    smallest_leaf: int
    smoothing: float  # how many rows the mean counts as when codes are ranked and split
    penalty: float  # on the squared value of a leaf, which draws small leaves to their parent's
    features: float  # share of the features that a tree may use
    seed: int
    threads: int
    random_splits: bool = False  # one threshold a feature, by chance: steadier, where trees are small


@dataclass(frozen=True)
class Sample:
    """Rows to learn from: encoded features, a 0/1 label and a weight each; `codes` are the code columns."""

    matrix: Matrix
    label: Floats
    weight: Floats
    codes: list[int]

    def dataset(self, reference: lgb.Dataset | None = None) -> lgb.Dataset:
        """Return the rows as LightGBM takes them."""
        return lgb.Dataset(
            self.matrix,
            self.label,
            weight=self.weight,
            reference=reference,
            categorical_feature=self.codes,
            params={"feature_pre_filter": False, "verbose": -1},
            free_raw_data=True,
        )


def fitted(
    sample: Sample,
    size: Size,
    later: Sample | None = None,
    patience: int = 20,
    before: lgb.Booster | None = None,
) -> lgb.Booster:
    """Return a booster of P(label = 1); with `later` rows it stops when these no longer improve.

    With a booster `before` its trees stay and the new ones follow them, in one booster.

    Log loss, never resampled classes: probabilities are what is asked for.
    """
    rows = sample.dataset()
    if later is None or len(later.label) == 0:
        booster = lgb.train(settings(sample, size), rows, size.rounds, init_model=before)
    else:
        booster = lgb.train(
            settings(sample, size),
            rows,
            size.rounds,
            valid_sets=[later.dataset(rows)],
            callbacks=[lgb.early_stopping(patience, verbose=False)],
            init_model=before,
        )
    return lgb.Booster(model_str=booster.model_to_string())  # the best trees only, as a release keeps them


def best_size(sample: Sample, sizes: Sequence[Size], fold: npt.NDArray[np.int64], patience: int = 60) -> Size:
    """Return the size, with its number of trees, of the lowest log loss on patients held out, fold by fold."""
    parts = [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in np.unique(fold)]
    found = []
    for size in sizes:
        curve = lgb.cv(
            settings(sample, size),
            sample.dataset(),
            size.rounds,
            folds=parts,
            callbacks=[lgb.early_stopping(patience, verbose=False)],
        )["valid binary_logloss-mean"]
        found.append((min(curve), replace(size, rounds=int(np.argmin(curve)) + 1)))
    return min(found, key=lambda pair: pair[0])[1]


def settings(sample: Sample, size: Size) -> dict[str, Any]:
    """Return what LightGBM is told: log loss, every draw seeded, leaves no smaller than the rows allow."""
    smallest = min(size.smallest_leaf, max(len(sample.label) // LEAVES_AT_LEAST, 1))
    return {
        "objective": "binary",
        "num_leaves": size.leaves,
        "learning_rate": size.learning_rate,
        "min_data_in_leaf": smallest,
        "min_data_per_group": min(smallest, max(int(size.smoothing), MOST_OF_A_GROUP)),
        "cat_smooth": size.smoothing,
        "cat_l2": size.smoothing,
        "max_cat_threshold": 16,
        "lambda_l2": min(size.penalty, len(sample.label) / ROWS_A_PENALTY),
        "feature_fraction": size.features,
        "extra_trees": size.random_splits,
        "seed": size.seed,
        "num_threads": size.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }


def probability(booster: lgb.Booster, matrix: Matrix) -> Floats:
    """Return P(label = 1) of each row."""
    return np.asarray(booster.predict(matrix, num_threads=1), dtype=np.float64)


def contributions(booster: lgb.Booster, matrix: Matrix) -> Floats:
    """Return exact SHAP values in log-odds, (rows, features + 1); the last column is the base value."""
    return np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1), dtype=np.float64)


def logit(chance: Floats) -> Floats:
    """Return log-odds, chances clipped to 1e-9 from 0 and 1."""
    inside = np.clip(chance, 1e-9, 1 - 1e-9)
    return np.log(inside / (1 - inside))


def sigmoid(log_odds: Floats) -> Floats:
    """Return the chance of log-odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))
