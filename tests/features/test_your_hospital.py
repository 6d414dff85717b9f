"""`features/YOUR_HOSPITAL.md` is true: its files, commands, mappings and answers are run in their order."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import features
from features.sources import mapping

PAGE = (Path(__file__).parents[2] / "features" / "YOUR_HOSPITAL.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FILES = dict(re.findall(r"`my-hospital/(\w+\.csv)`:\n\n```csv\n(.*?)```", PAGE, re.DOTALL))
MAPPINGS = [content for kind, content in BLOCKS if kind == "toml"]
ANSWERS = [content for kind, content in BLOCKS if not kind and not content.startswith("python")]
STATED = 'recorded_at = { after = "discharged_at", days = 28 }'
WORKED = ("spells.csv", "obs.csv", "diagnoses.csv")
FURTHER = {  # file of a further layout: how many of each event it adds
    "labs.csv": {"haemoglobin": 2, "sodium": 1},
    "wards.csv": {"ward": 2, "bed": 2},
    "delays.csv": {"delay_began": 1, "delay_ended": 1},
    "coding.csv": {"coded_diagnosis": 2},
    "deaths.csv": {"patient_died": 1},
    "people.csv": {},
}
Command = Callable[..., CompletedProcess[str]]


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "my-hospital"
    made.mkdir()
    for name in WORKED:
        (made / name).write_text(FILES[name], "utf-8")
    return made


def finished() -> str:
    return next(block for block in MAPPINGS if block.startswith("time_zone"))


def test_the_page_leads_from_files_to_a_mapping_that_holds(folder: Path, command: Command) -> None:
    lines = [
        line for _, block in BLOCKS for line in block.splitlines() if line.startswith("python -m features")
    ]
    first_check, first_map, second_check = (shlex.split(line)[3:] for line in lines)
    assert first_map[0] == "map"
    assert first_check == second_check
    time, fault, warning, held = ANSWERS
    assert command(*first_map).returncode == 0

    asked = command(*second_check)
    assert (asked.returncode, words(asked.stderr)) == (2, words(time))

    guessed = (folder / "extract.toml").read_text("utf-8")
    started = re.sub(r"^# recorded_at = .*$", STATED, guessed, flags=re.MULTILINE)
    assert STATED in started
    (folder / "extract.toml").write_text(started, "utf-8")
    asked = command(*second_check)
    assert asked.returncode == 2
    assert words(fault) in words(asked.stderr)
    assert words(warning) in words(asked.stderr)

    (folder / "extract.toml").write_text(finished(), "utf-8")
    with_json = re.search(r"`python -m features (check [^`]*--json [^`]*)`", PAGE)
    assert with_json
    asked = command(*shlex.split(with_json[1]))
    assert (asked.returncode, asked.stdout) == (0, held)
    assert json.loads(Path("found.json").read_text("utf-8"))["events"]["news2"] == 4


def test_the_guessed_mapping_is_the_finished_one_but_for_what_the_page_decides(
    folder: Path, command: Command
) -> None:
    assert command("map", "--path", "my-hospital").returncode == 0
    guessed, wanted = (
        tomllib.loads(text) for text in ((folder / "extract.toml").read_text("utf-8"), finished())
    )
    del wanted["admissions"][0]["codes"]["treatment_function"]["Acute Frailty"]
    diagnoses = next(part for part in wanted["events"] if part["file"] == "diagnoses")
    del diagnoses["recorded_at"]
    for part in guessed["files"].values():
        if not part["ignore"]:
            part.pop("ignore")
    wanted["files"]["spells"].pop("ignore")
    assert guessed["files"] == wanted["files"]
    assert guessed["admissions"] == wanted["admissions"]
    assert guessed["events"] == sorted(wanted["events"], key=lambda part: part["file"])


@pytest.mark.parametrize("file", FURTHER)
def test_each_further_layout_of_the_page_adds_what_it_says(folder: Path, file: str) -> None:
    name = file.removesuffix(".csv")
    added = next(block for block in MAPPINGS if f"[files.{name}]" in block and block != finished())
    (folder / "extract.toml").write_text(finished(), "utf-8")
    before = features.read("extract", folder)
    (folder / file).write_text(FILES[file], "utf-8")
    (folder / "extract.toml").write_text(finished() + "\n" + added, "utf-8")
    after = features.read("extract", folder)
    counts = after.events["name"].value_counts() - before.events["name"].value_counts()
    assert {name: count for name, count in counts.items() if count} == FURTHER[file]


def test_what_the_page_says_of_its_values_is_so(folder: Path) -> None:
    added = [block for block in MAPPINGS if "[files." in block and block != finished()]
    for name, content in FILES.items():
        (folder / name).write_text(content, "utf-8")
    (folder / "extract.toml").write_text("\n".join([finished(), *added]), "utf-8")
    hospital = features.read("extract", folder)
    haemoglobin = hospital.events[hospital.events["name"] == "haemoglobin"]["number"]
    assert haemoglobin.tolist() == [118, 102]
    assert hospital.admissions["ethnic_category"].tolist() == ["A", "Z", "A"]
    assert hospital.admissions["site"].tolist() == ["RXX01", "RXX01", "RXX01"]
    coded = hospital.events[hospital.events["name"] == "coded_diagnosis"]
    assert (coded["recorded_at"] > coded["happened_at"]).all()


def test_the_codes_of_the_page_make_everything_else_not_known(folder: Path) -> None:
    codes = next(block for block in MAPPINGS if '"*" = "X"' in block)
    changed = finished().replace('[admissions.codes.sex]\nF = "2"\nM = "1"\n', codes)
    (folder / "extract.toml").write_text(changed, "utf-8")
    hospital = features.read("extract", folder)
    assert hospital.admissions["sex"].tolist() == ["X", "X", "X"]
    assert any(
        "3 values that its codes do not list are taken as X: F (2), M (1)" in it for it in hospital.notes
    )


def test_every_mapping_of_the_page_is_run() -> None:
    run = [finished(), *(block for block in MAPPINGS if "[files." in block), '"*" = "X"']
    assert [block for block in MAPPINGS if not any(part in block for part in run)] == []
    assert set(FILES) == {*WORKED, *FURTHER}


def test_every_key_is_on_the_page() -> None:
    table = PAGE.split("## Every key")[1]
    for key in mapping.KEYS:
        assert f"`{key}`" in table, key
