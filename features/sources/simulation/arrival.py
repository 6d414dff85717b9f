"""The start of a stay: what brought the person in, how ill they are, and what is measured first."""

from functools import cache

import numpy as np

from features.sources.simulation.chance import chance, linear
from features.sources.simulation.clock import DAYS_A_YEAR, MINUTES_A_DAY, Clock
from features.sources.simulation.kernel import (
    FRAILTY_IS_SCORED_FROM_AGE,
    IN_TIME,
    LATE_SET,
    UNASSESSED,
    age_band,
    first_mobility,
    first_news2,
)
from features.sources.simulation.numbers import (
    Array,
    Floats,
    Rows,
    condition_names,
    illnesses,
    lognormal,
    parameters,
    picked,
)

EMERGENCY, ELECTIVE, TRANSFER = 0, 1, 2  # kinds of arrival
# Long-term conditions that act on returns, once coders wrote them of an earlier stay.
CODED = ("heart_failure", "copd", "cancer", "liver", "kidney", "diabetes_complicated", "alcohol")
SEVERITIES = 5
ILLNESS_AGES = (65, 80)  # where the columns of `share` change
MINUTES_FOR_A_ROUND = 90  # a person who comes with less of the day left is first seen the next morning
FIRST_SCORES_LATE_MINUTES = 25
MORNING_ROUND = 490  # nobody is seen before the 08:00 board of the day
YET_UNKNOWN = ("pathway", "working", "reason", "planned", "ended", "end_recorded", "way_out", "alone")


def arrived(people: Rows, arrivals: Rows, clock: Clock, rng: np.random.Generator) -> Rows:
    """Return new inpatients on day 0, one row for each arrival.

    `arrivals` has stay, person, site, admitted (minutes), kind, illness and variant (-1 where yet to be
    drawn), and what the hospital remembers of the person.  A variant, from 0 to 1, is which of an
    illness's codes is meant; `severity` is the one hidden thing that acts on the stay.
    """
    person, kind, count = arrivals["person"], arrivals["kind"], len(arrivals["person"])
    age = np.floor(people["age"][person] + arrivals["admitted"] / MINUTES_A_DAY / DAYS_A_YEAR).astype(np.int64)
    first_day = arrivals["admitted"] // MINUTES_A_DAY
    new = _illness(people, person, age, kind == ELECTIVE, clock.calendar["winter"][first_day], rng)
    illness = np.where(arrivals["illness"] >= 0, arrivals["illness"], new)
    stays = {
        **arrivals,
        "illness": illness,
        "variant": np.where(arrivals["variant"] >= 0, arrivals["variant"], rng.random(count)),
        "first_day": first_day,
        "age": age,
        "deprivation": 5.5 - people["decile"][person],
        **{name: people[name][person] for name in ("care_home", "no_fixed_abode", "lives_alone", "band")},
        "scotland": np.full(count, float(clock.nation == "SCT")),
        "day": np.zeros(count, dtype=np.int64),
    }
    stays = {**stays, **_times(stays, rng)}
    severity = picked(severity_shares(stays, clock), rng)
    first = first_scores(stays, severity, rng)
    unknown = {name: np.full(count, -1) for name in YET_UNKNOWN}
    never = {name: np.zeros(count, dtype=bool) for name in ("end_of_life", "ready")}
    unscored = {"status": np.full(count, UNASSESSED), "frailty": np.zeros(count, dtype=np.int64)}
    return {**stays, "severity": severity, **first, **unknown, **never, **unscored}


def arrival_facts(stays: Rows) -> Rows:
    """Return what is recorded of a stay on arrival and acts on all its days."""
    return {
        "age_decades": (stays["age"] - 70) / 10,
        "illness": stays["illness"],
        "elective": stays["kind"] == ELECTIVE,
        "transfer": stays["kind"] == TRANSFER,
        "care_home": stays["care_home"],
        "no_fixed_abode": stays["no_fixed_abode"],
        "log_hours_left": np.log(np.maximum(stays["room"], 1) / 480),
        **{name: stays[name] for name in ("emergencies_in_year", "is_return", "deprivation")},
        **{name: stays[name] for name in CODED},
        "scotland": stays["scotland"],
        "late_scotland": stays["scotland"],
    }


def severity_shares(stays: Rows, clock: Clock) -> Floats:
    """Return the chances of each severity class, from what is recorded on arrival: [stay, severity]."""
    table = parameters()["severity"]
    facts = {**arrival_facts(stays), "surge": clock.calendar["surge"][stays["first_day"]]}
    latent = linear(table["latent"], facts)
    below = 1 / (1 + np.exp(latent[:, None] - np.asarray(table["cuts"])[None, :]))
    return np.diff(np.column_stack([np.zeros(len(latent)), below, np.ones(len(latent))]), axis=1)


def delirium_facts(stays: Rows, mobility: Array, severity: Array) -> Rows:
    """Return what decides a first 4AT."""
    return {
        "age_decades": (stays["age"] - 70) / 10,
        "mobility": mobility,
        "severity": severity,
        "illness": stays["illness"],
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


def _times(stays: Rows, rng: np.random.Generator) -> Rows:
    """Return when each arrival is registered, and seen today: never before the 08:00 board, if at all."""
    count, admitted = len(stays["admitted"]), stays["admitted"]
    table = parameters()["record"]
    late = rng.random(count) < table["late"]
    hours = np.minimum(lognormal(table["late_hours"], count, rng), table["registered_within_hours"])
    lag = np.where(late, hours * 60, rng.exponential(table["registered_minutes"], count))
    midnight = stays["first_day"] * MINUTES_A_DAY
    registered = np.minimum(admitted + 1 + np.ceil(lag).astype(np.int64), midnight + MINUTES_A_DAY - 1)
    room = midnight + MINUTES_A_DAY - registered
    early, late_part = rng.random(count), rng.random(count)
    seen = registered + FIRST_SCORES_LATE_MINUTES + 5 + ((0.05 + 0.20 * late_part) * room).astype(np.int64)
    seen = np.maximum(seen, midnight + MORNING_ROUND + (early * 100).astype(np.int64))
    return {"registered": registered, "room": room, "first_seen": seen}


def has_round_on_arrival(stays: Rows) -> Array:
    """Return whether enough of the day of arrival is left for a decision, known on registration."""
    return stays["room"] >= MINUTES_FOR_A_ROUND


def first_scores(stays: Rows, severity: Array, rng: np.random.Generator) -> Rows:
    """Return the scores on arrival, and whether they are charted by the registration or soon after it."""
    count, elective = len(severity), (stays["kind"] == ELECTIVE).astype(np.int64)
    news2 = picked(first_news2()[elective, stays["illness"], severity], rng)
    home = stays["care_home"].astype(np.int64)
    mobility = picked(first_mobility()[age_band(stays["age"]), home, stays["illness"], severity], rng)
    table = parameters()["observation"]
    tested = (stays["age"] >= FRAILTY_IS_SCORED_FROM_AGE) & (rng.random(count) < table["four_at_done"])
    positive = rng.random(count) < chance("delirium", delirium_facts(stays, mobility, severity))
    late = rng.random(count) < table["first_late"]
    minutes = np.ceil(rng.random(count) * FIRST_SCORES_LATE_MINUTES).astype(np.int64)
    return {
        "news2": news2,
        "mobility": mobility,
        "delirium": tested & positive,
        "tested": tested,
        "charted": np.where(late, LATE_SET, IN_TIME),
        "charted_at": stays["registered"] + np.where(late, minutes, 0),
    }
