"""Chances: logistic functions of named covariates, with the terms of `parameters.toml`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.sources.simulation.numbers import Array, Floats, Rows, effects, parameters

DAY_BAND_FIRST_DAYS = (0, 1, 2, 3, 4, 7, 14, 21)
NEUTRAL_FRAILTY = 4.0  # what a Clinical Frailty Scale that nobody has written down counts as


def linear(terms: Mapping[str, Any], covariates: Rows) -> Floats:
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


def chance(name: str, covariates: Rows) -> Floats:
    """Return the probability of one named thing for each row."""
    return logistic(linear(parameters()["chance"][name], covariates))


def happens(name: str, covariates: Rows, rng: np.random.Generator) -> Array:
    """Draw whether one named thing happens to each row."""
    return rng.random(len(covariates["age"])) < chance(name, covariates)


def logistic(log_odds: Floats) -> Floats:
    """Return probabilities from log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def covariates(people: Rows, inpatients: Rows, calendar: Rows) -> Rows:
    """Return what decides a day: facts recorded so far, the calendar, and the one hidden severity class.

    A frailty score or a home fact counts from the day on which it is recorded, and as measured; before
    that it counts as a neutral value.
    """
    day, person = inpatients["day"], inpatients["person"]
    frailty_known = inpatients["frailty_day"] <= day
    social_known = inpatients["social_day"] <= day
    today = inpatients["first_day"] + day
    return {
        "age": inpatients["age"],
        "age_decades": (inpatients["age"] - 70) / 10,
        "frailty": np.where(frailty_known, inpatients["frailty_measured"], NEUTRAL_FRAILTY) - NEUTRAL_FRAILTY,
        "severity": inpatients["severity"],
        "illness": inpatients["illness"],
        "elective": inpatients["kind"] == 1,
        "transfer": inpatients["kind"] == 2,
        "day_band": np.searchsorted(DAY_BAND_FIRST_DAYS, day, side="right") - 1,
        "first_day": day == 0,
        "news2_over_3": np.maximum(inpatients["news2"] - 3, 0),
        "mobility": inpatients["mobility"],
        "delirium": inpatients["delirium"],
        "end_of_life": inpatients["end_of_life"],
        "is_ready": inpatients["days_ready"] >= 0,
        "lives_alone": np.where(social_known, people["lives_alone"][person], 0),
        "care_home": people["care_home"][person],
        "no_fixed_abode": people["no_fixed_abode"][person],
        "day_kind": calendar["day_kind"][today],
        "winter": calendar["winter"][today],
        "christmas_rush": calendar["christmas_rush"][today],
    }
