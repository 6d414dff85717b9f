"""Whatever is wrong with what people give us is told in sentences, all at once, and nothing is written."""

import gzip
import os
import time
from pathlib import Path

import pandas as pd
import pytest

import features
from features.errors import DataFault, HomewardError, UnknownSource
from features.hospital import facts_with
from features.sources import diabetes130

LONGEST_REPORT = 4_000  # characters


def fault(source: str, path: Path | None) -> str:
    with pytest.raises(HomewardError) as raised:
        features.read(source, path)
    text = str(raised.value)
    assert len(text) < LONGEST_REPORT
    return text


class TestFilesThatAreNotThere:
    def test_an_unknown_source_is_told_with_the_known_ones(self):
        with pytest.raises(UnknownSource, match=r"one of extract, diabetes130, mimic4, .*found 'mimic3'"):
            features.read("mimic3", Path())

    @pytest.mark.parametrize("source", ["extract", "diabetes130", "mimic4"])
    def test_a_source_that_needs_a_path_says_so(self, source):
        assert f"source {source}: needs a path, the folder that holds" in fault(source, None)

    @pytest.mark.parametrize("source", ["extract", "diabetes130", "mimic4"])
    def test_a_missing_folder_is_named(self, source, tmp_path):
        text = fault(source, tmp_path / "nowhere")
        assert str(tmp_path / "nowhere") in text
        assert "there is no such folder" in text

    @pytest.mark.parametrize(
        ("source", "file"),
        [
            ("extract", "admissions.csv, admissions.csv.gz, admissions.parquet or admissions"),
            ("diabetes130", "diabetic_data.csv or diabetic_data.csv.gz"),
            ("mimic4", "labevents.csv or labevents.csv.gz"),
        ],
    )
    def test_a_missing_file_is_named(self, source, file, tmp_path):
        assert f"must hold {file}" in fault(source, tmp_path)

    def test_a_file_of_nearly_the_right_name_is_pointed_at(self, tmp_path):
        (tmp_path / "admission.csv").touch()
        assert "did you mean admission.csv?" in fault("extract", tmp_path)

    def test_a_file_in_place_of_a_folder_is_told(self, stays, extract):
        assert "must be the folder that holds" in fault("extract", extract(stays()) / "admissions.csv")

    def test_two_files_for_one_table_are_refused(self, stays, extract):
        folder = extract(stays())
        stays().to_parquet(folder / "admissions.parquet")
        assert "must hold one of admissions.csv, admissions.parquet, found 2 of them" in fault(
            "extract", folder
        )

    def test_every_missing_table_of_mimic_is_told_at_once(self, tmp_path):
        text = fault("mimic4", tmp_path)
        tables = ("admissions", "patients", "transfers", "services", "diagnoses_icd", "labevents")
        assert [table for table in tables if f"must hold {table}.csv" not in text] == []


class TestFilesThatCannotBeRead:
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            pytest.param(b"", "is empty", id="empty"),
            pytest.param(b"\n", "column 1 must have a name", id="blank"),
            pytest.param(b"admission_id,site\nA1,Glan Clwyd\xe9\n", "must be UTF-8 text", id="latin-1"),
            pytest.param("admission_id\nA1".encode("utf-16"), "must be UTF-8 text", id="utf-16"),
            pytest.param(b"a,b\n1,2\n1,2,3\n1\n1,2\n", "rows 3, 4: a line must have 2 values", id="ragged"),
            pytest.param(b'a,b\n1,"2\n3,4\n', "row 2: a value must not hold a line break", id="open quote"),
            pytest.param(b"a;b\n1;2\n", "values must be separated by commas", id="semicolons"),
            pytest.param(b"a,a\n1,2\n", "column a must appear once", id="column twice"),
            pytest.param(b"a,\n1,2\n", "column 2 must have a name", id="unnamed column"),
            pytest.param(gzip.compress(b"a,b\n1,2\n"), "must be UTF-8 text, found gzip", id="gzip named csv"),
            pytest.param(b"PK\x03\x04\n,", "must be UTF-8 text, found a workbook", id="workbook named csv"),
            pytest.param(b"PAR1\x15\n", "must be UTF-8 text, found Parquet", id="parquet named csv"),
            pytest.param(
                b"a,b\n" + b"x" * 3_000_000 + b",2\n", "holds a line longer than a million", id="endless line"
            ),
        ],
    )
    def test_a_broken_csv_file_is_a_sentence(self, content, sentence, tmp_path):
        (tmp_path / "admissions.csv").write_bytes(content)
        assert f"admissions.csv {sentence}" in fault("extract", tmp_path)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            pytest.param(
                gzip.compress(b"a,b\n" + os.urandom(9_999).hex().encode())[:-99], "is cut short", id="cut"
            ),
            pytest.param(b"a,b\n1,2\n", "is not gzip", id="not gzip"),
            pytest.param(b"", "is empty", id="empty"),
        ],
    )
    def test_a_broken_gzip_file_is_a_sentence(self, content, sentence, tmp_path):
        (tmp_path / "admissions.csv.gz").write_bytes(content)
        assert f"admissions.csv.gz {sentence}" in fault("extract", tmp_path)

    @pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1 and then nothing"])
    def test_what_is_not_parquet_is_a_sentence(self, content, tmp_path):
        (tmp_path / "admissions.parquet").write_bytes(content)
        assert "admissions.parquet is not a Parquet file, or is cut short" in fault("extract", tmp_path)

    def test_a_cut_parquet_file_is_a_sentence(self, stays, tmp_path):
        whole = tmp_path / "admissions.parquet"
        stays().to_parquet(whole)
        whole.write_bytes(whole.read_bytes()[:-30])
        assert "is not a Parquet file, or is cut short" in fault("extract", tmp_path)

    def test_a_folder_without_parts_is_a_sentence(self, tmp_path):
        (tmp_path / "admissions").mkdir()
        assert "must hold parts that end in .parquet" in fault("extract", tmp_path)

    def test_parts_of_unlike_columns_are_a_sentence(self, stays, tmp_path):
        (tmp_path / "admissions").mkdir()
        stays().to_parquet(tmp_path / "admissions" / "a.parquet")
        stays().drop(columns="sex").to_parquet(tmp_path / "admissions" / "b.parquet")
        assert "all parts must have the columns of the first, not so in b.parquet" in fault("extract", tmp_path)

    def test_both_tables_broken_are_told_together(self, tmp_path):
        (tmp_path / "admissions.csv").write_bytes(b"")
        (tmp_path / "events.parquet").write_bytes(b"x")
        text = fault("extract", tmp_path)
        assert "admissions.csv is empty" in text
        assert "events.parquet is not a Parquet file" in text

    def test_a_header_and_nothing_else_is_a_sentence(self, stays, extract):
        assert "must hold at least one row" in fault("extract", extract(stays().iloc[:0]))

    def test_a_published_file_without_rows_is_a_sentence(self, tmp_path):
        (tmp_path / "diabetic_data.csv").write_text(",".join(diabetes130.COLUMNS) + "\n")
        assert "diabetic_data.csv: must hold at least one row" in fault("diabetes130", tmp_path)

    def test_columns_that_a_published_file_lacks_are_told_all_at_once(self, tmp_path):
        (tmp_path / "diabetic_data.csv").write_text("encounter_id,patient_nbr\n1,2\n")
        text = fault("diabetes130", tmp_path)
        assert "has no column race, gender, age, " in text
        assert ", metformin-rosiglitazone, metformin-pioglitazone" in text

    def test_values_that_a_published_file_cannot_hold_are_told_with_their_rows(self, real_data, tmp_path):
        good = pd.read_csv(
            real_data / "diabetes130" / "diabetic_data.csv.gz", dtype=str, nrows=3, keep_default_na=False
        )
        bad = good.assign(age="old", readmitted=["NO", "soon", "NO"], num_medications="?")
        bad.to_csv(tmp_path / "diabetic_data.csv", index=False)
        text = fault("diabetes130", tmp_path)
        assert "rows 2, 3, 4: age must be a band such as [70-80), found old" in text
        assert "row 3: readmitted must be one of <30, >30, NO, found soon" in text
        assert "rows 2, 3, 4: num_medications must be a whole number" in text


class TestRowsThatBreakTheContract:
    @pytest.mark.parametrize(
        ("row", "sentence"),
        [
            ({"age": "210"}, "admissions row 3: age must be from 0 to 120, found 210"),
            ({"age": "nan"}, "admissions row 3: age must not be empty"),
            ({"age": "inf"}, "admissions row 3: age must be from 0 to 120, found inf"),
            ({"age": "81.5"}, "admissions row 3: age must be a whole number, found 81.5"),
            ({"age": "old"}, "admissions row 3: age must be a number, found old"),
            (
                {"sex": "F"},
                "admissions row 3: sex must be a code of NHS Data Dictionary PERSON STATED GENDER, found F",
            ),
            ({"admission_method": "2E"}, "admissions row 3: admission_method must be a code of"),
            ({"admission_method": ""}, "admissions row 3: admission_method must not be empty"),
            ({"admission_id": "A1"}, "admissions rows 2, 3: admission_id must be unique"),
            ({"patient_id": ""}, "admissions row 3: patient_id must not be empty"),
            ({"admitted_at": "2026-01-05 14:20"}, "admissions row 3: admitted_at must carry a time zone"),
            ({"admitted_at": "5/1/2026"}, "admissions row 3: admitted_at must be ISO 8601"),
            ({"admitted_at": ""}, "admissions row 3: admitted_at must not be empty"),
            (
                {"discharged_at": "2026-01-01T00:00Z"},
                "admissions row 3: discharged_at must not be before admitted_at",
            ),
        ],
    )
    def test_a_bad_admission_is_named_by_its_row_and_what_must_hold(self, row, sentence, stays, extract):
        assert sentence in fault("extract", extract(stays({}, {"admission_id": "A2", **row})))

    @pytest.mark.parametrize(
        ("row", "sentence"),
        [
            ({"admission_id": "A9"}, "events row 3: admission_id must be in the admissions table"),
            ({"recorded_at": ""}, "events row 3: recorded_at must not be empty"),
            ({"happened_at": "2026-01-06"}, "events row 3: happened_at must carry a time zone"),
            ({"name": ""}, "events row 3: name must not be empty"),
            ({"number": "NaN"}, "events row 3: number must be given for this event, found news2"),
            ({"number": "inf"}, "events row 3: number must be a finite number, found inf"),
            ({"number": "three"}, "events row 3: number must be a number, found three"),
            ({"name": "lives_alone", "number": "2"}, "events row 3: number of a flag must be 1 or 0, found 2"),
            (
                {"name": "pathway", "text": "P9"},
                "events row 3: text of pathway must be one of P0, P1, P2, P3, found P9",
            ),
            ({"name": "planned_discharge_on", "text": "soon"}, "events row 3: text must be a date such as"),
        ],
    )
    def test_a_bad_event_is_named_by_its_row_and_what_must_hold(self, row, sentence, stays, events, extract):
        assert sentence in fault("extract", extract(stays(), events({}, row)))

    def test_a_misspelt_column_is_told_with_the_right_one(self, stays, extract):
        text = fault("extract", extract(stays().rename(columns={"admitted_at": "admited_at"})))
        assert "column admited_at is not in the contract; did you mean admitted_at?" in text
        assert "column admitted_at is missing" in text

    def test_every_fault_of_both_tables_is_told_at_once(self, stays, events, extract):
        admissions = stays(
            {"age": "210"}, {"admission_id": "A2", "sex": "F"}, {"admission_id": "A3", "age": "-1"}
        )
        text = fault("extract", extract(admissions.assign(colour="red"), events({"number": "inf"})))
        assert "has 4 faults" in text
        for sentence in (
            "column colour",
            "rows 2, 4: age",
            "row 3: sex",
            "events row 2: number must be a finite",
        ):
            assert sentence in text

    def test_a_hundred_thousand_bad_rows_make_a_short_report_soon(self, stays, events, extract):
        count = 100_000
        ids = [f"A{number}" for number in range(count)]
        bad = {"age": 210, "sex": "F", "admission_method": "2E", "discharged_at": "2025-01-01T00:00Z"}
        admissions = stays().loc[[0] * count].assign(admission_id=ids, **bad)
        rows = (
            events({"number": "inf"})
            .loc[[0] * count]
            .assign(name=[f"name {number}" for number in range(count)])
        )
        folder = extract(admissions, rows)
        began = time.monotonic()
        text = fault("extract", folder)
        assert time.monotonic() - began < 30
        assert "rows 2, 3, 4, 5, 6 and 99,995 more: age must be from 0 to 120, found 210" in text

    def test_a_hundred_thousand_unknown_event_names_make_few_notes(self, stays, events, extract):
        rows = events().loc[[0] * 100_000].assign(name=[f"name {number}" for number in range(100_000)])
        notes = features.read("extract", extract(stays(), rows)).notes
        assert len(notes) < 30
        assert any("99,980 more event names are in no hospital.toml" in note for note in notes)


class TestFactsThatAreWrong:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("nation = ", "hospital.toml: must be TOML in UTF-8"),
            (b"# \xe9", "hospital.toml: must be TOML in UTF-8"),
            ('nation = "FRA"', "nation must be one of ENG, WLS, SCT, NIR, found 'FRA'"),
            ('time_zone = "London"', "time_zone must be an IANA name such as Europe/London, found 'London'"),
            ("time_zone = 1", "time_zone must be an IANA name"),
            ('board_round = "8"', "board_round must be a full hour such as 08:00"),
            ('wards = ["7"]', "unknown keys wards"),
            (
                '[events.falls]\nwords = "Falls"\nkind = "score"\nknown = "S"\ntheme = "f"',
                "kind must be one of number",
            ),
            (
                '[events.falls]\nwords = "Falls"\nkind = "flag"\nknown = "Q"\ntheme = "f"',
                "known must be one of P, H4",
            ),
            ('[events.falls]\nwords = "Falls"', "events.falls: needs kind"),
            ("[events.news2]\nlow = 'zero'", "events.news2: low must be a number, found 'zero'"),
            ("[events.news2]\nfeature = 1", "events.news2: feature must be true or false"),
            ("[events.pathway]\ncodes = [1]", "events.pathway: codes must be a list of texts"),
            ("[events.pathway]\ncodes = 1", "events.pathway: codes must be a list of texts, found 1"),
            ("[events.pathway]\ncolour = 1", "events.pathway: unknown key colour"),
            ("events = 3", "must be a table of keys"),
            ("[events]\nfalls = 3", "events.falls: must be a table of keys"),
        ],
    )
    def test_a_wrong_hospital_toml_is_a_sentence(self, text, sentence, stays, extract):
        assert sentence in fault("extract", extract(stays(), **{"hospital.toml": text}))

    def test_all_faults_of_a_hospital_toml_are_told_at_once(self):
        with pytest.raises(DataFault, match=r"hospital\.toml has 2 faults"):
            facts_with({"nation": "FRA", "time_zone": "London"})

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("dates = ", "must be TOML"),
            ('dates = "some"', "dates must be one of comparable, per_patient, none"),
        ],
    )
    def test_a_wrong_source_toml_is_a_sentence(self, text, sentence, stays, extract):
        assert f"source.toml: {sentence}" in fault("extract", extract(stays(), **{"source.toml": text}))
