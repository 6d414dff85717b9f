"""The lines S and P: how much time and memory simulated hospitals and the feature table take."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from inputs import Inputs
from line import Found, Line

from features.sources.simulation.estimate import Estimate

GIBIBYTE = 2**30
SMALL, LARGE = 100_000, 1_000_000


def lines() -> tuple[Line, ...]:
    """Return the lines; each benchmark runs once for all that it answers."""
    return (
        Line("S1", "Simulating 100,000 admissions, seconds of one core", "at most 60", _seconds, 0, 60),
        Line("S2", "An admission among 100,000, beside one among 20,000", "at most 1.1 times", _linear, 0, 1.1),
        Line("S3", "Simulating 1,000,000 as Parquet, memory in GiB", "at most 8", _memory, 0, 8),
        Line("P2a", "Feature table of 1,000,000, time over Polars'", "at most 2 times", _over_polars, 0, 2),
        Line("P2b", "Feature table of 1,000,000, memory in GiB", "at most 8", _table_memory, 0, 8),
        Line(
            "P2c", "Feature table of 1,000,000, time over that of 100,000", "at most 11 times", _growth, 0, 11
        ),
        Line("P4a", "One prediction without reasons, ms of one core", "at most 3", _plain, 0, 3),
        Line("P4b", "One prediction with reasons, ms of one core", "at most 12", _explained, 0, 12),
    )


def _one_prediction(inputs: Inputs) -> dict[bool, float]:
    """Return the median milliseconds of one inpatient's answer in process, with and without reasons."""
    sizes = benchmark("sizes")
    patients = sizes.patients_of(inputs.others)
    return {
        explain: sizes.milliseconds({"it": inputs.release}, patients, explain)["it"]
        for explain in (False, True)
    }


def _plain(inputs: Inputs) -> Found:
    return Found(Estimate(inputs.once(_one_prediction)[False]))


def _explained(inputs: Inputs) -> Found:
    return Found(Estimate(inputs.once(_one_prediction)[True]), "both dates and the risk")


@cache
def _simulation() -> dict[str, float]:
    return benchmark("simulation").measured(LARGE)


@cache
def _table() -> dict[str, Any]:
    return benchmark("feature_table").measured(SMALL, LARGE)


def benchmark(name: str) -> Any:
    """Return the module of a benchmark."""
    folder = str(Path(__file__).parents[1] / "benchmarks")
    if folder not in sys.path:
        sys.path.append(folder)
    return __import__(name)


def _seconds(inputs: Inputs) -> Found:
    return Found(Estimate(_simulation()["seconds_100k"]))


def _linear(inputs: Inputs) -> Found:
    return Found(Estimate(_simulation()["seconds_per_admission_ratio"]))


def _memory(inputs: Inputs) -> Found:
    return Found(Estimate(_simulation()["peak_bytes_large"] / GIBIBYTE))


def _over_polars(inputs: Inputs) -> Found:
    return Found(Estimate(_table()["ratio"]), f"{_table()['seconds']:.1f} s; all values equal")


def _table_memory(inputs: Inputs) -> Found:
    return Found(Estimate(_table()["peak_bytes"] / GIBIBYTE))


def _growth(inputs: Inputs) -> Found:
    return Found(Estimate(_table()["growth"]), f"that of Polars grows {_table()['polars_growth']:.1f} times")
