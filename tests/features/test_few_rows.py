"""A few rows are read by quicker means than many, and read the same."""

import pandas as pd
import pytest

from features.columns import ADMISSION_COLUMNS
from features.faults import Faults
from features.hospital import shipped_facts
from features.parsing import FEW, parsed
from features.schema import validate

FACTS = shipped_facts()
AT = "2026-01-05T14:20:00+00:00"
STAYS = {
    "admission_id": ["A1", " A2 ", "A3", None, "A1"],
    "patient_id": ["P1", "nan", "P3", "<NA>", "\u00a0P5\u00a0"],
    "admitted_at": [AT, "2026-01-05 14:20+00", "2026-01-05T14:20:00", "yesterday", ""],
    "discharged_at": [None] * 5,
    "admission_method": ["21", "", "99", None, "21 "],
    "treatment_function": ["  ", "", None, "nan", "NaT"],
    "age": ["81", "x", "", "210", "4.5"],
    "sex": ["2", "2", "9", None, "q"],
    "deprivation_decile": [None] * 5,
}


def read(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    faults = Faults("admissions")
    typed = parsed(table, ADMISSION_COLUMNS, FACTS, faults)
    validate(typed, ADMISSION_COLUMNS, FACTS, faults)
    return typed, faults.found


@pytest.mark.parametrize("dtype", [object, "str"])
def test_few_rows_and_many_are_read_alike(dtype) -> None:
    few = pd.DataFrame(STAYS, dtype=dtype)
    sound = pd.DataFrame({name: [AT if name == "admitted_at" else values[0]] for name, values in STAYS.items()})
    more = pd.concat([few, *[sound.astype(dtype)] * FEW], ignore_index=True)
    more["admission_id"] = [*few["admission_id"], *(f"B{row}" for row in range(FEW))]
    (one, told), (other, told_of_many) = read(few), read(more.astype(dtype))
    pd.testing.assert_frame_equal(one, other.head(len(few)))
    assert told == told_of_many
    assert len(told) > 5


def test_a_column_with_nothing_in_it_is_read_as_one_that_is_not_there() -> None:
    few = pd.DataFrame({name: values for name, values in STAYS.items() if name != "age"})
    empty = few.assign(deprivation_decile=None, treatment_function="", discharge_recorded_at=None)
    without = few.drop(columns=["deprivation_decile", "treatment_function"])
    pd.testing.assert_frame_equal(read(empty)[0], read(without)[0])


def test_a_required_column_with_nothing_in_it_is_a_fault() -> None:
    assert "must not be empty" in " ".join(read(pd.DataFrame(STAYS).assign(sex=None))[1])
