"""Tuning as a data scientist does it: begun, stopped with Ctrl-C, gone on with, and its plan given to `fit`."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from features.sources.simulation import Arguments
from training.simulate import write_simulated


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    write_simulated(Arguments(2000, seed=11, days=200), tmp_path / "hospital", lambda text: None)
    source = ("--source", "simulated", "--path", str(tmp_path / "hospital"))
    return [sys.executable, "-m", "training", "tune", *source, "--what", "readmission"]


def test_tuning_goes_on_after_ctrl_c_and_says_what_is_to_be_preferred(words: list[str], tmp_path: Path) -> None:
    place = {**os.environ, "HOMEWARD_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    begun = subprocess.Popen(
        [*words, "--trials", "500"],
        env=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert begun.stderr is not None
    said = ""
    while "readmission 1: log_loss" not in said:
        line = begun.stderr.readline()
        assert line, said
        said += line
    begun.send_signal(signal.SIGINT)
    said += begun.stderr.read()
    assert begun.wait(timeout=60) == 130
    assert "stopped; the finished trials are kept" in said
    assert "Traceback" not in said
    best = re.findall(r"best so far (\d\.\d+)", said)[-1]

    figures = tmp_path / "tuned.json"
    again = subprocess.run(
        [*words, "--trials", "5", "--json", str(figures)],
        env=place,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert again.returncode == 0, again.stderr
    there = re.search(
        rf"readmission: (\d) trials were there already, of 5, the best log_loss {best}", again.stderr
    )
    assert there, again.stderr
    found = json.loads(figures.read_text())
    assert found["readmission"]["already"] == int(there[1]) >= 2
    assert len(found["readmission"]["trials"]) == max(int(there[1]), 5)
    assert ("fit --source simulated" in again.stdout) == found["changed"] == (found["plan_file"] is not None)
    assert ("the plan stays as it is" in again.stdout) != found["changed"]
