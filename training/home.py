"""Where runs and releases are kept: HOMEWARD_HOME, or `.homeward` in the working directory."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ReleaseFault
from features.snapshot import snapshot
from features.sources.simulation import simulate
from features.table import feature_table
from models import release
from models.card import card
from models.predictor import Predictor

GOLDEN_ADMISSIONS = 200
GOLDEN_DAYS = 20
GOLDEN_ROWS = 5
GOLDEN_SEED = 7


def home() -> Path:
    """Return the folder of runs and releases, absolute."""
    return Path(os.environ.get("HOMEWARD_HOME", ".homeward")).resolve()


def kept(predictor: Predictor, about: Mapping[str, Any]) -> Path:
    """Write a predictor as a release under the home and return its folder; the same release is kept as it is.

    It is written elsewhere first, so that a folder of that name is always whole.
    """
    folder = home() / "releases" / predictor.release
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as writing:
        draft = Path(writing) / predictor.release
        golden, at = golden_rows()
        release.save(predictor, draft, golden, at, about, card(predictor, about))
        if folder.exists():
            if release.verify(folder) == release.verify(draft):
                return folder
            raise ReleaseFault(f"release {folder.name} exists with other files; move it away first")
        draft.rename(folder)
    return folder


def newest(source: str) -> Path:
    """Return the release last fitted on a source; raises ReleaseFault if there is none."""
    folders = sorted((home() / "releases").glob("*/release.json"), key=lambda file: file.stat().st_mtime)
    for file in reversed(folders):
        if release.about(file.parent)["about"].get("source") == source:
            return file.parent
    raise ReleaseFault(
        f"no release was fitted on {source} yet; run `python -m training fit --source {source}` first"
    )


def golden_rows() -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return feature rows of a few simulated patients, and their moment: a release travels, patients do not."""
    hospital = simulate(GOLDEN_ADMISSIONS, seed=GOLDEN_SEED, days=GOLDEN_DAYS)
    at = hospital.observed_until.floor("h")
    table = feature_table(snapshot(hospital, at), hospital, at).head(GOLDEN_ROWS)
    return table.set_axis(pd.Index([f"golden-{number}" for number in range(len(table))]), axis=0), at
