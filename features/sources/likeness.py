"""What a column of somebody else's is likely to be, by its name or by what it holds: only ever a suggestion."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from features.columns import ADMISSION_COLUMNS
from features.hospital import Facts

ALIKE = 0.87  # of difflib's ratio: one letter wrong in eight
ICD_10 = r"[A-TV-Z][0-9]{2}(?:\.?[0-9X]{1,2})?"
SPECIALTY = "[1-9][0-9]{2}"
ENOUGH_VALUES = 20  # that are looked at before what a column holds says anything
ENOUGH_CODES = 3  # different ones
MOST_SPECIALTIES = 60


@cache
def synonyms() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return what the contract's columns, an event's keys and event names are called elsewhere, bare."""
    return {
        table: {name: (bare(name), *map(bare, others)) for name, others in entries.items()}
        for table, entries in _shipped().items()
        if table != "values"
    }


def meant_by(value: str, kind: str) -> str | None:
    """Return the code of ours that a value most likely means, or None.

    >>> meant_by("Female", "sex"), meant_by("Y", "flag"), meant_by("Y", "sex")
    ('2', '1', None)
    """
    known = _shipped()["values"].get(kind, {})
    return next((code for other, code in known.items() if bare(other) == bare(value)), None)


@cache
def _shipped() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("synonyms.toml").read_text("utf-8"))


def bare(name: str) -> str:
    """Return a name without case, spaces and marks.

    >>> bare("Date of Admission")
    'dateofadmission'
    """
    return re.sub("[^a-z0-9]", "", name.lower())


def named_like(name: str, table: str) -> str | None:
    """Return which entry of a table of synonyms a column's name is like, or None.

    >>> named_like("LocalPatientID", "admissions"), named_like("Admission_Methd", "admissions")
    ('patient_id', 'admission_method')
    """
    own, entries = bare(name), synonyms()[table]
    for ours, others in entries.items():
        if own in others:
            return ours
    every = {other: ours for ours, others in entries.items() for other in others if len(other) > 4}
    near = difflib.get_close_matches(own, list(every), 1, ALIKE)
    return every[near[0]] if near else None


def holds_like(values: pd.Series, facts: Facts) -> str | None:
    """Return which facts a column's values are like, or None: by the nation's code lists, or as ICD-10.

    Lists of one figure say nothing, since any small number is in them.
    """
    if len(values) < ENOUGH_VALUES or (codes := values.unique()).size < ENOUGH_CODES:
        return None
    distinct = pd.Series(codes, dtype="str")
    if distinct.str.fullmatch(ICD_10).all():
        return "coded_diagnosis or provisional_diagnosis"
    lists = {column.name: facts.codes(column.name) for column in ADMISSION_COLUMNS if column.kind == "code"}
    found = [
        name
        for name, known in lists.items()
        if known and known.codes and distinct.isin(known.codes).all() and distinct.str.len().min() > 1
    ]
    if not found and len(distinct) <= MOST_SPECIALTIES and distinct.str.fullmatch(SPECIALTY).all():
        found = ["treatment_function"]
    return " or ".join(found) or None


def likely(name: str, values: pd.Series, facts: Facts) -> str | None:
    """Return what a column is likely to be, by its name or else by its values, or None."""
    by_name = named_like(name, "admissions") or named_like(name, "events")
    return by_name or holds_like(values, facts)
