"""Collecting what is wrong with a table, so that all of it is told at once."""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt
import pandas as pd

from features.errors import Fault

ROWS_NAMED = 5
LONGEST_VALUE = 40  # characters of a value that a sentence repeats


class Faults:
    """The faults of one table, each a sentence that names its rows by the frame's index labels.

    `named` says how a label is told, where a row's number alone does not find it.

    >>> faults = Faults("admissions")
    >>> ages = pd.Series([44, 210], index=[2, 3])
    >>> faults.rows(ages.index[ages > 120], "age must be 0 to 120", ages)
    >>> faults.found
    ['admissions row 3: age must be 0 to 120, found 210']
    """

    def __init__(self, table: str, named: Callable[[Any], str] = str) -> None:
        self.table = table
        self.named = named
        self.found: list[str] = []
        self.broken: set[str] = set()  # columns that could not be read, so that nobody judges their values

    def rows(self, labels: pd.Index, must: str, values: pd.Series | None = None) -> None:
        """Note the rows at these labels, if there are any; `must` says what must hold."""
        if len(labels) == 0:
            return
        named = ", ".join(self.named(label) for label in labels[:ROWS_NAMED])
        more = f" and {len(labels) - ROWS_NAMED:,} more" if len(labels) > ROWS_NAMED else ""
        seen = (
            "" if values is None else ", found " + ", ".join(map(_said, values[labels].unique()[:ROWS_NAMED]))
        )
        self.found.append(Fault(f"{self.table} row{'s' * (len(labels) > 1)} {named}{more}: {must}", seen))

    def where(self, odd: npt.NDArray[Any], table: pd.DataFrame, must: str, column: str | None = None) -> None:
        """Note the rows that a mask marks, or that stand at these places; `column` is what they hold."""
        if odd.any() if odd.dtype == bool else len(odd):
            self.rows(table.index[odd], must, None if column is None else table[column])

    def column(self, text: str) -> None:
        """Note something that concerns a whole column."""
        self.found.append(f"{self.table}: {text}")


def shown(text: str) -> str:
    """Return a text that others wrote as a sentence may repeat it: short, of characters that print.

    >>> shown("Ward\\x1b[31m 7")
    'Ward?[31m 7'
    """
    text = "".join(letter if letter.isprintable() else "?" for letter in text[: LONGEST_VALUE + 1])
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def _said(value: object) -> str:
    return shown(f"{value:g}" if isinstance(value, float) else str(value))
