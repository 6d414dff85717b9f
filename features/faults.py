"""Collecting what is wrong with a table, so that all of it is told at once."""

import pandas as pd

from features.errors import Fault

ROWS_NAMED = 5


class Faults:
    """The faults of one table, each a sentence that names its rows by the frame's index labels.

    >>> faults = Faults("admissions")
    >>> ages = pd.Series([44, 210], index=[2, 3])
    >>> faults.rows(ages.index[ages > 120], "age must be 0 to 120", ages)
    >>> faults.found
    ['admissions row 3: age must be 0 to 120, found 210']
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self.found: list[str] = []
        self.broken: set[str] = set()  # columns that could not be read, so that nobody judges their values

    def rows(self, labels: pd.Index, must: str, values: pd.Series | None = None) -> None:
        """Note the rows at these labels, if there are any; `must` says what must hold."""
        if len(labels) == 0:
            return
        named = ", ".join(str(label) for label in labels[:ROWS_NAMED])
        more = f" and {len(labels) - ROWS_NAMED:,} more" if len(labels) > ROWS_NAMED else ""
        seen = (
            "" if values is None else ", found " + ", ".join(map(_said, values[labels].unique()[:ROWS_NAMED]))
        )
        self.found.append(Fault(f"{self.table} row{'s' * (len(labels) > 1)} {named}{more}: {must}", seen))

    def column(self, text: str) -> None:
        """Note something that concerns a whole column."""
        self.found.append(f"{self.table}: {text}")


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
