"""The rows of `admissions` out of a hospital's own files: one file has the rows, others add columns."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pandas as pd

from features.sources.mapped_code import known_texts, ours
from features.sources.mapped_file import Opened
from features.sources.mapped_instant import instants
from features.sources.mapping import STAY_INSTANTS, ExtractMapping, Part


def stay_rows(mapping: ExtractMapping, files: Mapping[str, Opened]) -> pd.DataFrame:
    """Return the columns of admissions that the mapping gives, a row for each of the first part's file.

    A column that could not be read comes out as far as it could; that it is broken, and why, is in the
    `faults` of its file.
    """
    first, *others = mapping.admissions
    stays = pd.DataFrame(columns_of(first, files[first.file], mapping))
    for part in others:
        more = pd.DataFrame(columns_of(part, files[part.file], mapping))
        stays = stays.join(_by(part, more, stays, files[part.file]))
    for part in mapping.admissions:
        for name, spec in part.instants.items():
            if spec.after:
                stays[name] = stays[spec.after] + spec.delay if spec.after in stays else pd.NaT
    return stays


def columns_of(part: Part, rows: Opened, mapping: ExtractMapping) -> dict[str, pd.Series]:
    """Return our columns of one part on the index of its rows; instants told from others are left to later."""
    made: dict[str, pd.Series] = {}
    for name, (theirs,) in part.columns.items():
        with noting(rows, name):
            made[name] = ours(known_texts(rows, theirs), part.codes.get(name), name, rows)
    for name, spec in part.instants.items():
        if not spec.after:
            with noting(rows, name):
                made[name] = instants(rows, spec, name, {}, mapping)
    for name, value in part.constants.items():
        made[name] = pd.Series(value or np.nan, rows.table.index, dtype="str")
    return made


@contextmanager
def noting(rows: Opened, name: str) -> Iterator[None]:
    """Mark a column as broken where making it notes a fault, so that nobody judges its values."""
    before = len(rows.faults.found)
    yield
    if len(rows.faults.found) > before:
        rows.faults.broken.add(name)


def _by(part: Part, more: pd.DataFrame, stays: pd.DataFrame, rows: Opened) -> pd.DataFrame:
    """Return further columns of stays, looked up by one that both have."""
    if part.by not in stays:
        rows.faults.column(f"{part.by} must be a column of the first part of admissions too")
        return pd.DataFrame(index=stays.index)
    keys = more[part.by]
    twice = keys.duplicated(keep=False) & keys.notna()
    rows.faults.rows(more.index[twice], f"{part.by} must be in one row only: which one is meant?")
    strangers = int((~keys.isin(stays[part.by])).sum())
    if strangers:
        rows.oddities.column(f"{strangers:,} of {len(more):,} rows are of no {part.by} of admissions")
    lacking = int((~stays[part.by].isin(keys)).sum())
    if lacking:
        rows.oddities.column(f"{lacking:,} of {len(stays):,} stays have no row by {part.by}")
    found = more[keys.notna() & ~twice].set_index(part.by).reindex(stays[part.by])
    return found.set_index(stays.index).drop(columns=[name for name in found if name in stays])


def stay_instants(ids: pd.Series, stays: pd.DataFrame) -> dict[str, pd.Series]:
    """Return when the stay of each id began and ended, for facts that are told from that."""
    if "admission_id" not in stays:
        return {}
    one = stays.drop_duplicates("admission_id").set_index("admission_id")
    empty = pd.Series(pd.NaT, one.index, dtype="datetime64[us, UTC]")
    return {name: ids.map(one.get(name, empty)).astype("datetime64[us, UTC]") for name in STAY_INSTANTS}
