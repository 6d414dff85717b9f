"""The daily chances as tables over what may still change of a patient: the states that a forecast goes through.

States have the axes [severity, end of life, NEWS2 band, mobility, delirium], and rows come last; what does
not change, the calendar and the assessment multiply the odds of a whole table.
"""

from functools import cache
from typing import Any

import numpy as np

from features.sources.simulation.arrival import SEVERITIES
from features.sources.simulation.chance import chance, linear
from features.sources.simulation.kernel import (
    MOBILITY_LEVELS,
    NEWS2_BAND_FIRST_VALUES,
    NEWS2_VALUES,
    STATUSES,
    charting,
    news2_band,
    next_mobility,
    next_news2,
)
from features.sources.simulation.numbers import Floats, Rows, parameters

BANDS = len(NEWS2_BAND_FIRST_VALUES)
SHAPE = (SEVERITIES, 2, BANDS, MOBILITY_LEVELS, 2)
STATE = ("severity", "end_of_life", "news2_band", "mobility", "delirium")
DAILY = ("day_kind", "day_band", "first_day", "winter", "christmas_rush", "surge", "pressure")


@cache
def state_odds(name: str) -> Floats:
    """Return the odds that the state contributes to one chance: its axes, of length 1 where it does not act."""
    log_odds = np.zeros((1,) * len(SHAPE))
    for axis, (state, length) in enumerate(zip(STATE, SHAPE, strict=True)):
        term = parameters()["chance"][name].get(state)
        if term is not None:
            values = np.asarray(term, dtype=np.float64) if isinstance(term, list) else term * np.arange(length)
            shape = [1] * len(SHAPE)
            shape[axis] = length
            log_odds = log_odds + values.reshape(shape)
    return np.exp(log_odds)[..., None]


def fixed(name: str, facts: Rows, *, leave_out: tuple[str, ...] = ()) -> Floats:
    """Return the part of a chance's log-odds that stays the same on every day."""
    changing = {*STATE, *DAILY, *leave_out}
    return linear({key: term for key, term in _terms(name).items() if key not in changing}, facts)


def daily(name: str, facts: Rows) -> Floats:
    """Return the part of a chance's log-odds that the calendar and the day of the stay set."""
    return linear({key: term for key, term in _terms(name).items() if key in DAILY}, facts)


def _terms(name: str) -> dict[str, Any]:
    return dict(parameters()["chance"][name])


def by_status(name: str) -> Floats:
    """Return what each status of the assessment adds to a chance's log-odds."""
    return np.asarray(_terms(name).get("status", np.zeros(STATUSES)))


def chance_of(odds: Floats) -> Floats:
    """Return probabilities from odds."""
    return odds / (1.0 + odds)


def in_bands(values: Floats) -> Floats:
    """Return chances of NEWS2 bands from those of values, on the last axis."""
    found = np.zeros((*values.shape[:-1], BANDS))
    for value in range(NEWS2_VALUES):
        found[..., int(news2_band(np.array([value]))[0])] += values[..., value]
    return found


@cache
def morning_steps(day: int, usual: int, deliriums: int) -> Floats:
    """Return the chances that a morning's scores lead to each state: [severity, next state, state].

    States are of NEWS2 band, mobility and delirium (1 where there is none, else 2), flattened; `day` is at most
    30, and `usual` the level of mobility down to which the person gets better.
    """
    bands = in_bands(next_news2())[day]
    moves = next_mobility()[usual]
    clears = parameters()["observation"]["four_at_again"] * (1 - _delirium_stays())
    in_time, size = charting()[:, 0], BANDS * MOBILITY_LEVELS * deliriums
    found = np.empty((SEVERITIES, size, size))
    for severity in range(SEVERITIES):
        clearing = np.array([[1.0, 0.0], [clears[severity], 1 - clears[severity]]])[:deliriums, :deliriums]
        steps = np.kron(np.kron(bands[severity], moves[severity]), clearing)
        found[severity] = in_time[severity] * steps.T + (1 - in_time[severity]) * np.eye(size)
    return found


def _delirium_stays() -> Floats:
    return chance("delirium_stays", {"severity": np.arange(SEVERITIES)})
