"""A hospital written in parts is one extract, never more than one part in memory, and replaces only ours."""

import weakref
from collections.abc import Iterator

import pandas as pd
import pytest

import features
from features.errors import DataFault
from features.hospital import facts_with, shipped_facts
from features.sources import extract as extracts
from features.tables import Hospital, check


def tables_equal(one: Hospital, other: Hospital) -> bool:
    return one.admissions.equals(other.admissions) and one.events.equals(other.events)


@pytest.fixture
def welsh(stays, events) -> Hospital:
    return check(stays(), events(), facts_with({"nation": "WLS"}), source="test", dates="per_patient")


@pytest.fixture
def parts(stays, events) -> list[Hospital]:
    return [
        check(stays({"admission_id": name}), events({"admission_id": name}), shipped_facts(), source="test")
        for name in ("A1", "A2")
    ]


def test_parts_read_back_as_one_hospital(parts, tmp_path):
    extracts.write_parts(iter(parts), tmp_path / "out")
    files = sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*"))
    assert files[:2] == ["out/admissions/part-000.parquet", "out/admissions/part-001.parquet"]
    read = features.read("extract", tmp_path / "out")
    for name in ("admissions", "events"):
        one = pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(getattr(read, name), one)


def test_each_part_is_gone_before_the_next_is_made(stays, tmp_path):
    gone = []

    def parts() -> Iterator[Hospital]:
        for name in ("A1", "A2"):
            part = check(stays({"admission_id": name}), None, shipped_facts(), source="test")
            watched = weakref.ref(part)
            yield part
            del part
            gone.append(watched() is None)

    extracts.write_parts(parts(), tmp_path / "out")
    assert gone == [True, True]


def test_facts_dates_and_texts_of_the_first_part_stand_beside_them(welsh, tmp_path):
    beside = {"simulation.json": "{}"}
    extracts.write_parts([welsh], tmp_path / "out", beside=lambda part: beside)
    read = features.read("extract", tmp_path / "out")
    assert tables_equal(read, welsh)
    assert (read.facts, read.dates) == (welsh.facts, welsh.dates)
    assert (tmp_path / "out" / "simulation.json").read_text("utf-8") == "{}"


def test_a_part_that_cannot_be_made_leaves_what_was_there(parts, welsh, tmp_path):
    def broken() -> Iterator[Hospital]:
        yield parts[0]
        raise RuntimeError("no second part")

    extracts.write(welsh, tmp_path / "out")
    with pytest.raises(RuntimeError, match="no second part"):
        extracts.write_parts(broken(), tmp_path / "out")
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert tables_equal(features.read("extract", tmp_path / "out"), welsh)


def test_one_form_replaces_the_other(parts, welsh, tmp_path):
    extracts.write(welsh, tmp_path / "out")
    extracts.write_parts(parts, tmp_path / "out")
    assert len(features.read("extract", tmp_path / "out").admissions) == len(parts)
    extracts.write(welsh, tmp_path / "out")
    assert tables_equal(features.read("extract", tmp_path / "out"), welsh)


@pytest.mark.parametrize("name", ["admissions/mine.parquet", "admissions/mine/notes.txt", "plots/one.png"])
def test_a_file_of_somebody_elses_in_a_folder_within_is_left_alone(parts, tmp_path, name):
    extracts.write_parts(parts, tmp_path / "out")
    file = tmp_path / "out" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("precious")
    for write in (
        lambda: extracts.write_parts(parts, tmp_path / "out"),
        lambda: extracts.write(parts[0], tmp_path / "out"),
    ):
        with pytest.raises(DataFault, match=f"an extract that Homeward wrote, found {name} in it"):
            write()
    assert file.read_text() == "precious"


def test_a_file_that_comes_while_parts_are_made_is_left_alone(parts, tmp_path):
    def slowly() -> Iterator[Hospital]:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.docx").write_text("precious")
        yield from parts

    with pytest.raises(DataFault, match=r"found thesis\.docx in it"):
        extracts.write_parts(slowly(), tmp_path / "out")
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize("chosen", [[], [0, 1]])
def test_parts_must_be_there_and_share_their_facts(parts, welsh, tmp_path, chosen):
    others = [[parts[0], welsh][number] for number in chosen]
    with pytest.raises(ValueError, match="must have parts of the same facts and dates"):
        extracts.write_parts(others, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_source_toml_is_no_toml_is_one_clear_fault(parts, tmp_path):
    (tmp_path / "source.toml").write_text("dates = ")
    with pytest.raises(DataFault, match=r"source\.toml: must be TOML"):
        extracts.write_parts(parts, tmp_path)
