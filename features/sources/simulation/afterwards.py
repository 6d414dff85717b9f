"""What becomes of people who have left: codes, emergency returns, deaths."""

import numpy as np

from features.sources.simulation.arrival import ELECTIVE, EMERGENCY, TRANSFER, arrival_facts
from features.sources.simulation.chance import chance
from features.sources.simulation.clock import DAYS_A_YEAR, MINUTES_A_DAY, Clock, arrival_minutes
from features.sources.simulation.course import SELF_DISCHARGED, TRANSFERRED
from features.sources.simulation.numbers import Array, Floats, Rows, condition_names, lognormal, parameters

RETURN_WINDOW_DAYS = 30
MINUTES_A_WINDOW = RETURN_WINDOW_DAYS * MINUTES_A_DAY
WORKING_MINUTES = (540, 480)  # coders write from nine to five


def coded(people: Rows, left: Rows, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return which long-term conditions coders write of each stay, and when."""
    person, count = left["person"], len(left["person"])
    has = np.column_stack([people[name][person] for name in condition_names()])
    found = has & (rng.random(has.shape) < parameters()["record"]["condition_coded"])
    lag = lognormal(parameters()["record"]["coding_days"], count, rng)
    first, length = WORKING_MINUTES
    day = left["ended"] // MINUTES_A_DAY + np.ceil(lag).astype(np.int64)
    return found, day * MINUTES_A_DAY + first + rng.integers(0, length, count)


def facts_at_discharge(left: Rows, clock: Clock) -> Rows:
    """Return what acts on returns and deaths after discharge."""
    return {
        **arrival_facts(left),
        "severity": left["severity"],
        "status": left["status"],
        "self_discharged": left["way_out"] == SELF_DISCHARGED,
        "pathway": np.maximum(left["pathway"], 0),
        "end_of_life": left["end_of_life"],
        "eve_of_rest": clock.calendar["eve_of_rest"][left["first_day"] + left["day"]],
    }


def returns(left: Rows, facts: Rows, can: Array, sites: int, rng: np.random.Generator) -> Rows:
    """Return who comes back as an emergency within 30 days, when, to which site and with which illness.

    Somebody transferred to another hospital may arrive at another site in the night that follows.
    """
    table, count = parameters()["returns"], len(left["person"])
    comes = can & (rng.random(count) < chance("returns", facts))
    latest = RETURN_WINDOW_DAYS - 1
    offset = (RETURN_WINDOW_DAYS * rng.random(count) ** (1 / table["shape"])).astype(np.int64)
    day = left["ended"] // MINUTES_A_DAY + np.clip(offset, 1, latest)
    at = day * MINUTES_A_DAY + arrival_minutes(rng.random(count))
    at = np.maximum(at, left["end_recorded"] + 60)
    same = (rng.random(count) < table["same_illness"]) & (left["kind"] != ELECTIVE)
    elsewhere = (rng.random(count) < table["elsewhere"]) & (sites > 1)
    other = (left["site"] + rng.integers(1, max(sites, 2), count)) % sites
    moves = (left["way_out"] == TRANSFERRED) & (sites > 1) & (rng.random(count) < table["moves_within"])
    arrives = (left["ended"] // MINUTES_A_DAY + 1) * MINUTES_A_DAY + rng.integers(10, 120, count)
    return {
        "comes": comes | moves,
        "admitted": np.where(moves, np.maximum(arrives, left["end_recorded"] + 5), at),
        "kind": np.where(moves, TRANSFER, EMERGENCY),
        "illness": np.where(same | moves, left["illness"], -1),
        "variant": np.where(same | moves, left["variant"], -1.0),
        "site": np.where(moves | (comes & elsewhere), other, left["site"]),
    }


def dies_at(left: Rows, facts: Rows, returning: Array, rng: np.random.Generator) -> Array:
    """Return the minute of death of each if they do not come to hospital before; who returns dies later."""
    table, count = parameters()["death"], len(left["person"])
    soon = ~returning & (rng.random(count) < chance("dies_within_30_days", facts))
    log_rate: Floats = table["age_a_decade"] * facts["age_decades"]
    log_rate = log_rate + np.asarray(table["status"])[left["status"]]
    later = RETURN_WINDOW_DAYS + rng.exponential(DAYS_A_YEAR, count) / (
        table["later_a_year"] * np.exp(log_rate)
    )
    days = np.minimum(np.where(soon, rng.random(count) * RETURN_WINDOW_DAYS, later), 10_000)
    return left["ended"] + 60 + (days * MINUTES_A_DAY).astype(np.int64)
