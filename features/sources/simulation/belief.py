"""What could be known of the hidden class: the exact Bayes filter over all records and their absence.

Each stay-day adds the log chances, by class, of the morning's scores (or of there being none), of the blood
results, and of what the board round decided.  Records that come late count from when they come.
"""

from dataclasses import dataclass

import numpy as np

from features.sources.simulation.arrival import (
    ELECTIVE,
    SEVERITIES,
    arrival_facts,
    delirium_facts,
    severity_shares,
)
from features.sources.simulation.bloods import (
    LABORATORY_REPORTS_FROM,
    REPORT_MINUTES,
    TELLING,
    log_likelihood,
    sampled_share,
)
from features.sources.simulation.chance import calendar_facts, linear, logistic
from features.sources.simulation.charting import BOARD_MINUTE
from features.sources.simulation.clock import MINUTES_A_DAY, Clock
from features.sources.simulation.course import DIED, SELF_DISCHARGED, TRANSFERRED
from features.sources.simulation.kernel import (
    IN_TIME,
    LATE_SET,
    MISSED_SET,
    MOST_DAYS_SETTLING,
    UNASSESSED,
    age_band,
    charting,
    first_mobility,
    first_news2,
    news2_band,
    next_mobility,
    next_news2,
    usual_mobility,
)
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Floats, Rows, kept, parameters

NEVER_RECORDED = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Belief:
    """Log chances by class of everything on record of each stay-day, in the order of (stay, day).

    `before` sums up all earlier days and the prior; `scores`, `bloods` and `round` are the day's own.
    `scores_at` and `bloods_at` say from which minute the first two are on record.  `facts` are the covariates
    of the day's chances but for the class; `position` gives the row of (stay, day 0).
    """

    days: Rows
    facts: Rows
    position: Array
    before: Floats
    scores: Floats
    scores_at: Array
    bloods: Floats
    bloods_at: Array
    round: Floats
    share: Floats

    def row(self, stay: Array, day: Array) -> Array:
        """Return the row of each stay-day."""
        return self.position[stay] + day


def believed(lives: Lives, samples: Rows, clock: Clock) -> Belief:
    """Return what each stay-day adds to the belief."""
    order = np.lexsort([lives.days["day"], lives.days["stay"]])
    days = kept(lives.days, order)
    stays = kept(lives.stays, days["stay"])
    position = np.searchsorted(days["stay"], np.arange(len(lives.stays["stay"])))
    facts = _facts(days, stays, clock)
    scores, scores_at = _scores(days, stays)
    bloods, bloods_at, share = _bloods(lives, samples, days, position)
    decided = _round(days, facts)
    own = scores + bloods + decided
    running = np.cumsum(own, axis=0) - own
    prior = np.log(severity_shares(lives.stays, clock))
    before = running - running[position[days["stay"]]] + prior[days["stay"]]
    return Belief(days, facts, position, before, scores, scores_at, bloods, bloods_at, decided, share)


def by_severity(name: str, facts: Rows) -> Floats:
    """Return one named chance for each class: [row, severity]."""
    terms = dict(parameters()["chance"][name])
    own = np.asarray(terms.pop("severity", np.zeros(SEVERITIES)))
    return logistic(linear(terms, facts)[:, None] + own[None, :])


def _facts(days: Rows, stays: Rows, clock: Clock) -> Rows:
    today = stays["first_day"] + days["day"]
    return {
        **arrival_facts(stays),
        **calendar_facts(clock, today, days["day"]),
        "news2_band": news2_band(days["news2"]),
        **{name: days[name] for name in ("mobility", "delirium", "end_of_life", "status")},
    }


def _scores(days: Rows, stays: Rows) -> tuple[Floats, Array]:
    """Return the log chances of the morning's scores, and when they were charted (never: not at all)."""
    first = days["day"] == 0
    found = np.zeros((len(first), SEVERITIES))
    found[first] = _first_scores(kept(days, first), kept(stays, first))
    before = np.maximum(np.arange(len(first)) - 1, 0)
    earlier = kept(days, before)
    how = charting()[:, np.minimum(days["how"], 1)].T
    news2 = _at_value(next_news2()[np.minimum(days["day"], MOST_DAYS_SETTLING)], earlier, days)
    in_time = ~first & (days["how"] == IN_TIME)
    late = ~first & (days["how"] == LATE_SET)
    found[in_time] = (np.log(how) + news2 + _others(earlier, days, stays))[in_time]
    found[late] = (np.log(how) + news2)[late]
    missed = ~first & ~in_time & ~late
    found[missed] = np.log(charting()[:, MISSED_SET])
    return found, np.where(missed, NEVER_RECORDED, days["charted_at"])


def no_scores(minutes_since_board: Array) -> Floats:
    """Return the chance that a morning has no scores on record some minutes after 08:00: [row, severity]."""
    waiting = np.exp(-np.maximum(minutes_since_board, 0) / parameters()["observation"]["late_minutes"])
    how = charting()
    return how[None, :, 2] + how[None, :, 1] * waiting[:, None]


def _at_value(table: Floats, earlier: Rows, days: Rows) -> Floats:
    """Return log chances of the NEWS2 that was charted; `table` is [row, severity, band, value]."""
    rows = np.arange(len(days["day"]))
    band = news2_band(earlier["news2"])
    value = np.maximum(days["news2_charted"], 0)
    return np.log(np.maximum(table[rows, :, band, value], 1e-300))


def _others(earlier: Rows, days: Rows, stays: Rows) -> Floats:
    usual = usual_mobility(stays["care_home"], earlier["status"])
    steps = next_mobility()[usual, :, earlier["mobility"]]
    found = np.log(np.maximum(steps[np.arange(len(usual)), :, days["mobility_charted"]], 1e-300))
    stays_so = by_severity("delirium_stays", {"none": np.zeros(1)})
    again = (days["four_at"] >= 0)[:, None]
    return found + np.where(
        again, np.log(np.where((days["four_at"] >= 4)[:, None], stays_so, 1 - stays_so)), 0.0
    )


def _first_scores(days: Rows, stays: Rows) -> Floats:
    elective = (stays["kind"] == ELECTIVE).astype(np.int64)
    home = stays["care_home"].astype(np.int64)
    news2 = first_news2()[elective, stays["illness"], :, days["news2"]]
    mobility = first_mobility()[age_band(stays["age"]), home, stays["illness"], :, days["mobility"]]
    positive = by_severity("delirium", delirium_facts(stays, days["mobility"], np.zeros(1)))
    tested = (days["four_at"] >= 0)[:, None]
    four_at = np.where(tested, np.where((days["four_at"] >= 4)[:, None], positive, 1 - positive), 1.0)
    return np.log(np.maximum(news2, 1e-300)) + np.log(np.maximum(mobility, 1e-300)) + np.log(four_at)


def _bloods(lives: Lives, samples: Rows, days: Rows, position: Array) -> tuple[Floats, Array, Floats]:
    """Return log chances of the day's results or of none, when they came, and chances of blood being taken."""
    share = sampled_share(lives.stays, days["stay"], days["day"])
    found, at = np.log(1 - share), np.full(len(share), NEVER_RECORDED)
    rows = position[samples["stay"]] + samples["day"]
    values = sum(log_likelihood(name, lives.stays, samples) for name in TELLING)
    found[rows] = np.log(np.maximum(share[rows], 1e-300)) + values
    at[rows] = samples["recorded"]
    return found, at, share


def no_bloods(share: Floats, minutes_since_taken: Array) -> Floats:
    """Return the chance of no results some minutes after the laboratory began to report: [row, severity]."""
    waiting = np.exp(-np.maximum(minutes_since_taken, 0) / REPORT_MINUTES)
    return 1 - share + share * waiting[:, None]


def _round(days: Rows, facts: Rows) -> Floats:
    """Return the log chances of what the board round decided, as far as they depend on the class."""
    out, was = days["way_out"], days["ready_before"]
    becomes = days["ready"] & ~was
    unready = _unready(days, facts, out, becomes)
    dies, worse = by_severity("died_ready", facts), by_severity("worse", facts)
    stays = np.log(1 - dies) + np.where(days["worse"][:, None], np.log(worse), np.log(1 - worse))
    ready = np.where((out == DIED)[:, None], np.log(dies), stays)
    return np.where(days["seen"][:, None], np.where(was[:, None], ready, unready), 0.0)


def _unready(days: Rows, facts: Rows, out: Array, becomes: Array) -> Floats:
    found = stays_unready(days, facts)
    ready = ready_chance(days, facts)
    plan = by_severity("end_of_life", facts)
    plan = np.where(days["plan_begins"][:, None], plan, np.where(days["end_of_life"][:, None], 1.0, 1 - plan))
    staying = found["stays"] + np.where(becomes[:, None], np.log(ready), np.log(1 - ready) + np.log(plan))
    ways = {way: (out == way)[:, None] for way in (DIED, TRANSFERRED, SELF_DISCHARGED)}
    return np.select(list(ways.values()), [found["dies"], found["moves"], found["walks"]], default=staying)


def stays_unready(days: Rows, facts: Rows) -> Rows:
    """Return log chances by class of dying, moving, walking out, and of staying, before readiness is asked."""
    dies, moves = by_severity("died", facts), by_severity("transferred", facts)
    walks = by_severity("self_discharged", facts) * (days["status"] == UNASSESSED)[:, None]
    alive = np.log(1 - dies)
    here = alive + np.log(1 - moves)
    with np.errstate(divide="ignore"):
        return {
            "dies": np.log(dies),
            "moves": alive + np.log(moves),
            "walks": here + np.log(walks),
            "stays": here + np.log(1 - walks),
        }


def ready_chance(days: Rows, facts: Rows) -> Floats:
    """Return the chance of becoming ready on the day's round: [row, severity]."""
    first = (days["day"] == 0)[:, None]
    return np.where(first, by_severity("home_today", facts), by_severity("ready", facts))


def chances_of(log_chances: Floats) -> Floats:
    """Return chances that add up to 1 along the last axis."""
    scaled = np.exp(log_chances - log_chances.max(axis=-1, keepdims=True))
    return scaled / scaled.sum(axis=-1, keepdims=True)


def on_record(belief: Belief, rows: Array, at: Array, stays: Rows) -> Floats:
    """Return the log chances, by class, of what is on record at a minute of a stay-day, before its round."""
    days = kept(belief.days, rows)
    first = days["day"] == 0
    midnight = (stays["first_day"] + days["day"]) * MINUTES_A_DAY
    waiting = np.where(first[:, None], 0.0, np.log(no_scores(at - midnight - BOARD_MINUTE)))
    scores = np.where((belief.scores_at[rows] <= at)[:, None], belief.scores[rows], waiting)
    begins = np.where(first, stays["registered"], midnight + LABORATORY_REPORTS_FROM)
    none = np.log(np.maximum(no_bloods(belief.share[rows], at - begins), 1e-300))
    bloods = np.where((belief.bloods_at[rows] <= at)[:, None], belief.bloods[rows], none)
    return belief.before[rows] + scores + bloods
