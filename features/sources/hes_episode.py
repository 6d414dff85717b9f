"""The rows of HES files, consultant episodes: opened, and each value read or found to be wrong."""

import csv
import gzip
import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from features.errors import DataFault
from features.faults import Faults
from features.sources.files import csv_table, given_folder, together
from features.sources.hes_codes import BABY_AGES, CODES, NULL_DATES, NULL_NUMBERS, NULL_WORDS

HOLDS = "HES APC files that end in .csv or .csv.gz"
DIAGNOSES = tuple(f"DIAG_4_{position:02d}" for position in range(1, 21))
REQUIRED: Mapping[str, Sequence[str]] = {  # what we call a column: the names it may have, the first one wins
    "FYEAR": ("FYEAR",),
    "EPIKEY": ("EPIKEY",),
    "PSEUDO_HESID": ("PSEUDO_HESID", "TOKEN_PERSON_ID", "ENCRYPTED_HESID", "HESID"),
    "PROCODE3": ("PROCODE3", "PROCODE5", "PROCODE"),
    **{name: (name,) for name in ("ADMIDATE", "DISDATE", "EPISTART", "EPIEND")},
    **{name: (name,) for name in ("EPIORDER", "EPISTAT", "EPITYPE", "CLASSPAT", "ADMIMETH", "DISMETH")},
    **{name: (name,) for name in ("SEX", "STARTAGE")},
}
OPTIONAL = (
    *("ADMIAGE", "ADMISORC", "DISDEST", "INTMANIG", "ETHNOS", "IMD04_DECILE", "TRETSPEF", "MAINSPEF"),
    *("PROCODE5", "SITETRET", "SPELBGIN", "SPELEND", "SPELDUR", "EPIDUR", "SUBDATE", DIAGNOSES[0]),
)
DATES = ("ADMIDATE", "DISDATE", "EPISTART", "EPIEND", "SUBDATE")
SPECIALTIES = ("TRETSPEF", "MAINSPEF")
EARLIEST = pd.Timestamp("1900-01-01")
MIDNIGHT = r"[T ]00:00:00(?:\.0+)?$"  # how databases write a date
ICD_10 = "[A-Z][0-9]{2}[0-9X]?"
PROVIDER_CHARACTERS = 3  # of PROCODE5, the rest names a site
OLDEST = 120
CENTURY_BEGINS = 89  # HES began with 1989-90
ORDER_NOT_KNOWN = (98, 99)


@dataclass(frozen=True)
class Files:
    """The files that rows came from, by name, and the index label that each one's row numbers count from."""

    where: str
    names: tuple[str, ...]
    offsets: tuple[int, ...]

    def name_row(self, label: int) -> str:
        """Return how a person finds a row: its number in a spreadsheet, and among several files its file.

        >>> Files("hes", ("a.csv", "b.csv"), (0, 10)).name_row(12)
        'b.csv:2'
        """
        file = bisect_right(self.offsets, label - 1) - 1
        row = str(label - self.offsets[file])
        return f"{self.names[file]}:{row}" if len(self.names) > 1 else row


def opened(path: Path | None) -> tuple[pd.DataFrame, Files]:
    """Return the rows of all files of a folder as text, under HES's names, and where they came from.

    Column names may be in small letters.  Optional columns that a file lacks come out empty, diagnoses after
    the primary one only if some file has them.  Raises DataFault with every missing file and column.
    """
    folder = given_folder(path, "hes", HOLDS)
    files = sorted(file for file in folder.iterdir() if file.name.endswith((".csv", ".csv.gz")))
    if not files:
        raise DataFault(str(folder), [f"must hold {HOLDS}, found none"])
    tables = list(together(folder, {file.name: partial(_table, file) for file in files}).values())
    offsets = [0]
    for table in tables[:-1]:
        offsets.append(offsets[-1] + int(table.index.max() if len(table) else 0))
    rows = pd.concat([table.set_axis(table.index + by) for table, by in zip(tables, offsets, strict=True)])
    rows = rows.fillna("")  # diagnoses that only some files have
    where = str(folder if len(files) > 1 else files[0])
    if rows.empty:
        raise DataFault(where, ["must hold at least one row, found only a header"])
    return rows, Files(where, tuple(file.name for file in files), tuple(offsets))


def _table(file: Path) -> pd.DataFrame:
    header = _header(file)
    if len(header) < len(REQUIRED):
        csv_table(file)  # an empty file, another separator: it says so
    given = {name.strip().upper(): name.strip() for name in header}
    further = [name for name in DIAGNOSES[1:] if name in given]
    names = {**REQUIRED, **{name: (name,) for name in (*OPTIONAL, *further)}}
    chosen = {column: given[name] for column, known in names.items() for name in known[::-1] if name in given}
    missing = [column for column in REQUIRED if column not in chosen]
    faults = [f"has no column {', '.join(missing)}"] if missing else []
    capitals = [name.strip().upper() for name in header]
    twice = [name for name in names if capitals.count(name) > 1]
    faults += [f"column {name} must appear once" for name in twice]
    if faults:
        raise DataFault(str(file), faults)
    table = csv_table(file, list(chosen.values()))
    return table.rename(columns={name: column for column, name in chosen.items()}).reindex(
        columns=list(names), fill_value=""
    )


def _header(file: Path) -> list[str]:
    """Return the names of the first line; none where it cannot be read, which `csv_table` then explains."""
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rt", encoding="utf-8-sig", errors="replace", newline="") as lines:
            return next(csv.reader(lines), [])
    except (OSError, EOFError, zlib.error, csv.Error):
        return []


def typed(rows: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Return the rows with dates as days, ages and durations as numbers, codes as the contract's.

    HES's own words for "not known" come out missing and are no fault; whatever else cannot be read is
    noted in `faults`.  `FYEAR` comes out as the 1 April on which the file's year began; `placed` tells
    where a person and an admission date were given, `aged` where an age was.
    """
    texts = rows.apply(_given)
    columns = {
        **{name: _day(texts[name], faults) for name in DATES},
        **{name: _code(texts[name], codes, faults) for name, codes in CODES.items()},
        **{name: _age(texts[name], faults) for name in ("STARTAGE", "ADMIAGE")},
        **{name: _whole(texts[name], faults) for name in ("EPIORDER", "SPELDUR", "EPIDUR")},
        **{name: _like(texts[name], "[0-9]{3}", "a specialty of three digits", faults) for name in SPECIALTIES},
        "FYEAR": _year(texts["FYEAR"], faults),
        "PROCODE3": texts["PROCODE3"].str[:PROVIDER_CHARACTERS],
        "placed": texts["PSEUDO_HESID"].notna() & _bare(texts["ADMIDATE"]).notna(),
        "aged": _number(texts["STARTAGE"]).notna() | _number(texts["ADMIAGE"]).notna(),
    }
    columns["EPIORDER"] = columns["EPIORDER"].mask(columns["EPIORDER"].isin(ORDER_NOT_KNOWN))
    _check_keys(texts["EPIKEY"], faults)
    _check_diagnoses(texts[diagnoses(texts)], faults)
    for name in ("EPISTAT", "EPITYPE", "PROCODE3"):
        faults.rows(texts.index[texts[name].isna()], f"{name} must be given")
    return texts.assign(**columns)


def diagnoses(episodes: pd.DataFrame) -> list[str]:
    """Return the names of the diagnosis columns that the files have, the primary one first."""
    return [name for name in DIAGNOSES if name in episodes]


def _given(values: pd.Series) -> pd.Series:
    texts = values.str.strip()
    return texts.mask(texts.str.lower().isin(NULL_WORDS))


def _bare(texts: pd.Series) -> pd.Series:
    days = texts.str.replace(MIDNIGHT, "", regex=True)
    return days.mask(days.isin(NULL_DATES))


def _day(texts: pd.Series, faults: Faults) -> pd.Series:
    days = _bare(texts)
    read = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce")
    odd = days.notna() & ~(read >= EARLIEST)
    faults.rows(texts.index[odd], f"{texts.name} must be a date such as 2001-04-20, without a zone", texts)
    return read.where(~odd).dt.as_unit("s")


def _code(texts: pd.Series, codes: Mapping[str, str | None], faults: Faults) -> pd.Series:
    odd = texts.notna() & ~texts.isin(list(codes))
    faults.rows(texts.index[odd], f"{texts.name} must be a code that HES has for it", texts)
    return texts.map(codes).astype("str")


def _like(texts: pd.Series, pattern: str, must: str, faults: Faults) -> pd.Series:
    odd = texts.notna() & ~texts.str.fullmatch(pattern, na=True)
    faults.rows(texts.index[odd], f"{texts.name} must be {must}", texts)
    return texts.mask(odd)


def _number(texts: pd.Series) -> pd.Series:
    return texts.mask(texts.isin(NULL_NUMBERS))


def _whole(texts: pd.Series, faults: Faults) -> pd.Series:
    given = _number(texts)
    numbers = pd.to_numeric(given, errors="coerce").astype("float64")
    odd = given.notna() & ~((numbers >= 0) & (numbers % 1 == 0))
    faults.rows(texts.index[odd], f"{texts.name} must be a whole number", texts)
    return numbers.mask(odd)


def _age(texts: pd.Series, faults: Faults) -> pd.Series:
    """Return whole years; HES counts babies in classes of days, which all are age 0."""
    given = _number(texts)
    numbers = pd.to_numeric(given, errors="coerce").astype("float64")
    years = numbers.mask(numbers.isin(list(BABY_AGES)), 0)
    odd = given.notna() & ~((years >= 0) & (years <= OLDEST) & (years % 1 == 0))
    must = f"{texts.name} must be 0 to {OLDEST}, or {BABY_AGES[0]} to {BABY_AGES[-1]} for a baby"
    faults.rows(texts.index[odd], must, texts)
    return years.mask(odd)


def _year(texts: pd.Series, faults: Faults) -> pd.Series:
    first = pd.to_numeric(texts.str[:2], errors="coerce")
    second = pd.to_numeric(texts.str[2:], errors="coerce")
    odd = ~(texts.str.fullmatch("[0-9]{4}", na=False) & (second == (first + 1) % 100))
    faults.rows(texts.index[odd], "FYEAR must be the file's two years, such as 0102 for 2001-02", texts)
    year = (first + 1900 + 100 * (first < CENTURY_BEGINS)).mask(odd)
    return pd.to_datetime(year.astype("Int64").astype("str") + "-04-01", errors="coerce").dt.as_unit("s")


def _check_keys(keys: pd.Series, faults: Faults) -> None:
    # The key itself is nobody's business but the file's owner's, so that no message repeats one.
    faults.rows(keys.index[keys.isna()], "EPIKEY must be given")
    twice = keys.notna() & keys.duplicated(keep=False)
    faults.rows(keys.index[twice], "EPIKEY must be unique; is a file here twice, or an old version of one?")


def _check_diagnoses(codes: pd.DataFrame, faults: Faults) -> None:
    odd = codes.notna() & ~codes.apply(lambda column: column.str.fullmatch(ICD_10, na=True))
    wrong = odd.any(axis=1)
    first = codes.where(odd).bfill(axis=1).iloc[:, 0]
    must = f"{DIAGNOSES[0]} to {DIAGNOSES[-1]} must be ICD-10 codes of three or four characters"
    faults.rows(codes.index[wrong], must, first)
