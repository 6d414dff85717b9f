"""The lines R3: how long a round of a whole hospital takes, and whether a board is ever of two rounds."""

from typing import Any

from inputs import Inputs
from line import Found, Line
from speed import benchmark

from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate

INPATIENTS = 1_000


def lines() -> tuple[Line, ...]:
    """Return the lines; the round is made once for both."""
    said = f"A round of {INPATIENTS:,} inpatients with reasons"
    return (
        Line("R3a", f"{said}, seconds of one core", "at most 5", _seconds, 0, 5),
        Line("R3b", "Boards that mix moments or releases", "0", _mixed, 0, 0),
    )


def _round(inputs: Inputs) -> Any:
    module = benchmark("round")
    return module.measured(inputs.quick_release, simulate(module.ADMISSIONS), INPATIENTS, inputs.say)


def _seconds(inputs: Inputs) -> Found:
    steps = inputs.once(_round)["steps"]
    said = ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items() if step != "whole")
    return Found(Estimate(steps["whole"]), f"{inputs.once(_round)['inpatients']:,} inpatients; {said}")


def _mixed(inputs: Inputs) -> Found:
    return Found(Estimate(inputs.once(_round)["mixed"]))
