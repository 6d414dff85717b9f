"""The numbers of the simulated hospital, read from the three tables beside this file."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Rows = dict[str, Array]  # columns of one length, as a table without an index: the daily steps stay quick


@cache
def parameters() -> Mapping[str, Any]:
    """Return `parameters.toml`, where each number has its source."""
    return _read("parameters.toml")


@cache
def illnesses() -> Mapping[str, Any]:
    """Return `illnesses.toml`: what brings people in, in the order in which they are numbered."""
    return _read("illnesses.toml")


@cache
def codes(nation: str) -> Mapping[str, Any]:
    """Return the codes that a hospital of the nation writes; Northern Ireland writes England's."""
    nations = _read("nations.toml")
    return {**nations["ENG"], **nations.get(nation, {})}


@cache
def reason_weights(nation: str) -> Floats:
    """Return the weights of delay reasons: [pathway, reason]."""
    return np.array([entry["weights"] for entry in codes(nation)["delay"].values()]).T


@cache
def reason_paces(nation: str) -> Array:
    """Return how quickly each reason is dealt with: 0 in a day or two, to 3, a matter of weeks."""
    return np.array([entry["pace"] for entry in codes(nation)["delay"].values()])


@cache
def effects(name: str) -> Floats:
    """Return one effect of every illness, 0 where `illnesses.toml` does not name it."""
    return np.array([entry["effects"].get(name, 0.0) for entry in illnesses().values()])


@cache
def condition_names() -> tuple[str, ...]:
    """Return the long-term conditions in the order in which they are numbered."""
    return tuple(parameters()["conditions"])


def kept(rows: Rows, wanted: Array) -> Rows:
    """Return the rows at a mask or at positions."""
    return {name: column[wanted] for name, column in rows.items()}


def stacked(parts: list[Rows]) -> Rows:
    """Return the rows of all parts, one below the other; columns are those of the first."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def drawn(shares: Mapping[str, float], count: int, rng: np.random.Generator) -> Array:
    """Draw codes by their shares, which need not add up to 1."""
    weights = np.array(list(shares.values()))
    return np.array(list(shares), dtype=object)[rng.choice(len(weights), count, p=weights / weights.sum())]


def picked(weights: Floats, rng: np.random.Generator) -> Array:
    """Draw one column of each row of a matrix of weights.

    >>> picked(np.array([[0.0, 3.0], [1.0, 0.0]]), np.random.default_rng(1)).tolist()
    [1, 0]
    """
    total = weights.cumsum(axis=1)
    return (rng.random(len(weights))[:, None] * total[:, -1:] >= total).sum(axis=1).astype(np.int64)


def lognormal(mean_and_sd: Sequence[float], count: int, rng: np.random.Generator) -> Floats:
    """Draw log-normal values from the mean and standard deviation of their logarithm."""
    mean, sd = mean_and_sd
    return rng.lognormal(mean, sd, count)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))
