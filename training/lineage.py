"""What a training hung on, so that it can be run again: data, plan, code, lock, versions, seed and threads."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import pandas as pd

from features.contract import VERSION
from features.history import READMISSION_WINDOW_DAYS
from features.tables import Hospital
from models.prediction import READMISSION_DEFINITION
from training.plan import TrainingPlan
from training.returning import CODED_AFTER_DAYS

ROOT = Path(__file__).resolve().parents[1]
CODE = ("features", "models", "training")  # the service has no part in what a training gives
COUNTS = (
    *("lightgbm", "numpy", "pandas", "pandera", "pyarrow", "scikit-learn", "scipy"),
    *("mlflow", "optuna", "matplotlib"),
)  # distributions whose version can change a figure, or how a run is kept
GIT_SECONDS = 20


def lineage(hospital: Hospital, plan: TrainingPlan) -> dict[str, Any]:
    """Return what a rerun needs: where all of it is the same, the digest of the release is the same.

    `data_digest` is over every value of both tables, `code_digest` over the files of the code itself, and
    therefore right also where `commit` is None, which is outside a checkout, or where the tree is dirty.
    `lock_digest` is None where no requirements.txt lies beside the code.
    """
    return {
        "source": hospital.source,
        "data_digest": tables_digest(hospital),
        "plan": plan.as_json(),
        "seed": plan.seed,
        "threads": plan.threads,
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        **checkout(ROOT),
        "code_digest": code_digest(ROOT),
        "lock_digest": _file_digest(ROOT / "requirements.txt"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "installed": {name: _version(name) for name in COUNTS},
    }


def lineage_tags(known: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a run by which people look for what it hung on; MLflow's own for the commit too."""
    names = ("data_digest", "code_digest", "lock_digest", "python")
    tags = {name: str(known[name] or "not known") for name in names}
    tags["commit"] = known["commit"] or "none: not run from a checkout"
    if known["commit"]:
        tags |= {"tree_dirty": str(known["tree_dirty"]).lower(), "mlflow.source.git.commit": known["commit"]}
    return tags


def window_tags(hospital: Hospital, doing: str) -> dict[str, str]:
    """Return the tags that say of which time and by which definitions figures are.

    `doing` is "learnt" or "measured".  Labels are known until some time before the source ends, since who left
    later has not been followed for long enough.  A source whose dates do not compare has no such days.
    """
    tags = {
        "source": hospital.source,
        "dates": hospital.dates,
        "contract_version": str(VERSION),
        "readmission_definition": READMISSION_DEFINITION,
        "readmission_label_matures_after_days": str(READMISSION_WINDOW_DAYS),
        "same_issue_label_matures_after_days": str(CODED_AFTER_DAYS),
    }
    if hospital.dates != "comparable":
        return tags
    until = hospital.observed_until
    return tags | {
        f"{doing}_from": f"{hospital.admissions['admitted_at'].min():%Y-%m-%d}",
        f"{doing}_until": f"{until:%Y-%m-%d}",
        "readmission_labels_until": f"{until - pd.Timedelta(days=READMISSION_WINDOW_DAYS):%Y-%m-%d}",
        "same_issue_labels_until": f"{until - pd.Timedelta(days=CODED_AFTER_DAYS):%Y-%m-%d}",
    }


def tables_digest(hospital: Hospital) -> str:
    """Return a digest over every value of a hospital's tables, in their order, and over its facts."""
    whole = hashlib.sha256(json.dumps(_facts(hospital)).encode())
    for table in (hospital.admissions, hospital.events, hospital.outcomes):
        if table is not None:
            whole.update(json.dumps([str(name) for name in table.columns]).encode())
            whole.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return whole.hexdigest()


def checkout(root: Path) -> dict[str, Any]:
    """Return the commit of a checkout and whether its tree differs from it; both None outside of one.

    A folder inside another project's checkout, such as an environment's packages, is none.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top) != root:
        return {"commit": None, "tree_dirty": None}
    return {
        "commit": _git(root, "rev-parse", "HEAD"),
        "tree_dirty": bool(_git(root, "status", "--porcelain", "--", *CODE)),
    }


def code_digest(root: Path) -> str:
    """Return a digest of the names and contents of the code that trains: its Python, and its data beside."""
    whole = hashlib.sha256()
    for package in CODE:
        for file in sorted((root / package).rglob("*")):
            if file.suffix in {".py", ".toml", ".csv", ".json"} and file.is_file():
                whole.update(f"{file.relative_to(root).as_posix()} {_file_digest(file)}\n".encode())
    return whole.hexdigest()


def _facts(hospital: Hospital) -> list[Any]:
    facts = hospital.facts
    events = [
        [name, {key: str(value) for key, value in vars(facts.events[name]).items()}]
        for name in facts.event_names
    ]
    return [hospital.source, hospital.dates, facts.nation, facts.time_zone, facts.board_round, events]


def _git(root: Path, *words: str) -> str | None:
    """Return what git says, None where it is missing, slow or says that there is no checkout."""
    try:
        ended = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=GIT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ended.stdout.strip()


def _file_digest(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _version(name: str) -> str | None:
    try:
        return installed(name)
    except PackageNotFoundError:
        return None
