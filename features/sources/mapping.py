"""What an `extract.toml` says: which of a hospital's own files, columns and codes make the two tables."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import pandas as pd

from features.columns import ADMISSION_COLUMNS
from features.errors import DataFault
from features.faults import shown
from features.hospital import Facts
from features.sources.toml_table import TomlTable, toml_content

MAPPING = "extract.toml"
ISO = "iso"
EVERYTHING_ELSE = "*"  # in a table of codes: what any code becomes that it does not list; "*" keeps it
DOUBTFUL_HOURS = ("first", "second")
SEPARATORS = (",", ";", "\t", "|")
STAY_KINDS = {column.name: column.kind for column in ADMISSION_COLUMNS}
MINUTES = {"days": 1440, "hours": 60, "minutes": 1}
NO_DELAY = pd.Timedelta(0)
STAY_INSTANTS = ("admitted_at", "discharged_at")
AFTER = {  # what each instant may be told from
    "admission_recorded_at": ("admitted_at",),
    "discharge_recorded_at": ("discharged_at",),
    "happened_at": STAY_INSTANTS,
    "recorded_at": (*STAY_INSTANTS, "happened_at"),
    "ended_at": STAY_INSTANTS,
    "end_recorded_at": (*STAY_INSTANTS, "ended_at"),
}
EVENT_INSTANTS = ("happened_at", "recorded_at", "ended_at", "end_recorded_at")
TOP_KEYS = ("time_zone", "doubtful_hour", "files", "admissions", "events")
FILE_KEYS = ("path", "separator", "encoding", "dates", "empty", "ignore")
COMMON_KEYS = ("file", "columns", "constants", "codes")
EVENT_KEYS = ("admission_id", *EVENT_INSTANTS, "name", "value", "position", "names", "factors")
INSTANT_KEYS = ("column", "dates", "at", "after", *MINUTES)
KEYS = (*TOP_KEYS[:2], *FILE_KEYS, *COMMON_KEYS, "by", *EVENT_KEYS, *INSTANT_KEYS)
NOT_RECORDED = (
    'needs recorded_at: a column with the instant of the entry, or { after = "happened_at", minutes = 30 } with'
    " the longest that an entry takes. A prediction uses only what was recorded by its moment, so without it"
    " Homeward would seem to know things before the ward did"
)


@dataclass(frozen=True)
class TheirFile:
    """One kind of file: where it is (a name or a pattern such as `obs_*.csv`), and how it is written.

    `dates` is ISO or a format of strptime, `empty` the texts that mean not known beside an empty field,
    `ignore` the columns that are knowingly not used.
    """

    name: str
    path: str
    separator: str = ","
    encoding: str = "utf-8"
    dates: str = ISO
    empty: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Instant:
    """An instant: columns joined by a space (a date, a time), or another instant and how long after it.

    `dates` is the format where it differs from the file's; `at` the time of day of dates that have none.
    """

    columns: tuple[str, ...] = ()
    dates: str = ""
    at: str = ""
    after: str = ""
    delay: pd.Timedelta = NO_DELAY


@dataclass(frozen=True)
class Part:
    """One file's share of a table: our columns or event names by theirs, constants, codes by their codes.

    Of `admissions`, the first part has the rows and each further one adds columns `by` one that both have.
    Of `events`, `columns` are event names whose values stand in columns of their own; where a row names its
    event, `name`, `value` and `position` are its columns and `names` what their names are called here.
    `factors` bring numbers to the contract's unit.
    """

    where: str
    file: str
    instants: Mapping[str, Instant]
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]]
    by: str = ""
    admission_id: str = ""
    name: str = ""
    value: str = ""
    position: str = ""
    names: Mapping[str, str] | None = None
    factors: Mapping[str, float] = field(default_factory=dict)

    def mapped(self) -> list[str]:
        """Return every column of theirs that this part reads, as often as it does."""
        single = (self.admission_id, self.name, self.value, self.position)
        several = [*(it.columns for it in self.instants.values()), *self.columns.values()]
        return [name for name in single if name] + [name for names in several for name in names]


@dataclass(frozen=True)
class ExtractMapping:
    """The whole mapping; `time_zone` is that of instants written without one, empty where none is stated."""

    time_zone: str
    doubtful_hour: str
    files: Mapping[str, TheirFile]
    admissions: tuple[Part, ...]
    events: tuple[Part, ...]


def read_mapping(file: Path, facts: Facts) -> ExtractMapping:
    """Return the mapping of an `extract.toml`; raises DataFault with every fault in it.

    What is checked here needs no data: keys, event names, formats, files that no `[files]` entry names, and
    that every event says when it was recorded.
    """
    faults: list[str] = []
    whole = TomlTable(toml_content(file), "", faults)
    whole.must_know(TOP_KEYS)
    whole.must_have("files", "admissions")
    entries = whole.table("files")
    files = {name: _file(name, entries.table(name)) for name in entries.content}
    stays = [_stay_part(table, place) for place, table in enumerate(whole.tables("admissions"))]
    events = [_event_part(table, facts) for table in whole.tables("events")]
    _check_zone(whole)
    for part in (*stays, *events):
        if part.file and part.file not in files:
            faults.append(f"{part.where}: file must be one of {', '.join(files)}, found {shown(part.file)}")
    _check_once(stays, faults)
    if faults:
        raise DataFault(file.name, faults)
    return ExtractMapping(
        whole.text("time_zone"), whole.text("doubtful_hour"), files, tuple(stays), tuple(events)
    )


def _check_zone(whole: TomlTable) -> None:
    zone = whole.text("time_zone")
    try:
        ZoneInfo(zone or "UTC")
    except (KeyError, ValueError, OSError):
        whole.fault(f"time_zone must be an IANA name such as Europe/London, found {shown(zone)}")
    hour = whole.text("doubtful_hour")
    if hour and hour not in DOUBTFUL_HOURS:
        whole.fault(f"doubtful_hour must be first or second, found {shown(hour)}")


def _file(name: str, table: TomlTable) -> TheirFile:
    table.must_know(FILE_KEYS)
    table.must_have("path")
    made = TheirFile(
        name,
        table.text("path"),
        table.text("separator", ","),
        table.text("encoding", "utf-8"),
        table.text("dates", ISO),
        table.texts("empty"),
        table.texts("ignore"),
    )
    place = PurePosixPath(made.path)
    if place.is_absolute() or ".." in place.parts or "\\" in made.path or "\0" in made.path:
        table.fault(f"path must be a file of this folder, found {shown(made.path)}")
    if made.separator not in SEPARATORS:
        table.fault(f'separator must be one of "," ";" "\\t" "|", found {shown(made.separator)}')
    try:
        codecs.lookup(made.encoding)
    except (LookupError, ValueError):
        table.fault(f"encoding must be one such as utf-8, cp1252 or utf-16, found {shown(made.encoding)}")
    _check_format(made.dates, table)
    return made


def _check_format(dates: str, table: TomlTable) -> None:
    if dates and dates != ISO and "%" not in dates:
        table.fault(f'dates must be "iso" or a format such as "%d/%m/%Y %H:%M", found {shown(dates)}')


def _stay_part(table: TomlTable, place: int) -> Part:
    table.must_know((*COMMON_KEYS, "by"))
    table.must_have("file", "columns", *(["by"] if place else []))
    columns, constants, codes = (table.table(key) for key in ("columns", "constants", "codes"))
    for given in (columns, constants, codes):
        given.must_know(STAY_KINDS, "column of admissions")
    instants = [name for name in columns.content if STAY_KINDS.get(name) == "instant"]
    made = Part(
        where=table.where,
        file=table.text("file"),
        by=table.text("by"),
        instants={name: _instant(columns, name) for name in instants},
        columns={name: columns.texts(name) for name in columns.content if name not in instants},
        constants=constants.plain(),
        codes={name: codes.table(name).plain() for name in codes.content},
    )
    for name, theirs in made.columns.items():
        if len(theirs) != 1:
            columns.fault(f"{shown(name)} must be one column")
    for name in {*made.constants} & {*STAY_INSTANTS, "admission_id", "patient_id"}:
        constants.fault(f"{name} must come from a column")
    if made.by and made.by not in made.columns:
        table.fault(f"by must be one of its columns, such as patient_id, found {shown(made.by)}")
    if not place and made.by:
        table.fault("by is for further parts: the first part of admissions has the rows")
    return made


def _instant(table: TomlTable, key: str) -> Instant:
    others = AFTER.get(key, ())
    if not isinstance(table.content[key], dict):
        return Instant(columns=table.texts(key))
    given = table.table(key)
    given.must_know(INSTANT_KEYS)
    if not others and "column" not in given.content:
        given.fault("needs column: it is never told from another instant")
    elif ("column" in given.content) == ("after" in given.content):
        given.fault(f"needs either column or after, which is one of {', '.join(others)}")
    elif "after" in given.content and given.text("after") not in others:
        given.fault(f"after must be one of {', '.join(others)}, found {shown(given.text('after'))}")
    if "after" in given.content and not set(MINUTES) & set(given.content):
        given.fault("must say how long after, such as minutes = 30")
    dates, at = given.text("dates"), given.text("at")
    _check_format(dates, given)
    if at and pd.isna(pd.to_datetime(at, format="%H:%M", errors="coerce")):
        given.fault(f"at must be a time of day such as 23:59, found {shown(at)}")
    delay = pd.Timedelta(minutes=sum(given.number(unit) * each for unit, each in MINUTES.items()))
    return Instant(given.texts("column"), dates, at, given.text("after"), delay)


def _event_part(table: TomlTable, facts: Facts) -> Part:
    table.must_know((*COMMON_KEYS, *EVENT_KEYS))
    table.must_have("file", "admission_id", "happened_at")
    if "recorded_at" not in table.content:
        table.fault(NOT_RECORDED)
    columns, constants, codes, factors = (
        table.table(key) for key in ("columns", "constants", "codes", "factors")
    )
    for given in (columns, constants, codes, factors):
        given.must_know(facts.event_names, "event name")
    made = Part(
        where=table.where,
        file=table.text("file"),
        instants={name: _instant(table, name) for name in EVENT_INSTANTS if name in table.content},
        columns={name: columns.texts(name) for name in columns.content},
        constants=constants.plain(),
        codes={name: codes.table(name).plain() for name in codes.content},
        admission_id=table.text("admission_id"),
        name=table.text("name"),
        value=table.text("value"),
        position=table.text("position"),
        names=table.table("names").plain() if "names" in table.content else None,
        factors={name: factors.number(name, 1.0) for name in factors.content},
    )
    _check_event_part(made, table, facts)
    return made


def _check_event_part(part: Part, table: TomlTable, facts: Facts) -> None:
    if bool(part.name) != bool(part.value):
        table.fault("name and value belong together: the columns that hold an event's name and its value")
    if not (part.columns or part.constants or part.name):
        table.fault("needs columns (event names and the columns that hold their values), or name and value")
    strangers = sorted({*(part.names or {}).values()} - {*facts.event_names, "", EVERYTHING_ELSE})
    TomlTable(dict.fromkeys(strangers), f"{part.where}.names", table.faults).must_know(
        facts.event_names, "event name"
    )
    if "ended_at" in part.instants:
        spells = [name for name in (*part.columns, *part.constants) if name in facts.events]
        if [facts.events[name].kind for name in spells] != ["spell"]:
            table.fault("ended_at is for one event that begins and ends, such as delay_began")
        if "end_recorded_at" not in part.instants:
            table.fault("ended_at needs end_recorded_at: when the end was entered")


def _check_once(stays: list[Part], faults: list[str]) -> None:
    """Note a column of ours that two places give."""
    given: dict[str, str] = {}
    for part in stays:
        for name in (*part.instants, *part.columns, *part.constants):
            if name in given and name != part.by:
                faults.append(f"{part.where}: {name} is mapped twice; {given[name]} gives it too")
            given[name] = part.where
