"""What MIMIC-IV holds rarely, and the demo not at all."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

import features
from features.tables import Hospital

STAY = {
    "subject_id": "1",
    "hadm_id": "10",
    "admittime": "2150-01-01 12:00:00",
    "dischtime": "2150-01-05 12:00:00",
    "deathtime": "",
    "admission_type": "EW EMER.",
    "admission_location": "EMERGENCY ROOM",
    "discharge_location": "HOME",
    "race": "WHITE",
    "hospital_expire_flag": "0",
}
PATIENT = {"subject_id": "1", "gender": "F", "anchor_age": "70", "anchor_year": "2148", "dod": ""}
RESULT = {
    "subject_id": "1",
    "hadm_id": "10",
    "itemid": "50983",
    "charttime": "2150-01-02 06:00:00",
    "storetime": "2150-01-02 07:00:00",
    "valuenum": "140",
    "valueuom": "mEq/L",
}
SERVICE = {"hadm_id": "10", "transfertime": "2150-01-01 12:01:00", "curr_service": "MED"}
OTHER_COLUMNS = {
    "transfers": ["hadm_id", "eventtype", "careunit", "intime"],
    "diagnoses_icd": ["hadm_id", "seq_num", "icd_code", "icd_version"],
}
Rows = Sequence[Mapping[str, str]]


@pytest.fixture
def mimic(tmp_path: Path) -> Callable[..., Hospital]:
    """Return a function that reads small tables, each row given by what differs from an ordinary one."""

    def read(
        stays: Rows = ({},),
        results: Rows = ({},),
        patient: Mapping[str, str] | None = None,
        services: Rows = ({},),
    ) -> Hospital:
        tables = {
            "admissions": pd.DataFrame([{**STAY, **row} for row in stays]),
            "patients": pd.DataFrame([{**PATIENT, **(patient or {})}]),
            "labevents": pd.DataFrame([{**RESULT, **row} for row in results]),
            "services": pd.DataFrame([{**SERVICE, **row} for row in services]),
            **{name: pd.DataFrame(columns=columns) for name, columns in OTHER_COLUMNS.items()},
        }
        for name, table in tables.items():
            table.to_csv(tmp_path / f"{name}.csv.gz", index=False)
        return features.read("mimic4", tmp_path)

    return read


def results_of(hospital: Hospital) -> pd.DataFrame:
    return hospital.events[hospital.events["name"] == "sodium"]


def test_age_is_counted_from_the_anchor_year(mimic):
    assert mimic().admissions["age"].tolist() == [72]


def test_words_that_no_table_knows_are_counted_and_not_known(mimic):
    hospital = mimic([{"admission_type": "BY BOAT", "race": "MARTIAN"}])
    assert hospital.admissions.loc[0, ["admission_method", "ethnic_category"]].tolist() == ["99", "99"]
    assert (
        "admission_method: 1 of MIMIC-IV's words are in no table of codes, taken as not known" in hospital.notes
    )


def test_stays_that_end_before_they_begin_are_counted_and_left_out_with_their_events(mimic):
    backwards = {"hadm_id": "11", "dischtime": "2149-12-31 00:00:00"}
    hospital = mimic([{}, backwards], [{}, {"hadm_id": "11"}])
    assert hospital.admissions["admission_id"].tolist() == ["10"]
    assert set(hospital.events["admission_id"]) == {"10"}
    assert "1 stays that end before they begin are not used" in hospital.notes


def test_a_result_without_a_storage_time_is_known_a_day_after_it_was_taken(mimic):
    events = results_of(mimic(results=[{"storetime": ""}]))
    assert events["recorded_at"].tolist() == [pd.Timestamp("2150-01-03 06:00Z")]


def test_a_result_that_names_no_stay_belongs_to_the_one_it_was_taken_in(mimic):
    inside, outside = {"hadm_id": ""}, {"hadm_id": "", "charttime": "2150-03-01 06:00:00"}
    hospital = mimic(results=[inside, outside])
    assert results_of(hospital)["admission_id"].tolist() == ["10"]
    assert "1 laboratory results taken outside any stay are not used" in hospital.notes


@pytest.mark.parametrize(
    ("row", "why"), [({"valuenum": ""}, "without a number"), ({"valueuom": "g/dL"}, "in another unit")]
)
def test_a_result_that_cannot_be_read_is_counted_and_left_out(mimic, row, why):
    hospital = mimic(results=[{}, row])
    assert len(results_of(hospital)) == 1
    assert f"1 laboratory results {why} are not used" in hospital.notes


@pytest.mark.parametrize(("at", "expected"), [("2150-01-01 12:50:00", "300"), ("2150-01-02 09:00:00", None)])
def test_only_a_service_that_begins_with_the_stay_is_its_specialty(mimic, at, expected):
    found = mimic(services=[{"transfertime": at}]).admissions["treatment_function"][0]
    assert found == expected or (expected is None and pd.isna(found))


def test_a_death_on_the_day_of_discharge_is_not_before_the_discharge_and_known_when_the_day_is_over(mimic):
    events = mimic(patient={"dod": "2150-01-05"}).events
    death = events[events["name"] == "patient_died"].iloc[0]
    assert death["happened_at"] == pd.Timestamp("2150-01-05 12:00Z")
    assert death["recorded_at"] == pd.Timestamp("2150-01-06 00:00Z")


def test_a_death_belongs_to_the_last_stay_before_it(mimic):
    later = {"hadm_id": "12", "admittime": "2150-02-01 12:00:00", "dischtime": "2150-02-02 12:00:00"}
    events = mimic([later, {}], patient={"dod": "2150-02-20"}).events
    assert events.loc[events["name"] == "patient_died", "admission_id"].tolist() == ["12"]


def test_a_discharge_at_the_midnight_before_a_death_in_hospital_is_taken_as_the_death(mimic):
    died = {"dischtime": "2150-01-05 00:00:00", "deathtime": "2150-01-05 20:00:00", "hospital_expire_flag": "1"}
    stay = mimic([{**died, "discharge_location": "DIED"}], patient={"dod": "2150-01-05"}).admissions.iloc[0]
    assert stay["discharged_at"] == pd.Timestamp("2150-01-05 20:00Z")
    assert (stay["discharge_method"], stay["discharge_destination"]) == ("4", "79")
