"""Questions about many rows, some at a time."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

AT_ONCE = 500  # values of one question; SQLite takes 32,766
Row = TypeVar("Row")


def chunks(values: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield values in their order, so many at a time as one question may hold."""
    for first in range(0, len(values), AT_ONCE):
        yield values[first : first + AT_ONCE]
