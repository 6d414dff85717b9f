"""Do a release's curves, dates and probabilities contradict themselves, for whatever patient?"""

import numpy as np
from inputs import Inputs, Numbers
from line import Found

from features.sources.simulation.estimate import Estimate
from models.discharge_date import Days
from models.distribution import PIECES, Curves, compose, fewest_days, median_day, ready_if_home
from models.predictor import Predictor
from models.reasons import GROUPS

RANDOM_HAZARDS, AT_ONCE = 1_000_000, 10_000
RANDOM_PATIENTS = 20_000
ROUNDING = 1e-9


def contradictions(inputs: Inputs) -> Found:
    """Return in how many of many curves of random hazards, mapped as the release maps, something is wrong."""
    release, random = inputs.release, np.random.default_rng(3)
    count = RANDOM_HAZARDS if inputs.admissions >= 20_000 else AT_ONCE
    wrong = 0
    for _ in range(count // AT_ONCE):
        steep = random.uniform(0.2, 4, (AT_ONCE, 1))
        leave, home, ready = (random.random((AT_ONCE, PIECES)) ** steep for _ in range(3))
        days = np.datetime64("2026-01-01") + random.integers(0, 700, AT_ONCE)
        curves = release.mapped(
            compose(leave, home, ready, _shares(release, days)), random.integers(0, GROUPS, AT_ONCE)
        )
        wrong += int(wrong_rows(curves).sum())
    return Found(Estimate(wrong), f"{count:,} curves")


def contradictions_of_patients(inputs: Inputs) -> Found:
    """Return of how many patients, each value drawn from another person, the answer contradicts itself."""
    others, random = inputs.others, np.random.default_rng(4)
    count = min(RANDOM_PATIENTS, len(others.rows))
    table = others.table.iloc[:count].copy()
    for name in table:
        drawn = others.table[name].iloc[random.integers(0, len(others.rows), count)]
        table[name] = drawn.array
    curves = inputs.release.curves(table, others.pick(np.arange(len(others.rows)) < count).days())
    return Found(Estimate(int(wrong_rows(curves).sum())), f"{count:,} patients")


def wrong_rows(curves: Curves) -> Numbers:
    """Tell which rows have a curve that turns, crosses or leaves 0 to 1, or a date that a chance denies."""
    wrong = np.zeros(len(curves.home_by), bool)
    for by in (curves.home_by, curves.ready_by):
        if by is not None:
            wrong |= (np.diff(by, axis=1) < -ROUNDING).any(axis=1)
            wrong |= (by < -ROUNDING).any(axis=1) | (by > 1 + ROUNDING).any(axis=1)
    wrong |= (np.diff(curves.in_bed, axis=1) > ROUNDING).any(axis=1)
    wrong |= (curves.in_bed + curves.home_by > 1 + ROUNDING).any(axis=1)
    if curves.ready_by is not None:
        wrong |= (curves.home_by > curves.ready_by + ROUNDING).any(axis=1)
        wrong |= median_day(ready_if_home(curves)) > median_day(curves.home_by)
    wrong |= _denied(curves.home_by)
    return wrong


def _denied(home_by: Numbers) -> Numbers:
    """Tell where the chances say another day than the date, or the range holds less than its 80 %."""
    rows, likely = np.arange(len(home_by)), median_day(home_by)
    first, last = fewest_days(home_by)
    half = home_by[:, -1] / 2
    before = np.where(likely > 0, home_by[rows, likely - 1], 0)
    held = home_by[rows, last] - np.where(first > 0, home_by[rows, first - 1], 0)
    short = held < 0.8 * home_by[:, -1] - 1e-6
    return (likely < 0) | (home_by[rows, likely] < half - ROUNDING) | (before > half + ROUNDING) | short


def _shares(release: Predictor, first: Numbers) -> Numbers:
    assert release.date_model is not None
    return release.date_model.day_shares(Days(first, release.facts.nation))
