"""What is charted of inpatients before the board round: the morning's scores, and what a therapist asks."""

import numpy as np

from features.sources.simulation.arrival import arrival_facts
from features.sources.simulation.chance import chance, state_facts
from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.kernel import (
    FRAILTY_IS_SCORED_FROM_AGE,
    FRAILTY_SCORES,
    IN_TIME,
    LATE_SET,
    MISSED_SET,
    MOST_DAYS_SETTLING,
    NO_SCORE,
    UNASSESSED,
    charting,
    frailty_mean_and_sd,
    frailty_status,
    news2_band,
    next_mobility,
    next_news2,
    usual_mobility,
)
from features.sources.simulation.numbers import Array, Rows, parameters, picked
from features.sources.simulation.pathway import working_weights

BOARD_MINUTE = 480  # 08:00
CHARTED_WITHIN_MINUTES = 20  # of taking the scores


def scored(inpatients: Rows, times: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the inpatients with what is charted by 08:00, and the log of how it came to be.

    Scores that are charted late are on record and act on nothing; the next morning's take their place.
    """
    later, severity = inpatients["day"] > 0, inpatients["severity"]
    count = len(later)
    how = np.where(later, picked(charting()[severity], rng), inpatients["charted"])
    day = np.minimum(inpatients["day"], MOST_DAYS_SETTLING)
    news2 = picked(next_news2()[day, severity, news2_band(inpatients["news2"])], rng)
    usual = usual_mobility(inpatients["care_home"], inpatients["status"])
    mobility = picked(next_mobility()[usual, severity, inpatients["mobility"]], rng)
    again = later & inpatients["delirium"] & (rng.random(count) < parameters()["observation"]["four_at_again"])
    stays = rng.random(count) < chance("delirium_stays", {"severity": severity})
    acts = later & (how == IN_TIME)
    now = {
        **inpatients,
        "news2": np.where(acts, news2, inpatients["news2"]),
        "mobility": np.where(acts, mobility, inpatients["mobility"]),
        "delirium": np.where(acts & again, stays, inpatients["delirium"]),
    }
    tested = np.where(later, acts & again, inpatients["tested"])
    return now, {
        "bedside_at": times["bedside_at"],
        "how": how,
        "charted_at": _charted_at(inpatients, times, how, rng),
        "mobility_charted": now["mobility"],
        "news2_charted": np.where(~later, inpatients["news2"], np.where(how == MISSED_SET, -1, news2)),
        "four_at": np.where(tested, _four_at(now["delirium"], rng), -1),
    }


def _charted_at(inpatients: Rows, times: Rows, how: Array, rng: np.random.Generator) -> Array:
    """Return when the scores are on record: before the 08:00 board or hours after it, but before the next."""
    count, board = len(how), times["midnight"] + BOARD_MINUTE
    late = np.ceil(rng.exponential(parameters()["observation"]["late_minutes"], count)).astype(np.int64)
    late = np.minimum(late, MINUTES_A_DAY - 1)
    soon = times["bedside_at"] + 1 + rng.integers(0, CHARTED_WITHIN_MINUTES, count)
    at = np.where(how == LATE_SET, board + late, np.minimum(soon, board - 1))
    return np.where(inpatients["day"] > 0, at, inpatients["charted_at"])


def _four_at(positive: Array, rng: np.random.Generator) -> Array:
    count = len(positive)
    return np.where(positive, rng.integers(4, 13, count), np.minimum(rng.poisson(0.6, count), 3))


def assessed(now: Rows, seen: Array, rng: np.random.Generator) -> tuple[Rows, Array]:
    """Return the inpatients with what a therapist asks on the first three days, and whom one asked today."""
    table, count = parameters()["observation"], len(now["day"])
    by_day = np.asarray([*table["assessed"], 0.0])
    share = by_day[np.minimum(now["day"], len(by_day) - 1)]
    here = seen & ~now["ready"] & (now["status"] == UNASSESSED) & (rng.random(count) < share)
    mean, sd = frailty_mean_and_sd(now["age"], now["care_home"], now["earlier_frailty"])
    score = np.clip(np.round(rng.normal(mean, sd)), 1, FRAILTY_SCORES).astype(np.int64)
    scores = (now["age"] >= FRAILTY_IS_SCORED_FROM_AGE) & (rng.random(count) >= table["frailty_unscored"])
    status = np.where(scores, frailty_status(score), NO_SCORE)
    alone = np.where(rng.random(count) < table["alone_asked"], now["lives_alone"].astype(np.int64), -1)
    now = {
        **now,
        "status": np.where(here, status, now["status"]),
        "frailty": np.where(here & scores, score, now["frailty"]),
        "alone": np.where(here, alone, now["alone"]),
    }
    working = picked(working_weights({**arrival_facts(now), **state_facts(now)}), rng)
    return {**now, "working": np.where(here, working, now["working"])}, here
