"""One day of every inpatient: what is measured, who becomes ready, who leaves, and how.

Nothing is drawn ahead.  Each day's chances are logistic functions (`chance`) of what is recorded so far, of
the calendar, and of one hidden severity class a stay.
"""

import numpy as np

from features.sources.simulation.arrival import (
    ELECTIVE,
    FRAILTY_IS_SCORED_FROM_AGE,
    usual_mobility,
)
from features.sources.simulation.chance import NEUTRAL_FRAILTY, chance, covariates, happens, linear
from features.sources.simulation.clock import MINUTES_A_DAY, Clock
from features.sources.simulation.numbers import Array, Floats, Rows, codes, parameters, picked

HOME, DIED, TRANSFERRED, SELF_DISCHARGED = 0, 1, 2, 3  # ways out
ROUND_BEGINS, ROUND_MINUTES = 510, 100  # the board round reaches a bed from 08:30 to 10:10
BEDSIDE_BEGINS, BEDSIDE_MINUTES = 330, 120  # morning observations, 05:30 to 07:30


def one_day(
    people: Rows, inpatients: Rows, clock: Clock, nation: str, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Return the inpatients at the end of their day, and the day's log, one row each in the same order.

    Of those who left, `ended` is the minute and `way_out` how.
    """
    times = _times(inpatients, rng)
    now, measured = _measured(people, inpatients, clock, rng)
    facts = covariates(people, now, clock.calendar)
    out = _exits(now, facts, rng)
    now = _readiness(now, facts, out >= 0, times, rng)
    now = _pathway(now, facts, rng)
    ready = (now["days_ready"] >= 0) & (out < 0)
    leaving = _leaving_facts(now, facts, nation)
    leaves = ready & (rng.random(len(ready)) < _leaving_chance(leaving))
    out = np.where(leaves, HOME, out)
    now = _delay(now, ready & ~leaves, nation, rng)
    begins_plan = (out < 0) & ~now["end_of_life"] & happens("end_of_life", facts, rng)
    now = {**now, "end_of_life": now["end_of_life"] | begins_plan}
    planned = _planned(now, inpatients, facts, leaving, rng)
    log = {**_log(now, inpatients, times), **measured, "plan_begins": begins_plan, "planned": planned}
    ended = np.where(out >= 0, _ends_at(now, out, times, rng), -1)
    now = {**now, "planned": np.where(planned >= 0, planned, now["planned"]), "ended": ended, "way_out": out}
    return now, log


def _log(now: Rows, before: Rows, times: Rows) -> Rows:
    """Return what the day's board round leaves to be written down."""
    return {
        **{name: now[name] for name in ("stay", "day", "news2", "mobility", "pathway", "reason")},
        **{name: times[name] for name in ("bedside_at", "seen_at")},
        "ready": now["days_ready"] >= 0,
        "pathway_new": now["pathway"] != before["pathway"],
        "delay_began": (now["reason"] >= 0) & (before["reason"] < 0),
        "delay_ended": (now["reason"] < 0) & (before["reason"] >= 0),
        "reason_before": before["reason"],
    }


def _times(inpatients: Rows, rng: np.random.Generator) -> Rows:
    """Return when each inpatient is observed and seen today; on the day of arrival some time after it."""
    count, arrival_day = len(inpatients["day"]), inpatients["day"] == 0
    midnight = (inpatients["first_day"] + inpatients["day"]) * MINUTES_A_DAY
    room = np.maximum(midnight + MINUTES_A_DAY - 1 - inpatients["admitted"], 3)
    early, late = rng.random(count), rng.random(count)
    bedside = np.where(
        arrival_day,
        inpatients["admitted"] + np.minimum(2 + early * 30, room * 0.05),
        midnight + BEDSIDE_BEGINS + early * BEDSIDE_MINUTES,
    )
    seen = np.where(
        arrival_day,
        inpatients["admitted"] + room * (0.08 + 0.22 * late),
        midnight + ROUND_BEGINS + late * ROUND_MINUTES,
    )
    return {
        "midnight": midnight,
        "room": room,
        "bedside_at": bedside.astype(np.int64),
        "seen_at": seen.astype(np.int64),
    }


def _measured(people: Rows, inpatients: Rows, clock: Clock, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the inpatients with this morning's scores, and which of these were taken."""
    table, day, count = parameters()["observation"], inpatients["day"], len(inpatients["day"])
    severity, later = inpatients["severity"], inpatients["day"] > 0
    settling = np.exp(-day / np.asarray(table["news2_settles_days"])[severity])
    target = table["news2_floor"] + np.asarray(table["news2_first"])[severity] * settling
    mix = table["news2_memory"] * inpatients["news2"] + (1 - table["news2_memory"]) * rng.poisson(target)
    taken = ~later | (rng.random(count) >= table["news2_missed"])
    news2 = np.where(later & taken, np.floor(mix + rng.random(count)).astype(np.int64), inpatients["news2"])
    frailty = np.where(inpatients["frailty_day"] <= day, inpatients["frailty_measured"], NEUTRAL_FRAILTY)
    usual = np.maximum(usual_mobility(frailty), people["care_home"][inpatients["person"]])
    draw, gain = rng.random(count), np.asarray(table["mobility_gain"])[severity]
    better = later & (inpatients["mobility"] > usual) & (draw < gain)
    worse = later & (draw > 1 - table["mobility_worse"])
    mobility = np.clip(inpatients["mobility"] - better + worse, 0, 4)
    now = {**inpatients, "news2": np.minimum(news2, 17), "mobility": mobility}
    now, four_at = _tested_for_delirium(people, now, clock, rng)
    return now, {"news2_taken": taken, "four_at": four_at}


def _tested_for_delirium(
    people: Rows, inpatients: Rows, clock: Clock, rng: np.random.Generator
) -> tuple[Rows, Array]:
    table, count = parameters()["observation"], len(inpatients["day"])
    facts = covariates(people, inpatients, clock.calendar)
    older = inpatients["age"] >= FRAILTY_IS_SCORED_FROM_AGE
    first = older & ~inpatients["tested"] & (inpatients["day"] <= 1)
    first &= rng.random(count) < 1 - np.sqrt(1 - table["four_at_done"])
    again = inpatients["delirium"] & (rng.random(count) < table["four_at_again"])
    odds = np.where(first, chance("delirium", facts), chance("delirium_stays", facts))
    positive = rng.random(count) < odds
    score = np.where(positive, rng.integers(4, 13, count), np.minimum(rng.poisson(0.6, count), 3))
    tested = first | again
    delirium = np.where(tested, positive, inpatients["delirium"])
    now = {**inpatients, "delirium": delirium, "tested": inpatients["tested"] | tested}
    return now, np.where(tested, score, -1)


def _exits(now: Rows, facts: Rows, rng: np.random.Generator) -> Array:
    """Return who dies, is transferred or walks out today (the way out), and -1 for everybody else."""
    walks = happens("self_discharged", facts, rng) & (now["days_ready"] < 0)
    out = np.where(walks, SELF_DISCHARGED, -1)
    out = np.where(happens("transferred", facts, rng), TRANSFERRED, out)
    return np.where(happens("died", facts, rng), DIED, out)


def _readiness(now: Rows, facts: Rows, gone: Array, times: Rows, rng: np.random.Generator) -> Rows:
    """Return the inpatients with `days_ready`: 0 on the day of becoming ready, -1 while they meet criteria."""
    hours_left = {**facts, "log_hours_left": np.log(times["room"] / 480)}
    today = np.where(now["day"] == 0, chance("home_today", hours_left), chance("ready", facts))
    was_ready, draw = now["days_ready"] >= 0, rng.random(len(gone))
    becomes = ~was_ready & ~gone & (draw < today)
    worse = was_ready & ~gone & (draw < chance("worse", facts))
    stays_ready = was_ready & ~worse
    days_ready = np.where(becomes, 0, np.where(stays_ready, now["days_ready"] + 1, -1))
    return {**now, "days_ready": days_ready, "reason": np.where(worse, -1, now["reason"])}


def _pathway(now: Rows, facts: Rows, rng: np.random.Generator) -> Rows:
    """Return the inpatients with the pathway as far as it is known: a working one, and one for the ready."""
    table, count = parameters()["pathway"], len(now["day"])
    logs = [linear(table[name], facts) for name in ("P1", "P2", "P3")]
    drawn = picked(np.exp(np.column_stack([np.zeros(count), *logs])), rng)
    drawn = np.where(now["day"] == 0, 0, drawn)  # who leaves on the day of arrival leaves without support
    draw, unknown = rng.random(count), now["pathway"] < 0
    becomes_ready = now["days_ready"] == 0
    working = unknown & (now["day"] > 0) & (draw < table["known_a_day"])
    anew = working | (becomes_ready & (unknown | (draw > table["kept_when_ready"])))
    return {**now, "pathway": np.where(anew, drawn, now["pathway"])}


def _leaving_facts(now: Rows, facts: Rows, nation: str) -> Rows:
    scotland = np.full(len(now["day"]), float(nation == "SCT"))
    return {
        **facts,
        "pathway": np.maximum(now["pathway"], 0),
        "days_ready": now["days_ready"],
        "log_days_ready": np.log(np.maximum(now["days_ready"], 1)),
        "day_of_arrival": now["day"] == 0,
        "scotland": scotland,
        "late_scotland": scotland,
    }


def _leaving_chance(facts: Rows) -> Floats:
    first = facts["days_ready"] <= 0
    return np.where(first, chance("leaves_when_ready", facts), chance("leaves_later", facts))


def _delay(now: Rows, waits: Array, nation: str, rng: np.random.Generator) -> Rows:
    """Return the inpatients with a reason for those who are ready and have not left."""
    weights = np.array([entry["weights"] for entry in codes(nation)["delay"].values()])
    begins = waits & (now["reason"] < 0)
    drawn = picked(weights.T[np.maximum(now["pathway"], 0)], rng)
    return {**now, "reason": np.where(begins, drawn, now["reason"])}


def _planned(now: Rows, before: Rows, facts: Rows, leaving: Rows, rng: np.random.Generator) -> Array:
    """Return the day on which a person now plans the discharge, or -1 where nobody writes one today.

    People reckon with the usual pace of such a patient, hopefully, and do not look at the weekday.
    """
    plan, count, ready = parameters()["plan"], len(now["day"]), now["days_ready"] >= 0
    today = now["first_day"] + now["day"]
    weekday_blind = {**facts, "day_kind": np.ones(count, dtype=np.int64)}
    pace = chance("ready", {**weekday_blind, "severity": np.maximum(facts["severity"] - 1, 0)})
    wait = _leaving_chance({**leaving, "day_kind": weekday_blind["day_kind"]})
    expected = np.where(ready, 1 / wait - 1, 1 / pace)
    days = np.rint(plan["optimism"] * expected * np.exp(rng.normal(0, plan["noise_sd"], count)))
    days = np.clip(days, np.where(ready, 0, 1), plan["most_days"]).astype(np.int64)
    draw, none = rng.random(count), before["planned"] < 0
    first = np.asarray(plan["set_on_day"])[np.minimum(now["day"], 2)]
    first = np.where((now["kind"] == ELECTIVE) & (now["day"] == 0), plan["set_for_electives"], first)
    revised = np.where(before["planned"] < today, plan["revised_when_past"], plan["revised_otherwise"])
    revised = np.where(now["days_ready"] == 0, np.maximum(revised, plan["revised_when_ready"]), revised)
    return np.where(draw < np.where(none, first, revised), today + days, -1)


def _ends_at(now: Rows, out: Array, times: Rows, rng: np.random.Generator) -> Array:
    """Return the minute at which each would leave today by their way out."""
    day_ends = times["midnight"] + MINUTES_A_DAY - 1
    begins = np.maximum(times["midnight"], times["bedside_at"] + 5)
    begins = np.where(now["day"] == 0, begins, times["midnight"])
    anytime = begins + rng.random(len(out)) * (day_ends - begins)
    by_day = times["seen_at"] + rng.beta(2, 3, len(out)) * (day_ends - times["seen_at"])
    at = np.where(out == DIED, anytime, np.where(out == HOME, _goes_home_at(now, times, rng), by_day))
    return np.ceil(at).astype(np.int64)


def _goes_home_at(now: Rows, times: Rows, rng: np.random.Generator) -> Floats:
    table = parameters()["discharge"]
    shares = np.append(0.0, np.cumsum(table["hour"]) / np.sum(table["hour"]))
    minutes = (table["first_hour"] + np.arange(len(shares))) * 60.0
    earliest = times["seen_at"] + table["least_minutes_after_ready"] - times["midnight"]
    passed = np.interp(earliest, minutes, shares)
    later = np.interp(passed + rng.random(len(passed)) * (1 - passed), shares, minutes)
    day_ends = times["midnight"] + MINUTES_A_DAY - 1
    same_day = times["seen_at"] + 1 + rng.beta(1.3, 3.5, len(passed)) * (day_ends - times["seen_at"] - 1)
    return np.where(now["day"] == 0, same_day, times["midnight"] + np.minimum(later, MINUTES_A_DAY - 1))
