"""Where runs and releases are kept: HOMEWARD_HOME, or `.homeward` in the working directory."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
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
from training.store import private

GOLDEN_ADMISSIONS = 200
GOLDEN_DAYS = 20
GOLDEN_ROWS = 5
GOLDEN_SEED = 7


def home() -> Path:
    """Return the folder of runs and releases, absolute."""
    return Path(os.environ.get("HOMEWARD_HOME", ".homeward")).resolve()


def kept(predictor: Predictor, about: Mapping[str, Any]) -> Path:
    """Write a predictor as a release under the home and return its folder, whose name is the release's.

    The name holds a digest of everything in it, so that the same data, plan and code give the same name
    and two releases never share one.  It is written elsewhere first: a folder of that name is whole.
    """
    releases = private(home() / "releases")
    golden, at = golden_rows()
    with tempfile.TemporaryDirectory(dir=releases, prefix=".writing-") as writing:
        drafts = Path(writing)
        unnamed = replace(predictor, release="unnamed")
        digest = release.save(unnamed, drafts / "unnamed", golden, at, about, card(unnamed, about))
        named = replace(predictor, release=f"{about['source']}-{digest[:10]}")
        release.save(named, drafts / named.release, golden, at, about, card(named, about))
        folder = releases / named.release
        if not folder.exists():
            (drafts / named.release).rename(folder)
    release.verify(folder)
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
