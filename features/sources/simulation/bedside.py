"""What nurses, therapists and laboratories write about an inpatient-day."""

import numpy as np

from features.sources.simulation.bloods import TELLING, blood_events
from features.sources.simulation.kernel import IN_TIME, NO_SCORE
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Rows, kept, parameters
from features.sources.simulation.record import by_discharge, by_morning, soon, with_mistakes, written

UNCHANGED_MOBILITY_WRITTEN = 0.65  # on a day [A]
DISABILITIES = ("learning_disability", "autism")
CARE_PACKAGE_ASKED = 0.6  # of those assessed [A]


def bedside_events(lives: Lives, samples: Rows, rng: np.random.Generator) -> list[Rows]:
    """Return NEWS2, mobility, 4AT, frailty, home facts and blood results.

    Slips of the pen happen to results that nothing depends on.
    """
    bloods = blood_events(lives, samples, rng)
    telling = [rows for rows in bloods if str(rows["name"][:1].sum()) in TELLING or not len(rows["name"])]
    others = [
        row for rows in bloods if str(rows["name"][:1].sum()) not in TELLING for row in with_mistakes(rows, rng)
    ]
    return [
        *telling,
        *others,
        *_news2(lives.days, rng),
        *_mobility(lives.days, rng),
        _four_at(lives.days),
        *_assessments(lives, rng),
        *_disabilities(lives, rng),
    ]


def _news2(days: Rows, rng: np.random.Generator) -> list[Rows]:
    morning = kept(days, days["news2_charted"] >= 0)
    evening = kept(days, days["evening_at"] >= 0)
    worse = kept(days, days["worse"])
    shift = rng.choice([-1, 0, 0, 0, 1], len(evening["stay"]))
    near = np.maximum(evening["news2"].astype(np.int64) + shift, 0)
    at = evening["evening_at"]
    return [
        written(
            "news2", morning["stay"], morning["bedside_at"], morning["charted_at"], morning["news2_charted"]
        ),
        *with_mistakes(written("news2", evening["stay"], at, by_morning(at, 10, rng), near), rng),
        written(
            "news2", worse["stay"], worse["seen_at"], by_morning(worse["seen_at"], 10, rng), worse["news2"]
        ),
    ]


def _mobility(days: Rows, rng: np.random.Generator) -> list[Rows]:
    """Return mobility as charted in time: whenever it has changed, and on most other mornings."""
    scored = kept(days, np.lexsort([days["day"], days["stay"]]))
    before = np.append(-1, scored["mobility"][:-1])
    changed = (scored["day"] == 0) | (scored["mobility_charted"] != before)
    chosen = changed | (rng.random(len(changed)) < UNCHANGED_MOBILITY_WRITTEN)
    morning = kept(scored, chosen & ((scored["how"] == IN_TIME) | (scored["day"] == 0)))
    worse = kept(scored, scored["worse"])
    seen = worse["seen_at"]
    return [
        written(
            "mobility",
            morning["stay"],
            morning["bedside_at"],
            morning["charted_at"],
            morning["mobility_charted"],
        ),
        written("mobility", worse["stay"], seen, by_morning(seen, 10, rng), worse["mobility"]),
    ]


def _four_at(days: Rows) -> Rows:
    tested = kept(days, days["four_at"] >= 0)
    return written("4at", tested["stay"], tested["bedside_at"], tested["charted_at"], tested["four_at"])


def _assessments(lives: Lives, rng: np.random.Generator) -> list[Rows]:
    """Return what therapists ask: frailty, who lives alone, visits of carers, a working pathway."""
    days, stays = kept(lives.days, lives.days["assessed"]), lives.stays
    stay, at = days["stay"], days["seen_at"] - 4
    score, alone = stays["frailty"][stay], stays["alone"][stay]
    scored, told = days["status"] > NO_SCORE, alone >= 0
    visits = rng.binomial(4, np.asarray(parameters()["people"]["visits"])[score]) * ~stays["care_home"][stay]
    asked = told & ((rng.random(len(at)) < CARE_PACKAGE_ASKED) | (visits > 0))
    names = np.array(["P0", "P1", "P2", "P3"], dtype=object)
    thought = days["working"] >= 0
    rows = [
        ("clinical_frailty_scale", scored, 45, score),
        ("lives_alone", told, 60, alone),
        ("care_package", asked, 60, visits),
    ]
    found = [
        written(name, stay[here], at[here], _recorded(stays, stay[here], at[here], lag, rng), value[here])
        for name, here, lag, value in rows
    ]
    stay, at, working = stay[thought], at[thought], names[days["working"][thought]]
    return [*found, written("pathway", stay, at, _recorded(stays, stay, at, 75, rng), text=working)]


def _recorded(stays: Rows, stay: Array, at: Array, mean_minutes: float, rng: np.random.Generator) -> Array:
    """Return when each fact is recorded: before the next board, and not after the person's discharge is."""
    return by_discharge(by_morning(at, mean_minutes, rng), kept(stays, stay))


def _disabilities(lives: Lives, rng: np.random.Generator) -> list[Rows]:
    stays = lives.stays
    rows = []
    for name in DISABILITIES:
        flagged = kept(stays, lives.people[name][stays["person"]])
        at = flagged["admitted"] + 5
        rows.append(written(name, flagged["stay"], at, soon(at, 15, rng), 1.0))
    return rows
