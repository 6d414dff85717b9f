"""The lines R: can a ward system depend on the service?"""

import json
import logging
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from inputs import Inputs
from line import Found, Line
from mutations import mutated
from promotions import SPOILS, Day, day
from start_faults import START_FAULTS, good_home, told

from features.sources.simulation.estimate import Estimate
from models import release
from models.sealed import sealed
from serving.candidate import Named
from serving.last_good import Memory
from serving.metrics import Metrics
from serving.rehearsal import Rehearsed
from serving.release import Releases
from serving.trial import Trial
from training.home import golden_rows

MUTATIONS = 1000
ROUNDS = 5  # promotions and rollbacks under load
PER_SECOND = 20  # questions about one inpatient


def lines() -> tuple[Line, ...]:
    """Return the lines; what several ask is done once."""
    faults = f"{len(START_FAULTS)} start-up faults"
    return (
        Line("R4", f"{faults} not told in one sentence, or ready", "0", _start_faults, 0, 0),
        Line("R5a", f"{MUTATIONS:,} mutated releases taken, or refused after parsing", "0", _parsed, 0, 0),
        Line("R5b", "Golden answers that differ after them", "0", _after_mutations, 0, 0),
        Line("R6a", "Failed answers at 20 a second, promotions and bad stores", "0", _failed, 0, 0),
        Line("R6b", "Promotion to the first answer of the release, most seconds", "at most 5", _taken, 0, 5),
        Line("R7a", "Answers that mix two releases", "0", _mixed, 0, 0),
        Line("R7b", "Golden answers that differ to the bit after a rollback", "0", _rolled_back, 0, 0),
    )


@dataclass(frozen=True)
class Folders:
    """Two releases that answer differently, in a folder that ends with the process."""

    place: "TemporaryDirectory[str]"
    first: Path
    second: Path


def _folders(inputs: Inputs) -> Folders:
    place = TemporaryDirectory(prefix="homeward-")
    golden, at = golden_rows()
    first = replace(inputs.quick_release, release="first")
    second = replace(inputs.quick_release, release="second", readmission=None, same_issue=None)
    for each in (first, second):
        release.save(each, Path(place.name) / each.release, golden, at, {"source": "simulated"}, "# Card\n")
    return Folders(place, Path(place.name) / "first", Path(place.name) / "second")


class _Releases:
    """The releases of a service without a service; `tried` are those that came as far as being parsed."""

    def __init__(self, named: Path, home: Path) -> None:
        self.tried: list[str] = []
        self.releases = Releases(Named(str(named), home), Trial(Memory(home), self), Metrics())

    def __call__(self, folder: Path, digest: str) -> Rehearsed:
        self.tried.append(folder.name)
        return Rehearsed("ENG", "Europe/London")

    def prepare(self) -> None:
        """Need nothing."""

    def close(self) -> None:
        """Keep nothing."""

    def golden(self, folder: Path) -> list[str]:
        """Return the answers to the golden rows of a release as JSON, each to the last bit."""
        rows = json.loads((folder / "golden.json").read_text())
        table, at = release._golden_table(rows["rows"]), pd.Timestamp(rows["at"])
        answers = self.releases.current().predictor.predict(table, at)
        return [json.dumps(one.as_json()) for one in answers]


def _mutations(inputs: Inputs) -> tuple[list[str], int]:
    """Return the mutations that were not refused before parsing, and how many golden answers then differ."""
    first, wrong = inputs.once(_folders).first, []
    with TemporaryDirectory(prefix="homeward-") as place:
        link = Path(place) / "current"
        link.symlink_to(first)
        service = _Releases(link, Path(place))
        before, good = service.golden(first), service.releases.current()
        logging.disable(logging.WARNING)  # a thousand refusals
        for number in range(MUTATIONS):
            folder, words = mutated(first, Path(place), number)
            service.tried.clear()
            link.unlink()
            link.symlink_to(folder)
            for _ in range(2):  # after one that was refused the next must stand still for a look
                service.releases.look()
            refused = service.releases._refused and not service.tried
            if not refused or service.releases.current() is not good:
                wrong.append(words)
            shutil.rmtree(folder)
        logging.disable(logging.NOTSET)
        return wrong, sum(one != other for one, other in zip(before, service.golden(first), strict=True))


def _parsed(inputs: Inputs) -> Found:
    wrong, _ = inputs.once(_mutations)
    return Found(Estimate(len(wrong)), ", ".join(f"{words} {count}" for words, count in Counter(wrong).items()))


def _after_mutations(inputs: Inputs) -> Found:
    return Found(Estimate(inputs.once(_mutations)[1]), "the process and its release went on")


def _start_faults(inputs: Inputs) -> Found:
    with TemporaryDirectory(prefix="homeward-") as place:
        good = good_home(Path(place) / "home", inputs.once(_folders).first)
        wrong = [fault.words for fault in START_FAULTS if not told(fault, good)]
    return Found(Estimate(len(wrong)), ", ".join(wrong))


def _day(inputs: Inputs) -> Day:
    folders = inputs.once(_folders)
    with TemporaryDirectory(prefix="homeward-") as home:
        return day(folders.first, folders.second, Path(home), ROUNDS, PER_SECOND, inputs.say)


def _failed(inputs: Inputs) -> Found:
    found = inputs.once(_day)
    statuses = Counter(answer.status for answer in found.answers)
    told = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    slowest = max(answer.seconds for answer in found.answers)
    said = f"answers by status {told}; slowest {slowest:.2f} s; {len(found.refused)} bad stores refused"
    return Found(Estimate(found.failed + len(SPOILS) - len(found.refused)), said)


def _taken(inputs: Inputs) -> Found:
    seconds = sorted(inputs.once(_day).taken_seconds)
    return Found(
        Estimate(seconds[-1]),
        f"{len(seconds)} promotions and rollbacks, median {seconds[len(seconds) // 2]:.1f} s",
    )


def _mixed(inputs: Inputs) -> Found:
    found = inputs.once(_day)
    releases = {name for answer in found.answers for name in answer.releases}
    return Found(Estimate(found.mixed), f"of {len(found.answers):,} by {len(releases)} releases")


def _rolled_back(inputs: Inputs) -> Found:
    folders = inputs.once(_folders)
    with TemporaryDirectory(prefix="homeward-") as place:
        link = Path(place) / "current"
        link.symlink_to(folders.first)
        service = _Releases(link, Path(place))
        before, between = service.golden(folders.first), []
        for folder in (folders.second, folders.first):
            link.unlink()
            link.symlink_to(folder)
            service.releases.look()
            between.append(service.golden(folders.first))
    assert between[0] != before, "the second release must answer differently"
    assert sealed(folders.first).digest == service.releases.current().digest
    return Found(Estimate(sum(one != other for one, other in zip(before, between[1], strict=True))))
