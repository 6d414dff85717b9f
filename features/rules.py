"""The rules of the contract's columns: asked quickly of every table, told row by row where one is broken."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import Column
from features.faults import Faults
from features.hospital import Facts
from features.parsing import ColumnArray


def validate(table: pd.DataFrame, columns: Sequence[Column], facts: Facts, faults: Faults) -> None:
    """Note every row of a parsed table that breaks a rule of its column, in columns that could be read."""
    readable = [column for column in columns if column.name not in faults.broken]
    if all(kept(table[column.name].array, column, facts) for column in readable):
        return
    # Here, because pandera takes longer to import than fifty good requests take to be checked.
    from features.schema import note_broken

    note_broken(table, readable, facts, faults)


def kept(values: ColumnArray, column: Column, facts: Facts) -> bool:
    """Tell whether all values of a parsed column keep its rules; which do not, pandera tells."""
    missing = np.asarray(pd.isna(values))
    if missing.any():
        if not column.may_be_empty:
            return False
        values = values[~missing]
    if column.kind in ("integer", "number"):
        return _numbers_kept(np.asarray(values, np.float64), column)
    if column.unique:
        return len(pd.unique(values)) == len(values)
    known = facts.codes(column.name) if column.kind == "code" else None
    return known is None or all(map(known.holds, pd.unique(values)))


def _numbers_kept(numbers: npt.NDArray[np.float64], column: Column) -> bool:
    within = np.isfinite(numbers) & (numbers >= column.low) & (numbers <= column.high)
    return bool(within.all()) and (column.kind != "integer" or not (numbers % 1).any())
