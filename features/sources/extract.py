"""A trust's own extract: the contract itself, as `features/CONTRACT.md` describes it."""

import gzip
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from features.columns import ADMISSION_COLUMNS
from features.errors import DataFault
from features.hospital import EventName, Facts, facts_beside, shipped_facts
from features.sources import mapped
from features.sources.files import (
    can_write_to,
    csv_table,
    given_folder,
    needed_one_of,
    one_of,
    parquet_table,
    together,
    with_rows,
)
from features.sources.mapping import MAPPING
from features.tables import Dates, Hospital, check

NAMES = ("{}.csv", "{}.csv.gz", "{}.parquet", "{}")  # the last two may be folders of Parquet parts
TABLES = ("admissions", "events")
ABOUT = "source.toml"


def read(path: Path | None) -> Hospital:
    """Return the hospital of an extract: `admissions` and perhaps `events` in a folder, checked.

    Each table is a `.csv`, `.csv.gz` or `.parquet` file or a folder of Parquet parts.  CSV is UTF-8 text
    with commas, read without guessing: a code `01` stays `01`.  Faults name a row of a CSV file as a
    spreadsheet numbers it (the header is row 1), a row of Parquet counted from 1 through all parts.  A
    `hospital.toml` in the folder overrides the shipped facts, a `source.toml` says what its dates mean.
    A folder with an `extract.toml` is read as that maps it.  Raises DataFault with everything that is wrong.
    """
    folder = given_folder(path, "extract", "admissions.csv, .csv.gz or .parquet")
    if (folder / MAPPING).is_file():
        return mapped.read(folder, _dates(folder))
    facts = facts_beside(folder)
    dates = _dates(folder)
    reads = {"admissions": partial(_table, needed_one_of(folder, _names("admissions")))}
    events = one_of(folder, _names("events"))
    if events:
        reads["events"] = partial(_table, events)
    tables = together(folder, reads)
    return check(
        with_rows(tables["admissions"], folder / "admissions"),
        tables.get("events"),
        facts,
        source="extract",
        dates=dates,
        where=str(folder),
        notes=() if events else ["there is no events table: only the facts of admissions are used"],
    )


def write(
    hospital: Hospital,
    folder: Path,
    *,
    ending: Literal[".csv.gz", ".parquet"] = ".csv.gz",
    beside: Mapping[str, str] | None = None,
) -> None:
    """Write a hospital as an extract, which reads back with equal tables, facts and dates.

    Beside the two tables stand `source.toml` (what the dates mean, and the files written), `hospital.toml`
    where facts differ from the shipped ones, and the texts of `beside` by file name.  A source's own
    `outcomes` have no place in the contract and are not written.  The folder appears whole or not at all;
    it replaces one that this module wrote.  Raises DataFault for any other folder that holds something.
    """
    with _whole_or_not_at_all(folder) as new:
        for name in TABLES:
            _write_table(getattr(hospital, name), new / f"{name}{ending}")
        _write_texts(new, hospital.facts, hospital.dates, beside or {})


def write_parts(
    parts: Iterable[Hospital], folder: Path, *, beside: Callable[[Hospital], Mapping[str, str]] | None = None
) -> None:
    """Write a hospital that comes in parts as one extract, each part a Parquet file of each table.

    The parts share facts, dates and no admission; each is let go before the next is asked for, so that
    memory need only hold one.  `beside` makes the texts that stand beside the tables, of the first part; for
    the rest see `write`.  Raises ValueError where there is no part, or one has other facts or dates.
    """
    seen: list[tuple[Facts, Dates]] = []
    texts: Mapping[str, str] = {}
    with _whole_or_not_at_all(folder) as new:
        for part in parts:
            if beside and not seen:
                texts = beside(part)
            for name in TABLES:
                _write_table(getattr(part, name), new / name / f"part-{len(seen):03d}.parquet")
            seen.append((part.facts, part.dates))
            del part  # so that it is gone when the next one is made
        if not seen or any(about != seen[0] for about in seen):
            raise ValueError(f"a hospital must have parts of the same facts and dates, found {len(seen)} parts")
        _write_texts(new, *seen[0], texts)


def refuse_to_lose(folder: Path) -> None:
    """Raise DataFault unless a folder may be written to: there is none, it is empty, or we wrote all in it."""
    can_write_to(folder)
    if not folder.exists():
        return
    ours = {ABOUT, *_about(folder).get("files", ())}
    if strange := [name for name in _files(folder) if name not in ours]:
        must = f"must be empty or an extract that Homeward wrote, found {strange[0]} in it"
        raise DataFault(str(folder), [must])


def _names(table: str) -> list[str]:
    return [name.format(table) for name in NAMES]


def _table(file: Path) -> pd.DataFrame:
    return parquet_table(file) if file.is_dir() or file.suffix == ".parquet" else csv_table(file)


def _dates(folder: Path) -> Dates:
    """Return the `dates` of a `source.toml`, which an extract of ordinary dates need not have."""
    content = _about(folder)
    for dates in get_args(Dates):
        if content.get("dates", "comparable") == dates:
            return dates
    raise DataFault(ABOUT, [f"dates must be one of {', '.join(get_args(Dates))}, found {content['dates']!r}"])


def _about(folder: Path) -> dict[str, Any]:
    about = folder / ABOUT
    try:
        return tomllib.loads(about.read_text("utf-8")) if about.is_file() else {}
    except ValueError as error:
        raise DataFault(ABOUT, [f"must be TOML in UTF-8: {error}"]) from error


@contextmanager
def _whole_or_not_at_all(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to, and put it in the place of `folder` once all is written."""
    refuse_to_lose(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        place = TemporaryDirectory(dir=folder.parent, prefix=".extract-")
    except OSError as error:  # some file systems say so only when asked
        raise DataFault(str(folder), [f"must be where files may be written: {error.strerror}"]) from error
    with place as scratch:
        new, old = Path(scratch) / "new", Path(scratch) / "old"
        new.mkdir()
        yield new
        refuse_to_lose(folder)  # what came into it in the meantime
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise


def _files(folder: Path) -> list[str]:
    """Return the names of a folder's files, in order; in folders within, as `admissions/part-000.parquet`."""
    entries = [entry for entry in folder.rglob("*") if not entry.is_dir() or not any(entry.iterdir())]
    return sorted(entry.relative_to(folder).as_posix() for entry in entries)


def _write_texts(folder: Path, facts: Facts, dates: Dates, beside: Mapping[str, str]) -> None:
    texts = {"hospital.toml": _facts_toml(facts), **beside}
    texts = {name: text for name, text in texts.items() if text}
    texts[ABOUT] = f"dates = {_toml(dates)}\nfiles = {_toml((*_files(folder), *texts))}\n"
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")


def _write_table(table: pd.DataFrame, file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    whole = [column.name for column in ADMISSION_COLUMNS if column.kind == "integer" and column.name in table]
    table = table.assign(**{name: table[name].astype("Int64") for name in whole})
    columns = {str(name): _arrow(values) for name, values in table.items()}
    if file.suffix == ".parquet":
        pyarrow.parquet.write_table(pa.table(columns), file, compression="zstd")
        return
    texts = {name: _spelled(values) for name, values in columns.items()}
    # Without the time of writing, the same hospital gives the same bytes.
    with gzip.GzipFile(file, "wb", compresslevel=6, mtime=0) as stream:
        pyarrow.csv.write_csv(pa.table(texts), stream)


def _arrow(values: pd.Series) -> Any:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        utc = values.dt.tz_convert(None).to_numpy()
        return pa.array(utc, pa.timestamp("us", str(values.dtype.tz)), from_pandas=True)
    return pa.array(values.astype("str") if values.dtype == "category" else values, from_pandas=True)


def _spelled(values: Any) -> Any:
    """Return instants as text with their zone, without fractions if all are whole seconds."""
    if not pa.types.is_timestamp(values.type):
        return values
    seconds = values.cast(pa.timestamp("s", values.type.tz), safe=False)
    whole = seconds.cast(values.type).equals(values)
    return pyarrow.compute.strftime(seconds if whole else values, format="%Y-%m-%dT%H:%M:%S%Ez")


def _facts_toml(facts: Facts) -> str:
    """Return the `hospital.toml` that makes these facts of the shipped ones; empty if they are the same."""
    shipped = shipped_facts()
    lines = [
        f"{key} = {_toml(getattr(facts, key))}"
        for key in ("nation", "time_zone", "board_round")
        if getattr(facts, key) != getattr(shipped, key)
    ]
    for name, event in facts.events.items():
        usual = shipped.events.get(name)
        if event != usual:
            lines += ["", f"[events.{name if re.fullmatch('[A-Za-z0-9_-]+', name) else _toml(name)}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in _own(event, usual).items()]
    return "\n".join([*lines, ""]) if lines else ""


def _own(event: EventName, usual: EventName | None) -> dict[str, object]:
    keys = [field for field in fields(EventName) if field.name != "name"]
    usually = {key.name: getattr(usual, key.name) if usual else key.default for key in keys}
    return {key: getattr(event, key) for key in usually if getattr(event, key) != usually[key]}


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    return str(value)  # a number; TOML spells infinity as Python does
