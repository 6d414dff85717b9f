"""Values that change at known instants, group by group, and what they were at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from features.parsing import FEW, as_text

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = pd.Series | pd.Index | pd.api.extensions.ExtensionArray | Sequence[str]
ROWS_AT_ONCE = 100_000  # so that what is searched stays within the processor's cache
NEVER = int(np.iinfo(np.int64).min)  # a missing instant, in microseconds


def microseconds(instants: pd.Series | pd.Index | pd.arrays.DatetimeArray) -> Integers:
    """Return instants with a zone as whole microseconds since 1970, missing ones as the smallest integer."""
    array = instants.array if isinstance(instants, pd.Series | pd.Index) else instants
    return np.asarray(array if array.unit == "us" else array.as_unit("us"), "datetime64[us]").view(np.int64)


def positions(names: Texts, among: Texts) -> npt.NDArray[np.int32]:
    """Return where each name stands in a list of distinct ones, and -1 for a name that it lacks.

    >>> positions(pd.Series(["B", "C", "B"]), pd.Index(["A", "B"])).tolist()
    [1, -1, 1]
    """
    found = pyarrow.compute.index_in(_arrow(names), value_set=_arrow(among))
    place: npt.NDArray[np.int32] = (found.fill_null(-1) if found.null_count else found).to_numpy()
    return place


def _arrow(texts: Texts) -> pa.Array | pa.ChunkedArray:
    text = pa.large_string()
    if isinstance(texts, pd.Series | pd.Index) and isinstance(texts.dtype, pd.StringDtype):
        return pa.array(texts.array, type=text)  # in a tenth of the time
    return pa.array(texts, type=text)


def coded(texts: pd.api.extensions.ExtensionArray) -> "pd.Categorical[Any]":
    """Return texts as a category of those found, in their order; what is missing has none.

    >>> coded(pd.array(["B", None, "A", "B"], dtype="str")).codes.tolist()
    [1, -1, 0, 1]
    """
    found = pa.array(texts, type=pa.large_string())
    if len(found) <= FEW:
        return _few_coded(found.to_pylist())
    found = (found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found).dictionary_encode()
    names = found.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.full(len(names) + 1, -1)  # the last is for those without a text, at -1
    rank[order] = np.arange(len(names))
    codes = rank[found.indices.fill_null(-1).to_numpy()]
    return pd.Categorical.from_codes(codes, dtype=categories(tuple(names[place] for place in order)))


def _few_coded(texts: Sequence[str | None]) -> "pd.Categorical[Any]":
    names = tuple(sorted({text for text in texts if text is not None}))
    place = {name: code for code, name in enumerate(names)}
    codes = np.array([-1 if text is None else place[text] for text in texts], np.int64)
    return pd.Categorical.from_codes(codes, dtype=categories(names))


def taken(
    values: pd.api.extensions.ExtensionArray, places: npt.NDArray[np.integer]
) -> pd.api.extensions.ExtensionArray:
    """Return the values at some places, missing where the place is -1; of a few texts pandas takes long.

    >>> taken(pd.array(["A", "B"], dtype="str"), np.array([1, -1])).tolist()
    ['B', nan]
    """
    if not isinstance(values.dtype, pd.StringDtype):
        return values.take(places, allow_fill=bool((places < 0).any()))
    return as_text(pa.array(values).take(pa.array(places, mask=places < 0)))


@lru_cache(maxsize=4096)
def categories(names: tuple[str, ...]) -> pd.CategoricalDtype:
    """Return the type of a category of these names; pandas takes longer to make one than to fill it."""
    return pd.CategoricalDtype(pd.Index(names, dtype="str"))


def one_piece(events: pd.DataFrame) -> pd.DataFrame:
    """Return events with their texts in one array: rows are taken slowly from the many pieces of a table."""
    found = pa.array(events["text"], type=pa.large_string())
    if isinstance(found, pa.ChunkedArray):
        return events.assign(text=pd.array(found.combine_chunks(), dtype="str"))
    return events


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
        order = in_order(groups, times, *ties)
        return cls(order, times[order], starts_of(groups[order], count))

    def part(self, first: int, count: int) -> "Timeline":
        """Return the timeline of some of its groups, numbered from 0 again."""
        return Timeline(self.order, self.times, self.starts[first : first + count + 1])

    def last(self, groups: Integers, at: Integers, *, before: bool = False) -> Integers:
        """Return the position of each group's last row known at `at` (strictly before it with `before`), or -1.

        A binary search within each group, all rows at once, so the cost grows with rows times log(group size).

        >>> times = np.array([10, 20, 5]); groups = np.array([0, 0, 1])
        >>> Timeline.of(groups, times, 2).last(np.array([0, 0, 0, 1, -1]), np.array([9, 10, 99, 5, 7]))
        array([-1,  0,  1,  2, -1])
        """
        found = np.full(len(groups), -1, np.int64)
        for first in range(0, len(groups), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            self._search(groups[part], at[part], np.less if before else np.less_equal, found[part])
        return found

    def _search(self, groups: Integers, at: Integers, passed: np.ufunc, found: Integers) -> None:
        asked = np.flatnonzero(groups >= 0)
        low, high = self.starts[groups[asked]], self.starts[groups[asked] + 1] - 1
        asked, low, high = (values[low <= high] for values in (asked, low, high))
        newest = passed(self.times[high], at[asked])  # most moments lie after all that is known
        found[asked[newest]] = high[newest]
        if newest.all():
            return
        asked, low, high = (values[~newest] for values in (asked, low, high))
        begun = passed(self.times[low], at[asked])  # and of the others, most before any of it
        asked, low, high = (values[begun] for values in (asked, low, high))
        moments = at[asked]
        while (low < high).any():  # what is sought is the first row that is not known yet
            middle = (low + high) // 2
            known = passed(self.times[middle], moments)
            low, high = np.where(known, middle + 1, low), np.where(known, high, middle)
        found[asked] = low - 1


def in_order(groups: Integers, times: Integers, *ties: npt.NDArray[np.generic]) -> Integers:
    """Return the order of rows by group, then time, then tie-breakers; rows of group -1 are left out.

    Tables mostly come in the order in which things were recorded, so rows are brought together by group
    as they come, and only the groups that this leaves out of order are sorted by time.

    >>> in_order(np.array([1, 0, 1, -1]), np.array([5, 9, 4, 0])).tolist()
    [1, 2, 0]
    """
    order = _together(groups)
    group, time = groups[order], times[order]
    astray = (group[1:] == group[:-1]) & (time[1:] <= time[:-1] if ties else time[1:] < time[:-1])
    if astray.any():
        rows = whole_groups(group, np.flatnonzero(astray) + 1)
        wrong = order[rows]
        keys = [tie[wrong] for tie in reversed(ties)]
        order[rows] = wrong[np.lexsort([*keys, times[wrong], groups[wrong]])]
    return order


def _together(groups: Integers) -> Integers:
    """Return the rows by group, those of one group as they come."""
    rows = np.flatnonzero(groups >= 0)
    bits = len(groups).bit_length()
    if int(groups.max(initial=0)).bit_length() + bits >= 64:
        return rows[np.argsort(groups[rows], kind="stable")]
    packed = (groups[rows].astype(np.int64) << bits) | rows  # plain numbers sort five times as fast
    packed.sort()
    return packed & ((1 << bits) - 1)


def starts_of(groups: Integers, count: int) -> Integers:
    """Return where each of the groups 0 to count - 1 starts in sorted groups, and where the last one stops.

    >>> starts_of(np.array([0, 0, 2]), 4).tolist()
    [0, 2, 2, 3, 3]
    """
    heads = np.flatnonzero(np.append(True, groups[1:] != groups[:-1])[: len(groups)])
    gaps = np.diff(groups[heads], prepend=-1, append=count)
    return np.repeat(np.append(heads, len(groups)), gaps)


def whole_groups(groups: Integers, rows: Integers) -> Integers:
    """Return the rows of every group, in sorted groups, of which at least one row is given.

    >>> whole_groups(np.array([1, 1, 4, 4, 4, 7]), np.array([3])).tolist()
    [2, 3, 4]
    """
    wanted = np.unique(groups[rows])
    first = np.searchsorted(groups, wanted)
    return ranges(first, np.searchsorted(groups, wanted, side="right") - first)


def ranges(first: Integers, many: Integers) -> Integers:
    """Return the integers from each `first` on, `many` of them, one range after another.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = np.cumsum(many) - many
    return np.repeat(first - before, many) + np.arange(many.sum())


def picked(values: npt.NDArray[np.generic], places: Integers) -> Floats:
    """Return `values` at the places as floats, and NaN where the place is -1."""
    if not len(values):
        return np.full(len(places), np.nan)
    found = values[places].astype(np.float64, copy=False)  # -1 takes the last value, and drops it again
    found[places < 0] = np.nan
    return found
