"""The lines R1, R2 and P5: what the running service bears, and how it refuses what it cannot."""

from collections.abc import Callable
from typing import Any

from inputs import Inputs
from line import Found, Line
from speed import benchmark

from features.sources.simulation.estimate import Estimate

Figures = dict[str, Any]  # of the benchmark `service_load`


def lines() -> tuple[Line, ...]:
    """Return the lines; the benchmark runs once for all of them."""
    steady, over = "10 questions a second with reasons", "Three times what it can answer"
    return (
        Line("R1a", f"{steady}: p50 over the model's own time", "at most 3 times", _of(_times), 0, 3),
        Line("R1b", f"{steady}: p99 in ms", "at most 150", _of(_part("steady", "p99_ms")), 0, 150),
        Line("R1c", f"{steady}: longest in ms", "at most 500", _of(_part("steady", "max_ms")), 0, 500),
        Line("R1d", f"{steady}: not answered", "none", _of(_part("steady", "errors")), 0, 0),
        Line("R2a", f"{over}: refusals without when to try again", "none", _of(_bare), 0, 0),
        Line("R2b", f"{over}: p99 of the accepted in ms", "at most 1,000", _of(_accepted), 0, 1_000),
        Line("R2c", f"{over}: /livez at most, in ms", "at most 100", _of(_livez), 0, 100),
        Line("R2d", f"{over}: seconds until normal again", "at most 10", _of(_normal), 0, 10),
        Line("R2e", "Beside a caller at 20 times its quota: not answered", "none", _of(_beside), 0, 0),
        Line(
            "P5a", "Saturation over what as many cores answer in process", "at least 0.6", _of(_saturation), 0.6
        ),
        Line("P5b", "60 questions a second: p99 in ms", "at most 50", _of(_part("p5", "p99_ms")), 0, 50),
        Line("P5c", "60 questions a second: not answered", "none", _of(_part("p5", "errors")), 0, 0),
    )


def loaded(inputs: Inputs) -> Figures:
    """Run the benchmark on a small hospital of its own."""
    return benchmark("service_load").measured(say=inputs.say)


def _of(found: Callable[[Figures], Found]) -> Callable[[Inputs], Found]:
    return lambda inputs: found(inputs.once(loaded))


def _part(trial: str, name: str) -> Callable[[Figures], Found]:
    def found(figures: Figures) -> Found:
        own = figures[trial]
        asked = f"{own['asked'] - own['errors']:,} of {own['asked']:,} answered"
        return Found(
            Estimate(own[name]), f"{asked}; other programs took {figures['cores_of_others']:.1f} cores"
        )

    return found


def _times(figures: Figures) -> Found:
    steady, model = figures["steady"]["p50_ms"], figures["model_ms"]
    return Found(Estimate(figures["p50_over_model"]), f"{steady:.0f} ms over {model:.0f} ms")


def _bare(figures: Figures) -> Found:
    own = figures["overload"]
    bare = own["bare"] + figures["greedy"]["bare"] + figures["p5"]["bare"]
    return Found(Estimate(bare), f"statuses {own['statuses']} at {own['rate']:.1f} a second")


def _accepted(figures: Figures) -> Found:
    own = figures["overload"]
    return Found(Estimate(own["p99_ms"]), f"{own['asked'] - own['errors']:,} of {own['asked']:,} accepted")


def _livez(figures: Figures) -> Found:
    own = figures["overload"]
    worst = float("inf") if own["livez_errors"] else own["livez_max_ms"]
    return Found(Estimate(worst), f"asked {own['livez_asked']:,} times, {own['livez_errors']:,} errors")


def _normal(figures: Figures) -> Found:
    return Found(Estimate(figures["overload"]["seconds_until_normal"]), "three quick answers in a row")


def _beside(figures: Figures) -> Found:
    greedy, modest = figures["greedy"], figures["modest"]
    note = f"{modest['asked']:,} asked; the greedy one got {greedy['statuses']}"
    return Found(Estimate(modest["errors"]), note)


def _saturation(figures: Figures) -> Found:
    note = (
        f"{figures['saturation_per_second']:.1f} a second, {figures['cpu_ms_per_answer']:.0f} ms CPU an answer"
    )
    return Found(Estimate(figures["saturation_over_alone"]), note)
