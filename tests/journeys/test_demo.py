"""The whole way from nothing to a prediction over HTTP, as a person starts it: a journey, run on its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil

from serving.answers import PredictionAnswer


def test_a_fresh_machine_gets_from_nothing_to_a_prediction(tmp_path: Path) -> None:
    before = set(psutil.pids())
    line = [sys.executable, "-m", "serving", "demo", "--check", "--admissions", "500"]
    environment = {**os.environ, "HOMEWARD_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(line, env=environment, stdout=subprocess.PIPE, text=True, timeout=900)
    assert ended.returncode == 0
    prediction = PredictionAnswer.model_validate_json(ended.stdout.splitlines()[-1])
    assert prediction.discharge is not None
    assert prediction.release == json.loads((tmp_path / "simulated" / "fit.json").read_text())["release"]
    ours = [pid for pid in set(psutil.pids()) - before if str(tmp_path) in environment_of(pid)]
    assert ours == []


def environment_of(pid: int) -> str:
    try:
        return psutil.Process(pid).environ().get("HOMEWARD_HOME", "")
    except psutil.Error:
        return ""
