"""An extract in every form reads the same, and what is written reads back."""

import gzip
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import features
from features.catalogue import catalogue
from features.errors import DataFault
from features.hospital import facts_with, shipped_facts
from features.sources import extract as extracts
from features.tables import Hospital, check

FALLS = """
[events.falls_risk]
words = "Falls risk score"
kind = "number"
known = "D1"
theme = "falls"
"""
OWN = {
    "words": 'Said "so", and more',
    "kind": "code",
    "known": "S",
    "theme": "θ",
    "codes": ["a", "b"],
    "feature": False,
}
# Text without control characters, which CSV cannot carry faithfully.
TEXTS = st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=12)


def assert_equal(found: Hospital, wanted: Hospital) -> None:
    for table, other in ((found.admissions, wanted.admissions), (found.events, wanted.events)):
        if not table.equals(other):  # to tell where takes ten times as long
            pd.testing.assert_frame_equal(table, other)
    assert found.facts == wanted.facts
    assert found.dates == wanted.dates


@pytest.fixture
def hospital(stays, events) -> Hospital:
    return check(
        stays({}, {"admission_id": "A2", "discharged_at": "", "age": "7", "site": "Ysbyty Gwynedd, Bangor"}),
        events(
            {},
            {"number": "0.1", "happened_at": "2026-01-06T09:00:00.123456+01:00"},
            {"name": "ward", "text": '"7", B'},
        ),
        facts_with({"nation": "WLS", "events": {"own-4": OWN, "news2": {"high": 25}}}),
        source="test",
        dates="per_patient",
    )


class TestWriting:
    @pytest.mark.parametrize("ending", [".csv.gz", ".parquet"])
    def test_a_hospital_reads_back_equal(self, hospital, ending, tmp_path):
        extracts.write(hospital, tmp_path / "out", ending=ending)
        assert_equal(features.read("extract", tmp_path / "out"), hospital)

    @pytest.mark.parametrize(
        ("source", "folder", "ending"),
        [
            ("mimic4", "mimic-iv-demo", ".csv.gz"),
            ("mimic4", "mimic-iv-demo", ".parquet"),
            ("diabetes130", "diabetes130", ".parquet"),
        ],
    )
    def test_real_data_read_back_equal(self, source, folder, ending, real_data, tmp_path):
        hospital = features.read(source, real_data / folder)
        extracts.write(hospital, tmp_path / "out", ending=ending)
        assert_equal(features.read("extract", tmp_path / "out"), hospital)

    @given(
        texts=st.lists(TEXTS, min_size=1, max_size=4),
        numbers=st.lists(st.floats(0, 20), min_size=1, max_size=4),
    )
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_text_and_any_number_reads_back_to_the_bit(
        self, texts, numbers, stays, events, tmp_path_factory
    ):
        rows = [{"name": "ward", "text": text, "number": ""} for text in texts]
        rows += [{"name": "news2", "number": repr(number)} for number in numbers]
        hospital = check(stays(), events(*rows), shipped_facts(), source="test")
        for ending in (".csv.gz", ".parquet"):
            folder = tmp_path_factory.mktemp("any") / "out"
            extracts.write(hospital, folder, ending=ending)
            assert_equal(features.read("extract", folder), hospital)

    def test_the_same_hospital_gives_the_same_bytes(self, hospital, tmp_path):
        for name in ("one", "two"):
            extracts.write(hospital, tmp_path / name)
        for file in (tmp_path / "one").iterdir():
            assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()

    def test_only_what_differs_from_the_shipped_facts_is_written(self, hospital, stays, tmp_path):
        extracts.write(hospital, tmp_path / "own")
        written = (tmp_path / "own" / "hospital.toml").read_text("utf-8")
        assert 'nation = "WLS"' in written
        assert "time_zone" not in written
        assert "[events.news2]\nhigh = 25" in written
        extracts.write(check(stays(), None, shipped_facts(), source="test"), tmp_path / "shipped")
        assert not (tmp_path / "shipped" / "hospital.toml").exists()

    def test_an_extract_that_homeward_wrote_is_replaced_whole(self, hospital, tmp_path):
        extracts.write(hospital, tmp_path / "out", ending=".parquet", beside={"simulation.json": "{}"})
        extracts.write(hospital, tmp_path / "out")
        names = sorted(file.name for file in (tmp_path / "out").iterdir())
        assert names == ["admissions.csv.gz", "events.csv.gz", "hospital.toml", "source.toml"]

    def test_texts_beside_are_written_with_it(self, hospital, tmp_path):
        extracts.write(hospital, tmp_path / "out", beside={"simulation.json": '{"seed": 1}'})
        assert (tmp_path / "out" / "simulation.json").read_text("utf-8") == '{"seed": 1}'
        assert_equal(features.read("extract", tmp_path / "out"), hospital)

    def test_a_folder_below_a_file_is_refused(self, hospital, tmp_path):
        (tmp_path / "file").write_text("precious")
        with pytest.raises(DataFault, match="must be a folder that may be written to"):
            extracts.write(hospital, tmp_path / "file" / "out")
        assert (tmp_path / "file").read_text() == "precious"

    @pytest.mark.parametrize("name", ["thesis.docx", "admissions.csv"])
    def test_a_folder_with_anything_else_in_it_is_left_alone(self, hospital, tmp_path, name):
        (tmp_path / name).write_text("precious")
        with pytest.raises(DataFault, match=f"must be empty or an extract that Homeward wrote, found {name}"):
            extracts.write(hospital, tmp_path)
        assert [file.name for file in tmp_path.iterdir()] == [name]

    def test_writing_that_fails_leaves_nothing(self, hospital, tmp_path):
        with pytest.raises(FileNotFoundError):
            extracts.write(hospital, tmp_path / "out", beside={"no/such/folder.txt": "x"})
        assert list(tmp_path.iterdir()) == []


class TestForms:
    @pytest.fixture
    def tables(self, stays, events) -> tuple[pd.DataFrame, pd.DataFrame]:
        return stays({}, {"admission_id": "A2", "discharge_method": "1"}), events(
            {}, {"name": "ward", "text": "7"}
        )

    @pytest.fixture
    def as_csv(self, tables, extract) -> Hospital:
        return features.read("extract", extract(*tables))

    def test_gzip_is_read_as_csv_is(self, tables, as_csv, tmp_path):
        for name, table in zip(("admissions", "events"), tables, strict=True):
            (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(table.to_csv(index=False).encode()))
        assert_equal(features.read("extract", tmp_path), as_csv)

    def test_parquet_of_typed_columns_is_read_as_csv_is(self, tables, as_csv, tmp_path):
        admissions, events = tables
        typed = admissions.assign(
            age=admissions["age"].astype("int8"),
            admitted_at=pd.to_datetime(admissions["admitted_at"]),
            discharge_method=pd.Series([None, 1], dtype="Int64"),  # a whole number with a gap stays whole
            sex=admissions["sex"].astype("category"),
        )
        typed.set_index("admission_id").to_parquet(tmp_path / "admissions.parquet")
        events.assign(name=events["name"].astype("category")).to_parquet(tmp_path / "events.parquet")
        assert_equal(features.read("extract", tmp_path), as_csv)

    @pytest.mark.parametrize("name", ["events", "events.parquet"])
    def test_a_folder_of_parquet_parts_is_one_table(self, tables, as_csv, tmp_path, name):
        admissions, events = tables
        admissions.to_parquet(tmp_path / "admissions.parquet")
        (tmp_path / name).mkdir()
        for part in range(len(events)):
            events.iloc[[part]].to_parquet(tmp_path / name / f"part.{part}.parquet")
        (tmp_path / name / "_SUCCESS").touch()
        assert_equal(features.read("extract", tmp_path), as_csv)

    def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(self, tables, as_csv, extract):
        folder = extract(*tables)
        text = tables[0].to_csv(index=False, lineterminator="\r\n")
        (folder / "admissions.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
        assert_equal(features.read("extract", folder), as_csv)

    def test_columns_may_come_in_any_order(self, tables, as_csv, extract):
        assert_equal(
            features.read("extract", extract(tables[0].iloc[:, ::-1], tables[1].iloc[:, ::-1])), as_csv
        )

    def test_blank_lines_are_passed_over_and_still_counted(self, stays, extract):
        folder = extract(stays())
        with (folder / "admissions.csv").open("a") as file:
            file.write("\n\nA2,P1,2026-02-05T14:20Z,,21,210,2\n\n")
        with pytest.raises(DataFault, match="admissions row 5: age must be from 0 to 120, found 210"):
            features.read("extract", folder)

    def test_a_code_keeps_its_leading_zero(self, stays, extract):
        hospital = features.read("extract", extract(stays({"patient_id": "007", "site": "01"})))
        assert hospital.admissions.loc[0, ["patient_id", "site"]].tolist() == ["007", "01"]

    def test_events_may_be_absent_and_the_notes_say_so(self, stays, extract):
        hospital = features.read("extract", extract(stays()))
        assert hospital.events.empty
        assert any("no events table" in note for note in hospital.notes)

    def test_events_may_hold_a_header_and_no_row(self, stays, events, extract):
        assert features.read("extract", extract(stays(), events().iloc[:0])).events.empty

    def test_rows_of_parquet_are_counted_from_1_through_all_parts(self, stays, tmp_path):
        (tmp_path / "admissions").mkdir()
        stays({}, {"admission_id": "A2"}).to_parquet(tmp_path / "admissions" / "a.parquet")
        stays({"admission_id": "A3", "age": "210"}).to_parquet(tmp_path / "admissions" / "b.parquet")
        with pytest.raises(DataFault, match="admissions row 3: age"):
            features.read("extract", tmp_path)

    def test_postgresqls_way_of_writing_an_instant_is_read(self, stays, extract):
        hospital = features.read("extract", extract(stays({"admitted_at": "2026-01-05 14:20:00+00"})))
        assert hospital.admissions["admitted_at"][0] == pd.Timestamp("2026-01-05T14:20Z")


class TestFacts:
    def test_a_hospital_toml_beside_it_adds_an_event_name(self, stays, events, extract):
        own = events({"name": "falls_risk", "number": "7"})
        assert features.read("extract", extract(stays(), own)).events.empty
        hospital = features.read("extract", extract(stays(), own, **{"hospital.toml": FALLS}))
        assert hospital.events["name"].tolist() == ["falls_risk"]
        assert hospital.facts.events["falls_risk"].words == "Falls risk score"
        assert "news2" in hospital.facts.events

    def test_a_hospital_toml_beside_it_chooses_the_code_lists(self, stays, extract):
        scottish = stays({"admission_method": "36"})
        with pytest.raises(DataFault, match="must be a code of NHS Data Dictionary ADMISSION METHOD"):
            features.read("extract", extract(scottish))
        assert features.read("extract", extract(scottish, **{"hospital.toml": 'nation = "SCT"'}))

    def test_a_source_toml_beside_it_says_what_the_dates_mean(self, stays, extract):
        assert features.read("extract", extract(stays())).dates == "comparable"
        shifted = extract(stays(), **{"source.toml": 'dates = "per_patient"'})
        assert features.read("extract", shifted).dates == "per_patient"

    def test_reading_changes_no_file(self, hospital, tmp_path):
        extracts.write(hospital, tmp_path / "out")
        before = {file.name: file.read_bytes() for file in Path(tmp_path / "out").iterdir()}
        features.read("extract", tmp_path / "out")
        assert {file.name: file.read_bytes() for file in Path(tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("[events.news2]\nkind = 'code'", "kind must stay number"),
        ("[events.news2]\nlow = 30", "low must not be above high"),
        ("[events.delay_began]\nends = 'nothing'", "ends must be the name of an event"),
    ],
)
def test_a_hospital_toml_that_contradicts_itself_is_told(stays, extract, entry: str, fault: str) -> None:
    with pytest.raises(DataFault, match=fault):
        features.read("extract", extract(stays(), **{"hospital.toml": entry}))


def test_an_event_may_not_take_the_name_of_a_feature(stays, extract) -> None:
    entry = "[events.age]\nwords = 'Age'\nkind = 'number'\nknown = 'P'\ntheme = 'age'"
    hospital = features.read("extract", extract(stays(), **{"hospital.toml": entry}))
    with pytest.raises(DataFault, match=r"events\.age: the name is taken"):
        catalogue(hospital)
