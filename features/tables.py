"""The two tables of a hospital, and the one check through which every source enters."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import ADMISSION_COLUMNS, CANCELLED, EVENT_COLUMNS
from features.errors import DataFault
from features.faults import Faults
from features.hospital import EventName, Facts
from features.rules import validated
from features.timeline import NEVER, Integers, categories, coded, microseconds, positions

Dates = Literal["comparable", "per_patient", "none"]
Codes = npt.NDArray[np.integer]
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
    faults: tuple[Faults, Faults] | None = None,
) -> Hospital:
    """Return a Hospital whose tables keep the contract, or raise DataFault with every fault at once.

    Rows are named by the frames' index labels.  Instants come out in the hospital's time zone, codes
    and identifiers as text, numbers as float; optional columns that a source lacks come out empty.
    Numbers outside an event's range are set aside, and event names that no `hospital.toml` lists are
    dropped; both are counted in the notes.  `faults` are those that a source has found in the two tables
    already, and how it names their rows.
    """
    stay_faults, event_faults = faults or (Faults("admissions"), Faults("events"))
    stays = validated(admissions, ADMISSION_COLUMNS, facts, stay_faults)
    _check_order(stays, stay_faults)
    if events is None:
        events = pd.DataFrame({column.name: pd.Series(dtype="str") for column in EVENT_COLUMNS})
    rows = validated(events, EVENT_COLUMNS, facts, event_faults)
    _check_events(rows, stays, facts, event_faults)
    if stay_faults.found or event_faults.found:
        raise DataFault(where, stay_faults.found + event_faults.found)
    stays, known_at_once = _with_recorded(stays)
    rows, set_aside = _usable(rows, facts)
    return Hospital(
        admissions=_numbered(stays),
        events=_numbered(rows),
        facts=facts,
        source=source,
        dates=dates,
        outcomes=outcomes,
        notes=(*notes, *known_at_once, *set_aside),
    )


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    plain = isinstance(table.index, pd.RangeIndex) and table.index.equals(pd.RangeIndex(len(table)))
    return table if plain else table.reset_index(drop=True)


def _check_order(stays: pd.DataFrame, faults: Faults) -> None:
    came, left = microseconds(stays["admitted_at"]), microseconds(stays["discharged_at"])
    faults.where(_earlier(left, came), stays, "discharged_at must not be before admitted_at")
    for recorded, happened in RECORDED_AND_HAPPENED:
        known, true = microseconds(stays[recorded]), left if happened == "discharged_at" else came
        faults.where(_earlier(known, true), stays, f"{recorded} must not be before {happened}")
        alone = (known != NEVER) & (true == NEVER)
        faults.where(alone, stays, f"{recorded} must be empty where {happened} is")


def _earlier(instants: Integers, others: Integers) -> npt.NDArray[np.bool_]:
    return (instants != NEVER) & (instants < others)


def _check_events(rows: pd.DataFrame, stays: pd.DataFrame, facts: Facts, faults: Faults) -> None:
    if "admission_id" not in faults.broken:
        stranger = positions(rows["admission_id"], stays["admission_id"]) < 0
        faults.where(stranger, rows, "admission_id must be in the admissions table")
    if {"name", "number", "text"} & faults.broken:
        return
    void = np.asarray(rows["text"].array == CANCELLED)
    codes = np.where(void, -1, _listed(rows["name"], facts).codes)
    _check_numbers(rows, codes, facts, faults)
    _check_texts(rows, codes, facts, faults)


def _check_numbers(rows: pd.DataFrame, codes: Codes, facts: Facts, faults: Faults) -> None:
    numbers = rows["number"].to_numpy()
    numeric = _of_names(codes, facts, lambda event: event.kind in ("number", "flag"), False)
    lacking = numeric & np.isnan(numbers)
    faults.where(lacking, rows, "number must be given for this event", "name")
    flag = _of_names(codes, facts, lambda event: event.kind == "flag", False)
    odd = flag & ~lacking & (numbers != 0) & (numbers != 1)
    faults.where(odd, rows, "number of a flag must be 1 or 0", "number")


def _check_texts(rows: pd.DataFrame, codes: Codes, facts: Facts, faults: Faults) -> None:
    texts = rows["text"].array
    dated = np.flatnonzero(_of_names(codes, facts, lambda event: event.kind == "date", False))
    days = coded(texts.take(dated))
    valid = pd.to_datetime(days.categories, errors="coerce", format="%Y-%m-%d").notna()
    odd = dated[~np.append(valid, False)[days.codes]]
    faults.where(odd, rows, "text must be a date such as 2026-01-09", "text")
    listing = np.flatnonzero(_of_names(codes, facts, lambda event: bool(event.codes), False))
    told = coded(texts.take(listing))
    for place in np.unique(codes[listing]).tolist():
        event = facts.events[facts.event_names[place]]
        own = codes[listing] == place
        known = np.append(told.categories.isin(event.codes), False)
        must = f"text of {event.name} must be one of {', '.join(event.codes)}"
        faults.where(listing[own & ~known[told.codes]], rows, must, "text")


def _listed(names: pd.Series, facts: Facts) -> "pd.Categorical[Any]":
    """Return event names as a category of those that are listed, empty where one is not."""
    listed = facts.event_names
    return pd.Categorical.from_codes(positions(names, listed), dtype=categories(listed))


def _of_names(
    codes: Codes, facts: Facts, value: Callable[[EventName], Any], otherwise: Any
) -> npt.NDArray[Any]:
    """Return a value of each row's event, looked up once a name: there may be millions of rows."""
    each = [value(facts.events[name]) for name in facts.event_names]
    return np.array([*each, otherwise])[codes]  # the code of a name that is not listed is -1


def _with_recorded(stays: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    filled, notes = {}, []
    for recorded, happened in RECORDED_AND_HAPPENED:
        empty = microseconds(stays[recorded]) == NEVER
        if empty.all():
            notes.append(f"{recorded} is not given: {happened} is taken as known at once")
            filled[recorded] = stays[happened]
        elif empty.any():
            filled[recorded] = stays[recorded].fillna(stays[happened])
    return stays.assign(**filled), notes


def _usable(rows: pd.DataFrame, facts: Facts) -> tuple[pd.DataFrame, list[str]]:
    names, numbers = _listed(rows["name"], facts), rows["number"].to_numpy()
    listed = names.codes >= 0
    outside = numbers < _of_names(names.codes, facts, lambda event: event.low, np.nan)
    outside |= numbers > _of_names(names.codes, facts, lambda event: event.high, np.nan)
    notes = [] if listed.all() else _unlisted_notes(rows["name"][~listed], facts)
    notes += _outside_notes(names[outside], facts) if outside.any() else []
    # Nothing is known before it happened, whatever a clock says.
    early = microseconds(rows["recorded_at"]) < microseconds(rows["happened_at"])
    known_at = rows["recorded_at"].mask(early, rows["happened_at"]) if early.any() else rows["recorded_at"]
    rows, used = rows.assign(recorded_at=known_at, name=names), listed & ~outside
    return rows if used.all() else rows[used], notes


def _unlisted_notes(names: pd.Series, facts: Facts) -> list[str]:
    strangers = names.value_counts()
    notes = [
        f"event name {name} is in no hospital.toml: {count:,} rows not used{_meant(str(name), facts)}"
        for name, count in strangers.head(NAMES_NOTED).items()
    ]
    if len(strangers) > NAMES_NOTED:
        notes.append(f"{len(strangers) - NAMES_NOTED:,} more event names are in no hospital.toml")
    return notes


def _meant(name: str, facts: Facts) -> str:
    near = difflib.get_close_matches(name.lower(), list(facts.events), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _outside_notes(names: "pd.Categorical[Any]", facts: Facts) -> list[str]:
    notes = []
    for name, count in pd.Series(names).value_counts().items():
        event = facts.events[str(name)]
        if count:
            notes.append(f"{name}: {count:,} values outside {event.low:g} to {event.high:g} set aside")
    return notes
