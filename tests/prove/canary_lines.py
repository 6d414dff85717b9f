"""The lines R17: identifiers that were sent, or trained on, are nowhere but in the database."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pandas as pd
from inputs import Inputs
from line import Found, Line

from features.sources import extract
from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate
from features.tables import Hospital
from models import release
from serving.children import Children
from serving.demo import SYSTEM, Demo, let_in, on_free_port, started
from serving.settings import Settings
from serving.signing import Signed
from tests.serving.canaries import ALL, Sent, errors, successes, told_of
from training.home import golden_rows
from training.store import put

MARK = b"CANARY-"
ADMISSIONS = 3_000
QUICK = {"risk_learning_rate": 0.1, "risk_rounds": 50, "date_rounds": 10}
SETTINGS = {"HOMEWARD_REQUESTS_PER_MINUTE": "1000000"}


def lines() -> tuple[Line, ...]:
    """Return the lines."""
    sent = f"{len(ALL)} canaries through every way that is taken or refused"
    trained = f"A hospital of {ADMISSIONS:,} whose every identifier is a canary, trained on"
    return (
        Line("R17a", f"{sent}: in logs, metrics, refusals, temporary files", "0", _of_the_service, 0, 0),
        Line("R17b", f"{trained}: in MLflow, releases, reports, temporary files", "0", _of_training, 0, 0),
    )


def in_files(folders: Iterable[Path], but: str = "\0") -> list[str]:
    """Return the files, but those whose name holds a word, in which a canary is."""
    files = (
        file for folder in folders for file in folder.rglob("*") if file.is_file() and but not in file.name
    )
    return sorted(str(file.name) for file in files if MARK in file.read_bytes())


def _of_the_service(inputs: Inputs) -> Found:
    golden, at = golden_rows()
    with TemporaryDirectory(prefix="homeward-") as place:
        folder, home, temporary = (Path(place) / name for name in ("release", "home", "temporary"))
        temporary.mkdir()
        release.save(inputs.quick_release, folder, golden, at, {"source": "simulated"}, "# Card\n")
        sent, metrics = _sent(folder, home, temporary)
        repeated = sorted({one.what for one in sent if one.failed and told_of(one.answer.text)})
        found = [
            *repeated,
            *in_files([home, temporary], but="homeward.db"),
            *(["/metrics"] if told_of(metrics) else []),
        ]
    failed = sum(one.failed for one in sent)
    note = f"{len(sent):,} requests, {failed:,} of them refused"
    return Found(Estimate(len(found)), "; ".join([note, *found[:5]]))


def _sent(folder: Path, home: Path, temporary: Path) -> tuple[list[Sent], str]:
    """Send every canary to a service of its own, and return what was sent and the metrics at the end."""
    settings = Settings.read({"HOMEWARD_HOME": str(home), **SETTINGS})
    let_in(settings)
    put(folder, "good", home / "bentoml" / "models")
    demo = Demo(on_free_port(settings), 0, lambda _: None)
    environment = {**demo.settings.environment(os.environ), "TMPDIR": str(temporary)}
    with Children(environment) as children, closing(started(demo, children)) as client:
        signed = Signed(demo.settings, SYSTEM)

        def ask(
            method: str, path: str, headers: dict[str, str], nobody: bool = False, **body: Any
        ) -> httpx.Response:
            auth = None if nobody or "Authorization" in headers else signed
            return client.request(method, path, headers=headers, auth=auth, **body)

        sent = [*successes(ask), *errors(ask)]
        return sent, client.get("/metrics").text


def _of_training(inputs: Inputs) -> Found:
    with TemporaryDirectory(prefix="homeward-") as place:
        hospital, home, temporary = (Path(place) / name for name in ("hospital", "home", "temporary"))
        for folder in (home, temporary):
            folder.mkdir()
        extract.write(_of_canaries(simulate(ADMISSIONS, seed=3)), hospital)
        (home / "plan.json").write_text(json.dumps(QUICK))
        source = ("--source", "extract", "--path", str(hospital))
        commands = [
            ("fit", *source, "--plan", str(home / "plan.json"), "--json", str(home / "fit.json")),
            ("evaluate", *source, "--json", str(home / "evaluated.json")),
            ("fit", "--source", "extract", "--path", str(_spoilt(hospital, Path(place) / "spoilt"))),
        ]
        ended = [_run(command, home, temporary) for command in commands]
        found = in_files([home, temporary])
        said = [f"the output of {one.args[3]}" for one in ended if MARK.decode() in one.stdout + one.stderr]
        files = sum(file.is_file() for file in home.rglob("*"))
    codes = [one.returncode for one in ended]
    wrong = [] if codes == [0, 0, 2] else [f"exit codes {codes}"]
    return Found(
        Estimate(len(found + said + wrong)), "; ".join([f"{files} files looked at", *found, *said, *wrong])
    )


def _run(command: tuple[str, ...], home: Path, temporary: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "HOMEWARD_HOME": str(home), "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "training", *command]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=1800, check=False)


def _of_canaries(hospital: Hospital) -> Hospital:
    """Return a hospital whose identifiers are canaries."""
    admissions, events = hospital.admissions, hospital.events
    spells = "CANARY-SPELL-" + admissions["admission_id"]
    patients = "CANARY-PATIENT-" + admissions["patient_id"]
    return replace(
        hospital,
        admissions=admissions.assign(admission_id=spells, patient_id=patients),
        events=events.assign(admission_id="CANARY-SPELL-" + events["admission_id"]),
    )


def _spoilt(hospital: Path, to: Path) -> Path:
    """Return an extract in which some stays are there twice and some cannot be."""
    read = extract.read(hospital)
    admissions = read.admissions
    twice = admissions.head(3).assign(age=400)
    extract.write(replace(read, admissions=pd.concat([admissions, twice], ignore_index=True)), to)
    return to
