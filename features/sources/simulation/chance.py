"""Chances: logistic functions of named covariates, with the terms of `parameters.toml`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.sources.simulation.clock import Clock
from features.sources.simulation.kernel import news2_band
from features.sources.simulation.numbers import Array, Floats, Rows, effects, parameters

DAY_BAND_FIRST_DAYS = (0, 1, 2, 3, 4, 7, 14, 21)


def linear(terms: Mapping[str, Any], covariates: Mapping[str, Array]) -> Floats:
    """Return the sum of terms: a number multiplies the covariate of its name, a list is looked up by it.

    `intercept` stands alone, and `illness_x` multiplies the effect x of each row's illness.

    >>> people = {"age": np.array([2, 4]), "kind": np.array([0, 1])}
    >>> linear({"intercept": 1.0, "age": 0.5, "kind": [0.0, 9.0]}, people)
    array([ 2., 12.])
    """
    length = len(next(iter(covariates.values())))
    total = np.full(length, float(terms.get("intercept", 0.0)))
    for name, term in terms.items():
        if name == "intercept":
            continue
        if name.startswith("illness_"):
            total += term * effects(name.removeprefix("illness_"))[covariates["illness"]]
        elif isinstance(term, list):
            total += np.asarray(term)[covariates[name]]
        else:
            total += term * covariates[name]
    return total


def chance(name: str, covariates: Mapping[str, Array]) -> Floats:
    """Return the probability of one named thing for each row."""
    return logistic(linear(parameters()["chance"][name], covariates))


def logistic(log_odds: Floats) -> Floats:
    """Return probabilities from log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def calendar_facts(clock: Clock, today: Array, day: Array) -> Rows:
    """Return what the calendar says of each row's today, which is day `day` of its stay."""
    calendar = clock.calendar
    names = ("day_kind", "winter", "christmas_rush", "surge", "closure")
    return {
        **{name: calendar[name][today] for name in names},
        "day_band": np.searchsorted(DAY_BAND_FIRST_DAYS, day, side="right") - 1,
        "first_day": day == 0,
    }


def state_facts(inpatients: Rows) -> Rows:
    """Return what was charted so far, and the hidden class."""
    return {
        "severity": inpatients["severity"],
        "news2_band": news2_band(inpatients["news2"]),
        "mobility": inpatients["mobility"],
        "delirium": inpatients["delirium"],
        "end_of_life": inpatients["end_of_life"],
        "status": inpatients["status"],
        "lives_alone": inpatients["alone"] == 1,
    }
