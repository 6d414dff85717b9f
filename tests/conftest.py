"""What several tests need: the real data, and small extracts written to a folder."""

import fcntl
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.runs_database import copies

if TYPE_CHECKING:
    from features.tables import Hospital
    from models.predictor import Predictor

REAL_DATA = ("diabetes130", "mimic-iv-demo", "artificial-hes-apc")
STAY = {
    "admission_id": "A1",
    "patient_id": "P1",
    "admitted_at": "2026-01-05T14:20:00+00:00",
    "discharged_at": "2026-01-09T16:05:00+00:00",
    "admission_method": "21",
    "age": "81",
    "sex": "2",
}
EVENT = {
    "admission_id": "A1",
    "happened_at": "2026-01-06T09:00:00+00:00",
    "recorded_at": "2026-01-06T09:12:00+00:00",
    "name": "news2",
    "number": "3",
    "text": "",
}
Rows = Sequence[Mapping[str, str]]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data; without it the test skips, and in CI it fails."""
    folder = Path(os.environ.get("HOMEWARD_DATA") or "no folder")
    missing = [name for name in REAL_DATA if not (folder / name).is_dir()]
    if not missing:
        return folder.resolve()
    needs = f"needs HOMEWARD_DATA, the folder of {', '.join(REAL_DATA)}; missing: {', '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(needs)
    pytest.skip(needs)


@pytest.fixture
def stays() -> Callable[..., pd.DataFrame]:
    """Return a function that makes rows of `admissions`, each given by what differs from an ordinary one."""
    return lambda *rows: pd.DataFrame([{**STAY, **row} for row in rows or [{}]])


@pytest.fixture
def events() -> Callable[..., pd.DataFrame]:
    """Return a function that makes rows of `events`, each given by what differs from an ordinary one."""
    return lambda *rows: pd.DataFrame([{**EVENT, **row} for row in rows or [{}]])


@pytest.fixture
def extract(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an extract: frames become CSV, texts and bytes files of their names."""

    def written(admissions: pd.DataFrame, events: pd.DataFrame | None = None, **files: str | bytes) -> Path:
        folder = tmp_path / "extract"
        folder.mkdir(exist_ok=True)
        admissions.to_csv(folder / "admissions.csv", index=False)
        if events is not None:
            events.to_csv(folder / "events.csv", index=False)
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return written


@pytest.fixture
def training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., CompletedProcess[str]]:
    """Return a function that runs `python -m training` in this process: a new one imports for seconds."""

    def ended(*words: str) -> CompletedProcess[str]:
        from training.__main__ import main

        monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))
        monkeypatch.setattr(sys, "argv", ["training", *words])
        copies(monkeypatch)
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        return CompletedProcess(words, int(left.value.code or 0), *capfd.readouterr())

    return ended


# One small hospital and one small release, made once and shared by every test and worker.

SMALL_ADMISSIONS = 3000


@pytest.fixture(scope="session")
def small_hospital() -> "Hospital":
    """Return a simulated hospital of 3,000 admissions in ten months."""
    from features.sources.simulation import simulate

    return simulate(SMALL_ADMISSIONS, seed=11, days=300)


@pytest.fixture(scope="session")
def small_release_folder(small_hospital: "Hospital", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a release fitted on the small hospital; the first worker makes it for all."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own  # the parent outlives a plain run
    with (shared / "small_release.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "small_release"
        if not (folder / "digests.json").is_file():
            from models import release
            from models.card import card
            from training.cohort import prepared
            from training.fit import fit
            from training.home import golden_rows
            from training.plan import TrainingPlan

            plan = TrainingPlan(most_moments=9000, date_rounds=30, risk_rounds=60, risk_leaves=4, threads=1)
            made = fit(prepared(small_hospital, plan, print), plan, print)
            about = {"source": "simulated", "admissions": SMALL_ADMISSIONS, "figures": made.figures}
            release.save(made.predictor, folder, *golden_rows(), about, card(made.predictor, about))
    return folder


@pytest.fixture(scope="session")
def small_release(small_release_folder: Path) -> "Predictor":
    """Return the predictor of the small release."""
    from models.release import load

    return load(small_release_folder)
