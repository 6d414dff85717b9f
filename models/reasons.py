"""Reasons in days and in risk points, from the exact SHAP values of the boosters that answered.

SHAP values add up in log-odds, piece by piece of days ahead.  To say them in days, the patient's
log-odds are reached along a straight path from a reference patient's, and each feature's share of the
path is weighed by the gradient of *expected bed days in the next 28* (Aumann and Shapley 1974; 16-point
Gauss-Legendre).  The shares add up to the difference in expected bed days.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.booster import Floats, Matrix, sigmoid
from models.discharge_date import PIECE_COLUMNS, DateModel, Days, with_pieces
from models.distribution import PIECE_OF_DAY, PIECE_STARTS, spread
from models.shapley import Explain

BED_DAYS_WINDOW = 28
NEAR_PIECES = int(np.searchsorted(PIECE_STARTS, BED_DAYS_WINDOW))  # pieces that reach into the window
NODES, NODE_WEIGHTS = (np.array(part) for part in np.polynomial.legendre.leggauss(16))
BANDS = (0, 1, 3, 7, 14, 21)  # days so far at which each group begins
GROUPS = 2 * len(BANDS)
PARENTS = tuple(group % len(BANDS) for group in range(GROUPS))  # the band of each group
FEWEST_ROWS = 30
MOST_ROWS = 150


@dataclass(frozen=True)
class Reference:
    """The mean SHAP values of patients like this one: (GROUPS, pieces, features + 1) for one booster."""

    mean: Floats

    def as_json(self) -> list[Any]:
        """Return nested lists."""
        return self.mean.tolist()

    @classmethod
    def from_json(cls, lists: list[Any]) -> "Reference":
        """Read what `as_json` wrote."""
        return cls(np.array(lists, dtype=np.float64))


def group_of(hours_so_far: Floats, emergency: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the group of each row: band of days so far, elective or emergency.

    >>> group_of(np.array([3.0, 200.0]), np.array([True, False]))
    array([6, 3])
    """
    days = np.nan_to_num(hours_so_far) // 24
    band = np.searchsorted(np.array(BANDS), days, side="right") - 1
    return (band + len(BANDS) * emergency).astype(np.int64)


def date_contributions(explain: Explain, matrix: Matrix, days: Days) -> Floats:
    """Return SHAP values of the pieces within 28 days, (rows, NEAR_PIECES, features + pieces' columns + 1)."""
    return near_contributions(explain, near_rows(matrix, days))


def near_rows(matrix: Matrix, days: Days) -> Matrix:
    """Return the booster rows of the pieces within 28 days, NEAR_PIECES for each row."""
    rows, piece = np.divmod(np.arange(len(matrix) * NEAR_PIECES), NEAR_PIECES)
    return with_pieces(matrix, days, rows, piece)


def near_contributions(explain: Explain, near: Matrix) -> Floats:
    """Return SHAP values of what `near_rows` returned, shaped as by `date_contributions`."""
    shap = explain(near)
    return shap.reshape(-1, NEAR_PIECES, shap.shape[1])


def near_shares(model: DateModel, days: Days) -> Floats:
    """Return each of the next 28 days' share of its piece, (rows, 28)."""
    return spread(np.asarray(model.day_weights)[days.kinds()])[:, :BED_DAYS_WINDOW]


def fit_reference(shap: Floats, group: npt.NDArray[np.int64]) -> Reference:
    """Return the mean SHAP values of each group; a group with few rows takes everybody's."""
    mean = np.repeat(shap.mean(axis=0)[None], GROUPS, axis=0)
    for one in range(GROUPS):
        if (group == one).sum() >= FEWEST_ROWS:
            mean[one] = shap[group == one].mean(axis=0)
    return Reference(mean)


def reference_rows(group: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Return a bounded, seeded choice of rows of each group, since SHAP values are dear."""
    order = np.random.default_rng(seed).permutation(len(group))
    chosen = [order[group[order] == one][:MOST_ROWS] for one in range(GROUPS)]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def expected_days(log_odds: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Return expected days of the next 28 before the event, and their gradient in each piece's log-odds.

    `log_odds` (rows, NEAR_PIECES) of the event in each piece, `shares` (rows, 28) of each day in its piece.
    """
    hazard = sigmoid(log_odds)
    before = np.cumprod(np.column_stack([np.ones(len(hazard)), 1 - hazard[:, :-1]]), axis=1)
    piece = PIECE_OF_DAY[:BED_DAYS_WINDOW]
    within = _within(shares, piece)
    still = before[:, piece] * (1 - hazard[:, piece] * within)  # P(not yet by the end of each day)
    in_piece = np.add.reduceat(still, PIECE_STARTS[:NEAR_PIECES], axis=1)
    after = np.cumsum(in_piece[:, ::-1], axis=1)[:, ::-1] - in_piece
    gone = np.add.reduceat(within, PIECE_STARTS[:NEAR_PIECES], axis=1)
    slope = -before * hazard * (1 - hazard) * gone - hazard * after
    return _sum(still), slope


def days_by_feature(shap: Floats, reference: Floats, shares: Floats) -> tuple[Floats, Floats, Floats]:
    """Return each feature's share in days (rows, features), the reference's days and the patient's days.

    `shap` and `reference` are (rows, NEAR_PIECES, features + 1) with the base value last.
    """
    start, stop = reference.sum(axis=2), shap.sum(axis=2)
    path = start + ((NODES + 1) / 2)[:, None, None] * (stop - start)  # all nodes at once: one row costs as much
    slopes = expected_days(path.reshape(-1, NEAR_PIECES), np.tile(shares, (len(NODES), 1)))[1]
    gradient = np.zeros_like(start)
    for weight, slope in zip(NODE_WEIGHTS / 2, slopes.reshape(path.shape), strict=True):
        gradient += weight * slope
    amounts = np.einsum("rpf,rp->rf", (shap - reference)[:, :, :-1], gradient)
    return amounts, expected_days(start, shares)[0], expected_days(stop, shares)[0]


def points_by_feature(
    shap: Floats, reference: Floats, risk_of: Callable[[Floats], Floats]
) -> tuple[Floats, Floats, Floats]:
    """Return the features' shares of the calibrated risk in points (0 to 100), and both ends of the path.

    One log-odds moves along the path, so each feature's share is its part of the move.  `risk_of` maps log-odds
    to a calibrated risk.
    """
    start, stop = reference.sum(axis=1), shap.sum(axis=1)
    low, high = (100 * risk_of(odds) for odds in (start, stop))
    moved = stop - start
    per_unit = np.where(np.abs(moved) > 1e-12, (high - low) / np.where(moved == 0, 1, moved), 0)
    return (shap - reference)[:, :-1] * per_unit[:, None], low, high


def _sum(days: Floats) -> Floats:
    """Sum each row in the same order whatever the number of rows, so that an answer is one to the last bit."""
    return np.asarray(np.ascontiguousarray(days).sum(axis=1))


def piece_themes() -> list[str]:
    """Return the themes of the pieces' own columns, which follow the features in every SHAP row."""
    return ["the days ahead"] * len(PIECE_COLUMNS)


def _within(shares: Floats, piece: npt.NDArray[np.int64]) -> Floats:
    running = np.cumsum(shares, axis=1)
    before = np.column_stack([np.zeros(len(running)), running[:, :-1]])
    first = np.searchsorted(piece, piece)
    return running - before[:, first]
