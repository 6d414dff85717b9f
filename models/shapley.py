"""Exact SHAP values of a booster of small trees, where each pattern of decisions is explained once.

A tree knows of a row only which way it goes at each split.  The pieces of days of one patient, and the patients
of one hospital, share most of these patterns, and LightGBM explains every row anew: the reasons of a thousand
inpatients cost it 7 s of the 11 s that a round took.

At a leaf of value v, let z_i be the share of the training rows that feature i lets through on the path to it,
and o_i whether it lets the row through, 1 or 0.  Then feature j's share of v is

    v (o_j - z_j) times the integral over t from 0 to 1 of the product over i != j of (1 - t) z_i + t o_i

(Lundberg 2018, path-dependent; the weights of Shapley's sum are Beta integrals).  The integrand is a
polynomial, so Gauss-Legendre nodes give it exactly.  o has few values, all worked out when a release is
loaded.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from models.booster import Floats, Matrix, contributions

MOST_SPLITS = 31  # of one tree: its pattern is a number below 2 ** 31
MOST_NUMBERS = 2_000_000  # worked out beforehand for a booster, 8 bytes each
ROWS_AT_ONCE = 4096
ZERO = np.float32(1e-35)  # numbers up to here are nought to LightGBM
Ints = npt.NDArray[np.int64]
Explain = Callable[[Matrix], Floats]
"""From booster rows to their SHAP values in log-odds, (rows, features + 1); the base value is last."""


@dataclass(frozen=True)
class Gate:
    """What one feature asks of a row on the path to a leaf: the splits it decides, how, and who passes."""

    feature: int
    splits: int  # one bit a split of the tree
    left: int  # of these, the splits where the path goes left
    passing: float  # share of the training rows that pass


@dataclass(frozen=True)
class Leaf:
    """One leaf: its tree, its value in log-odds, and the gates of the features on the path to it."""

    tree: int
    value: float
    gates: list[Gate]


def explainer(booster: lgb.Booster) -> Explain:
    """Return what explains rows of a booster: patterns where its trees are small, else LightGBM itself."""
    dump = booster.dump_model()
    trees = [tree["tree_structure"] for tree in dump["tree_info"]]
    leaves = [list(_leaves(root, tree)) for tree, root in enumerate(trees)]
    numbers = sum(len(leaf.gates) << len(leaf.gates) for leaf in chain(*leaves))
    most_splits = max((len(some) - 1 for some in leaves), default=0)
    if not 0 < most_splits <= MOST_SPLITS or numbers > MOST_NUMBERS:
        return lambda matrix: contributions(booster, matrix)
    base = sum(_mean(root) for root in trees)
    grown = [list(_splits(root)) for root in trees]
    return Patterns(booster.num_feature(), base, Splits.of(grown), Paths.of(leaves, booster.num_feature()))


def _splits(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the splits of a tree in the order that numbers their bits: itself, left, right."""
    if "split_feature" in node:
        yield node
        yield from _splits(node["left_child"])
        yield from _splits(node["right_child"])


def _leaves(root: dict[str, Any], tree: int) -> Iterator[Leaf]:
    bits = {id(node): 1 << place for place, node in enumerate(_splits(root))}

    def walk(node: dict[str, Any], gates: dict[int, Gate]) -> Iterator[Leaf]:
        if "split_feature" not in node:
            yield Leaf(tree, node["leaf_value"], list(gates.values()))
            return
        feature, bit, count = node["split_feature"], bits[id(node)], _count(node)
        for side, taken in (("left_child", bit), ("right_child", 0)):
            gate = gates.get(feature, Gate(feature, 0, 0, 1.0))
            share = gate.passing * _count(node[side]) / count
            narrowed = Gate(feature, gate.splits | bit, gate.left | taken, share)
            yield from walk(node[side], {**gates, feature: narrowed})

    return walk(root, {})


def _count(node: dict[str, Any]) -> int:
    return int(node["internal_count"] if "split_feature" in node else node["leaf_count"])


def _mean(node: dict[str, Any]) -> float:
    """Return the mean value of a tree over its training rows."""
    if "split_feature" not in node:
        return float(node["leaf_value"])
    sides = [node["left_child"], node["right_child"]]
    return sum(_mean(side) * _count(side) for side in sides) / _count(node)


@dataclass(frozen=True)
class Splits:
    """All splits of a booster, tree by tree, as LightGBM decides them."""

    feature: Ints
    threshold: Floats  # a number goes left up to here; minus infinity where codes are split
    missing_left: npt.NDArray[np.bool_]
    bit: Ints
    first: Ints  # split of each tree that has any
    trees: Ints  # those trees
    of_codes: Ints  # the splits of codes
    codes_left: npt.NDArray[np.bool_]  # (splits of codes, codes + 1); the last column is any other code

    @classmethod
    def of(cls, grown: Sequence[Sequence[dict[str, Any]]]) -> "Splits":
        """Return the splits of trees, those of each tree in the order of their bits."""
        every = list(chain(*grown))
        of_codes = [place for place, split in enumerate(every) if split["decision_type"] == "=="]
        left = [[int(code) for code in every[place]["threshold"].split("||")] for place in of_codes]
        codes_left = np.zeros((len(left), max(chain([0], *left)) + 2), bool)
        for row, codes in enumerate(left):
            codes_left[row, codes] = True
        sizes = np.array([len(splits) for splits in grown])
        starts = np.cumsum(sizes) - sizes
        return cls(
            np.array([split["split_feature"] for split in every], np.int64),
            np.array([-np.inf if split["decision_type"] == "==" else split["threshold"] for split in every]),
            np.array([_missing_left(split) for split in every], bool),
            np.array([1 << place for size in sizes for place in range(size)], np.int64),
            starts[sizes > 0],
            np.flatnonzero(sizes),
            np.array(of_codes, np.int64),
            codes_left,
        )

    def patterns(self, matrix: Matrix) -> Ints:
        """Return, for each row and tree that splits, a number whose bits tell the splits where it goes left."""
        numbers = matrix.astype(np.float64)
        values = np.where(np.abs(numbers) <= ZERO, 0.0, numbers)[:, self.feature]
        left = (values <= self.threshold) | (np.isnan(values) & self.missing_left)
        codes, other = values[:, self.of_codes], self.codes_left.shape[1] - 1
        known = np.where((codes > -1) & (codes < other), codes, other).astype(np.int64)  # NaN is neither
        left[:, self.of_codes] = self.codes_left[np.arange(len(self.of_codes)), known]
        return np.asarray(np.add.reduceat(left * self.bit, self.first, axis=1))


def _missing_left(split: dict[str, Any]) -> bool:
    if split["decision_type"] == "==":
        return False
    if split["missing_type"] == "NaN":
        return bool(split["default_left"])
    return bool(split["threshold"] >= 0)  # a tree that saw no missing value takes one for 0


@dataclass(frozen=True)
class Paths:
    """The gates of every leaf, padded to one shape (trees, leaves, gates), and their shares worked out."""

    splits: Ints
    left: Ints
    bit: Ints  # of a gate in the number that tells which gates of its leaf let a row through
    place: Ints  # of a gate's first share in `shares`; padding points at zeros
    feature: Ints  # padding has the place of the base value
    shares: Floats

    @classmethod
    def of(cls, leaves: Sequence[Sequence[Leaf]], features: int) -> "Paths":
        """Return the paths of trees."""
        most = max(len(leaf.gates) for leaf in chain(*leaves))
        shape = len(leaves), max(len(some) for some in leaves), most
        splits, left, bit, place = (np.zeros(shape, np.int64) for _ in range(4))
        feature = np.full(shape, features, np.int64)
        by_gates: dict[int, list[tuple[int, int, Leaf]]] = defaultdict(list)
        for tree, some in enumerate(leaves):
            for number, leaf in enumerate(some):
                by_gates[len(leaf.gates)].append((tree, number, leaf))
        parts, filled = [np.zeros(1 << most)], 1 << most
        for gates, found in by_gates.items():
            if not gates:
                continue
            table = leaf_shares(
                np.array([leaf.value for *_, leaf in found]),
                np.array([[gate.passing for gate in leaf.gates] for *_, leaf in found]),
            )
            for row, (tree, number, leaf) in enumerate(found):
                at = tree, number, slice(gates)
                splits[at] = [gate.splits for gate in leaf.gates]
                left[at] = [gate.left for gate in leaf.gates]
                feature[at] = [gate.feature for gate in leaf.gates]
                bit[at] = 1 << np.arange(gates)
                place[at] = filled + (row * gates + np.arange(gates) << gates)
            parts.append(table.ravel())
            filled += table.size
        return cls(splits, left, bit, place, feature, np.concatenate(parts))

    def values(self, tree: Ints, pattern: Ints, features: int) -> Floats:
        """Return the SHAP values of each tree and pattern, (trees and patterns, features + 1)."""
        through = (pattern[:, None, None] & self.splits[tree]) == self.left[tree]
        passed = (through * self.bit[tree]).sum(axis=2)
        shares = self.shares[self.place[tree] + passed[:, :, None]]
        width = features + 1
        cell = np.arange(len(tree))[:, None, None] * width + self.feature[tree]
        sums = np.bincount(cell.ravel(), shares.ravel(), len(tree) * width)
        return np.asarray(sums, np.float64).reshape(len(tree), width)


def leaf_shares(value: Floats, passing: Floats) -> Floats:
    """Return the shares of k gates of leaves, for all of the 2 ** k ways to pass them: (leaves, k, 2 ** k).

    `value` (leaves,) in log-odds, `passing` (leaves, k).  Bit i of a way tells whether gate i lets it through.

    >>> leaf_shares(np.array([2.0]), np.array([[0.25]]))
    array([[[-0.5,  1.5]]])
    """
    gates = passing.shape[1]
    nodes, weights = np.polynomial.legendre.leggauss((gates + 1) // 2)  # exact for degrees below `gates`
    t = (nodes + 1) / 2
    closed = (1 - t) * passing[:, :, None]  # (leaves, k, nodes): what a gate gives to who does not pass it
    product = np.ones((len(value), 1, len(t)))
    for gate in range(gates):
        factor = closed[:, gate, None]
        product = np.concatenate([product * factor, product * (factor + t)], axis=1)
    shares = np.empty((len(value), gates, 1 << gates))
    for gate in range(gates):
        through = (np.arange(1 << gates) >> gate & 1).astype(np.float64)
        others = product / (closed[:, gate, None] + through[:, None] * t)
        shares[:, gate] = value[:, None] * (through - passing[:, gate, None]) * (others @ (weights / 2))
    return shares


@dataclass(frozen=True)
class Patterns:
    """Explains rows of a booster by the patterns of its trees."""

    features: int
    base: float
    splits: Splits
    paths: Paths

    def __call__(self, matrix: Matrix) -> Floats:
        """Return SHAP values in log-odds, (rows, features + 1); a row's do not depend on the rows beside it."""
        starts = range(0, max(len(matrix), 1), ROWS_AT_ONCE)
        return np.concatenate([self._some(matrix[start : start + ROWS_AT_ONCE]) for start in starts])

    def _some(self, matrix: Matrix) -> Floats:
        patterns = self.splits.patterns(matrix)
        found, place = np.unique(self.splits.trees << MOST_SPLITS | patterns, return_inverse=True)
        values = self.paths.values(found >> MOST_SPLITS, found & (1 << MOST_SPLITS) - 1, self.features)
        ends = np.arange(len(matrix) + 1) * len(self.splits.trees)
        rows = csr_array((np.ones(place.size), place.ravel(), ends), shape=(len(matrix), len(found)))
        shap = np.asarray(rows @ values)
        shap[:, -1] = self.base
        return shap
