"""Whether curves, dates and probabilities contradict themselves, for whatever patient."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.distribution import Curves, fewest_days, median_day, ready_if_home

Numbers = npt.NDArray[Any]
ROUNDING = 1e-9


def wrong_rows(curves: Curves) -> Numbers:
    """Tell which rows have a curve that turns, crosses or leaves 0 to 1, or a date that a chance denies.

    A number that is none (NaN, infinite) is wrong too.
    """
    wrong = np.zeros(len(curves.home_by), bool)
    for by in (curves.home_by, curves.ready_by):
        if by is not None:
            wrong |= ~np.isfinite(by).all(axis=1) | (np.diff(by, axis=1) < -ROUNDING).any(axis=1)
            wrong |= (by < -ROUNDING).any(axis=1) | (by > 1 + ROUNDING).any(axis=1)
    wrong |= ~np.isfinite(curves.in_bed).all(axis=1) | (np.diff(curves.in_bed, axis=1) > ROUNDING).any(axis=1)
    wrong |= (curves.in_bed + curves.home_by > 1 + ROUNDING).any(axis=1)
    if curves.ready_by is not None:
        wrong |= (curves.home_by > curves.ready_by + ROUNDING).any(axis=1)
        wrong |= median_day(ready_if_home(curves)) > median_day(curves.home_by)
    return np.asarray(wrong | _denied(curves.home_by))


def _denied(home_by: Numbers) -> Numbers:
    """Tell where the chances say another day than the date, or the range holds less than its 80 %."""
    rows, likely = np.arange(len(home_by)), median_day(home_by)
    first, last = fewest_days(home_by)
    half = home_by[:, -1] / 2
    before = np.where(likely > 0, home_by[rows, likely - 1], 0)
    held = home_by[rows, last] - np.where(first > 0, home_by[rows, first - 1], 0)
    short = held < 0.8 * home_by[:, -1] - 1e-6
    return np.asarray(
        (likely < 0) | (home_by[rows, likely] < half - ROUNDING) | (before > half + ROUNDING) | short
    )
