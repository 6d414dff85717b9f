from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.hospital import shipped_facts
from features.tables import Hospital, check
from training.outcomes import stay_outcomes

Build = Callable[..., pd.DataFrame]
END = {"admission_id": "END", "patient_id": "END", "admitted_at": "2026-12-31T00:00:00Z", "discharged_at": ""}


def hospital(stays: pd.DataFrame, events: pd.DataFrame | None = None) -> Hospital:
    return check(stays, events, shipped_facts(), source="test")


def stay(number: int, admitted: str, left: str, **more: str) -> dict[str, str]:
    return {
        "admission_id": f"A{number}",
        "admitted_at": f"{admitted}T10:00:00+00:00",
        "discharged_at": f"{left}T15:00:00+00:00" if left else "",
        **more,
    }


@pytest.mark.parametrize(
    ("back", "method", "expected"),
    [
        ("2026-01-10", "21", 1.0),  # the same day counts
        ("2026-02-08", "21", 1.0),  # day 29 is the last
        ("2026-02-09", "21", 0.0),  # day 30 is not
        ("2026-01-20", "11", 0.0),  # elective
        ("2026-01-20", "2B", 0.0),  # a transfer is no readmission
    ],
)
def test_a_readmission_is_an_emergency_on_days_0_to_29(
    stays: Build, back: str, method: str, expected: float
) -> None:
    rows = stays(
        stay(1, "2026-01-05", "2026-01-10"),
        {**stay(2, back, "2026-03-20", admission_method=method), "admitted_at": f"{back}T18:00:00+00:00"},
        END,
    )
    assert stay_outcomes(hospital(rows)).loc["A1", "readmitted"] == expected


def test_a_stay_not_followed_for_thirty_days_has_no_label_and_never_a_negative_one(stays: Build) -> None:
    rows = stays(
        stay(1, "2026-01-05", "2026-01-10"),
        {**END, "admitted_at": "2026-02-01T00:00:00Z"},
    )
    assert np.isnan(stay_outcomes(hospital(rows)).loc["A1", "readmitted"])


@pytest.mark.parametrize("ending", [{"discharge_method": "4"}, {"discharge_destination": "51"}, {"age": "11"}])
def test_deaths_transfers_and_children_have_no_readmission_label(stays: Build, ending: dict[str, str]) -> None:
    rows = stays(stay(1, "2026-01-05", "2026-01-10", **ending), END)
    assert np.isnan(stay_outcomes(hospital(rows)).loc["A1", "readmitted"])


def test_the_first_stay_is_labelled_and_not_the_returning_one(stays: Build) -> None:
    rows = stays(stay(1, "2026-01-05", "2026-01-10"), stay(2, "2026-01-20", "2026-01-25"), END)
    labels = stay_outcomes(hospital(rows))["readmitted"]
    assert labels["A1"] == 1
    assert labels["A2"] == 0


def criteria(events: Build, *days: tuple[str, int]) -> pd.DataFrame:
    return events(
        *(
            {
                "name": "criteria_to_reside",
                "happened_at": f"{day}T08:00:00Z",
                "recorded_at": f"{day}T09:00:00Z",
                "number": str(meets),
            }
            for day, meets in days
        )
    )


def test_ready_is_the_start_of_the_last_unbroken_run_before_leaving(stays: Build, events: Build) -> None:
    rows = stays(stay(1, "2026-01-05", "2026-01-10"))
    course = criteria(
        events,
        *(("2026-01-05", 1), ("2026-01-06", 0), ("2026-01-07", 1), ("2026-01-08", 0), ("2026-01-09", 0)),
    )
    outcome = stay_outcomes(hospital(rows, course)).loc["A1"]
    assert outcome["ready_on"] == pd.Timestamp("2026-01-08")
    assert outcome["ready_usable"]


def test_who_left_without_a_run_was_ready_on_leaving_unless_delayed(stays: Build, events: Build) -> None:
    rows = stays(stay(1, "2026-01-05", "2026-01-09"))
    course = criteria(events, *((f"2026-01-0{day}", 1) for day in (5, 6, 7, 8)))
    assert stay_outcomes(hospital(rows, course)).loc["A1", "ready_on"] == pd.Timestamp("2026-01-09")
    delayed = pd.concat([course, events({"name": "pathway", "number": "", "text": "P1"})])
    assert not stay_outcomes(hospital(rows, delayed)).loc["A1", "ready_usable"]


def test_a_site_that_seldom_records_criteria_has_no_ready_date(stays: Build, events: Build) -> None:
    rows = stays(stay(1, "2026-01-05", "2026-01-09"))
    assert not stay_outcomes(hospital(rows, criteria(events, ("2026-01-05", 1)))).loc["A1", "ready_usable"]


def test_current_inpatients_are_censored_and_never_dropped(stays: Build) -> None:
    outcome = stay_outcomes(hospital(stays(stay(1, "2026-01-05", ""), END))).loc["A1"]
    assert outcome["exit_kind"] == ""
    assert pd.isna(outcome["exit_on"])


def test_a_double_of_a_stay_and_a_nested_one_are_no_returns(stays: Build) -> None:
    zero = {"admitted_at": "2026-01-05T10:00:00Z", "discharged_at": "2026-01-05T10:00:00Z"}
    rows = stays(
        {**stay(1, "2026-01-05", "2026-01-05"), **zero}, {**stay(2, "2026-01-05", "2026-01-05"), **zero}, END
    )
    assert (stay_outcomes(hospital(rows))["readmitted"][["A1", "A2"]] == 0).all()


def test_a_nested_stay_never_hides_a_real_return(stays: Build) -> None:
    rows = stays(
        stay(1, "2026-01-05", "2026-01-15"),
        stay(2, "2026-01-07", "2026-01-08"),
        stay(3, "2026-01-21", "2026-01-25"),
        END,
    )
    assert stay_outcomes(hospital(rows)).loc["A1", "readmitted"] == 1


def test_a_cancelled_delay_leaves_readiness_known(stays: Build, events: Build) -> None:
    rows = stays(stay(1, "2026-01-05", "2026-01-09"))
    course = criteria(events, *((f"2026-01-0{day}", 1) for day in (5, 6, 7, 8, 9)))
    began = {"name": "delay_began", "number": "", "text": "A"}
    void = {**began, "text": "cancelled", "recorded_at": "2026-01-06T10:12:00+00:00"}
    assert stay_outcomes(hospital(rows, pd.concat([course, events(began, void)]))).loc["A1", "ready_usable"]
