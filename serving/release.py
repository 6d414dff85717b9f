"""The release that the service answers from: a folder of plain files, found in BentoML's store or by path."""

import hashlib
import json
from pathlib import Path

import bentoml

from features.errors import ReleaseFault
from models.release import verify


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
