"""Whatever is wrong with a mapping, or with the files that it maps, is told in sentences and all at once."""

import json
import os

import pandas as pd
import pytest

from tests.small_folder import MAPPING, SPELLS, read, told, with_rows


def test_the_small_folder_is_read(folder):
    hospital = read(folder())
    assert hospital.admissions["treatment_function"].tolist() == ["320", "320"]
    assert hospital.admissions["admitted_at"][0] == pd.Timestamp("2026-01-05T14:20Z")
    assert hospital.events["number"].tolist() == [5, 2, 1, 0]


@pytest.mark.parametrize(
    ("here", "instead", "sentence"),
    [
        ("time_zone =", "timezone =", "there is no key timezone; did you mean time_zone?"),
        ("dates =", "datez =", "files.spells: there is no key datez; did you mean dates?"),
        ("age =", "agee =", "admissions.columns: there is no column of admissions agee; did you mean age?"),
        ("news2 =", "news =", "events.columns: there is no event name news; did you mean news2?"),
        ("lives_alone]", "lives_alone2]", "events.codes: there is no event name lives_alone2; did you mean"),
        (
            'file = "obs"',
            'file = "observations"',
            "events: file must be one of spells, obs, found observations",
        ),
        ("Europe/London", "Europe/Londinium", "time_zone must be an IANA name such as Europe/London"),
        ("Europe/London", "../../etc/passwd", "time_zone must be an IANA name such as Europe/London"),
        ('path = "obs.csv"', 'path = "../obs.csv"', "path must be a file of this folder, found ../obs.csv"),
        ('path = "obs.csv"', 'path = "/etc/passwd"', "path must be a file of this folder, found /etc/passwd"),
        (
            'path = "obs.csv"',
            'path = "o.csv"',
            "obs: no file is called o.csv; the folder holds obs.csv, spells.csv",
        ),
        ('path = "obs.csv"', "", "files.obs: needs path"),
        ('path = "obs.csv"', 'path = ["a"]', "path must be a text"),
        ('path = "obs.csv"', 'path = "obs.csv"\nseparator = "::"', "separator must be one of"),
        ('path = "obs.csv"', 'path = "obs.csv"\nencoding = "utf-9"', "encoding must be one such as utf-8"),
        ('"%d/%m/%Y %H:%M"', '"day first"', 'dates must be "iso" or a format such as'),
        ('recorded_at = "Filed"\n', "", "a prediction uses only what was recorded by its moment"),
        ('"Filed"', '{ after = "discharge" , minutes = 1 }', "after must be one of admitted_at, discharged_at"),
        ('"Filed"', '{ after = "happened_at" }', "must say how long after, such as minutes = 30"),
        ('"Filed"', '{ after = "happened_at", minutes = -5 }', "minutes must be a number from 0"),
        ('"Filed"', '{ after = "happened_at", column = "Filed" }', "needs either column or after"),
        ('"Filed"', '{ column = "Filed", at = "24:61" }', "at must be a time of day such as 23:59"),
        ('"In"', '{ after = "discharged_at", days = 1 }', "it is never told from another instant"),
        ('"Gender"', '["Gender", "Age"]', "sex must be one column"),
        ("[[events]]", "[events]", "must have events as [[events]]"),
        ("[[admissions]]", "[[admission]]", "there is no key admission; did you mean admissions?"),
        ('age = "Age"', 'age = "Age"\nage = "Pat"', "must be TOML in UTF-8"),
        ('file = "obs"', 'file = "obs"\nname = "NEWS"', "name and value belong together"),
        ('file = "obs"', 'file = "obs"\nended_at = "Filed"', "ended_at is for one event that begins and ends"),
        ('sex = "Gender"', 'sex = "Gender"\n[admissions.constants]\nsex = "X"', "sex is mapped twice"),
        ('sex = "Gender"', '[admissions.constants]\nadmitted_at = "x"', "admitted_at must come from a column"),
        ('"Gender"', '"Gendre"', "has no column Gendre; did you mean Gender?"),
        ('"NEWS"', '"Pulse"', "obs.csv has no column Pulse"),
        ("Cardiology =", "Surgery =", "treatment_function has values that its codes do not list"),
        ('"%d/%m/%Y %H:%M"', '"iso"', "say which in files, dates ="),
        ('time_zone = "Europe/London"', "", "the mapping state theirs: time_zone"),
        ('admission_id = "Spell"\nhapp', 'admission_id = "NEWS"\nhapp', "none of its 2 rows is of a stay in"),
    ],
)
def test_a_mapping_that_is_wrong_is_a_sentence(folder, here, instead, sentence):
    assert here in MAPPING
    mapping = MAPPING.replace(here, instead)
    assert sentence.lower() in told(folder(mapping)).lower()


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (SPELLS.replace("S1", "Sé").encode("cp1252"), "spells: spells.csv must be UTF-8 text"),
            (SPELLS.encode("utf-16"), "spells: spells.csv must be UTF-8 text"),
            (b"", "spells: spells.csv is empty"),
            (SPELLS.replace("\nS2", f"\n{'x' * 3_000_000}"), "holds a line longer than a million characters"),
            (SPELLS.replace(",Age,", ",Gender,"), "spells.csv has two columns Gender: rename one"),
            (SPELLS.replace(",", ";"), "spells.csv must have values separated by ',', found one column"),
            (with_rows(SPELLS, "S3,P3"), "spells.csv row 4: a line must have 8 values"),
        ],
    )
    def test_a_file_that_cannot_be_read_is_a_sentence(self, folder, content, sentence):
        assert sentence in told(folder(**{"spells.csv": content}))

    def test_files_of_two_encodings_under_one_pattern_are_told_by_file(self, folder):
        other = SPELLS.replace("S1", "S3").replace("S2", "Sé")
        files = {"spells_1.csv": SPELLS, "spells_2.csv": other.encode("cp1252")}
        said = told(folder(MAPPING.replace("spells.csv", "spells_*.csv"), **files))
        assert "spells_2.csv must be UTF-8 text" in said
        assert "spells_1.csv" not in said

    def test_utf_8_that_was_read_as_another_encoding_is_told(self, folder):
        mapping = MAPPING.replace('path = "spells.csv"', 'path = "spells.csv"\nencoding = "cp1252"')
        mapping = mapping.replace("Cardiology =", '"CardiologÃ©a" = "320"\nCardiology =')
        hospital = read(folder(mapping, **{"spells.csv": SPELLS.replace("Cardiology\nS2", "Cardiologéa\nS2")}))
        assert any("(treatment_function) looks like UTF-8 read as cp1252" in note for note in hospital.notes)

    def test_two_files_with_different_columns_are_told(self, folder):
        other = SPELLS.replace("S1", "S3").replace("S2", "S4").replace("\n", ",x\n").replace(",x", ",Bay", 1)
        hospital = read(folder(MAPPING.replace("spells.csv", "spells*.csv"), **{"spells_2.csv": other}))
        assert len(hospital.admissions) == 4
        assert any("spells_2.csv has other columns than spells.csv: Bay" in note for note in hospital.notes)

    def test_a_line_break_in_a_column_that_is_not_mapped_does_no_harm(self, folder):
        content = SPELLS.replace("Specialty\n", "Specialty,Note\n").replace(
            "Cardiology\n", 'Cardiology,"a\nb"\n'
        )
        assert len(read(folder(**{"spells.csv": content})).admissions) == 2

    def test_what_a_folder_holds_beside_is_told(self, folder):
        hospital = read(folder(**{"letters.csv": "a,b\n1,2\n"}))
        assert "the mapping does not name the files letters.csv" in hospital.notes

    @pytest.mark.parametrize(
        "name",
        ['a"b', "a'b", "=cmd|x", "<script>", "\x1b[31mred", "naïve £", "a" * 3000, "[x]", "#", "a.b", "\x7f"],
    )
    def test_a_column_may_have_any_name(self, folder, name):
        quoted = '"' + name.replace('"', '""') + '"'
        content = SPELLS.replace("Gender", quoted, 1)
        mapping = MAPPING.replace('"Gender"', json.dumps(name).replace("\x7f", "\\u007f"))
        assert read(folder(mapping, **{"spells.csv": content})).admissions["sex"].tolist() == ["2", "1"]
        said = told(folder(**{"spells.csv": content}))
        assert "has no column Gender" in said
        assert "\x1b" not in said
        assert len(said) < 1000

    def test_a_gigantic_value_is_not_repeated(self, folder):
        said = told(folder(**{"spells.csv": SPELLS.replace("M,67", f"{'M' * 200_000},67")}))
        assert "row spells.csv:3: sex has values that its codes do not list" in said
        assert len(said) < 500


class TestInstants:
    def test_dates_that_fit_no_format_are_told_by_row(self, folder):
        rows = ["S3,P3,31/02/2026 10:00,,21,F,70,Cardiology", "S4,P3,2026-01-05,,21,F,70,Cardiology"]
        said = told(folder(**{"spells.csv": with_rows(SPELLS, *rows)}))
        assert "spells rows spells.csv:4, spells.csv:5: admitted_at must be written as dates says" in said
        assert "found 31/02/2026 10:00, 2026-01-05" in said

    def test_free_text_in_a_column_of_dates_is_not_repeated(self, folder):
        row = "S3,P3,seen by Dr Smith on 5 May,,21,F,70,Cardiology"
        said = told(folder(**{"spells.csv": with_rows(SPELLS, row)}))
        assert "row spells.csv:4: admitted_at must be" in said
        assert "Smith" not in said

    def test_a_date_without_a_time_needs_one_that_is_stated(self, folder):
        content = SPELLS.replace("09/01/2026 16:05", "09/01/2026")
        mapping = MAPPING.replace('"Out"', '{ column = "Out", dates = "%d/%m/%Y" }')
        said = told(folder(mapping, **{"spells.csv": content}))
        assert "discharged_at must have a time of day; of a date alone say at which time it counts" in said
        mapping = MAPPING.replace('"Out"', '{ column = "Out", dates = "%d/%m/%Y", at = "23:59" }')
        left = read(folder(mapping, **{"spells.csv": content})).admissions["discharged_at"]
        assert left[0] == pd.Timestamp("2026-01-09T23:59Z")

    def test_an_hour_that_comes_twice_is_asked_for(self, folder):
        content = SPELLS.replace("05/01/2026 14:20", "26/10/2025 01:30")
        said = told(folder(**{"spells.csv": content}))
        assert 'doubtful_hour = "second"' in said
        assert "spells.csv:2: admitted_at is in an hour that a clock change repeats or leaves out" in said
        for hour, utc in (("first", "00:30"), ("second", "01:30")):
            hospital = read(folder(f'doubtful_hour = "{hour}"\n{MAPPING}', **{"spells.csv": content}))
            assert hospital.admissions["admitted_at"][0] == pd.Timestamp(f"2025-10-26T{utc}Z")
            assert any("taken as the" in note for note in hospital.notes)

    def test_an_instant_that_carries_its_zone_needs_no_other(self, folder):
        content = SPELLS.replace("05/01/2026 14:20", "2026-07-05T14:20+01:00").replace("16:05", "x")
        content = content.replace("06/01/2026 09:10", "2026-01-06 09:10Z").replace("09/01/2026 x", "")
        mapping = MAPPING.replace('time_zone = "Europe/London"\n', "").replace('"%d/%m/%Y %H:%M"', '"iso"')
        mapping = mapping.split("[[events]]")[0]
        admitted = read(folder(mapping, **{"spells.csv": content})).admissions["admitted_at"]
        assert admitted[0] == pd.Timestamp("2026-07-05T13:20Z")

    def test_day_and_month_the_wrong_way_round_are_suspected(self, folder):
        days = pd.date_range("2025-01-01", periods=12 * 12).strftime("%d")
        rows = [
            f"S{9 + place},P3,{1 + place % 12:02d}/{1 + place // 12:02d}/2025 10:00,,21,F,70,Cardiology"
            for place in range(len(days))
        ]
        hospital = read(folder(**{"spells.csv": with_rows(SPELLS, *rows)}))
        assert any("are day and month the right way round" in note for note in hospital.notes)

    def test_what_is_later_than_its_file_is_told(self, folder):
        made = folder()
        os.utime(made / "obs.csv", (1_767_600_000, 1_767_600_000))  # 5 January 2026, 08:00
        hospital = read(made)
        assert any(
            "obs.csv:3: happened_at is later than its file was written" in note for note in hospital.notes
        )

    def test_facts_that_are_known_at_once_are_told(self, folder):
        mapping = MAPPING.replace('"Filed"', '{ after = "happened_at", minutes = 0 }')
        hospital = read(folder(mapping))
        assert any(
            note.startswith("events: recorded_at is happened_at: facts seem known") for note in hospital.notes
        )

    def test_a_rule_says_when_a_fact_was_recorded(self, folder):
        mapping = MAPPING.replace('"Filed"', '{ after = "discharged_at", days = 2, hours = 1 }')
        hospital = read(folder(mapping))
        assert set(hospital.events["recorded_at"]) == {pd.Timestamp("2026-01-11T17:05Z")}
        assert any(
            "1 rows count from a discharge that has not been: left out" in note for note in hospital.notes
        )
