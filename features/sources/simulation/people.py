"""The people who may fall ill: who they are, what they live with, and how often they come."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.sources.simulation.chance import logistic
from features.sources.simulation.numbers import Array, Floats, Rows, codes, condition_names, drawn, parameters


def pool_of_people(count: int, nation: str, sites: int, rng: np.random.Generator) -> Rows:
    """Return a pool of people, one row each.

    `tendency` (0 to 4) is hidden and sets only how often a person falls ill of their own accord; of the
    long-term conditions a hospital learns what its coders write.  Rates are arrivals a year.
    """
    pool = parameters()["people"]
    age, band = _ages(count, pool, rng)
    conditions = _conditions(age, rng)
    tendency = rng.choice(5, count, p=pool["tendency_shares"])
    number = np.sum([conditions[name] for name in condition_names()], axis=0)
    decile = rng.integers(1, 11, count)
    ethnicity = drawn(codes(nation)["ethnicity"], count, rng)
    homes = _homes(band, pool, rng)
    unknown = rng.random(count) < pool["ethnicity_unknown"]
    return {
        **conditions,
        **homes,
        "age": age,
        "band": band,
        "sex": np.where(rng.random(count) < pool["women"], "2", "1").astype(object),
        "ethnicity": np.where(unknown, drawn(codes(nation)["ethnicity_unknown"], count, rng), ethnicity),
        "decile": decile,
        "site": rng.integers(0, sites, count),
        "tendency": tendency,
        "conditions": number,
        "learning_disability": rng.random(count) < pool["learning_disability"],
        "autism": rng.random(count) < pool["autism"],
        **_rates(tendency, number, decile, pool),
    }


def _ages(count: int, pool: Mapping[str, Any], rng: np.random.Generator) -> tuple[Floats, Array]:
    shares = np.asarray(pool["age_shares"])
    band = rng.choice(len(shares), count, p=shares / shares.sum())
    edges = np.asarray(pool["age_bands"], dtype=np.float64)
    within = rng.random(count)
    within = np.where(band == len(shares) - 1, within**1.8, within)  # few reach the end of the last band
    return edges[band] + within * (edges[band + 1] - edges[band]), band


def _conditions(age: Floats, rng: np.random.Generator) -> Rows:
    found = {}
    for name, entry in parameters()["conditions"].items():
        log_odds = np.log(entry["at_40"] / (1 - entry["at_40"])) + entry["a_decade"] * (age - 40) / 10
        found[name] = rng.random(len(age)) < logistic(log_odds)
    return found


def _homes(band: Array, pool: Mapping[str, Any], rng: np.random.Generator) -> Rows:
    draw = rng.random(len(band))
    edge, residence = np.zeros(len(band)), np.full(len(band), "HOME", dtype=object)
    for name in ("care_home", "sheltered", "no_fixed_abode"):
        share = np.asarray(pool[name])[band]
        here = (draw >= edge) & (draw < edge + share)
        residence[here] = name.upper()
        edge = edge + share
    care_home = residence == "CARE_HOME"
    nursing = rng.random(len(band)) < pool["nursing_of_care_home"]
    residence[care_home] = np.where(nursing, "NURSING_HOME", "RESIDENTIAL_HOME")[care_home]
    alone = (rng.random(len(band)) < np.asarray(pool["lives_alone"])[band]) & ~care_home
    return {
        "residence": residence,
        "care_home": care_home,
        "no_fixed_abode": residence == "NO_FIXED_ABODE",
        "lives_alone": alone,
    }


def _rates(tendency: Array, conditions: Array, decile: Array, pool: Mapping[str, Any]) -> Rows:
    arrivals = parameters()["arrivals"]
    log_rate = pool["rate_a_condition"] * (conditions - 3) + pool["rate_a_decile"] * (5.5 - decile)
    return {
        "emergency_rate": arrivals["emergencies_per_person_year"]
        * np.asarray(pool["tendency_rate"])[tendency]
        * np.exp(log_rate),
        "elective_rate": np.full(len(decile), arrivals["electives_per_person_year"]),
    }
