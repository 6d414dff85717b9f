"""The start of a stay: what brought the person in, how ill they are, and what is measured first."""

from functools import cache

import numpy as np

from features.sources.simulation.clock import DAYS_A_YEAR, MINUTES_A_DAY, Clock
from features.sources.simulation.numbers import (
    Array,
    Floats,
    Rows,
    condition_names,
    effects,
    illnesses,
    parameters,
    picked,
)

EMERGENCY, ELECTIVE, TRANSFER = 0, 1, 2  # kinds of arrival
NEVER = 1_000_000  # a day that does not come: what nobody writes down
FRAILTY_IS_SCORED_FROM_AGE = 65
ILLNESS_AGES = (65, 80)  # where the columns of `share` change


def arrived(people: Rows, arrivals: Rows, clock: Clock, rng: np.random.Generator) -> Rows:
    """Return new inpatients on day 0, one row for each arrival.

    `arrivals` has stay, person, admitted (minutes), kind, illness and variant (-1 where yet to be drawn),
    is_return and emergencies_in_year.  A variant, from 0 to 1, is which of an illness's codes is meant;
    `severity` is hidden.
    """
    person, kind = arrivals["person"], arrivals["kind"]
    age = np.floor(people["age"][person] + arrivals["admitted"] / MINUTES_A_DAY / DAYS_A_YEAR).astype(np.int64)
    first_day = arrivals["admitted"] // MINUTES_A_DAY
    new = _illness(people, person, age, kind == ELECTIVE, clock.calendar["winter"][first_day], rng)
    illness = np.where(arrivals["illness"] >= 0, arrivals["illness"], new)
    severity = _severity(people, person, illness, kind, rng)
    count = len(person)
    return {
        **arrivals,
        "illness": illness,
        "variant": np.where(arrivals["variant"] >= 0, arrivals["variant"], rng.random(count)),
        "first_day": first_day,
        "day": np.zeros(count, dtype=np.int64),
        "age": age,
        "severity": severity,
        "news2": _first_news2(severity, illness, kind, rng),
        "mobility": _first_mobility(people["frailty"][person], severity, illness, rng),
        "delirium": np.zeros(count, dtype=bool),
        "tested": np.zeros(count, dtype=bool),
        "end_of_life": np.zeros(count, dtype=bool),
        **_written_later(people["frailty"][person], age, rng),
        "pathway": np.full(count, -1),
        "days_ready": np.full(count, -1),
        "reason": np.full(count, -1),
        "planned": np.full(count, -1),
        "ended": np.full(count, -1),
        "way_out": np.full(count, -1),
    }


def _illness(
    people: Rows, person: Array, age: Array, planned: Array, winter: Array, rng: np.random.Generator
) -> Array:
    shares, linked, winters, women_only = _illness_tables()
    band = np.searchsorted(ILLNESS_AGES, age, side="right")
    weights = shares[planned.astype(np.int64), band]
    conditions = np.column_stack([people[name][person] for name in condition_names()])
    weights = weights * np.exp(conditions @ linked)
    weights = np.where(winter[:, None], weights * winters, weights)
    man = people["sex"][person] == "1"
    return picked(np.where(man[:, None] & women_only, 0.0, weights), rng)


@cache
def _illness_tables() -> tuple[Floats, Floats, Floats, Array]:
    entries = list(illnesses().values())
    none = [0.0] * (len(ILLNESS_AGES) + 1)
    shares = np.array([[entry.get(key, none) for entry in entries] for key in ("share", "planned")])
    linked = [[entry.get("linked", {}).get(name, 0.0) for entry in entries] for name in condition_names()]
    winters = np.array([entry.get("winter", 1.0) for entry in entries])
    women_only = np.array([entry.get("women_only", False) for entry in entries])
    return shares.transpose(0, 2, 1), np.array(linked), winters, women_only


def _severity(people: Rows, person: Array, illness: Array, kind: Array, rng: np.random.Generator) -> Array:
    table = parameters()["severity"]
    latent = table["illness"] * effects("severity")[illness] + table["frailty"] * (
        people["frailty"][person] - 3.0
    )
    latent = latent + table["condition"] * people["conditions"][person]
    latent = latent + table["tendency"] * people["tendency"][person]
    latent = latent + table["elective"] * (kind == ELECTIVE) + table["transfer"] * (kind == TRANSFER)
    return np.searchsorted(table["cuts"], latent + rng.logistic(size=len(person))).astype(np.int64)


def _first_news2(severity: Array, illness: Array, kind: Array, rng: np.random.Generator) -> Array:
    mean = np.asarray(parameters()["observation"]["news2_first"])[severity] + effects("news2")[illness] - 0.4
    return np.minimum(rng.poisson(np.where(kind == ELECTIVE, 0.6, np.maximum(mean, 0.2))), 17)


def _first_mobility(frailty: Array, severity: Array, illness: Array, rng: np.random.Generator) -> Array:
    loss = np.asarray(parameters()["observation"]["mobility_loss"])[severity]
    lost = rng.binomial(2, loss) + rng.binomial(2, np.minimum(effects("mobility")[illness] / 2, 1.0))
    return np.minimum(usual_mobility(frailty) + lost, 4)


def usual_mobility(frailty: Array) -> Array:
    """Return the mobility level that goes with a Clinical Frailty Scale (the scale's own descriptions)."""
    return np.searchsorted((4.5, 6.5, 7.5), frailty)


def _written_later(frailty: Array, age: Array, rng: np.random.Generator) -> Rows:
    """Draw on which day of the stay facts that do not change are written down, and how they are measured."""
    table, count = parameters()["observation"], len(age)
    older = age >= FRAILTY_IS_SCORED_FROM_AGE
    frailty_day = rng.choice(len(table["frailty_days"]), count, p=table["frailty_days"])
    missing = ~older | (rng.random(count) < table["frailty_missing"])
    social_day = rng.choice(len(table["social_days"]), count, p=table["social_days"])
    unasked = rng.random(count) < np.asarray(table["social_missing"])[older.astype(np.int64)]
    measured = np.round(rng.normal(frailty, table["frailty_sd"]))
    return {
        "frailty_measured": np.clip(measured, 1, 8).astype(np.int64),
        "frailty_day": np.where(missing, NEVER, frailty_day),
        "social_day": np.where(unasked, NEVER, social_day),
    }
