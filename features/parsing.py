"""Turning columns as they come (text, numbers, timestamps) into the contract's types."""

import difflib
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.columns import Column
from features.faults import Faults
from features.hospital import Facts

ZONE_SUFFIX = r"[T ][0-9]{2}[0-9:.]* ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"  # PostgreSQL writes +00
ZONE = re.compile(ZONE_SUFFIX)
EMPTY_TEXTS = ("", "nan", "NaN", "NaT", "None", "<NA>")
FEW = 1_000  # rows up to which Python is quicker than pandas, whose every call has a price whatever the length


def parsed(table: pd.DataFrame, columns: Sequence[Column], facts: Facts, faults: Faults) -> pd.DataFrame:
    """Return the contract's columns of a table in the contract's types, in the contract's order.

    Instants are in the hospital's time zone with microseconds, numbers float64, everything else `str`.
    Columns that are not in the contract, missing, or hold what cannot be read are noted in `faults`;
    optional columns that are absent come out empty.
    """
    names = [column.name for column in columns]
    for stranger in [str(name) for name in table.columns if name not in names]:
        near = difflib.get_close_matches(stranger, names, 1)
        hint = f"did you mean {near[0]}?" if near else "facts of your own belong in events"
        faults.column(f"column {stranger} is not in the contract; {hint}")
    typed = {}
    for column in columns:
        before = len(faults.found)
        if column.name in table:
            typed[column.name] = _typed(table[column.name], column, facts, faults)
        else:
            typed[column.name] = _absent(column, table.index, facts)
            if column.required:
                faults.column(f"column {column.name} is missing")
        if len(faults.found) > before:
            faults.broken.add(column.name)
    return pd.DataFrame(typed, index=table.index)


def _typed(values: pd.Series, column: Column, facts: Facts, faults: Faults) -> pd.Series:
    if values.isna().all():
        return _absent(column, values.index, facts)
    if column.kind == "instant":
        return _instants(values, column, facts, faults)
    if column.kind in ("integer", "number"):
        return _numbers(values, column, faults)
    return _texts(values)


def _absent(column: Column, index: pd.Index, facts: Facts) -> pd.Series:
    if column.kind == "instant":
        return pd.Series(pd.NaT, index=index).dt.tz_localize(facts.time_zone).dt.as_unit("us")
    return pd.Series(np.nan, index=index, dtype="float64" if column.kind in ("integer", "number") else "str")


def _texts(values: pd.Series) -> pd.Series:
    if len(values) <= FEW and values.dtype in (object, "str"):
        return pd.Series([_text(value) for value in values], values.index, dtype="str", name=values.name)
    texts = values.astype("str").str.strip()
    return texts.mask(texts.isin(EMPTY_TEXTS))


def _text(value: object) -> str | None:
    text = str(value).strip()
    return None if value is None or text in EMPTY_TEXTS else text


def _instants(values: pd.Series, column: Column, facts: Facts, faults: Faults) -> pd.Series:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert(facts.time_zone).dt.as_unit("us")
    texts = _texts(values)
    instants = pd.to_datetime(texts, utc=True, errors="coerce", format="ISO8601")
    unreadable = texts.notna() & instants.isna()
    faults.rows(texts.index[unreadable], f"{column.name} must be ISO 8601 such as {column.example}", texts)
    naive = texts.notna() & ~unreadable & ~_zoned(texts)
    faults.rows(texts.index[naive], f"{column.name} must carry a time zone, such as {column.example}", texts)
    return instants.dt.tz_convert(facts.time_zone).dt.as_unit("us")


def _zoned(texts: pd.Series) -> pd.Series:
    if len(texts) <= FEW:
        return pd.Series(
            [bool(ZONE.search(text)) for text in texts.fillna("").to_list()], texts.index, dtype=bool
        )
    return texts.str.contains(ZONE_SUFFIX, na=False)


def _numbers(values: pd.Series, column: Column, faults: Faults) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    empty = values[numbers.isna()]  # few, or all of a column that is quick to read
    unreadable = empty.index[_texts(empty).notna()]
    faults.rows(unreadable, f"{column.name} must be a number", values)
    return numbers
