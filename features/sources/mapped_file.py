"""Opening a hospital's own files as a mapping says they are written, and naming their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import DataFault
from features.faults import Faults, shown
from features.sources.files import CsvForm, as_sentences, csv_start, csv_table, parquet_table
from features.sources.mapping import TheirFile
from features.timeline import Integers

ENDINGS = (".csv", ".csv.gz", ".txt", ".tsv", ".parquet")
PARQUET_LOOKED_AT = 5_000  # rows of a Parquet file that odd columns are judged by
ROW_BITS = 40  # a row is told by one whole number: its file's place above these bits, its row number below


@dataclass(frozen=True)
class Start:
    """The beginning of one file: its columns, and the first rows of each as text."""

    file: Path
    names: tuple[str, ...]
    rows: pd.DataFrame

    def column(self, name: str) -> pd.Series:
        """Return the first values of a column that are not empty."""
        values = self.rows.iloc[:, self.names.index(name)].str.strip()
        return values[values != ""]


@dataclass(frozen=True)
class Opened:
    """The rows of one kind of file, of all files that its pattern finds; only columns that are mapped.

    `labels` say which file and row each row is.
    """

    about: TheirFile
    table: pd.DataFrame
    labels: Integers
    starts: tuple[Start, ...]

    def named(self, label: int) -> str:
        """Return how a person finds a row: its file, and its number as a spreadsheet counts."""
        return f"{self.starts[label >> ROW_BITS].file.name}:{label & (1 << ROW_BITS) - 1}"

    @cached_property
    def faults(self) -> Faults:
        """Where to note what is wrong with these rows; index labels are places in `labels`."""
        return Faults(self.about.name, lambda place: self.named(int(self.labels[place])))

    @cached_property
    def oddities(self) -> Faults:
        """Where to note what is odd about these rows and no fault."""
        return Faults(self.about.name, lambda place: self.named(int(self.labels[place])))

    @property
    def written_at(self) -> pd.Timestamp:
        """When the last of the files was written: nothing in them can have happened later."""
        newest = max(start.file.stat().st_mtime for start in self.starts)
        return pd.Timestamp(datetime.fromtimestamp(newest, UTC))


def opened(folder: Path, about: TheirFile, mapped: Sequence[str]) -> Opened:
    """Return the rows of a kind of file; raises DataFault with what is wrong with each of its files."""
    files = found(folder, about.path)
    if not files:
        there = ", ".join(shown(name) for name in data_files(folder)[:10]) or "no such file at all"
        raise DataFault(about.name, [f"no file is called {shown(about.path)}; the folder holds {there}"])
    starts, tables, faults = [], [], []
    for file in files:
        try:
            starts.append(start(file, about))
            tables.append(_rows(starts[-1], about, mapped))
        except DataFault as fault:
            faults += [f"{file.name} {sentence}" for sentence in fault.faults]
    if faults:
        raise DataFault(about.name, faults)
    labels = [np.asarray(table.index, np.int64) + (place << ROW_BITS) for place, table in enumerate(tables)]
    return Opened(about, pd.concat(tables, ignore_index=True), np.concatenate(labels), tuple(starts))


def found(folder: Path, path: str) -> list[Path]:
    """Return the files of a folder that a name or pattern means, in the order of their names."""
    exact = folder / path
    if exact.is_file():
        return [exact]
    return sorted(
        file for file in folder.rglob("*") if file.is_file() and fnmatchcase(_within(file, folder), path)
    )


def data_files(folder: Path) -> list[str]:
    """Return the names of a folder's files of rows, in order."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name.lower().endswith(ENDINGS))
    return sorted(_within(file, folder) for file in files)


def start(file: Path, about: TheirFile) -> Start:
    """Return the beginning of a file; a column whose name another has, or that has none, gets a name."""
    if file.suffix == ".parquet":
        rows = parquet_table(file).head(PARQUET_LOOKED_AT)
        names, rows = [str(name) for name in rows], pd.DataFrame({name: as_texts(rows[name]) for name in rows})
    else:
        with as_sentences(file, about.encoding):
            names, rows = csv_start(file, CsvForm(about.separator, about.encoding))
    return Start(file, tuple(_told_apart(names)), rows)


def as_texts(values: pd.Series) -> pd.Series:
    """Return a column as texts, empty where it is; a whole number that is stored as a fraction stays whole.

    >>> as_texts(pd.Series([300.0, None])).tolist()
    ['300', '']
    """
    if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("str").fillna("").replace({"<NA>": "", "None": ""})


def _within(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _told_apart(names: Sequence[str]) -> list[str]:
    apart: list[str] = []
    for place, name in enumerate(names, start=1):
        name = name or f"(column {place} has no name)"
        apart.append(name if name not in apart else f"{name} (again, column {place})")
    return apart


def _rows(begun: Start, about: TheirFile, mapped: Sequence[str]) -> pd.DataFrame:
    doubled = [name for name in mapped if any(other.startswith(f"{name} (again,") for other in begun.names)]
    faults = [f"has two columns {shown(name)}: rename one, or the wrong one may be read" for name in doubled]
    if len(begun.names) == 1 and any(mark in begun.names[0] for mark in ",;\t|"):
        faults.append(f"must have values separated by {about.separator!r}, found one column; see separator")
    elif missing := [name for name in mapped if name not in begun.names]:
        faults += [_missing(name, begun.names) for name in missing]
    if faults:
        raise DataFault(begun.file.name, faults)
    wanted = list(dict.fromkeys(mapped))
    if begun.file.suffix == ".parquet":
        return parquet_table(begun.file)[wanted]
    return csv_table(begun.file, wanted, form=CsvForm(about.separator, about.encoding, begun.names))


def _missing(name: str, names: Sequence[str]) -> str:
    import difflib

    alike = {other.lower(): other for other in names}
    near = difflib.get_close_matches(name.lower(), list(alike), 1)
    return f"has no column {shown(name)}" + (f"; did you mean {shown(alike[near[0]])}?" if near else "")
