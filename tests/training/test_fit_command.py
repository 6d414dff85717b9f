"""A release that can be made again, its runs in MLflow, and the model as MLflow's users load it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.snapshot import snapshot
from features.sources import read
from features.table import feature_table
from tests.training.small import ran, small_hospital_in, well

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small hospital, and a home in which a release of it was fitted and promoted."""
    place = tmp_path_factory.mktemp("fitted")
    source = small_hospital_in(place)
    well(
        ran(
            place / "home",
            "fit",
            *source,
            "--plan",
            str(place / "plan.json"),
            "--json",
            str(place / "fit.json"),
        )
    )
    without = ("--by", "Ann Lee", "--without-gate", "the first release of a test")
    well(ran(place / "home", "promote", fitted(place)["release"], *without))
    return place


def fitted(place: Path) -> dict:
    return json.loads((place / "fit.json").read_text())


def source(place: Path) -> tuple[str, ...]:
    return "--source", "simulated", "--path", str(place / "hospital-11")


def client(place: Path):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{place}/home/mlflow.db")


@pytest.fixture(scope="module")
def frame(place: Path) -> pd.DataFrame:
    """Return feature rows of a few inpatients with their moment, as a person makes them."""
    hospital = read("simulated", place / "hospital-11")
    at = hospital.observed_until.floor("h")
    table = feature_table(snapshot(hospital, at), hospital, at).head(6)
    return table.assign(at=at)


def test_a_second_fit_in_a_new_process_gives_the_same_release_to_the_last_bit_and_says_so(place: Path) -> None:
    rerun = fitted(place)["rerun"]
    (place / "plan.json").write_text(json.dumps(rerun["plan"]))
    environment = {**os.environ, "HOMEWARD_HOME": str(place / "home"), "PYTHONHASHSEED": "3"}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    line = [sys.executable, *rerun["command"].split()[1:], "--json", "again.json"]
    ended = subprocess.run(line, cwd=place, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    first, second = fitted(place), json.loads((place / "again.json").read_text())
    assert "the same release as before, to the last bit" in ended.stdout
    assert first["digest"] in ended.stdout
    assert (first["same_as_before"], second["same_as_before"]) == (False, True)
    changing = {"run_id": "", "same_as_before": True, "rerun": {**rerun, "omp_num_threads": "1"}}
    second["rerun"]["omp_num_threads"] = "1"
    assert {**first, **changing} == {**second, "run_id": ""}
    assert second["version"] == 1, "the same files are no new version"


# Runs


def runs_of(place: Path) -> tuple:
    """Return the run of the fit and those inside it, by name."""
    asked = client(place)
    parent = asked.get_run(fitted(place)["run_id"])
    inside = asked.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    return parent, {run.info.run_name: run for run in inside}


def test_a_fit_is_a_run_with_one_inside_for_each_model(place: Path) -> None:
    parent, inside = runs_of(place)
    assert (parent.info.run_name, parent.info.status) == (fitted(place)["release"], "FINISHED")
    assert set(inside) == {"dates", "readmission"}
    assert parent.data.metrics["discharge.crps"] == fitted(place)["discharge"]["crps"]
    dates, risk = inside["dates"].data, inside["readmission"].data
    assert dates.metrics["discharge.crps"] == fitted(place)["discharge"]["crps"]
    assert 1 <= dates.metrics["trees.leave"] <= 100
    assert "baselines.specialty_by_day.discharge.crps" in dates.metrics
    assert {"date_rounds", "seed"} <= dates.params.keys()
    assert not [name for name in risk.params if name.startswith("date_")]
    assert risk.params["risk_rounds"] == "8"


def test_figures_by_day_have_the_days_as_their_step_and_those_by_group_a_stable_name(place: Path) -> None:
    _, inside = runs_of(place)
    asked, dates = client(place), inside["dates"]
    history = asked.get_metric_history(dates.info.run_id, "discharge.by_days_so_far.n")
    days = [point.step for point in history]
    assert days == sorted(set(days))
    assert days[0] == 0
    assert len(days) >= 5
    groups = [name for name in dates.data.metrics if name.startswith("discharge.by_group.")]
    assert {"discharge.by_group.sex.1.mae_days", "discharge.by_group.sex.2.mae_days"} <= set(groups)
    both = sum(dates.data.metrics[f"discharge.by_group.sex.{sex}.n"] for sex in (1, 2))
    assert both <= dates.data.metrics["discharge.n"] + 1e-9, "nobody counts twice"


def test_tags_say_window_definitions_and_what_the_run_hung_on(place: Path) -> None:
    parent, _ = runs_of(place)
    tags, rerun = parent.data.tags, fitted(place)["rerun"]
    assert tags["readmission_definition"] == "ENG-I02040-like/v1"
    assert tags["learnt_from"] < tags["same_issue_labels_until"] < tags["readmission_labels_until"]
    assert tags["readmission_labels_until"] < tags["learnt_until"]
    assert (tags["source"], tags["contract_version"]) == ("simulated", "1")
    assert tags["release_digest"] == fitted(place)["digest"]
    assert tags["data_digest"] == rerun["data_digest"]
    version = client(place).get_model_version_by_alias("homeward", "champion")
    assert version.tags["learnt_until"] == tags["learnt_until"]
    assert version.tags["code_digest"] == rerun["code_digest"]
    files = place / "home/mlartifacts" / parent.info.run_id / "artifacts"
    assert {**rerun, "command": ""} == {**json.loads((files / "rerun.json").read_text()), "command": ""}


def test_data_are_logged_as_digest_columns_and_counts_never_rows(place: Path) -> None:
    parent, _ = runs_of(place)
    found = {one.dataset.name: one.dataset for one in parent.inputs.dataset_inputs}
    assert set(found) == {"simulated admissions", "simulated events"}
    stays = found["simulated admissions"]
    assert fitted(place)["rerun"]["data_digest"].startswith(stays.digest)
    columns = {column["name"] for column in json.loads(stays.schema)["mlflow_colspec"]}
    assert {"admission_id", "admitted_at", "age"} <= columns
    hospital = read("simulated", place / "hospital-11")
    profile = json.loads(stays.profile)
    assert profile["num_rows"] == len(hospital.admissions)
    assert profile["num_patients"] == hospital.admissions["patient_id"].nunique()
    assert json.loads(stays.source)["uri"] == str(place / "hospital-11")


def test_the_report_and_plots_are_with_the_run(place: Path) -> None:
    parent, _ = runs_of(place)
    files = place / "home/mlartifacts" / parent.info.run_id / "artifacts"
    assert "by group of at least 20 patients" in (files / "report/report.html").read_text()
    for name in ("calibration", "days_so_far", "groups"):
        assert (files / f"plots/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_no_patient_who_was_learnt_from_is_in_anything_that_mlflow_keeps(place: Path) -> None:
    stays = read("simulated", place / "hospital-11").admissions
    names = {name.encode() for column in ("patient_id", "admission_id") for name in stays[column]}
    files = [place / "home/mlflow.db", *filter(Path.is_file, (place / "home/mlartifacts").rglob("*"))]
    assert len(files) > 15
    for file in files:
        assert not names & set(re.findall(rb"\w+", file.read_bytes())), file


# The model


PICKLE_BLOCKED = """
import pickle, sys

def refuse(*given, **more):
    raise SystemExit("something was unpickled")

class Refusing(pickle._Unpickler):
    load = refuse

pickle.load = pickle.loads = refuse
pickle.Unpickler = pickle._Unpickler = Refusing
import _pickle
_pickle.load = _pickle.loads = refuse

import json, mlflow
for alias in ("champion", "challenger"):
    model = mlflow.pyfunc.load_model(f"models:/homeward@{alias}")
    answers = model.predict(model.input_example)
    print(json.dumps([list(answers.columns), *answers[["release", "home_within_30_days"]].iloc[0]]))
"""


def test_the_model_loads_by_its_alias_in_a_new_process_where_nothing_can_be_unpickled(
    place: Path, tmp_path: Path
) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "HOMEWARD"))
    }
    environment |= {"MLFLOW_TRACKING_URI": f"sqlite:///{place}/home/mlflow.db", "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-c", PICKLE_BLOCKED]
    ended = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    answers = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == 2
    for columns, release, home in answers:
        assert release == fitted(place)["release"]
        assert "discharge_likely" in columns
        assert 0 < home < 1


def test_nothing_that_was_kept_is_a_pickle(place: Path) -> None:
    files = [file for file in (place / "home/mlartifacts").rglob("*") if file.is_file()]
    files = [file for file in files if file.parent.name != "__pycache__"]  # Python's, of who loaded the model
    assert files
    for file in files:
        assert file.suffix in {".txt", ".json", ".md", ".py", ".yaml", ".html", ".png", ""}, file
        assert file.suffix or file.name in ("MLmodel", "registered_model_meta")
        assert not file.read_bytes().startswith(b"\x80"), file


@pytest.fixture(scope="module")
def model(place: Path):
    import mlflow

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/home/mlflow.db")
        return mlflow.pyfunc.load_model("models:/homeward@champion")


def test_the_model_answers_as_the_predict_command_does(
    place: Path, model, frame: pd.DataFrame, tmp_path: Path
) -> None:
    out, at = tmp_path / "round.parquet", f"{frame['at'].iloc[0]:%Y-%m-%dT%H:%M}"
    well(ran(place / "home", "predict", *source(place), "--at", at, "--out", str(out)))
    said = pd.read_parquet(out).set_index("admission_id").loc[frame.index]
    said = said[said["home_within_30_days"].notna()]  # who is out of scope is known by a hospital, not by a row
    assert len(said) >= 3
    whole = model.predict(frame)
    assert list(whole.index) == list(frame.index)
    answers = whole.loc[said.index]
    for name in ("home_within_30_days", "readmission_risk"):
        np.testing.assert_allclose(answers[name].astype(float), said[name].astype(float), rtol=0, atol=1e-12)
    assert answers["discharge_likely"].tolist() == said["discharge_likely"].tolist()


def test_the_signature_has_every_column_and_the_example_is_a_simulated_patient(
    place: Path, model, frame
) -> None:
    inputs = {spec.name: str(spec.type) for spec in model.metadata.get_input_schema().inputs}
    assert list(inputs) == list(frame.columns)
    assert (inputs["age"], inputs["news2"]) == ("DataType.double", "DataType.double")
    outputs = [spec.name for spec in model.metadata.get_output_schema().inputs]
    assert outputs == list(model.predict(frame).columns)
    golden = json.loads((place / "home/releases" / fitted(place)["release"] / "golden.json").read_text())
    example = model.input_example
    assert len(example) == 1
    assert example["age"].iloc[0] == golden["rows"]["age"][0]
    assert example["at"].iloc[0] == golden["at"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns=["age", "news2"]), "missing are age, news2"),
        (lambda frame: frame.drop(columns="at"), "must have a column `at`"),
        (lambda frame: frame.assign(at="Canary Smith"), "must be a moment with its time zone"),
        (lambda frame: frame.assign(at="2026-01-10T08:00"), "must be a moment with its time zone"),
        (lambda frame: frame.assign(sex=77123.5), "sex must hold codes as text"),
    ],
)
def test_a_frame_that_does_not_fit_is_told_by_its_columns_without_a_value(model, frame, change, said) -> None:
    wrong = change(frame).rename(index=lambda name: f"Canary {name}")
    with pytest.raises(ValueError, match=said) as refused:
        model.predict(wrong)
    assert_no_value(refused.value)


@pytest.mark.parametrize("age", ["Canary Smith", 81])
def test_a_column_of_another_type_is_told_by_mlflow_without_a_value(model, frame, age) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="Failed to enforce model input schema") as refused:
        model.predict(frame.assign(age=age).rename(index=lambda name: f"Canary {name}"))
    assert "Incompatible input types for column age" in str(refused.value.__context__)
    assert_no_value(refused.value)


def assert_no_value(error: BaseException | None) -> None:
    """Check that neither an error nor what it came from repeats a value: all of it is in a traceback."""
    while error is not None:
        assert "Canary" not in str(error)
        assert "77123" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
