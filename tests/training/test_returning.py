from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.hospital import shipped_facts
from features.tables import Hospital, check
from training.outcomes import sites_without_ready, stay_outcomes

Build = Callable[..., pd.DataFrame]
END = {"admission_id": "END", "patient_id": "END", "admitted_at": "2026-12-31T00:00:00Z", "discharged_at": ""}
FIRST = {"admitted_at": "2026-01-05T10:00:00Z", "discharged_at": "2026-01-10T15:00:00Z"}
BACK = {"admission_id": "A2", "admitted_at": "2026-01-20T10:00:00Z", "discharged_at": "2026-01-25T15:00:00Z"}


def hospital(stays: pd.DataFrame, events: pd.DataFrame | None = None) -> Hospital:
    return check(stays, events, shipped_facts(), source="test")


def code(stay: str, text: str, recorded: str = "2026-02-01", position: int = 1) -> dict[str, str]:
    return {
        "admission_id": stay,
        "name": "coded_diagnosis",
        "happened_at": "2026-01-30T09:00:00Z",
        "recorded_at": f"{recorded}T09:00:00Z",
        "number": str(position),
        "text": text,
    }


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([code("A1", "J18.9"), code("A2", "J15.9")], 1.0),  # one block
        ([code("A1", "J18.9"), code("A2", "J22")], 0.0),  # the next one
        ([code("A1", "J18.9")], np.nan),  # uncoded is unknown, never no
        ([code("A1", "J18.9"), code("A2", "J15.9", position=2)], np.nan),  # no main diagnosis
        ([code("A1", "J18.9"), code("A2", "J15.9"), code("A2", "S72.0", "2026-02-09")], 0.0),  # the last word
        ([code("A1", "J18.9"), code("A2", "J15.9"), code("A2", "cancelled", "2026-02-09")], np.nan),
    ],
    ids=["same block", "another block", "uncoded", "secondary only", "corrected", "void"],
)
def test_the_same_issue_is_one_block_of_both_main_diagnoses(
    stays: Build, events: Build, codes: list[dict[str, str]], expected: float
) -> None:
    found = stay_outcomes(hospital(stays(FIRST, BACK, END), events(*codes))).loc["A1", "same_issue"]
    assert found == expected or (np.isnan(found) and np.isnan(expected))


@pytest.mark.parametrize(("coded", "known"), [("2026-04-10", True), ("2026-04-11", False)])
def test_a_return_that_is_first_coded_after_ninety_days_stays_unknown(
    stays: Build, events: Build, coded: str, known: bool
) -> None:
    codes = events(code("A1", "J18.9"), code("A2", "J15.9", coded), code("A2", "J18.1", "2026-05-20"))
    found = stay_outcomes(hospital(stays(FIRST, BACK, END), codes)).loc["A1", "same_issue"]
    assert pd.notna(found) == known


def test_a_same_issue_is_unknown_until_ninety_days_have_gone(stays: Build, events: Build) -> None:
    codes = events(code("A1", "J18.9"), code("A2", "J15.9"))
    for end, known in (("2026-04-10T14:59:00Z", False), ("2026-04-10T15:01:00Z", True)):
        outcome = stay_outcomes(hospital(stays(FIRST, BACK, {**END, "admitted_at": end}), codes)).loc["A1"]
        assert outcome["readmitted"] == 1
        assert pd.notna(outcome["same_issue"]) == known


def test_a_death_within_thirty_days_ends_the_following(stays: Build, events: Build) -> None:
    rows = stays(FIRST, {**END, "admitted_at": "2026-01-20T00:00:00Z"})
    assert np.isnan(stay_outcomes(hospital(rows)).loc["A1", "readmitted"])
    died = {
        "name": "patient_died",
        "happened_at": "2026-01-15T09:00:00Z",
        "recorded_at": "2026-01-16T09:00:00Z",
    }
    known = stay_outcomes(hospital(rows, events({**died, "number": "1"})))
    assert known.loc["A1", "readmitted"] == 0
    void = stay_outcomes(hospital(rows, events({**died, "number": "1", "text": "cancelled"})))
    assert np.isnan(void.loc["A1", "readmitted"])


def test_one_site_has_a_ready_date_and_one_that_seldom_records_has_none(stays: Build, events: Build) -> None:
    rows = stays({**FIRST, "site": "GOOD"}, {**BACK, "patient_id": "P2", "site": "POOR"})
    meets = {"name": "criteria_to_reside", "number": "1"}
    times = [f"2026-01-{day:02d}T08:00:00Z" for day in range(6, 11)]
    course = events(*({**meets, "happened_at": time, "recorded_at": time} for time in times))
    found = hospital(rows, course)
    assert sites_without_ready(found) == ["POOR"]
    assert stay_outcomes(found)["ready_usable"].to_dict() == {"A1": True, "A2": False}
