"""A trust's own extract: the contract itself, as `features/CONTRACT.md` describes it."""

import gzip
import json
import re
import tomllib
from collections.abc import Mapping
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
from features.sources.files import (
    csv_table,
    given_folder,
    needed_one_of,
    one_of,
    parquet_table,
    together,
    with_rows,
)
from features.tables import Dates, Hospital, check

NAMES = ("{}.csv", "{}.csv.gz", "{}.parquet", "{}")  # the last two may be folders of Parquet parts
ABOUT = "source.toml"


def read(path: Path | None) -> Hospital:
    """Return the hospital of an extract: `admissions` and perhaps `events` in a folder, checked.

    Each table is a `.csv`, `.csv.gz` or `.parquet` file or a folder of Parquet parts.  CSV is UTF-8 text
    with commas, read without guessing: a code `01` stays `01`.  Faults name a row of a CSV file as a
    spreadsheet numbers it (the header is row 1), a row of Parquet counted from 1 through all parts.  A
    `hospital.toml` in the folder overrides the shipped facts, a `source.toml` says what its dates mean.
    Raises DataFault with everything that is wrong.
    """
    folder = given_folder(path, "extract", "admissions.csv, .csv.gz or .parquet")
    facts = facts_beside(folder)
    dates = _dates(folder / ABOUT)
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
    it replaces one that this function wrote.  Raises DataFault for any other folder that holds something.
    """
    texts = {"hospital.toml": _facts_toml(hospital.facts), **(beside or {})}
    texts = {name: text for name, text in texts.items() if text}
    tables = {f"{name}{ending}": getattr(hospital, name) for name in ("admissions", "events")}
    texts[ABOUT] = f"dates = {_toml(hospital.dates)}\nfiles = {_toml((*tables, *texts))}\n"
    _refuse_to_lose(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".extract-") as scratch:
        new, old = Path(scratch) / "new", Path(scratch) / "old"
        new.mkdir()
        for name, table in tables.items():
            _write_table(table, new / name)
        for name, text in texts.items():
            (new / name).write_text(text, "utf-8")
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise


def _names(table: str) -> list[str]:
    return [name.format(table) for name in NAMES]


def _table(file: Path) -> pd.DataFrame:
    return parquet_table(file) if file.is_dir() or file.suffix == ".parquet" else csv_table(file)


def _dates(about: Path) -> Dates:
    """Return the `dates` of a `source.toml`, which an extract of ordinary dates need not have."""
    if not about.is_file():
        return "comparable"
    try:
        content = tomllib.loads(about.read_text("utf-8"))
    except ValueError as error:
        raise DataFault(ABOUT, [f"must be TOML in UTF-8: {error}"]) from error
    for dates in get_args(Dates):
        if content.get("dates", "comparable") == dates:
            return dates
    raise DataFault(ABOUT, [f"dates must be one of {', '.join(get_args(Dates))}, found {content['dates']!r}"])


def _refuse_to_lose(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise DataFault(str(folder), ["must be a folder to write an extract to, found a file"])
    held = {entry.name for entry in folder.iterdir()}
    about = folder / ABOUT
    ours = {ABOUT, *tomllib.loads(about.read_text("utf-8")).get("files", ())} if about.is_file() else set()
    if not held <= ours:
        first = sorted(held - ours)[0]
        raise DataFault(str(folder), [f"must be empty or an extract that Homeward wrote, found {first} in it"])


def _write_table(table: pd.DataFrame, file: Path) -> None:
    whole = [column.name for column in ADMISSION_COLUMNS if column.kind == "integer" and column.name in table]
    table = table.assign(**{name: table[name].astype("Int64") for name in whole})
    columns = {str(name): _arrow(values) for name, values in table.items()}
    if file.suffix == ".parquet":
        pyarrow.parquet.write_table(pa.table(columns), file)
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
