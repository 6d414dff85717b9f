"""The published ranges that a hospital is held to, as `published.toml` gives them with their sources."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from features.sources.simulation.estimate import Estimate, Verdict
from features.sources.simulation.summary import measured
from features.tables import Hospital

INFINITY = float("inf")
FORMS = {"%": 100, "points": 100}  # units in which a share is told; others are told as they are


@dataclass(frozen=True)
class Gate:
    """A range from `low` to `high` for one figure of `summary`, or of a trained model (`model`).

    A hospital of `nation` with at least `sites` sites must pass it; one without an `id` is looked at only.
    `basis` is published, derived, recalled or assumed: what the range rests on.
    """

    name: str
    words: str
    unit: str
    source: str
    basis: str
    id: str = ""
    low: float = -INFINITY
    high: float = INFINITY
    nation: str = "ENG"
    sites: int = 1
    model: bool = False

    def told(self, estimate: Estimate) -> str:
        """Return a figure with its interval as people read it.

        >>> gate = Gate("died", "Died", "%", "SHMI", "derived", low=0.02, high=0.03)
        >>> gate.told(Estimate(0.02734, (0.025, 0.0289))), gate.told(Estimate(float("nan"))), gate.target
        ('2.73 % (2.5 to 2.89)', '-', '2 to 3 %')
        """
        if math.isnan(estimate.value):
            return "-"
        scale = FORMS.get(self.unit, 1)
        figure = f"{_number(estimate.value * scale)} {self.unit}".strip()
        if estimate.interval is None:
            return figure
        return f"{figure} ({' to '.join(_number(edge * scale) for edge in estimate.interval)})"

    @property
    def target(self) -> str:
        """The range as people read it."""
        scale = FORMS.get(self.unit, 1)
        low, high = (_number(edge * scale) for edge in (self.low, self.high))
        if self.low == -INFINITY or self.high == INFINITY:
            said = f"at most {high}" if self.low == -INFINITY else f"at least {low}"
        else:
            said = low if low == high else f"{low} to {high}"
        return f"{said} {self.unit}".strip()

    def concerns(self, hospital: Hospital) -> bool:
        """Tell whether the gate speaks of hospitals like this one."""
        return hospital.facts.nation == self.nation and hospital.admissions["site"].nunique() >= self.sites


@dataclass(frozen=True)
class Judgement:
    """One gate and the hospital's figure for it."""

    gate: Gate
    estimate: Estimate

    @property
    def verdict(self) -> Verdict:
        """Pass, fail or cannot tell, by the 95 % interval; see `Estimate.verdict`."""
        return self.estimate.verdict(self.gate.low, self.gate.high)

    @property
    def told(self) -> str:
        """The figure with its interval, as people read it."""
        return self.gate.told(self.estimate)


@cache
def gates() -> tuple[Gate, ...]:
    """Return every gate of `published.toml`, in its order."""
    return tuple(Gate(**entry) for entry in _published()["gate"])


def curves() -> Mapping[str, Any]:
    """Return the published distributions by name: `shares` or `values` by place, with `words` and `source`."""
    return dict(_published()["curve"])


def judged(hospital: Hospital, figures: Mapping[str, Estimate] | None = None) -> list[Judgement]:
    """Return how a hospital stands to each gate that concerns it and needs no trained model.

    `figures` are those of `summary.measured`, which are measured here if they are not given.
    """
    found = measured(hospital) if figures is None else figures
    return [Judgement(gate, found[gate.name]) for gate in gates() if not gate.model and gate.concerns(hospital)]


@cache
def _published() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("published.toml").read_text("utf-8"))


def _number(value: float) -> str:
    """Return three figures of a number, and no zeros that say nothing.

    >>> _number(0.7), _number(10.204), _number(14.0), _number(-5.25), _number(0.0012)
    ('0.7', '10.2', '14', '-5.25', '0.0012')
    """
    return f"{value:.3g}"
