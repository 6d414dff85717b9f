"""The lines G: is the simulated hospital like published ones, and as hard to predict?"""

from functools import partial

import hardness
from inputs import Inputs
from line import Found, Line

from features.sources.simulation.gates import Gate, gates


def lines() -> tuple[Line, ...]:
    """Return a line for each gate that has a number."""
    return tuple(_line(gate) for gate in gates() if gate.id)


def _line(gate: Gate) -> Line:
    measure = getattr(hardness, gate.name) if gate.model else partial(_marginal, gate)
    return Line(gate.id, gate.words, gate.target, measure, gate.low, gate.high, gate.told)


def _marginal(gate: Gate, inputs: Inputs) -> Found:
    return Found(inputs.figures(gate.nation, gate.sites)[gate.name])
