"""Figures of a hospital with the 95 % interval that its patients allow, and how one stands to a target."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Verdict = Literal["pass", "fail", "cannot tell", "not measured"]
Numbers = npt.NDArray[Any]
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; NaN where the data cannot give it, no interval where none is known."""

    value: float
    interval: tuple[float, float] | None = None

    def verdict(self, low: float, high: float) -> Verdict:
        """Return how the figure stands to a target from `low` to `high`, both included.

        It fails only if its interval lies wholly outside the target, and passes only if wholly inside; a
        figure without an interval is judged alone.

        >>> [Estimate(0.7, at).verdict(0.65, 0.75) for at in [(0.66, 0.74), (0.6, 0.7), (0.76, 0.8), None]]
        ['pass', 'cannot tell', 'fail', 'pass']
        >>> Estimate(float("nan")).verdict(0, 1)
        'not measured'
        """
        first, last = self.interval or (self.value, self.value)
        if np.isnan(self.value) or np.isnan(first) or np.isnan(last):
            return "not measured"
        if last < low or first > high:
            return "fail"
        return "pass" if low <= first and last <= high else "cannot tell"


class People:
    """Whose rows the rows are, so that figures over them have intervals as if other people had come.

    Intervals are linearised (Taylor), with people as the unit, as in surveys by cluster: what a draw of
    whole patients with replacement gives, without drawing.  Arrays have one entry a row; a mask tells which
    rows take part.
    """

    def __init__(self, patients: pd.Series) -> None:
        names, self._person = np.unique(patients.to_numpy(str), return_inverse=True)
        self._count = len(names)

    def ratio(self, top: Numbers, bottom: Numbers) -> Estimate:
        """Return the sum of `top` over that of `bottom`.

        >>> People(pd.Series(["a", "a", "b", "c"])).ratio(np.array([1, 1, 0, 1]), np.ones(4)).value
        0.75
        """
        value, pull = self._ratio(top, bottom)
        return self._estimate(value, pull)

    def mean(self, values: Numbers, of: Numbers) -> Estimate:
        """Return the mean of values over the rows of a mask; of a mask, its share.

        Where all are alike, the rule of three says how many of other people could differ.

        >>> People(pd.Series(list("abcdef"))).mean(np.zeros(6), np.ones(6)).interval
        (-0.5, 0.5)
        """
        found = self.ratio(np.where(of, values, 0), of)
        if found.interval == (found.value, found.value):
            spread = 3 / int(np.count_nonzero(self._by_person(of)))
            return Estimate(found.value, (found.value - spread, found.value + spread))
        return found

    def mean_gap(self, values: Numbers, one: Numbers, other: Numbers) -> Estimate:
        """Return the mean over the rows of one mask less that over those of the other."""
        means = [self._ratio(np.where(of, values, 0), of) for of in (one, other)]
        return self._estimate(means[0][0] - means[1][0], means[0][1] - means[1][1])

    def amount(self, amounts: Numbers) -> Estimate:
        """Return the sum of what each row adds, such as its share of the beds in use."""
        return self._estimate(float(np.sum(amounts)), self._by_person(amounts))

    def quantile(self, values: Numbers, of: Numbers, share: float) -> Estimate:
        """Return the smallest value that a share of the rows of a mask do not exceed (Woodruff 1952)."""
        ranked = np.sort(values[of])
        if not len(ranked):
            return Estimate(np.nan)
        value = _at_share(ranked, share)
        below = self.mean(values <= value, of)
        spread = (below.interval[1] - below.value) if below.interval else np.nan
        if np.isnan(spread):
            return Estimate(value)
        return Estimate(value, (_at_share(ranked, share - spread), _at_share(ranked, share + spread)))

    def _ratio(self, top: Numbers, bottom: Numbers) -> tuple[float, Numbers]:
        """Return the ratio, and how far each person pulls it."""
        total = float(np.sum(bottom))
        if total == 0:
            return np.nan, np.full(self._count, np.nan)
        value = float(np.sum(top)) / total
        return value, self._by_person(top - value * bottom) / total

    def _by_person(self, amounts: Numbers) -> Numbers:
        return np.bincount(self._person, weights=amounts, minlength=self._count)

    def _estimate(self, value: float, pull: Numbers) -> Estimate:
        if np.isnan(value) or self._count < 2:
            return Estimate(value)
        half = NORMAL_95 * float(pull.std(ddof=1)) * float(np.sqrt(self._count))
        return Estimate(value, (value - half, value + half))


def _at_share(ranked: Numbers, share: float) -> float:
    return float(ranked[int(np.clip(np.ceil(share * len(ranked)) - 1, 0, len(ranked) - 1))])
