"""Opening the files that people give us: whatever is wrong with one is a sentence, never a traceback."""

import difflib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from features.errors import DataFault
from features.faults import Faults

COMMAS, UTF_8 = ",", "utf-8"
FIRST_CSV_ROW = 2  # the header is row 1, as in a spreadsheet
WHOLE_NUMBERS = {getattr(pa, f"int{bits}")(): f"Int{bits}" for bits in (8, 16, 32, 64)}
KNOWN_TROUBLES = {  # what pyarrow says, and what to say instead
    "invalid UTF8": "must be UTF-8 text; from a spreadsheet, save it as 'CSV UTF-8'",
    "codec can't decode": "must be UTF-8 text; from a spreadsheet, save it as 'CSV UTF-8'",
    "Empty CSV": "is empty: it must hold a header and rows",
    "Truncated compressed stream": "is cut short: its gzip data end too early",
    "zlib inflate failed": "is not gzip, or is damaged",
    "straddles two block": "holds a line longer than a million characters; is a quotation mark left open?",
    "Parquet": "is not a Parquet file, or is cut short",
}
NO_TEXT = {  # the bytes that such a file begins with, and what to say of it
    b"\x1f\x8b": "must be UTF-8 text, found gzip; let its name end in .csv.gz",
    b"PK\x03\x04": "must be UTF-8 text, found a workbook or a ZIP; save each sheet as 'CSV UTF-8'",
    b"PAR1": "must be UTF-8 text, found Parquet; let its name end in .parquet",
}


def given_folder(path: Path | None, source: str, holds: str) -> Path:
    """Return the folder that a source reads; raise DataFault where none was given or there is none."""
    if path is None:
        raise DataFault(f"source {source}", [f"needs a path, the folder that holds {holds}"])
    if not path.exists():
        raise DataFault(str(path), [f"there is no such folder; it must hold {holds}"])
    if not path.is_dir():
        raise DataFault(str(path), [f"must be the folder that holds {holds}, found a file"])
    if not os.access(path, os.R_OK | os.X_OK):
        raise DataFault(str(path), ["cannot be read: permission denied"])
    return path


def can_write_to(folder: Path) -> None:
    """Raise DataFault unless a folder is there or can be made, in a place that may be written to."""
    nearest = next(place for place in folder.absolute().parents if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise DataFault(str(nearest), ["must be a folder that may be written to"])
    if folder.exists() and not folder.is_dir():
        raise DataFault(str(folder), ["must be a folder to write to, found a file"])


def one_of(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the one of these names that the folder holds, or None; raise DataFault if it holds several."""
    found = [folder / name for name in names if (folder / name).exists()]
    if len(found) > 1:
        several = ", ".join(file.name for file in found)
        raise DataFault(str(folder), [f"must hold one of {several}, found {len(found)} of them"])
    return found[0] if found else None


def needed_one_of(folder: Path, names: Sequence[str]) -> Path:
    """Return the one of these names that the folder holds; raise DataFault unless there is exactly one."""
    found = one_of(folder, names)
    if found is None:
        near = difflib.get_close_matches(names[0], [entry.name for entry in folder.iterdir()], 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise DataFault(str(folder), [f"must hold {', '.join(names[:-1])} or {names[-1]}{hint}"])
    return found


def together(where: Path, reads: Mapping[str, Callable[[], pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Return what each read returns; raise one DataFault with the faults of all that fail."""
    tables, faults = {}, []
    for name, read in reads.items():
        try:
            tables[name] = read()
        except DataFault as fault:
            prefix = "" if fault.where == str(where) else f"{Path(fault.where).name} "
            faults += [prefix + sentence for sentence in fault.faults]
    if faults:
        raise DataFault(str(where), faults)
    return tables


def with_rows(table: pd.DataFrame, where: Path) -> pd.DataFrame:
    """Return the table of all stays; raise DataFault if it has none."""
    if table.empty:
        raise DataFault(str(where), ["must hold at least one row, found only its header"])
    return table


@dataclass(frozen=True)
class CsvForm:
    """How a CSV file is written, where not as ours are; `names` are its columns, without asking its header."""

    separator: str = COMMAS
    encoding: str = UTF_8
    names: tuple[str, ...] = ()


def csv_table(
    file: Path,
    columns: Sequence[str] | None = None,
    rows: Mapping[str, Sequence[str]] | None = None,
    form: CsvForm = CsvForm(),  # frozen
) -> pd.DataFrame:
    """Return a CSV file (also gzip; UTF-8 and commas unless `form` says else) as text, an empty field as "".

    The index is the row's number in the file, the header being row 1; blank lines are passed over.  With
    `columns` only these are read; with `rows`, only rows whose column holds one of the values, and the index
    means nothing.  Raises DataFault with every missing column, or every row of the wrong length.
    """
    ragged: list[Any] = []

    def skipped(row: Any) -> str:
        ragged.append(row)
        return "skip"

    with as_sentences(file, form.encoding):
        names = list(form.names) or _header(file)
        _need(file, names, columns or [])
        with pyarrow.csv.open_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows=1, encoding=form.encoding
            ),
            parse_options=_parse_options(skipped, form.separator),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                include_columns=columns,
            ),
        ) as reader:
            batches = [_picked(batch, rows or {}) for batch in reader]
            table = pa.Table.from_batches(batches, reader.schema)
    if ragged:
        found = pd.Series([row.actual_columns for row in ragged], index=[row.number for row in ragged])
        must = f"a line must have {len(names)} values, as many as the first line"
        raise _row_faults(file, found.index, must, found)
    frame = table.to_pandas().set_axis(pd.RangeIndex(FIRST_CSV_ROW, table.num_rows + FIRST_CSV_ROW))
    return frame if rows else _without_blank(frame, table, file)


def parquet_table(file: Path) -> pd.DataFrame:
    """Return a Parquet file, or all the parts of a folder in the order of their names, as one table.

    The index is the row's number, counted from 1 through all parts.  An index that pandas stored is a
    column like any other; whole numbers with gaps stay whole.
    """
    parts = sorted(file.glob("*.parquet")) if file.is_dir() else [file]
    if not parts:
        raise DataFault(str(file), ["must hold parts that end in .parquet, found none"])
    tables = []
    for part in parts:
        with as_sentences(part):
            tables.append(pyarrow.parquet.read_table(part, partitioning=None))
    names = tables[0].column_names
    if unlike := [part.name for part, table in zip(parts, tables, strict=True) if table.column_names != names]:
        raise DataFault(str(file), [f"all parts must have the columns of the first, not so in {unlike[0]}"])
    frames = [table.to_pandas(ignore_metadata=True, types_mapper=_pandas_type) for table in tables]
    frame = pd.concat(frames, ignore_index=True)
    unnamed = [name for name in names if name.startswith("__index_level_")]
    plain = {name: frame[name].astype("str") for name in frame if frame[name].dtype == "category"}
    return frame.assign(**plain).drop(columns=unnamed).set_axis(pd.RangeIndex(1, len(frame) + 1))


@contextmanager
def as_sentences(file: Path, encoding: str = UTF_8) -> Iterator[None]:
    """Raise what goes wrong with a file as a DataFault of one sentence."""
    try:
        yield
    except (pa.ArrowException, UnicodeError, OSError) as error:
        said = str(error)
        meant = [sentence for text, sentence in KNOWN_TROUBLES.items() if text in said]
        if encoding != UTF_8 and isinstance(error, UnicodeError):
            meant = [f"must be text in {encoding}, as stated"]
        unknown = getattr(error, "strerror", None) or said.splitlines()[0]
        raise DataFault(str(file), [meant[0] if meant else f"cannot be read: {unknown}"]) from error


def csv_start(file: Path, form: CsvForm) -> tuple[list[str], pd.DataFrame]:
    """Return the header of a CSV file as it stands, and the rows of its first block as text."""
    names = _raw_header(file, form)
    numbered = [str(place) for place in range(len(names))]
    with pyarrow.csv.open_csv(
        file,
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, column_names=numbered, skip_rows=1, encoding=form.encoding
        ),
        parse_options=_parse_options(lambda _: "skip", form.separator),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(numbered, pa.string()), strings_can_be_null=False
        ),
    ) as reader:
        first = next(iter(reader), None)
    return names, pa.Table.from_batches([first] if first else [], reader.schema).to_pandas()


def _raw_header(file: Path, form: CsvForm = CsvForm()) -> list[str]:  # frozen
    with file.open("rb") as stream:
        start = stream.read(4)
    if file.suffix == ".csv" and (other := [said for mark, said in NO_TEXT.items() if start.startswith(mark)]):
        raise DataFault(str(file), other)
    options = pyarrow.csv.ReadOptions(use_threads=False, encoding=form.encoding)
    parse = _parse_options(lambda _: "skip", form.separator)
    with pyarrow.csv.open_csv(file, read_options=options, parse_options=parse) as reader:
        return [name.strip() for name in reader.schema.names]


def _header(file: Path) -> list[str]:
    names = _raw_header(file)
    faults = [f"column {name} must appear once" for name in sorted({n for n in names if names.count(n) > 1})]
    if "" in names:
        faults = [f"column {names.index('') + 1} must have a name in the first line"]
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        faults = [f"values must be separated by commas, found the first line {names[0][:60]!r}"]
    if faults:
        raise DataFault(str(file), faults)
    return names


def _parse_options(handler: Callable[[Any], str], separator: str = COMMAS) -> Any:
    return pyarrow.csv.ParseOptions(
        delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=handler
    )


def _need(file: Path, names: Sequence[str], columns: Sequence[str]) -> None:
    if missing := [column for column in columns if column not in names]:
        raise DataFault(str(file), [f"has no column {', '.join(missing)}"])


def _picked(batch: Any, rows: Mapping[str, Sequence[str]]) -> Any:
    for column, values in rows.items():
        batch = batch.filter(pyarrow.compute.is_in(batch[column], pa.array(values, pa.string())))
    return batch


def _row_faults(file: Path, labels: pd.Index, must: str, values: pd.Series | None = None) -> DataFault:
    faults = Faults("")
    faults.rows(labels, must, values)
    return DataFault(str(file), [sentence.strip() for sentence in faults.found])


def _without_blank(frame: pd.DataFrame, table: Any, file: Path) -> pd.DataFrame:
    broken = pd.Index([])
    for name in table.column_names:
        lines = pyarrow.compute.match_substring(table[name], "\n")
        broken = broken.union(frame.index[lines.to_numpy()]) if pyarrow.compute.any(lines).as_py() else broken
    if len(broken):
        must = "a value must not hold a line break; is a quotation mark left open?"
        raise _row_faults(file, broken, must)
    empty_first = frame.index[frame.iloc[:, 0] == ""]
    blank = empty_first[(frame.loc[empty_first] == "").all(axis=1)]
    return frame.drop(index=blank)


def _pandas_type(arrow: Any) -> Any:
    name = WHOLE_NUMBERS.get(arrow)
    return pd.api.types.pandas_dtype(name) if name else None
