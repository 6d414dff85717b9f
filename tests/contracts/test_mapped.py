"""Somebody else's folder, through its mapping: the hospital comes back as it was, to the value."""

from pathlib import Path

import pandas as pd
import pytest

import features
from features.sources.simulation import simulate
from features.tables import Hospital
from tests.own_hospital import write_own_folder

UNTIL = pd.Timestamp("2026-11-15T08:00", tz="Europe/London")
ORDER = ["admission_id", "happened_at", "recorded_at", "name", "number", "text"]


@pytest.fixture(scope="module")
def hospital() -> Hospital:
    """Return a hospital in whose days the clocks go back, with nothing in the hour that comes twice."""
    made = simulate(400, seed=5, days=60, until=UNTIL)
    assert set(made.admissions["admitted_at"].dt.strftime("%z")) == {"+0000", "+0100"}
    return made


@pytest.fixture(scope="module")
def folder(hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("own")
    write_own_folder(hospital, made)
    return made


@pytest.fixture(scope="module")
def read(folder: Path) -> Hospital:
    return features.read("extract", folder)


def ordered(events: pd.DataFrame) -> pd.DataFrame:
    return events.astype({"name": "str"}).sort_values(ORDER, ignore_index=True)


def test_every_stay_comes_back(read, hospital):
    pd.testing.assert_frame_equal(read.admissions, hospital.admissions)


def test_every_event_comes_back(read, hospital):
    pd.testing.assert_frame_equal(ordered(read.events), ordered(hospital.events))


def test_facts_and_dates_are_as_they_were(read, hospital):
    assert (read.facts, read.dates) == (hospital.facts, hospital.dates)


def test_only_what_is_odd_is_noted(read):
    assert sorted(read.notes) == [
        "obs: column EOL (end_of_life) is empty",  # nobody in this hospital was on such a plan
    ] + [
        f"spells: column {column} ({ours}) holds one value in all of {len(read.admissions):,} rows"
        for column, ours in (("ClassPat", "patient_classification"), ("IntManig", "intended_management"))
    ]
