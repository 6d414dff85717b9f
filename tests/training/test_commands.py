"""What a scheduler and a newcomer ask of `evaluate`, `predict`, `tune` and the help."""

import json
from pathlib import Path

import pandas as pd
import pytest

from features.sources import read
from tests.training.small import ran, small_hospital_in, well


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("commands")
    for seed in (11, 12):
        small_hospital_in(place, seed, admissions=600)
    return place


def source(place: Path, seed: int) -> tuple[str, ...]:
    return "--source", "simulated", "--path", str(place / f"hospital-{seed}")


def test_an_evaluation_on_other_data_keeps_the_report_of_the_first(
    place: Path, small_release_folder: Path
) -> None:
    found = {}
    for seed in (11, 12):
        words = ("--release", str(small_release_folder), "--json", str(place / f"evaluated-{seed}.json"))
        well(ran(place / "home", "evaluate", *source(place, seed), *words))
        found[seed] = json.loads((place / f"evaluated-{seed}.json").read_text())
    assert found[11]["digest"] == found[12]["digest"]
    assert found[11]["data_digest"] != found[12]["data_digest"]
    pages = {seed: Path(found[seed]["report"]) for seed in found}
    assert pages[11] != pages[12]
    assert all(page.is_file() for page in pages.values())
    assert pages[11].read_text() != pages[12].read_text()
    from mlflow import MlflowClient

    kept = MlflowClient(f"sqlite:///{place}/home/mlflow.db").get_run(found[11]["run_id"])
    assert kept.data.tags["measured_until"] <= "2026-11-02"
    assert kept.data.tags["data_digest"] == found[11]["rerun"]["data_digest"]
    assert "learnt_until" not in kept.data.tags


def test_predictions_are_told_as_json_without_a_patient(place: Path, small_release_folder: Path) -> None:
    out, summary = place / "round.csv", place / "round.json"
    words = ("--release", str(small_release_folder), "--out", str(out), "--json", str(summary))
    well(ran(place / "home", "predict", *source(place, 11), *words))
    told, table = json.loads(summary.read_text()), pd.read_csv(out, dtype=str)
    assert told["rows"] == len(table) > 0
    assert told["with"]["readmission_risk"] == table["readmission_risk"].notna().sum()
    assert told["file"] == str(out)
    assert pd.Timestamp(told["at"]).tzinfo is not None
    stays = read("simulated", place / "hospital-11").admissions
    assert not [
        name for column in ("admission_id", "patient_id") for name in stays[column] if name in str(told)
    ]


def test_what_predict_cannot_write_is_told_before_the_work(place: Path) -> None:
    words = ("--out", str(place / "round.csv"), "--json", str(place / "nowhere" / "round.json"))
    ended = ran(place / "home", "predict", *source(place, 11), *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "must exist" in ended.stderr


def test_one_trial_scores_the_plan_as_it_is_and_says_how_to_search(place: Path) -> None:
    words = ("--what", "readmission", "--trials", "1", "--json", str(place / "tuned.json"))
    said = well(ran(place / "home", "tune", *source(place, 11), *words))
    assert "nothing else was tried" in said
    assert "a search begins with --trials 2" in said
    found = json.loads((place / "tuned.json").read_text())
    assert (len(found["readmission"]["trials"]), found["changed"], found["plan_file"]) == (1, False, None)
    assert found["rerun"]["data_digest"]
    again = ran(place / "home", "tune", *source(place, 11), *words)
    assert "1 trial was there already, of 1" in again.stderr


@pytest.mark.parametrize("command", ["fit", "tune", "evaluate", "predict"])
def test_each_help_has_an_example_and_no_marks_of_its_layout(tmp_path: Path, command: str) -> None:
    said = well(ran(tmp_path, command, "--help"))
    assert f"  python -m training {command} --source extract --path" in said
    assert "--json" in said
    assert "\\b" not in said
    assert "\b" not in said


def test_the_help_says_the_exit_codes(tmp_path: Path) -> None:
    said = well(ran(tmp_path, "--help"))
    for code in ("0  done", "1  something was found or refused", "2  an option", "130  stopped by Ctrl-C"):
        assert code in said


def test_ctrl_c_ends_with_130_and_no_traceback(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training import fit

    def stopped(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fit, "fit", stopped)
    ended = ran(place / "home", "fit", *source(place, 11))
    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr


def test_a_fit_learns_only_what_was_known_by_its_moment_and_the_months_after_can_judge_it(tmp_path):
    source = small_hospital_in(tmp_path, admissions=500)
    options = ("--plan", str(tmp_path / "plan.json"), "--json", str(tmp_path / "fit.json"))
    for wrong in ("2031-01-01", "soon"):
        ended = ran(tmp_path / "home", "fit", *source, *options, "--until", wrong)
        assert ended.returncode == 2
        assert "--until must " in ended.stderr
    well(ran(tmp_path / "home", "fit", *source, *options, "--until", "2026-09-01"))
    made = json.loads((tmp_path / "fit.json").read_text())
    assert made["rerun"]["command"].endswith("--until 2026-09-01")
    known = json.loads((tmp_path / "home" / "releases" / made["release"] / "release.json").read_text())
    assert known["about"]["learnt_until"][:10] <= "2026-09-01"
    twice = ran(tmp_path / "home", "compare", *source, "--release", "challenger", "--with", made["release"])
    assert twice.returncode == 2
    assert "are the same release" in twice.stderr
