"""The rules of the contract's columns: asked quickly of every table, told row by row where one is broken."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.columns import Column
from features.faults import Faults
from features.hospital import Facts
from features.parsing import ColumnArray, parsed


def validated(table: pd.DataFrame, columns: Sequence[Column], facts: Facts, faults: Faults) -> pd.DataFrame:
    """Return a table in the contract's types, and note every row that cannot be read or breaks a rule."""
    typed = parsed(table, columns, facts, faults)
    framed = pd.DataFrame(typed, index=table.index, copy=False)
    readable = [column for column in columns if column.name not in faults.broken]
    if all(kept(typed[column.name], column, facts) for column in readable):
        return framed
    # Here, because pandera takes longer to import than fifty good requests take to be checked.
    from features.schema import note_broken

    note_broken(framed, readable, facts, faults)
    return framed


def kept(values: ColumnArray, column: Column, facts: Facts) -> bool:
    """Tell whether all values of a parsed column keep its rules; which do not, pandera tells."""
    if isinstance(values.dtype, pd.StringDtype):
        return _texts_kept(pa.array(values), column, facts)
    missing = np.asarray(pd.isna(values))
    if missing.any():
        if not column.may_be_empty:
            return False
        values = values[~missing]
    return column.kind == "instant" or _numbers_kept(np.asarray(values, np.float64), column)


def _texts_kept(texts: pa.ChunkedArray, column: Column, facts: Facts) -> bool:
    if texts.null_count and not column.may_be_empty:
        return False
    if column.unique:
        return len(texts.unique()) == len(texts)
    known = facts.codes(column.name) if column.kind == "code" else None
    return known is None or all(known.holds(code) for code in texts.unique().to_pylist() if code is not None)


def _numbers_kept(numbers: npt.NDArray[np.float64], column: Column) -> bool:
    within = np.isfinite(numbers) & (numbers >= column.low) & (numbers <= column.high)
    return bool(within.all()) and (column.kind != "integer" or not (numbers % 1).any())
