"""Writing a simulated hospital: small ones as CSV, large ones a district at a time, each with a page."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import features
from features.errors import DataFault
from features.sources.simulated import arguments_of
from features.sources.simulation import Arguments
from training.simulate import write_simulated

ARGUMENTS = Arguments(200, seed=3, days=40)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory, said) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "out"
    write_simulated(ARGUMENTS, folder, said.append, most=100)
    return folder


def test_a_large_hospital_is_written_in_parts_with_its_arguments_and_a_page(folder):
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.*"))
    parts = [f"{table}/part-00{number}.parquet" for table in ("admissions", "events") for number in (0, 1)]
    assert names == [*parts, "hospital.html", "simulation.json", "source.toml"]
    assert arguments_of(folder) == replace(ARGUMENTS, sites=2, drifts={})


def test_its_page_says_which_district_it_shows(folder):
    assert "district 1" in (folder / "hospital.html").read_text("utf-8")


def test_it_reads_back_with_all_its_admissions(folder):
    hospital = features.read("simulated", folder)
    assert len(hospital.admissions) == pytest.approx(200, rel=0.3)
    assert set(hospital.admissions["site"]) == {"SITE1", "SITE2"}


def test_each_district_is_told_once(folder, said):
    assert [line for line in said if "district" in line] == [
        f"district {number} of 2: simulating 100 admissions" for number in (1, 2)
    ]


@pytest.mark.parametrize("admissions", [200, 1_000_000])
def test_a_folder_with_anything_else_in_it_is_told_before_anything_is_simulated(tmp_path, admissions):
    (tmp_path / "thesis.docx").write_text("precious")
    said: list[str] = []
    with pytest.raises(DataFault, match=r"found thesis\.docx in it"):
        write_simulated(Arguments(admissions), tmp_path, said.append)
    assert said == []


def test_a_small_hospital_is_written_as_csv_by_the_command_with_all_its_arguments(tmp_path, training):
    out = tmp_path / "out"
    words = ("--admissions", "100", "--days", "30", "--sites", "2", "--seed", "4", "--nation", "WLS")
    done = training("simulate", *words, "--out", str(out))
    assert done.returncode == 0, done.stderr
    names = [
        "admissions.csv.gz",
        "events.csv.gz",
        "hospital.html",
        "hospital.toml",
        "simulation.json",
        "source.toml",
    ]
    assert sorted(file.name for file in out.iterdir()) == names
    assert json.loads((out / "simulation.json").read_text("utf-8")) == {
        "admissions": 100, "seed": 4, "nation": "WLS", "sites": 2, "days": 30,
        "until": "2026-11-02T08:00:00+00:00", "drifts": {},
    }  # fmt: skip


def test_an_unknown_nation_is_one_sentence_and_exit_code_2(tmp_path, training):
    done = training("simulate", "--nation", "FRA", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert done.stderr == "nation must be one of ENG, WLS, SCT, NIR, found 'FRA'\n"
    assert list(tmp_path.iterdir()) == []
