"""Rows in order of group and time, whatever order they come in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.timeline import Timeline, in_order

rows = st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 5), st.integers(0, 3)), max_size=30)


@given(rows=rows, scale=st.sampled_from([1, 2**58]))
def test_rows_come_by_group_then_time_then_tie(rows: list[tuple[int, int, int]], scale: int) -> None:
    groups, times, ties = (np.array([row[column] for row in rows], np.int64) for column in range(3))
    groups = np.where(groups < 0, -1, groups * scale)  # too large to share 64 bits with a row number
    expected = sorted(range(len(rows)), key=lambda row: (groups[row], times[row], ties[row], row))
    expected = [row for row in expected if groups[row] >= 0]
    assert in_order(groups, times, ties).tolist() == expected


@given(rows=rows, asked=st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 6)), max_size=20))
@pytest.mark.parametrize("before", [False, True])
def test_the_last_row_known_is_the_one_that_a_walk_finds(
    rows: list[tuple[int, int, int]], asked: list[tuple[int, int]], before: bool
) -> None:
    groups, times = (np.array([row[column] for row in rows], np.int64) for column in range(2))
    timeline = Timeline.of(groups, times, 5)
    wanted, at = (np.array([row[column] for row in asked], np.int64) for column in range(2))
    found = timeline.last(wanted, at, before=before)
    for place, group, moment in zip(found.tolist(), wanted.tolist(), at.tolist(), strict=True):
        own = range(timeline.starts[group], timeline.starts[group + 1]) if group >= 0 else range(0)
        known = [row for row in own if timeline.times[row] < moment + (not before)]
        assert place == (known[-1] if known else -1)
