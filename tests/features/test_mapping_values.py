"""Values that a mapping does not know are told and counted, and none that may name a person."""

import pandas as pd
import pytest

from features.sources.mapped_code import counted, tellable
from tests.small_folder import MAPPING, OBS, SPELLS, read, told, with_rows


class TestValues:
    def test_every_fault_is_told_at_once_and_warnings_apart(self, folder):
        spells = (
            SPELLS.replace(",F,", ",Female,").replace("06/01/2026 09:10", "6 Jan").replace("Specialty", "Spec")
        )
        said = told(
            folder(
                MAPPING.replace('"Specialty"', '"Spec"'),
                **{
                    "spells.csv": spells.replace(",67,", ",167,"),
                    "obs.csv": OBS.replace(",5,", ",five,"),
                    "more.csv": "a\n1\n",
                },
            )
        )
        assert "has 4 faults" in said
        for sentence in (
            "sex has values",
            "admitted_at must be",
            "age must be from 0 to 120, found 167",
            "news2 must",
        ):
            assert sentence in said
        assert said.index("and beside them 1 warnings") > said.index("news2 must")

    def test_rows_of_the_contracts_faults_are_those_of_the_file(self, folder):
        said = told(folder(**{"spells.csv": SPELLS.replace(",67,", ",167,")}))
        assert "admissions row spells.csv:3: age must be from 0 to 120, found 167" in said

    def test_rows_of_no_stay_are_left_out_and_counted(self, folder):
        row = "S9,05/01/2026 15:10,05/01/2026 15:22,5,Y"
        hospital = read(folder(**{"obs.csv": with_rows(OBS, row)}))
        assert len(hospital.events) == 4
        assert any("1 of 3 rows are of no stay in admissions: left out" in note for note in hospital.notes)

    def test_everything_else_is_counted(self, folder):
        mapping = MAPPING.replace('M = "1"', '"*" = "X"')
        hospital = read(folder(mapping))
        assert hospital.admissions["sex"].tolist() == ["2", "X"]
        assert any(
            "1 values that its codes do not list are taken as X: M (1)" in note for note in hospital.notes
        )

    def test_a_person_in_two_rows_of_a_further_part_is_a_fault(self, folder):
        part = (
            '[files.people]\npath = "people.csv"\n[[admissions]]\nfile = "people"\nby = "patient_id"\n'
            '[admissions.columns]\npatient_id = "No"\nethnic_category = "Eth"\n'
        )
        said = told(folder(MAPPING + part, **{"people.csv": "No,Eth\nP1,A\nP1,B\nP2,A\n"}))
        assert "people rows people.csv:2, people.csv:3: patient_id must be in one row only" in said
        hospital = read(folder(MAPPING + part, **{"people.csv": "No,Eth\nP1,A\nP7,B\n"}))
        assert hospital.admissions["ethnic_category"].isna().tolist() == [False, True]
        assert any("1 of 2 rows are of no patient_id of admissions" in note for note in hospital.notes)
        assert any("1 of 2 stays have no row by patient_id" in note for note in hospital.notes)

    def test_columns_that_look_like_facts_are_pointed_at(self, folder):
        rows = [
            f"S{place},P{place},05/01/2026 14:20,,21,F,81,Cardiology,{code},{spec}"
            for place, (code, spec) in enumerate([("J18.9", "300"), ("N39.0", "430"), ("I50.1", "320")] * 8, 10)
        ]
        content = "\n".join([SPELLS.split("\n")[0] + ",XYZ,Col7", *rows]) + "\n"
        mapping = MAPPING.split("[[events]]")[0]
        notes = " ".join(read(folder(mapping, **{"spells.csv": content})).notes)
        assert "XYZ (looks like coded_diagnosis or provisional_diagnosis)" in notes
        assert "Col7 (looks like treatment_function)" in notes
        added = (
            OBS.replace("Alone\n", "Alone,Rockwood,Blank\n").replace("Y\n", "Y,5,\n").replace("N\n", "N,6,\n")
        )
        hospital = read(folder(MAPPING, **{"obs.csv": added}))
        assert any("Rockwood (looks like clinical_frailty_scale), Blank (empty)" in it for it in hospital.notes)


class TestPrivacy:
    @pytest.mark.parametrize(
        "value", ["943 476 5919", "9434765919", "jo@example.org", "Smith, John", "O'Neill", "1945-03-02 x" * 4]
    )
    def test_what_may_name_a_person_is_never_told(self, value):
        assert not tellable(value, 1000)

    def test_a_column_of_many_different_values_is_not_told(self):
        assert "Lee" not in counted(pd.Series([*["Lee"] * 5, *(f"N{place}" for place in range(60))]))

    def test_names_in_place_of_codes_are_not_repeated(self, folder):
        content = SPELLS.replace(",F,", ",Margaret Thompson,").replace(",M,", ",Arthur Llewellyn,")
        mapping = MAPPING.replace('[admissions.codes.sex]\nF = "2"\nM = "1"\n', "")
        for text in (MAPPING, mapping):
            said = told(folder(text, **{"spells.csv": content}))
            assert "sex" in said
            assert "Thompson" not in said
            assert "Llewellyn" not in said
