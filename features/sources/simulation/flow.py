"""What the discharge team writes: criteria to reside, pathway, delays, planned dates, care plans and deaths."""

import numpy as np

from features.sources.simulation.clock import MINUTES_A_DAY, Clock
from features.sources.simulation.course import DIED
from features.sources.simulation.lives import LATER, Lives
from features.sources.simulation.numbers import Array, Rows, codes, kept, lognormal, parameters
from features.sources.simulation.record import by_discharge, by_morning, soon, written

AFTERNOON = 16 * 60  # delays are named from four o'clock, when the person has not left
SAME_DAY_PATHWAY_WRITTEN = 0.4  # of stays that end on the day of arrival [A]


def flow_events(lives: Lives, clock: Clock, rng: np.random.Generator) -> list[Rows]:
    """Return the events that say where a stay stands on its way out."""
    return [
        _criteria(lives.days, rng),
        _pathway(lives, rng),
        *_delays(lives, clock.nation, rng),
        _planned(lives.days, clock, rng),
        _end_of_life(lives.days, rng),
        *_deaths(lives.stays, rng),
    ]


def _criteria(days: Rows, rng: np.random.Generator) -> Rows:
    seen = kept(days, days["criteria"])
    at = seen["seen_at"]
    return written("criteria_to_reside", seen["stay"], at, by_morning(at, 20, rng), 1 - seen["ready"])


def _pathway(lives: Lives, rng: np.random.Generator) -> Rows:
    """Return the pathways of who becomes ready, where they are not those of the assessment.

    The discharge tells it where nobody wrote so before.
    """
    days = lives.days
    is_written = (days["day"] > 0) | (rng.random(len(days["day"])) < SAME_DAY_PATHWAY_WRITTEN)
    known = kept(days, days["pathway_new"] & is_written)
    at, ends = known["seen_at"] + 10, kept(lives.stays, known["stay"])
    recorded = by_discharge(by_morning(at, 75, rng), ends)
    recorded = np.where(known["criteria"], recorded, ends["end_recorded"])
    names = np.array(["P0", "P1", "P2", "P3"], dtype=object)
    return written("pathway", known["stay"], at, recorded, text=names[known["pathway"]])


def _delays(lives: Lives, nation: str, rng: np.random.Generator) -> list[Rows]:
    """Return delays begun, attributed and ended; a few are never attributed."""
    days, stays = lives.days, lives.stays
    reasons = np.array(list(codes(nation)["delay"]), dtype=object)
    owners = np.array([entry["owner"] for entry in codes(nation)["delay"].values()], dtype=object)
    began = kept(days, days["delay_began"])
    midnight = began["seen_at"] // MINUTES_A_DAY * MINUTES_A_DAY
    at = np.maximum(midnight + AFTERNOON + rng.integers(0, 120, len(midnight)), began["seen_at"] + 5)
    known = rng.random(len(at)) < parameters()["discharge"]["delay_attributed"]
    owned = at[known] + 1
    worse = kept(days, days["delay_ended"])
    left = kept(stays, (stays["ended"] >= 0) & (stays["reason"] >= 0))
    better, over = worse["seen_at"] + 1, left["ended"]
    told = np.maximum(soon(over, 60, rng), left["end_recorded"])
    return [
        written("delay_began", began["stay"], at, by_morning(at, 120, rng), text=reasons[began["reason"]]),
        written(
            "delay_attributed",
            began["stay"][known],
            owned,
            soon(owned, 20 * 60, rng),
            text=owners[began["reason"]][known],
        ),
        written(
            "delay_ended",
            worse["stay"],
            better,
            by_morning(better, 60, rng),
            text=reasons[worse["reason_before"]],
        ),
        written("delay_ended", left["stay"], over, told, text=reasons[left["reason"]]),
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
    return written("end_of_life", begins["stay"], at, by_morning(at, 90, rng), 1.0)


def _deaths(stays: Rows, rng: np.random.Generator) -> list[Rows]:
    """Return deaths in hospital, and later ones, which the hospital learns of after days or weeks."""
    here = kept(stays, (stays["ended"] >= 0) & (stays["way_out"] == DIED))
    later = kept(stays, stays["died_later_at"] < LATER // 4)
    at = later["died_later_at"]
    days = lognormal(parameters()["death"]["record_days"], len(at), rng)
    learnt: Array = at + np.ceil(days * MINUTES_A_DAY).astype(np.int64)
    return [
        written("patient_died", here["stay"], here["ended"], here["end_recorded"], 1.0),
        written("patient_died", later["stay"], at, learnt, 1.0),
    ]
