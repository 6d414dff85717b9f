"""The lines O: is the truth about the simulated hospital true, by what becomes of people?"""

from collections.abc import Callable, Iterator
from functools import partial
from statistics import NormalDist

import numpy as np
import pandas as pd
from foreseen import Claim, Numbers, followed_moments, foreseen, looked_at, one_round_a_patient, truth_of
from inputs import Inputs
from line import Found, Line
from lived_again import Futures, lived_again
from scipy.stats import chi2, kstest

from features.sources.simulation.arrival import severity_shares
from features.sources.simulation.estimate import NORMAL_95, Estimate, People
from features.sources.simulation.forecast import forecast
from features.sources.simulation.numbers import Array, kept
from features.sources.simulation.truth import Known, Truth
from training.metrics import logistic_line

PIT_LIMIT = 1.95  # distance from uniform times root n, which 1 in 1,000 true forecasts exceed (Kolmogorov)
CLASS_LIMIT = 4.5  # standard errors; the furthest of 225, which 1 in 600 true beliefs exceed
BELIEVED_TO = (0.05, 0.2, 0.4, 0.7, 1.0)  # groups of a class's chance
BELIEF_DAYS = (1, 2, 3, 5, 8, 13, 21)
PERHAPS_GONE_DAYS = range(2, 15)
STARTS, DAYS_LIVED = 60, 31
COPIES_AN_ADMISSION, FEWEST_COPIES = 0.5, 4000
EDGES = (0, 1, 2, 3, 5, 8, 15, DAYS_LIVED)  # days ahead that are counted together
FEWEST_EXPECTED = 5  # copies in a cell of a chi-squared test
COMPARED_BY_DAY, COMPARED_ROUNDS = 3, 5000


def lines() -> tuple[Line, ...]:
    """Return the lines of the truth."""
    over, slopes = "observed over expected", "calibration slope"
    back, home, ready = "return", "home by 1, 3, 7 days", "ready by 3, 7 days"
    rows: list[tuple[str, str, Callable[[Inputs], Found], float, float]] = [
        (f"{back}, {over}", "0.95 to 1.05", partial(over_expected, answer="returns"), 0.95, 1.05),
        (f"{back}, {slopes}", "0.9 to 1.1", partial(straight, answer="returns"), 0.9, 1.1),
        (f"{home}, {over}", "0.95 to 1.05", partial(over_expected, answer="home"), 0.95, 1.05),
        (f"{home}, {slopes}", "0.9 to 1.1", partial(straight, answer="home"), 0.9, 1.1),
        (f"{ready}, {over}", "0.95 to 1.05", partial(over_expected, answer="ready"), 0.95, 1.05),
        (f"{ready}, {slopes}", "0.9 to 1.1", partial(straight, answer="ready"), 0.9, 1.1),
        ("PIT of the home day, from uniform", f"at most {PIT_LIMIT}", uniform, 0, PIT_LIMIT),
        ("hidden class, share from belief", f"at most {CLASS_LIMIT:g} SE", class_share, 0, CLASS_LIMIT),
        ("hidden class, surprise", "-0.02 to 0.02", class_surprise, -0.02, 0.02),
        ("left but listed, observed over expected", "0.85 to 1.15", still_listed, 0.85, 1.15),
        ("forecast against lives by chance, p", "at least 0.001", against_chance, 0.001, 1),
        ("records beside the prior, Brier score won", "above 0", records_help, 0, 1),
        ("ceiling beside the truth, Brier score won", "above 0", class_helps, 0, 1),
    ]
    return tuple(
        Line(f"O{number:02d}", f"Truth: {words}", target, measure, low, high)
        for number, (words, target, measure, low, high) in enumerate(rows, start=1)
    )


def over_expected(inputs: Inputs, answer: str) -> Found:
    """Return what happened over the sum of its chances, of all days and moments the furthest from 1."""
    return _furthest(inputs, answer, lambda claim: People(claim[0]).ratio(claim[2], claim[1]))


def straight(inputs: Inputs, answer: str) -> Found:
    """Return the calibration slope of the same, of all days and moments the furthest from 1."""
    return _furthest(inputs, answer, slope)


def slope(claim: Claim) -> Estimate:
    """Return the slope of a logistic regression on the log-odds, with an interval by patient (sandwich)."""
    patients, chance, happened = claim
    log_odds = np.log(np.clip(chance, 1e-9, 1 - 1e-9)) - np.log(np.clip(1 - chance, 1e-9, 1 - 1e-9))
    line = logistic_line(log_odds, happened, np.ones(len(chance)))
    if line is None:
        return Estimate(np.nan)
    fitted = 1 / (1 + np.exp(-line[0] - line[1] * log_odds))
    design = np.column_stack([np.ones(len(chance)), log_odds])
    bread = np.linalg.inv((design * (fitted * (1 - fitted))[:, None]).T @ design)
    pull = _by_patient(patients, (design @ bread[:, 1]) * (happened - fitted))
    half = NORMAL_95 * float(np.sqrt((pull**2).sum()))
    return Estimate(line[1], (line[1] - half, line[1] + half))


def uniform(inputs: Inputs) -> Found:
    """Return how far the home day is from where the curves say, one board round a patient."""
    moments = one_round_a_patient(inputs.hospital(), inputs.once(followed_moments))
    seen = looked_at(inputs.hospital(), inputs.once(truth_of), moments)
    at_home = np.where(seen.targets.went_home, seen.targets.exit_day, np.inf)
    return pit_distance(seen.known, at_home)


def pit_distance(known: Known, home_day: Numbers) -> Found:
    """Return root n times the largest distance of the randomised PIT of the home day from uniform.

    Who is not home by the last day, or dies, is spread over the chance of that.
    """
    count, days = known.home.shape
    by = np.column_stack([np.zeros(count), known.home.cumsum(axis=1), np.ones(count)])
    day, each = np.minimum(home_day, days).astype(np.int64), np.arange(count)
    pit = by[each, day] + np.random.default_rng(1).random(count) * (by[each, day + 1] - by[each, day])
    far = float(kstest(pit, "uniform").statistic) * float(np.sqrt(count))
    return Found(Estimate(far), f"{count:,} patients")


def class_share(inputs: Inputs) -> Found:
    """Return by how many standard errors a hidden class is more or less frequent than was believed."""
    truth = inputs.once(truth_of)
    found: dict[str, float] = {}
    for moment, stay, belief in believed(truth):
        stays = kept(truth.world.lives.stays, stay)
        errors = class_errors(pd.Series(stays["person"]), stays["severity"], belief)
        found |= {f"class {number} at {moment}": error for number, error in enumerate(errors)}
    furthest = max(found, key=lambda name: found[name])
    return Found(Estimate(found[furthest]), furthest)


def class_errors(patients: pd.Series, severity: Array, belief: Numbers) -> list[float]:
    """Return by how many standard errors each class is more or less frequent than was believed.

    Stays are grouped by how far the class was believed, and the furthest group counts.
    """
    groups, missed = np.searchsorted(BELIEVED_TO, belief), np.eye(belief.shape[1])[severity] - belief
    furthest = np.zeros(belief.shape[1])
    for number in range(len(BELIEVED_TO)):
        here = groups == number
        enough = (belief * (1 - belief) * here).sum(axis=0) > 10
        for one in np.flatnonzero(enough):
            pull = _by_patient(patients, missed[:, one] * here[:, one])
            furthest[one] = max(furthest[one], abs(pull.sum()) / np.sqrt((pull**2).sum()))
    return furthest.tolist()


def class_surprise(inputs: Inputs) -> Found:
    """Return the log score of the belief on the third day less what it expects of itself, in nats."""
    truth = inputs.once(truth_of)
    stay, belief = next((stay, belief) for moment, stay, belief in believed(truth) if moment == "round 3")
    stays, log = kept(truth.world.lives.stays, stay), np.log(np.maximum(belief, 1e-300))
    found = log[np.arange(len(stay)), stays["severity"]] - (belief * log).sum(axis=1)
    return Found(People(pd.Series(stays["person"])).mean(found, np.ones(len(stay))), f"{len(stay):,} stays")


def believed(truth: Truth) -> Iterator[tuple[str, Array, Numbers]]:
    """Yield moments, the stays that are in a bed then, and what could be believed of their hidden class."""
    stays = truth.world.lives.stays
    everybody = np.arange(len(stays["stay"]))
    yield "admission", everybody, truth.listed(everybody, stays["registered"]).belief
    for day in BELIEF_DAYS:
        stay, at = on_the_list(truth, day)
        here = (stays["ended"][stay] < 0) | (stays["ended"][stay] > at)
        yield f"round {day}", stay[here], truth.listed(stay, at).belief[here]
    left = everybody[np.isin(stays["way_out"], (0, 3))]
    yield "discharge", left, truth.leaving(left, stays["end_recorded"][left])


def on_the_list(truth: Truth, day: int) -> tuple[Array, Array]:
    """Return the stays that are listed at the 08:00 board of a day of theirs, and its minute."""
    stays = truth.world.lives.stays
    at = (stays["first_day"] + day) * 1440 + 480
    gone = (stays["ended"] >= 0) & (stays["end_recorded"] <= at)
    stay = np.flatnonzero((stays["registered"] <= at) & ~gone & (at <= truth.world.clock.until))
    return stay, at[stay]


def still_listed(inputs: Inputs) -> Found:
    """Return how many had left who were still listed at 08:00, over the sum of the chances of that."""
    truth = inputs.once(truth_of)
    stays = truth.world.lives.stays
    moments = [on_the_list(truth, day) for day in PERHAPS_GONE_DAYS]
    stay, at = (np.concatenate(parts) for parts in zip(*moments, strict=True))
    left = (stays["ended"][stay] >= 0) & (stays["ended"][stay] <= at)
    chance = truth.listed(stay, at).gone
    found = People(pd.Series(stays["person"][stay])).ratio(left.astype(np.float64), chance)
    return Found(found, f"{left.sum():,} of {len(stay):,} had left")


def against_chance(inputs: Inputs) -> Found:
    """Return how likely it is that lives drawn by chance differ as much from the forecast (chi-squared)."""
    return distance(*inputs.once(relived))


def relived(inputs: Inputs) -> tuple[Known, Futures]:
    """Return what could be known at some moments, and what became of many copies of those people."""
    truth, moments = inputs.once(truth_of), starts(inputs.once(truth_of), inputs.once(followed_moments))
    copies = max(FEWEST_COPIES, int(inputs.admissions * COPIES_AN_ADMISSION))
    futures = lived_again(truth, moments, copies, DAYS_LIVED, np.random.default_rng(3))
    return truth.at(moments, days_ahead=DAYS_LIVED), futures


def distance(known: Known, futures: Futures) -> Found:
    """Return the chance that futures drawn from what was known differ as much from it (chi-squared)."""
    total, free = 0.0, 0
    for chances, days in ((known.home, futures.home), (known.ready, futures.ready)):
        for chance, drawn in zip(chances, days, strict=True):
            squares, cells = _squares(
                np.add.reduceat(chance, EDGES[:-1]), np.histogram(drawn, EDGES)[0], len(drawn)
            )
            total, free = total + squares, free + cells - 1
    for chance, returned, home in zip(known.returns, futures.returned, futures.home, strict=True):
        left = int((home >= 0).sum())
        squares, cells = _squares(np.array([chance]), np.array([returned.sum()]), left)
        total, free = total + squares, free + cells - 1
    return Found(Estimate(float(chi2.sf(total, free))), f"chi-squared {total:.0f}, {free} degrees of freedom")


def starts(truth: Truth, moments: pd.DataFrame) -> pd.DataFrame:
    """Return admissions and board rounds of people in a bed, early rounds and late ones alike."""
    moments = moments[moments["moment"] != "discharge"].sample(frac=1, random_state=1)
    stay, at = truth.stay_of[moments["admission_id"]].to_numpy(), truth.minutes(moments["at"])
    listed = truth.listed(stay, at)
    moments = moments.assign(day=listed.day)[listed.gone == 0]
    admissions, rounds = (moments[moments["moment"] == kind] for kind in ("admission", "board"))
    first = rounds.sort_values("day", kind="stable").drop_duplicates("admission_id")
    late = rounds.sort_values("day", ascending=False, kind="stable").drop_duplicates("admission_id")
    parts = [admissions.head(STARTS // 3), first.head(STARTS // 3), late.head(STARTS // 6)]
    parts.append(rounds[rounds["day"] > 2].head(STARTS // 6))
    return pd.concat(parts, ignore_index=True)


def records_help(inputs: Inputs) -> Found:
    """Return by how much a class believed from records beats its prior (Brier score, home by 3 days)."""
    patients, prior, truth_chance, _, happened = inputs.once(_compared)
    return _won(patients, prior, truth_chance, happened)


def class_helps(inputs: Inputs) -> Found:
    """Return by how much knowing the hidden class would beat the truth (Brier score, home by 3 days)."""
    patients, _, truth_chance, ceiling, happened = inputs.once(_compared)
    return _won(patients, truth_chance, ceiling, happened)


def _compared(inputs: Inputs) -> tuple[pd.Series, Numbers, Numbers, Numbers, Numbers]:
    """Return patients, chances of being home by prior, by truth and by ceiling, and whether they were."""
    seen = inputs.once(foreseen)
    rows = np.flatnonzero((seen.moments["moment"] == "board").to_numpy())[:COMPARED_ROUNDS]
    moments, own, days = seen.moments.iloc[rows], seen.targets, COMPARED_BY_DAY + 1
    known, ceiling = (seen.truth.at(moments, days_ahead=days, ceiling=hidden) for hidden in (False, True))
    stay, at = seen.truth.stay_of[moments["admission_id"]].to_numpy(), seen.truth.minutes(moments["at"])
    listed, clock = seen.truth.listed(stay, at), seen.truth.world.clock
    prior = severity_shares(kept(seen.truth.world.lives.stays, stay), clock)
    by_prior = forecast(seen.truth.start(listed, stay, prior), clock, days).home.sum(axis=1)
    chances = listed.gone + (1 - listed.gone) * by_prior, known.home.sum(axis=1), ceiling.home.sum(axis=1)
    happened = (own.went_home & (own.exit_day <= COMPARED_BY_DAY))[rows].astype(np.float64)
    return moments["patient_id"], *chances, happened


def _won(patients: pd.Series, worse: Numbers, better: Numbers, happened: Numbers) -> Found:
    won = (worse - happened) ** 2 - (better - happened) ** 2
    return Found(People(patients).mean(won, np.ones(len(won))), f"{len(won):,} rounds")


def _furthest(inputs: Inputs, answer: str, measure: Callable[[Claim], Estimate]) -> Found:
    """Return the figure that is furthest from 1 by its own error, all figures sharing one 5 % level."""
    seen = inputs.once(foreseen)
    moments = ("admission", "board", "discharge") if answer == "returns" else ("admission", "board")
    claims = {name: claim for moment in moments for name, claim in seen.claims(answer, moment).items()}
    found = {name: _widened(measure(claim), len(claims)) for name, claim in claims.items()}
    worst = max(found, key=lambda name: _errors(found[name]))
    return Found(found[worst], f"{worst}, {len(claims[worst][1]):,} rows; furthest of {len(found)}")


def _widened(figure: Estimate, figures: int) -> Estimate:
    if figure.interval is None:
        return figure
    wider = NormalDist().inv_cdf(1 - 0.05 / 2 / figures) / NORMAL_95
    low, high = (figure.value + wider * (edge - figure.value) for edge in figure.interval)
    return Estimate(figure.value, (low, high))


def _errors(figure: Estimate) -> float:
    if figure.interval is None or np.isnan(figure.value):
        return np.inf
    return abs(figure.value - 1) / max(figure.interval[1] - figure.interval[0], 1e-12)


def _squares(chances: Numbers, counts: Array, total: int) -> tuple[float, int]:
    """Return a chi-squared sum over cells and the rest, and how many there are; rare ones join the largest."""
    expected, counted = np.append(chances, 1 - chances.sum()) * total, np.append(counts, total - counts.sum())
    rare, largest = expected < FEWEST_EXPECTED, int(expected.argmax())
    expected[largest] += expected[rare].sum()
    counted[largest] += counted[rare].sum()
    return float(((counted - expected)[~rare] ** 2 / expected[~rare]).sum()), int((~rare).sum())


def _by_patient(patients: pd.Series, amounts: Numbers) -> Numbers:
    person = np.unique(patients.to_numpy(), return_inverse=True)[1]
    return np.asarray(np.bincount(person, weights=amounts), dtype=np.float64)
