"""A hospital's own folder, as its `extract.toml` maps it: their files in, the contract's two tables out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from features.errors import DataFault, MappedFault
from features.faults import Faults
from features.hospital import Facts, facts_beside
from features.sources.mapped_code import discreet
from features.sources.mapped_event import Origins, event_rows
from features.sources.mapped_file import Opened, opened
from features.sources.mapped_stay import stay_rows
from features.sources.mapping import MAPPING, ExtractMapping, Part, read_mapping
from features.sources.oddity import odd_columns, odd_files
from features.tables import Dates, Hospital, check

NO_EVENTS = "the mapping has no events: only the facts of admissions are used"
EVENTS = ("admission_id", "happened_at", "recorded_at", "name", "number", "text")


@dataclass(frozen=True)
class Given:
    """What a folder holds: each kind of file that could be opened, and what is wrong with the others."""

    files: Mapping[str, Opened]
    faults: list[str] = field(default_factory=list)


def read(folder: Path, dates: Dates = "comparable") -> Hospital:
    """Return the hospital that the files of a folder make by its `extract.toml`, checked as any extract is.

    Notes tell what is odd and no fault: columns that the mapping does not name, codes taken as "*", rows of
    no stay.  Raises MappedFault with everything that is wrong, its `warnings` apart; rows are named by file
    and number, and no value is repeated that may name a person.
    """
    try:
        facts = facts_beside(folder)
        mapping = read_mapping(folder / MAPPING, facts)
    except DataFault as fault:
        raise MappedFault(fault.where, fault.faults, ()) from fault
    given = _opened(folder, mapping)
    stays, events, origins = _tables(mapping, given, facts)
    warnings = odd_files(folder, mapping) + odd_columns(mapping, given.files, facts)
    warnings += [sentence for rows in given.files.values() for sentence in rows.oddities.found]
    if given.faults or stays is None:
        raise MappedFault(str(folder), given.faults + _told(given.files), warnings)
    try:
        return check(
            stays,
            events,
            facts,
            source="extract",
            dates=dates,
            where=str(folder),
            notes=[*warnings, *([] if mapping.events else [NO_EVENTS])],
            faults=_noted(mapping, given, origins),
        )
    except DataFault as fault:
        ours = _told(given.files)  # which are discreet already
        told = [sentence if sentence in ours else discreet(sentence) for sentence in fault.faults]
        raise MappedFault(fault.where, told, warnings) from fault


def _opened(folder: Path, mapping: ExtractMapping) -> Given:
    given = Given({})
    files: dict[str, Opened] = {}
    for name, about in mapping.files.items():
        parts = [part for part in (*mapping.admissions, *mapping.events) if part.file == name]
        if not parts:
            continue
        try:
            files[name] = opened(folder, about, [column for part in parts for column in part.mapped()])
        except DataFault as fault:
            given.faults.extend(f"{fault.where}: {sentence}" for sentence in fault.faults)
    return Given(files, given.faults)


def _tables(
    mapping: ExtractMapping, given: Given, facts: Facts
) -> tuple[pd.DataFrame | None, pd.DataFrame | None, Origins]:
    """Return the two tables as far as their files could be opened, and where the rows of events came from."""
    origins = Origins()
    if any(part.file not in given.files for part in mapping.admissions):
        return None, None, origins
    stays = stay_rows(mapping, given.files)
    frames = []
    for part in _readable(mapping.events, given):
        rows = given.files[part.file]
        for made in event_rows(part, rows, stays, facts, mapping):
            origins.add(rows, made.index)
            frames.append(made)
    return stays, pd.concat(frames, ignore_index=True) if frames else None, origins


def _readable(parts: Sequence[Part], given: Given) -> list[Part]:
    return [part for part in parts if part.file in given.files]


def _noted(mapping: ExtractMapping, given: Given, origins: Origins) -> tuple[Faults, Faults]:
    """Return what the files' rows are charged with, so that the contract's check tells it with its own."""
    stays = Faults("admissions", lambda place: _label(given.files[mapping.admissions[0].file], place))
    events = Faults("events", origins.named)
    stays.found += _told(given.files)
    for rows in given.files.values():
        stays.broken |= rows.faults.broken
    events.broken |= {name for name in EVENTS if name in stays.broken}
    return stays, events


def _label(rows: Opened, place: int) -> str:
    return rows.named(int(rows.labels[place]))


def _told(files: Mapping[str, Opened]) -> list[str]:
    return [sentence for rows in files.values() for sentence in rows.faults.found]
