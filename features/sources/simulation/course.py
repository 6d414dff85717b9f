"""One day of every inpatient: what is charted, who becomes ready, who leaves, and how.

Nothing is drawn ahead.  Each day's chances are logistic functions (`chance`) of what was charted by that
day's board round, of the calendar, of how full the site is, and of one hidden severity class a stay; so the
truth at a moment can be computed (`belief`, `forecast`).  A day of a stay runs from 08:00 to 08:00.
"""

import numpy as np

from features.sources.simulation.arrival import arrival_facts, has_round_on_arrival
from features.sources.simulation.chance import calendar_facts, chance, state_facts
from features.sources.simulation.charting import assessed, scored
from features.sources.simulation.clock import MINUTES_A_DAY, SATURDAY, Clock
from features.sources.simulation.kernel import UNASSESSED
from features.sources.simulation.leaving import ended_at, recorded_at
from features.sources.simulation.numbers import (
    Array,
    Floats,
    Rows,
    parameters,
    picked,
    reason_paces,
    reason_weights,
)
from features.sources.simulation.pathway import closed, pathway_when_ready
from features.sources.simulation.plan import planned

HOME, DIED, TRANSFERRED, SELF_DISCHARGED = 0, 1, 2, 3  # ways out
ROUND_BEGINS, ROUND_MINUTES = 510, 100  # the board round reaches a bed from 08:30 to 10:10
BEDSIDE_BEGINS, BEDSIDE_MINUTES = 330, 120  # morning scores, 05:30 to 07:30
EVENING_BEGINS, EVENING_MINUTES = 1200, 210  # evening scores, 20:00 to 23:30
RELAPSE_NEWS2, RELAPSE_MOBILITY = 6, 3  # charted of a person who meets the criteria again


def one_day(inpatients: Rows, pressure: Floats, clock: Clock, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the inpatients at the end of their day, and the day's log, one row each in the same order.

    `pressure` is how full each one's site is this morning (see `lives`).  Of those who left, `ended` is
    the minute, `way_out` how and `end_recorded` when the system learns of it.
    """
    times = times_of_day(inpatients, rng)
    inpatients, scores = scored(inpatients, times, rng)
    now, log = after_the_board(inpatients, times, pressure, clock, rng)
    return now, {**log, **scores}


def times_of_day(inpatients: Rows, rng: np.random.Generator) -> Rows:
    """Return when each inpatient is observed and seen today, and if they are seen at all."""
    count, arrival_day = len(inpatients["day"]), inpatients["day"] == 0
    midnight = (inpatients["first_day"] + inpatients["day"]) * MINUTES_A_DAY
    early, late = rng.random(count), rng.random(count)
    bedside = midnight + BEDSIDE_BEGINS + (early * BEDSIDE_MINUTES).astype(np.int64)
    seen = midnight + ROUND_BEGINS + (late * ROUND_MINUTES).astype(np.int64)
    return {
        "midnight": midnight,
        "bedside_at": np.where(arrival_day, inpatients["admitted"] + 1, bedside),
        "seen_at": np.where(arrival_day, inpatients["first_seen"], seen),
        "seen": ~arrival_day | has_round_on_arrival(inpatients),
    }


def after_the_board(
    inpatients: Rows, times: Rows, pressure: Floats, clock: Clock, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Return the same as `one_day`, from the 08:00 board on: the morning's scores are those of `inpatients`."""
    now, asked = assessed(inpatients, times["seen"], rng)
    facts = day_facts(now, pressure, clock)
    now, decided = _decided(now, facts, times["seen"], clock.nation, rng)
    criteria = _criteria_charted(inpatients, now, decided["out"], times["seen"], rng)
    plan = planned(now, inpatients, facts, decided, rng)
    plan = np.where(criteria | ~times["seen"], plan, -1)  # who does not write one does not write the other
    evening_at, end = _evening(now, times, decided["out"], clock, rng)
    now = {**now, **end, "planned": np.where(plan >= 0, plan, now["planned"])}
    return now, {
        **{name: now[name] for name in LOGGED},
        **{name: times[name] for name in ("seen_at", "seen")},
        **{name: decided[name] for name in ("worse", "plan_begins", "ready_before", "pathway_new")},
        "end_of_life": inpatients["end_of_life"],
        "assessed": asked,
        "delay_began": (now["reason"] >= 0) & (inpatients["reason"] < 0),
        "delay_ended": (now["reason"] < 0) & (inpatients["reason"] >= 0) & (decided["out"] < 0),
        "reason_before": inpatients["reason"],
        "planned": plan,
        "evening_at": evening_at,
        "criteria": criteria,
    }


LOGGED = (
    "stay", "day", "news2", "mobility", "delirium", "status", "working", "pathway", "reason", "ready",
    "way_out",
)  # fmt: skip


def day_facts(now: Rows, pressure: Floats, clock: Clock) -> Rows:
    """Return everything that acts on a day."""
    return {
        **arrival_facts(now),
        **calendar_facts(clock, now["first_day"] + now["day"], now["day"]),
        **state_facts(now),
        "pressure": pressure,
    }


def _decided(now: Rows, facts: Rows, seen: Array, nation: str, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the inpatients after the board round, and what it decided; `out` is the way out or -1."""
    draw = rng.random((6, len(seen)))
    turns = _turns(now, facts, seen, draw)
    was, worse, becomes = now["ready"], turns["worse"], turns["becomes"]
    pathway = np.where(becomes, pathway_when_ready(now, facts, rng), now["pathway"])
    at_once, later = _leaving_chances(now, facts, pathway, nation)
    leaves = (becomes & (draw[5] < at_once)) | (turns["waits"] & (draw[5] < later))
    ways = [turns["dies"], turns["moves"], turns["walks"], leaves]
    reason = np.where(worse, -1, now["reason"])
    reason = np.where(becomes & ~leaves, picked(reason_weights(nation)[np.maximum(pathway, 0)], rng), reason)
    after = {
        **now,
        "ready": (becomes | was) & ~worse,
        "pathway": pathway,
        "reason": reason,
        "end_of_life": now["end_of_life"] | turns["plan_begins"],
        "news2": np.where(worse, RELAPSE_NEWS2, now["news2"]),
        "mobility": np.where(worse, RELAPSE_MOBILITY, now["mobility"]),
        "delirium": now["delirium"] & ~worse,
    }
    return after, {
        "out": np.select(ways, [DIED, TRANSFERRED, SELF_DISCHARGED, HOME], -1),
        "worse": worse,
        "plan_begins": turns["plan_begins"],
        "ready_before": was,
        "pathway_new": becomes & (pathway != np.where(now["pathway"] >= 0, now["pathway"], now["working"])),
        "leaving_chance": np.where(was, later, np.nan),
    }


def _turns(now: Rows, facts: Rows, seen: Array, draw: Floats) -> Rows:
    """Return which turn each stay takes today; whether the ready leave is decided by their pathway."""
    was, first = now["ready"], now["day"] == 0
    unready, unasked = seen & ~was, now["status"] == UNASSESSED
    dies = seen & (draw[0] < np.where(was, chance("died_ready", facts), chance("died", facts)))
    moves = unready & ~dies & (draw[1] < chance("transferred", facts))
    walks = unready & ~dies & ~moves & unasked & (draw[2] < chance("self_discharged", facts))
    staying = unready & ~dies & ~moves & ~walks
    becomes = staying & (draw[3] < np.where(first, chance("home_today", facts), chance("ready", facts)))
    plan_begins = staying & ~becomes & ~now["end_of_life"] & (draw[4] < chance("end_of_life", facts))
    worse = was & ~dies & (draw[4] < chance("worse", facts))
    return {
        "dies": dies,
        "moves": moves,
        "walks": walks,
        "becomes": becomes,
        "plan_begins": plan_begins,
        "worse": worse,
        "waits": was & ~dies & ~worse,
    }


def _leaving_chances(now: Rows, facts: Rows, pathway: Array, nation: str) -> tuple[Floats, Floats]:
    """Return the chances of leaving for who becomes ready today, and for who has been waiting."""
    leaving = {**facts, "pathway": np.maximum(pathway, 0), "closed": closed(facts["closure"], pathway)}
    pace = reason_paces(nation)[now["reason"]]
    at_once = chance("leaves_when_ready", {**leaving, "day_of_arrival": now["day"] == 0})
    return at_once, chance("leaves_later", {**leaving, "pace": pace})


def _evening(
    now: Rows, times: Rows, out: Array, clock: Clock, rng: np.random.Generator
) -> tuple[Array, dict[str, Array]]:
    """Return when evening scores are taken (-1: not), and the end of those who leave."""
    count = len(out)
    kind = clock.calendar["day_kind"][now["first_day"] + now["day"]]
    home = out == HOME
    pending = home & (now["day"] > 0) & (rng.random(count) < pending_share(kind))
    ways = {"home": home, "died": out == DIED, "pending": pending}
    ended = np.where(out >= 0, ended_at(now["day"], ways, times, rng), -1)
    recorded = recorded_at(ended, ways, times["midnight"], kind >= SATURDAY, rng)
    at = times["midnight"] + EVENING_BEGINS + (rng.random(count) * EVENING_MINUTES).astype(np.int64)
    taken = rng.random(count) < evening_share(now["day"])
    here = taken & (at > now["registered"] + 60) & ((ended < 0) | (at < ended))
    end = {"ended": ended, "way_out": out, "end_recorded": np.where(out >= 0, recorded, -1)}
    return np.where(here, at, -1), end


def evening_share(day: Array) -> Floats:
    """Return the share of inpatients whose scores are taken in the evening."""
    shares = np.asarray(parameters()["observation"]["evening"])
    return shares[np.minimum(day, len(shares) - 1)]


def pending_share(day_kind: Array) -> Floats:
    """Return the share of discharges home that nobody enters until the next morning's clerk."""
    shares = np.asarray(parameters()["discharge"]["entered_next_morning"])
    return shares[(np.asarray(day_kind) >= SATURDAY).astype(np.int64)]


def _criteria_charted(before: Rows, now: Rows, out: Array, seen: Array, rng: np.random.Generator) -> Array:
    """Return whether the criteria to reside are written today: a change always is, unless the person leaves."""
    table = parameters()["record"]
    changed = now["ready"] != before["ready"]
    missed = np.where(changed, np.where(out == HOME, table["change_missed"], 0.0), table["criteria_missed"])
    return seen & (rng.random(len(seen)) >= missed)
