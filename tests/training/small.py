"""A small hospital and a quick plan, and the commands of `python -m training` run on them in this process."""

import contextlib
import io
import json
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from features.sources.simulation import Arguments
from tests.runs_database import copies
from training.simulate import write_simulated

QUICK = {
    **{"date_rounds": 4, "risk_rounds": 8, "risk_leaves": 4, "calibration_folds": 2, "smallest_leaf": 300},
    **{"fit_share": 0.55, "calibrate_share": 0.1, "fit_period": 0.5, "calibrate_period": 0.15},
}  # few trees, and half of the patients to test on
FEW_FORECASTS = 100  # beside the truth, of each of which all states are followed for 60 days
SERVER = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "BENTOML_HOME")


def small_hospital_in(place: Path, seed: int = 11, admissions: int = 1300) -> tuple[str, ...]:
    """Write a simulated hospital and a plan into a folder; returns the options that name the hospital."""
    write_simulated(Arguments(admissions, seed=seed, days=300), place / f"hospital-{seed}", lambda text: None)
    (place / "plan.json").write_text(json.dumps(QUICK))
    return "--source", "simulated", "--path", str(place / f"hospital-{seed}")


def ran(home: Path, *words: str, **environment: str) -> CompletedProcess[str]:
    """Run a command of `python -m training` with a home and no tracking server but that of `environment`."""
    from training.__main__ import main

    said, told = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name in SERVER:
            patch.delenv(name, raising=False)
        for name, value in {"HOMEWARD_HOME": str(home), **environment}.items():
            patch.setenv(name, value)
        copies(patch)
        patch.setattr("training.oracle.MOST_FORECASTS", FEW_FORECASTS)
        patch.setattr(sys, "argv", ["training", *words])
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(told),
            pytest.raises(SystemExit) as left,
        ):
            main()
    return CompletedProcess(words, int(left.value.code or 0), said.getvalue(), told.getvalue())


def well(ended: CompletedProcess[str]) -> str:
    """Return what a command said that must have succeeded."""
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
