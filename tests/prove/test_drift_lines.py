"""Twelve shifts are planted, and a small form of the lines of the watch runs."""

import drift_lines
import pytest
from inputs import Inputs
from planted_shifts import OF_LIVES, OF_RECORDS, part

from features.sources.simulation import simulate
from models.predictor import Predictor


def test_there_are_twelve_shifts() -> None:
    assert drift_lines.SHIFTS == 12
    assert len({*OF_RECORDS, *OF_LIVES}) == 12


@pytest.mark.parametrize("name", OF_RECORDS)
def test_a_shift_changes_nothing_before_its_moment(name: str) -> None:
    hospital = simulate(600, seed=3, days=120)
    since = hospital.observed_until.normalize() - 40 * drift_lines.DAY
    shifted = OF_RECORDS[name](hospital, since)
    before, after = (each.events[each.events["recorded_at"] < since] for each in (hospital, shifted))
    gone = set(hospital.admissions["admission_id"]) - set(shifted.admissions["admission_id"])
    came = hospital.admissions.set_index("admission_id")["admitted_at"]
    assert all(came[one] >= since for one in gone)
    kept = before[~before["admission_id"].isin(gone)].reset_index(drop=True)
    assert kept.astype({"name": "str"}).equals(after.reset_index(drop=True).astype({"name": "str"}))
    assert len(gone) > 0 or not hospital.events.equals(shifted.events)


def test_a_part_holds_the_stays_that_some_time_saw() -> None:
    hospital = simulate(600, seed=3, days=120)
    last = hospital.observed_until.normalize() - 30 * drift_lines.DAY
    some = part(hospital, last - 10 * drift_lines.DAY, last)
    assert 0 < len(some.admissions) < len(hospital.admissions)
    assert set(some.events["admission_id"]) <= set(some.admissions["admission_id"])


def test_no_label_of_a_small_hospital_is_denied(small_release: Predictor) -> None:
    small = Inputs(lambda _: None, admissions=3000)
    small.quick_release = small_release
    found = drift_lines.denied(small)
    print(found.note)
    assert found.figure.value == 0
