"""From a hospital's own files to a release, by the commands of `features/YOUR_HOSPITAL.md`."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd

from features.sources.simulation import simulate
from tests.own_hospital import write_own_folder

PAGE = (Path(__file__).parents[2] / "features" / "YOUR_HOSPITAL.md").read_text("utf-8")
QUICK = {"risk_learning_rate": 0.1, "risk_rounds": 10, "date_rounds": 6, "most_moments": 1500}
UNTIL = pd.Timestamp("2026-10-01T08:00", tz="Europe/London")


def test_a_hospitals_own_files_go_the_whole_way(
    training: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    write_own_folder(simulate(350, seed=5, days=120, until=UNTIL), tmp_path / "my-hospital")
    (tmp_path / "plan.json").write_text(json.dumps(QUICK))
    line = next(line for line in PAGE.splitlines() if line.startswith("python -m training fit"))
    fit = [word.replace("my-hospital", str(tmp_path / "my-hospital")) for word in shlex.split(line)[3:]]
    ended = training(*fit, "--plan", str(tmp_path / "plan.json"), "--json", str(tmp_path / "out.json"))
    assert ended.returncode == 0, ended.stderr
    fitted = json.loads((tmp_path / "out.json").read_text())
    assert fitted["release"] in ended.stdout
    predict = ("predict", *fit[1:], "--at", "2026-09-25T08:00", "--out", str(tmp_path / "predictions.csv"))
    ended = training(*predict)
    assert ended.returncode == 0, ended.stderr
    predictions = pd.read_csv(tmp_path / "predictions.csv")
    assert len(predictions) > 5
    assert set(predictions["release"]) == {fitted["release"]}
