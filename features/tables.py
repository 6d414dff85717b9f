"""The two tables of a hospital, and the one check through which every source enters."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import ADMISSION_COLUMNS, CANCELLED, EVENT_COLUMNS
from features.errors import DataFault
from features.faults import Faults
from features.hospital import Facts
from features.parsing import parsed
from features.schema import validate

Dates = Literal["comparable", "per_patient", "none"]
NAMES_NOTED = 20
RECORDED_AND_HAPPENED = (("admission_recorded_at", "admitted_at"), ("discharge_recorded_at", "discharged_at"))


@dataclass(frozen=True)
class Hospital:
    """Admissions and events that keep the contract, with the facts needed to read them.

    `dates` says whether dates compare across patients, only within a patient (shifted), or not at all.
    `outcomes` is None, or holds a source's own outcome columns by admission_id where it has no dates.
    `notes` are plain sentences for the report: names not used, values set aside, facts taken as known at once.
    """

    admissions: pd.DataFrame
    events: pd.DataFrame
    facts: Facts
    source: str
    dates: Dates = "comparable"
    outcomes: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    @property
    def observed_until(self) -> pd.Timestamp:
        """The last admission or discharge recorded; coding and deaths come later and say nothing of beds."""
        latest = [self.admissions[recorded].max() for recorded, _ in RECORDED_AND_HAPPENED]
        return max(instant for instant in latest if not pd.isna(instant))


def check(
    admissions: pd.DataFrame,
    events: pd.DataFrame | None,
    facts: Facts,
    *,
    source: str,
    dates: Dates = "comparable",
    outcomes: pd.DataFrame | None = None,
    where: str = "the extract",
    notes: Sequence[str] = (),
) -> Hospital:
    """Return a Hospital whose tables keep the contract, or raise DataFault with every fault at once.

    Rows are named by the frames' index labels.  Instants come out in the hospital's time zone, codes
    and identifiers as text, numbers as float; optional columns that a source lacks come out empty.
    Numbers outside an event's range are set aside, and event names that no `hospital.toml` lists are
    dropped; both are counted in the notes.
    """
    stay_faults, event_faults = Faults("admissions"), Faults("events")
    stays = parsed(admissions, ADMISSION_COLUMNS, facts, stay_faults)
    if events is None:
        events = pd.DataFrame({column.name: pd.Series(dtype="str") for column in EVENT_COLUMNS})
    rows = parsed(events, EVENT_COLUMNS, facts, event_faults)
    validate(stays, ADMISSION_COLUMNS, facts, stay_faults)
    _check_order(stays, stay_faults)
    validate(rows, EVENT_COLUMNS, facts, event_faults)
    _check_events(rows, stays, facts, event_faults)
    if stay_faults.found or event_faults.found:
        raise DataFault(where, stay_faults.found + event_faults.found)
    stays, known_at_once = _with_recorded(stays)
    rows, set_aside = _usable(rows, facts)
    return Hospital(
        admissions=stays.reset_index(drop=True),
        events=rows.reset_index(drop=True),
        facts=facts,
        source=source,
        dates=dates,
        outcomes=outcomes,
        notes=(*notes, *known_at_once, *set_aside),
    )


def _check_order(stays: pd.DataFrame, faults: Faults) -> None:
    before = stays["discharged_at"] < stays["admitted_at"]
    faults.rows(stays.index[before], "discharged_at must not be before admitted_at")
    for recorded, happened in RECORDED_AND_HAPPENED:
        early = stays[recorded] < stays[happened]
        faults.rows(stays.index[early], f"{recorded} must not be before {happened}")
        alone = stays[recorded].notna() & stays[happened].isna()
        faults.rows(stays.index[alone], f"{recorded} must be empty where {happened} is")


def _check_events(rows: pd.DataFrame, stays: pd.DataFrame, facts: Facts, faults: Faults) -> None:
    if "admission_id" not in faults.broken:
        stranger = ~rows["admission_id"].isin(stays["admission_id"])
        faults.rows(rows.index[stranger], "admission_id must be in the admissions table")
    if {"name", "number", "text"} & faults.broken:
        return
    standing = rows.loc[rows["text"] != CANCELLED, ["name", "number", "text"]]
    standing = standing.assign(name=_listed(standing["name"], facts))
    kinds = _of_names(standing["name"], {name: event.kind for name, event in facts.events.items()}, "")
    numeric = standing[np.isin(kinds, ["number", "flag"])]
    faults.rows(numeric.index[numeric["number"].isna()], "number must be given for this event", numeric["name"])
    flags = standing[kinds == "flag"]
    odd = flags["number"].notna() & ~flags["number"].isin([0, 1])
    faults.rows(flags.index[odd], "number of a flag must be 1 or 0", flags["number"])
    days = standing.loc[kinds == "date", "text"]
    unreadable = pd.to_datetime(days, errors="coerce", format="%Y-%m-%d").isna()
    faults.rows(days.index[unreadable], "text must be a date such as 2026-01-09", days)
    present = set(standing["name"].dropna().unique())
    for name, event in facts.events.items():
        if event.codes and name in present:
            codes = standing.loc[standing["name"] == name, "text"]
            odd = ~codes.isin(event.codes)
            faults.rows(codes.index[odd], f"text of {name} must be one of {', '.join(event.codes)}", codes)


def _listed(names: pd.Series, facts: Facts) -> pd.Series:
    """Return event names as a category of those that are listed, empty where one is not."""
    listed = pd.Index(sorted(facts.events), dtype="str")
    codes = listed.get_indexer(pd.Index(names))
    return pd.Series(pd.Categorical.from_codes(codes, categories=listed), names.index)


def _of_names(names: pd.Series, values: Mapping[str, Any], otherwise: Any) -> npt.NDArray[Any]:
    """Return the value of each row's name, looked up once a name: there may be millions of rows."""
    each = [values[name] for name in names.cat.categories]
    return np.array([*each, otherwise])[names.cat.codes]  # the code of a name that is not listed is -1


def _with_recorded(stays: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    notes = [
        f"{recorded} is not given: {happened} is taken as known at once"
        for recorded, happened in RECORDED_AND_HAPPENED
        if stays[recorded].isna().all()
    ]
    filled = {recorded: stays[recorded].fillna(stays[happened]) for recorded, happened in RECORDED_AND_HAPPENED}
    return stays.assign(**filled), notes


def _meant(name: str, facts: Facts) -> str:
    near = difflib.get_close_matches(name.lower(), list(facts.events), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _usable(rows: pd.DataFrame, facts: Facts) -> tuple[pd.DataFrame, list[str]]:
    names = _listed(rows["name"], facts)
    strangers = rows.loc[names.isna(), "name"].value_counts()
    notes = [
        f"event name {name} is in no hospital.toml: {count:,} rows not used{_meant(str(name), facts)}"
        for name, count in strangers.head(NAMES_NOTED).items()
    ]
    if len(strangers) > NAMES_NOTED:
        notes.append(f"{len(strangers) - NAMES_NOTED:,} more event names are in no hospital.toml")
    lows = _of_names(names, {name: event.low for name, event in facts.events.items()}, np.nan)
    highs = _of_names(names, {name: event.high for name, event in facts.events.items()}, np.nan)
    outside = ((rows["number"] < lows) | (rows["number"] > highs)) & names.notna()
    for name, count in names[outside].value_counts().items() if outside.any() else ():
        event = facts.events[str(name)]
        if count:
            notes.append(f"{name}: {count:,} values outside {event.low:g} to {event.high:g} set aside")
    # Nothing is known before it happened, whatever a clock says.
    known_at = rows["recorded_at"].where(rows["recorded_at"] >= rows["happened_at"], rows["happened_at"])
    used = names.notna() & ~outside
    rows = rows.assign(recorded_at=known_at, name=names)
    return rows if used.all() else rows[used], notes
