"""Maps that make a curve say what later patients did: one for each group, drawn to its parent's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
KNOTS = 51
FEWEST_EVENTS = 50  # fewer than this many outcomes cannot move a forecast
FEWEST_STAYS = 300  # a smaller group takes its parent's map
PRIOR_STAYS = 200.0  # the parent's map counts as so many stays, so that a few stays move it little


@dataclass(frozen=True)
class CurveMap:
    """A monotone map of probabilities, the same for every day of a curve, so that curves stay monotone."""

    at: tuple[float, ...] = (0.0, 1.0)
    to: tuple[float, ...] = (0.0, 1.0)

    def applied(self, by: Floats) -> Floats:
        """Return mapped probabilities of the same shape.

        >>> CurveMap((0, 0.5, 1), (0, 0.4, 1)).applied(np.array([[0.25, 0.5]]))
        array([[0.2, 0.4]])
        """
        return np.interp(by, self.at, self.to)


@dataclass(frozen=True)
class CurveMaps:
    """The map of each group, by the number of the group; a single one is everybody's."""

    of: tuple[CurveMap, ...] = (CurveMap(),)

    def applied(self, by: Floats, group: Integers) -> Floats:
        """Return mapped probabilities (rows, days), each row by the map of its group."""
        if len(self.of) == 1:
            return self.of[0].applied(by)
        mapped = np.empty_like(by)
        for one in np.unique(group).tolist():
            mapped[group == one] = self.of[one].applied(by[group == one])
        return mapped

    def as_json(self) -> list[dict[str, Any]]:
        """Return the maps as lists of numbers."""
        return [{"at": list(one.at), "to": list(one.to)} for one in self.of]

    @classmethod
    def from_json(cls, maps: list[dict[str, Any]]) -> "CurveMaps":
        """Read what `as_json` wrote."""
        return cls(tuple(CurveMap(tuple(one["at"]), tuple(one["to"])) for one in maps))


@dataclass(frozen=True)
class Happened:
    """What became of curves' rows: the day (infinite: never, as death or transfer came first), weight and stay.

    Weights are inverse-censoring weights, 0 for those still in; `stay` numbers the stay of each row, since the
    rows of one stay are one person's.
    """

    day: Floats
    weight: Floats
    stay: Integers

    def pick(self, rows: npt.NDArray[np.bool_]) -> "Happened":
        """Return what became of some rows."""
        return Happened(self.day[rows], self.weight[rows], self.stay[rows])


def fit_curve_maps(
    by: Floats, happened: Happened, group: Integers, parents: Sequence[int], seed: int
) -> CurveMaps:
    """Return the maps of nested groups: a group's is drawn towards its parent's, and that towards everybody's.

    `group` is the group of each row and `parents` the parent of each group.  A group or parent of fewer than
    FEWEST_STAYS stays takes the map of the next one up.
    """
    everybody = fit_curve_map(by, happened, seed)
    parent = np.asarray(parents)[group]
    of_parent = {
        one: _own(by, happened, parent == one, everybody, seed) for one in sorted(set(map(int, parents)))
    }
    return CurveMaps(
        tuple(_own(by, happened, group == one, of_parent[up], seed) for one, up in enumerate(parents))
    )


def _own(by: Floats, happened: Happened, rows: npt.NDArray[np.bool_], parent: CurveMap, seed: int) -> CurveMap:
    own = happened.pick(rows)
    if len(np.unique(own.stay[own.weight > 0])) < FEWEST_STAYS:
        return parent
    return fit_curve_map(by[rows], own, seed, parent)


def fit_curve_map(by: Floats, happened: Happened, seed: int, parent: CurveMap | None = None) -> CurveMap:
    """Return the map of the randomised probability integral transform of later rows, drawn to the parent's.

    `by` (rows, days) are uncalibrated curves.  A calibrated curve's transform is uniform (Czado, Gneiting
    and Held 2009); the map is its distribution function.
    """
    parent, used = parent or CurveMap(), happened.weight > 0
    if used.sum() < FEWEST_EVENTS:
        return parent
    own, by = happened.pick(used), by[used]
    transform = _transform(by, own.day, np.random.default_rng(seed).random(len(by)))
    at = np.linspace(0, 1, KNOTS)
    order = np.argsort(transform)
    running = np.append(0.0, np.cumsum(own.weight[order]))
    share = running[np.searchsorted(transform[order], at, side="right")] / running[-1]
    stays = len(np.unique(own.stay))
    to = (stays * share + PRIOR_STAYS * parent.applied(at)) / (stays + PRIOR_STAYS)
    to[0], to[-1] = 0.0, 1.0
    return CurveMap(tuple(map(float, at)), tuple(map(float, to)))


def _transform(by: Floats, day: Floats, random: Floats) -> Floats:
    padded = np.column_stack([np.zeros(len(by)), by])
    rows, seen = np.arange(len(by)), day < by.shape[1]
    whole = np.where(seen, day, 0).astype(np.int64)
    low = np.where(seen, padded[rows, whole], by[:, -1])
    high = np.where(seen, padded[rows, whole + 1], 1.0)
    return np.asarray(low + random * (high - low))
