"""How full the hospital is, counted by hand."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pytest

from features.catalogue import STATE, catalogue
from features.hospital import shipped_facts
from features.snapshot import snapshot
from features.state import COUNTS, STATE_COLUMNS, hospital_state
from features.table import feature_table
from features.tables import Hospital, check

NOON = pd.Timestamp("2026-01-10T12:00:00+00:00")
STATE_OF = list(STATE_COLUMNS)
STAYS = (  # admission, site, admitted, discharged, when that was recorded
    ("B", "NORTH", "2026-01-09T18:00:00Z", None, None),
    ("A", "NORTH", "2025-12-20T12:00:00Z", None, None),
    ("C", "NORTH", "2026-01-10T11:59:00Z", None, None),
    ("D", "NORTH", "2026-01-05T10:00:00Z", "2026-01-10T09:00:00Z", "2026-01-10T12:00:00Z"),
    ("E", "NORTH", "2026-01-05T10:00:00Z", "2026-01-10T09:00:00Z", "2026-01-10T12:30:00Z"),
    ("F", "SOUTH", "2026-01-10T10:00:00Z", None, None),
)
EVENTS = (
    ("A", "2025-12-20T12:00:00Z", "ward", "Elm"),
    ("A", "2026-01-08T09:00:00Z", "criteria_to_reside", "0"),
    ("A", "2026-01-09T09:00:00Z", "delay_began", "E1"),
    ("B", "2026-01-09T18:00:00Z", "ward", "Oak"),
    ("B", "2026-01-09T19:00:00Z", "delay_began", "E1"),
    ("B", "2026-01-09T20:00:00Z", "delay_ended", "E1"),
    ("B", "2026-01-10T08:00:00Z", "ward", "Elm"),
    ("B", "2026-01-10T09:00:00Z", "criteria_to_reside", "0"),
    ("B", "2026-01-10T10:00:00Z", "criteria_to_reside", "1"),
    ("B", "2026-01-10T11:00:00Z", "delay_began", "E1"),  # for the same reason once more
    ("D", "2026-01-05T10:00:00Z", "ward", "Elm"),
    ("E", "2026-01-05T10:00:00Z", "ward", "Elm"),
    ("E", "2026-01-07T10:00:00Z", "delay_began", "E1"),
    ("E", "2026-01-08T10:00:00Z", "delay_ended", "E1"),
)


def census(events: Sequence[tuple[str, ...]] = EVENTS) -> Hospital:
    """Two sites at noon: everything is recorded as it happens, but for discharges."""
    columns = ["admission_id", "site", "admitted_at", "discharged_at", "discharge_recorded_at"]
    stays = pd.DataFrame(STAYS, columns=columns)
    stays = stays.assign(patient_id=stays["admission_id"], admission_method="21", age=70, sex="1")
    facts = pd.DataFrame(events, columns=["admission_id", "happened_at", "name", "value"])
    values = facts.pop("value")
    numbers = pd.to_numeric(values, errors="coerce")
    facts = facts.assign(recorded_at=facts["happened_at"], number=numbers, text=values.mask(numbers.notna()))
    return check(stays, facts, shipped_facts(), source="test")


def test_two_sites_counted_by_hand():
    state = hospital_state(census(), NOON).set_index(["site", "ward"])
    assert (state["at"] == NOON).all()
    north = [4, 1, 2, 1, 2, 1]  # on the list A, B, C and E; in the last day came B and C, and D left
    assert state.loc[("NORTH", "Elm"), STATE_OF].tolist() == [3, 1, 2, 1, 1, 1, *north]  # A, B, E; B moved in
    assert state.loc[("NORTH", "Oak"), STATE_OF].tolist() == [0, 0, 0, 0, 1, 0, *north]
    unknown = state.loc[("SOUTH", ""), STATE_OF]
    assert unknown[:6].isna().all()
    assert unknown[6:].tolist() == [1, 0, 0, 0, 1, 0]


def test_each_patient_is_told_of_their_own_ward_and_site():
    hospital = census()
    table = feature_table(snapshot(hospital, NOON), hospital, NOON, hospital_state(hospital, NOON))
    assert table["ward_inpatients"].fillna(-1).to_dict() == {"A": 3, "B": 3, "C": -1, "E": 3, "F": -1}
    assert table["site_inpatients"].to_dict() == {"A": 4, "B": 4, "C": 4, "E": 4, "F": 1}


@pytest.mark.parametrize(("minute", "inpatients"), [("11:59", 4), ("12:00", 4), ("12:59", 4), ("13:00", 3)])
def test_a_moment_is_told_of_its_last_whole_hour(minute, inpatients):
    hospital = census()
    at = pd.Timestamp(f"2026-01-10T{minute}:00Z")
    table = feature_table(snapshot(hospital, at), hospital, at, hospital_state(hospital, at))
    assert table.loc["A", "site_inpatients"] == inpatients  # D left the list at 12:00, E at 12:30, C came 11:59


def test_a_whole_year_of_hours_says_what_each_hour_says_alone():
    hours = pd.Series(pd.date_range(NOON - pd.Timedelta(days=364), NOON, freq="h"))
    whole = hospital_state(census(), hours)
    alone = hospital_state(census(), NOON)
    assert whole[whole["at"] == NOON].reset_index(drop=True).equals(alone)
    assert len(whole) == len(hours) * len(alone)


def test_a_few_peoples_stays_say_nothing_of_how_full_the_hospital_is():
    hospital = census()
    table = feature_table(snapshot(hospital, NOON), hospital, NOON)
    assert table[STATE_OF].isna().all(axis=None)


def test_a_state_of_another_hour_or_site_says_nothing():
    hospital = census()
    late = hospital_state(hospital, NOON + pd.Timedelta(hours=1))
    here = hospital_state(hospital, NOON)
    elsewhere = here.assign(site="OTHER " + here["site"].astype(str))
    for state in (late, elsewhere):
        table = feature_table(snapshot(hospital, NOON), hospital, NOON, state)
        assert table[STATE_OF].isna().all(axis=None)


@pytest.mark.parametrize("dates", ["per_patient", "none"])
def test_dates_that_do_not_compare_have_no_state(dates):
    hospital = replace(census(), dates=dates)
    assert hospital_state(hospital, NOON).empty
    assert not {feature.name for feature in catalogue(hospital)} & set(STATE_COLUMNS)


def test_every_count_is_in_the_catalogue_in_the_tables_order():
    assert tuple(feature.name for feature in STATE) == STATE_COLUMNS
    assert len(STATE_COLUMNS) == 2 * len(COUNTS)


@pytest.mark.parametrize("naive", [pd.Timestamp("2026-01-10T12:00"), pd.Series(pd.to_datetime(["2026-01-10"]))])
def test_a_moment_without_a_zone_is_refused(naive):
    with pytest.raises(ValueError, match="time zone"):
        hospital_state(census(), naive)


def test_a_hospital_that_records_no_wards_still_counts_its_sites():
    state = hospital_state(census(events=EVENTS[1:3]), NOON)
    assert state[["site", "ward"]].astype(str).to_numpy().tolist() == [["NORTH", ""], ["SOUTH", ""]]
    assert state["site_inpatients"].tolist() == [4, 1]
    assert state["ward_inpatients"].isna().all()
