"""Where runs and releases are kept: HOMEWARD_HOME, or `.homeward` in the working directory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
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
from models.sealed import sealed
from training.store import writing

GOLDEN_ADMISSIONS = 200
GOLDEN_DAYS = 20
GOLDEN_ROWS = 5
GOLDEN_SEED = 7


def home() -> Path:
    """Return the folder of runs and releases, absolute."""
    return Path(os.environ.get("HOMEWARD_HOME", ".homeward")).resolve()


@dataclass(frozen=True)
class Kept:
    """A release under the home: its folder, the digest of the whole, and whether it was there already."""

    folder: Path
    digest: str
    again: bool


def kept(predictor: Predictor, about: Mapping[str, Any]) -> Kept:
    """Write a predictor as a release under the home, whose name is that of its folder.

    The name holds a digest of everything in it, so that the same data, plan and code give the same name
    and two releases never share one.  It is written elsewhere first: a folder of that name is whole, whenever
    the process ends.  Raises ReleaseFault if one of that name is there and was altered.
    """
    releases = home() / "releases"
    golden, at = golden_rows()
    with writing(releases) as drafts:
        unnamed = replace(predictor, release="unnamed")
        digest = release.save(unnamed, drafts / "unnamed", golden, at, about, card(unnamed, about))
        named = replace(predictor, release=f"{about['source']}-{digest[:10]}")
        digest = release.save(named, drafts / named.release, golden, at, about, card(named, about))
        folder = releases / named.release
        again = folder.exists()
        if not again:
            (drafts / named.release).rename(folder)
    sealed(folder, digest)
    return Kept(folder, digest, again)


def newest(source: str) -> Path:
    """Return the release last fitted on a source; raises ReleaseFault if there is none."""
    folders = sorted((home() / "releases").glob("*/release.json"), key=lambda file: file.stat().st_mtime)
    for file in reversed(folders):
        if release.about(file.parent)["about"].get("source") == source:
            return file.parent
    raise ReleaseFault(
        f"no release was fitted on {source} yet; run `python -m training fit --source {source}` first"
    )


@cache
def golden_rows() -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return feature rows of a few simulated patients, and their moment: a release travels, patients do not."""
    hospital = simulate(GOLDEN_ADMISSIONS, seed=GOLDEN_SEED, days=GOLDEN_DAYS)
    at = hospital.observed_until.floor("h")
    table = feature_table(snapshot(hospital, at), hospital, at).head(GOLDEN_ROWS)
    return table.set_axis(pd.Index([f"golden-{number}" for number in range(len(table))]), axis=0), at
