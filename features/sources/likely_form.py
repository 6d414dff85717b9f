"""How somebody's file is likely written: its encoding, its separator, and the format of its dates."""

import codecs
import gzip
from dataclasses import replace
from pathlib import Path

import pandas as pd

from features.errors import DataFault
from features.sources.mapped_file import Start, start
from features.sources.mapping import ISO, SEPARATORS, TheirFile

LOOKED_AT = 4_000_000  # bytes
DAYS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y", "%d/%m/%y", "%Y%m%d", "%m/%d/%Y")
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S")
FORMATS = tuple(day + time for day in DAYS for time in TIMES)
EMPTY = ("NULL", "null", "(null)", "N/A", "#N/A", "\\N")  # that databases and spreadsheets write for nothing
A_TIME = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"


def likely_form(file: Path, name: str, path: str) -> tuple[TheirFile, Start]:
    """Return how a file is likely written, and its beginning read so; raises DataFault where it cannot be."""
    about = TheirFile(name, path)
    if file.suffix != ".parquet":
        encoding, first = _encoding(file)
        separator = max(SEPARATORS, key=first.count)
        about = replace(about, separator=separator, encoding=encoding)
    begun = start(file, about)
    empty = tuple(text for text in EMPTY if (begun.rows == text).any(axis=None))
    about, begun = replace(about, empty=empty), replace(begun, rows=begun.rows.replace([*empty], ""))
    formats = [form for column in begun.names if (form := likely_dates(begun.column(column)))]
    return replace(about, dates=max(formats, key=formats.count, default=ISO)), begun


def likely_dates(values: pd.Series) -> str | None:
    """Return the format in which all of these values are dates, or None; a doubtful one is day first.

    >>> likely_dates(pd.Series(["03/04/2026 10:15", "28/04/2026 09:00"]))
    '%d/%m/%Y %H:%M'
    >>> likely_dates(pd.Series(["34", "81"])) is None
    True
    """
    sample = values.drop_duplicates().head(500)
    if sample.empty or not sample.str.contains("[0-9]{2}").all():
        return None
    if sample.str.match("[0-9]{4}-[0-9]{2}-[0-9]{2}").all():
        return ISO
    for form in FORMATS:
        if pd.to_datetime(sample, format=form, errors="coerce").between("1900", "2200").all():
            return form
    return None


def is_a_time(values: pd.Series) -> bool:
    """Tell whether these values are all times of day."""
    return bool(len(values)) and bool(values.head(500).str.fullmatch(A_TIME).all())


def _encoding(file: Path) -> tuple[str, str]:
    """Return the encoding of a file, and its first line."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            content = stream.read(LOOKED_AT)
    except (OSError, EOFError) as error:
        raise DataFault(file.name, [f"cannot be read: {error}"]) from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", content.decode("utf-16", "replace").split("\n", 1)[0]
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return "cp1252", content.decode("cp1252", "replace").split("\n", 1)[0]
    return "utf-8", text.split("\n", 1)[0]
