"""The discharge date that a person plans: hopefully, by the usual pace, and blind to the weekend."""

import numpy as np

from features.sources.simulation.arrival import ELECTIVE
from features.sources.simulation.chance import chance
from features.sources.simulation.numbers import Array, Floats, Rows, parameters


def planned(now: Rows, before: Rows, facts: Rows, decided: Rows, rng: np.random.Generator) -> Array:
    """Return the day on which a person now plans the discharge, or -1 where nobody writes one today.

    `before` are the inpatients as they were in the morning and `decided` what the board round decided.
    """
    plan, count, ready = parameters()["plan"], len(now["day"]), now["ready"]
    today = now["first_day"] + now["day"]
    expected = _expected_days(now, facts, decided)
    days = np.rint(plan["optimism"] * expected * np.exp(rng.normal(0, plan["noise_sd"], count)))
    days = np.clip(days, np.where(ready, 0, 1), plan["most_days"]).astype(np.int64)
    return np.where(rng.random(count) < _written(now, before, decided, today), today + days, -1)


def _expected_days(now: Rows, facts: Rows, decided: Rows) -> Floats:
    """Return the days that a careful person would expect of a patient with such scores, on a weekday."""
    plan, count = parameters()["plan"], len(now["day"])
    usual = {"day_kind": np.ones(count, dtype=np.int64), "severity": np.full(count, plan["usual_severity"])}
    pace = chance("ready", {**facts, **usual})
    first_wait = np.asarray(plan["first_wait_days"])[np.maximum(now["pathway"], 0)]
    later_wait = 1 / np.nan_to_num(decided["leaving_chance"], nan=1.0) - 1
    return np.where(now["ready"], np.where(decided["ready_before"], later_wait, first_wait), 1 / pace)


def _written(now: Rows, before: Rows, decided: Rows, today: Array) -> Floats:
    """Return the chances that somebody writes a date today, for the first time or anew."""
    plan = parameters()["plan"]
    first = np.asarray(plan["set_on_day"])[np.minimum(now["day"], 2)]
    first = np.where((now["kind"] == ELECTIVE) & (now["day"] == 0), plan["set_for_electives"], first)
    revised = np.where(before["planned"] < today, plan["revised_when_past"], plan["revised_otherwise"])
    newly_ready = now["ready"] & ~decided["ready_before"]
    revised = np.where(newly_ready, np.maximum(revised, plan["revised_when_ready"]), revised)
    return np.where(before["planned"] < 0, first, revised)
