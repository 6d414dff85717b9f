"""What `python -m training drift` found last, as its file tells it, and a fault in words for any other file."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from features.errors import HomewardError
from serving.json_file import Watched, read_object

PARTS = ("inputs", "feeds", "predictions", "calibration", "coverage", "flow")
STATES = ("quiet", "alarm", "cannot tell", "not mature")
NOT_A_WATCH = "is not what `python -m training drift` writes; run it again"


class WatchFault(HomewardError):
    """The file of the watch cannot be used."""


@dataclass(frozen=True)
class Measured:
    """One measure in the newest week in which it could be judged, which began on `week`."""

    part: str
    words: str
    state: str
    now: str
    usual: str
    week: str
    distance: float | None
    threshold: float | None


@dataclass(frozen=True)
class Series:
    """A key measure week by week; None where it could not be judged."""

    words: str
    unit: str
    weeks: tuple[str, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Watch:
    """What the newest watch found: of which release, until when, against which weeks."""

    made_at: datetime
    release: str
    source: str
    extract_until: str
    reference: tuple[str, str, int]  # from, until, weeks
    alarms: tuple[str, ...]
    measures: tuple[Measured, ...]
    series: tuple[Series, ...]
    feedback: tuple[str, ...]

    def most(self, part: str) -> float | None:
        """Return the largest distance of a part in thresholds: above 1 is an alarm; None if none was judged."""
        found = [
            one.distance / one.threshold
            for one in self.measures
            if one.part == part and one.distance is not None and one.threshold
        ]
        return max(found, default=None)


def watch_of(file: Path) -> Watched[Watch]:
    """Return the watch of a file, read again when it has changed."""
    return Watched(file, read_watch)


def read_watch(file: Path) -> Watch:
    """Return the watch of a file; raises WatchFault in one sentence for a file that is no watch."""
    said = read_object(file, WatchFault, called=f"the file {file.name}")
    try:
        return _watch(said)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WatchFault(f"the file {file.name} {NOT_A_WATCH}") from error


def _watch(said: Mapping[str, Any]) -> Watch:
    made_at, reference = datetime.fromisoformat(said["made_at"]), said["reference"]
    if made_at.tzinfo is None:
        raise ValueError
    return Watch(
        made_at=made_at,
        release=str(said["release"]),
        source=str(said["source"]),
        extract_until=str(said["extract_until"]),
        reference=(str(reference["from"]), str(reference["until"]), int(reference["weeks"])),
        alarms=tuple(str(one) for one in _list(said["alarms"])),
        measures=tuple(_measured(one) for one in _list(said["measures"])),
        series=tuple(_series(one) for one in _list(said["series"])),
        feedback=tuple(str(one) for one in _list((said.get("feedback") or {}).get("said", []))),
    )


def _measured(one: Mapping[str, Any]) -> Measured:
    if one["part"] not in PARTS or one["state"] not in STATES:
        raise ValueError
    texts = {name: str(one[name]) for name in ("part", "words", "state", "now", "usual", "week")}
    return Measured(**texts, distance=_number(one["distance"]), threshold=_number(one["threshold"]))


def _series(one: Mapping[str, Any]) -> Series:
    weeks, values = _list(one["weeks"]), _list(one["values"])
    if len(weeks) != len(values):
        raise ValueError
    return Series(str(one["words"]), str(one["unit"]), tuple(map(str, weeks)), tuple(map(_number, values)))


def _list(said: Any) -> list[Any]:
    if not isinstance(said, list):
        raise TypeError
    return said


def _number(said: Any) -> float | None:
    number = None if said is None else float(said)
    return number if number is not None and math.isfinite(number) else None
