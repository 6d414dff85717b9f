"""Values that change at known instants, group by group, and what they were at a moment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Integers = npt.NDArray[np.int64]


def microseconds(instants: pd.Series) -> Integers:
    """Return instants as whole microseconds since 1970, missing ones as the smallest integer."""
    return instants.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)


@dataclass(frozen=True)
class Timeline:
    """Rows sorted by group and, within a group, by the instant from which each is known.

    `order` sorts the caller's rows; `times` are microseconds in that order; the rows of group g are
    `starts[g]` to `starts[g + 1]`.  Groups are the integers 0 to groups - 1; rows of group -1 are left out.
    """

    order: Integers
    times: Integers
    starts: Integers

    @classmethod
    def of(cls, groups: Integers, times: Integers, count: int, *ties: npt.NDArray[np.generic]) -> "Timeline":
        """Sort rows by group, then time, then the tie-breakers in the order given."""
        kept = np.flatnonzero(groups >= 0)
        keys = [tie[kept] for tie in reversed(ties)]
        order = kept[np.lexsort([*keys, times[kept], groups[kept]])]
        starts = np.searchsorted(groups[order], np.arange(count + 1))
        return cls(order, times[order], starts.astype(np.int64))

    def last(self, groups: Integers, at: Integers, *, before: bool = False) -> Integers:
        """Return the position of each group's last row known at `at` (strictly before it with `before`), or -1.

        A binary search within each group, all rows at once, so the cost grows with rows times log(group size).

        >>> times = np.array([10, 20, 5]); groups = np.array([0, 0, 1])
        >>> Timeline.of(groups, times, 2).last(np.array([0, 0, 0, 1, -1]), np.array([9, 10, 99, 5, 7]))
        array([-1,  0,  1,  2, -1])
        """
        known = groups >= 0
        safe = np.where(known, groups, 0)
        first = np.where(known, self.starts[safe], 0)
        low, high = first.copy(), np.where(known, self.starts[safe + 1], 0)
        while (searching := low < high).any():
            middle = np.where(searching, (low + high) // 2, 0)
            time = self.times[middle]
            passed = searching & ((time < at) if before else (time <= at))
            low = np.where(passed, middle + 1, low)
            high = np.where(searching & ~passed, middle, high)
        return np.where(low > first, low - 1, -1)


def picked(
    values: npt.NDArray[np.float64], positions: Integers, missing: float = np.nan
) -> npt.NDArray[np.float64]:
    """Return `values` at the positions, and `missing` where the position is -1."""
    if len(values) == 0:
        return np.full(len(positions), missing)
    return np.where(positions >= 0, values[np.maximum(positions, 0)], missing)
