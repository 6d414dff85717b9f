"""Do a release's curves, dates and probabilities contradict themselves, for whatever patient?"""

import numpy as np
from inputs import Inputs, Numbers
from line import Found

from features.sources.simulation.estimate import Estimate
from models.discharge_date import Days
from models.distribution import PIECES, compose
from models.predictor import Predictor
from models.reasons import GROUPS
from training.coherence import wrong_rows

RANDOM_HAZARDS, AT_ONCE = 1_000_000, 10_000
RANDOM_PATIENTS = 20_000


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


def _shares(release: Predictor, first: Numbers) -> Numbers:
    assert release.date_model is not None
    return release.date_model.day_shares(Days(first, release.facts.nation))
