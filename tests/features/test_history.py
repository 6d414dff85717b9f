"""What one person's stays and scores say, worked out by hand."""

import pandas as pd
import pytest

from features.hospital import shipped_facts
from features.snapshot import at_moments
from features.table import feature_table
from features.tables import Hospital, check


def one_person(stays: dict[str, tuple[str, str, str]], news2: list[tuple[str, str, float]]) -> Hospital:
    """Stays of one person (admitted, discharged, when that was recorded), and scores of the first stay."""
    admissions = pd.DataFrame.from_dict(
        stays, orient="index", columns=["admitted_at", "discharged_at", "discharge_recorded_at"]
    ).rename_axis("admission_id")
    admissions = admissions.assign(
        patient_id="P", admission_recorded_at=admissions["admitted_at"], admission_method="21", age=70, sex="1"
    )
    events = pd.DataFrame(news2, columns=["happened_at", "recorded_at", "number"])
    events = events.assign(admission_id=next(iter(stays)), name="news2", text=None)
    return check(admissions.reset_index(), events, shipped_facts(), source="test")


def row_of(hospital: Hospital, admission: str, at: str) -> pd.Series:
    moments = pd.DataFrame({"admission_id": [admission], "at": [pd.Timestamp(at)]})
    rows = at_moments(hospital, moments)
    return feature_table(rows, hospital, rows["at"]).iloc[0]


def test_a_record_that_comes_late_does_not_replace_a_newer_value() -> None:
    stays = {"A": ("2026-01-05T00:00Z", "2026-01-09T00:00Z", "2026-01-09T00:00Z")}
    scores = [
        ("2026-01-05T06:00Z", "2026-01-05T06:00Z", 2.0),
        ("2026-01-06T06:00Z", "2026-01-06T06:00Z", 5.0),
        ("2026-01-05T18:00Z", "2026-01-06T08:00Z", 9.0),
    ]
    found = row_of(one_person(stays, scores), "A", "2026-01-06T12:00Z")
    assert found[["news2", "news2_days_ago", "news2_change"]].tolist() == [5, 0, 3]


def test_a_discharge_recorded_late_keeps_the_next_stay_out_of_the_history() -> None:
    stays = {
        "A": ("2026-01-05T00:00Z", "2026-01-09T10:00Z", "2026-01-09T20:00Z"),
        "B": ("2026-01-09T12:00Z", "2026-01-09T18:00Z", "2026-01-09T18:00Z"),
    }
    hospital = one_person(stays, [])
    assert row_of(hospital, "A", "2026-01-09T21:00Z")[["earlier_stays", "readmissions_before"]].tolist() == [
        0,
        0,
    ]
    assert row_of(hospital, "B", "2026-01-09T21:00Z")[["earlier_stays", "readmissions_before"]].tolist() == [
        0,
        0,
    ]
    assert row_of(hospital, "B", "2026-01-09T17:00Z")["emergency_stays_year"] == 0


def test_a_return_counts_from_the_minute_that_it_is_recorded() -> None:
    stays = {
        "A": ("2026-01-05T00:00Z", "2026-01-09T10:00Z", "2026-01-09T11:00Z"),
        "B": ("2026-01-20T04:08:11Z", "2026-01-22T18:00Z", "2026-01-22T18:00Z"),
    }
    found = row_of(one_person(stays, []), "B", "2026-01-20T04:08:11Z")
    assert found[["earlier_stays", "readmissions_before"]].tolist() == [1, 1]


def test_a_moment_of_somebody_elses_stay_is_refused() -> None:
    stays = {"A": ("2026-01-05T00:00Z", "2026-01-09T10:00Z", "2026-01-09T11:00Z")}
    with pytest.raises(KeyError, match="1 are not"):
        row_of(one_person(stays, []), "B", "2026-01-08T00:00Z")
