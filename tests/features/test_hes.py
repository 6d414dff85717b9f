"""HES: good episodes become a good hospital, in which nothing is known before it could be."""

import gzip

import pandas as pd
import pytest

import features
from features.snapshot import snapshot
from features.sources.hes_episode import REQUIRED
from features.table import feature_table
from features.tables import Hospital

GOES_ON = {"DISDATE": "", "DISMETH": "8", "DISDEST": "98"}
TWO_EPISODES = (
    {**GOES_ON, "EPIEND": "2024-05-08", "TRETSPEF": "326"},
    {"EPISTART": "2024-05-08", "EPIORDER": "2", "TRETSPEF": "430", "DIAG_4_02": "F03X", "DIAG_4_03": "I10X"},
)
STILL_IN = {
    **{"ADMIDATE": "2025-03-20", "EPISTART": "2025-03-20", "EPIEND": "", "EPISTAT": "1"},
    **{**GOES_ON, "DIAG_4_01": "", "DIAG_4_02": ""},
}


def london(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="Europe/London")


def events_of(hospital: Hospital, name: str) -> pd.DataFrame:
    return hospital.events[hospital.events["name"] == name].reset_index(drop=True)


def features_at(hospital: Hospital, at: str) -> pd.DataFrame:
    return feature_table(snapshot(hospital, london(at)), hospital, london(at))


class TestSpells:
    def test_the_episodes_of_a_spell_become_one_admission(self, hes):
        stays = hes(*TWO_EPISODES).admissions
        assert stays["admission_id"].tolist() == ["KEY1"]
        assert stays["admitted_at"].tolist() == [london("2024-05-06 00:00")]
        assert stays["discharged_at"].tolist() == [london("2024-05-10 23:59")]

    def test_facts_of_the_start_come_from_the_first_episode_and_of_the_end_from_the_last(self, hes):
        first, last = TWO_EPISODES
        stay = hes({**last, "STARTAGE": "82", "DISDEST": "54"}, first).admissions.iloc[0]  # in any order
        assert stay[["treatment_function", "age", "discharge_destination"]].tolist() == ["326", 81, "54"]

    def test_values_become_the_codes_of_the_contract(self, hes):
        odd = {"DISDEST": "86", "ADMISORC": "69", "SEX": "0", "ETHNOS": "4", "STARTAGE": "7003"}
        stay = hes(odd).admissions.iloc[0]
        codes = ["discharge_destination", "admission_source", "sex", "ethnic_category", "age"]
        assert stay[codes].tolist() == ["85", "65", "X", "H", 0]
        assert stay[["site", "patient_classification", "deprivation_decile"]].tolist() == ["RAA01", "1", 2]

    def test_what_hes_does_not_know_is_missing_or_not_known(self, hes):
        null = {"ADMISORC": "", "DISDEST": "-", "ETHNOS": "X", "IMD04_DECILE": "", "INTMANIG": "Not applicable"}
        more = {"TRETSPEF": "&", "MAINSPEF": "430", "SITETRET": "01", "CLASSPAT": "9", "SPELDUR": "9999"}
        stay = hes({**null, **more}).admissions.iloc[0]
        codes = ["admission_source", "discharge_destination", "ethnic_category", "treatment_function", "site"]
        assert stay[codes].tolist() == ["99", "99", "99", "430", "RAA"]
        missing = [
            "deprivation_decile",
            "intended_management",
            "patient_classification",
            "provisional_diagnosis",
        ]
        assert stay[missing].isna().all()

    def test_an_unfinished_episode_is_a_stay_that_is_still_open(self, hes):
        found = hes({}, STILL_IN)
        assert found.admissions["discharged_at"].isna().tolist() == [False, True]
        assert found.admissions.loc[1, ["discharge_method", "discharge_destination"]].isna().all()

    def test_a_spell_without_its_end_stays_open_and_is_counted(self, hes):
        found = hes({}, {**GOES_ON, "PSEUDO_HESID": "PERSON2"})
        assert found.admissions["discharged_at"].isna().tolist() == [False, True]
        assert any("row 3: a spell should end" in note for note in found.notes)

    @pytest.mark.parametrize("null", ["", "1800-01-01", "1801-01-01", "1600-01-01", "1582-10-15"])
    def test_a_discharge_without_its_date_takes_the_end_of_the_last_episode(self, hes, null):
        found = hes({"DISDATE": null, "SPELDUR": "4"})
        assert found.admissions["discharged_at"].tolist() == [london("2024-05-10 23:59")]
        assert any("row 2: DISDATE should be given" in note for note in found.notes)

    def test_a_spell_that_ended_on_no_known_day_is_left_out_not_left_open(self, hes):
        found = hes({}, {"PSEUDO_HESID": "PERSON2", "DISDATE": "", "EPIEND": ""})
        assert found.admissions["patient_id"].tolist() == ["PERSON1"]
        assert "1 spells of 1 episodes ended, but on no known day, and are left out" in found.notes

    def test_spells_with_a_birth_or_delivery_are_left_out_whole_and_counted(self, hes):
        mother = {"PSEUDO_HESID": "PERSON2", "STARTAGE": "30", "ADMIMETH": "31"}
        spell = [{**episode, **mother} for episode in TWO_EPISODES]
        found = hes({}, spell[0], {**spell[1], "EPITYPE": "2"})
        assert found.admissions["patient_id"].tolist() == ["PERSON1"]
        assert any("1 spells of 2 episodes hold a birth or delivery" in note for note in found.notes)

    def test_day_cases_and_regular_attenders_keep_their_class(self, hes):
        on_the_day = {"DISDATE": "2024-05-06", "EPIEND": "2024-05-06"}
        rows = [{**on_the_day, "CLASSPAT": code, "PSEUDO_HESID": f"PERSON{code}"} for code in "2345"]
        found = hes(*rows[:3]).admissions
        assert found["patient_classification"].tolist() == ["2", "3", "4"]

    def test_a_row_without_a_person_or_an_admission_date_is_counted_and_not_used(self, hes):
        found = hes({}, {"PSEUDO_HESID": ""}, {"ADMIDATE": "1801-01-01"})
        assert len(found.admissions) == 1
        note = "episode rows 3, 4: PSEUDO_HESID and ADMIDATE should be given; the row is not used"
        assert note in found.notes

    def test_a_spell_without_an_age_is_counted_and_left_out(self, hes):
        found = hes({}, {"PSEUDO_HESID": "PERSON2", "STARTAGE": ""})
        assert found.admissions["patient_id"].tolist() == ["PERSON1"]
        assert "1 spells of 1 episodes have no age and are left out" in found.notes

    def test_an_episode_repeated_under_another_key_is_used_once(self, hes):
        found = hes({}, {})
        assert len(found.admissions) == 1
        assert any("row 3: an episode should not be repeated" in note for note in found.notes)


class TestDays:
    """HES has days and no hours: nothing may be known before it could be, and no stay may overlap the next."""

    def test_a_stay_of_one_day_is_a_stay(self, hes):
        found = hes({"DISDATE": "2024-05-06", "EPIEND": "2024-05-06", "CLASSPAT": "2"})
        assert snapshot(found, london("2024-05-06 08:00"))["patient_id"].tolist() == ["PERSON1"]
        assert snapshot(found, london("2024-05-07 08:00")).empty

    def test_a_discharge_is_not_known_until_its_day_is_over(self, hes):
        found = hes({})
        assert len(snapshot(found, london("2024-05-10 23:58"))) == 1
        assert len(snapshot(found, london("2024-05-10 23:59"))) == 0

    def test_midnight_is_londons_on_both_sides_of_a_clock_change(self, hes):
        found = hes({"DISDATE": "2024-10-29", "EPIEND": "2024-10-29"}).admissions.iloc[0]
        assert found["admitted_at"] == pd.Timestamp("2024-05-05 23:00Z")
        assert found["discharged_at"] == pd.Timestamp("2024-10-29 23:59Z")

    def test_a_transfer_on_one_day_is_two_stays_that_follow_each_other(self, hes):
        sent = {"DISDEST": "51"}
        taken = {"PROCODE3": "RBB", "ADMIMETH": "2B", "ADMISORC": "51", "SITETRET": "RBB01"}
        taken |= {
            "ADMIDATE": "2024-05-10",
            "EPISTART": "2024-05-10",
            "EPIEND": "2024-05-20",
            "DISDATE": "2024-05-20",
        }
        found = hes(taken, sent).admissions.sort_values("admitted_at")
        assert found["discharge_destination"].tolist() == ["51", "19"]
        assert found["admitted_at"].tolist()[1] == found["discharged_at"].tolist()[0]

    def test_a_day_case_and_an_admission_on_one_day_at_one_provider_are_two_stays(self, hes):
        day_case = {"DISDATE": "2024-05-06", "EPIEND": "2024-05-06", "CLASSPAT": "2", "ADMIMETH": "12"}
        found = hes(*TWO_EPISODES, day_case).admissions.sort_values("admitted_at")
        assert found["admission_method"].tolist() == ["12", "21"]
        assert found["admitted_at"].tolist()[1] == found["discharged_at"].tolist()[0]
        assert found["discharged_at"].tolist()[1] == london("2024-05-10 23:59")

    def test_the_notes_say_what_was_assumed_of_hours_and_of_coding(self, hes):
        notes = " ".join(hes({}).notes)
        assert "HES has no times of day: a stay begins at 00:00 of ADMIDATE" in notes
        assert "HES does not say when a diagnosis was coded" in notes

    def test_a_date_that_a_database_wrote_with_midnight_is_a_date(self, hes):
        found = hes({"DISDATE": "2024-05-10 00:00:00.000", "EPIEND": "2024-05-10T00:00:00", "SPELDUR": "4"})
        assert found.admissions["discharged_at"].tolist() == [london("2024-05-10 23:59")]


class TestDiagnoses:
    def test_each_code_comes_once_and_the_first_episodes_primary_is_number_one(self, hes):
        coded = events_of(hes(*TWO_EPISODES), "coded_diagnosis")
        assert coded[["number", "text"]].to_numpy().tolist() == [[1, "J18.9"], [2, "I10"], [3, "F03"]]

    @pytest.mark.parametrize(
        ("received", "known"),
        [
            ("2024-05-20", "2024-05-20 23:59"),
            ("", "2024-06-30 23:59"),
            ("1801-01-01", "2024-06-30 23:59"),
            ("2024-05-10", "2024-06-30 23:59"),  # not coded by the day of discharge
        ],
    )
    def test_a_code_is_known_when_received_or_when_the_months_submissions_close(self, hes, received, known):
        coded = events_of(hes({"SUBDATE": received}), "coded_diagnosis")
        assert set(coded["happened_at"]) == {london("2024-05-10 23:59")}
        assert set(coded["recorded_at"]) == {london(known)}

    def test_the_code_for_no_diagnosis_is_no_diagnosis(self, hes):
        found = hes({"DIAG_4_01": "R69X", "DIAG_4_02": ""})
        assert events_of(found, "coded_diagnosis").empty
        assert "1 ended stays have no diagnosis, or only R69X: not coded" in found.notes

    def test_an_open_stay_has_no_coded_diagnosis(self, hes):
        coded = events_of(hes({}, {**STILL_IN, "DIAG_4_01": "J189"}), "coded_diagnosis")
        assert set(coded["admission_id"]) == {"KEY1"}


class TestEndToEnd:
    def test_a_later_specialty_is_known_from_the_end_of_the_day_it_began(self, hes):
        found = hes(*TWO_EPISODES)
        at = [features_at(found, f"2024-05-{day} 08:00")["specialty"].tolist() for day in ("07", "08", "09")]
        assert at == [["326"], ["326"], ["430"]]
        assert features_at(found, "2024-05-09 08:00")["treatment_function"].tolist() == ["326"]

    def test_changing_the_rest_of_the_spell_never_changes_an_earlier_moment(self, hes):
        first, last = TWO_EPISODES
        other = {"TRETSPEF": "100", "DISDEST": "79", "DISMETH": "4", "DIAG_4_01": "C349", "CLASSPAT": "4"}
        other |= {"DISDATE": "2024-07-01", "EPIEND": "2024-07-01"}
        one, two = hes(first, last), hes(first, {**last, **other})
        at = "2024-05-08 08:00"
        pd.testing.assert_frame_equal(features_at(one, at), features_at(two, at), check_categorical=False)

    def test_earlier_stays_count_at_once_and_their_diagnoses_once_they_are_coded(self, hes):
        def back(day: str) -> dict[str, str]:
            return {"ADMIDATE": day, "EPISTART": day, "EPIEND": day[:-2] + "28", "DISDATE": day[:-2] + "28"}

        found = hes({"DIAG_4_01": "I500"}, back("2024-06-10"), back("2024-07-10"))
        soon, later = features_at(found, "2024-06-11 08:00"), features_at(found, "2024-07-11 08:00")
        assert [soon["earlier_stays"].item(), later["earlier_stays"].item()] == [1, 2]
        assert soon["charlson"].isna().all()
        assert later["charlson"].tolist() == [1]

    def test_everybody_in_a_bed_is_in_the_snapshot_with_every_feature_of_the_catalogue(self, hes):
        others = [{**episode, "PSEUDO_HESID": "PERSON2"} for episode in TWO_EPISODES]
        found = hes({}, *others, {**STILL_IN, "PSEUDO_HESID": "PERSON3"})
        table = features_at(found, "2024-05-09 08:00")
        assert len(table) == 2
        assert table[["age", "weekday", "admitted_weekday"]].to_numpy().tolist() == [[81, 3, 0], [81, 3, 0]]


BEFORE_THE_YEAR = {"ADMIDATE": "2024-03-20", "EPISTART": "2024-03-20"}
UNFINISHED = {**STILL_IN, **BEFORE_THE_YEAR, "FYEAR": "2324", "EPIKEY": "OLD"}
FINISHED = {**BEFORE_THE_YEAR, "EPIEND": "2024-04-20", "DISDATE": "2024-04-20", "SPELBGIN": "1"}


class TestYears:
    def test_an_episode_left_unfinished_by_one_year_and_finished_in_the_next_is_one_stay(self, hes_frame, hes):
        found = hes(apc_2324=hes_frame(UNFINISHED), apc_2425=hes_frame(FINISHED)).admissions
        assert found["admission_id"].tolist() == ["KEY1"]
        assert found["discharged_at"].tolist() == [london("2024-04-20 23:59")]
        assert found["admission_recorded_at"].tolist() == [london("2024-03-20")]

    def test_who_came_before_the_first_year_is_not_seen_before_it_begins(self, hes):
        found = hes(FINISHED)  # those who left in March are in no file, so March would be long stays only
        assert snapshot(found, london("2024-03-31 08:00")).empty
        assert snapshot(found, london("2024-04-01 08:00"))["hours_so_far"].tolist() == [12 * 24 + 8 - 1]

    def test_without_its_first_episode_a_spell_has_no_specialty_of_admission(self, hes):
        later = {**FINISHED, "EPISTART": "2024-04-10", "EPIORDER": "2", "SPELBGIN": "0"}
        stay = hes(later).admissions.iloc[0]
        assert pd.isna(stay["treatment_function"])
        assert stay["site"] == "RAA"

    def test_names_in_small_letters_and_compressed_files_are_read(self, hes_frame, tmp_path):
        content = hes_frame({}).rename(columns=str.lower).to_csv(index=False).encode()
        (tmp_path / "apc.csv.gz").write_bytes(gzip.compress(content))
        assert len(features.read("hes", tmp_path).admissions) == 1

    def test_a_file_with_only_the_needed_columns_is_enough(self, hes_frame, hes):
        found = hes(apc=hes_frame({})[[*REQUIRED]])
        assert found.admissions.loc[0, ["site", "admission_method"]].tolist() == ["RAA", "21"]
        assert found.events.empty
