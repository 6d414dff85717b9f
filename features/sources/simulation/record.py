"""How facts come to be written down: rows of the events table, each recorded some time after it happened."""

import numpy as np

from features.sources.simulation.numbers import Array, Floats, Rows, lognormal, parameters

MINUTES_AN_HOUR = 60


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


def discharge_recorded(ended: Array, died: Array, weekend: Array, rng: np.random.Generator) -> Array:
    """Return when the system learns of each discharge: within minutes, or hours late where a clerk keys it."""
    table, count = parameters()["discharge"], len(ended)
    share = np.where(weekend, table["late_record_weekend"], table["late_record"])
    late = (rng.random(count) < share) & ~died
    hours = lognormal(table["late_record_hours"], count, rng)
    lag = np.where(late, hours * MINUTES_AN_HOUR, 1 + rng.exponential(table["record_minutes"], count))
    return np.asarray(ended + np.ceil(lag).astype(np.int64))


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
    correction = {**_some(rows, wrong), "recorded": (rows["recorded"] + later)[wrong]}
    stray = {**_some(rows, void), "happened": rows["happened"][void] + 1, "number": slipped[void]}
    stray["recorded"] = np.maximum(stray["recorded"], stray["happened"])
    nothing: Floats = np.full(int(void.sum()), np.nan)
    withdrawn = {
        **stray,
        "recorded": stray["recorded"] + later[void],
        "number": nothing,
        "text": np.full(len(nothing), "cancelled", dtype=object),
    }
    return [at_first, correction, stray, withdrawn]


def _some(rows: Rows, wanted: Array) -> Rows:
    return {name: column[wanted] for name, column in rows.items()}
