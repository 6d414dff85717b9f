"""The main job on real data, by the commands of the README: fit, evaluate, predict."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import pytest

QUICK = {
    **{"risk_learning_rate": 0.2, "risk_rounds": 60, "date_rounds": 2, "calibration_folds": 2},
}  # few trees, and fewest for the dates, of which nothing is said here


def run(home: Path, *words: str) -> CompletedProcess[str]:
    environment = {**os.environ, "HOMEWARD_HOME": str(home), "OMP_NUM_THREADS": "1", "COLUMNS": "120"}
    return subprocess.run(
        [sys.executable, "-m", "training", *words], env=environment, capture_output=True, text=True, timeout=900
    )


def succeeded(ended: CompletedProcess[str]) -> str:
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_diabetes130_reaches_what_honest_features_reach(real_data: Path, tmp_path: Path) -> None:
    source = ("--source", "diabetes130", "--path", str(real_data / "diabetes130"))
    (tmp_path / "plan.json").write_text(json.dumps(QUICK))
    fit = ("fit", *source, "--plan", str(tmp_path / "plan.json"))
    said = succeeded(run(tmp_path, *fit, "--json", str(tmp_path / "out.json")))
    figures = json.loads((tmp_path / "out.json").read_text())
    model, line = figures["readmission"], figures["baselines"]["logistic_regression"]["readmission"]
    print(f"AUROC {model['auroc']:.4f} ECE {model['ece']:.4f}; logistic regression {line['auroc']:.4f}")
    assert 0.675 <= model["auroc"] < 0.70, "above 0.70 there is a leak to find"
    assert model["ece"] <= 0.010
    assert model["n"] == line["n"], "both on the same rows"
    assert model["auroc"] > line["auroc"]
    assert figures["ready"] is None
    assert f"{model['auroc']:.3f}" in said
    assert figures["release"] in said


def test_mimic4_goes_the_whole_way(
    real_data: Path, training: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    source = ("--source", "mimic4", "--path", str(real_data / "mimic-iv-demo"))
    succeeded(training("fit", *source, "--json", str(tmp_path / "fit.json")))
    release = json.loads((tmp_path / "fit.json").read_text())["release"]
    said = succeeded(training("evaluate", *source, "--json", str(tmp_path / "evaluated.json")))
    evaluated = json.loads((tmp_path / "evaluated.json").read_text())
    assert evaluated["release"] == release
    assert evaluated["ready"] is None, "nobody records criteria to reside there"
    assert "LEARNT FROM THESE VERY ROWS" in said
    succeeded(training("predict", *source, "--out", str(tmp_path / "predictions.parquet")))
    predictions = pd.read_parquet(tmp_path / "predictions.parquet")
    assert set(predictions["release"]) == {release}
    assert predictions["readmission_risk"].between(0, 1).all()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("fit", "--source", "nowhere"), "nowhere"),
        (("fit", "--source", "extract", "--path", "no-such-folder"), "no-such-folder"),
        (("evaluate", "--source", "simulated"), "no release was fitted on simulated yet"),
        (("evaluate", "--source", "simulated", "--release", "absent"), "absent"),
        (("promote", "absent"), "absent"),
        (("fit", "--source", "simulated", "--json", "no-such-folder/out.json"), "must exist"),
        (("fit", "--source", "simulated", "--plan", "no-such.json"), "no-such.json cannot be read"),
        (("tune", "--source", "simulated", "--what", "all"), "--what must be dates, readmission, both"),
        (("predict", "--source", "simulated", "--out", "predictions.docx"), ".parquet or .csv"),
        (("pictures", "--source", "simulated", "--out", __file__), "found a file"),
        (("pictures", "--source", "simulated", "--out", f"{__file__}/pictures"), "may be written to"),
    ],
)
def test_what_a_person_can_mend_is_one_sentence_and_exit_code_2(
    training: Callable[..., CompletedProcess[str]], words: tuple[str, ...], sentence: str
) -> None:
    ended = training(*words)
    assert ended.returncode == 2
    assert sentence in ended.stderr.replace("\n", " ")
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
