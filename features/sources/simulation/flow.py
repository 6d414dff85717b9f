"""What the discharge team writes: criteria to reside, pathway, delays, planned dates, care plans and deaths."""

import numpy as np

from features.sources.simulation.clock import MINUTES_A_DAY, Clock
from features.sources.simulation.course import DIED
from features.sources.simulation.lives import LATER, Lives
from features.sources.simulation.numbers import Array, Rows, codes, kept, lognormal, parameters
from features.sources.simulation.record import soon, written

AFTERNOON = 16 * 60  # delays are named from four o'clock, when the person has not left
SAME_DAY_PATHWAY_WRITTEN = 0.4  # of stays that end on the day of arrival [A]


def flow_events(lives: Lives, clock: Clock, nation: str, rng: np.random.Generator) -> list[Rows]:
    """Return the events that say where a stay stands on its way out."""
    return [
        _criteria(lives.days, rng),
        _pathway(lives.days, rng),
        *_delays(lives, nation, rng),
        _planned(lives.days, clock, rng),
        _end_of_life(lives.days, rng),
        *_deaths(lives.stays, rng),
    ]


def _criteria(days: Rows, rng: np.random.Generator) -> Rows:
    seen = kept(days, rng.random(len(days["stay"])) >= parameters()["record"]["criteria_missed"])
    at = seen["seen_at"]
    return written("criteria_to_reside", seen["stay"], at, soon(at, 20, rng), 1 - seen["ready"])


def _pathway(days: Rows, rng: np.random.Generator) -> Rows:
    is_written = (days["day"] > 0) | (rng.random(len(days["day"])) < SAME_DAY_PATHWAY_WRITTEN)
    known = kept(days, days["pathway_new"] & is_written)
    at = known["seen_at"] + 10
    names = np.array(["P0", "P1", "P2", "P3"], dtype=object)
    return written("pathway", known["stay"], at, soon(at, 75, rng), text=names[known["pathway"]])


def _delays(lives: Lives, nation: str, rng: np.random.Generator) -> list[Rows]:
    """Return delays begun, attributed and ended; a few delays are never written at all."""
    days, stays = lives.days, lives.stays
    reasons = np.array(list(codes(nation)["delay"]), dtype=object)
    owners = np.array([entry["owner"] for entry in codes(nation)["delay"].values()], dtype=object)
    is_written = rng.random(len(stays["stay"])) < parameters()["discharge"]["delay_written"]
    days = kept(days, is_written[days["stay"]])
    began = kept(days, days["delay_began"])
    midnight = began["seen_at"] // MINUTES_A_DAY * MINUTES_A_DAY
    at = np.maximum(midnight + AFTERNOON + rng.integers(0, 120, len(midnight)), began["seen_at"] + 5)
    attributed = soon(at + 1, 20 * 60, rng)
    worse = kept(days, days["delay_ended"])
    left = kept(stays, is_written & (stays["ended"] >= 0) & (stays["reason"] >= 0))
    better, over = worse["seen_at"] + 1, left["ended"]
    return [
        written("delay_began", began["stay"], at, soon(at, 6 * 60, rng), text=reasons[began["reason"]]),
        written("delay_attributed", began["stay"], at + 1, attributed, text=owners[began["reason"]]),
        written(
            "delay_ended", worse["stay"], better, soon(better, 120, rng), text=reasons[worse["reason_before"]]
        ),
        written("delay_ended", left["stay"], over, soon(over, 120, rng), text=reasons[left["reason"]]),
    ]


def _planned(days: Rows, clock: Clock, rng: np.random.Generator) -> Rows:
    plans = kept(days, days["planned"] >= 0)
    at = plans["seen_at"] + 5
    return written(
        "planned_discharge_on", plans["stay"], at, soon(at, 60, rng), text=clock.dates(plans["planned"])
    )


def _end_of_life(days: Rows, rng: np.random.Generator) -> Rows:
    begins = kept(days, days["plan_begins"])
    at = begins["seen_at"] + 30
    return written("end_of_life", begins["stay"], at, soon(at, 90, rng), 1.0)


def _deaths(stays: Rows, rng: np.random.Generator) -> list[Rows]:
    """Return deaths in hospital, and later ones, which the hospital learns of after days or weeks."""
    here = kept(stays, (stays["ended"] >= 0) & (stays["way_out"] == DIED))
    later = kept(stays, stays["died_later_at"] < LATER // 4)
    at = later["died_later_at"]
    days = lognormal(parameters()["death"]["record_days"], len(at), rng)
    learnt: Array = at + np.ceil(days * MINUTES_A_DAY).astype(np.int64)
    return [
        written("patient_died", here["stay"], here["ended"], soon(here["ended"], 40, rng), 1.0),
        written("patient_died", later["stay"], at, learnt, 1.0),
    ]
