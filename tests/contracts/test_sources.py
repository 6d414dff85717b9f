"""What every source of real data owes to the rest of the project, and what each of them promises by itself."""

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import features
from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS
from features.sources import diabetes130
from features.sources.mimic4_codes import LAB_EVENTS
from features.tables import Hospital, check

SOURCES = {"diabetes130": "diabetes130", "mimic4": "mimic-iv-demo"}  # source: its folder in the real data
DATES = {"diabetes130": "none", "mimic4": "per_patient", "hes": "comparable"}
CODED_NAMES = ("coded_diagnosis", "coded_icd9")


@pytest.fixture(scope="session")
def hospital_of(request: pytest.FixtureRequest) -> Callable[[str], Hospital]:
    def read(source: str) -> Hospital:
        if source == "hes":
            return features.read(source, request.getfixturevalue("hes_folder"))
        return features.read(source, request.getfixturevalue("real_data") / SOURCES[source])

    return cache(read)


@pytest.fixture(params=[*SOURCES, "hes"])
def hospital(request: pytest.FixtureRequest, hospital_of: Callable[[str], Hospital]) -> Hospital:
    return hospital_of(request.param)


@pytest.fixture
def diabetes(hospital_of: Callable[[str], Hospital]) -> Hospital:
    return hospital_of("diabetes130")


@pytest.fixture
def mimic(hospital_of: Callable[[str], Hospital]) -> Hospital:
    return hospital_of("mimic4")


def with_stay(events: pd.DataFrame, hospital: Hospital) -> pd.DataFrame:
    return events.merge(hospital.admissions, on="admission_id", validate="many_to_one")


def raw(real_data: Path, table: str) -> pd.DataFrame:
    return pd.read_csv(real_data / f"{table}.csv.gz", dtype=str, keep_default_na=False)


class TestEverySource:
    def test_its_tables_have_the_columns_of_the_contract_in_order(self, hospital):
        assert list(hospital.admissions) == [column.name for column in ADMISSION_COLUMNS]
        assert list(hospital.events) == [column.name for column in EVENT_COLUMNS]

    def test_its_tables_pass_the_check_again_unchanged(self, hospital):
        again = check(hospital.admissions, hospital.events, hospital.facts, source="again")
        assert again.admissions.equals(hospital.admissions)
        assert again.events.equals(hospital.events)

    def test_it_is_not_empty(self, hospital):
        assert len(hospital.admissions) > 200
        assert len(hospital.events) > 10_000

    def test_each_stay_has_its_own_id(self, hospital):
        assert hospital.admissions["admission_id"].is_unique

    def test_every_instant_carries_the_zone_of_the_hospital(self, hospital):
        for table, columns in ((hospital.admissions, ADMISSION_COLUMNS), (hospital.events, EVENT_COLUMNS)):
            for column in columns:
                if column.kind == "instant":
                    assert str(table[column.name].dtype) == f"datetime64[us, {hospital.facts.time_zone}]"

    def test_nobody_leaves_before_they_arrive(self, hospital):
        stays = hospital.admissions
        assert not (stays["discharged_at"] < stays["admitted_at"]).any()

    def test_no_event_is_recorded_before_it_happened(self, hospital):
        assert (hospital.events["recorded_at"] >= hospital.events["happened_at"]).all()

    def test_every_event_is_of_a_stay(self, hospital):
        assert hospital.events["admission_id"].isin(hospital.admissions["admission_id"]).all()

    def test_coded_diagnoses_are_recorded_after_discharge(self, hospital):
        coded = with_stay(hospital.events[hospital.events["name"].isin(CODED_NAMES)], hospital)
        assert len(coded) > 1_000
        assert (coded["recorded_at"] > coded["discharged_at"]).all()

    def test_coded_diagnoses_are_never_shown_to_a_model(self, hospital):
        named = [event for name, event in hospital.facts.events.items() if name in CODED_NAMES]
        assert not any(event.feature for event in named)

    def test_it_says_whether_its_dates_compare(self, hospital):
        assert hospital.dates == DATES[hospital.source]


class TestMimic4:
    def test_a_result_is_known_when_it_was_stored(self, mimic, real_data):
        results = raw(real_data, "mimic-iv-demo/hosp/labevents")
        for item, (name, _, _) in LAB_EVENTS.items():
            given = results[
                (results["itemid"] == item) & (results["valuenum"] != "") & (results["hadm_id"] != "")
            ]
            wanted = given["hadm_id"] + given["charttime"] + given["storetime"]
            found = mimic.events[mimic.events["name"] == name]
            clock = "%Y-%m-%d %H:%M:%S"
            times = [found[column].dt.strftime(clock) for column in ("happened_at", "recorded_at")]
            assert set(wanted) <= set(found["admission_id"] + times[0] + times[1])

    def test_some_results_are_stored_later_than_taken_by_hours(self, mimic):
        results = mimic.events[mimic.events["name"] == "albumin"]
        hours = (results["recorded_at"] - results["happened_at"]).dt.total_seconds() / 3600
        assert 0.5 < hours.median() < 4

    @pytest.mark.parametrize(
        ("name", "low", "high"),
        [
            ("haemoglobin", 70, 130),
            ("sodium", 130, 145),
            ("potassium", 3.5, 5),
            ("urea", 4, 15),
            ("creatinine", 60, 160),
            ("white_cells", 6, 15),
            ("albumin", 25, 40),
            ("lactate", 1, 3),
        ],
    )
    def test_results_are_in_the_units_of_the_contract(self, mimic, name, low, high):
        numbers = mimic.events.loc[mimic.events["name"] == name, "number"]
        assert low < numbers.quantile(0.25) <= numbers.quantile(0.75) < high * 1.5
        assert low < numbers.median() < high

    def test_creatinine_of_1_mg_in_a_decilitre_is_88_micromoles_in_a_litre(self, mimic, real_data):
        assert LAB_EVENTS["50912"][2] == pytest.approx(88.4, abs=0.01)
        assert LAB_EVENTS["51006"][2] == pytest.approx(0.357, abs=0.0001)

    def test_results_of_the_emergency_department_before_admission_are_kept(self, mimic):
        sodium = with_stay(mimic.events[mimic.events["name"] == "sodium"], mimic)
        assert (sodium["happened_at"] < sodium["admitted_at"]).sum() > 10

    def test_diagnoses_are_icd_10_with_a_dot_and_a_position(self, mimic):
        coded = mimic.events[mimic.events["name"] == "coded_diagnosis"]
        assert coded["text"].str.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?").all()
        assert (coded["number"] >= 1).all()
        assert any("ICD-9" in note for note in mimic.notes)

    def test_everybody_who_died_is_known_to_have_died_once_and_not_too_soon(self, mimic, real_data):
        deaths = with_stay(mimic.events[mimic.events["name"] == "patient_died"], mimic)
        patients = raw(real_data, "mimic-iv-demo/hosp/patients").set_index("subject_id")
        dead = patients.index[patients["dod"] != ""]
        assert sorted(deaths["patient_id"]) == sorted(dead)
        died_on = pd.to_datetime(deaths["patient_id"].map(patients["dod"])).dt.tz_localize("UTC")
        assert (deaths["happened_at"].dt.normalize() == died_on).all()
        after = deaths["discharge_method"] != "4"
        assert (deaths["recorded_at"] >= died_on + pd.Timedelta(days=1))[after].all()

    def test_nobody_leaves_their_bed_before_they_die_in_it(self, mimic):
        deaths = with_stay(mimic.events[mimic.events["name"] == "patient_died"], mimic)
        inside = deaths[deaths["discharge_method"] == "4"]
        assert len(inside) == 15
        assert (inside["discharged_at"] >= inside["happened_at"]).all()

    def test_a_transfer_from_a_hospital_is_no_new_emergency(self, mimic):
        moved = mimic.admissions[mimic.admissions["admission_source"] == "51"]
        assert not moved["admission_method"].isin(mimic.facts.group("admission_method", "emergency")).any()

    def test_the_folder_of_the_tables_serves_as_well_as_the_one_it_is_in(self, mimic, real_data):
        inner = features.read("mimic4", real_data / "mimic-iv-demo" / "hosp")
        pd.testing.assert_frame_equal(inner.events, mimic.events)


class TestHes:
    def test_a_hospital_comes_back_out_of_its_episodes_with_days_for_instants(
        self, hospital_of, small_hospital
    ):
        order = "admission_id"
        found = hospital_of("hes").admissions.sort_values(order, ignore_index=True)
        given = small_hospital.admissions.sort_values(order, ignore_index=True)
        for column in ("admitted_at", "discharged_at"):
            assert found[column].dt.date.equals(given[column].dt.date)
        lost = ["site", "usual_residence", "provisional_diagnosis", *(c for c in given if c.endswith("_at"))]
        pd.testing.assert_frame_equal(found.drop(columns=lost), given.drop(columns=lost))

    def test_its_diagnoses_come_back_in_their_order(self, hospital_of, small_hospital):
        ended = small_hospital.admissions.dropna(subset="discharged_at")["admission_id"]
        lists = []
        for hospital in (hospital_of("hes"), small_hospital):
            coded = hospital.events[hospital.events["name"] == "coded_diagnosis"]
            coded = coded[coded["admission_id"].isin(ended)].sort_values(["admission_id", "number"])
            coded = coded.drop_duplicates(["admission_id", "text"])
            lists.append(coded.groupby("admission_id")["text"].agg(list))
        assert lists[0].equals(lists[1])

    def test_nobody_is_in_two_stays_at_once_where_nobody_was(self, hospital_of):
        stays = hospital_of("hes").admissions.sort_values(["patient_id", "admitted_at", "discharged_at"])
        before = stays.groupby("patient_id")["discharged_at"].shift()
        assert not (stays["admitted_at"] < before).any()


class TestDiabetes130:
    def test_one_in_nine_eligible_stays_is_followed_by_another_within_30_days(self, diabetes):
        readmitted = diabetes.outcomes["readmitted"].dropna()
        assert 100 * readmitted.mean() == pytest.approx(11.4, abs=0.3)

    def test_those_who_died_or_went_to_a_hospice_have_no_readmission_outcome(self, diabetes):
        gone = diabetes.admissions["discharge_method"].eq("4") | diabetes.admissions[
            "discharge_destination"
        ].eq("88")
        assert gone.sum() == 1686
        assert (diabetes.outcomes["readmitted"].isna() == gone).all()

    def test_outcomes_have_a_row_for_each_admission_in_the_same_order(self, diabetes):
        assert list(diabetes.outcomes) == ["admission_id", "readmitted", "stay_days"]
        assert diabetes.outcomes["admission_id"].equals(diabetes.admissions["admission_id"])
        days = (diabetes.admissions["discharged_at"] - diabetes.admissions["admitted_at"]).dt.days
        assert (days == diabetes.outcomes["stay_days"]).all()
        assert days.between(1, 14).all()

    def test_a_label_is_known_only_if_it_is_yes_and_only_when_the_next_stay_begins(self, diabetes, real_data):
        known = diabetes.events[diabetes.events["name"] == "readmitted_within_30_days"].set_index(
            "admission_id"
        )
        stays = diabetes.admissions.set_index("admission_id")
        next_began_at = stays.groupby("patient_id")["admitted_at"].shift(-1)
        labels = raw(real_data, "diabetes130/diabetic_data").set_index("encounter_id")["readmitted"]
        early = labels.reindex(stays.index) == "<30"
        assert set(known.index) == set(stays.index[early & next_began_at.notna()])
        assert (known["number"] == 1).all()
        assert (known["recorded_at"] == next_began_at[known.index]).all()

    def test_stays_of_a_patient_keep_the_order_of_their_ids(self, diabetes):
        ids = diabetes.admissions["admission_id"].astype("int64")
        by_time = diabetes.admissions.assign(number=ids).sort_values(["patient_id", "admitted_at"])
        assert (by_time.groupby("patient_id")["number"].diff().dropna() > 0).all()

    def test_what_is_known_at_discharge_is_not_known_before(self, diabetes):
        later = [name for name, event in diabetes.facts.events.items() if event.known == "X"]
        told = with_stay(diabetes.events[diabetes.events["name"].isin(later)], diabetes)
        assert set(told["name"]) > {"medications", "drug_insulin", "hba1c_result", "discharge_disposition"}
        assert (told["recorded_at"] == told["discharged_at"]).all()

    def test_not_measured_is_no_event(self, diabetes, real_data):
        given = raw(real_data, "diabetes130/diabetic_data")
        names = diabetes.events["name"]
        assert (names == "hba1c_result").sum() == (given["A1Cresult"] != "None").sum()
        assert (names == "drug_insulin").sum() == (given["insulin"] != "No").sum()

    def test_every_code_of_the_files_legend_has_words(self, real_data):
        blocks = (real_data / "diabetes130" / "IDs_mapping.csv").read_text("utf-8").split("\n,\n")
        own = tomllib.loads(Path(diabetes130.__file__).with_suffix(".toml").read_text("utf-8"))
        tables = ("admission_type", "discharge_disposition", "admission_source")
        for table, block in zip(tables, blocks, strict=True):
            listed = [line.split(",")[0] for line in block.splitlines()[1:] if line.strip(", ")]
            assert set(listed) == set(own[table])
            words = [entry["words"] for entry in own[table].values()]
            assert len(set(words)) == len(words)
