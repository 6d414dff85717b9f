"""The page for a trust's analyst says what the code does."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS
from features.contract import EXAMPLES, contract, event_example
from features.hospital import facts_with, shipped_facts
from features.observations import states
from features.snapshot import snapshot
from features.tables import check
from features.timeline import microseconds

PAGE = Path(__file__).parents[2] / "features" / "CONTRACT.md"


def examples() -> tuple[pd.DataFrame, pd.DataFrame]:
    stays = pd.DataFrame([{column.name: column.example for column in ADMISSION_COLUMNS}])
    rows = [event_example(event) for event in shipped_facts().events.values()]
    return stays, pd.DataFrame(rows, columns=[column.name for column in EVENT_COLUMNS])


def test_the_page_is_what_the_command_prints():
    assert PAGE.read_text("utf-8") == contract(), (
        "to write it anew: python -m features contract > features/CONTRACT.md"
    )


def test_every_column_and_event_name_is_on_the_page():
    names = [column.name for column in (*ADMISSION_COLUMNS, *EVENT_COLUMNS)] + list(shipped_facts().events)
    assert [name for name in names if f"| `{name}` |" not in contract()] == []


def test_every_shipped_event_name_has_an_example():
    assert set(EXAMPLES) == set(shipped_facts().events)


def test_the_examples_on_the_page_keep_the_contract():
    stays, events = examples()
    hospital = check(stays, events, shipped_facts(), source="the page")
    assert len(hospital.events) == len(EXAMPLES)
    assert hospital.notes == ()


def test_the_hospital_toml_on_the_page_is_one():
    block = contract().split("```toml")[1].split("```")[0]
    facts = facts_with(tomllib.loads(block))
    assert facts.nation == "SCT"
    assert facts.events["falls_risk"].high == 20


def test_the_correction_on_the_page_reads_as_the_page_says():
    rows = [line.split(",") for line in contract().split("```csv")[3].split("```")[0].split()]
    stays, _ = examples()
    hospital = check(stays, pd.DataFrame(rows[1:], columns=rows[0]), shipped_facts(), source="the page")
    scores = states(hospital.events, hospital.facts.events["news2"], pd.Index(["A1001"]))
    moments = pd.Series(pd.to_datetime([f"2026-01-07T{clock}:00Z" for clock in ("10:50", "11:00", "12:00")]))
    found = scores.at(np.zeros(3, np.int64), microseconds(moments)).values
    assert found.tolist() == pytest.approx([13, 3, float("nan")], nan_ok=True)


@pytest.mark.parametrize(("clock", "listed"), [("14:30", False), ("14:31", True)])
def test_an_admission_is_on_the_list_from_its_recording(clock, listed):
    hospital = check(*examples(), shipped_facts(), source="the page")
    assert len(snapshot(hospital, pd.Timestamp(f"2026-01-05T{clock}:00Z"))) == listed


@pytest.mark.parametrize(("clock", "listed"), [("18:39", True), ("18:40", False)])
def test_a_discharge_entered_late_leaves_the_person_on_the_list_until_then(clock, listed):
    hospital = check(*examples(), shipped_facts(), source="the page")
    assert len(snapshot(hospital, pd.Timestamp(f"2026-01-09T{clock}:00Z"))) == listed
