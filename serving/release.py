"""The release that the service answers from: a folder of plain files, found in BentoML's store or by path."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import bentoml

from features.errors import ReleaseFault
from models.release import verify
from serving.settings import Settings

if TYPE_CHECKING:
    from models.predictor import Predictor


def release_folder(named: str) -> Path:
    """Return the folder of a release named by a path or a tag; raises ReleaseFault where there is none."""
    if Path(named).is_dir():
        return Path(named)
    try:
        return Path(bentoml.models.get(named).path)
    except (bentoml.exceptions.BentoMLException, ValueError) as error:
        raise ReleaseFault(
            f"there is no release {named}; make one with `python -m training fit` and `promote`, or name a "
            "folder in HOMEWARD_RELEASE"
        ) from error


def release_digest(folder: Path) -> str:
    """Return the digest of all digests of a release, as it was returned when the release was saved."""
    return hashlib.sha256(json.dumps(verify(folder), sort_keys=True).encode()).hexdigest()


def release_of_digest(settings: Settings, digest: str) -> Path:
    """Return the folder of the release with a digest; raises ReleaseFault if it is not kept any more."""
    folders = [Path(settings.release), *sorted((settings.home / "bentoml" / "models" / "homeward").glob("*"))]
    for folder in folders:
        if (folder / "digests.json").is_file() and release_digest(folder) == digest:
            return folder
    raise ReleaseFault("the release that made the prediction is not in the model store any more")


@dataclass(frozen=True)
class Loaded:
    """A release in memory with the digest of its files."""

    predictor: "Predictor"
    digest: str


@dataclass(frozen=True)
class Standing:
    """A release that stays the same."""

    loaded: Loaded

    def current(self) -> Loaded:
        """Return the release to answer with."""
        return self.loaded
