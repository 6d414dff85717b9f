"""What nurses, therapists and laboratories write about an inpatient-day."""

import numpy as np

from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Floats, Rows, effects, kept, parameters, stacked
from features.sources.simulation.record import soon, with_mistakes, written

OBSERVATIONS_A_DAY = (2.0, 1.7, 1.3, 1.0, 0.55)  # NEWS2 after the morning, day 0, 1, 2, 3, later [A]
UNCHANGED_MOBILITY_WRITTEN = 0.65  # on a day [A]
CARE_PACKAGE_ASKED = 0.6  # of those without one [A]
DISABILITIES = ("learning_disability", "autism")
ELECTIVE_BLOODS = 0.35  # of arrivals [A]


def bedside_events(lives: Lives, rng: np.random.Generator) -> list[Rows]:
    """Return NEWS2, mobility, 4AT, frailty, home facts and blood results."""
    scores = stacked([*_news2(lives, rng), *_bloods(lives, rng)])
    return [
        *with_mistakes(scores, rng),
        _mobility(lives.days, rng),
        _four_at(lives.days, rng),
        _frailty(lives, rng),
        *_home(lives, rng),
        *_disabilities(lives, rng),
    ]


def _news2(lives: Lives, rng: np.random.Generator) -> list[Rows]:
    days = lives.days
    morning = kept(days, days["news2_taken"])
    at = morning["bedside_at"]
    rows = [written("news2", morning["stay"], at, soon(at, 10, rng), morning["news2"])]
    more = rng.poisson(np.asarray(OBSERVATIONS_A_DAY)[np.minimum(days["day"], 4)])
    days = kept(days, np.repeat(np.arange(len(more)), more))
    midnight = (days["bedside_at"] // MINUTES_A_DAY + 1) * MINUTES_A_DAY
    room = midnight - 1 - days["bedside_at"]
    at = days["bedside_at"] + np.ceil(rng.random(len(room)) * room).astype(np.int64)
    score = np.maximum(days["news2"] + rng.choice([-1, 0, 0, 0, 1], len(at)), 0)
    return [*rows, written("news2", days["stay"], at, soon(at, 10, rng), score)]


def _mobility(days: Rows, rng: np.random.Generator) -> Rows:
    order = np.lexsort([days["day"], days["stay"]])
    stay, level = days["stay"][order], days["mobility"][order]
    changed = np.append(True, (stay[1:] != stay[:-1]) | (level[1:] != level[:-1]))
    wanted = order[changed | (rng.random(len(order)) < UNCHANGED_MOBILITY_WRITTEN)]
    at = days["bedside_at"][wanted] + 10
    return written("mobility", days["stay"][wanted], at, soon(at, 25, rng), days["mobility"][wanted])


def _four_at(days: Rows, rng: np.random.Generator) -> Rows:
    tested = kept(days, days["four_at"] >= 0)
    at = tested["bedside_at"] + 15
    return written("4at", tested["stay"], at, soon(at, 30, rng), tested["four_at"])


def _frailty(lives: Lives, rng: np.random.Generator) -> Rows:
    days = kept(lives.days, lives.stays["frailty_day"][lives.days["stay"]] == lives.days["day"])
    at = days["bedside_at"] + 20
    score = lives.stays["frailty_measured"][days["stay"]]
    return written("clinical_frailty_scale", days["stay"], at, soon(at, 45, rng), score)


def _home(lives: Lives, rng: np.random.Generator) -> list[Rows]:
    days = kept(lives.days, lives.stays["social_day"][lives.days["stay"]] == lives.days["day"])
    person, at = lives.stays["person"][days["stay"]], days["bedside_at"] + 30
    alone, visits = lives.people["lives_alone"][person], lives.people["visits"][person]
    asked = np.flatnonzero((rng.random(len(at)) < CARE_PACKAGE_ASKED) | (visits > 0))
    later = at[asked] + 2
    return [
        written("lives_alone", days["stay"], at, soon(at, 60, rng), alone),
        written("care_package", days["stay"][asked], later, soon(later, 60, rng), visits[asked]),
    ]


def _disabilities(lives: Lives, rng: np.random.Generator) -> list[Rows]:
    stays = lives.stays
    rows = []
    for name in DISABILITIES:
        flagged = kept(stays, lives.people[name][stays["person"]])
        at = flagged["admitted"] + 5
        rows.append(written(name, flagged["stay"], at, soon(at, 15, rng), 1.0))
    return rows


def _bloods(lives: Lives, rng: np.random.Generator) -> list[Rows]:
    samples = _samples(lives, rng)
    stay, at = lives.stays, samples["at"]
    person = stay["person"][samples["stay"]]
    results = {
        **_blood_count(lives, samples, person, rng),
        **_chemistry(lives, samples, person, rng),
    }
    back = at + 40 + np.ceil(rng.exponential(45, len(at))).astype(np.int64)  # minutes in the laboratory [A]
    rows = [written(name, samples["stay"], at, back, np.maximum(value, 1)) for name, value in results.items()]
    some = rng.random(len(at)) < parameters()["record"]["albumin_taken"]
    return [kept(row, some) if row["name"][:1] == "albumin" else row for row in rows]


def _samples(lives: Lives, rng: np.random.Generator) -> Rows:
    """Return blood samples, with a random effect of each stay so that a patient's results hang together."""
    table, days, stays = parameters()["record"], lives.days, lives.stays
    chance_on_day = np.zeros(int(days["day"].max(initial=0)) + max(table["blood_days"]) + 1)
    chance_on_day[table["blood_days"]] = table["blood_taken"]
    share = chance_on_day[days["day"]]
    share = np.where((stays["kind"][days["stay"]] == 1) & (days["day"] == 0), ELECTIVE_BLOODS, share)
    samples = kept(days, rng.random(len(share)) < share)
    own = rng.normal(size=(2, len(stays["stay"])))
    delay = np.where(samples["day"] == 0, rng.random(len(samples["day"])) * 60, 90.0)
    return {
        **samples,
        "at": samples["bedside_at"] + 5 + delay.astype(np.int64),
        "severity": stays["severity"][samples["stay"]],
        "illness": stays["illness"][samples["stay"]],
        "own_blood": own[0][samples["stay"]],
        "own_chemistry": own[1][samples["stay"]],
    }


def _noise(own: Floats, rng: np.random.Generator) -> Floats:
    """Return unit noise, three quarters of it the stay's own."""
    return np.asarray(0.87 * own + 0.49 * rng.normal(size=len(own)))


def _blood_count(lives: Lives, samples: Rows, person: Array, rng: np.random.Generator) -> Rows:
    people, own = lives.people, samples["own_blood"]
    woman, infection = people["sex"][person] == "2", effects("infection")[samples["illness"]]
    anaemia = effects("anaemia")[samples["illness"]]
    haemoglobin = 141 - 11 * woman - 8 * people["kidney"][person] - 8 * people["cancer"][person]
    haemoglobin = haemoglobin - 22 * anaemia - 2.5 * samples["severity"] + 14 * _noise(own, rng)
    settling = np.exp(-samples["day"] / 5)
    log_protein = 2.0 + 1.7 * infection * settling + 0.25 * samples["severity"] + 0.08 * samples["news2"]
    log_cells = 2.05 + 0.3 * infection * settling + 0.04 * samples["severity"]
    return {
        "haemoglobin": np.rint(np.clip(haemoglobin, 45, 195)),
        "c_reactive_protein": np.rint(np.clip(np.exp(log_protein + 0.8 * _noise(own, rng)), 1, 480)),
        "white_cells": np.round(np.clip(np.exp(log_cells + 0.3 * _noise(own, rng)), 1, 60), 1),
    }


def _chemistry(lives: Lives, samples: Rows, person: Array, rng: np.random.Generator) -> Rows:
    people, own = lives.people, samples["own_chemistry"]
    kidney = people["kidney"][person] + effects("kidney")[samples["illness"]]
    log_creatinine = 4.25 + 0.35 * kidney + 0.05 * samples["severity"] + 0.22 * _noise(own, rng)
    log_urea = 1.65 + 0.40 * kidney + 0.10 * samples["severity"] + 0.3 * _noise(own, rng)
    sodium = 138.5 - 0.5 * samples["severity"] - people["heart_failure"][person] + 3.4 * _noise(own, rng)
    albumin = 39 - 1.6 * samples["severity"] - 2 * people["liver"][person] + 4 * _noise(own, rng)
    return {
        "creatinine": np.rint(np.clip(np.exp(log_creatinine), 25, 900)),
        "urea": np.round(np.clip(np.exp(log_urea), 1, 60), 1),
        "sodium": np.rint(np.clip(sodium, 110, 165)),
        "albumin": np.rint(np.clip(albumin, 12, 52)),
    }
