"""What no lever takes: names, shares, moments, arguments that mean nothing, and hospitals without its rows."""

from dataclasses import replace

import pandas as pd
import pytest

from features.errors import HomewardError
from features.sources.simulation.levers import DRIFTS, LEVERS, WITHIN_SIMULATE, pull

FROM = pd.Timestamp("2026-06-01 15:00", tz="Europe/London")


def test_an_unknown_lever_is_answered_with_the_names(small_hospital):
    with pytest.raises(
        ValueError, match=r"name must be one of worst_news2_first, .*missing_feed, found 'nosuch'"
    ):
        pull(small_hospital, "nosuch")


@pytest.mark.parametrize("name", WITHIN_SIMULATE)
def test_what_changes_the_patients_themselves_is_asked_of_the_simulator(small_hospital, name):
    with pytest.raises(ValueError, match=rf"use simulate\(\.\.\., drifts={{'{name}': its first day}}\)"):
        pull(small_hospital, name)


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_a_share_is_above_none_and_at_most_all(small_hospital, share):
    with pytest.raises(ValueError, match="share must be above 0 and at most 1, found"):
        pull(small_hospital, "last_ward_first", share=share)


@pytest.mark.parametrize("from_", [pd.Timestamp("2026-06-01"), "2026-06-01", None])
@pytest.mark.parametrize("name", DRIFTS)
def test_a_drift_begins_at_a_moment_with_a_zone(small_hospital, name, from_):
    with pytest.raises(ValueError, match="from_ must be a Timestamp with a time zone"):
        pull(small_hospital, name, from_=from_)


@pytest.mark.parametrize(
    ("name", "told", "answer"),
    [
        ("unit_change", {}, "unit_change: missing a required argument: 'from_'"),
        ("last_ward_first", {"weeks": 3}, "last_ward_first: got an unexpected keyword argument 'weeks'"),
        (
            "numbers_shifted",
            {"event": "haemoglobn"},
            "event must be a name of hospital.toml, found 'haemoglobn'",
        ),
    ],
)
def test_arguments_that_mean_nothing_are_told(small_hospital, name, told, answer):
    with pytest.raises(ValueError, match=answer):
        pull(small_hospital, name, **told)


@pytest.mark.parametrize("name", LEVERS)
def test_a_fault_that_cannot_be_planted_is_never_taken_for_planted(small_hospital, name):
    stays, events = small_hospital.admissions.head(0), small_hospital.events.head(0)
    nobody = replace(small_hospital, admissions=stays, events=events)
    told = {"from_": FROM} if name in DRIFTS else {}
    with pytest.raises(HomewardError, match=f"{name} found nothing to change in this hospital"):
        pull(nobody, name, **told)


def test_a_group_that_nobody_belongs_to_is_told(small_hospital):
    with pytest.raises(HomewardError, match="news2_under_scored found nothing to change"):
        pull(small_hospital, "news2_under_scored", ethnic_categories=["3F"])
