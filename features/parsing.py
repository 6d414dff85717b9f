"""Turning columns as they come (text, numbers, timestamps) into the contract's types."""

import difflib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from features.columns import Column
from features.faults import Faults
from features.hospital import Facts

ZONE_SUFFIX = r"[T ][0-9]{2}[0-9:.]* ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"  # PostgreSQL writes +00
EMPTY_TEXTS = ("", "nan", "NaN", "NaT", "None", "<NA>")
FEW = 50  # rows that are sooner looked at than given to Arrow
TRIMMED = re.compile(r"(?!(?:nan|NaN|NaT|None|<NA>)\Z)[!-~](?:[ -~]*[!-~])?", re.ASCII).fullmatch
TEXT = pd.StringDtype(na_value=np.nan)  # what "str" names, without reading the name for each column
Floats = npt.NDArray[np.float64]
Texts = pd.api.extensions.ExtensionArray
ColumnArray = Floats | pd.api.extensions.ExtensionArray


def parsed(
    table: pd.DataFrame, columns: Sequence[Column], facts: Facts, faults: Faults
) -> dict[str, ColumnArray]:
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
    typed: dict[str, ColumnArray] = {}
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
    return typed


def _typed(values: pd.Series, column: Column, facts: Facts, faults: Faults) -> ColumnArray:
    if values.dtype == object and values.isna().all():
        return _absent(column, values.index, facts)
    if column.kind == "instant":
        return _instants(values, column, facts, faults)
    if column.kind in ("integer", "number"):
        return _numbers(values, column, faults)
    return _texts(values)


def _absent(column: Column, index: pd.Index, facts: Facts) -> ColumnArray:
    if column.kind == "instant":
        return pd.array([pd.NaT], dtype=pd.DatetimeTZDtype("us", facts.time_zone)).repeat(len(index))
    missing = np.full(len(index), np.nan)
    return missing if column.kind in ("integer", "number") else pd.array(missing, dtype=TEXT)


def _texts(values: pd.Series) -> Texts:
    given = values.array if isinstance(values.dtype, pd.StringDtype) else values.astype(TEXT).array
    texts = pa.array(given)
    if len(texts) <= FEW and all(text is None or TRIMMED(text) for text in texts.to_pylist()):
        return given
    texts = pyarrow.compute.utf8_trim_whitespace(texts)
    empty = pyarrow.compute.is_in(texts, value_set=pa.array(EMPTY_TEXTS, type=texts.type))
    if pyarrow.compute.any(empty).as_py():
        texts = pyarrow.compute.if_else(empty, None, texts)
    return as_text(texts)


def as_text(texts: pa.Array | pa.ChunkedArray) -> Texts:
    """Return Arrow's texts as a column of `str`."""
    return pd.arrays.ArrowStringArray(texts, dtype=TEXT)  # type: ignore[call-arg]  # the stubs lag


def _instants(values: pd.Series, column: Column, facts: Facts, faults: Faults) -> ColumnArray:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return pd.DatetimeIndex(values).tz_convert(facts.time_zone).as_unit("us").array
    texts = _texts(values)
    given = ~texts.isna()
    if not given.any():
        return _absent(column, values.index, facts)
    if (quick := _usual_instants(texts)) is not None:
        return quick.tz_convert(facts.time_zone).array
    instants = pd.DatetimeIndex(pd.to_datetime(texts, utc=True, errors="coerce", format="ISO8601"))
    unreadable = given & instants.isna()
    naive = given & ~unreadable & ~_has_zone(texts)
    if unreadable.any() or naive.any():
        said = pd.Series(texts, values.index)
        faults.rows(said.index[unreadable], f"{column.name} must be ISO 8601 such as {column.example}", said)
        faults.rows(said.index[naive], f"{column.name} must carry a time zone, such as {column.example}", said)
    return instants.tz_convert(facts.time_zone).as_unit("us").array


def _usual_instants(texts: Texts) -> pd.DatetimeIndex | None:
    """Return instants that are all written in the usual way, with a zone; None if one is not.

    Arrow reads them in a thirtieth of the time of pandas, and nothing that pandas would not read alike.
    """
    try:
        read = pyarrow.compute.cast(pa.array(texts), pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return None
    return pd.DatetimeIndex(np.asarray(read.cast(pa.timestamp("us")), "datetime64[us]"), tz="UTC")


def _has_zone(texts: Texts) -> npt.NDArray[np.bool_]:
    found = pyarrow.compute.match_substring_regex(pa.array(texts), ZONE_SUFFIX)
    return np.asarray(found.fill_null(False), bool)


def _numbers(values: pd.Series, column: Column, faults: Faults) -> Floats:
    if values.dtype == np.float64:  # has no text that could be no number
        return values.to_numpy()
    numbers = np.asarray(pd.to_numeric(values, errors="coerce").astype("float64"), np.float64)
    missing = np.isnan(numbers)
    if missing.any():  # few, or all of a column that is quick to read
        empty = values[missing]
        faults.rows(empty.index[~_texts(empty).isna()], f"{column.name} must be a number", values)
    return numbers
