"""The lines R20: what the service does by itself, and whether it grows."""

import itertools
import os
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from inputs import Inputs
from line import Found, Line
from worker_kills import workers_of

from features.sources.simulation.estimate import Estimate
from models import release
from serving.children import Children
from serving.demo import Demo, let_in, on_free_port, started
from serving.settings import Settings
from tests.serving import hearing
from tests.serving.builders import event, question, stay
from training.home import golden_rows
from training.store import put

SOAK_SECONDS = 300.0
LOOK_SECONDS = 1.0
SETTINGS = {"HOMEWARD_REQUESTS_PER_MINUTE": "1000000"}


def lines(soak_seconds: float = SOAK_SECONDS) -> tuple[Line, ...]:
    """Return the lines; what several ask is done once."""

    def soaked(inputs: Inputs) -> "Soaked":
        with TemporaryDirectory(prefix="homeward-") as place:
            return soak(_release(inputs, Path(place)), Path(place) / "home", soak_seconds, inputs.say)

    said = "By default, heard in every process"
    return (
        Line("R20a", f"{said}: listeners beyond loopback", "0", _heard(hearing.listened), 0, 0),
        Line(
            "R20b",
            f"{said}: connections and look-ups beyond this machine",
            "0",
            _heard(hearing.connected),
            0,
            0,
        ),
        Line("R20c", f"{said}: things unpickled", "0", _heard(hearing.unpickled), 0, 0),
        Line(
            "R20d",
            f"Memory after {soak_seconds / 60:.3g} minutes of questions over that after a third",
            "at most 1.05",
            lambda it: _grown(it.once(soaked)),
            0,
            1.05,
        ),
    )


def _release(inputs: Inputs, place: Path) -> Path:
    golden, at = golden_rows()
    release.save(inputs.quick_release, place / "release", golden, at, {"source": "simulated"}, "# Card\n")
    return place / "release"


def _all_heard(inputs: Inputs) -> hearing.Heard:
    with TemporaryDirectory(prefix="homeward-") as place:
        (Path(place) / "hook").mkdir()
        return hearing.heard_of_a_service(
            _release(inputs, Path(place)), Path(place) / "home", Path(place) / "hook"
        )


def _heard(found: Callable[[hearing.Heard], list[object]]) -> Callable[[Inputs], Found]:
    def measured(inputs: Inputs) -> Found:
        heard = inputs.once(_all_heard)
        lost = hearing.without_the_hook(heard)
        processes = len({process for *_, process in heard})
        note = f"{len(heard):,} events of {processes} processes"
        return Found(
            Estimate(len(found(heard)) + len(lost)), "; ".join([note, *map(str, [*found(heard), *lost][:5])])
        )

    return measured


@dataclass(frozen=True)
class Soaked:
    """Memory of all workers in MiB, look by look, and how many questions were answered or not."""

    mebibytes: tuple[float, ...]
    answered: int
    failed: int

    @property
    def growth(self) -> float:
        """Memory at the end over that after a third, each the median of a tenth of all looks."""
        looks, tenth = self.mebibytes, max(1, len(self.mebibytes) // 10)
        third = len(looks) // 3
        return statistics.median(looks[-tenth:]) / statistics.median(looks[third : third + tenth])


def soak(folder: Path, home: Path, seconds: float, say: Callable[[str], None]) -> Soaked:
    """Ask a service one question after another, told of new stays in between, and look at its memory."""
    settings = Settings.read({"HOMEWARD_HOME": str(home), **SETTINGS})
    let_in(settings)
    put(folder, "good", home / "bentoml" / "models")
    demo = Demo(on_free_port(settings), 0, say)
    looks: list[float] = []
    statuses: list[int] = []
    with (
        Children(demo.settings.environment(os.environ)) as children,
        closing(started(demo, children)) as client,
    ):
        began, workers = time.monotonic(), workers_of(children)
        for number in itertools.count():
            statuses += [answer.status_code for answer in _asked(client, number)]
            elapsed = time.monotonic() - began
            if elapsed > seconds:
                break
            if elapsed > len(looks) * LOOK_SECONDS:
                looks.append(sum(one.memory_info().rss for one in workers) / 2**20)
    return Soaked(tuple(looks), statuses.count(httpx.codes.OK), len(statuses) - statuses.count(httpx.codes.OK))


def _asked(client: httpx.Client, number: int) -> list[httpx.Response]:
    name = f"A{number}"
    row = {key: it for key, it in stay(name).items() if key != "admission_id"}
    return [
        client.post("/v1/predict", json=question(stay(name))),
        client.put(f"/v1/admissions/{name}", json={"recorded_at": row["admitted_at"], **row}),
        client.post("/v1/events", json={"events": [event(name, "ward", f"W{number % 20}")]}),
    ]


def _grown(found: Soaked) -> Found:
    first, last = found.mebibytes[len(found.mebibytes) // 3], found.mebibytes[-1]
    note = f"{found.answered:,} requests answered, {found.failed:,} not; {first:.0f} MiB, then {last:.0f} MiB"
    return Found(Estimate(found.growth), note)
