"""HES: everything that is wrong with episodes or files is told in one short report."""

import gzip
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import features
from features.errors import DataFault

CHECKOUT = Path(__file__).parents[2]
MOST_LINES = 40
LONGEST_LINE = 400  # characters, without the folder's name
GOES_ON = {"DISDATE": "", "DISMETH": "8", "DISDEST": "98", "EPIEND": "2024-05-08"}
TWO_EPISODES = (GOES_ON, {"EPISTART": "2024-05-08", "EPIORDER": "2"})


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"ADMIDATE": "06/05/2024"}, "ADMIDATE must be a date such as 2001-04-20"),
            (
                {"DISDATE": "2024-05-10T00:00:00+02:00"},
                "DISDATE must be a date such as 2001-04-20, without a zone",
            ),
            ({"EPIEND": "2024-05-32"}, "EPIEND must be a date"),
            ({"EPISTART": "0024-05-06"}, "EPISTART must be a date"),
            ({"ADMIMETH": "2E"}, "ADMIMETH must be a code that HES has for it, found 2E"),
            ({"DISDEST": "home"}, "DISDEST must be a code that HES has for it, found home"),
            ({"STARTAGE": "7008"}, "STARTAGE must be 0 to 120, or 7001 to 7007 for a baby, found 7008"),
            ({"EPIORDER": "1.5"}, "EPIORDER must be a whole number, found 1.5"),
            ({"TRETSPEF": "medicine"}, "TRETSPEF must be a specialty of three digits, found medicine"),
            ({"FYEAR": "2024"}, "FYEAR must be the file's two years, such as 0102"),
            ({"DIAG_4_02": "4019"}, "DIAG_4_01 to DIAG_4_20 must be ICD-10 codes"),
            ({"EPIKEY": ""}, "EPIKEY must be given"),
            ({"EPISTAT": ""}, "EPISTAT must be given"),
            ({"DISDATE": "2024-05-05"}, "DISDATE must not be before ADMIDATE"),
            ({"EPIEND": "2024-05-05"}, "EPIEND must not be before EPISTART"),
            ({"EPISTART": "2024-05-05"}, "EPISTART must not be before ADMIDATE"),
            ({"EPIEND": "2024-05-11"}, "EPIEND must not be after DISDATE"),
            ({"FYEAR": "2526"}, "EPIEND must lie in the year of FYEAR"),
            (
                {"DISDATE": "2999-12-31"},
                "EPIEND must lie in the year of FYEAR (April to March), and no date after it",
            ),
            ({"EPIDUR": "5"}, "EPIDUR must be the days from EPISTART to EPIEND"),
            ({"SPELDUR": "5"}, "SPELDUR must be the days from ADMIDATE to EPIEND"),
            ({"EPISTAT": "1"}, "DISDATE must be empty where the episode is unfinished"),
            ({"DISMETH": "8"}, "DISDATE must be empty where DISMETH is 8"),
        ],
    )
    def test_a_row_that_cannot_be_is_told_with_its_number(self, hes_fault, change, sentence):
        text = hes_fault({"PSEUDO_HESID": "PERSON2"}, change)
        assert f"episode row 3: {sentence}" in text
        assert "PERSON" not in text

    @pytest.mark.parametrize(
        ("first", "last", "rows", "sentence"),
        [
            ({}, {"EPIORDER": "1"}, "rows 2, 3", "EPIORDER must be unique in a spell"),
            ({"EPIEND": "2024-05-12"}, {}, "row 2", "EPISTART and EPIEND must not be after the DISDATE"),
            ({"DISDATE": "2024-05-09"}, {}, "row 2", "DISDATE must be that of the spell's last episode"),
        ],
    )
    def test_episodes_that_do_not_make_a_spell_are_told(self, hes_fault, first, last, rows, sentence):
        one, two = TWO_EPISODES
        assert f"episode {rows}: {sentence}" in hes_fault({**one, **first}, {**two, **last})

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"SPELEND": "N"}, "SPELEND should be Y"),
            ({"SPELBGIN": "0"}, "SPELBGIN should be 1 or 2"),
            ({"PROCODE5": "RBB01"}, "PROCODE3 should be how PROCODE5 begins"),
            ({"DISDEST": "79"}, "DISDEST should be 79 where DISMETH is 4 or 5"),
            ({"CLASSPAT": "2"}, "a day case or day attender (CLASSPAT 2 or 3) should leave on the day"),
            ({"CLASSPAT": "5"}, "EPITYPE should be a birth or delivery where CLASSPAT is 5"),
            ({"ADMIMETH": "82"}, "EPITYPE should be 3 (birth) where ADMIMETH is 82"),
            ({"ADMIMETH": "31", "SEX": "1"}, "SEX should not be 1 where EPITYPE or ADMIMETH is of a mother"),
            ({"EPIORDER": "2", "SPELBGIN": "0"}, "EPIORDER should run 1, 2, 3"),
        ],
    )
    def test_what_is_odd_and_harmless_is_a_note_alone_and_told_beside_faults(
        self, hes_folder, hes_fault, change, sentence
    ):
        person = {"PSEUDO_HESID": "PERSON2"}
        notes = features.read("hes", hes_folder({}, {**person, **change})).notes
        assert any(sentence in note and "row 3" in note for note in notes)
        assert sentence in hes_fault({"SEX": "F"}, {**person, **change})

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"SEX": "1"}, "SEX should be the same in all rows of a person"),
            ({"STARTAGE": "79"}, "STARTAGE should fit one date of birth in all rows of a person"),
        ],
    )
    def test_rows_that_cannot_be_of_one_person_are_counted(self, hes, change, sentence):
        later = {
            "ADMIDATE": "2024-08-01",
            "EPISTART": "2024-08-01",
            "EPIEND": "2024-08-09",
            "DISDATE": "2024-08-09",
        }
        assert f"episode rows 2, 3: {sentence}" in hes({}, {**later, **change}).notes
        assert not any(sentence in note for note in hes({}, {**later, "STARTAGE": "82"}).notes)

    def test_a_person_in_two_beds_at_once_is_counted(self, hes):
        within = {
            "ADMIDATE": "2024-05-08",
            "EPISTART": "2024-05-08",
            "EPIEND": "2024-05-09",
            "DISDATE": "2024-05-09",
        }
        assert any("row 3: a person should not be in two ordinary spells" in n for n in hes({}, within).notes)

    def test_a_file_without_needed_columns_says_which(self, hes_frame, hes_fault):
        text = hes_fault(apc=hes_frame({}).drop(columns=["EPISTAT", "DISDATE"]))
        assert "apc.csv has no column DISDATE, EPISTAT" in text

    def test_columns_of_one_name_in_capitals_and_small_letters_are_told(self, hes_frame, hes_fault):
        assert "column SEX must appear once" in hes_fault(apc=hes_frame({}).assign(sex="1"))

    @pytest.mark.parametrize(
        ("separator", "encoding", "sentence"),
        [
            (";", "utf-8", "values must be separated by commas"),
            (",", "latin-1", "must be UTF-8 text"),
            (",", "utf-16", "apc.csv"),
        ],
    )
    def test_a_file_of_another_kind_says_so(self, hes_frame, hes_fault, separator, encoding, sentence):
        text = hes_frame({"SITETRET": "é"}).to_csv(index=False, sep=separator)
        assert sentence in hes_fault(apc=text.encode(encoding))

    def test_a_file_without_rows_or_with_a_short_one_says_so(self, hes_frame, hes_fault):
        text = hes_frame({}).to_csv(index=False).encode()
        assert "apc.csv is empty" in hes_fault(apc=b"")
        assert "must hold at least one row, found only a header" in hes_fault(apc=text.splitlines()[0] + b"\n")
        assert "row 3: a line must have" in hes_fault(apc=text + b"1,2,3\n")

    def test_a_cut_gzip_file_says_so(self, hes_frame, tmp_path):
        whole = gzip.compress(
            hes_frame(*[{"PSEUDO_HESID": f"P{n}"} for n in range(500)]).to_csv(index=False).encode()
        )
        (tmp_path / "apc.csv.gz").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DataFault, match=r"apc\.csv\.gz is cut short"):
            features.read("hes", tmp_path)

    def test_a_folder_without_files_and_no_folder_say_what_must_be_there(self, tmp_path):
        for path in (tmp_path, tmp_path / "nowhere", None):
            with pytest.raises(DataFault, match=r"HES APC files that end in \.csv or \.csv\.gz"):
                features.read("hes", path)

    def test_a_file_of_which_nothing_can_be_used_is_a_fault(self, hes_fault):
        text = hes_fault({"EPITYPE": "2"}, {"STARTAGE": "", "PSEUDO_HESID": "PERSON2"})
        assert "must hold a spell that can be used" in text
        assert "1 spells of 1 episodes have no age" in text

    @pytest.mark.parametrize("value", ["", "?", "-1", "1e9", "99999-01-01", "0", "é" * 10_000, "nan", "1,5"])
    def test_whatever_a_column_holds_the_answer_is_a_hospital_or_a_short_report(
        self, hes_frame, hes_folder, value
    ):
        columns = hes_frame({}).columns
        rows = hes_frame(*({"PSEUDO_HESID": f"PERSON{number}"} for number in range(len(columns))))
        for number, column in enumerate(columns):
            rows.loc[number, column] = value
        try:
            lines = list(features.read("hes", hes_folder(apc=rows)).notes)
        except DataFault as fault:
            lines = str(fault).splitlines()
        assert len(lines) <= MOST_LINES
        assert all(len(line) < LONGEST_LINE for line in lines[1:])


class TestSeveralFiles:
    def test_one_file_twice_is_a_fault_that_names_files_and_rows_and_no_key(self, hes_frame, hes_fault):
        text = hes_fault(apc_a=hes_frame({}, {"PSEUDO_HESID": "PERSON2"}), apc_b=hes_frame({}))
        assert "rows apc_a.csv:2, apc_b.csv:2: EPIKEY must be unique" in text
        assert "KEY1" not in text

    def test_rows_are_named_within_their_own_file(self, hes_frame, hes_fault):
        good = [{"EPIKEY": f"A{n}", "PSEUDO_HESID": f"PERSON{n}"} for n in range(9)]
        text = hes_fault(
            apc_a=hes_frame(*good), apc_b=hes_frame({"EPIKEY": "B1"}, {"EPIKEY": "B2", "SEX": "F"})
        )
        assert "row apc_b.csv:3: SEX must be a code that HES has for it, found F" in text


class TestTheArtificialRows:
    @pytest.fixture(scope="class")
    def run(self, real_data: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "features", "check", "--source", "hes", "--path"]
        path = str(real_data / "artificial-hes-apc")
        return subprocess.run([*command, path], capture_output=True, text=True, cwd=CHECKOUT, check=False)

    @pytest.fixture(scope="class")
    def rows(self, real_data: Path) -> pd.DataFrame:
        [file] = (real_data / "artificial-hes-apc").glob("*.csv.gz")
        return pd.read_csv(file, dtype=str, keep_default_na=False)

    def test_all_that_is_wrong_is_one_report_of_bounded_length_and_exit_code_2(self, run):
        assert (run.returncode, run.stdout) == (2, "")
        lines = run.stderr.splitlines()
        assert len(lines) <= MOST_LINES
        assert "2,075 rows" in lines[0]
        assert all(len(line) < LONGEST_LINE for line in lines)
        assert "more kinds of fault" not in run.stderr

    def test_the_report_counts_what_a_count_by_hand_finds(self, run, rows):
        date = {name: pd.to_datetime(rows[name]) for name in ("EPISTART", "EPIEND", "ADMIDATE")}
        lengths = rows["EPIDUR"].astype(int) != (date["EPIEND"] - date["EPISTART"]).dt.days
        lengths &= rows["EPISTART"] != "1801-01-01"
        told = rows["DISDATE"] != ""
        for sentence, wrong in (
            ("EPIDUR must be", lengths),
            ("DISDATE must be empty where DISMETH is 8", told & (rows["DISMETH"] == "8")),
            ("DISDATE must be empty where the episode is unfinished", told & (rows["EPISTAT"] == "1")),
            ("EPISTART should be ADMIDATE", (date["EPISTART"] > date["ADMIDATE"]) & (rows["EPIORDER"] == "1")),
            ("PROCODE3 should be", rows["PROCODE5"].str[:3] != rows["PROCODE3"]),
        ):
            named = ", ".join(str(row + 2) for row in wrong[wrong].index[:5])
            assert f"rows {named} and {wrong.sum() - 5:,} more: {sentence}" in run.stderr

    def test_the_report_tells_nobodys_key(self, run, rows):
        for column in ("EPIKEY", "PSEUDO_HESID", "SUSRECID", "MYDOB"):
            assert not any(value in run.stderr for value in rows[column].unique() if len(value) > 4)
