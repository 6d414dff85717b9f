"""Releases in a store as `promote` leaves them, and a trial of them that takes no time."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd

from features.errors import ReleaseFault
from models import release
from models.sealed import LISTING, digest, listing, sealed
from serving.candidate import Named
from serving.last_good import Memory
from serving.metrics import Metrics
from serving.rehearsal import Rehearsed
from serving.release import Releases
from serving.trial import Trial
from training.store import put

ENGLAND = Rehearsed("ENG", "Europe/London")


def second_release(first: Path, place: Path) -> Path:
    """Write a release that answers otherwise than the first: it knows no readmissions."""
    golden = json.loads((first / "golden.json").read_text())
    other = replace(release.load(first), release="second", readmission=None, same_issue=None)
    table = release._golden_table(golden["rows"])
    release.save(other, place, table, pd.Timestamp(golden["at"]), {"source": "simulated"}, "# Card\n")
    return place


def altered(folder: Path, **contents: bytes) -> None:
    """Change files of a release, with the digests that fit: only the whole has another digest then."""
    digests = dict(sealed(folder).digests)
    for name, content in contents.items():
        file = name.replace("_json", ".json").replace("_txt", ".txt")
        (folder / file).write_bytes(content)
        digests[file] = digest(content)
    (folder / LISTING).write_bytes(listing(digests))


class Rehearsal:
    """A trial that only counts, or says what it is told to."""

    def __init__(self, said: Rehearsed = ENGLAND) -> None:
        self.said = said
        self.fault: Exception | None = None
        self.tried: list[str] = []

    def __call__(self, folder: Path, digest: str) -> Rehearsed:
        self.tried.append(folder.name)
        if self.fault:
            raise self.fault
        return self.said

    def prepare(self) -> None:
        """Need nothing."""

    def close(self) -> None:
        """Keep nothing."""


class Ward:
    """A home with a store, and the releases of a service on it."""

    def __init__(self, home: Path, first: Path) -> None:
        self.home, self.first = home, first
        self.store = home / "bentoml" / "models"
        self.rehearsal, self.metrics = Rehearsal(), Metrics()
        self.promote(first, "first")

    def promote(self, folder: Path, name: str) -> Path:
        return put(folder, name, self.store)

    def copied(self, folder: Path, name: str) -> Path:
        return Path(shutil.copytree(folder, self.home / name))

    def opened(self, named: str = "homeward:latest") -> Releases:
        return Releases(Named(named, self.store), Trial(Memory(self.home), self.rehearsal), self.metrics)

    def metric(self, name: str) -> str:
        lines = self.metrics.text({}).decode().splitlines()
        return next(line for line in lines if line.startswith(name)).removeprefix(name)


REFUSED = ReleaseFault("it cannot be")
