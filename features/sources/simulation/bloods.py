"""Blood samples.  Urea, C-reactive protein and albumin depend on the hidden class; what is sampled does too."""

import numpy as np
from scipy.special import ndtr

from features.sources.simulation.arrival import ELECTIVE, SEVERITIES
from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Floats, Rows, effects, kept, parameters
from features.sources.simulation.record import LATEST_MINUTE, written

TELLING = ("urea", "c_reactive_protein", "albumin")  # of the hidden class
PHLEBOTOMY, LABORATORY_REPORTS_FROM, REPORT_MINUTES = 360, 420, 60  # 06:00, 07:00, mean
STEP = {"urea": 0.1, "c_reactive_protein": 1.0, "albumin": 1.0}
LIMITS = {"urea": (1.0, 60.0), "c_reactive_protein": (1.0, 480.0), "albumin": (12.0, 52.0)}


def sampled_share(stays: Rows, stay: Array, day: Array) -> Floats:
    """Return the chances that blood is taken on a day of a stay: [row, severity]."""
    table = parameters()["record"]
    by_day = np.zeros(int(max(day.max(initial=0), max(table["blood_days"]))) + 1)
    by_day[table["blood_days"]] = table["blood_taken"]
    share = np.where((stays["kind"][stay] == ELECTIVE) & (day == 0), table["blood_electives"], by_day[day])
    return np.minimum(share[:, None] * np.asarray(table["blood_severity"])[None, :], 0.98)


def samples(lives: Lives, rng: np.random.Generator) -> Rows:
    """Return blood samples: stay, day, at and recorded (minutes), and telling results (NaN: not asked)."""
    days, stays = lives.days, lives.stays
    severity = stays["severity"][days["stay"]]
    share = sampled_share(stays, days["stay"], days["day"])[np.arange(len(severity)), severity]
    taken = np.flatnonzero(rng.random(len(share)) < share)
    rows = {name: days[name][taken].astype(np.int64) for name in ("stay", "day")}
    rows = kept(rows, np.lexsort([rows["day"], rows["stay"]]))
    stay, count = rows["stay"], len(rows["stay"])
    midnight = (stays["first_day"][stay] + rows["day"]) * MINUTES_A_DAY
    first = rows["day"] == 0
    wait = 1 + rng.exponential(REPORT_MINUTES, count).astype(np.int64)
    begins = np.where(first, stays["registered"][stay], midnight + LABORATORY_REPORTS_FROM)
    asked = rng.random(count) < parameters()["record"]["albumin_taken"]
    rows = {
        **rows,
        "at": np.where(first, stays["admitted"][stay] + 1, midnight + PHLEBOTOMY),
        "recorded": np.minimum(begins + wait, midnight + MINUTES_A_DAY + LATEST_MINUTE),
    }
    return {**rows, **_telling(lives, rows, asked, rng)}


def expected(name: str, stays: Rows, stay: Array, day: Array) -> tuple[Floats, float]:
    """Return what a result is drawn around, by severity ([row, severity]), and its standard deviation.

    Urea and C-reactive protein are drawn on the log scale.
    """
    table = parameters()["bloods"][name]
    settling = np.exp(-day / table.get("settles_days", 1e9))
    mean = (
        table["mean"]
        + table.get("illness", 0.0) * effects(table.get("effect", "none"))[stays["illness"][stay]] * settling
    )
    return mean[:, None] + table["severity"] * np.arange(SEVERITIES)[None, :], table["sd"]


def followed(rows: Rows, asked: Array) -> Array:
    """Return for each row the earlier row of its stay with a result of the test, or -1."""
    position = np.where(asked, np.arange(len(asked)), -1)
    before = np.append(-1, np.maximum.accumulate(position)[:-1])
    same = (before >= 0) & (rows["stay"][np.maximum(before, 0)] == rows["stay"])
    return np.where(same, before, -1)


def scaled(name: str, value: Floats) -> Floats:
    """Return values on the scale on which they are drawn."""
    return value if name == "albumin" else np.log(value)


def log_likelihood(name: str, stays: Rows, rows: Rows) -> Floats:
    """Return log chances of results by severity, given the one before: [row, severity]; 0 if not asked."""
    value = rows[name]
    asked = ~np.isnan(value)
    mean, sd = expected(name, stays, rows["stay"], rows["day"])
    before = followed(rows, asked)
    memory = np.where(before >= 0, parameters()["bloods"]["memory"], 0.0)
    last = scaled(name, np.where(before >= 0, value[np.maximum(before, 0)], 1.0))
    centre = mean + memory[:, None] * (last[:, None] - mean[np.maximum(before, 0)])
    spread = (sd * np.sqrt(1 - memory**2))[:, None]
    low, high = LIMITS[name]
    half = STEP[name] / 2
    edges = [np.where(asked, value + side * half, 1.0) for side in (-1, 1)]
    below, above = (ndtr((scaled(name, np.maximum(edge, 1e-9))[:, None] - centre) / spread) for edge in edges)
    below = np.where((value <= low)[:, None], 0.0, below)
    above = np.where((value >= high)[:, None], 1.0, above)
    return np.where(asked[:, None], np.log(np.maximum(above - below, 1e-12)), 0.0)


def _telling(lives: Lives, rows: Rows, albumin: Array, rng: np.random.Generator) -> Rows:
    stays, found = lives.stays, {}
    for name in TELLING:
        asked = albumin if name == "albumin" else np.ones(len(albumin), dtype=bool)
        mean, sd = expected(name, stays, rows["stay"], rows["day"])
        mean = mean[np.arange(len(mean)), stays["severity"][rows["stay"]]]
        found[name] = _in_sequence(name, rows, asked, mean, sd, rng)
    return found


def _in_sequence(
    name: str, rows: Rows, asked: Array, mean: Floats, sd: float, rng: np.random.Generator
) -> Floats:
    """Draw a test's results one after the other, each around what the last recorded one leads to expect."""
    memory, noise = parameters()["bloods"]["memory"], rng.normal(size=len(mean))
    before = followed(rows, asked)
    value = np.full(len(mean), np.nan)
    now = np.flatnonzero(asked & (before < 0))
    follower = np.full(len(mean) + 1, -1)
    later = np.flatnonzero(asked & (before >= 0))
    follower[before[later]] = later
    centre, spread = mean[now], np.full(len(now), sd)
    while len(now):
        drawn = centre + spread * noise[now]
        value[now] = _rounded(name, drawn)
        following = follower[now]
        last = now[following >= 0]
        now = following[following >= 0]
        centre = mean[now] + memory * (scaled(name, value[last]) - mean[last])
        spread = np.full(len(now), sd * np.sqrt(1 - memory**2))
    return value


def _rounded(name: str, drawn: Floats) -> Floats:
    value: Floats = drawn if name == "albumin" else np.exp(np.minimum(drawn, 20.0))
    low, high = LIMITS[name]
    steps: Floats = np.rint(value / STEP[name])
    return np.clip(steps * STEP[name], low, high).round(1)


def blood_events(lives: Lives, rows: Rows, rng: np.random.Generator) -> list[Rows]:
    """Return results, the other tests of each sample too; those hang together within a stay."""
    stays = lives.stays
    own = rng.normal(size=(2, len(stays["stay"])))[:, rows["stay"]]
    results = {**{name: rows[name] for name in TELLING}, **_others(lives, rows, own, rng)}
    found = []
    for name, value in results.items():
        asked = kept({**rows, "value": value}, ~np.isnan(value))
        found.append(written(name, asked["stay"], asked["at"], asked["recorded"], asked["value"]))
    return found


def _others(lives: Lives, rows: Rows, own: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    people, stays = lives.people, lives.stays
    person, illness = stays["person"][rows["stay"]], stays["illness"][rows["stay"]]
    kidney = people["kidney"][person] + effects("kidney")[illness]
    haemoglobin = 139 - 11 * (people["sex"][person] == "2") - 8 * people["kidney"][person]
    haemoglobin = haemoglobin - 8 * people["cancer"][person] - 22 * effects("anaemia")[illness]
    sodium = 138 - people["heart_failure"][person]
    log_cells = 2.1 + 0.3 * effects("infection")[illness] * np.exp(-rows["day"] / 5)
    blood, salts = (0.87 * one + 0.49 * rng.normal(size=len(one)) for one in own)
    return {
        "haemoglobin": np.rint(np.clip(haemoglobin + 14 * blood, 45, 195)),
        "white_cells": np.round(np.clip(np.exp(log_cells + 0.3 * blood), 1, 60), 1),
        "creatinine": np.rint(np.clip(np.exp(4.3 + 0.35 * kidney + 0.22 * salts), 25, 900)),
        "sodium": np.rint(np.clip(sodium + 3.4 * salts, 110, 165)),
    }
