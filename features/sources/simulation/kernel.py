"""How likely each measured value is, given the hidden class and what was last charted.

One set of tables serves both the drawing of values and the truth about them.
"""

from functools import cache

import numpy as np
from scipy.special import ndtr

from features.sources.simulation.numbers import Array, Floats, effects, illnesses, parameters

NEWS2_BAND_FIRST_VALUES = (0, 3, 5, 7, 9)
NEWS2_BAND_MIDDLES = (1.0, 3.5, 5.5, 7.5, 10.0)
NEWS2_VALUES = 18  # 0 to 17, what is possible in practice
MOBILITY_LEVELS = 5
MOST_DAYS_SETTLING = 30
AGE_BAND_FIRST_AGES = (0, 65, 80)
FRAILTY_IS_SCORED_FROM_AGE = 65
FRAILTY_SCORES = 8  # 9, terminally ill, is a care plan and not a score here
FRAILTY_BAND_FIRST_SCORES = (1, 5, 7)
UNASSESSED, NO_SCORE, FIT = 0, 1, 2  # statuses of the assessment; 3 frail and 4 very frail follow
STATUSES = 5
IN_TIME, LATE_SET, MISSED_SET = 0, 1, 2  # how a morning's scores are charted


def news2_band(value: Array) -> Array:
    """Return the band (0 to 4) of NEWS2 values: 0-2, 3-4, 5-6, 7-8, 9 and over."""
    return np.searchsorted(NEWS2_BAND_FIRST_VALUES, value, side="right") - 1


def age_band(age: Array) -> Array:
    """Return 0 under 65, 1 under 80, 2 from 80 years."""
    return np.searchsorted(AGE_BAND_FIRST_AGES, age, side="right") - 1


@cache
def first_news2() -> Floats:
    """Return chances of the first NEWS2: [elective, illness, severity, value]."""
    table = parameters()["observation"]
    mean = np.maximum(np.asarray(table["news2_first"])[None, :] + effects("news2")[:, None] - 0.4, 0.2)
    return np.stack([_poisson(mean), _poisson(np.full_like(mean, table["news2_planned"]))])


@cache
def next_news2() -> Floats:
    """Return chances of a later morning's NEWS2: [day (at most 30), severity, band last charted, value]."""
    table = parameters()["observation"]
    days = np.arange(MOST_DAYS_SETTLING + 1)[:, None]
    settling = np.exp(-days / np.asarray(table["news2_settles_days"])[None, :])
    fresh = _poisson(table["news2_floor"] + np.asarray(table["news2_first"]) * settling)
    memory = table["news2_memory"]
    found = np.zeros((*fresh.shape[:2], len(NEWS2_BAND_MIDDLES), NEWS2_VALUES))
    for band, middle in enumerate(NEWS2_BAND_MIDDLES):
        mixed = np.minimum(memory * middle + (1 - memory) * np.arange(NEWS2_VALUES), NEWS2_VALUES - 1)
        low = np.floor(mixed).astype(np.int64)
        for value, (floor, rest) in enumerate(zip(low, mixed - low, strict=True)):
            found[:, :, band, floor] += fresh[:, :, value] * (1 - rest)
            found[:, :, band, min(floor + 1, NEWS2_VALUES - 1)] += fresh[:, :, value] * rest
    return found


@cache
def first_mobility() -> Floats:
    """Return chances of the mobility at arrival: [age band, care home, illness, severity, level]."""
    table = parameters()["observation"]
    loss, more = np.asarray(table["mobility_loss"]), np.minimum(effects("mobility") / 2, 1.0)
    found = np.zeros((len(AGE_BAND_FIRST_AGES), 2, len(illnesses()), len(loss), MOBILITY_LEVELS))
    for band, usual in enumerate(table["mobility_usual"]):
        for care_home in (0, 1):
            base = np.append(np.zeros(care_home), usual)
            for illness, extra in enumerate(more):
                for severity, lost in enumerate(loss):
                    whole = np.convolve(base, np.convolve(_two_steps(lost), _two_steps(float(extra))))
                    found[band, care_home, illness, severity] = whole[:MOBILITY_LEVELS]
                    found[band, care_home, illness, severity, -1] += whole[MOBILITY_LEVELS:].sum()
    return found


@cache
def next_mobility() -> Floats:
    """Return chances of a later morning's mobility: [usual level (0 to 2), severity, last level, level]."""
    table = parameters()["observation"]
    found = np.zeros((3, len(table["mobility_gain"]), MOBILITY_LEVELS, MOBILITY_LEVELS))
    for usual in range(3):
        for severity, gain in enumerate(table["mobility_gain"]):
            for level in range(MOBILITY_LEVELS):
                better = gain if level > usual else 0.0
                worse = table["mobility_worse"] if level < MOBILITY_LEVELS - 1 else 0.0
                found[usual, severity, level, max(level - 1, 0)] += better
                found[usual, severity, level, min(level + 1, MOBILITY_LEVELS - 1)] += worse
                found[usual, severity, level, level] += 1 - better - worse
    return found


def usual_mobility(care_home: Array, status: Array) -> Array:
    """Return the level down to which a person gets better: 1 in a care home or frail, 2 if very frail."""
    return np.maximum(np.asarray(care_home, dtype=np.int64), np.clip(np.asarray(status) - FIT, 0, 2))


def frailty_status(score: Array) -> Array:
    """Return the status that a charted Clinical Frailty Scale gives."""
    return FIT + np.searchsorted(FRAILTY_BAND_FIRST_SCORES, score, side="right") - 1


def frailty_mean_and_sd(age: Array, care_home: Array, earlier: Array) -> tuple[Floats, Floats]:
    """Return what a Clinical Frailty Scale is drawn around: that of an earlier stay (0: none), else the age."""
    table = parameters()["observation"]
    by_age = table["frailty_at_65"] + table["frailty_a_decade"] * (age - 65) / 10
    known = earlier > 0
    mean = np.where(known, earlier, by_age + table["frailty_care_home"] * care_home)
    return mean, np.where(known, table["frailty_sd_again"], table["frailty_sd"])


def frailty_shares(age: Array, care_home: Array, earlier: Array) -> Floats:
    """Return the chances of each status that an assessment gives: [row, status]."""
    mean, sd = frailty_mean_and_sd(age, care_home, earlier)
    edges = np.asarray(FRAILTY_BAND_FIRST_SCORES[1:]) - 0.5
    below = ndtr((edges[None, :] - mean[:, None]) / sd[:, None])
    table = parameters()["observation"]
    scored = np.where(age >= FRAILTY_IS_SCORED_FROM_AGE, 1 - table["frailty_unscored"], 0.0)
    bands = np.column_stack([below[:, 0], below[:, 1] - below[:, 0], 1 - below[:, 1]])
    return np.column_stack([np.zeros(len(age)), 1 - scored, bands * scored[:, None]])


@cache
def charting() -> Floats:
    """Return the chances that a morning's scores are charted in time, late or not at all: [severity, which]."""
    table = parameters()["observation"]
    missed = np.asarray(table["missed"])
    late = np.full_like(missed, table["late"])
    return np.column_stack([1 - late - missed, late, missed])


def _poisson(mean: Floats) -> Floats:
    """Return Poisson chances of 0 to 16, and of 17 or more, along a new last axis."""
    values = np.arange(NEWS2_VALUES)
    log_factorials = np.cumsum(np.log(np.maximum(values, 1)))
    found = np.exp(values * np.log(mean[..., None]) - mean[..., None] - log_factorials)
    found[..., -1] = 1 - found[..., :-1].sum(axis=-1)
    return found


def _two_steps(share: float) -> Floats:
    return np.array([(1 - share) ** 2, 2 * share * (1 - share), share**2])
