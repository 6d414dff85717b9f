"""How facts come to be written down: rows of the events table, each recorded some time after it happened."""

import numpy as np

from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.numbers import Array, Floats, Rows, kept, lognormal, parameters

MINUTES_AN_HOUR = 60
LATEST_MINUTE = 475  # of the next day: five minutes before its 08:00 board


def written(
    name: str,
    stay: Array,
    happened: Array,
    recorded: Array,
    number: Array | float | None = None,
    text: Array | None = None,
) -> Rows:
    """Return event rows of one name; `happened` and `recorded` are minutes, absent values are NaN and None."""
    count = len(stay)
    values = np.full(count, np.nan if number is None else number, dtype=np.float64)
    return {
        "stay": stay,
        "happened": happened.astype(np.int64),
        "recorded": np.maximum(recorded, happened).astype(np.int64),
        "name": np.full(count, name, dtype=object),
        "number": values,
        "text": np.full(count, None, dtype=object) if text is None else text.astype(object),
    }


def soon(happened: Array, mean_minutes: float, rng: np.random.Generator) -> Array:
    """Return when each fact is recorded: minutes later, for a few hours later, and at times the next day."""
    table, count = parameters()["record"], len(happened)
    lag = 1 + rng.exponential(mean_minutes, count)
    late = rng.random(count) < table["late"]
    hours = lognormal(table["late_hours"], count, rng)
    return np.asarray(happened + np.ceil(np.where(late, hours * MINUTES_AN_HOUR, lag)).astype(np.int64))


def by_morning(happened: Array, mean_minutes: float, rng: np.random.Generator) -> Array:
    """Return when each fact of the day is recorded: as `soon`, but before the next 08:00 board."""
    latest = (happened // MINUTES_A_DAY + 1) * MINUTES_A_DAY + LATEST_MINUTE
    return np.minimum(soon(happened, mean_minutes, rng), np.maximum(latest, happened))


def by_discharge(recorded: Array, ends: Rows) -> Array:
    """Return when facts are recorded that are written down before the discharge of their stay is.

    `ends` are the columns of each row's stay.
    """
    left = ends["end_recorded"]
    return np.where(left >= 0, np.minimum(recorded, left), recorded)


def with_mistakes(rows: Rows, rng: np.random.Generator) -> list[Rows]:
    """Return rows of numbers as people write them: a few wrong at first and corrected, a few that are void.

    A correction is a later row for the same instant; a void is an entry that should not be there, and a
    later row for its instant with the text `cancelled`.
    """
    table, count = parameters()["record"], len(rows["stay"])
    draw = rng.random(count)
    wrong, void = draw < table["corrected"], draw > 1 - table["voided"]
    later = np.ceil(rng.exponential(180, count)).astype(np.int64) + 5
    slipped = np.rint(rows["number"] * rng.choice([0.9, 1.1], count)) + 1
    at_first = {**rows, "number": np.where(wrong, slipped, rows["number"])}
    correction = {**kept(rows, wrong), "recorded": (rows["recorded"] + later)[wrong]}
    stray = {**kept(rows, void), "happened": rows["happened"][void] + 1, "number": slipped[void]}
    stray["recorded"] = np.maximum(stray["recorded"], stray["happened"])
    nothing: Floats = np.full(int(void.sum()), np.nan)
    withdrawn = {
        **stray,
        "recorded": stray["recorded"] + later[void],
        "number": nothing,
        "text": np.full(len(nothing), "cancelled", dtype=object),
    }
    return [at_first, correction, stray, withdrawn]
